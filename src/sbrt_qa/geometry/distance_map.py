"""How far a lattice lies from a region, roughly and everywhere at once.

The lattice has cubes. Those that the region touches are found on scan lines, and an exact distance
transform, one axis after the other, gives every cube its distance from the nearest of them. What a
search has to look at closely is the little that the map cannot decide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.geometry.distance import BoolArray, closed, rows
from sbrt_qa.geometry.regions import Cells
from sbrt_qa.geometry.scanlines import scan
from sbrt_qa.model.grid import FloatArray

CUBE_MM: Final = 2.0
"""Edge of a cube, where the region is not so large that it would take too many."""

MOST_CUBES: Final = 4_000_000
"""Cubes of one map at most; larger cubes where it would be more."""

FAR: Final = 30_000
"""Squared distance, in edges, from which on it is only known that a cube is farther."""

MOST_EDGES: Final = 120
"""Edges over which distances are followed, so that squares stay within 16 bits."""

SquaredArray = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True, eq=False)
class DistanceMap:
    """Distances (mm) of cubes from a region; 0 within it.

    Parameters
    ----------
    low_mm
        Lowest corner (x, y, z) of the lattice.
    edge_mm
        Edge of a cube.
    distance_mm
        Shape ``(nz, ny, nx)``; infinite beyond `within_mm`. A point of a cube is nearer to the
        region by at most `too_large_mm`, and farther by at most `too_small_mm`.
    within_mm
        How far distances are known. Around the lattice everything is farther away.
    step_mm
        Spacing of the lines by which the region was found.
    """

    low_mm: FloatArray
    edge_mm: float
    distance_mm: npt.NDArray[np.float32]
    within_mm: float
    step_mm: float

    @classmethod
    def around(cls, cells: Cells, within_mm: float, slit_mm: float = 0.0) -> DistanceMap:
        """Return the map of a region and what lies within a distance of it."""
        low = np.array([cells.x_low_mm, cells.y_low_mm.min(), cells.z_low_mm.min()])
        high = np.array([cells.x_high_mm, cells.y_high_mm.max(), cells.z_high_mm.max()])
        extent = high - low + 2 * within_mm
        edge = max(CUBE_MM, within_mm / MOST_EDGES, math.cbrt(float(extent.prod()) / MOST_CUBES))
        beyond = math.ceil(within_mm / edge) + 1
        corner = low - beyond * edge
        shape = np.ceil((high - corner) / edge).astype(np.int64) + beyond + 1
        touched, step = _touched(cells, corner, edge, (shape[2], shape[1], shape[0]), slit_mm)
        squared = squared_distance(touched, beyond)
        distance = (edge * np.sqrt(squared)).astype(np.float32)
        distance[squared > beyond * beyond] = np.inf
        return cls(corner, edge, distance, within_mm, step)

    @property
    def too_small_mm(self) -> float:
        """By how much a distance may be too small."""
        return math.sqrt(3) * self.edge_mm

    @property
    def too_large_mm(self) -> float:
        """By how much a distance may be too large: a wave of the surface between two lines."""
        return math.sqrt(3) * self.edge_mm + 2 * self.step_mm

    def at(self, points_mm: FloatArray) -> FloatArray:
        """Return the distance of points, rows of (x, y, z); infinite around the lattice."""
        place = np.floor((points_mm - self.low_mm) / self.edge_mm)
        there = ((place >= 0) & (place < self.distance_mm.shape[::-1])).all(axis=1)
        x, y, z = place[there].astype(np.int64).T
        found = np.full(points_mm.shape[0], np.inf)
        found[there] = self.distance_mm[z, y, x]
        return found

    def on(self, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray) -> npt.NDArray[np.float32]:
        """Return the distance on a grid of ascending axes, shape ``(nz, ny, nx)``."""
        found = np.full((z_mm.size, y_mm.size, x_mm.size), np.inf, dtype=np.float32)
        places, parts = [], []
        for axis, mm in ((2, z_mm), (1, y_mm), (0, x_mm)):
            place = np.floor((mm - self.low_mm[axis]) / self.edge_mm).astype(np.int64)
            inside = np.flatnonzero((place >= 0) & (place < self.distance_mm.shape[2 - axis]))
            places.append(place[inside])
            parts.append(slice(*((inside[0], inside[-1] + 1) if inside.size else (0, 0))))
        found[tuple(parts)] = self.distance_mm[np.ix_(*places)]
        return found


def squared_distance(touched: BoolArray, within: int) -> SquaredArray:
    """Return the squared distance of every cell of a lattice from the nearest that is touched.

    Exact where it is at most ``within ** 2``, in units of the lattice's spacing; `FAR` or more, or
    something larger than ``within ** 2``, elsewhere.

    Parameters
    ----------
    touched
        Any shape.
    within
        At most `MOST_EDGES`.

    Raises
    ------
    ValueError
        `within` is larger.
    """
    if within > MOST_EDGES + 2:
        msg = f"distances are followed over {MOST_EDGES} cells at most, not {within}"
        raise ValueError(msg)
    found: SquaredArray = np.where(touched, 0, FAR).astype(np.uint16)
    for axis in range(touched.ndim):
        before = np.moveaxis(found, axis, 0).copy()
        after = np.moveaxis(found, axis, 0)
        for k in range(1, min(within, after.shape[0] - 1) + 1):
            np.minimum(after[k:], before[:-k] + np.uint16(k * k), out=after[k:])
            np.minimum(after[:-k], before[k:] + np.uint16(k * k), out=after[:-k])
    return found


def _touched(
    cells: Cells, corner_mm: FloatArray, edge_mm: float, shape: tuple[int, int, int], slit_mm: float
) -> tuple[BoolArray, float]:
    """Return which cubes a region reaches, as far as lines half a cube apart can tell."""
    lines, _, step = rows(cells, edge_mm / 2)
    spans = closed(scan(cells, lines), slit_mm)
    line = np.repeat(np.arange(lines.y_mm.size), np.diff(spans.start))
    y, z = (
        np.floor((mm[line] - corner_mm[axis]) / edge_mm).astype(np.int64)
        for axis, mm in ((1, lines.y_mm), (2, lines.z_mm))
    )
    first, last = (
        np.floor((mm - corner_mm[0]) / edge_mm).astype(np.int64)
        for mm in (spans.x_low_mm, spans.x_high_mm)
    )
    change = np.zeros((shape[0], shape[1], shape[2] + 1), dtype=np.int32)
    np.add.at(change, (z, y, first), 1)
    np.add.at(change, (z, y, last + 1), -1)
    return np.cumsum(change, axis=2)[:, :, :-1] > 0, step
