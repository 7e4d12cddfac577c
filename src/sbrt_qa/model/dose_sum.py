"""The dose of several plans together: the sum of their interpolants, on one grid.

Grids with the same voxels are added. Others are read on a common grid with the finest spacing among
them, by the cubic spline through their own voxels, held within the range of the voxels around. How
far the sum read from that grid is from the sum of the splines is measured between its voxels, and
the grid is made finer while that is too much.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sbrt_qa.errors import GeometryError
from sbrt_qa.model.grid import UNIFORM_TOLERANCE_MM, DoseGrid, FloatArray, Summation

AXES: Final = ("z_mm", "y_mm", "x_mm")

MOST_ERROR: Final = 0.005
"""Largest error of a sum, as a part of its maximum, above which its grid is made finer."""

MOST_VOXELS: Final = 2**25
"""Of a sum; a grid is not made finer than that."""

MOST_ROUNDS: Final = 3
"""How often a grid is made finer."""

Axes = tuple[FloatArray, FloatArray, FloatArray]
"""Voxel centres along z, y, x."""


@dataclass(frozen=True, slots=True, eq=False)
class DoseSum:
    """Several doses together.

    Parameters
    ----------
    known
        The sum where every dose has values; None where there is no such place.
    at_least
        The sum of those that have values, where one of them has; the same as `known` where all
        grids end alike.
    error_gy
        Largest difference measured between `known`, read between its voxels, and the sum of the
        doses read between theirs; None where the voxels are the same and nothing is interpolated.
    """

    known: DoseGrid | None
    at_least: DoseGrid
    error_gy: float | None = None


def sum_of(doses: Sequence[DoseGrid]) -> DoseSum:
    """Return the sum of doses in one frame of reference.

    Raises
    ------
    GeometryError
        There is none, one has a single plane, row or column, or they differ in frame or meaning.
    """
    if not doses:
        raise GeometryError("there is no dose to add")
    meanings = {(d.frame_of_reference_uid, d.dose_type) for d in doses}
    frames = {frame for frame, _ in meanings}
    if "" in frames and len(frames) > 1:
        raise GeometryError(
            "a dose that states no frame of reference cannot be added to one that does: how they "
            "lie to each other is not known",
            advice="If it is known: dataclasses.replace(dose, frame_of_reference_uid=...)",
        )
    if len(meanings) > 1:
        raise GeometryError("doses of different frames of reference or types cannot be added")
    first = doses[0]
    if all(_same_axes(first, other) for other in doses[1:]):
        total = first.dose_gy if len(doses) == 1 else np.sum([d.dose_gy for d in doses], axis=0)
        summed = replace(first, dose_gy=total, summation=_kind(doses))
        return DoseSum(summed, summed)
    if any(1 in d.dose_gy.shape for d in doses):
        raise GeometryError("a dose of one plane cannot be added to others on another grid")
    axes = _common_axes(doses)
    for _ in range(MOST_ROUNDS):
        found = _on_axes(doses, axes)
        if found.known is None or found.error_gy is None:
            return found
        finer = _halved(axes)
        small = found.error_gy <= MOST_ERROR * found.at_least.max_gy
        if small or math.prod(a.size for a in finer) > MOST_VOXELS:
            return found
        axes = finer
    return found


def added(one: DoseGrid, other: DoseGrid) -> DoseGrid:
    """Return the sum of two doses where both have values.

    Raises
    ------
    GeometryError
        They cannot be added, see :func:`sum_of`, or have no place in common.
    """
    known = sum_of((one, other)).known
    if known is None:
        raise GeometryError(
            "the two dose grids have no place in common", expected="overlapping grids"
        )
    return known


def read_at(dose: DoseGrid, axes: Axes) -> FloatArray:
    """Return a dose at the nodes of three axes, shape (z, y, x); NaN outside its grid.

    Between voxels it is the natural cubic spline, held within the range of the 4 x 4 x 4 voxels
    around.
    """
    own = _axes_of(dose)
    values: FloatArray = dose.dose_gy
    for axis, (knots, wanted) in enumerate(zip(own, axes, strict=True)):
        along = np.tensordot(_spline_matrix(knots, wanted), values, (1, axis))
        values = np.moveaxis(along, 0, axis)
    low, high = _range_around(dose.dose_gy)
    cell = np.ix_(*(_cell(knots, wanted) for knots, wanted in zip(own, axes, strict=True)))
    values = np.clip(values, low[cell], high[cell])
    z, y, x = (_inside(knots, wanted) for knots, wanted in zip(own, axes, strict=True))
    values[~(z[:, None, None] & y[:, None] & x)] = np.nan
    return np.asarray(values)


def _kind(doses: Sequence[DoseGrid]) -> Summation:
    return doses[0].summation if len(doses) == 1 else Summation.MULTI_PLAN


def _axes_of(dose: DoseGrid) -> Axes:
    return dose.z_mm, dose.y_mm, dose.x_mm


def _same_axes(one: DoseGrid, other: DoseGrid) -> bool:
    return one.dose_gy.shape == other.dose_gy.shape and all(
        np.abs(a - b).max() <= UNIFORM_TOLERANCE_MM
        for a, b in zip(_axes_of(one), _axes_of(other), strict=True)
    )


def _common_axes(doses: Sequence[DoseGrid]) -> Axes:
    """Return the finest steps, through the voxels of the finest dose, over all grids."""
    finest = min(doses, key=lambda d: math.prod(d.spacing_mm))
    made = []
    for name in AXES:
        axes: list[FloatArray] = [getattr(d, name) for d in doses]
        step = min(float(np.diff(a).min()) for a in axes)
        start = float(getattr(finest, name)[0])
        low, high = min(float(a[0]) for a in axes), max(float(a[-1]) for a in axes)
        first = math.ceil((low - start) / step - UNIFORM_TOLERANCE_MM)
        last = math.floor((high - start) / step + UNIFORM_TOLERANCE_MM)
        made.append(start + step * np.arange(first, last + 1, dtype=np.float64))
    return made[0], made[1], made[2]


def _halved(axes: Axes) -> Axes:
    z, y, x = (np.linspace(a[0], a[-1], 2 * a.size - 1) for a in axes)
    return z, y, x


def _on_axes(doses: Sequence[DoseGrid], axes: Axes) -> DoseSum:
    read = [read_at(dose, axes) for dose in doses]
    common = np.sum([np.nan_to_num(values) for values in read], axis=0)
    at_least = _grid(doses, common, axes)
    inside = [_within(axis, [getattr(d, name) for d in doses]) for name, axis in zip(
        AXES, axes, strict=True
    )]  # fmt: skip
    if any(cut.stop - cut.start < 2 for cut in inside):
        return DoseSum(None, at_least)
    z, y, x = (axis[cut] for axis, cut in zip(axes, inside, strict=True))
    known = _grid(doses, common[inside[0], inside[1], inside[2]], (z, y, x))
    return DoseSum(known, at_least, _error_gy(doses, known))


def _grid(doses: Sequence[DoseGrid], values: FloatArray, axes: Axes) -> DoseGrid:
    z, y, x = axes
    return replace(doses[0], dose_gy=values, x_mm=x, y_mm=y, z_mm=z, summation=Summation.MULTI_PLAN)


def _within(axis: FloatArray, others: Sequence[FloatArray]) -> slice:
    """Return the part of an axis that lies within all others."""
    low, high = max(float(o[0]) for o in others), min(float(o[-1]) for o in others)
    first = int(np.searchsorted(axis, low - UNIFORM_TOLERANCE_MM, side="left"))
    last = int(np.searchsorted(axis, high + UNIFORM_TOLERANCE_MM, side="right"))
    return slice(first, max(first, last))


def _error_gy(doses: Sequence[DoseGrid], known: DoseGrid) -> float:
    """Measure between the voxels of a sum how far it is from the sum of its parts."""
    z, y, x = ((a[:-1] + a[1:]) / 2 for a in _axes_of(known))
    wanted = np.sum([read_at(dose, (z, y, x)) for dose in doses], axis=0)
    apart = np.abs(read_at(known, (z, y, x)) - wanted)
    return float(np.nanmax(apart, initial=0.0))


def _cell(knots: FloatArray, wanted: FloatArray) -> np.ndarray:
    return np.clip(np.searchsorted(knots, wanted, side="right") - 1, 0, knots.size - 2)


def _inside(knots: FloatArray, wanted: FloatArray) -> np.ndarray:
    low, high = knots[0] - UNIFORM_TOLERANCE_MM, knots[-1] + UNIFORM_TOLERANCE_MM
    return np.asarray((wanted >= low) & (wanted <= high))


def _spline_matrix(knots: FloatArray, wanted: FloatArray) -> FloatArray:
    """Return the matrix (wanted, knots) that reads the natural cubic spline through values."""
    n, gaps = knots.size, np.diff(knots)
    left, right = np.eye(n), np.zeros((n, n))
    for i in range(1, n - 1):
        left[i, i - 1 : i + 2] = gaps[i - 1], 2 * (gaps[i - 1] + gaps[i]), gaps[i]
        right[i, i - 1 : i + 2] = (
            6 / gaps[i - 1], -6 / gaps[i - 1] - 6 / gaps[i], 6 / gaps[i],
        )  # fmt: skip
    bends = np.linalg.solve(left, right)
    low = _cell(knots, wanted)
    gap = gaps[low]
    b = np.clip((wanted - knots[low]) / gap, 0.0, 1.0)
    a = 1 - b
    matrix = ((a**3 - a) * gap**2 / 6)[:, None] * bends[low]
    matrix += ((b**3 - b) * gap**2 / 6)[:, None] * bends[low + 1]
    rows = np.arange(wanted.size)
    matrix[rows, low] += a
    matrix[rows, low + 1] += b
    return np.asarray(matrix)


def _range_around(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return lowest and highest voxel of the 4 x 4 x 4 around each cell between voxels."""
    low: FloatArray = values
    high: FloatArray = values
    for axis in range(3):
        pad = [(1, 1) if a == axis else (0, 0) for a in range(3)]
        cells = values.shape[axis] - 1
        lows, highs = (np.moveaxis(np.pad(v, pad, mode="edge"), axis, 0) for v in (low, high))
        low = np.moveaxis(np.minimum.reduce([lows[k : k + cells] for k in range(4)]), 0, axis)
        high = np.moveaxis(np.maximum.reduce([highs[k : k + cells] for k in range(4)]), 0, axis)
    return low, high
