"""What a dose that is cut off leaves open: where between two voxels it ends.

A planning system computes no dose outside the body, or outside a box. Between the last voxel with
dose and the first one without, the file does not tell where dose ends: it may go on up to the
latter, or end right behind the former. A reading of dose between voxels can only let it fall from
one to the other.
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
from sbrt_qa.geometry.regions import Region, cells_of
from sbrt_qa.geometry.scanlines import Spans
from sbrt_qa.geometry.slabs import Convention
from sbrt_qa.model.grid import DoseGrid, FloatArray

STEP: Final = 0.01
"""Part of the highest dose of the grid that dose would have in a voxel without any, if it went on,
from which on it is cut off there. Less is a dose that falls to nothing."""

OF_GOING_ON: Final = 1.4
"""Share of a dose that goes on straight up to the first voxel without any: it may rise faster."""

TRILINEAR: Final = dataclasses.replace(DEFAULT_SETTINGS, interpolation=Interpolation.LINEAR)

Flags = npt.NDArray[np.bool_]


def cut_off_views(
    found: tuple[DVH, DVH], region: Region, dose: DoseGrid, convention: Convention, kept: Kept
) -> Iterator[tuple[str, DVH]]:
    """Return the DVH where dose goes on as far as the file allows, and where it ends as early.

    Nothing where no dose is cut off in or beside the region.

    Parameters
    ----------
    found
        The DVH of the region, and that of the trilinear dose. The first is moved by how far where
        dose ends moves the second: beside voxels without dose both read dose alike.
    """
    cells = cells_of(region)
    cuts = _around(dose, box_of(cells))
    if cuts is None or (dose.dose_gy[cuts] > 0).all():
        return
    values = dose.dose_gy[cuts]
    # Whether it is beside the end at all is soon told, and mostly it is not.
    near = _grown(_grown(_grown(values > 0) & (values <= 0)))
    spans = scanned(cells, area_mm2_of(cells, TRILINEAR), kept)
    around = cut_out(dose, cuts)
    both = ends_of(values, STEP * dose.max_gy) if _reached(spans, around, near) else None
    if both is None:
        return
    if not _reached(spans, around, _grown((both[0] != values) | (both[1] != values))):
        return
    usual, linear = found
    for name, ending in zip(("dose goes on", "dose ends early"), both, strict=True):
        other = dataclasses.replace(around, dose_gy=ending)
        ended = integrate(region, other, convention=convention, settings=TRILINEAR, kept=kept)
        if isinstance(ended, DVH):
            yield name, moved_as(usual, linear, ended)


def _reached(spans: Spans, dose: DoseGrid, voxels: Flags) -> bool:
    """Tell whether a region has a part between voxels of which one is set."""
    lines = spans.lines
    cells = voxels[:-1] | voxels[1:]
    cells = cells[:, :-1] | cells[:, 1:]
    cells = cells[:, :, :-1] | cells[:, :, 1:]
    before = np.concatenate([np.zeros((*cells.shape[:2], 1), int), cells.cumsum(axis=2)], axis=2)
    line = np.repeat(np.arange(lines.y_mm.size), np.diff(spans.start))
    z, y = _cell(dose.z_mm, lines.z_mm)[line], _cell(dose.y_mm, lines.y_mm)[line]
    first, last = _cell(dose.x_mm, spans.x_low_mm), _cell(dose.x_mm, spans.x_high_mm)
    return bool((before[z, y, last + 1] > before[z, y, first]).any())


def _cell(axis_mm: FloatArray, at_mm: FloatArray) -> IntArray:
    return np.clip(np.searchsorted(axis_mm, at_mm, side="right") - 1, 0, axis_mm.size - 2)


def ends_of(values: FloatArray, least_gy: float) -> tuple[FloatArray, FloatArray] | None:
    """Return voxels ``[z, y, x]`` whose dose ends one voxel later, and one earlier.

    None where no voxel without dose would have `least_gy` or more, if that of its neighbours went
    on.
    """
    dosed = values > 0
    if dosed.all() or not dosed.any():
        return None
    on = without_steps(values)
    cut = ~dosed & _grown(dosed) & (on >= least_gy)
    if not cut.any():
        return None
    later = np.where(cut, on, values)
    return later, np.where(dosed & _grown(cut), 0.0, values)


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
