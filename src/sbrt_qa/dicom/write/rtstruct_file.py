"""Structures to RTSTRUCT, fast enough for a million points.

Contour numbers are formatted in one go per contour and handed over as finished text: pydicom's
objects for single numbers would take minutes where this takes seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import (
    UID,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RTStructureSetStorage,
)

from sbrt_qa.dicom.write.common import (
    CaseIds,
    add_approval,
    item,
    new_object,
    number,
    reference,
    save,
)
from sbrt_qa.model.structure import Contour, Structure, StructureSet

CONTOUR_DATA: Final = Tag(0x3006, 0x0050)
LONGEST_EXPLICIT: Final = 0xFFFE
"""Longest DS value in bytes that explicit VR can hold; the length field has 16 bits."""

SLICE_TOLERANCE_MM: Final = 0.01
"""Largest distance in z at which a contour still lies on an image slice."""

DETACHED_STUDY: Final = "1.2.840.10008.3.1.2.3.1"
"""SOP class by which structure sets refer to their study; retired, yet still what is expected."""

COLOURS: Final = (
    (230, 60, 50), (60, 180, 75), (70, 110, 230), (245, 190, 40), (145, 60, 190),
    (60, 200, 210), (240, 120, 40), (220, 70, 170), (150, 200, 60), (130, 90, 50),
)  # fmt: skip
"""Display colours (RGB), given out in turn."""

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class RtStructOptions:
    """How a structure set is written.

    Parameters
    ----------
    decimals
        Decimals of x and y in mm.
    colours
        Display colour by ROI number; the others get one in turn.
    approval
        Approval status (300E,0002).
    deflated
        Whether the file is written in deflated explicit VR little endian, where lengths allow.
    """

    decimals: int = 2
    colours: Mapping[int, Colour] | None = None
    approval: str = "UNAPPROVED"
    deflated: bool = False


def write_rtstruct(
    structures: StructureSet,
    path: Path,
    ids: CaseIds,
    *,
    slices_z_mm: Sequence[float] = (),
    options: RtStructOptions | None = None,
) -> None:
    """Write a structure set.

    Explicit VR little endian, unless one contour is too long for its 16-bit lengths: then implicit
    VR little endian, as planning systems do.

    Parameters
    ----------
    slices_z_mm
        Positions of the CT slices of this set, ascending, so that every contour can refer to the
        image it was drawn on (their UIDs follow from `ids`).

    Raises
    ------
    DicomError
        The file cannot be written.
    """
    options = options or RtStructOptions()
    dataset = new_object(
        ids,
        sop_class=RTStructureSetStorage,
        sop_uid=ids.rtstruct_uid,
        modality="RTSTRUCT",
        series_uid=ids.uid("series RTSTRUCT"),
        number=2,
    )
    dataset.StructureSetLabel = structures.label[:16] or "STRUCTURES"
    dataset.StructureSetDate = ids.date
    dataset.StructureSetTime = ids.time
    dataset.ReferencedFrameOfReferenceSequence = [_frame(ids, len(slices_z_mm))]
    dataset.StructureSetROISequence = [_roi(s, ids) for s in structures.structures]
    images = _ImageIndex(ids, slices_z_mm)
    dataset.ROIContourSequence = [
        _roi_contours(s, _colour(s.roi_number, turn, options), images, options.decimals)
        for turn, s in enumerate(structures.structures)
    ]
    dataset.RTROIObservationsSequence = [_observation(s) for s in structures.structures]
    add_approval(dataset, options.approval, ids)
    syntax = transfer_syntax_for(dataset)
    if options.deflated and syntax == ExplicitVRLittleEndian:
        syntax = DeflatedExplicitVRLittleEndian
    save(dataset, path, transfer_syntax=syntax)


def _colour(roi_number: int, turn: int, options: RtStructOptions) -> Colour:
    return (options.colours or {}).get(roi_number, COLOURS[turn % len(COLOURS)])


class _ImageIndex:
    """Finds the CT slice a contour lies on."""

    def __init__(self, ids: CaseIds, slices_z_mm: Sequence[float]) -> None:
        self._z_mm = np.asarray(slices_z_mm, dtype=np.float64)
        self._uids = [ids.ct_uid(i) for i in range(self._z_mm.size)]

    def at(self, z_mm: float) -> str | None:
        """UID of the slice at `z_mm`, None when there is none."""
        if not self._uids:
            return None
        nearest = int(np.abs(self._z_mm - z_mm).argmin())
        close = abs(float(self._z_mm[nearest]) - z_mm) <= SLICE_TOLERANCE_MM
        return self._uids[nearest] if close else None


def _frame(ids: CaseIds, slices: int) -> Dataset:
    frame = item(FrameOfReferenceUID=ids.frame_uid)
    if slices:
        images = [reference(CTImageStorage, ids.ct_uid(i)) for i in range(slices)]
        series = item(SeriesInstanceUID=ids.ct_series_uid, ContourImageSequence=images)
        study = reference(DETACHED_STUDY, ids.study_uid)
        study.RTReferencedSeriesSequence = [series]
        frame.RTReferencedStudySequence = [study]
    return frame


def _roi(structure: Structure, ids: CaseIds) -> Dataset:
    return item(
        ROINumber=structure.roi_number,
        ReferencedFrameOfReferenceUID=ids.frame_uid,
        ROIName=structure.name,
        ROIGenerationAlgorithm="",
    )


def _observation(structure: Structure) -> Dataset:
    written = item(
        ObservationNumber=structure.roi_number,
        ReferencedROINumber=structure.roi_number,
        RTROIInterpretedType=structure.interpreted_type,
        ROIInterpreter="",
    )
    if structure.overrides:
        written.ROIPhysicalPropertiesSequence = [
            item(
                ROIPhysicalProperty=given.name,
                ROIPhysicalPropertyValue="" if given.value is None else number(given.value),
            )
            for given in structure.overrides
        ]
    return written


def _roi_contours(
    structure: Structure, colour: Colour, images: _ImageIndex, decimals: int
) -> Dataset:
    roi = item(ROIDisplayColor=list(colour), ReferencedROINumber=structure.roi_number)
    if structure.contours:
        roi.ContourSequence = [_contour(c, images, decimals) for c in structure.contours]
    return roi


def _contour(contour: Contour, images: _ImageIndex, decimals: int) -> Dataset:
    written = item(
        ContourGeometricType="CLOSED_PLANAR", NumberOfContourPoints=contour.xy_mm.shape[0]
    )
    uid = images.at(contour.z_mm)
    if uid is not None:
        written.ContourImageSequence = [reference(CTImageStorage, uid)]
    text = contour_text(contour, decimals)
    written[CONTOUR_DATA] = DataElement(CONTOUR_DATA, "DS", text, already_converted=True)
    return written


def contour_text(contour: Contour, decimals: int = 2) -> str:
    """Contour Data (3006,0050) of a contour: x, y, z of each point, separated by backslashes."""
    rounded = np.round(contour.xy_mm, decimals) + 0.0  # turns -0.0 into 0.0
    point = f"%.{decimals}f\\%.{decimals}f\\{number(contour.z_mm)}"
    return "\\".join([point] * rounded.shape[0]) % tuple(rounded.ravel().tolist())


def transfer_syntax_for(dataset: Dataset) -> UID:
    """Return explicit VR, or implicit VR where a contour is too long for explicit lengths."""
    longest = max(
        (
            len(contour[CONTOUR_DATA].value)
            for roi in dataset.ROIContourSequence
            for contour in roi.get("ContourSequence", ())
        ),
        default=0,
    )
    return ExplicitVRLittleEndian if longest <= LONGEST_EXPLICIT else ImplicitVRLittleEndian
