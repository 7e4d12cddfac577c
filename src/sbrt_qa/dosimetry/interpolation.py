"""What the dose is between voxel centres: linear, or a cubic spline laid on a finer grid.

The engine integrates the trilinear interpolant exactly, and a trilinear interpolant cuts the tops
off curved dose: at 6 %/mm on a 3 mm grid that moves volumes of small structures by several per
cent. A cubic spline through the same voxels follows the curve. It is laid once, on a finer grid
around the structure, and the engine then integrates that grid as any other.

A spline can overshoot at a steep edge or on the noise of a Monte-Carlo dose. Every fine value is
therefore held within the range of the 4 x 4 x 4 voxels around it, and where the noise is strong the
trilinear interpolant, which averages a little more of it out, stays.
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


NOISY = 0.0075
"""Noise of the voxels around a structure, as a part of the highest of them, from which on dose is
read linearly."""

_FOURTH = np.array([1.0, -4.0, 6.0, -4.0, 1.0])
"""Weights of a fourth difference: smooth dose hardly has one."""

_SPREAD_OF_MEDIAN = 0.6745
"""Median size of a normal variable in standard deviations."""


class Interpolation(enum.StrEnum):
    """How dose between voxel centres is read."""

    LINEAR = "linear"
    """Trilinear everywhere."""
    CUBIC = "cubic"
    """Cubic spline, held within its neighbours' range, where the structure is small enough."""
    UNHELD = "cubic_unheld"
    """The same spline left free, so that it may rise above the highest voxel of a smooth peak."""
    COARSE = "linear_coarse"
    """Trilinear between every second voxel: shows how much the spacing matters."""


@dataclass(frozen=True, slots=True)
class GridBox:
    """A cuboid in patient coordinates, mm: (low, high) along x, y and z."""

    x_mm: tuple[float, float]
    y_mm: tuple[float, float]
    z_mm: tuple[float, float]


def refinement(dose: DoseGrid, box: GridBox, how: Interpolation = Interpolation.CUBIC) -> int:
    """Return into how many parts `refined` divides every voxel around a box; 1 for none."""
    cuts = _cuts(dose, box)
    if cuts is None or how in (Interpolation.LINEAR, Interpolation.COARSE):
        return 1
    axes = (dose.z_mm, dose.y_mm, dose.x_mm)
    factor = _factor([a[cut] for a, cut in zip(axes, cuts, strict=True)])
    around = dose.dose_gy[cuts]
    # A spline passes through every voxel, noise and all; the trilinear interpolant averages a
    # little.
    if factor > 1 and noise_gy(around) > NOISY * float(around.max()):
        return 1
    return factor


def noise_gy(values: FloatArray) -> float:
    """Estimate the standard deviation of the noise on voxels ``[z, y, x]``; 0 for fewer than five.

    From the median fourth difference along each axis; the least of them, because noise shows along
    every axis and the curvature of a dose seldom does.
    """
    if min(values.shape) < _FOURTH.size:
        return 0.0
    # A fourth difference of noise of standard deviation s has sqrt(1 + 16 + 36 + 16 + 1) s = 8.4 s;
    # the median of the absolute values of a normal variable is 0.6745 of that. The median, because
    # a steep edge touches a few voxels, noise all.
    unit = _SPREAD_OF_MEDIAN * float(np.sqrt((_FOURTH**2).sum()))
    return (
        min(float(np.median(np.abs(_fourth_differences(values, axis)))) for axis in range(3)) / unit
    )


def _fourth_differences(values: FloatArray, axis: int) -> FloatArray:
    along = np.moveaxis(values, axis, 0)
    count = along.shape[0] - _FOURTH.size + 1
    return np.asarray(sum(w * along[k : k + count] for k, w in enumerate(_FOURTH)))


