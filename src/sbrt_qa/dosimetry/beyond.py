"""The highest dose in the body at a distance or more from a target.

Around a target dose falls, so the highest dose far from it stands on the surface at exactly that
distance, or at a hot spot beyond. Cells of the dose grid are taken hottest first; those that reach
far enough are looked at on a fine lattice, and points just beyond the distance are drawn in to
exactly it. The search ends when no cell can hold a higher dose than the one found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sbrt_qa.dosimetry.sampling import dose_at
from sbrt_qa.geometry.distance import ROUGH_MM, Distance, contains
from sbrt_qa.geometry.planes import IntArray
from sbrt_qa.geometry.regions import Cells
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.outcome import Reason, ReasonCode

FINE_MM = 1.0
"""Spacing of the lattice within a cell."""

CHUNK = 300
"""Cells looked at closely in one go."""

MANY = 5000
"""Cells looked at roughly in one go."""

SAME_MM = 0.03
"""Distances closer than this are the same."""

SLIT_MM = 1.0
"""Slits of the target that count as filled: at 1 cm that is 0.0125 mm of distance, at 2 cm half."""


def highest_beyond_gy(
    target: Cells, body: Cells, dose: DoseGrid, distance_mm: float
) -> float | Reason:
    """Return the highest dose of the trilinear interpolant in the body far from the target.

    Parameters
    ----------
    target, body
        The two regions; the target need not lie inside the body.
    distance_mm
        Distance from the target's surface, larger than 0; less than that and the target itself
        are left out.

    Returns
    -------
    The dose in Gy, or the Reason when no part of the body with a dose is that far away.
    """
    if 1 in dose.dose_gy.shape:
        return Reason(ReasonCode.DOSE_UNUSABLE, say("the dose grid has no extent along one axis"))
    # Branch and bound: a grid cell cannot hold more than its hottest corner, so once the best point
    # found is as hot as the next cell's corner, nothing is left to find.
    search = _Search(Distance(target, SLIT_MM), body, dose, distance_mm)
    cells, top_gy = search.candidates()
    best = -1.0
    for first in range(0, top_gy.size, CHUNK):
        hot = top_gy[first : first + CHUNK] > best
        if not hot.any():
            break
        best = search.highest_in(cells[first : first + CHUNK][hot], best)
    if best < 0:
        text = say(
            "no part of the body with a dose lies {0} mm from the target", f"{distance_mm:g}"
        )
        return Reason(ReasonCode.REFERENCE_MISSING, text)
    return best


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    away: Distance
    body: Cells
    dose: DoseGrid
    distance_mm: float

    def candidates(self) -> tuple[IntArray, FloatArray]:
        """Return the grid cells that may hold the result, and their highest voxels, falling.

        A cell is the indices (x, y, z) of its lower corner. Cells are taken hottest first, until
        the centre of one that is far enough for sure is as hot as the next.
        """
        found: list[tuple[IntArray, FloatArray]] = []
        floor_gy = -1.0
        for cells, top_gy in _hottest_first(self.dose):
            if top_gy[0] <= floor_gy:
                break
            low, high = self._corners(cells)
            # A cheap distance that is too large by at most `ROUGH_MM` drops cells that are near for
            # sure, and finds centres that are far for sure: their dose is a floor for the result.
            centre, reach = (low + high) / 2, np.linalg.norm(high - low, axis=1) / 2
            bound = self.away.bound_mm(centre)
            far = bound + reach + SAME_MM >= self.distance_mm
            # Deep inside the target is far from its surface, too; that does not count.
            far[far] = ~contains(self.away.cells, centre[far])
            found.append((cells[far], top_gy[far]))
            sure = centre[far & (bound - ROUGH_MM >= self.distance_mm)]
            sure = sure[contains(self.body, sure)]
            floor_gy = float(dose_at(self.dose, sure).max(initial=floor_gy))
        return np.concatenate([c for c, _ in found]), np.concatenate([t for _, t in found])

    def highest_in(self, cells: IntArray, best_gy: float) -> float:
        """Return the highest dose of points in grid cells that lie far enough, or the best known.

        Points at nearly the right distance are moved to exactly it, along the shortest way.
        """
        points = self._hotter(_lattice(*self._corners(cells)), best_gy)
        points = points[self.away.bound_mm(points) > self.distance_mm - FINE_MM]
        # The dose falls outwards, so the highest stands at exactly the distance: points of the
        # lattice within 1 mm of it move there along the line to their nearest surface point.
        distance, surface = self.away.nearest(points)
        near = abs(distance - self.distance_mm) < FINE_MM
        scale = self.distance_mm / distance[near][:, None]
        moved = self._hotter(surface[near] + scale * (points[near] - surface[near]), best_gy)
        # Another part of the surface may be nearer to where a point has moved.
        again, _ = self.away.nearest(moved)
        moved = moved[again > self.distance_mm - SAME_MM]
        points = np.concatenate([points[distance >= self.distance_mm], moved])
        points = points[contains(self.body, points)]
        points = points[~contains(self.away.cells, points)]
        return float(dose_at(self.dose, points).max(initial=best_gy))

    def _hotter(self, points: FloatArray, dose_gy: float) -> FloatArray:
        return points[dose_at(self.dose, points) > dose_gy]

    def _corners(self, cells: IntArray) -> tuple[FloatArray, FloatArray]:
        axes = (self.dose.x_mm, self.dose.y_mm, self.dose.z_mm)
        low = [a[i] for a, i in zip(axes, cells.T, strict=True)]
        high = [a[i + 1] for a, i in zip(axes, cells.T, strict=True)]
        return np.stack(low, axis=1), np.stack(high, axis=1)


def _hottest_first(dose: DoseGrid) -> Iterator[tuple[IntArray, FloatArray]]:
    """Yield grid cells (x, y, z) with the highest voxel around each, falling, many at a time."""
    top = dose.dose_gy
    for axis in range(3):
        top = np.maximum(np.delete(top, 0, axis), np.delete(top, -1, axis))
    upper = float(top.max())
    # Sorting millions of cells would cost more than the search: take them in halving levels of
    # dose, and sort within a level only when it is reached.
    for lower in (*(upper / 2**halving for halving in range(1, 8)), -1.0):
        level = np.flatnonzero((top > lower) & (top <= upper))
        level = level[np.argsort(top.ravel()[level])[::-1]]
        for first in range(0, level.size, MANY):
            chosen = level[first : first + MANY]
            z, y, x = np.unravel_index(chosen, top.shape)
            yield np.stack([x, y, z], axis=1), top.ravel()[chosen]
        upper = lower


def _lattice(low_mm: FloatArray, high_mm: FloatArray) -> FloatArray:
    """Return points that fill boxes at `FINE_MM` or closer, and the lower corner of each."""
    parts = int(np.ceil(float((high_mm - low_mm).max()) / FINE_MM))
    steps = (np.arange(parts) + 0.5) / parts
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    grid = np.concatenate([np.zeros((1, 3)), grid])
    points = low_mm[:, None] + (high_mm - low_mm)[:, None] * grid
    return np.asarray(points.reshape(-1, 3))
