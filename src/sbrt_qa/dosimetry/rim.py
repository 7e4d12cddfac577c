"""The dose in the outer halves of the outer voxels, and in ends that no contour draws.

Values stand at voxel centres, so the outer voxels reach half a voxel beyond the hull of the
centres; and the ends of a structure beyond its last planes are a convention of ours. A structure
that leaves the hull by no more than these is not one without dose: there the nearest value counts.
A structure that leaves them as well keeps the hull, and no dose is made up for it.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.accumulation import box_of, curve_of
from sbrt_qa.dosimetry.histogram import OUTSIDE_TOLERANCE
from sbrt_qa.dosimetry.kept_steps import Kept
from sbrt_qa.geometry.regions import Cells, Region
from sbrt_qa.geometry.scanlines import Spans, section_mm2
from sbrt_qa.model.grid import DoseGrid, FloatArray

LINES: Final = 2000
"""Scan lines, about, that tell how much of a structure leaves the voxels."""

SAME_MM: Final = 1e-3
"""Contours that far beyond the face of a voxel lie on it."""

Span = tuple[float, float]
"""From a lower to a higher coordinate, mm."""


def with_rim(
    fine: DoseGrid,
    dose: DoseGrid,
    region: Region,
    cells: Cells,
    others: Cells | None = None,
    lines: Spans | None = None,
    kept: Kept | None = None,
) -> DoseGrid:
    """Return a dose that also reaches over the rim, where a structure needs no more than that.

    Parameters
    ----------
    fine
        The dose as it is read around the structure; it ends where `dose` ends.
    dose
        The dose of the file.
    region, cells
        The structure. Where more than `OUTSIDE_TOLERANCE` of it lies beyond the rim, `fine` is
        returned as it is.
    others
        The same structure with other ends, which are held as well.
    lines
        Scan lines through the structure, where there are some; they tell how much of it leaves.
    kept
        Values of other readings, which are used again: how far they reach stands in the axes alone.
    """
    if min(*dose.dose_gy.shape, *fine.dose_gy.shape) < 2:
        return fine
    spans = _spans(fine, dose, region, cells, others)
    axes = (fine.z_mm, fine.y_mm, fine.x_mm)
    if all(a[0] <= low and high <= a[-1] for a, (low, high) in zip(axes, spans, strict=True)):
        return fine
    share = _share_beyond(cells, spans) if lines is None else _share_of_lines(lines, spans)
    if share > OUTSIDE_TOLERANCE:
        return fine
    z = _with_ends(fine.z_mm, spans[0])
    y, x = (_with_steps(axis, span) for axis, span in zip(axes[1:], spans[1:], strict=True))
    pads = (z[1], y[1], x[1])
    kept = kept or Kept()
    values = kept.of((fine, pads), lambda: np.pad(fine.dose_gy, pads, mode="edge"))
    return dataclasses.replace(fine, dose_gy=values, x_mm=x[0], y_mm=y[0], z_mm=z[0])


def _spans(
    fine: DoseGrid, dose: DoseGrid, region: Region, cells: Cells, others: Cells | None
) -> tuple[Span, Span, Span]:
    """Return how far doses are wanted along z, y and x: no less than there are, never too far."""
    box = box_of(cells)
    low, high = box.z_mm
    if others is not None:
        there = box_of(others).z_mm
        low, high = min(low, there[0]), max(high, there[1])
    planes = [solid.plane_mm for solid in region.solids if solid.plane_mm.size]
    first, last = min(float(p.min()) for p in planes), max(float(p.max()) for p in planes)
    below, above = _faces(dose.z_mm)
    if first >= below - SAME_MM:  # what lies below it no contour draws
        below = min(below, low)
    if last <= above + SAME_MM:
        above = max(above, high)
    z = _held((low, high), fine.z_mm, dose.z_mm, (below, above))
    y = _held(box.y_mm, fine.y_mm, dose.y_mm, _faces(dose.y_mm))
    x = _held(box.x_mm, fine.x_mm, dose.x_mm, _faces(dose.x_mm))
    return z, y, x


def _faces(axis_mm: FloatArray) -> Span:
    """Return where the outer voxels end, half a spacing beyond their centres."""
    first, last = axis_mm[1] - axis_mm[0], axis_mm[-1] - axis_mm[-2]
    return float(axis_mm[0] - first / 2), float(axis_mm[-1] + last / 2)


def _held(box: Span, fine_mm: FloatArray, axis_mm: FloatArray, reach: Span) -> Span:
    """Return the fine grid along one axis; where the box leaves it, the hull, else the reach."""
    low, high = float(fine_mm[0]), float(fine_mm[-1])
    if box[0] < low:
        low = float(axis_mm[0]) if box[0] >= axis_mm[0] else reach[0]
    if box[1] > high:
        high = float(axis_mm[-1]) if box[1] <= axis_mm[-1] else reach[1]
    return low, high


def _share_beyond(cells: Cells, spans: tuple[Span, Span, Span]) -> float:
    """Return the part of a structure that lies beyond all that has a dose, 0 to 1."""
    z, y, x = (np.array(span) for span in spans)
    nothing = DoseGrid(np.zeros((2, 2, 2)), x, y, z)
    found = curve_of(cells, nothing, np.array([0.0, 1.0]), section_mm2(cells) / LINES)
    return 1 - found.inside_cc / found.volume_cc if found.volume_cc > 0 else 1.0


def _share_of_lines(lines: Spans, spans: tuple[Span, Span, Span]) -> float:
    """Return the same part, told by lines that have been scanned."""
    (z_low, z_high), (y_low, y_high), (x_low, x_high) = spans
    y, z = lines.lines.y_mm, lines.lines.z_mm
    has_dose = (y >= y_low) & (y <= y_high) & (z >= z_low) & (z <= z_high)
    per_span = np.diff(lines.start)
    weight = np.repeat(lines.lines.weight_mm2, per_span)
    whole = float((weight * (lines.x_high_mm - lines.x_low_mm)).sum())
    ends = np.minimum(lines.x_high_mm, x_high) - np.maximum(lines.x_low_mm, x_low)
    inside = float((weight * np.repeat(has_dose, per_span) * np.maximum(ends, 0.0)).sum())
    return 1 - inside / whole if whole > 0 else 1.0


def _with_ends(axis_mm: FloatArray, span: Span) -> tuple[FloatArray, tuple[int, int]]:
    """Return an axis that may be uneven with up to one more place at each end."""
    low, high = [v for v in span[:1] if v < axis_mm[0]], [v for v in span[1:] if v > axis_mm[-1]]
    return np.concatenate([low, axis_mm, high]), (len(low), len(high))


def _with_steps(axis_mm: FloatArray, span: Span) -> tuple[FloatArray, tuple[int, int]]:
    """Return an even axis with as many more steps at each end as reach over the rim."""
    step = float(axis_mm[-1] - axis_mm[0]) / (axis_mm.size - 1)
    low = max(int(np.ceil((axis_mm[0] - span[0]) / step - SAME_MM)), 0)
    high = max(int(np.ceil((span[1] - axis_mm[-1]) / step - SAME_MM)), 0)
    below, above = step * np.arange(-low, 0), step * np.arange(1, high + 1)
    return np.concatenate([axis_mm[0] + below, axis_mm, axis_mm[-1] + above]), (low, high)
