"""Derived structures as a structure set that planning systems import on the same images.

Patient, study and frame of reference are those of the images, copied from their header and never
shown; series and instance are new. What is written is strict; what is copied is as the site wrote
it.
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
from sbrt_qa.dicom.collect import FoundObject, collect
from sbrt_qa.dicom.elements import translated
from sbrt_qa.dicom.write_common import CHARACTER_SET, item, reference, save, seeded_uid
from sbrt_qa.dicom.write_rtstruct import (
    COLOURS,
    CONTOUR_DATA,
    DETACHED_STUDY,
    SLICE_TOLERANCE_MM,
    contour_text,
    transfer_syntax_for,
)
from sbrt_qa.errors import DicomError
from sbrt_qa.model.image import ImageSeries
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

DECIMALS: Final = 3
"""Decimals of contour coordinates in mm."""


@dataclass(frozen=True, slots=True)
class WrittenRoi:
    """A structure to write, and how it was made."""

    structure: Structure
    description: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """Date (DICOM DA) and time (TM) of writing; given, so that writing is reproducible."""

    date: str = ""
    time: str = ""


def write_derived(
    rois: Sequence[WrittenRoi],
    image: ImageSeries,
    sources: Sequence[Path],
    path: Path,
    stamp: Stamp | None = None,
) -> None:
    """Write structures on the slices of an image series.

    The UIDs follow from the series and the contours: the same structures make the same file.

    Parameters
    ----------
    rois
        Structures with contours on the slices, in the patient coordinates of the image.
    image
        The series.
    sources
        Files or folders in which the series' files are; their header names patient and study.
    path
        File to write.

    Raises
    ------
    DicomError
        The images are no longer there, a contour lies on no slice, or the file cannot be written.
    """
    stamp = stamp or Stamp()
    images = _images(sources, image)
    dataset = _header(images[0], rois, image, stamp)
    slices = _Slices(image, images)
    dataset.StructureSetLabel = "SBRT_QA"
    dataset.StructureSetName = "Derived structures"
    dataset.StructureSetDate = stamp.date
    dataset.StructureSetTime = stamp.time
    dataset.ReferencedFrameOfReferenceSequence = [_frame(image, images)]
    dataset.StructureSetROISequence = [_roi(r, image.frame_of_reference_uid) for r in rois]
    dataset.ROIContourSequence = [_contours(r, turn, slices) for turn, r in enumerate(rois)]
    dataset.RTROIObservationsSequence = [_observation(r.structure) for r in rois]
    dataset.ApprovalStatus = "UNAPPROVED"
    save(dataset, path, transfer_syntax=transfer_syntax_for(dataset))


def _images(sources: Sequence[Path], image: ImageSeries) -> list[FoundObject]:
    """Return the files of the series in the order of its slices."""
    found = {
        one.source.sop_instance_uid: one
        for one in collect(list(sources)).of(image.modality)
        if one.series_uid == image.series_uid and not one.problem
    }
    missing = [uid for uid in image.sop_instance_uids if uid not in found]
    if missing or not image.sop_instance_uids:
        raise DicomError(
            "the planning image is not there to refer to",
            got=f"{len(image.sop_instance_uids) - len(missing)} of its slices",
            expected=str(len(image.sop_instance_uids)),
            advice="Give the folder with plan, structures, dose and images",
        )
    return [found[uid] for uid in image.sop_instance_uids]


def _header(
    first: FoundObject, rois: Sequence[WrittenRoi], image: ImageSeries, stamp: Stamp
) -> Dataset:
    """Return the modules that every object has: patient and study as in the image."""
    seed = f"{image.series_uid}/{_fingerprint(rois)}"
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
    with translated(first.name, "the header of the image cannot be copied"):
        for keyword in COPIED:
            if keyword in first.root.dataset:
                setattr(dataset, keyword, first.root.dataset[keyword].value)
    return dataset


def _fingerprint(rois: Sequence[WrittenRoi]) -> str:
    digest = hashlib.sha256()
    for roi in rois:
        digest.update(roi.structure.name.encode())
        for contour in roi.structure.contours:
            digest.update(contour_text(contour, DECIMALS).encode())
    return digest.hexdigest()


def _frame(image: ImageSeries, images: Sequence[FoundObject]) -> Dataset:
    series = item(
        SeriesInstanceUID=image.series_uid,
        ContourImageSequence=[_reference(one) for one in images],
    )
    study = reference(DETACHED_STUDY, images[0].study_uid)
    study.RTReferencedSeriesSequence = [series]
    frame = item(FrameOfReferenceUID=image.frame_of_reference_uid)
    frame.RTReferencedStudySequence = [study]
    return frame


def _reference(image: FoundObject) -> Dataset:
    return reference(image.root.uid("SOPClassUID"), image.source.sop_instance_uid)


class _Slices:
    """Finds the slice on which a contour lies."""

    def __init__(self, image: ImageSeries, images: Sequence[FoundObject]) -> None:
        self._z_mm = image.z_mm
        self._images = images

    def at(self, z_mm: float) -> tuple[float, Dataset]:
        """Return the position of the slice, and a reference to it."""
        nearest = int(np.abs(self._z_mm - z_mm).argmin())
        slice_mm = float(self._z_mm[nearest])
        if abs(slice_mm - z_mm) > SLICE_TOLERANCE_MM:
            raise DicomError("a contour lies on no image slice", got=f"z = {z_mm:g} mm")
        return slice_mm, _reference(self._images[nearest])


def _roi(roi: WrittenRoi, frame_uid: str) -> Dataset:
    return item(
        ROINumber=roi.structure.roi_number,
        ReferencedFrameOfReferenceUID=frame_uid,
        ROIName=roi.structure.name,
        ROIDescription=roi.description[:1024],
        ROIGenerationAlgorithm="AUTOMATIC",
        ROIGenerationDescription=f"sbrt_qa {__version__}",
    )


def _contours(roi: WrittenRoi, turn: int, slices: _Slices) -> Dataset:
    return item(
        ROIDisplayColor=list(COLOURS[turn % len(COLOURS)]),
        ReferencedROINumber=roi.structure.roi_number,
        ContourSequence=[_contour(c, slices) for c in roi.structure.contours],
    )


def _contour(contour: Contour, slices: _Slices) -> Dataset:
    slice_mm, image = slices.at(contour.z_mm)
    written = item(
        ContourImageSequence=[image],
        ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=contour.xy_mm.shape[0],
    )
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
