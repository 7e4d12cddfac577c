"""What became of the dose: difference statistics, and gamma."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from sbrt_qa.compare.comparison import Area, Change, DoseChange, GammaSummary
from sbrt_qa.compare.plan_changes import Fact, differing
from sbrt_qa.dosimetry.gamma import GammaCriteria, gamma
from sbrt_qa.dosimetry.sampling import dose_at
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.outcome import Reason, ReasonCode

THRESHOLD: Final = 0.1
"""Part of the higher maximum from which on a voxel is compared; below lies mostly air."""

SAME_PLACE_MM: Final = 1e-3
"""Largest distance of voxel centres that are the same."""

SAME_GY: Final = 1e-4
"""Largest difference that is none: what files round doses to."""


def compare_doses(
    before: DoseGrid | Reason, after: DoseGrid | Reason, criteria: GammaCriteria | None = None
) -> DoseChange | Reason:
    """Return how two doses differ, or the Reason why they cannot be compared.

    Parameters
    ----------
    criteria
        Of gamma; without them it is left out.
    """
    if isinstance(before, Reason):
        return before
    if isinstance(after, Reason):
        return after
    same_grid = same_places(before, after)
    common = _common(before, after, same_grid=same_grid)
    if common is None:
        return Reason(ReasonCode.OUTSIDE_DOSE_GRID, say("the two dose grids share no voxel"))
    old, new = common
    threshold = THRESHOLD * max(before.max_gy, after.max_gy)
    counted = np.maximum(old, new) >= threshold
    difference = (new - old)[counted] if counted.any() else (new - old).ravel()
    return DoseChange(
        same_grid=same_grid,
        max_before_gy=before.max_gy,
        max_after_gy=after.max_gy,
        threshold_gy=threshold,
        voxels=int(difference.size),
        mean_gy=float(difference.mean()),
        rms_gy=float(np.sqrt(np.mean(difference**2))),
        p95_abs_gy=float(np.quantile(np.abs(difference), 0.95)),
        largest_rise_gy=max(float(difference.max()), 0.0),
        largest_fall_gy=min(float(difference.min()), 0.0),
        gamma=None if criteria is None else _gamma(before, after, criteria),
    )


def _gamma(before: DoseGrid, after: DoseGrid, criteria: GammaCriteria) -> GammaSummary | Reason:
    found = gamma(before, after, criteria)
    if found.values.size == 0:
        text = say("no voxel above the cutoff of gamma lies within both dose grids")
        return Reason(ReasonCode.OUTSIDE_DOSE_GRID, text)
    return GammaSummary(
        dose_percent=criteria.dose_percent,
        distance_mm=criteria.distance_mm,
        cutoff_percent=criteria.cutoff_percent,
        points=int(found.values.size),
        candidates=found.candidates,
        pass_percent=100 * float(np.mean(found.values <= 1)),
        mean=float(found.values.mean()),
        highest=float(found.values.max()),
        capped_at=criteria.cap,
        beyond=found.beyond,
    )


def _extent(dose: DoseGrid) -> str:
    voxels = " x ".join(str(axis.size) for axis in (dose.x_mm, dose.y_mm, dose.z_mm))
    return f"{voxels} of {' x '.join(f'{s:.4g}' for s in dose.spacing_mm)} mm"


_GRID: Final[tuple[Fact[DoseGrid], ...]] = (
    (say("voxels"), _extent),
    (say("first voxel (mm)"), lambda d: (float(d.x_mm[0]), float(d.y_mm[0]), float(d.z_mm[0]))),
    (say("type"), lambda d: d.dose_type),
    (say("sum"), lambda d: d.summation),
    (say("heterogeneity correction"), lambda d: d.heterogeneity),
)


def dose_changes(
    change: DoseChange | Reason, before: DoseGrid | Reason, after: DoseGrid | Reason
) -> Iterator[Change]:
    """Yield what differs between two doses, in words: their grids and kinds, then their values.

    In another frame of reference nothing is told of places and values: nobody knows.
    """
    if isinstance(before, Reason) or isinstance(after, Reason):
        one, other = (
            say("not usable") if isinstance(d, Reason) else say("there") for d in (before, after)
        )
        if one != other:
            yield Change(Area.DOSE, "", say("dose"), one, other)
        return
    elsewhere = isinstance(change, Reason) and change.code is ReasonCode.NOT_APPLICABLE
    yield from differing(Area.DOSE, "grid", _GRID[2:] if elsewhere else _GRID, before, after)
    if isinstance(change, Reason):
        return
    size = max(change.largest_rise_gy, -change.largest_fall_gy)
    if size > SAME_GY:
        what = say(
            "values (differences from {0} to {1} Gy, mean {2} Gy)",
            f"{change.largest_fall_gy:+.2f}",
            f"{change.largest_rise_gy:+.2f}",
            f"{change.mean_gy:+.3f}",
        )
        old, new = f"{change.max_before_gy:.2f}", f"{change.max_after_gy:.2f}"
        yield Change(Area.DOSE, "", what, say("maximum {0} Gy", old), say("maximum {0} Gy", new))


def same_places(a: DoseGrid, b: DoseGrid) -> bool:
    """Tell whether two grids have their voxels at the same places."""
    axes = ((a.x_mm, b.x_mm), (a.y_mm, b.y_mm), (a.z_mm, b.z_mm))
    return all(
        one.size == other.size and np.abs(one - other).max() <= SAME_PLACE_MM for one, other in axes
    )


def _common(
    before: DoseGrid, after: DoseGrid, *, same_grid: bool
) -> tuple[FloatArray, FloatArray] | None:
    """Return both doses at those voxels of the earlier grid that lie within the later one."""
    if same_grid:
        return before.dose_gy, after.dose_gy
    pairs = ((before.z_mm, after.z_mm), (before.y_mm, after.y_mm), (before.x_mm, after.x_mm))
    if any(other.size < 2 for _, other in pairs):
        return None
    z, y, x = (np.nonzero((a >= b[0]) & (a <= b[-1]))[0] for a, b in pairs)
    if 0 in (z.size, y.size, x.size):
        return None
    places = np.meshgrid(before.z_mm[z], before.y_mm[y], before.x_mm[x], indexing="ij")
    points = np.stack([p.ravel() for p in reversed(places)], axis=1)
    return before.dose_gy[np.ix_(z, y, x)].ravel(), dose_at(after, points)
