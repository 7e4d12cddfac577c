"""What the headers of a submission say of the patient.

For finding identifiers that should not be there, and keeping them out of results. Values of this
module are never shown, logged or stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sbrt_qa.dicom.files.collect import Collection, FoundObject
from sbrt_qa.dicom.text.elements import BROKEN, Item
from sbrt_qa.errors import DicomError

PEOPLE: Final = (
    "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName", "ReferringPhysicianName",
    "PhysiciansOfRecord", "PerformingPhysicianName", "OperatorsName", "ReviewerName",
    "NameOfPhysiciansReadingStudy", "ResponsiblePerson",
)  # fmt: skip
"""Elements with names of people besides the patient's."""

OTHERS: Final = (
    "PatientAddress", "PatientTelephoneNumbers", "OtherPatientIDs", "MilitaryRank",
    "MedicalRecordLocator", "CountryOfResidence", "RegionOfResidence", "PatientComments",
    "AdditionalPatientHistory", "IssuerOfPatientID", "PatientBirthTime", "AccessionNumber",
)  # fmt: skip
"""Other elements that say who somebody is, or lead to a hospital's record (PS3.15, annex E)."""


WITHIN: Final = (
    "BeamSequence", "ControlPointSequence", "FractionGroupSequence", "DoseReferenceSequence",
    "PatientSetupSequence", "ToleranceTableSequence", "StructureSetROISequence",
    "RTROIObservationsSequence", "ROIContourSequence", "DVHSequence",
)  # fmt: skip
"""Sequences in which private elements are looked for as well; contours themselves hold none."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the files say the patient is; no representation shows it.

    Parameters
    ----------
    names, ids, birth_dates
        Of the patient, each once.
    people, others
        Values of `PEOPLE` and `OTHERS` that are not empty, by keyword.
    private
        Number of private elements by modality, those within `WITHIN` too.
    sites, subjects
        Of the clinical trial modules.
    """

    names: tuple[str, ...] = field(default=(), repr=False)
    ids: tuple[str, ...] = field(default=(), repr=False)
    birth_dates: tuple[str, ...] = field(default=(), repr=False)
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    private: Mapping[str, int] = field(default_factory=dict)
    sites: tuple[str, ...] = field(default=(), repr=False)
    subjects: tuple[str, ...] = field(default=(), repr=False)


def identity_of(collection: Collection) -> Identity:
    """Return what all objects say together."""
    roots = [one.root for one in collection.objects]
    return Identity(
        names=_values(roots, "PatientName"),
        ids=_values(roots, "PatientID"),
        birth_dates=_values(roots, "PatientBirthDate"),
        people={k: found for k in PEOPLE if (found := _values(roots, k))},
        others={k: found for k in OTHERS if (found := _values(roots, k))},
        private=_private(collection.objects),
        sites=_values(roots, "ClinicalTrialSiteID"),
        subjects=_values(roots, "ClinicalTrialSubjectID"),
    )


def _values(roots: Iterable[Item], keyword: str) -> tuple[str, ...]:
    found = dict.fromkeys(_text(root, keyword) for root in roots if root.has(keyword))
    return tuple(text for text in found if text)


def _text(root: Item, keyword: str) -> str:
    try:
        return root.text(keyword).strip(" \0")
    except (DicomError, *BROKEN):
        return ""


def _private(objects: Iterable[FoundObject]) -> dict[str, int]:
    """Count private elements that hold something; their creators' names count as nothing."""
    counts: dict[str, int] = {}
    for one in objects:
        if number := _private_within(one.root):
            counts[one.modality] = counts.get(one.modality, 0) + number
    return counts


def _private_within(item: Item) -> int:
    there = item.dataset.keys()  # elements themselves would be decoded
    number = sum(tag.is_private and not tag.is_private_creator for tag in there)
    for keyword in WITHIN:
        try:
            number += sum(map(_private_within, item.items(keyword)))
        except (DicomError, *BROKEN):
            continue  # its reader tells that it is broken
    return number
