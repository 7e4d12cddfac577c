"""Typed, tolerant access to the elements of a dataset: the one place that touches pydicom values.

An :class:`Item` gives text, numbers and nested items by DICOM keyword. An element that is absent,
empty or not what its kind requires is None (or empty), never an exception; whether that matters is
for the reader to decide. Decimal and integer strings are read from their bytes, by the strict
grammar of `decimal_reference.py`, because pydicom lets ``nan``, ``inf`` and plain text through.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from pydicom.charset import default_encoding
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_sequence
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from sbrt_qa.dicom.files.guarded import Budget, GuardedBytes
from sbrt_qa.dicom.quirks import Log
from sbrt_qa.dicom.text.decimal_reference import parse_decimal
from sbrt_qa.dicom.text.decoded import declared_encodings, decode
from sbrt_qa.errors import DicomError, own_fault, quoted
from sbrt_qa.i18n.phrase import say

BROKEN: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    OSError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What pydicom and its decoders let out when the bytes are not what they claim to be."""

_BINARY_VRS = frozenset({"FD", "FL", "SL", "SS", "UL", "US", "SV", "UV"})
_TEXT_VRS = frozenset({"DS", "IS"})
_SEQUENCE_VRS = frozenset({"SQ", "UN", None})


@contextmanager
def translated(where: str, what: str = "the file breaks the DICOM encoding") -> Iterator[None]:
    """Turn whatever pydicom raises inside into a :class:`DicomError`.

    What does not come from pydicom is a fault of this program and becomes an
    :class:`~sbrt_qa.errors.OwnFault`: a sound file must not be called damaged.
    """
    try:
        yield
    except RecursionError as error:
        raise DicomError("sequences are nested too deeply to be read", where=where) from error
    except BROKEN as error:
        if not _of_the_file(error):
            raise own_fault(error) from error
        advice = "Export the file again; it may have been cut off in transfer"
        raise DicomError(what, where=where, got=quoted(error), advice=advice) from error


def _of_the_file(error: BaseException) -> bool:
    """Tell whether an exception came out of pydicom, or from the disk; else it is our own."""
    if isinstance(error, OSError | EOFError | BytesLengthException | InvalidDicomError):
        return True
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] == "pydicom":
            return True
        trace = trace.tb_next
    return False


@cache
def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    if tag is None:
        msg = f"{keyword} is no DICOM keyword"
        raise KeyError(msg)
    return tag


