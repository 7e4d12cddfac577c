"""What a dose that is cut off leaves open: where between two voxels it ends.

A planning system computes no dose outside the body, outside a box, or below some isodose. Between
the last voxel with dose and the first one without, the file does not tell where dose ends: it may
go on up to the latter, or end right behind the former. A reading of dose between voxels can only
let it fall from one to the other. The same holds where dose ends at a small value instead of 0.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.dosimetry.accumulation import box_of
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.integrate import DEFAULT_SETTINGS, area_mm2_of, integrate, scanned
from sbrt_qa.dosimetry.interpolation import SPLINE_MARGIN, GridBox, Interpolation, cut_out
from sbrt_qa.dosimetry.kept_steps import Kept
from sbrt_qa.dosimetry.readings import moved_as
from sbrt_qa.dosimetry.spline.dose_field import without_steps
from sbrt_qa.geometry.planes import IntArray
from sbrt_qa.geometry.regions import Cells, Region, cells_of
from sbrt_qa.geometry.scanlines import Spans
from sbrt_qa.geometry.slabs import Convention
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.remembered import remembered

LEAST_STEP: Final = 0.003
"""Part of the highest dose of the grid that dose would have in a voxel without any, if it went on,
from which on it is cut off there. Less is a dose that falls to nothing."""

SMALL: Final = 0.06
"""Part of the highest dose up to which a dose that does not fall to 0 may end."""

SMALL_STEP: Final = 0.04
"""Part of the highest dose by which dose would be higher in a voxel with a small one if it went on,
from which on it ends there. Less is the edge of a beam among others."""

OF_GOING_ON: Final = 1.4
"""Share of a dose that goes on straight up to the first voxel without any: it may rise faster."""

OF_ROUNDER: Final = 1.5
"""Share of how far the usual reading lies from the trilinear one, on the other side of it, where
dose is cut off: the last voxels do not tell how it curves, and it is read too straight there."""

TRILINEAR: Final = dataclasses.replace(DEFAULT_SETTINGS, interpolation=Interpolation.LINEAR)

Flags = npt.NDArray[np.bool_]


def cut_off_views(
    found: tuple[DVH, DVH],
    region: Region,
    dose: DoseGrid,
    convention: Convention,
    kept: Kept,
    *,
    noisy: bool = False,
) -> Iterator[tuple[str, DVH]]:
    """Return the DVH where dose goes on as far as the file allows, and where it ends as early.

    A third is that of a dose which curves more before it ends than it is read. Nothing where no
    dose is cut off in or beside the region.

    Parameters
    ----------
    found
        The DVH of the region, and that of the trilinear dose. The first is moved by how far where
        dose ends moves the second: beside voxels without dose both read dose alike.
    noisy
        Whether voxels carry noise, which is not told from a dose that ends at a small value.
    """
    cells = cells_of(region)
    cuts = _around(dose, box_of(cells))
    if cuts is None:
        return
    reached = _ends_reached(cells, dose, cuts, kept, noisy=noisy)
    if reached is None:
        return
    around, both, level_gy = reached
    usual, linear = found
    cut_off = False
    for name, ending in zip(("dose goes on", "dose ends early"), both, strict=True):
        other = dataclasses.replace(around, dose_gy=ending)
        ended = integrate(region, other, convention=convention, settings=TRILINEAR, kept=kept)
        if isinstance(ended, DVH):
            cut_off = True
            # A spline follows a step to a small value, which the trilinear dose does not where it
            # does not reach it.
            yield name, moved_as(usual, linear, ended) if level_gy == 0 else ended
    if cut_off and linear is not usual:
        yield "dose rounder", moved_as(usual, linear, usual)


def _ends_reached(
    cells: Cells,
    dose: DoseGrid,
    cuts: tuple[slice, slice, slice],
    kept: Kept,
    *,
    noisy: bool,
) -> tuple[DoseGrid, tuple[FloatArray, FloatArray], float] | None:
    """Return the voxels around a region, both their ends, and up to which dose they count as none.

    None where the region does not reach an end.
    """
    for near, (level_gy, step_gy) in zip(_near_ends(dose), _levels_gy(dose), strict=True):
        # Whether it is beside the end at all is soon told, and mostly it is not.
        if near is None or not near[cuts].any() or (level_gy > 0 and noisy):
            continue
        around = cut_out(dose, cuts)
        values = around.dose_gy
        if (values > level_gy).all():
            continue
        spans = scanned(cells, area_mm2_of(cells, TRILINEAR), kept)
        if not _reached(spans, around, near[cuts]):
            continue
        both = ends_of(values, step_gy, level_gy)
        if both and _reached(spans, around, _grown((both[0] != values) | (both[1] != values))):
            return around, both, level_gy
    return None


def _levels_gy(dose: DoseGrid) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return up to which doses voxels may count as without, and by what dose steps up to the next.

    Nothing, and a small value.
    """
    most_gy = dose.max_gy
    return (0.0, LEAST_STEP * most_gy), (SMALL * most_gy, SMALL_STEP * most_gy)


@remembered
def _near_ends(dose: DoseGrid) -> tuple[Flags | None, Flags | None]:
    """Return which voxels lie beside an end of the dose, for both levels; None where none ends."""
    found: list[Flags | None] = []
    for level_gy, step_gy in _levels_gy(dose):
        values = dose.dose_gy
        if level_gy > 0:
            steps = _steps_in(values, level_gy, step_gy)
        else:
            steps = _grown(values > 0) & (values <= 0)
        found.append(_grown(_grown(steps)) if steps.any() else None)
    return found[0], found[1]


