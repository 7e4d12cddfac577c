"""Bytes to a dataset: tolerant of what is known to be harmless, refusing what is not DICOM.

pydicom is silent about values that are cut off, recurses without limit and inflates without limit;
this module and `guarded.py` check all three, and let only :class:`~sbrt_qa.errors.DicomError` out.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset

from sbrt_qa.dicom.files.guarded import Budget, GuardedBytes
from sbrt_qa.dicom.files.kinds import holds_dose
from sbrt_qa.dicom.files.preamble import PREAMBLE, PREAMBLE_BYTES
from sbrt_qa.dicom.quirks import ENCODING, IMPLICIT_LITTLE_ENDIAN, Encoding, Log
from sbrt_qa.dicom.text.elements import Item, translated
from sbrt_qa.errors import DicomError, quoted
from sbrt_qa.i18n.phrase import say

HEAD_BYTES: Final = 512
"""Enough of a file's start to tell whether it may be DICOM."""

_DEFLATED: Final = "1.2.840.10008.1.2.1.99"
_DIRECTORY: Final = "1.2.840.10008.1.3.10"
_UNDEFINED_LENGTH: Final = 0xFFFFFFFF

_FIRST_GROUPS: Final = (b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08")
"""Group of the first element of a file without preamble: 0002 or 0008, either byte order."""


class NotDicomError(DicomError):
    """The file is something else, which is no fault of its own."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A dataset as far as it could be read.

    ``transfer_syntax`` is empty when the file names none; ``problem`` says what is wrong with a
    file that is damaged but still tells what it is.
    """

    root: Item
    transfer_syntax: str
    problem: str = ""


def looks_like_dicom(head: bytes) -> bool:
    """Tell whether the first bytes of a file may be DICOM, with or without preamble."""
    if head[PREAMBLE_BYTES : PREAMBLE_BYTES + 4] == b"DICM":
        return True
    return head[:2] in _FIRST_GROUPS and len(head) >= 8


@contextmanager
def warnings_as_notes(where: str, log: Log) -> Iterator[None]:
    """Record the DICOM library's warnings as notes instead of printing them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        log.note(say("{0}: DICOM library: {1}", where, quoted(warning.message)))


def open_bytes(data: bytes, where: str) -> Opened:
    """Read one file's bytes.

    Pixel data is read only of RTDOSE; of other objects everything before it.

    Raises
    ------
    NotDicomError
        The bytes are not DICOM at all.
    DicomError
        They are, but so damaged that nobody can say what the object is.
    """
    if not data:
        raise NotDicomError("the file is empty", where=where)
    if not looks_like_dicom(data[:HEAD_BYTES]):
        raise NotDicomError("not a DICOM file", where=where)
    log, budget = Log(), Budget(where)
    with warnings_as_notes(where, log), translated(where):
        dataset = parse(data, budget, with_pixels=False)
        root = Item.root(dataset, where, log, budget)
        _refuse_directory(dataset, where)
        _check_identity(root)
        if holds_dose(root):
            dataset = parse(data, budget, with_pixels=True)
            root = Item.root(dataset, where, log, budget)
        syntax = _transfer_syntax(dataset)
        has_preamble = data[PREAMBLE_BYTES : PREAMBLE_BYTES + 4] == b"DICM"
        if has_preamble:
            PREAMBLE.mend(data[:PREAMBLE_BYTES], where, log)
        ENCODING.mend(Encoding(has_preamble, syntax), where, log)
        return Opened(root, syntax, _cut_off(dataset))


def parse(data: bytes, budget: Budget, *, with_pixels: bool) -> FileDataset:
    """Parse elements, under guard; lets out whatever pydicom raises.

    Raises
    ------
    TooMuchError
        The file has too many elements, or inflates to too much.
    """
    stream = GuardedBytes(data, budget)
    dataset = dcmread(stream, stop_before_pixels=not with_pixels, force=True)
    dataset.buffer = None  # would keep the whole file in memory
    return dataset


def _transfer_syntax(dataset: FileDataset) -> str:
    return str(dataset.file_meta.get("TransferSyntaxUID", "") or "").strip(" \0")


def _refuse_directory(dataset: FileDataset, where: str) -> None:
    """Leave a DICOMDIR alone: files are found by looking, never by what a file refers to."""
    kind = str(dataset.file_meta.get("MediaStorageSOPClassUID", "") or "")
    if kind == _DIRECTORY or "DirectoryRecordSequence" in dataset:
        raise NotDicomError("a DICOMDIR, whose references are not followed", where=where)


def _check_identity(root: Item) -> None:
    """Refuse bytes that parse as elements but say nothing of what they are."""
    if not (root.uid("SOPClassUID").startswith("1.2.") or root.code("Modality").isalnum()):
        raise NotDicomError(
            "not a DICOM object", where=root.where, expected="a SOP Class UID and a Modality"
        )


def _cut_off(dataset: Dataset) -> str:
    """Name the first top-level element whose value is shorter than it declares."""
    for tag in list(dataset.keys()):
        element = dataset.get_item(tag)
        length = getattr(element, "length", _UNDEFINED_LENGTH)
        present = len(element.value) if isinstance(element.value, bytes) else length
        if length != _UNDEFINED_LENGTH and present < length:
            return say(
                "the file is cut off inside element {0}: {1} bytes declared, {2} present",
                tag, length, present,
            )  # fmt: skip
    return ""


def is_compressed(transfer_syntax: str) -> bool:
    """Tell whether pixel data is encapsulated under a transfer syntax."""
    native = ("", IMPLICIT_LITTLE_ENDIAN, "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")
    return transfer_syntax not in native and transfer_syntax != _DEFLATED
