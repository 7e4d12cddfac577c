"""The coronal and the sagittal cut through a point: image, outlines and dose, head upwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from contourpy import LineType, contour_generator

from sbrt_qa.evidence.evidence import CtStack, Evidence, Point
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.structure import Structure
from sbrt_qa.reports.figures.slices import (
    ByteArray,
    DosePlane,
    Frame,
    Outline,
    SlicePicture,
    filled,
    grey,
    half_step,
    isodoses,
    within,
)

CORONAL: Final = 0
SAGITTAL: Final = 1
"""Number of the axis, x or y, that runs from left to right in the picture."""

SIDES: Final = {CORONAL: ("R", "L", "H", "F"), SAGITTAL: ("A", "P", "H", "F")}
"""Letters at the left, right, upper and lower edge."""

STEP_MM: Final = 0.5
"""Between the points at which an outline is looked for."""


def cut_picture(
    evidence: Evidence,
    axis: int,
    point_mm: Point,
    keys: Sequence[str],
    level_gy: float,
    *,
    others: Sequence[str] = (),
    half_mm: tuple[float, float] = (72.0, 50.0),
) -> SlicePicture:
    """Return the cut through a point along one axis and z, with what lacks a dose in structures.

    Parameters
    ----------
    axis
        `CORONAL` or `SAGITTAL`.
    keys
        Structures in which less than the level is wrong.
    level_gy
        The dose that they should have; its isodose is drawn.
    others
        Further structures to draw.
    """
    u, v = point_mm[axis], -point_mm[2]
    frame = Frame(u - half_mm[0], u + half_mm[0], v - half_mm[1], v + half_mm[1])
    image, image_frame = _image(evidence.image, axis, point_mm, frame)
    plane = None if evidence.dose is None else _dose(evidence.dose, axis, point_mm, frame)
    return SlicePicture(
        frame=frame,
        z_mm=point_mm[2],
        image=image,
        image_frame=image_frame,
        outlines=tuple(_outlines(evidence, axis, point_mm, dict.fromkeys([*keys, *others]))),
        isodoses=tuple(isodoses(plane, [level_gy])),
        wrong=filled(plane, level_gy, too_hot=False),
        within=tuple(keys),
        sides=SIDES[axis],
    )


def _image(
    image: CtStack | None, axis: int, point_mm: Point, frame: Frame
) -> tuple[ByteArray | None, Frame | None]:
    if image is None or image.z_mm.size < 2:
        return None, None
    across, along = (image.y_mm, image.x_mm) if axis == CORONAL else (image.x_mm, image.y_mm)
    at = int(np.abs(across - point_mm[1 - axis]).argmin())
    columns = within(along, frame.x_low_mm, frame.x_high_mm)
    rows = within(image.z_mm, -frame.y_high_mm, -frame.y_low_mm)
    hu = image.hu[rows, at, columns] if axis == CORONAL else image.hu[rows, columns, at]
    if not hu.size:
        return None, None
    u, z, du = along[columns], image.z_mm[rows], half_step(along)
    even = np.linspace(z[0], z[-1], max(round(float(z[-1] - z[0]) / (2 * du)), 1) + 1)
    nearest = np.abs(z[:, None] - even).argmin(axis=0)
    dz = float(even[1] - even[0]) / 2 if even.size > 1 else half_step(image.z_mm)
    covered = Frame(float(u[0]) - du, float(u[-1]) + du, -float(z[-1]) - dz, -float(z[0]) + dz)
    return grey(hu[nearest[::-1]]), covered


def _dose(dose: DoseGrid, axis: int, point_mm: Point, frame: Frame) -> DosePlane | None:
    across, along = (dose.y_mm, dose.x_mm) if axis == CORONAL else (dose.x_mm, dose.y_mm)
    where = point_mm[1 - axis]
    if across.size < 2 or not across[0] <= where <= across[-1]:
        return None
    k = int(np.clip(np.searchsorted(across, where, side="right") - 1, 0, across.size - 2))
    part = (where - across[k]) / (across[k + 1] - across[k])
    columns = within(along, frame.x_low_mm, frame.x_high_mm)
    rows = within(dose.z_mm, -frame.y_high_mm, -frame.y_low_mm)
    cut = dose.dose_gy[rows, k : k + 2, columns]
    if axis == SAGITTAL:
        cut = dose.dose_gy[rows, columns, k : k + 2].transpose(0, 2, 1)
    plane = (1 - part) * cut[:, 0] + part * cut[:, 1]
    if min(plane.shape) < 2:
        return None
    return along[columns], -dose.z_mm[rows][::-1], np.ascontiguousarray(plane[::-1])


def _outlines(
    evidence: Evidence, axis: int, point_mm: Point, keys: dict[str, None]
) -> Iterator[Outline]:
    for key in keys:
        structure = evidence.structures.get(key)
        lines = tuple(_cut(structure, axis, point_mm[1 - axis])) if structure else ()
        if lines:
            yield Outline(key, lines)


def _cut(structure: Structure, axis: int, across_mm: float) -> Iterator[FloatArray]:
    """Yield where a plane cuts a structure, as lines of (u, -z) in mm.

    On every slice the signed distance to the contour is taken along the plane, and between slices
    it runs linearly; beyond the end slices it falls to nothing within half a gap.
    """
    planes = _planes(structure)
    if not planes:
        return
    heights = np.array(sorted(planes))
    gap = float(np.median(np.diff(heights))) if heights.size > 1 else 2.0
    rings = [ring for height in heights for ring in planes[height]]
    low = min(float(ring[:, axis].min()) for ring in rings) - 2
    high = max(float(ring[:, axis].max()) for ring in rings) + 2
    u = np.arange(low, high + STEP_MM, STEP_MM)
    rows, z = [], []
    for n, height in enumerate(heights):
        inside = _signed_mm(planes[height], axis, across_mm, u)
        ends = inside - 2 * max(float(inside.max()), 0.1)
        if n == 0 or height - heights[n - 1] > 1.6 * gap:
            rows.append(ends)
            z.append(height - gap)
        rows.append(inside)
        z.append(height)
        if n == heights.size - 1 or heights[n + 1] - height > 1.6 * gap:
            rows.append(ends)
            z.append(height + gap)
    made = contour_generator(u, -np.array(z), np.array(rows), line_type=LineType.Separate)
    yield from (np.asarray(line) for line in made.lines(0.0))


def _planes(structure: Structure) -> dict[float, list[FloatArray]]:
    found: dict[float, list[FloatArray]] = {}
    for contour in structure.contours:
        found.setdefault(round(contour.z_mm, 2), []).append(contour.xy_mm)
    return found


def _signed_mm(
    rings: Sequence[FloatArray], axis: int, across_mm: float, u: FloatArray
) -> FloatArray:
    """Return the distance of points (u, across) to the nearest edge, positive inside the rings."""
    nearest = np.full(u.size, np.inf)
    crossings = np.zeros(u.size, dtype=np.intp)
    for ring in rings:
        p = ring[:, (axis, 1 - axis)] - (0.0, across_mm)
        d = np.roll(p, -1, axis=0) - p
        along = np.maximum((d**2).sum(axis=1), 1e-12)
        t = np.clip((d[:, 0] * (u[:, None] - p[:, 0]) - d[:, 1] * p[:, 1]) / along, 0, 1)
        off = np.hypot(p[:, 0] + t * d[:, 0] - u[:, None], p[:, 1] + t * d[:, 1])
        nearest = np.minimum(nearest, off.min(axis=1))
        cut = (p[:, 1] > 0) != (p[:, 1] + d[:, 1] > 0)
        at = p[cut, 0] - p[cut, 1] * d[cut, 0] / d[cut, 1]
        crossings += (at > u[:, None]).sum(axis=1)
    return np.where(crossings % 2 == 1, nearest, -nearest)
