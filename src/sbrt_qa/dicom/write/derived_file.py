"""Derived structures as a structure set that planning systems import on the same images.

Patient, study and frame of reference are those of the images, or of the case's own structure set
where the images are not there; they are copied and never shown. Series and instance are new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import RTStructureSetStorage

from sbrt_qa import __version__
from sbrt_qa.dicom.files.dataset import warnings_as_notes
from sbrt_qa.dicom.quirks import Log
from sbrt_qa.dicom.text.elements import translated
from sbrt_qa.dicom.write.anchors import Anchor
from sbrt_qa.dicom.write.common import CHARACTER_SET, item, reference, save, seeded_uid
from sbrt_qa.dicom.write.rtstruct_file import (
    COLOURS,
    CONTOUR_DATA,
    DETACHED_STUDY,
    SLICE_TOLERANCE_MM,
    contour_text,
    transfer_syntax_for,
)
from sbrt_qa.errors import DicomError
from sbrt_qa.model.structure import Contour, Structure

COPIED: Final = (
    "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "StudyInstanceUID",
    "StudyID", "StudyDescription", "PatientName", "PatientID", "PatientBirthDate", "PatientSex",
    "PatientIdentityRemoved", "DeidentificationMethod", "FrameOfReferenceUID",
    "PositionReferenceIndicator", "ClinicalTrialSponsorName", "ClinicalTrialProtocolID",
    "ClinicalTrialProtocolName", "ClinicalTrialSiteID", "ClinicalTrialSiteName",
    "ClinicalTrialSubjectID",
)  # fmt: skip
"""Elements taken over from an image, where it has them."""

REQUIRED_EMPTY: Final = (
    "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "StudyID", "PatientName",
    "PatientID", "PatientBirthDate", "PatientSex", "PositionReferenceIndicator",
)  # fmt: skip
"""Elements that must be there, even if empty (type 2)."""

LABEL: Final = "SBRT_QA"
DOUBTED_LABEL: Final = "SBRT_QA_DOUBTED"
"""Labels of the set, which planning systems list at import."""

LONGEST_TEXT: Final = 1024
"""Characters of a description (VR ST)."""

DECIMALS: Final = 3
"""Decimals of contour coordinates in mm."""


@dataclass(frozen=True, slots=True)
class WrittenRoi:
    """A structure to write, and how it was made."""

    structure: Structure
    description: str


@dataclass(frozen=True, slots=True)
class WritingTime:
    """Date (DICOM DA) and time (TM) of writing; given, so that writing is reproducible."""

    date: str = ""
    time: str = ""


def write_derived(
    rois: Sequence[WrittenRoi],
    anchor: Anchor,
    path: Path,
    stamp: WritingTime | None = None,
    *,
    doubt: str = "",
) -> None:
    """Write structures on the slices of an image series.

    The UIDs follow from the series and the contours: the same structures make the same file.

    Parameters
    ----------
    rois
        Structures with contours on the slices, in patient coordinates.
    anchor
        What they refer to.
    path
        File to write.
    doubt
        Why the structures may not be what they seem. The set is then labelled `DOUBTED_LABEL`, and
        its description and those of all structures begin with it.

    Raises
    ------
    DicomError
        A contour lies on no slice, or the file cannot be written.
    """
    with warnings_as_notes(path.name, Log()):  # of copied values, which are nobody's to print
        dataset = _whole(rois, anchor, stamp or WritingTime(), doubt)
        save(dataset, path, transfer_syntax=transfer_syntax_for(dataset))


def _whole(rois: Sequence[WrittenRoi], anchor: Anchor, stamp: WritingTime, doubt: str) -> Dataset:
    dataset = _header(anchor, rois, stamp)
    dataset.StructureSetLabel = DOUBTED_LABEL if doubt else LABEL
    dataset.StructureSetName = "Derived structures"
    if doubt:
        dataset.StructureSetDescription = doubt[:LONGEST_TEXT]
    dataset.StructureSetDate = stamp.date
    dataset.StructureSetTime = stamp.time
    dataset.ReferencedFrameOfReferenceSequence = [_frame(anchor)]
    dataset.StructureSetROISequence = [_roi(r, anchor.frame_uid, doubt) for r in rois]
    dataset.ROIContourSequence = [_contours(r, turn, anchor) for turn, r in enumerate(rois)]
    dataset.RTROIObservationsSequence = [_observation(r.structure) for r in rois]
    dataset.ApprovalStatus = "UNAPPROVED"
    return dataset


def _header(anchor: Anchor, rois: Sequence[WrittenRoi], stamp: WritingTime) -> Dataset:
    """Return the modules that every object has: patient and study as in the anchor."""
    seed = f"{anchor.series_uid or anchor.frame_uid}/{_fingerprint(rois)}"
    dataset = item(
        SpecificCharacterSet=CHARACTER_SET,
        SOPClassUID=RTStructureSetStorage,
        SOPInstanceUID=seeded_uid(f"{seed}/derived structures"),
        InstanceCreationDate=stamp.date,
        InstanceCreationTime=stamp.time,
        Modality="RTSTRUCT",
        Manufacturer="sbrt_qa",
        ManufacturerModelName="sbrt_qa",
        SoftwareVersions=__version__,
        SeriesInstanceUID=seeded_uid(f"{seed}/series"),
        SeriesNumber=1,
        SeriesDescription="Derived structures, not for treatment",
        OperatorsName="",
    )
    for keyword in REQUIRED_EMPTY:
        setattr(dataset, keyword, "")
    copied = anchor.header
    with translated(copied.where, "the header cannot be copied"):
        for keyword in COPIED:
            if keyword in copied.dataset:
                setattr(dataset, keyword, copied.dataset[keyword].value)
    dataset.FrameOfReferenceUID = anchor.frame_uid
    return dataset


def _fingerprint(rois: Sequence[WrittenRoi]) -> str:
    digest = hashlib.sha256()
    for roi in rois:
        digest.update(roi.structure.name.encode())
        for contour in roi.structure.contours:
            digest.update(contour_text(contour, DECIMALS).encode())
    return digest.hexdigest()


def _frame(anchor: Anchor) -> Dataset:
    frame = item(FrameOfReferenceUID=anchor.frame_uid)
    if anchor.series_uid and anchor.images:
        listed = [reference(i.sop_class, i.uid) for i in anchor.images]
        study = reference(DETACHED_STUDY, anchor.study_uid)
        study.RTReferencedSeriesSequence = [
            item(SeriesInstanceUID=anchor.series_uid, ContourImageSequence=listed)
        ]
        frame.RTReferencedStudySequence = [study]
    return frame


def _roi(roi: WrittenRoi, frame_uid: str, doubt: str) -> Dataset:
    description = f"{doubt}. {roi.description}" if doubt else roi.description
    return item(
        ROINumber=roi.structure.roi_number,
        ReferencedFrameOfReferenceUID=frame_uid,
        ROIName=roi.structure.name,
        ROIDescription=description[:LONGEST_TEXT],
        ROIGenerationAlgorithm="AUTOMATIC",
        ROIGenerationDescription=f"sbrt_qa {__version__}",
    )


def _contours(roi: WrittenRoi, turn: int, anchor: Anchor) -> Dataset:
    return item(
        ROIDisplayColor=list(COLOURS[turn % len(COLOURS)]),
        ReferencedROINumber=roi.structure.roi_number,
        ContourSequence=[_contour(c, anchor) for c in roi.structure.contours],
    )


def _contour(contour: Contour, anchor: Anchor) -> Dataset:
    nearest = int(np.abs(anchor.planes_mm - contour.z_mm).argmin())
    slice_mm = float(anchor.planes_mm[nearest])
    if abs(slice_mm - contour.z_mm) > SLICE_TOLERANCE_MM:
        raise DicomError("a contour lies on no image slice", got=f"z = {contour.z_mm:g} mm")
    written = item(
        ContourGeometricType="CLOSED_PLANAR", NumberOfContourPoints=contour.xy_mm.shape[0]
    )
    if (image := anchor.image_at(nearest)) is not None:
        written.ContourImageSequence = [reference(image.sop_class, image.uid)]
    text = contour_text(Contour(slice_mm, contour.xy_mm), DECIMALS)
    written[CONTOUR_DATA] = DataElement(CONTOUR_DATA, "DS", text, already_converted=True)
    return written


def _observation(structure: Structure) -> Dataset:
    return item(
        ObservationNumber=structure.roi_number,
        ReferencedROINumber=structure.roi_number,
        RTROIInterpretedType=structure.interpreted_type,
        ROIInterpreter="",
    )
