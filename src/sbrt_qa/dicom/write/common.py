"""What every written object shares: identifiers, patient and study modules, the file itself.

Writers are strict and reproducible: a value becomes the same bytes on every run and machine. UIDs
come from a seed, dates are given, and neither clock, random numbers, environment nor the version of
this program take part.
"""

from __future__ import annotations

import hashlib
import io
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian
from pydicom.valuerep import format_number_as_ds

from sbrt_qa.errors import DicomError

CHARACTER_SET: Final = "ISO_IR 192"
AXIAL: Final = ("1", "0", "0", "0", "1", "0")
"""Image orientation (patient) of an axial plane, rows along x and columns along y."""

IMPLEMENTATION_NAME: Final = "SBRT_QA"


def seeded_uid(seed: str) -> str:
    """Return a UID under the root 2.25, the same for the same seed (a UUID of its SHA-256)."""
    digest = hashlib.sha256(seed.encode()).digest()
    return f"2.25.{uuid.UUID(bytes=digest[:16], version=5).int}"


@dataclass(frozen=True, slots=True)
class CaseIds:
    """Identifiers of one written set of objects.

    Parameters
    ----------
    seed
        All UIDs follow from it; two sets that must not share objects need different seeds.
    patient_id, patient_name
        Written as they are: for synthetic patients and trial subjects only.
    subject
        Trial subject code; when given, the clinical trial subject module is written.
    date, time
        DICOM DA and TM of everything that wants a date.
    position
        Patient position, as in (0018,5100).
    study
        Seed of study and frame of reference, which versions of one plan share; `seed` when empty.
    """

    seed: str
    patient_id: str = "SAMPLE01"
    patient_name: str = "SBRTQA^SAMPLE01"
    subject: str = ""
    date: str = "20260105"
    time: str = "120000"
    position: str = "HFS"
    study: str = ""

    def uid(self, role: str) -> str:
        """UID of the object that plays `role` in this set."""
        return seeded_uid(f"{self.seed}/{role}")

    @property
    def study_uid(self) -> str:
        """Study Instance UID of every object."""
        return seeded_uid(f"{self.study or self.seed}/study")

    @property
    def frame_uid(self) -> str:
        """Frame of Reference UID of every object."""
        return seeded_uid(f"{self.study or self.seed}/frame of reference")

    @property
    def ct_series_uid(self) -> str:
        """Series Instance UID of the CT."""
        return self.uid("series CT")

    @property
    def rtstruct_uid(self) -> str:
        """SOP Instance UID of the structure set."""
        return self.uid("RTSTRUCT")

    @property
    def rtplan_uid(self) -> str:
        """SOP Instance UID of the plan."""
        return self.uid("RTPLAN")

    @property
    def rtdose_uid(self) -> str:
        """SOP Instance UID of the plan dose."""
        return self.uid("RTDOSE")

    def ct_uid(self, index: int) -> str:
        """SOP Instance UID of the CT slice at `index`, counted from the lowest z."""
        return self.uid(f"CT {index}")


def number(value: float) -> str:
    """Decimal string (DS) of at most 16 characters, as exact as that allows."""
    value = float(value)
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return min(repr(value), format_number_as_ds(value), key=len)


def item(**attributes: object) -> Dataset:
    """Sequence item with the given attributes (DICOM keywords)."""
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def reference(sop_class: UID | str, sop_instance_uid: str) -> Dataset:
    """Item of a sequence that refers to one SOP instance."""
    return item(ReferencedSOPClassUID=sop_class, ReferencedSOPInstanceUID=sop_instance_uid)


def add_approval(dataset: Dataset, status: str, ids: CaseIds) -> None:
    """Add the Approval module (PS3.3 C.8.8.16): who reviewed is not named, only when."""
    dataset.ApprovalStatus = status
    if status != "UNAPPROVED":
        dataset.ReviewDate = ids.date
        dataset.ReviewTime = ids.time
        dataset.ReviewerName = ""


def new_object(
    ids: CaseIds, *, sop_class: UID, sop_uid: str, modality: str, series_uid: str, number: int
) -> Dataset:
    """Return a dataset with SOP common, patient, study, series, equipment and frame modules."""
    dataset = item(
        SpecificCharacterSet=CHARACTER_SET,
        SOPClassUID=sop_class,
        SOPInstanceUID=sop_uid,
        InstanceCreationDate=ids.date,
        InstanceCreationTime=ids.time,
        StudyDate=ids.date,
        StudyTime=ids.time,
        AccessionNumber="",
        Modality=modality,
        Manufacturer="sbrt_qa",
        ManufacturerModelName="synthetic",
        ReferringPhysicianName="",
        PatientName=ids.patient_name,
        PatientID=ids.patient_id,
        PatientBirthDate="",
        PatientSex="",
        PatientIdentityRemoved="YES",
        DeidentificationMethod="synthetic, no real patient",
        StudyInstanceUID=ids.study_uid,
        SeriesInstanceUID=series_uid,
        StudyID="1",
        SeriesNumber=number,
        OperatorsName="",
        FrameOfReferenceUID=ids.frame_uid,
        PositionReferenceIndicator="",
    )
    if ids.subject:
        _add_trial(dataset, ids.subject)
    return dataset


def _add_trial(dataset: Dataset, subject: str) -> None:
    dataset.ClinicalTrialSponsorName = "synthetic"
    dataset.ClinicalTrialProtocolID = "sample"
    dataset.ClinicalTrialProtocolName = ""
    dataset.ClinicalTrialSiteID = ""
    dataset.ClinicalTrialSiteName = ""
    dataset.ClinicalTrialSubjectID = subject


def with_meta(dataset: Dataset, transfer_syntax: UID = ExplicitVRLittleEndian) -> Dataset:
    """Give a complete dataset its file meta information, and return it."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = transfer_syntax
    meta.ImplementationClassUID = UID(seeded_uid("sbrt_qa implementation class"))
    meta.ImplementationVersionName = IMPLEMENTATION_NAME
    dataset.file_meta = meta
    return dataset


def to_bytes(dataset: Dataset) -> bytes:
    """Return a complete DICOM file: preamble, file meta information, dataset."""
    file = io.BytesIO()
    with_meta(dataset).save_as(file, enforce_file_format=True)
    return file.getvalue()


def save(dataset: Dataset, path: Path, *, transfer_syntax: UID = ExplicitVRLittleEndian) -> None:
    """Write a complete DICOM file: preamble, file meta information, dataset.

    Raises
    ------
    DicomError
        The file cannot be written.
    """
    try:
        with_meta(dataset, transfer_syntax).save_as(path, enforce_file_format=True)
    except OSError as error:
        raise DicomError(
            "the file cannot be written", where=path.name, advice="Check the folder and its rights"
        ) from error
