"""Looks at what was written as a stranger would: anything that should not be there is told.

It reads the file anew and knows the originals only by what identifies in them. It takes no word of
the file for it that it has been de-identified.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pydicom import dcmread, dcmwrite
from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.tag import BaseTag
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, DeflatedExplicitVRLittleEndian

from sbrt_qa.deid.clean import CHARACTER_SET, DEPTH, MEANINGS, NOT_STATED, is_placed
from sbrt_qa.deid.identifier_search import IdentifierFinder, values_of
from sbrt_qa.deid.kept_values import (
    BYTES_OF,
    NUMBERS,
    is_generated,
    is_plain,
    is_recognised,
    is_sized,
)
from sbrt_qa.deid.policy import Policy

PREFIX: Final = 132
"""Bytes of the preamble and ``DICM``."""

META: Final = {
    "FileMetaInformationGroupLength": r"\d+",
    "FileMetaInformationVersion": r"",
    "MediaStorageSOPClassUID": r"[\d.]+",
    "MediaStorageSOPInstanceUID": r"[\d.]+",
    "TransferSyntaxUID": r"[\d.]+",
    "ImplementationClassUID": re.escape(PYDICOM_IMPLEMENTATION_UID),
    "ImplementationVersionName": "SBRT_QA",
}
"""Elements of the file meta group, and what they may say."""

_PERSON: Final = re.compile(r"[^\W\d_]{2,}\^[^\W\d_]{2,}")
_CODE: Final = re.compile(r"[0-9A-Za-z._+\-]{0,64}")
_METHOD: Final = "DeidentificationMethodCodeSequence"


@dataclass(frozen=True, slots=True)
class IdentityDoubt:
    """Something that should not be there: ``leak``, ``unknown element`` or ``suspicious text``.

    `where` is the keyword; the value is never repeated.
    """

    kind: str
    where: str


def doubts_of(
    content: bytes, policy: Policy, finder: IdentifierFinder
) -> tuple[IdentityDoubt, ...]:
    """Return what speaks against releasing a file.

    Every element has to be one that the policy lets through, where it lets it through, and with a
    value that it lets through, whatever is known of the originals.
    """
    if len(content) < PREFIX or content[:128].strip(b"\0"):
        return (IdentityDoubt("unknown element", "preamble"),)
    try:
        dataset = dcmread(io.BytesIO(content))
        found = [
            *_in_meta(dataset), *_behind(dataset, content), *_in_dataset(dataset, policy, finder)
        ]  # fmt: skip
    except Exception:  # noqa: BLE001 - whatever a hostile file makes of the reader
        return (IdentityDoubt("unknown element", "what cannot be read"),)
    return tuple(dict.fromkeys(found))


def _in_meta(dataset: FileDataset) -> Iterator[IdentityDoubt]:
    for element in dataset.file_meta:
        form = META.get(element.keyword)
        told = "" if isinstance(element.value, bytes) else str(element.value)
        if form is None or not re.fullmatch(form, told):
            yield IdentityDoubt("unknown element", f"file meta {element.keyword or element.tag}")
    meta = dataset.file_meta
    syntax = UID_dictionary.get(str(meta.TransferSyntaxUID), ("", ""))
    if syntax[1] != "Transfer Syntax":
        yield IdentityDoubt("unknown element", "file meta TransferSyntaxUID")
    for keyword in ("SOPClassUID", "SOPInstanceUID"):
        if meta.get(f"MediaStorage{keyword}") != dataset.get(keyword):
            yield IdentityDoubt("unknown element", f"file meta MediaStorage{keyword}")
    if meta.get("FileMetaInformationVersion", b"\0\1") != b"\0\1":
        yield IdentityDoubt("unknown element", "file meta FileMetaInformationVersion")


def _behind(dataset: FileDataset, content: bytes) -> Iterator[IdentityDoubt]:
    """Tell of bytes behind a data set, which readers pass over."""
    meta = dataset.file_meta
    begin = PREFIX + 12 + int(meta.FileMetaInformationGroupLength)
    if meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian:
        inflating = zlib.decompressobj(-zlib.MAX_WBITS)
        inflating.decompress(content[begin:])
        inflating.flush()
        if inflating.unused_data.strip(b"\0"):
            yield IdentityDoubt("unknown element", "behind the data set")
        return
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset)
    if buffer.tell() != len(content):
        yield IdentityDoubt("unknown element", "behind the data set")


def _in_dataset(
    dataset: FileDataset, policy: Policy, finder: IdentifierFinder
) -> Iterator[IdentityDoubt]:
    kind = policy.classes.get(str(dataset.get("SOPClassUID", "")))
    if kind is None:
        yield IdentityDoubt("unknown element", "SOPClassUID")
        return
    for keyword, raw, depth in _every(dataset, kind.allowed | policy.emptied, policy.written):
        if raw is None:
            yield IdentityDoubt("unknown element", keyword)
        elif depth == 0 and keyword in policy.written:
            if not _is_written(keyword, raw, policy, finder):
                yield IdentityDoubt("leak", keyword)
        elif keyword in policy.emptied:
            if values_of(raw, ("utf-8",)):
                yield IdentityDoubt("leak", keyword)
        else:
            yield from _of_element(keyword, raw, policy, finder)


def _of_element(
    keyword: str, raw: RawDataElement | DataElement, policy: Policy, finder: IdentifierFinder
) -> Iterator[IdentityDoubt]:
    vr = dictionary_VR(keyword)
    if vr == "SQ":
        return
    if vr in BYTES_OF:
        if not is_sized(keyword, raw, policy.bulk):
            yield IdentityDoubt("unknown element", keyword)
        return
    content = raw.value if isinstance(raw, RawDataElement) else b""
    if vr in ("DS", "IS"):
        if not NUMBERS.fullmatch(content or b""):
            yield IdentityDoubt("unknown element", keyword)
        bulk = keyword in policy.bulk
        texts = [] if bulk else values_of(raw, ("utf-8",))
        if any(map(finder.repeats_number, texts)) or finder.repeats_whole_number(content or b""):
            yield IdentityDoubt("leak", keyword)
        return
    values = values_of(raw, ("utf-8",))
    if keyword in policy.texts:
        for text in values:
            yield from _of_text(keyword, text, policy, finder)
    elif not is_plain(policy, keyword, vr, values):
        yield IdentityDoubt("leak" if vr == "UI" else "unknown element", keyword)


def _of_text(
    keyword: str, text: str, policy: Policy, finder: IdentifierFinder
) -> Iterator[IdentityDoubt]:
    if is_generated(policy, keyword, text):
        return
    if finder.repeats(text):
        yield IdentityDoubt("leak", keyword)
    elif not is_recognised(policy, keyword, text) or _PERSON.search(text):
        yield IdentityDoubt("suspicious text", keyword)


def _is_written(
    keyword: str, raw: RawDataElement | DataElement, policy: Policy, finder: IdentifierFinder
) -> bool:
    """Tell whether an element that is written anew holds what is written there."""
    if keyword == _METHOD:
        return all(map(_is_method, raw.value or ()))
    text = "\\".join(values_of(raw, ("utf-8",)))
    fixed = {
        "PatientIdentityRemoved": "YES",
        "LongitudinalTemporalInformationModified": "MODIFIED",
        "SpecificCharacterSet": CHARACTER_SET,
        "ClinicalTrialProtocolName": "",
        "ClinicalTrialSiteName": "",
    }.get(keyword)
    if fixed is not None:
        return text == fixed
    if keyword == "DeidentificationMethod":
        return bool(re.fullmatch(rf"{re.escape(policy.id)} \d{{1,4}}", text))
    return text == NOT_STATED or bool(_CODE.fullmatch(text) and not finder.repeats(text))


def _is_method(item: Dataset) -> bool:
    told = {element.keyword: str(element.value) for element in item}
    meaning = MEANINGS.get(told.get("CodeValue", ""))
    return meaning is not None and told == {
        "CodeValue": told["CodeValue"], "CodingSchemeDesignator": "DCM", "CodeMeaning": meaning,
    }  # fmt: skip


def _every(
    dataset: Dataset, allowed: frozenset[str], written: frozenset[str], depth: int = 0
) -> Iterator[tuple[str, RawDataElement | DataElement | None, int]]:
    """Yield every element with its depth; of one that is not allowed there only its name."""
    for tag in sorted(dataset.keys()):
        keyword = "" if BaseTag(tag).is_private else keyword_for_tag(BaseTag(tag))
        here = keyword in allowed or (depth == 0 and keyword in written)
        raw = dataset.get_item(tag)
        if not here or raw is None or not is_placed(keyword, depth) or depth > DEPTH:
            yield keyword or str(BaseTag(tag)), None, depth
            continue
        is_sequence = dictionary_VR(tag) == "SQ"
        yield keyword, dataset[tag] if is_sequence else raw, depth
        if is_sequence and keyword != _METHOD:
            for item in dataset[tag].value or ():
                yield from _every(item, allowed, written, depth + 1)
