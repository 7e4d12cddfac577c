"""Looks at what was written as a stranger would: anything that should not be there is told.

It reads the file anew and knows the originals only by what identifies in them. It takes no word of
the file for it that it has been de-identified.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pydicom import dcmread
from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.tag import BaseTag

from sbrt_qa.deid.clean import BINARY, NUMBERS
from sbrt_qa.deid.identifier_search import IdentifierFinder, values_of
from sbrt_qa.deid.policy import Policy

PREFIX: Final = 132
"""Bytes of the preamble and ``DICM``."""

META: Final = frozenset(
    [
        "FileMetaInformationGroupLength", "FileMetaInformationVersion",
        "MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID",
        "ImplementationClassUID", "ImplementationVersionName",
    ]
)  # fmt: skip

_DATE: Final = re.compile(
    r"(?<!\d)(?:19|20)\d{2}[-/.年]?(?:0[1-9]|1[0-2])[-/.月]?(?:0[1-9]|[12]\d|3[01])(?!\d)"
)
_CODED: Final = re.compile(r"M-[0-9a-f]{10}")
_PERSON: Final = re.compile(r"[^\W\d_]{2,}\^[^\W\d_]{2,}")


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
    """Return what speaks against releasing a file."""
    if len(content) < PREFIX or content[:128].strip(b"\0"):
        return (IdentityDoubt("unknown element", "preamble"),)
    dataset = dcmread(io.BytesIO(content))
    found = [*_in_meta(dataset), *_in_dataset(dataset, policy, finder)]
    return tuple(dict.fromkeys(found))


def _in_meta(dataset: FileDataset) -> Iterator[IdentityDoubt]:
    for element in dataset.file_meta:
        if element.keyword not in META:
            yield IdentityDoubt("unknown element", f"file meta {element.keyword or element.tag}")


def _in_dataset(
    dataset: FileDataset, policy: Policy, finder: IdentifierFinder
) -> Iterator[IdentityDoubt]:
    kind = policy.classes.get(str(dataset.get("SOPClassUID", "")))
    if kind is None:
        yield IdentityDoubt("unknown element", "SOPClassUID")
        return
    allowed = kind.allowed | policy.written | policy.emptied
    for keyword, raw, item in _every(dataset, allowed):
        if raw is None:
            yield IdentityDoubt("unknown element", keyword)
            continue
        vr = dictionary_VR(keyword)
        if vr in BINARY or vr == "SQ":
            continue
        if vr in ("DS", "IS"):
            if isinstance(raw, RawDataElement) and not NUMBERS.fullmatch(raw.value or b""):
                yield IdentityDoubt("unknown element", keyword)
            if keyword in policy.bulk:
                content = raw.value if isinstance(raw, RawDataElement) else b""
                if finder.repeats_whole_number(content or b""):
                    yield IdentityDoubt("leak", keyword)
                continue
        for text in values_of(raw, ("utf-8",)):
            yield from _of_text(keyword, vr, text, item, policy, finder)


def _of_text(
    keyword: str, vr: str, text: str, item: Dataset, policy: Policy, finder: IdentifierFinder
) -> Iterator[IdentityDoubt]:
    method = keyword in ("CodeMeaning", "CodeValue") and item.get("CodingSchemeDesignator") == "DCM"
    if vr == "UI":
        if text not in UID_dictionary and not text.startswith("2.25."):
            yield IdentityDoubt("leak", keyword)
        return
    if vr in ("DS", "IS"):
        if finder.repeats_number(text):
            yield IdentityDoubt("leak", keyword)
        return
    if method or keyword in ("DeidentificationMethod", "SpecificCharacterSet"):
        return
    if vr in ("DA", "DT", "TM", "AS"):
        return
    if text in policy.terms.get(keyword, ()) or _is_generated(keyword, text, policy):
        return
    if finder.repeats(text):
        yield IdentityDoubt("leak", keyword)
    elif keyword in policy.texts and (_DATE.search(text) or _PERSON.search(text)):
        yield IdentityDoubt("suspicious text", keyword)


def _is_generated(keyword: str, text: str, policy: Policy) -> bool:
    """Tell whether a text is one that stands for whatever was there."""
    rule = policy.texts.get(keyword)
    if rule is None:
        return False
    if rule.otherwise == "coded":
        return bool(_CODED.fullmatch(text))
    fixed = "".join(
        r"\d{1,6}" if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{\w+\})", rule.otherwise)
    )
    return bool(re.fullmatch(fixed, text))


def _every(
    dataset: Dataset, allowed: frozenset[str]
) -> Iterator[tuple[str, object | None, Dataset]]:
    """Yield every element with the item it is in; of one that is not allowed only its name."""
    for tag in sorted(dataset.keys()):
        keyword = keyword_for_tag(BaseTag(tag))
        inside_written = {"CodeValue", "CodingSchemeDesignator", "CodeMeaning"}
        if BaseTag(tag).is_private or keyword not in allowed | inside_written:
            yield keyword or str(BaseTag(tag)), None, dataset
            continue
        raw = dataset.get_item(tag)
        yield keyword, raw, dataset
        if dictionary_VR(tag) == "SQ":
            for item in dataset[tag].value or ():
                yield from _every(item, allowed)
