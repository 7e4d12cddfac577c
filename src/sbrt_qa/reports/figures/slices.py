"""One axial slice as values: image, contours, isodoses and the part where a limit fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from contourpy import FillType, LineType, contour_generator

from sbrt_qa.evidence.evidence import CtStack, Evidence, SlicePlace
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.structure import Structure

ByteArray = npt.NDArray[np.uint8]

WINDOW_HU: Final = (-160.0, 240.0)
"""Soft tissue: width 400, level 40."""

SAME_PLANE_MM: Final = 0.75
"""A contour belongs to a slice when it is nearer than this, or nearest within half a gap."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a picture shows: x from left to right (patient's right to left), y downwards, mm."""

    x_low_mm: float
    x_high_mm: float
    y_low_mm: float
    y_high_mm: float

    @property
    def width_mm(self) -> float:
        """Width."""
        return self.x_high_mm - self.x_low_mm

    @property
    def height_mm(self) -> float:
        """Height."""
        return self.y_high_mm - self.y_low_mm


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """The contours of one structure on a slice; each polygon is ``(n, 2)`` in mm."""

    key: str
    polygons: tuple[FloatArray, ...]


@dataclass(frozen=True, slots=True, eq=False)
class DrawnIsodose:
    """The lines of one dose, each ``(n, 2)`` in mm."""

    dose_gy: float
    lines: tuple[FloatArray, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SlicePicture:
    """What is to be drawn of one slice.

    Parameters
    ----------
    frame
        What it shows.
    z_mm
        Height of the slice.
    image, image_frame
        Grey values ``[y, x]`` and the mm that they cover, edges of pixels included; None without.
    outlines, isodoses
        Lines.
    wrong
        Polygons (to be filled by the even-odd rule) on the wrong side of the dose of the limit.
    within
        Key of the structure to which `wrong` is to be cut.
    around
        Whether `wrong` is cut to the outside of that structure instead.
    spot_mm
        The worst point (x, y) when it lies on this slice.
    sides
        Letters at the left, right, upper and lower edge.
    """

    frame: Frame
    z_mm: float
    image: ByteArray | None
    image_frame: Frame | None
    outlines: tuple[Outline, ...]
    isodoses: tuple[DrawnIsodose, ...]
    wrong: tuple[FloatArray, ...] = ()
    within: tuple[str, ...] = ()
    around: bool = False
    spot_mm: tuple[float, float] | None = None
    sides: tuple[str, str, str, str] = ("R", "L", "A", "P")


def place_picture(
    evidence: Evidence,
    place: SlicePlace,
    keys: Sequence[str],
    *,
    half_mm: tuple[float, float] = (72.0, 50.0),
    others: Sequence[str] = (),
    levels_gy: Sequence[float] = (),
) -> SlicePicture:
    """Return the slice on which a limit fails.

    Parameters
    ----------
    keys
        Structures that the limit is about.
    half_mm
        Half width and half height of the picture.
    others
        Further structures to draw.
    levels_gy
        Further isodoses; that of the limit is always drawn.
    """
    z_mm = place.slice_mm
    frame = _frame(evidence, keys, place, half_mm)
    image, image_frame = _image(evidence.image, z_mm, frame)
    drawn = dict.fromkeys([*keys, *others])
    levels = [place.level_gy, *(v for v in levels_gy if abs(v - place.level_gy) > 0.5)]
    plane = _dose_plane(evidence.dose, z_mm, frame)
    x, y, spot_z = place.point_mm
    return SlicePicture(
        frame=frame,
        z_mm=z_mm,
        image=image,
        image_frame=image_frame,
        outlines=tuple(outlines(evidence, z_mm, drawn)),
        isodoses=tuple(isodoses(plane, [v for v in levels if v > 0])),
        wrong=filled(plane, place.level_gy, too_hot=place.too_hot),
        within=tuple(keys),
        around=place.around,
        spot_mm=(x, y) if abs(spot_z - z_mm) < SAME_PLANE_MM else None,
    )


def outlines(
    evidence: Evidence, z_mm: float, keys: Sequence[str] | dict[str, None]
) -> Iterator[Outline]:
    """Yield the contours of structures on a slice, those that have any."""
    for key in keys:
        structure = evidence.structures.get(key)
        polygons = tuple(contours_at(structure, z_mm)) if structure else ()
        if polygons:
            yield Outline(key, polygons)


def contours_at(structure: Structure, z_mm: float) -> Iterator[FloatArray]:
    """Yield the polygons on a structure's plane nearest to a height, if that is near enough."""
    heights = np.array([c.z_mm for c in structure.contours])
    if not heights.size:
        return
    planes = np.unique(np.round(heights, 3))
    nearest = planes[np.abs(planes - z_mm).argmin()]
    gap = float(np.median(np.diff(planes))) if planes.size > 1 else 0.0
    if abs(nearest - z_mm) > max(gap / 2, SAME_PLANE_MM):
        return
    for contour, height in zip(structure.contours, heights, strict=True):
        if abs(height - nearest) < 0.01:
            yield contour.xy_mm


def grey(hu: npt.NDArray[np.int16], window_hu: tuple[float, float] = WINDOW_HU) -> ByteArray:
    """Return Hounsfield units as grey values of a window."""
    low, high = window_hu
    return np.asarray(np.clip((hu - low) * (255 / (high - low)), 0, 255), dtype=np.uint8)


def _frame(
    evidence: Evidence, keys: Sequence[str], place: SlicePlace, half_mm: tuple[float, float]
) -> Frame:
    """Centre on the structure's part near the worst point, within what there is to see."""
    x, y, _ = place.point_mm
    found = [p for o in outlines(evidence, place.slice_mm, list(keys)) for p in o.polygons]
    if found:
        low = np.min([p.min(axis=0) for p in found], axis=0)
        high = np.max([p.max(axis=0) for p in found], axis=0)
        middle = (low + high) / 2
        reach = np.maximum((high - low) / 2 + 12 - np.array(half_mm), 0)
        x = float(np.clip(middle[0], x - half_mm[0] * 0.7, x + half_mm[0] * 0.7))
        y = float(np.clip(middle[1], y - half_mm[1] * 0.7, y + half_mm[1] * 0.7))
        grow = 1 + min(float((reach / np.array(half_mm)).max()), 0.5)
        half_mm = (half_mm[0] * grow, half_mm[1] * grow)
    return Frame(x - half_mm[0], x + half_mm[0], y - half_mm[1], y + half_mm[1])


def _image(
    image: CtStack | None, z_mm: float, frame: Frame
) -> tuple[ByteArray | None, Frame | None]:
    if image is None:
        return None, None
    k = int(np.abs(image.z_mm - z_mm).argmin())
    rows, columns = (
        within(image.y_mm, frame.y_low_mm, frame.y_high_mm),
        within(image.x_mm, frame.x_low_mm, frame.x_high_mm),
    )
    pixels = grey(image.hu[k, rows, columns])
    if not pixels.size:
        return None, None
    x, y = image.x_mm[columns], image.y_mm[rows]
    dx, dy = half_step(image.x_mm), half_step(image.y_mm)
    covered = Frame(float(x[0]) - dx, float(x[-1]) + dx, float(y[0]) - dy, float(y[-1]) + dy)
    return pixels, covered


def within(axis_mm: FloatArray, low_mm: float, high_mm: float) -> slice:
    """Return the part of an ascending axis that covers a range."""
    first = int(np.searchsorted(axis_mm, low_mm, side="right")) - 1
    last = int(np.searchsorted(axis_mm, high_mm, side="left")) + 1
    return slice(max(first, 0), min(last, axis_mm.size))


def half_step(axis_mm: FloatArray) -> float:
    """Return half the distance of an axis' points, in mm."""
    return float(axis_mm[1] - axis_mm[0]) / 2 if axis_mm.size > 1 else 0.5


DosePlane = tuple[FloatArray, FloatArray, FloatArray]
"""x, y and the dose ``[y, x]``."""


def dose_plane(dose: DoseGrid, z_mm: float) -> FloatArray | None:
    """Return the trilinear dose at a height on the grid's (y, x), None outside the grid."""
    z = dose.z_mm
    if not z[0] - 1e-6 <= z_mm <= z[-1] + 1e-6:
        return None
    k = int(np.clip(np.searchsorted(z, z_mm, side="right") - 1, 0, max(z.size - 2, 0)))
    if z.size == 1:
        return np.asarray(dose.dose_gy[0])
    part = float(np.clip((z_mm - z[k]) / (z[k + 1] - z[k]), 0, 1))
    return np.asarray((1 - part) * dose.dose_gy[k] + part * dose.dose_gy[k + 1])


def _dose_plane(dose: DoseGrid | None, z_mm: float, frame: Frame) -> DosePlane | None:
    plane = None if dose is None else dose_plane(dose, z_mm)
    if dose is None or plane is None:
        return None
    rows = within(dose.y_mm, frame.y_low_mm, frame.y_high_mm)
    columns = within(dose.x_mm, frame.x_low_mm, frame.x_high_mm)
    cut = plane[rows, columns]
    if min(cut.shape) < 2:
        return None
    return dose.x_mm[columns], dose.y_mm[rows], cut


def isodoses(plane: DosePlane | None, levels_gy: Sequence[float]) -> Iterator[DrawnIsodose]:
    """Yield the lines of doses on a plane, those that it has."""
    if plane is None:
        return
    made = contour_generator(*plane, line_type=LineType.Separate)
    for level in levels_gy:
        lines = tuple(np.asarray(line) for line in made.lines(level))
        if lines:
            yield DrawnIsodose(level, lines)


def filled(plane: DosePlane | None, level_gy: float, *, too_hot: bool) -> tuple[FloatArray, ...]:
    """Return the polygons above or below a dose, to be filled by the even-odd rule."""
    if plane is None or level_gy <= 0:
        return ()
    made = contour_generator(*plane, fill_type=FillType.OuterOffset)
    high, low = float(plane[2].max()) + 1.0, float(plane[2].min()) - 1.0
    span = (level_gy, high) if too_hot else (low, level_gy)
    if span[0] >= span[1]:
        return ()
    found: tuple[Any, ...] = made.filled(*span)
    points, offsets = found[:2]
    rings = [
        np.asarray(p[a:b])
        for p, o in zip(points, offsets, strict=True)
        for a, b in pairwise(o.tolist())
    ]
    return tuple(rings)
