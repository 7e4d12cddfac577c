"""Limits of an organ that are met, and whether more of the organ would break them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from sbrt_qa.checks.anatomy.organ_view import OrganView
from sbrt_qa.dosimetry.metric_meaning import Direction, Extreme
from sbrt_qa.dosimetry.sampling import dose_at
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.outcome import Reason, Verdict
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.limit_result import ConstraintResult, direction_of, meaning_in, spec_of
from sbrt_qa.protocol.wording import bound_text

POINT_CC: Final = 0.03
"""Volume that stands for a point, as of a maximum."""

LEAST_VOXELS: Final = 2
"""Of a dose along each axis, from which it can be read between voxels."""

MOST_PLACES: Final = 50_000
"""Voxels that are looked at; of more, every second or third."""

LEAST_SHARE: Final = 0.25
"""Part of the volume of a limit that what is added must hold itself: the rest rounds away."""


class Stake(NamedTuple):
    """A limit that is met: more than `cc` above `gy` would break it; `text` is how it reads."""

    text: str
    gy: float
    cc: float


def stakes_of(results: Iterable[ConstraintResult], structure: Structure) -> tuple[Stake, ...]:
    """Return the limits of one structure that are met, and that say how much may get how much.

    Those are limits of a maximum, of the dose to a volume in cc, and of a volume in cc above a
    dose. A mean, and what is spared, do not grow with an organ.
    """
    found = []
    for result in results:
        own = result.match is not None and result.match.roi_numbers == (structure.roi_number,)
        if own and result.counts and result.verdict is Verdict.PER_PROTOCOL:
            stake = _stake(result)
            found += [] if stake is None else [stake]
    return tuple(found)


def _stake(result: ConstraintResult) -> Stake | None:
    spec, limit = spec_of(result), result.per_protocol_limit
    meaning = meaning_in(result)
    if spec is None or meaning is None or limit is None or spec.conversion:
        return None
    if direction_of(result) is not Direction.TOO_HOT or not meaning.rises:
        return None
    if "%" in (spec.unit, spec.argument_unit):
        return None  # a part of the organ, whose volume would be another
    text = f"{result.metric} {bound_text(result.op, limit)}"
    if meaning.extreme is Extreme.HIGHEST:
        return Stake(text, limit, POINT_CC)
    point = meaning.point(spec, limit, math.inf, None)
    if point is None or not point[1]:
        return None
    return Stake(text, point[0], point[1])


def broken_by(
    stakes: Iterable[Stake], own_gy: FloatArray, own_cc: float, more_gy: FloatArray, more_cc: float
) -> Stake | None:
    """Return the first limit that an organ with more to it would break; None where none.

    Parameters
    ----------
    own_gy, more_gy
        Doses of the cells of the organ, and of what may belong to it as well.
    own_cc, more_cc
        Volume of a cell of each.
    """
    for stake in stakes:
        more = float(np.count_nonzero(more_gy > stake.gy)) * more_cc
        own = float(np.count_nonzero(own_gy > stake.gy)) * own_cc
        if more >= LEAST_SHARE * stake.cc and own + more > stake.cc:
            return stake
    return None


def dose_in(view: OrganView, dose: DoseGrid) -> FloatArray:
    """Return the dose in the cells of the window of an organ, 0 outside the grid.

    Every axis of the grid has at least two voxels.
    """
    cut, raster = view.window.cut, view.scene.raster
    shape = view.mask.shape
    places = np.argwhere(np.ones(shape, dtype=np.bool_)).astype(np.float64)
    points = raster.at(places + np.array([s.start for s in cut]))
    inside = np.ones(len(points), dtype=np.bool_)
    for axis, of_grid in enumerate((dose.x_mm, dose.y_mm, dose.z_mm)):
        inside &= (points[:, axis] >= of_grid[0]) & (points[:, axis] <= of_grid[-1])
    found = np.zeros(len(points))
    found[inside] = dose_at(dose, points[inside])
    return found.reshape(shape)


def broken_by_exchange(
    results: Iterable[ConstraintResult], dose: DoseGrid | Reason, a: OrganView, b: OrganView
) -> Stake | None:
    """Return a limit met by one of two organs as named that the other would break; None if none."""
    if isinstance(dose, Reason) or min(dose.dose_gy.shape) < LEAST_VOXELS:
        return None
    known = tuple(results)
    for named, meant in ((a, b), (b, a)):
        stakes = stakes_of(known, named.structure)
        there = dose_in(meant, dose)[meant.mask] if stakes else np.empty(0)
        stake = broken_by(stakes, np.empty(0), 0.0, there, meant.scene.raster.cell_cc)
        if stake is not None:
            return stake._replace(text=f"{named.key} {stake.text}")
    return None


def hot_places(dose: DoseGrid, gy: float, most: int = MOST_PLACES) -> tuple[FloatArray, float]:
    """Return places (x, y, z) of voxels above a dose, and the volume in cc that each stands for."""
    at = np.argwhere(dose.dose_gy > gy)
    every = max(1, len(at) // most)
    at = at[::every]
    points = np.column_stack([dose.x_mm[at[:, 2]], dose.y_mm[at[:, 1]], dose.z_mm[at[:, 0]]])
    return points, every * float(np.prod(dose.spacing_mm)) / 1000
