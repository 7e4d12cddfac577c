"""What a review is when it becomes a DICOM document: plain values, written and read back here.

Both documents, the structured report and the encapsulated PDF, share a head: whom they are about
and which objects they refer to. Nothing in them names a patient unless the input said of itself
that its identity had been removed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import (
    RE_VALID_UID,
    CTImageStorage,
    RTDoseStorage,
    RTIonPlanStorage,
    RTPlanStorage,
    RTStructureSetStorage,
)

from sbrt_qa.dicom.write.common import CHARACTER_SET, item, seeded_uid
from sbrt_qa.errors import DicomError, visible
from sbrt_qa.model.case import SourceFile
from sbrt_qa.model.outcome import Band, Verdict
from sbrt_qa.model.patient import DocumentPatient

SCHEME: Final = "99SBRTQA"
"""Designator of the codes that no published scheme has."""

REFERRED_MODALITIES: Final = ("RTPLAN", "RTDOSE", "RTSTRUCT")

MAX_LONG_STRING: Final = 64
"""Characters of a DICOM long string (LO)."""

_USUAL_CLASSES: Final = {
    "RTPLAN": (RTPlanStorage, RTIonPlanStorage),
    "RTDOSE": (RTDoseStorage,),
    "RTSTRUCT": (RTStructureSetStorage,),
    "CT": (CTImageStorage,),
}


@dataclass(frozen=True, slots=True)
class DocumentHead:
    """What every document of a review shares.

    Parameters
    ----------
    patient
        Whom it is about.
    study_uid
        Study that the plan belongs to, and so the document.
    objects
        Plan, dose and structure set that the review is about.
    created
        When, in UTC; part of the identity of the document.
    content_id
        Stands for the content: equal heads and contents give equal UIDs.
    title
        For lists of documents, at most 64 characters.
    software
        Version of the program.
    """

    patient: DocumentPatient
    study_uid: str
    objects: tuple[SourceFile, ...]
    created: datetime
    content_id: str
    title: str
    software: str

    def uid(self, role: str) -> str:
        """Return the UID of what plays `role` in this document."""
        seed = f"{self.study_uid}/{self.content_id}/{self.created.isoformat()}/{role}"
        return seeded_uid(seed)

    @property
    def date(self) -> str:
        """When it was made, as DICOM DA."""
        return self.created.strftime("%Y%m%d")

    @property
    def time(self) -> str:
        """When it was made, as DICOM TM."""
        return self.created.strftime("%H%M%S")

    @classmethod
    def of(
        cls,
        files: tuple[SourceFile, ...],
        patient: DocumentPatient,
        *,
        created: datetime,
        content_id: str,
        title: str,
        software: str,
    ) -> DocumentHead:
        """Make a head from the files of a review.

        Raises
        ------
        DicomError
            No plan, dose or structure set with UIDs is among them, so that the document would
            refer to nothing.
        """
        known = tuple(f for f in files if f.modality in REFERRED_MODALITIES and _is_referable(f))
        ordered = sorted(known, key=lambda f: REFERRED_MODALITIES.index(f.modality))
        if not ordered:
            raise DicomError(
                "a DICOM document needs a plan, dose or structure set to refer to",
                got="a review without their UIDs",
                advice="Review the files again; a stored review of an earlier version lacks them",
            )
        return cls(
            patient, ordered[0].study_uid, tuple(ordered), created, content_id, title, software
        )


def _is_referable(file: SourceFile) -> bool:
    uids = (file.sop_class_uid, file.sop_instance_uid, file.series_uid, file.study_uid)
    usual = file.sop_class_uid in _USUAL_CLASSES[file.modality]
    return usual and all(len(u) <= MAX_LONG_STRING and re.match(RE_VALID_UID, u) for u in uids)


class DoseMeasured(StrEnum):
    """Which dose of a structure a value is."""

    MEAN = "mean"
    HIGHEST = "highest"
    LOWEST = "lowest"
    AT_VOLUME = "at a volume"


@dataclass(frozen=True, slots=True)
class LimitReported:
    """One limit and what the review says of it; numbers in `unit`, None where there is none.

    ``roi_names`` and ``roi_numbers`` are those of the plan; ``reason_code`` and ``reason`` say why
    there is no value. ``dose`` is which dose the value is, None for what is none; it chooses the
    code of the value, and is not read back.
    """

    id: str
    structure: str
    roi_names: tuple[str, ...]
    roi_numbers: tuple[int, ...]
    metric: str
    unit: str
    op: str
    value: float | None
    limit: float | None
    minor_limit: float | None
    verdict: Verdict
    priority: int
    counts: bool
    band: Band | None = None
    borderline: bool = False
    borderline_text: str = ""
    spread: Band | None = None
    depends_on_convention: bool = False
    convention_text: str = ""
    reason_code: str = ""
    reason: str = ""
    dose: DoseMeasured | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class FindingReported:
    """One finding; without a verdict it decides nothing."""

    code: str
    verdict: Verdict | None
    text: str


@dataclass(frozen=True, slots=True)
class ReviewReported:
    """A review as a structured report holds it.

    `standing` says whether the protocol is a draft, or who approved it.
    """

    verdict: Verdict
    plan: str
    protocol: str
    protocol_version: str
    protocol_sha256: str
    engine: str
    limits: tuple[LimitReported, ...]
    findings: tuple[FindingReported, ...] = ()
    standing: str = ""


def long_string(text: str) -> str:
    r"""Return text as a DICOM long string: visible, one value (no ``\``), at most 64 characters."""
    shown = visible(" ".join(text.split())).replace("\\", "/")
    return shown if len(shown) <= MAX_LONG_STRING else shown[: MAX_LONG_STRING - 1] + "…"


def person_name(text: str) -> str:
    r"""Return text as a DICOM person name; a caret marks a single component as meant so."""
    name = long_string(text).replace("=", " ")
    return name if not name or "^" in name else name[: MAX_LONG_STRING - 1] + "^"


def head_dataset(head: DocumentHead) -> Dataset:
    """Return patient and study modules of a document."""
    patient = head.patient
    return item(
        SpecificCharacterSet=CHARACTER_SET,
        TimezoneOffsetFromUTC="+0000",
        PatientName=person_name(patient.name),
        PatientID=long_string(patient.identifier),
        PatientBirthDate=patient.birth_date,
        PatientSex=patient.sex,
        PatientIdentityRemoved="YES",
        DeidentificationMethod="as in the reviewed export, or the subject code of a trial",
        StudyInstanceUID=head.study_uid,
        StudyDate="",
        StudyTime="",
        StudyID="",
        AccessionNumber="",
        ReferringPhysicianName="",
    )
