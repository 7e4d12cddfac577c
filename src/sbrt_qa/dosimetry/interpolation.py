"""What the dose is between voxel centres: linear, or a cubic spline laid on a finer grid.

The engine integrates the trilinear interpolant exactly, and a trilinear interpolant cuts the tops
off curved dose: at 6 %/mm on a 3 mm grid that moves volumes of small structures by several per
cent. A cubic spline through the same voxels follows the curve. It is laid once, on a finer grid
around the structure, and the engine then integrates that grid as any other.

A spline can overshoot at a steep edge or on the noise of a Monte-Carlo dose. Every fine value is
therefore held within the range of the 4 x 4 x 4 voxels around it, but for tops and hollows that are
round on all sides; and where the noise is strong the trilinear interpolant, which averages a little
more of it out, stays.
"""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sbrt_qa.dosimetry._kernels import refine_rows
from sbrt_qa.dosimetry.noise._kernels import noise_of_blocks
from sbrt_qa.dosimetry.spline.dose_field import BLOCK, DoseField, Kinds, field_of
from sbrt_qa.model.grid import DoseGrid, FloatArray

SPLINE_MARGIN = 4
"""Voxels around the structure that take part; a spline's memory fades by 0.27 per voxel."""

FINEST_MM = 0.5
"""Refinement stops at this spacing; finer, the trilinear and the cubic interpolant are one."""

LEAST_PARTS = 4
"""Parts of a voxel at least, where it is refined at all: small targets lie on fine voxels."""

FIELD_MARGIN = 8
"""The same where the spline is evaluated without a finer grid."""

MOST_VOXELS = 250_000
"""Fine voxels at most; beyond, the spline is evaluated along the scan lines instead."""

MOST_OF_FIELD = 2**25
"""Voxels of the file through which one spline is laid at most; beyond, dose is read linearly."""

ONE_FIELD = 2**20
"""Voxels of a file up to which one spline through all of them serves every large structure."""

SHARED = 4
"""Cuts of a larger file begin and end at multiples of so many voxels."""

WHOLE_FIELD = 500_000
"""Voxels of the file up to which the spline covers all of a structure, also where it is cold."""

COLD = 0.05
"""Part of the highest dose below which dose is read linearly in a large structure."""

PARTS_ALONG = 3
"""Parts of a voxel along scan lines between which the spline is linear; across, it is exact."""

NEAR = 30
"""Voxels on each side of the highest dose whose noise stands for that of a large structure."""

EVERY = 3
"""Of each block, the noise is estimated on every third voxel along each axis."""


NOISY = 0.0075
"""Noise of the voxels around a structure, as a part of the highest of them, from which on dose is
read linearly."""

_FOURTH = np.array([1.0, -4.0, 6.0, -4.0, 1.0])
"""Weights of a fourth difference: smooth dose hardly has one."""

_SPREAD_OF_MEDIAN = 0.6745
"""Median size of a normal variable in standard deviations."""

_UNIT_OF_NOISE = _SPREAD_OF_MEDIAN * float(np.sqrt((_FOURTH**2).sum()))
"""Median fourth difference of noise, in standard deviations of it."""

SAFELY = 0.999
"""Part of a bound below which rounding does not decide."""


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
    factor, is_small = wanted_parts(dose, cuts)
    if not is_small:  # noise is looked at block by block, see `field_around`
        if how is not Interpolation.UNHELD:
            return factor
        return max(min(factor, affordable_parts([c.stop - c.start for c in cuts])), 1)
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
    medians = [float(np.median(np.abs(_fourth_differences(values, axis)))) for axis in range(3)]
    return min(medians) / _UNIT_OF_NOISE


def noise_around_gy(dose: DoseGrid, box: GridBox, least_gy: float = 0.0) -> float:
    """Estimate the noise of the voxels around a box; of a large one around its highest dose.

    Less than `least_gy` need not be told from 0.
    """
    cuts = _cuts(dose, box)
    if cuts is None:
        return 0.0
    values = dose.dose_gy[cuts]
    if values.size > MOST_VOXELS:
        top = np.unravel_index(int(values.argmax()), values.shape)
        values = values[tuple(slice(max(at - NEAR, 0), at + NEAR) for at in top)]
    if any(_mostly_below(values, axis, least_gy) for axis in range(3)):
        return 0.0
    return noise_gy(values)


