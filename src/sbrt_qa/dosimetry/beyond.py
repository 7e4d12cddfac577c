"""The highest dose in the body at a distance or more from a target.

Around a target dose falls, so the highest dose far from it stands on the surface at exactly that
distance, or at a hot spot beyond. A map of distances rules out the cells of the dose grid that are
near for sure, and names some that are far for sure, whose dose the result cannot fall below. What
remains is taken hottest first and looked at on a fine lattice, and points just beyond the distance
are drawn in to exactly it. The search ends when no cell can hold a higher dose than the one found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.dosimetry.sampling import dose_at
from sbrt_qa.geometry.distance import Distance, contains
from sbrt_qa.geometry.distance_map import DistanceMap
from sbrt_qa.geometry.planes import IntArray
from sbrt_qa.geometry.regions import Cells
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.outcome import Reason, ReasonCode

FINE_MM = 1.0
"""Spacing of the lattice within a cell."""

FIRST_CELLS: Final = 300
"""Cells looked at closely in the first go; twice as many in each that follows."""

MOST_CELLS: Final = 20_000
"""Cells looked at closely in one go, at most."""

SURE: Final = 2_000
"""Cells that are far for sure among which one in the body is looked for, the hottest."""

SAME_MM = 0.03
"""Distances closer than this are the same."""

SLIT_MM = 1.0
"""Slits of the target that count as filled: at 1 cm that is 0.0125 mm of distance, at 2 cm half."""

MARGIN_MM: Final = 10.0
"""How far beyond the distance the map reaches: cells there are far for sure."""


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
    box = _within(dose, body)
    if box is None:
        return _nothing(distance_mm)
    # Branch and bound: a grid cell cannot hold more than its hottest corner, so once the best point
    # found is as hot as the next cell's corner, nothing is left to find.
    search = _EndSearch(target, body, dose, distance_mm, box)
    best = search.floor_gy()
    for cells in search.hottest_first(best):
        hot = cells[search.top_of(cells) > best]
        if hot.size == 0:
            break
        best = search.highest_in(hot, best)
    return _nothing(distance_mm) if best < 0 else best


def _nothing(distance_mm: float) -> Reason:
    text = say("no part of the body with a dose lies {0} mm from the target", f"{distance_mm:g}")
    return Reason(ReasonCode.REFERENCE_MISSING, text)


Box = tuple[slice, slice, slice]
"""Voxels (z, y, x) of a part of a grid, the corners of all its cells."""


def _within(dose: DoseGrid, body: Cells) -> Box | None:
    """Return the voxels around a body; None where there is no cell."""
    parts = []
    for axis, low, high in (
        (dose.z_mm, body.z_low_mm.min(), body.z_high_mm.max()),
        (dose.y_mm, body.y_low_mm.min(), body.y_high_mm.max()),
        (dose.x_mm, body.x_low_mm, body.x_high_mm),
    ):
        first = max(int(np.searchsorted(axis, low, side="right")) - 1, 0)
        last = min(int(np.searchsorted(axis, high, side="left")), axis.size - 1)
        if last <= first:
            return None
        parts.append(slice(first, last + 1))
    return parts[0], parts[1], parts[2]


@dataclass(frozen=True, eq=False)
class _EndSearch:
    """The cells of the dose grid around a body; a cell is its place in `top_gy`, flattened."""

    target: Cells
    body: Cells
    dose: DoseGrid
    distance_mm: float
    box: Box

    @cached_property
    def map(self) -> DistanceMap:
        return DistanceMap.around(self.target, self.distance_mm + MARGIN_MM, SLIT_MM)

    @cached_property
    def axes(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Corners of the cells along x, y, z."""
        z, y, x = self.box
        return self.dose.x_mm[x], self.dose.y_mm[y], self.dose.z_mm[z]

    @cached_property
    def mapped_mm(self) -> npt.NDArray[np.float32]:
        """Distance of the centre of every cell by the map; infinite far away."""
        x, y, z = ((axis[1:] + axis[:-1]) / 2 for axis in self.axes)
        return self.map.on(x, y, z)

    @cached_property
    def reach_mm(self) -> float:
        """How far the corner of a cell lies from its centre, at most."""
        return float(np.linalg.norm([np.diff(axis).max() for axis in self.axes])) / 2

    @cached_property
    def top_gy(self) -> FloatArray:
        """The highest voxel around each cell; -1 for one that is near the target for sure."""
        voxels, mapped = self.dose.dose_gy[self.box], self.mapped_mm
        beyond_mm = self.map.too_small_mm + self.reach_mm + SAME_MM
        top = np.empty(mapped.shape)
        for z, plane in enumerate(top):  # by planes: copies of a whole grid take 40 MB each
            both = np.maximum(voxels[z + 1], voxels[z])
            both = np.maximum(both[1:], both[:-1])
            np.maximum(both[:, 1:], both[:, :-1], out=plane)
            plane[mapped[z] + beyond_mm < self.distance_mm] = -1.0
        return top

    def top_of(self, cells: IntArray) -> FloatArray:
        return np.asarray(self.top_gy.ravel()[cells])

    def floor_gy(self) -> float:
        """Return the dose of a point of the body that is far for sure, one of the hottest; or -1.

        Looked for close to the distance, where dose is high; hot spots elsewhere are found later.
        """
        known = np.isfinite(self.mapped_mm)
        sure = np.flatnonzero(known & (self.mapped_mm >= self.distance_mm + self.map.too_large_mm))
        if sure.size > SURE:
            sure = sure[np.argpartition(self.top_of(sure), -SURE)[-SURE:]]
        low, high = self._corners(sure)
        centre = (low + high) / 2
        centre = centre[contains(self.body, centre)]
        return float(dose_at(self.dose, centre).max(initial=-1.0))

    def hottest_first(self, floor_gy: float) -> Iterator[IntArray]:
        """Yield cells with a voxel hotter than a dose, the hottest first, more in every go."""
        top = self.top_gy.ravel()
        upper = float(top.max())
        # Sorting millions of cells would cost more than the search: take them in halving levels of
        # dose, and sort within a level only when it is reached.
        for lower in (*(upper / 2**halving for halving in range(1, 8)), -1.0):
            level = np.flatnonzero((top > max(lower, floor_gy)) & (top <= upper))
            level = level[np.argsort(top[level])[::-1]]
            first, count = 0, FIRST_CELLS
            while first < level.size:
                yield level[first : first + count]
                first, count = first + count, min(2 * count, MOST_CELLS)
            if lower <= floor_gy:
                return
            upper = lower

    def highest_in(self, cells: IntArray, best_gy: float) -> float:
        """Return the highest dose of points in grid cells that lie far enough, or the best known.

        Points at nearly the right distance are moved to exactly it, along the shortest way.
        """
        low, high = self._corners(cells)
        points = _lattice(low, high)
        cell = np.repeat(np.arange(cells.size), points.shape[0] // cells.size)
        mapped, gy = self.map.at(points), dose_at(self.dose, points)
        sure = mapped >= self.distance_mm + self.map.too_large_mm
        best_gy = self._highest_of(points[sure & (gy > best_gy)], best_gy)
        close = mapped + self.map.too_small_mm > self.distance_mm - FINE_MM
        close &= ~sure & (gy > best_gy)
        points, cell = points[close], cell[close]
        if points.shape[0] == 0:
            return best_gy
        # No point is farther away than from what is next to the centre of its cell: that spares
        # most of them the search for what is next to themselves.
        asked, of_cell = np.unique(cell, return_inverse=True)
        _, surface = self.away.nearest((low[asked] + high[asked]) / 2)
        farthest = np.linalg.norm(points - surface[of_cell], axis=1)
        points = points[farthest > self.distance_mm - FINE_MM]
        # The dose falls outwards, so the highest stands at exactly the distance: points of the
        # lattice within 1 mm of it move there along the line to their nearest surface point.
        distance, surface = self.away.nearest(points)
        best_gy = self._highest_of(points[distance >= self.distance_mm], best_gy)
        near = abs(distance - self.distance_mm) < FINE_MM
        scale = self.distance_mm / distance[near][:, None]
        moved = self._hotter(surface[near] + scale * (points[near] - surface[near]), best_gy)
        # Another part of the surface may be nearer to where a point has moved.
        again, _ = self.away.nearest(moved)
        return self._highest_of(moved[again > self.distance_mm - SAME_MM], best_gy)

    @cached_property
    def away(self) -> Distance:
        """The surface that may be nearest to the cells between near and far."""
        between = np.isfinite(self.mapped_mm) & (self.top_gy >= 0)
        between &= self.mapped_mm < self.distance_mm + self.map.too_large_mm + self.reach_mm
        reach = self.distance_mm + 2 * FINE_MM + self.map.edge_mm
        window = []
        for n, axis in enumerate(self.axes):
            there = np.flatnonzero(between.any(axis=tuple({0, 1, 2} - {2 - n})))
            window.append((axis[there[0]] - reach, axis[there[-1] + 1] + reach))
        low, high = np.array(window).T
        return Distance(self.target, SLIT_MM, (low, high))

    def _highest_of(self, points: FloatArray, best_gy: float) -> float:
        """Return the highest dose of points that are far enough, if they lie in the body."""
        points = self._hotter(points, best_gy)
        points = points[contains(self.body, points)]
        points = points[~contains(self.target, points)]
        return float(dose_at(self.dose, points).max(initial=best_gy))

    def _hotter(self, points: FloatArray, dose_gy: float) -> FloatArray:
        return points[dose_at(self.dose, points) > dose_gy]

    def _corners(self, cells: IntArray) -> tuple[FloatArray, FloatArray]:
        z, y, x = np.unravel_index(cells, self.top_gy.shape)
        places = tuple(zip(self.axes, (x, y, z), strict=True))
        low, high = [a[i] for a, i in places], [a[i + 1] for a, i in places]
        return np.stack(low, axis=1), np.stack(high, axis=1)


def _lattice(low_mm: FloatArray, high_mm: FloatArray) -> FloatArray:
    """Return points that fill boxes at `FINE_MM` or closer, and the lower corner of each."""
    parts = int(np.ceil(float((high_mm - low_mm).max()) / FINE_MM))
    steps = (np.arange(parts) + 0.5) / parts
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    grid = np.concatenate([np.zeros((1, 3)), grid])
    points = low_mm[:, None] + (high_mm - low_mm)[:, None] * grid
    return np.asarray(points.reshape(-1, 3))
