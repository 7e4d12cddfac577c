"""The highest dose in the body at a distance or more from a target.

Around a target dose falls, so the highest dose far from it stands on the surface at exactly that
distance, or at a hot spot beyond. A map of distances rules out the cells of the dose grid that are
near for sure, and names some that are far for sure, whose dose the result cannot fall below. What
remains is taken hottest first and looked at on a fine lattice, and points just beyond the distance
are drawn in to exactly it. The search ends when no cell can hold a higher dose than the one found.

Near the distance dose between voxels is read by the spline, as in all that it is compared with.
Farther away the highest dose stands at a voxel, through which every reading goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.dosimetry.accumulation import box_of
from sbrt_qa.dosimetry.interpolation import GridBox, Interpolation, spline_around
from sbrt_qa.dosimetry.sampling import dose_at
from sbrt_qa.dosimetry.spline.dose_field import DoseField, neighbours
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

RISES: Final = 0.5
"""How far a spline may rise above a trilinear dose, as a part of what a voxel beside it lies above
the mean of its neighbours, summed over the axes: twice what a parabola does."""

ROUNDED_UP: Final = 1 + 5e-7
"""Factor after which a number in single precision is larger than the one in double was."""


@dataclass(frozen=True, slots=True, eq=False)
class DoseNear:
    """Dose at points: by the spline around a target, trilinear elsewhere.

    Parameters
    ----------
    dose
        The dose of a case.
    field
        The spline around the target as far as a distance; None where dose is read linearly.
    """

    dose: DoseGrid
    field: DoseField | None

    @classmethod
    def around(
        cls, target: Cells, dose: DoseGrid, distance_mm: float, how: Interpolation
    ) -> DoseNear:
        """Lay the spline around a target, as far as a distance and a little more."""
        box, reach = box_of(target), distance_mm + 2 * FINE_MM
        spans = ((low - reach, high + reach) for low, high in (box.x_mm, box.y_mm, box.z_mm))
        return cls(dose, spline_around(dose, GridBox(*spans), how))

    def at(self, points_mm: FloatArray) -> FloatArray:
        """Return the dose at points, rows of (x, y, z)."""
        found = dose_at(self.dose, points_mm)
        if self.field is not None:
            known = self._within(points_mm)
            found[known] = self.field.at(points_mm[known])
        return found

    def room_of_cells(
        self, low_mm: FloatArray, high_mm: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the hottest corner of grid cells, and how far dose in them may rise above it.

        So far may the dose also rise above the trilinear one at every point of the cell.
        """
        voxels = self.dose.dose_gy
        axes = (self.dose.z_mm, self.dose.y_mm, self.dose.x_mm)
        cell = [
            np.clip(np.searchsorted(a, low_mm[:, 2 - n], side="right") - 1, 0, a.size - 2)
            for n, a in enumerate(axes)
        ]
        around = neighbours(voxels, cell).reshape(-1, 4, 4, 4)
        top = around[:, 1:3, 1:3, 1:3].reshape(-1, 8).max(axis=1)
        room = np.zeros(top.size)
        for axis in (1, 2, 3):
            v = np.moveaxis(around, axis, 1)
            bend = v[:, 1:3] - (v[:, 0:2] + v[:, 2:4]) / 2
            room += np.maximum(bend.reshape(top.size, -1).max(axis=1), 0.0)
        room[~self._within((low_mm + high_mm) / 2)] = 0.0
        return np.asarray(top), RISES * room

    def cells(self, box: Box) -> Box | None:
        """Return which cells of a part of the grid (z, y, x) the spline covers; None for none."""
        if self.field is None:
            return None
        whole, own = self.dose, self.field.dose
        parts = []
        for axis, inner, cut in (
            (whole.z_mm, own.z_mm, box[0]),
            (whole.y_mm, own.y_mm, box[1]),
            (whole.x_mm, own.x_mm, box[2]),
        ):
            first, last = np.searchsorted(axis, (inner[0], inner[-1]))
            first, last = max(first - cut.start, 0), min(last, cut.stop - 1) - cut.start
            parts.append(slice(int(first), int(max(last, first))))
        return parts[0], parts[1], parts[2]

    def _within(self, points_mm: FloatArray) -> npt.NDArray[np.bool_]:
        """Tell which points lie where the spline is laid."""
        if self.field is None:
            return np.zeros(points_mm.shape[0], dtype=bool)
        grid = self.field.dose
        low = np.array([grid.x_mm[0], grid.y_mm[0], grid.z_mm[0]])
        high = np.array([grid.x_mm[-1], grid.y_mm[-1], grid.z_mm[-1]])
        return np.asarray(((points_mm >= low) & (points_mm <= high)).all(axis=1))


