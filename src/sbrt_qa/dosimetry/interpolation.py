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

from sbrt_qa.dosimetry._kernels import hold_within
from sbrt_qa.model.grid import DoseGrid, FloatArray

SPLINE_MARGIN = 4
"""Voxels around the structure that take part; a spline's memory fades by 0.27 per voxel."""

FINEST_MM = 0.5
"""Refinement stops at this spacing; finer, the trilinear and the cubic interpolant are one."""

MOST_VOXELS = 600_000
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
    for axis, (old, new) in enumerate(zip(coarse, fine, strict=True)):
        values = np.moveaxis(np.tensordot(spline_matrix(old, new), values, (1, axis)), 0, axis)
    z, y, x = fine
    held = hold_within(np.ascontiguousarray(values), factor, low, high)
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


def spline_matrix(old_mm: FloatArray, new_mm: FloatArray) -> FloatArray:
    """Return the matrix that takes values at knots to values of their natural cubic spline.

    Shape ``(new, old)``. The knots need not be even; new places lie within them.
    """
    n = old_mm.size
    h = np.diff(old_mm)
    left, right = np.eye(n), np.zeros((n, n))
    for i in range(1, n - 1):
        left[i, i - 1 : i + 2] = h[i - 1], 2 * (h[i - 1] + h[i]), h[i]
        right[i, i - 1 : i + 2] = 6 / h[i - 1], -6 / h[i - 1] - 6 / h[i], 6 / h[i]
    bend = np.linalg.solve(left, right)
    cell = np.clip(np.searchsorted(old_mm, new_mm, side="right") - 1, 0, n - 2)
    width = h[cell][:, None]
    b = (new_mm - old_mm[cell])[:, None] / width
    a, values = 1 - b, np.eye(n)
    cubic = ((a**3 - a) * bend[cell] + (b**3 - b) * bend[cell + 1]) * width**2 / 6
    return np.asarray(a * values[cell] + b * values[cell + 1] + cubic)


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
    parts = [np.take(padded, np.arange(cells) + k, axis) for k in range(4)]
    return np.asarray(pick.reduce(parts))
