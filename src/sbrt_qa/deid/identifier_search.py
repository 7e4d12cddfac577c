"""What the originals say of people, so that no output repeats it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from sbrt_qa.deid.birth_dates import BirthSearch
from sbrt_qa.deid.clinical_words import WORDS
from sbrt_qa.deid.patient_names import NameSearch
from sbrt_qa.deid.spelling import folded
from sbrt_qa.dicom.quirks import Log
from sbrt_qa.dicom.text.decoded import declared_encodings, decode

NUMBERS: Final = frozenset(
    [
        "PatientID", "OtherPatientIDs", "AccessionNumber", "PatientTelephoneNumbers",
        "MedicalRecordLocator", "PatientInsurancePlanCodeSequence", "MilitaryRank",
        "DeviceSerialNumber", "AdmissionID", "IssuerOfPatientID", "StudyID",
        "FillerOrderNumberImagingServiceRequest", "PlacerOrderNumberImagingServiceRequest",
        "ServiceEpisodeID", "PersonTelephoneNumbers",
    ]
)  # fmt: skip
"""Elements that number a person, or what belongs to one."""

PLACES: Final = frozenset(
    [
        "PatientAddress", "InstitutionName", "InstitutionAddress",
        "InstitutionalDepartmentName", "StationName", "CountryOfResidence",
        "RegionOfResidence", "ReferringPhysicianAddress", "Occupation", "PersonAddress",
    ]
)  # fmt: skip
"""Elements that say where somebody is."""

SHORT: Final = frozenset({"PatientID", "OtherPatientIDs", "MedicalRecordLocator", "AdmissionID"})
"""Numbers of a patient that count in a text when they have three or four digits only."""

BIRTHS: Final = frozenset({"PatientBirthDate"})
MOST_NESTED: Final = 64
"""Sequences within each other that are looked into; what lies deeper is never released."""

MULTIBYTE: Final = frozenset({"gb18030", "GB18030", "GBK", "gbk", "shift_jis", "big5"})
"""Encodings in which a backslash may be half of a character."""

LEAST_DIGITS: Final = 5
"""Digits from which on a number counts alone."""

LEAST_LETTERS: Final = 4
"""Letters from which on a word of an address or a number with letters counts alone."""

_DIGITS: Final = re.compile(r"\d+")
_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(slots=True)
class Identifiers:
    """Values that identify, gathered from the originals of a case."""

    names: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    births: set[str] = field(default_factory=set)
    short: set[str] = field(default_factory=set)
    dates: set[str] = field(default_factory=set)

    def add(self, dataset: Dataset) -> None:
        """Take what one file says, at any depth."""
        for keyword, vr, text in _texts(dataset, (), 0):
            if vr == "PN":
                self.names.add(text)
            elif keyword in NUMBERS:
                self.numbers.add(text)
                if keyword in SHORT:
                    self.short.add(text)
            elif keyword in PLACES:
                self.places.add(text)
            elif keyword in BIRTHS:
                self.births.add(text)
            elif vr in ("DA", "DT"):
                self.dates.add(text[:8])

    def without_code(self, code: str) -> None:
        """Forget a code where it is a part of a name, as ``TRIAL^S01-017`` holds ``S01-017``."""
        known = folded(code)
        self.names = {
            "^".join(part for part in name.split("^") if folded(part) != known)
            for name in self.names
        }


class IdentifierFinder:
    """Tells whether a text repeats something of a person.

    Parameters
    ----------
    known
        What the originals say.
    allowed
        Codes that stand for the patient, which are no identifiers.
    """

    def __init__(self, known: Identifiers, allowed: Iterable[str] = ()) -> None:
        free = {folded(one) for one in allowed}
        self._names = NameSearch((n for n in known.names if folded(n) not in free), frozenset(free))
        self._births = BirthSearch(known.births)
        self._dates = BirthSearch(known.dates - known.births)
        self._days = {d for one in known.dates for d in _orders(one)}
        self._short = {
            digits
            for one in known.short
            if folded(one) not in free
            and 3 <= len(digits := "".join(_DIGITS.findall(one))) < LEAST_DIGITS
            and digits in one
        }
        self._digits = set(_long_numbers(known.numbers))
        words = {folded(n) for n in known.numbers} | set(_words(known.places))
        self._words = {
            w
            for w in words
            if len(w) >= LEAST_LETTERS and w not in WORDS and w not in free and not w.isdigit()
        }

    def repeats(self, text: str) -> bool:
        """Tell whether a text holds a name, a number, a place or a date of the originals."""
        if not text:
            return False
        if any(one.spans(text) for one in (self._names, self._births, self._dates)):
            return True
        if not self._short.isdisjoint(_DIGITS.findall(text)):
            return True
        plain = folded(text)
        digits = "".join(_DIGITS.findall(text))
        return any(w in plain for w in self._words) or any(d in digits for d in self._digits)

    def repeats_number(self, text: str) -> bool:
        """Tell whether plain numbers, or one of them as a whole, are one that identifies."""
        digits = "".join(_DIGITS.findall(text))
        if digits in self._digits or digits in self._days or bool(self._births.spans(text)):
            return True
        return self.repeats_whole_number(text.encode("ascii", "replace"))

    def repeats_whole_number(self, numbers: bytes) -> bool:
        """Tell whether one of a row of numbers, as a whole, is one that identifies."""
        return any(
            re.search(rb"(?<![\d.])0*" + digits.encode() + rb"(?:\.0*)?(?![\d.])", numbers)
            for digits in self._digits
            if digits.encode() in numbers
        )


def _orders(date: str) -> tuple[str, ...]:
    """Return a date (``YYYYMMDD``) as one number, as it is written here and there."""
    if not re.fullmatch(r"\d{8}", date):
        return ()
    year, month, day = date[:4], date[4:6], date[6:]
    return date, day + month + year, month + day + year


def _long_numbers(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        joined = "".join(_DIGITS.findall(value))
        if len(joined) >= LEAST_DIGITS:
            yield joined
        yield from (run for run in _DIGITS.findall(value) if len(run) >= LEAST_DIGITS)


def _words(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield folded(value)
        yield from (folded(w) for w in _WORD.findall(value))


def _texts(
    dataset: Dataset, declared: tuple[str, ...], depth: int
) -> Iterator[tuple[str, str, str]]:
    """Yield keyword, value representation and value of what identifies, at any depth."""
    own = _charset(dataset)
    declared = own or declared
    for tag in list(dataset.keys()):
        keyword = keyword_for_tag(BaseTag(tag))
        raw = dataset.get_item(tag)
        vr = _representation(raw, tag)
        if vr == "SQ" and depth < MOST_NESTED:
            for item in dataset[tag].value or ():
                yield from _texts(item, declared, depth + 1)
        elif vr in ("PN", "DA", "DT") or keyword in NUMBERS | PLACES:
            for value in values_of(raw, declared):
                yield keyword, vr, value


def _representation(raw: RawDataElement | DataElement | None, tag: BaseTag) -> str:
    """Return what an element is: as it is written, or where that tells nothing by the standard."""
    own = "" if raw is None else str(raw.VR or "UN")
    return dictionary_VR(tag) if own == "UN" and keyword_for_tag(tag) else own


def values_of(raw: object, declared: tuple[str, ...]) -> list[str]:
    """Return the texts of an element, decoded as its file says or as they must be."""
    if isinstance(raw, RawDataElement):
        content = raw.value or b""
        if MULTIBYTE.isdisjoint(declared):
            parts = [decode(part, declared, "text", Log()) for part in content.split(b"\\")]
        else:  # the second byte of a character may be that of a backslash
            parts = decode(content, declared, "text", Log()).split("\\")
    else:
        value = getattr(raw, "value", None)
        many = value if isinstance(value, list | tuple) or hasattr(value, "append") else [value]
        parts = [str(one) for one in many if one is not None]  # type: ignore[union-attr]
    return [p for part in parts if (p := part.strip(" \0"))]


def _charset(dataset: Dataset) -> tuple[str, ...]:
    raw = dataset.get_item("SpecificCharacterSet")
    if raw is None:
        return ()
    value = raw.value
    if isinstance(value, bytes):
        return declared_encodings(value)
    listed = [value] if isinstance(value, str) else list(value or ())
    return declared_encodings("\\".join(map(str, listed)).encode())