def _mostly_below(values: FloatArray, axis: int, least_gy: float) -> bool:
    """Tell whether the noise along an axis is less than a value, without looking for its median."""
    if min(values.shape) < _FOURTH.size or least_gy <= 0:
        return False
    sizes = np.abs(_fourth_differences(values, axis))
    below = np.count_nonzero(sizes < SAFELY * _UNIT_OF_NOISE * least_gy)
    return bool(2 * below > sizes.size)


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
    own = _cuts(dose, box) or cuts
    factor = min(factor, affordable_parts([cut.stop - cut.start for cut in own]))
    values = dose.dose_gy[own]
    if factor < 2 or noise_gy(values) > NOISY * float(values.max()):
        return dose
    around = cut_out(dose, cuts)
    # Free, it may still not be negative. Held, it stays within the 4 x 4 x 4 voxels around.
    field = field_of(around, factor, held=how is not Interpolation.UNHELD)
    z, y, x = around.dose_gy.shape
    return field.block((0, 0, 0), (z - 1, y - 1, x - 1))


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """Which voxels take part in a spline, as (first, behind the last) along z, y and x.

    Where the dose is lower than `least_gy` it may lie outside these.
    """

    z: tuple[int, int]
    y: tuple[int, int]
    x: tuple[int, int]
    least_gy: float = 0.0

    @property
    def cuts(self) -> tuple[slice, slice, slice]:
        """As slices of the voxels."""
        return slice(*self.z), slice(*self.y), slice(*self.x)

    @property
    def is_shared(self) -> bool:
        """Whether it serves other structures as well, and is worth keeping."""
        return _size(self.cuts) > WHOLE_FIELD


def field_place(dose: DoseGrid, box: GridBox, how: Interpolation) -> FieldPlace | None:
    """Return the voxels of the spline around a box whose fine grid would be too large.

    None for any other. Of a very large structure the spline covers what gets `COLD` of the highest
    dose of the grid or more. Below, dose is so flat that the trilinear interpolant is the same.
    Where they overlap, it is one reading with the finer grid around a small box.
    """
    cuts = _cuts(dose, box)
    if cuts is None or how is not Interpolation.CUBIC:
        return None
    wanted, is_small = wanted_parts(dose, cuts)
    if wanted < 2 or is_small:
        return None
    shape, least_gy = dose.dose_gy.shape, 0.0
    if dose.dose_gy.size <= ONE_FIELD:
        cuts = (slice(0, shape[0]), slice(0, shape[1]), slice(0, shape[2]))
    elif _size(cuts) > WHOLE_FIELD:
        least_gy = COLD * dose.max_gy
        hot = _hot_part(dose, least_gy)
        if hot is None or _size(hot) > MOST_OF_FIELD:
            return None
        cuts = hot
    z, y, x = (_shared(cut, n) for cut, n in zip(cuts, shape, strict=True))
    return FieldPlace(z, y, x, least_gy)


def spline_around(dose: DoseGrid, box: GridBox, how: Interpolation) -> DoseField | None:
    """Return the spline through the voxels around a box, for doses at single points.

    None where the dose is read linearly: by choice, for noise, on a grid so fine that it is the
    same, and around a box of more than `ONE_FIELD` voxels.
    """
    cuts = _cuts(dose, box)
    if cuts is None or how is not Interpolation.CUBIC or _size(cuts) > ONE_FIELD:
        return None
    wanted, is_small = wanted_parts(dose, cuts)
    around = cut_out(dose, cuts)
    if wanted < 2:
        return None
    if not is_small:
        return field_of(around, PARTS_ALONG, _noisy(dose, cuts))
    if noise_gy(around.dose_gy) > NOISY * around.max_gy:
        return None
    return field_of(around, PARTS_ALONG)