@dataclass(frozen=True, slots=True)
class Item:
    """A dataset or an item of a sequence.

    Parameters
    ----------
    where
        Name of the file, for messages and repairs.
    log
        Collects the repairs and notes made while reading the file.
    encodings
        Encodings of text, from the nearest Specific Character Set above.
    budget
        What may still be parsed of the file; None for a dataset that is in memory already.
    """

    dataset: Dataset
    where: str
    log: Log = field(default_factory=Log, repr=False)
    encodings: tuple[str, ...] = ()
    budget: Budget | None = field(default=None, repr=False)

    @classmethod
    def root(cls, dataset: Dataset, where: str, log: Log, budget: Budget | None = None) -> Item:
        """Wrap the dataset of a whole file."""
        return _with_own_encodings(cls(dataset, where, log, budget=budget))

    def raw(self, keyword: str) -> bytes:
        """Return the value's bytes as the file has them; empty when absent.

        Raises
        ------
        DicomError
            The file ends within the value.
        """
        element = self.dataset.get_item(_tag(keyword))
        value = None if element is None else element.value
        if value is None:
            return b""
        if isinstance(value, bytes):
            declared = getattr(element, "length", len(value))
            if declared != 0xFFFFFFFF and len(value) < declared:
                raise DicomError(
                    f"{keyword} is cut off",
                    where=self.where,
                    got=f"{len(value)} bytes",
                    expected=f"{declared} bytes",
                )
            return value
        parts = value if isinstance(value, MultiValue | list) else [value]
        return "\\".join(str(part) for part in parts).encode(self._encoding, "replace")

    @property
    def _encoding(self) -> str:
        return self.encodings[0] if self.encodings else "utf-8"

    def has(self, keyword: str) -> bool:
        """Tell whether the element is there, even if empty."""
        return _tag(keyword) in self.dataset

    def text(self, keyword: str, where: str = "") -> str:
        """Return decoded text without padding, not escaped; `where` names the owner in repairs."""
        raw = self.raw(keyword)
        return decode(raw, self.encodings, where or f"{self.where} {keyword}", self.log)

    def code(self, keyword: str) -> str:
        """Return a coded string in upper case, such as ``CLOSED_PLANAR``."""
        return self.raw(keyword).decode("latin-1").strip(" \0").upper()

    def codes(self, keyword: str) -> tuple[str, ...]:
        """Return all values of a coded string in upper case; none when absent or empty."""
        parts = self.code(keyword).split("\\")
        return tuple(part for one in parts if (part := one.strip(" \0")))

    def uid(self, keyword: str) -> str:
        """Return a UID without padding."""
        return self.raw(keyword).decode("latin-1").strip(" \0")

    def numbers(self, keyword: str) -> tuple[float, ...] | None:
        """Return all values of a numeric element; None when absent or any is no finite number."""
        if not self.has(keyword):
            return None
        element = self.dataset.get_item(_tag(keyword))
        if element.VR in _BINARY_VRS or dictionary_VR(_tag(keyword)) not in _TEXT_VRS:
            return self._binary_numbers(keyword)
        raw = self.raw(keyword).rstrip(b" \0")
        if not raw:
            return None
        values = [parse_decimal(part) for part in raw.split(b"\\")]
        return None if None in values else tuple(v for v in values if v is not None)

    def _binary_numbers(self, keyword: str) -> tuple[float, ...] | None:
        with translated(self.where, f"{keyword} cannot be read"):
            value = self.dataset[_tag(keyword)].value
            parts = value if isinstance(value, MultiValue | list) else [value]
            values = tuple(float(part) for part in parts if part is not None)
        return values or None

    def number(self, keyword: str) -> float | None:
        """Return the value of an element with exactly one number."""
        values = self.numbers(keyword)
        return values[0] if values and len(values) == 1 else None

    def integer(self, keyword: str) -> int | None:
        """Return a whole number; ``5.0`` counts as one."""
        value = self.number(keyword)
        return int(value) if value is not None and value == int(value) else None

    def shown(self, keyword: str) -> str:
        """Return the element's value for a message: quoted text, or ``nothing``."""
        if not self.has(keyword):
            return say("nothing")
        return quoted(self.raw(keyword).decode("latin-1").strip(" \0")) or say("an empty value")

    def items(self, keyword: str) -> tuple[Item, ...]:
        """Return the items of a sequence; none when it is absent or no sequence."""
        if not self.has(keyword):
            return ()
        with translated(self.where, f"{keyword} cannot be read"):
            value = self._sequence(_tag(keyword))
            if not isinstance(value, Sequence):
                return ()
            return tuple(
                _with_own_encodings(Item(part, self.where, self.log, self.encodings, self.budget))
                for part in value
            )

    def _sequence(self, tag: int) -> object:
        """Return the value of a sequence; one that is still bytes is parsed within the budget."""
        found = self.dataset.get_item(tag)
        if (
            self.budget is not None
            and isinstance(found, RawDataElement)
            and isinstance(found.value, bytes)
            and found.VR in _SEQUENCE_VRS
        ):
            parsed = read_sequence(
                GuardedBytes(found.value, self.budget),
                found.is_implicit_VR,
                found.is_little_endian,
                len(found.value),
                default_encoding,
                found.value_tell,
            )
            self.dataset[tag] = DataElement(tag, "SQ", parsed, already_converted=True)
        return self.dataset[tag].value

    def uids(self, path: str) -> tuple[str, ...]:
        """Return the UIDs found along a path such as ``ASequence/BSequence/SomeUID``, each once."""
        *sequences, keyword = path.split("/")
        level: tuple[Item, ...] = (self,)
        for name in sequences:
            level = tuple(item for parent in level for item in parent.items(name))
        return tuple(dict.fromkeys(uid for item in level if (uid := item.uid(keyword))))


def _with_own_encodings(item: Item) -> Item:
    """Let a Specific Character Set of the item's own replace the inherited one."""
    if not item.has("SpecificCharacterSet"):
        return item
    declared = declared_encodings(item.raw("SpecificCharacterSet"))
    return Item(item.dataset, item.where, item.log, declared, item.budget)