def refined(
    dose: DoseGrid, box: GridBox, how: Interpolation = Interpolation.CUBIC, reach_mm: float = 0.0
) -> DoseGrid:
    """Return the dose around a box on a finer grid, or the same grid when that is not worth it.

    The result covers what the grid covers of the box, and at least one voxel around it; with a
    reach, that much more on every side, as finely as the box alone.
    """
    cuts, factor = _cuts(dose, _grown(box, reach_mm)), refinement(dose, box, how)
    if cuts is not None and how is Interpolation.COARSE:
        return _thinned(dose, cuts)
    if cuts is None or factor < 2:
        return dose
    values = dose.dose_gy[cuts]
    axes = (dose.z_mm, dose.y_mm, dose.x_mm)
    coarse = [a[cut] for a, cut in zip(axes, cuts, strict=True)]
    z, y, x = [_divided(a, factor) for a in coarse]
    # One axis after the other: a tensor-product spline does not depend on the order.
    low, high = _range_around(values)
    for axis, knots in enumerate(coarse):
        values = refined_along(values, axis, knots, factor)
    # Free, it may still not be negative. Held, it stays within the 4 x 4 x 4 voxels around.
    if how is Interpolation.UNHELD:
        values = np.maximum(values, 0.0)
    else:
        values = hold_within(values, factor, low, high)
    return DoseGrid(values, x, y, z, dose.frame_of_reference_uid, dose.summation, dose.dose_type)


def _grown(box: GridBox, reach_mm: float) -> GridBox:
    spans = ((low - reach_mm, high + reach_mm) for low, high in (box.x_mm, box.y_mm, box.z_mm))
    return GridBox(*spans)


def _cuts(dose: DoseGrid, box: GridBox) -> tuple[slice, slice, slice] | None:
    """Return what takes part along z, y and x; None where the grid has too little of the box."""
    axes = (dose.z_mm, dose.y_mm, dose.x_mm)
    spans = (box.z_mm, box.y_mm, box.x_mm)
    if any(high < a[0] or low > a[-1] for a, (low, high) in zip(axes, spans, strict=True)):
        return None
    z, y, x = [_cover(a, span) for a, span in zip(axes, spans, strict=True)]
    return (z, y, x) if min(cut.stop - cut.start for cut in (z, y, x)) > 1 else None


def _thinned(dose: DoseGrid, cuts: tuple[slice, slice, slice]) -> DoseGrid:
    """Return every second voxel around a box; the grid as it is where that would not cover it."""
    axes = (dose.z_mm, dose.y_mm, dose.x_mm)
    kept = [np.arange(cut.start, cut.stop) for cut in cuts]
    for number, (axis, index) in enumerate(zip(axes, kept, strict=True)):
        # Every second voxel, and one more where the last would fall short of the box.
        even = np.arange(index[0], min(index[-1] + 2, axis.size), 2)
        if even.size < 2 or even[-1] < index[-1]:
            return dose
        kept[number] = even
    values = dose.dose_gy[np.ix_(*kept)]
    z, y, x = (axis[index] for axis, index in zip(axes, kept, strict=True))
    return DoseGrid(values, x, y, z, dose.frame_of_reference_uid, dose.summation, dose.dose_type)


def _cover(axis_mm: FloatArray, span: tuple[float, float]) -> slice:
    first = int(np.searchsorted(axis_mm, span[0], side="right")) - 1 - SPLINE_MARGIN
    last = int(np.searchsorted(axis_mm, span[1], side="left")) + 1 + SPLINE_MARGIN
    return slice(max(first, 0), min(last, axis_mm.size))


def _factor(axes_mm: list[FloatArray]) -> int:
    """Return into how many parts to divide every voxel; 1 when none is worth it."""
    widest = max(float(np.diff(a).max()) for a in axes_mm)
    wanted = int(np.ceil(widest / FINEST_MM))
    cells = float(np.prod([a.size - 1 for a in axes_mm]))
    # As fine as wanted, or as many voxels as are affordable; below 2 the grid stays as it is.
    affordable = int((MOST_VOXELS / cells) ** (1 / 3))
    return max(min(wanted, affordable), 1)


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
    # Minimum over a cube is the minimum along one axis after the other.
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