def _shared(cut: slice, voxels: int) -> tuple[int, int]:
    """Return a cut grown to multiples of `SHARED`, so that boxes of much the same size share it."""
    return cut.start - cut.start % SHARED, min(cut.stop + -cut.stop % SHARED, voxels)


def field_at(dose: DoseGrid, place: FieldPlace) -> DoseField:
    """Return the spline through the voxels of a place."""
    field = field_of(cut_out(dose, place.cuts), PARTS_ALONG, _noisy(dose, place.cuts))
    return dataclasses.replace(field, least_gy=place.least_gy)


def _size(cuts: tuple[slice, slice, slice]) -> int:
    return math.prod(cut.stop - cut.start for cut in cuts)


def _hot_part(dose: DoseGrid, least_gy: float) -> tuple[slice, slice, slice] | None:
    """Return the part of a grid that holds a dose, with `FIELD_MARGIN` around; None without it."""
    hot = dose.dose_gy >= least_gy
    found = []
    for axis, voxels in enumerate(hot.shape):
        there = np.flatnonzero(hot.any(axis=tuple(n for n in range(3) if n != axis)))
        if there.size == 0:
            return None
        low = max(int(there[0]) - FIELD_MARGIN, 0)
        found.append(slice(low, min(int(there[-1]) + 1 + FIELD_MARGIN, voxels)))
    z, y, x = found
    return (z, y, x) if min(cut.stop - cut.start for cut in found) > 1 else None


def _noisy(dose: DoseGrid, cuts: tuple[slice, slice, slice]) -> Kinds:
    """Return 1 for every cell between voxels that stands in a block of strong noise."""
    first = tuple(cut.start for cut in cuts)
    cells = tuple(cut.stop - cut.start - 1 for cut in cuts)
    ratio = noise_of_blocks(dose.dose_gy, first, cells, BLOCK, EVERY)
    flags = (ratio / _UNIT_OF_NOISE > NOISY).astype(np.uint8)
    places = [
        (np.arange(n) + at) // BLOCK - at // BLOCK for n, at in zip(cells, first, strict=True)
    ]
    return np.ascontiguousarray(flags[np.ix_(*places)])


def cut_out(dose: DoseGrid, cuts: tuple[slice, slice, slice]) -> DoseGrid:
    """Return a part of a grid."""
    z, y, x = (a[cut] for a, cut in zip((dose.z_mm, dose.y_mm, dose.x_mm), cuts, strict=True))
    values = np.ascontiguousarray(dose.dose_gy[cuts])
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


def wanted_parts(dose: DoseGrid, cuts: tuple[slice, slice, slice]) -> tuple[int, bool]:
    """Return into how many parts to divide every voxel, and whether a grid so fine is small."""
    axes = (dose.z_mm, dose.y_mm, dose.x_mm)
    kept = [a[cut] for a, cut in zip(axes, cuts, strict=True)]
    wanted = int(np.ceil(max(float(np.diff(a).max()) for a in kept) / FINEST_MM))
    if wanted > 1:
        wanted = max(wanted, LEAST_PARTS)
    return max(wanted, 1), wanted <= affordable_parts([a.size for a in kept])


def affordable_parts(shape: Sequence[int]) -> int:
    """Return into how many parts every voxel can be divided at most."""
    cells = float(np.prod([n - 1 for n in shape]))
    return int((MOST_VOXELS / cells) ** (1 / 3))


def refined_along(values: FloatArray, axis: int, knots_mm: FloatArray, factor: int) -> FloatArray:
    """Return natural cubic splines along one axis, every gap divided into `factor` even parts."""
    rows = np.ascontiguousarray(np.moveaxis(values, axis, -1))
    fine = refine_rows(rows.reshape(-1, rows.shape[-1]), knots_mm, factor)
    shape = (*rows.shape[:-1], fine.shape[-1])
    return np.ascontiguousarray(np.moveaxis(fine.reshape(shape), -1, axis))


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