def highest_beyond_gy(
    target: Cells,
    body: Cells,
    dose: DoseGrid,
    distance_mm: float,
    how: Interpolation = Interpolation.CUBIC,
) -> float | Reason:
    """Return the highest dose in the body far from the target.

    Parameters
    ----------
    target, body
        The two regions; the target need not lie inside the body.
    distance_mm
        Distance from the target's surface, larger than 0; less than that and the target itself
        are left out.
    how
        How dose between voxels is read; a spline where it is `CUBIC`, else trilinear.

    Returns
    -------
    The dose in Gy, or the Reason when no part of the body with a dose is that far away.
    """
    if 1 in dose.dose_gy.shape:
        return Reason(ReasonCode.DOSE_UNUSABLE, say("the dose grid has no extent along one axis"))
    box = _within(dose, body)
    if box is None:
        return _nothing(distance_mm)
    # Branch and bound: a grid cell cannot hold more than the hottest voxel around it, so once the
    # best point found is as hot as those of the next cell, nothing is left to find.
    read = DoseNear.around(target, dose, distance_mm, how)
    search = _EndSearch(target, body, read, distance_mm, box)
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
    read: DoseNear
    distance_mm: float
    box: Box

    @cached_property
    def map(self) -> DistanceMap:
        return DistanceMap.around(self.target, self.distance_mm + MARGIN_MM, SLIT_MM)

    @cached_property
    def axes(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Corners of the cells along x, y, z."""
        z, y, x = self.box
        dose = self.read.dose
        return dose.x_mm[x], dose.y_mm[y], dose.z_mm[z]

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
    def top_gy(self) -> npt.NDArray[np.float32]:
        """The highest voxel around each cell; -1 for one that is near the target for sure.

        By the spline that is one of 4 x 4 x 4 voxels, else a corner. Rounded up, never down.
        """
        voxels, mapped = self.read.dose.dose_gy[self.box], self.mapped_mm
        beyond_mm = self.map.too_small_mm + self.reach_mm + SAME_MM
        top = np.empty(mapped.shape, dtype=np.float32)
        for z, plane in enumerate(top):  # by planes: copies of a whole grid take 40 MB each
            both = np.maximum(voxels[z + 1], voxels[z])
            both = np.maximum(both[1:], both[:-1])
            plane[:] = np.maximum(both[:, 1:], both[:, :-1]) * ROUNDED_UP
        if splined := self.read.cells(self.box):
            _raise_to_neighbours(top[splined])
        for z, plane in enumerate(top):
            plane[mapped[z] + beyond_mm < self.distance_mm] = -1.0
        return top

    def top_of(self, cells: IntArray) -> npt.NDArray[np.float32]:
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
        return float(self.read.at(centre).max(initial=-1.0))

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
        top, room = self.read.room_of_cells(low, high)
        able = top + room > best_gy
        low, high, room = low[able], high[able], room[able]
        if room.size == 0:
            return best_gy
        points = _lattice(low, high)
        cell = np.repeat(np.arange(room.size), points.shape[0] // room.size)
        mapped, most = self.map.at(points), dose_at(self.read.dose, points) + room[cell]
        sure = mapped >= self.distance_mm + self.map.too_large_mm
        best_gy = self._highest_of(points[sure & (most > best_gy)], best_gy)
        close = mapped + self.map.too_small_mm > self.distance_mm - FINE_MM
        close &= ~sure & (most > best_gy)
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
        return float(self.read.at(points).max(initial=best_gy))

    def _hotter(self, points: FloatArray, dose_gy: float) -> FloatArray:
        return points[self.read.at(points) > dose_gy]

    def _corners(self, cells: IntArray) -> tuple[FloatArray, FloatArray]:
        z, y, x = np.unravel_index(cells, self.top_gy.shape)
        places = tuple(zip(self.axes, (x, y, z), strict=True))
        low, high = [a[i] for a, i in places], [a[i + 1] for a, i in places]
        return np.stack(low, axis=1), np.stack(high, axis=1)


def _raise_to_neighbours(values: npt.NDArray[np.float32]) -> None:
    """Raise each of ``[z, y, x]`` to the highest of the 27 around it, in place, plane by plane."""
    below: npt.NDArray[np.float32] | None = None
    for k, plane in enumerate(values):
        own = plane.copy()
        if below is not None:
            np.maximum(plane, below, out=plane)
        if k + 1 < len(values):
            np.maximum(plane, values[k + 1], out=plane)
        below = own
        for along in (plane, plane.T):
            before = along.copy()
            np.maximum(along[1:], before[:-1], out=along[1:])
            np.maximum(along[:-1], before[1:], out=along[:-1])


def _lattice(low_mm: FloatArray, high_mm: FloatArray) -> FloatArray:
    """Return points that fill boxes at `FINE_MM` or closer, and the lower corner of each."""
    parts = int(np.ceil(float((high_mm - low_mm).max()) / FINE_MM))
    steps = (np.arange(parts) + 0.5) / parts
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    grid = np.concatenate([np.zeros((1, 3)), grid])
    points = low_mm[:, None] + (high_mm - low_mm)[:, None] * grid
    return np.asarray(points.reshape(-1, 3))
