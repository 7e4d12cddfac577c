"""What the dose is between voxel centres: linear, or a cubic spline laid on a finer grid.

The engine integrates the trilinear interpolant exactly, and a trilinear interpolant cuts the tops
off curved dose: at 6 %/mm on a 3 mm grid that moves volumes of small structures by several per
cent. A cubic spline through the same voxels follows the curve. It is laid once, on a finer grid
around the structure, and the engine then integrates that grid as any other.

A spline can overshoot at a steep edge or on the noise of a Monte-Carlo dose. Every fine value is
therefore held within the range of the 4 x 4 x 4 voxels around it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from sbrt_qa.dosimetry._kernels import hold_within, refine_rows
from sbrt_qa.model.grid import DoseGrid, FloatArray

SPLINE_MARGIN = 4
"""Voxels around the structure that take part; a spline's memory fades by 0.27 per voxel."""

FINEST_MM = 0.5
"""Refinement stops at this spacing; finer, the trilinear and the cubic interpolant are one."""

MOST_VOXELS = 250_000
"""Fine voxels at most; a structure whose box would need more keeps the trilinear interpolant."""


class Interpolation(enum.StrEnum):
    """How dose between voxel centres is read."""

    LINEAR = "linear"
    """Trilinear everywhere."""
    CUBIC = "cubic"
    """Cubic spline, held within its neighbours' range, where the structure is small enough."""


@dataclass(frozen=True, slots=True)
class Box:
    """A cuboid in patient coordinates, mm: (low, high) along x, y and z."""

    x_mm: tuple[float, float]
    y_mm: tuple[float, float]
    z_mm: tuple[float, float]


def refined(dose: DoseGrid, box: Box) -> DoseGrid:
    """Return the dose around a box on a finer grid, or the same grid when that is not worth it.

    The result covers what the grid covers of the box, and at least one voxel around it.
    """
    axes = (dose.z_mm, dose.y_mm, dose.x_mm)
    spans = (box.z_mm, box.y_mm, box.x_mm)
    if any(high < a[0] or low > a[-1] for a, (low, high) in zip(axes, spans, strict=True)):
        return dose
    cuts = [_cover(a, span) for a, span in zip(axes, spans, strict=True)]
    if any(cut.stop - cut.start < 2 for cut in cuts):
        return dose
    factor = _factor([a[cut] for a, cut in zip(axes, cuts, strict=True)])
    if factor < 2:
        return dose
    values = dose.dose_gy[tuple(cuts)]
    coarse = [a[cut] for a, cut in zip(axes, cuts, strict=True)]
    fine = [_divided(a, factor) for a in coarse]
    low, high = _range_around(values)
    for axis, knots in enumerate(coarse):
        values = refined_along(values, axis, knots, factor)
    z, y, x = fine
    held = hold_within(values, factor, low, high)
    return DoseGrid(held, x, y, z, dose.frame_of_reference_uid, dose.summation, dose.dose_type)


def _cover(axis_mm: FloatArray, span: tuple[float, float]) -> slice:
    first = int(np.searchsorted(axis_mm, span[0], side="right")) - 1 - SPLINE_MARGIN
    last = int(np.searchsorted(axis_mm, span[1], side="left")) + 1 + SPLINE_MARGIN
    return slice(max(first, 0), min(last, axis_mm.size))


def _factor(axes_mm: list[FloatArray]) -> int:
    """Return into how many parts to divide every voxel; 1 when none is worth it."""
    widest = max(float(np.diff(a).max()) for a in axes_mm)
    wanted = int(np.ceil(widest / FINEST_MM))
    cells = float(np.prod([a.size - 1 for a in axes_mm]))
    affordable = int((MOST_VOXELS / cells) ** (1 / 3))
    return min(wanted, affordable)


def _divided(axis_mm: FloatArray, factor: int) -> FloatArray:
    part = np.arange(factor) / factor
    inner = axis_mm[:-1, None] + np.diff(axis_mm)[:, None] * part
    return np.append(inner.ravel(), axis_mm[-1])


def refined_along(values: FloatArray, axis: int, knots_mm: FloatArray, factor: int) -> FloatArray:
    """Return natural cubic splines along one axis, every gap divided into `factor` even parts."""
    rows = np.ascontiguousarray(np.moveaxis(values, axis, -1))
    fine = refine_rows(rows.reshape(-1, rows.shape[-1]), knots_mm, factor)
    shape = (*rows.shape[:-1], fine.shape[-1])
    return np.ascontiguousarray(np.moveaxis(fine.reshape(shape), -1, axis))


def _range_around(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return lowest and highest voxel of the 4 x 4 x 4 around each cell between voxels."""
    low = high = values
    for axis in range(3):
        low = _slide(low, axis, np.minimum)
        high = _slide(high, axis, np.maximum)
    return low, high


def _slide(values: FloatArray, axis: int, pick: np.ufunc) -> FloatArray:
    pad = [(1, 1) if a == axis else (0, 0) for a in range(3)]
    padded = np.pad(values, pad, mode="edge")
    cells = values.shape[axis] - 1
    along = np.moveaxis(padded, axis, 0)
    return np.moveaxis(np.asarray(pick.reduce([along[k : k + cells] for k in range(4)])), 0, axis)


def dose_at_gy(dose: DoseGrid, point_mm: tuple[float, float, float]) -> float | None:
    """Return the trilinearly interpolated dose at a point (x, y, z); None outside the grid."""
    block: FloatArray = dose.dose_gy
    for axis, at in zip((dose.z_mm, dose.y_mm, dose.x_mm), point_mm[::-1], strict=True):
        if not axis[0] <= at <= axis[-1]:
            return None
        low = min(int(np.searchsorted(axis, at, side="right")) - 1, max(axis.size - 2, 0))
        part = (at - axis[low]) / (axis[low + 1] - axis[low]) if axis.size > 1 else 0.0
        block = block[low] if axis.size == 1 else (1 - part) * block[low] + part * block[low + 1]
    return float(block)
