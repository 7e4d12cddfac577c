"""Doses on different grids, brought onto one so that they can be added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from sbrt_qa.dicom.quirks import Mended, Stage
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.grid import UNIFORM_TOLERANCE_MM, DoseGrid, FloatArray

Grids = tuple[DoseGrid, ...]

Mask = npt.NDArray[np.bool_]

_AXES = ("z_mm", "y_mm", "x_mm")

GRIDS: Stage[Grids] = Stage("doses to be added")


@GRIDS.quirk("different-beam-grids", vendor="several", example="beam doses of 2 mm and of 3 mm")
def onto_the_finest(grids: Grids) -> Mended[Grids] | None:
    """Read beam doses on different grids by trilinear interpolation on the finest of them."""
    if not addable(grids) or same_grid(grids) or any(1 in g.dose_gy.shape for g in grids):
        return None
    finest = min(grids, key=lambda g: float(np.prod(g.spacing_mm)))
    axes = [_common(axis, finest, grids) for axis in _AXES]
    if any(a.size < 2 for a in axes):
        return None
    read = tuple(
        replace(g, dose_gy=_interpolated(g, axes), z_mm=axes[0], y_mm=axes[1], x_mm=axes[2])
        for g in grids
    )
    step = " x ".join(f"{s:g}" for s in finest.spacing_mm)
    lost = 1 - read[0].dose_gy.size / finest.dose_gy.size
    detail = say(
        "{0} doses on different grids were read by trilinear interpolation on the finest ({1} "
        "mm), where all of them have values",
        len(grids),
        step,
    )
    detail += (
        say("; {0} % of its voxels lie outside another grid", f"{100 * lost:.2g}") if lost else ""
    )
    return Mended(read, detail)


def addable(grids: Sequence[DoseGrid]) -> bool:
    """Tell whether doses share their frame of reference and their meaning."""
    kinds = {(g.frame_of_reference_uid, g.dose_type) for g in grids}
    return len(kinds) == 1


def same_grid(grids: Sequence[DoseGrid]) -> bool:
    """Tell whether all voxels of doses lie at the same places."""
    first = grids[0]
    return all(
        other.dose_gy.shape == first.dose_gy.shape
        and all(
            np.abs(getattr(first, a) - getattr(other, a)).max() <= UNIFORM_TOLERANCE_MM
            for a in _AXES
        )
        for other in grids[1:]
    )


def at_point_gy(grid: DoseGrid, point_mm: tuple[float, float, float]) -> float | None:
    """Return the trilinearly interpolated dose at (x, y, z); None outside a grid, or in a plane."""
    axes = [np.array([at]) for at in reversed(point_mm)]
    for name, at in zip(_AXES, axes, strict=True):
        own: FloatArray = getattr(grid, name)
        if own.size < 2 or not own[0] <= at[0] <= own[-1]:
            return None
    return float(_interpolated(grid, axes)[0, 0, 0])


def on_centres_of(grid: DoseGrid, other: DoseGrid) -> tuple[FloatArray, Mask]:
    """Return a dose at the voxel centres of another, and where it is known; 0 elsewhere.

    A grid of one voxel along an axis is known on its plane only.
    """
    axes = [getattr(other, name) for name in _AXES]
    inside = np.ones(other.dose_gy.shape, dtype=bool)
    for index, (name, wanted) in enumerate(zip(_AXES, axes, strict=True)):
        own: FloatArray = getattr(grid, name)
        slack = UNIFORM_TOLERANCE_MM
        shape = [1, 1, 1]
        shape[index] = -1
        inside &= ((wanted >= own[0] - slack) & (wanted <= own[-1] + slack)).reshape(shape)
    return np.where(inside, _interpolated(grid, axes), 0.0), inside


def _common(axis: str, finest: DoseGrid, grids: Grids) -> FloatArray:
    """Return the finest grid's voxel centres that lie within every grid."""
    centres: FloatArray = getattr(finest, axis)
    low = max(float(getattr(g, axis)[0]) for g in grids) - UNIFORM_TOLERANCE_MM
    high = min(float(getattr(g, axis)[-1]) for g in grids) + UNIFORM_TOLERANCE_MM
    return centres[(centres >= low) & (centres <= high)]


def _interpolated(grid: DoseGrid, axes: Sequence[FloatArray]) -> FloatArray:
    values = grid.dose_gy
    for index, (name, wanted) in enumerate(zip(_AXES, axes, strict=True)):
        own: FloatArray = getattr(grid, name)
        if own.size == 1:
            values = values.repeat(wanted.size, index)
            continue
        low = np.clip(np.searchsorted(own, wanted, side="right") - 1, 0, own.size - 2)
        part = np.clip((wanted - own[low]) / (own[low + 1] - own[low]), 0.0, 1.0)
        shape = [1, 1, 1]
        shape[index] = -1
        weight = part.reshape(shape)
        values = (1 - weight) * values.take(low, index) + weight * values.take(low + 1, index)
    return values
