"""Oddities of RTSTRUCT."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset

from sbrt_qa.dicom.write.common import item
from sbrt_qa.testing.oddities.editing import contours, points, points_text, put_points, put_raw
from sbrt_qa.testing.oddities.registry import Effect, oddity


@oddity("RTSTRUCT", Effect.NONE)
def decimals_of_twenty_characters(structures: Dataset) -> None:
    """Decimal strings longer than the 16 characters that DICOM allows."""
    for contour in contours(structures):
        text = "\\".join(f"{v:.17f}" for v in points(contour).ravel())
        put_raw(contour, "ContourData", text.encode(), "DS")


@oddity("RTSTRUCT", Effect.NONE)
def contour_data_of_unknown_vr(structures: Dataset) -> None:
    """Contour Data as inline binary of VR UN."""
    for contour in contours(structures):
        put_raw(contour, "ContourData", points_text(contour), "UN")


@oddity("RTSTRUCT", Effect.NONE)
def no_number_of_points(structures: Dataset) -> None:
    """Number of Contour Points is absent."""
    for contour in contours(structures):
        del contour.NumberOfContourPoints


@oddity("RTSTRUCT", Effect.NONE)
def points_turned_round(structures: Dataset) -> None:
    """Every second contour runs the other way round, and repeats its first point."""
    for contour in contours(structures)[::2]:
        xyz = points(contour)[::-1]
        put_points(contour, np.concatenate([xyz, xyz[:1]]))


@oddity("RTSTRUCT", Effect.NONE)
def points_and_lines_among_contours(structures: Dataset) -> None:
    """A point, an open line and a closed contour of two points beside the real contours."""
    first = contours(structures)[0]
    odd = (("POINT", 1), ("OPEN_PLANAR", 3), ("CLOSED_PLANAR", 2))
    for kind, count in odd:
        extra = item(ContourGeometricType=kind)
        put_points(extra, points(first)[:count])
        structures.ROIContourSequence[0].ContourSequence.append(extra)


@oddity("RTSTRUCT", Effect.NONE)
def contour_drawn_twice(structures: Dataset) -> None:
    """One contour is there twice; counted by even and odd the second would undo the first."""
    copy = item(ContourGeometricType="CLOSED_PLANAR")
    put_points(copy, points(contours(structures)[0]))
    structures.ROIContourSequence[0].ContourSequence.append(copy)


@oddity("RTSTRUCT", Effect.NONE)
def roi_without_contours(structures: Dataset) -> None:
    """An ROI that nobody drew."""
    frame = structures.StructureSetROISequence[0].ReferencedFrameOfReferenceUID
    structures.StructureSetROISequence.append(
        item(ROINumber=999, ROIName="Empty", ReferencedFrameOfReferenceUID=frame)
    )


@oddity("RTSTRUCT", Effect.NONE)
def wrong_roi_types(structures: Dataset) -> None:
    """Every ROI is typed EXTERNAL."""
    for observed in structures.RTROIObservationsSequence:
        observed.RTROIInterpretedType = "EXTERNAL"


@oddity("RTSTRUCT", Effect.REPAIRED, "odd-contour-type")
def interpolated_contours(structures: Dataset) -> None:
    """Contour Geometric Type INTERPOLATED_PLANAR."""
    for contour in contours(structures):
        put_raw(contour, "ContourGeometricType", b"INTERPOLATED_PLANAR", "CS")


@oddity("RTSTRUCT", Effect.REPAIRED, "plane-noise")
def rounding_noise_in_z(structures: Dataset) -> None:
    """Contours of one plane differ in z by less than a hundredth of a millimetre."""
    for noisy, contour in enumerate(contours(structures)):
        xyz = points(contour)
        xyz[:, 2] += 0.0005 * (noisy % 2)
        put_points(contour, xyz)


@oddity("RTSTRUCT", Effect.REPAIRED, "undeclared-character-set")
def undeclared_chinese(structures: Dataset) -> None:
    """A name in GB18030, and no Specific Character Set."""
    structures.pop("SpecificCharacterSet", None)
    name = "肝脏".encode("gb18030")
    put_raw(structures.StructureSetROISequence[-1], "ROIName", name, "LO")


@oddity("RTSTRUCT", Effect.STRUCTURE_REFUSED)
def comma_decimals(structures: Dataset) -> None:
    """Decimal commas in one contour."""
    contour = contours(structures)[0]
    put_raw(contour, "ContourData", points_text(contour).replace(b".", b",") + b"\\1,5", "DS")


@oddity("RTSTRUCT", Effect.STRUCTURE_REFUSED)
def coordinate_that_is_no_number(structures: Dataset) -> None:
    """One coordinate is nan."""
    contour = contours(structures)[0]
    put_raw(contour, "ContourData", b"nan\\" + points_text(contour).partition(b"\\")[2], "DS")


@oddity("RTSTRUCT", Effect.STRUCTURE_REFUSED)
def fewer_points_than_declared(structures: Dataset) -> None:
    """One contour has lost its last point."""
    contour = contours(structures)[0]
    declared = contour.NumberOfContourPoints
    put_points(contour, points(contour)[:-1])
    contour.NumberOfContourPoints = declared


@oddity("RTSTRUCT", Effect.STRUCTURE_REFUSED)
def tilted_contour(structures: Dataset) -> None:
    """One contour does not lie in an axial plane."""
    contour = contours(structures)[0]
    xyz = points(contour)
    xyz[:, 2] += 0.1 * (xyz[:, 0] - xyz[0, 0])
    put_points(contour, xyz)
