"""What headers say of identity, dates, approval and references; values that identify stay here."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sbrt_qa.dicom.files.collect import FoundObject
from sbrt_qa.dicom.text.elements import Item
from sbrt_qa.model.header import ObjectHeader, Stamp

if TYPE_CHECKING:
    from pydicom.tag import BaseTag

IDENTIFYING: Final = (
    "PatientBirthDate", "PatientBirthTime", "PatientAddress", "PatientTelephoneNumbers",
    "OtherPatientIDs", "OtherPatientIDsSequence", "OtherPatientNames", "PatientBirthName",
    "PatientMotherBirthName", "MilitaryRank", "MedicalRecordLocator",
    "ReferringPhysicianName", "ReferringPhysicianAddress", "PhysiciansOfRecord",
    "PerformingPhysicianName", "NameOfPhysiciansReadingStudy", "OperatorsName", "ReviewerName",
    "InstitutionAddress", "PatientComments", "AdditionalPatientHistory", "Occupation",
)  # fmt: skip
"""Elements that may tell who the patient is, or who treats him (PS3.15 table E.1-1)."""

HARMLESS: Final = frozenset(
    ("", "ANON", "ANONYMOUS", "ANONYMIZED", "ANONYMISED", "DEIDENTIFIED", "REMOVED", "NONE",
     "UNKNOWN", "N/A", "NA", "X", "DUMMY", "REDACTED", "19000101", "18000101", "NOT SUPPLIED")
)  # fmt: skip
"""Values that stand for nothing."""

DUMMY_WORDS: Final = HARMLESS | {
    "DOE", "MUSTERMANN", "PATIENT", "TEST", "PHANTOM", "SUBJECT", "NAME", "FIRSTNAME", "LASTNAME",
    "TRIAL", "CASE", "QA",
}  # fmt: skip
"""Words of a name that is no person's."""

MASKED: Final = re.compile(r"[X0*#_.^ -]*")
"""Text masked out, character by character."""

FIRST_YEAR: Final = 1950
"""Dates of earlier years are dummies."""

_TIME: Final = re.compile(r"(\d{2})(\d{2})?(\d{2})?(\.\d{1,6})?")


def read_header(one: FoundObject, first: FoundObject) -> ObjectHeader:
    """Return the header of one object; `first` is the case's first, whose patient is the case's."""
    root = one.root
    return ObjectHeader(
        name=one.name,
        modality=one.modality,
        sop_instance_uid=one.source.sop_instance_uid,
        series_uid=one.series_uid,
        frame_of_reference_uid=one.frame_uid,
        stated_at=_stated_at(root, one.modality),
        created_at=stamp(root, "InstanceCreation") or stamp(root, "Content"),
        approval=root.code("ApprovalStatus"),
        patient_position=root.code("PatientPosition"),
        same_patient_as_first=one.patient_key == first.patient_key,
        identity_removed=root.code("PatientIdentityRemoved"),
        says_how=bool(root.raw("DeidentificationMethod").strip(b" \0"))
        or bool(root.items("DeidentificationMethodCodeSequence")),
        has_subject=bool(root.raw("ClinicalTrialSubjectID").strip(b" \0")),
        site=root.text("ClinicalTrialSiteID").strip(),
        identifying=tuple(k for k in IDENTIFYING if _tells(root, k)),
        name_like_person=_like_person(root),
        private_elements=sum(tag.is_private for tag in _tags(root)),
        burned_in=root.code("BurnedInAnnotation"),
        plan_uids=one.plan_uids,
        structure_set_uids=one.structure_set_uids,
        series_uids=one.series_uids,
    )


def _tags(root: Item) -> Iterable[BaseTag]:
    """Return the tags of an object; to ask it for its elements would decode each of them."""
    return root.dataset.keys()


def read_image_header(slices: Sequence[FoundObject], first: FoundObject) -> ObjectHeader:
    """Return one header for all slices of a series: whatever identifies in any of them is told."""
    headers = [read_header(one, first) for one in slices]
    told = {k for header in headers for k in header.identifying}
    removed = {header.identity_removed for header in headers}
    return replace(
        headers[0],
        name="CT",
        sop_instance_uid="",
        same_patient_as_first=all(h.same_patient_as_first for h in headers),
        identity_removed=removed.pop() if len(removed) == 1 else "",
        identifying=tuple(k for k in IDENTIFYING if k in told),
        name_like_person=any(h.name_like_person for h in headers),
        private_elements=max(h.private_elements for h in headers),
        burned_in="YES" if any(h.burned_in == "YES" for h in headers) else headers[0].burned_in,
    )


def stamp(root: Item, prefix: str) -> Stamp | None:
    """Return date and time of the elements ``prefixDate`` and ``prefixTime``."""
    date = _date(root.code(f"{prefix}Date"))
    return None if date is None else Stamp(date, _time(root.code(f"{prefix}Time")))


def _stated_at(root: Item, modality: str) -> Stamp | None:
    prefix = {"RTPLAN": "RTPlan", "RTSTRUCT": "StructureSet"}.get(modality)
    return stamp(root, prefix) if prefix else None


def _date(text: str) -> dt.date | None:
    digits = text.replace(".", "")
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        found = dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    return found if found.year >= FIRST_YEAR else None


def _time(text: str) -> dt.time | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    try:
        return dt.time(hour, minute, min(second, 59))
    except ValueError:
        return None


def _like_person(root: Item) -> bool:
    """Tell whether a name has two words or more, of letters only, none of them a dummy."""
    words = root.code("PatientName").replace("^", " ").split()
    return len(words) > 1 and all(w.isalpha() and w not in DUMMY_WORDS for w in words)


def _tells(root: Item, keyword: str) -> bool:
    if not root.has(keyword):
        return False
    if keyword.endswith("Sequence"):
        return bool(root.items(keyword))
    text = root.code(keyword)
    return text not in HARMLESS and MASKED.fullmatch(text) is None