def _steps_in(values: FloatArray, level_gy: float, step_gy: float) -> Flags:
    """Return voxels up to a level above which dose would be by a step if it went on to them."""
    steps = np.zeros(values.shape, dtype=bool)
    for axis in range(3):
        for way in (1, -1):
            along = np.moveaxis(values, axis, 0)[::way]
            if along.shape[0] < 3:
                continue
            low, here, inner = along[:-2], along[1:-1], along[2:]
            at = np.nonzero((low <= level_gy) & (here > level_gy))
            on = 2 * here[at] - inner[at]
            farther = along[(np.minimum(at[0] + 3, along.shape[0] - 1), *at[1:])]
            on = np.maximum(on, 3 * (here[at] - inner[at]) + farther)
            np.moveaxis(steps, axis, 0)[::way][:-2][at] |= on - low[at] >= step_gy
    return steps


def _reached(spans: Spans, dose: DoseGrid, voxels: Flags) -> bool:
    """Tell whether a region has a part between voxels of which one is set."""
    lines = spans.lines
    cells = voxels[:-1] | voxels[1:]
    cells = cells[:, :-1] | cells[:, 1:]
    cells = cells[:, :, :-1] | cells[:, :, 1:]
    before = np.zeros((*cells.shape[:2], cells.shape[2] + 1), dtype=np.int32)
    np.cumsum(cells, axis=2, out=before[:, :, 1:])
    line = np.repeat(np.arange(lines.y_mm.size), np.diff(spans.start))
    z, y = _cell(dose.z_mm, lines.z_mm)[line], _cell(dose.y_mm, lines.y_mm)[line]
    first, last = _cell(dose.x_mm, spans.x_low_mm), _cell(dose.x_mm, spans.x_high_mm)
    return bool((before[z, y, last + 1] > before[z, y, first]).any())


def _cell(axis_mm: FloatArray, at_mm: FloatArray) -> IntArray:
    return np.clip(np.searchsorted(axis_mm, at_mm, side="right") - 1, 0, axis_mm.size - 2)


def ends_of(
    values: FloatArray, least_gy: float, level_gy: float = 0.0
) -> tuple[FloatArray, FloatArray] | None:
    """Return voxels ``[z, y, x]`` whose dose ends one voxel later, and one earlier.

    None where no voxel without dose would have `least_gy` or more, if that of its neighbours went
    on. With a level, voxels up to it count as such without dose, which are to rise by `least_gy`;
    where dose ends earlier, it is as low as it is beyond.
    """
    dosed = values > level_gy
    if dosed.all() or not dosed.any():
        return None
    on = np.maximum(without_steps(np.where(dosed, values, 0.0)), _curving_on(values, dosed))
    cut = ~dosed & _grown(dosed) & (on - values >= least_gy)
    if not cut.any():
        return None
    later = np.where(cut, on, values)
    beyond = _lowest_near(values) if level_gy > 0 else 0.0
    return later, np.where(dosed & _grown(cut), beyond, values)


def _curving_on(values: FloatArray, dosed: Flags) -> FloatArray:
    """Return what parabolas through three voxels with dose lead to in the next one without any.

    The mean over all directions, 0 where there are none: a dose that falls ever more slowly, and is
    cut off, would be below 0 on a straight line.
    """
    sums, count = np.zeros(values.shape), np.zeros(values.shape)
    for axis in range(3):
        for way in (1, -1):
            along = np.moveaxis(values, axis, 0)[::way]
            there = np.moveaxis(dosed, axis, 0)[::way]
            at = ~there[:-3] & there[1:-2] & there[2:-1] & there[3:]
            near, next_one, far = along[1:-2][at], along[2:-1][at], along[3:][at]
            np.moveaxis(sums, axis, 0)[::way][:-3][at] += 3 * (near - next_one) + far
            np.moveaxis(count, axis, 0)[::way][:-3][at] += 1
    return sums / np.maximum(count, 1)


def _lowest_near(values: FloatArray) -> FloatArray:
    """Return the lowest of every voxel and those that touch it, at a corner as well."""
    for axis in range(3):
        along, lowest = np.moveaxis(values, axis, 0), np.moveaxis(values.copy(), axis, 0)
        np.minimum(lowest[1:], along[:-1], out=lowest[1:])
        np.minimum(lowest[:-1], along[1:], out=lowest[:-1])
        values = np.moveaxis(lowest, 0, axis)
    return values


def _grown(flags: Flags) -> Flags:
    """Return voxels that are set or touch one that is, at a corner as well."""
    for axis in range(3):
        along, grown = np.moveaxis(flags, axis, 0), np.moveaxis(flags.copy(), axis, 0)
        grown[1:] |= along[:-1]
        grown[:-1] |= along[1:]
        flags = np.moveaxis(grown, 0, axis)
    return flags


def _around(dose: DoseGrid, box: GridBox) -> tuple[slice, slice, slice] | None:
    """Return the voxels around a box, as far as a reading of dose reaches; None outside of it."""
    found = []
    pairs = ((dose.z_mm, box.z_mm), (dose.y_mm, box.y_mm), (dose.x_mm, box.x_mm))
    for axis, (low, high) in pairs:
        first = int(np.searchsorted(axis, low, side="right")) - 1 - SPLINE_MARGIN
        last = int(np.searchsorted(axis, high, side="left")) + 1 + SPLINE_MARGIN
        found.append(slice(max(first, 0), min(last, axis.size)))
    z, y, x = found
    return (z, y, x) if min(cut.stop - cut.start for cut in found) > 1 else None
