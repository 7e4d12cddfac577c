"""Polygons of a structure filled on a raster of cells: for looking at neighbours, not for volumes.

A cell is inside when its centre is, by the even-odd rule. Volumes of limits never come from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.geometry.planes import PlaneStack
from sbrt_qa.model.grid import FloatArray, frozen_array

BoolArray = npt.NDArray[np.bool_]

REACH: Final = 0.75
"""Part of the spacing of the contours within which a plane of the raster is that of a contour."""


@dataclass(frozen=True, slots=True, eq=False)
class CellRaster:
    """Cells along (z, y, x): positions of planes, centre of the first cell of a plane, its size.

    Parameters
    ----------
    z_mm
        Ascending.
    origin_mm, cell_mm
        Along (x, y).
    shape
        Cells along (y, x).
    """

    z_mm: FloatArray
    origin_mm: tuple[float, float]
    cell_mm: tuple[float, float]
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        object.__setattr__(self, "z_mm", frozen_array(self.z_mm))

    @property
    def step_mm(self) -> float:
        """Usual distance of the planes; 1 for a single one."""
        return float(np.median(np.diff(self.z_mm))) if self.z_mm.size > 1 else 1.0

    @property
    def cell_cc(self) -> float:
        """Volume of a cell."""
        return self.step_mm * self.cell_mm[0] * self.cell_mm[1] / 1000

    def at(self, places: FloatArray) -> FloatArray:
        """Return (x, y, z) in mm of places (z, y, x) counted in cells, shape ``(n, 3)``."""
        z = np.interp(places[:, 0], np.arange(self.z_mm.size), self.z_mm)
        x = self.origin_mm[0] + places[:, 2] * self.cell_mm[0]
        y = self.origin_mm[1] + places[:, 1] * self.cell_mm[1]
        return np.column_stack([x, y, z])

    def cells(self, points_mm: FloatArray) -> npt.NDArray[np.int64]:
        """Return the cells (z, y, x) in or nearest to which points (x, y, z) lie, ``(n, 3)``."""
        z = np.interp(points_mm[:, 2], self.z_mm, np.arange(self.z_mm.size))
        x = (points_mm[:, 0] - self.origin_mm[0]) / self.cell_mm[0]
        y = (points_mm[:, 1] - self.origin_mm[1]) / self.cell_mm[1]
        found = np.rint(np.column_stack([z, y, x])).astype(np.int64)
        return np.clip(found, 0, np.array([self.z_mm.size, *self.shape]) - 1)


def filled(stack: PlaneStack, raster: CellRaster, spacing_mm: float) -> BoolArray:
    """Return the cells inside a structure, shape ``(nz, ny, nx)``.

    Parameters
    ----------
    spacing_mm
        Of the structure's planes: a plane of the raster that lies farther than `REACH` of it from
        any contour is outside.
    """
    ny, nx = raster.shape
    inside = np.zeros((raster.z_mm.size, ny, nx), dtype=np.bool_)
    for part in (stack, *stack.parts):
        inside |= _filled(part, raster, spacing_mm)
    for hole in stack.holes:
        inside &= ~_filled(hole, raster, spacing_mm)
    return inside


def _filled(stack: PlaneStack, raster: CellRaster, spacing_mm: float) -> BoolArray:
    """Fill each column of contours by itself, and join them: columns never lie above each other."""
    inside = np.zeros((raster.z_mm.size, *raster.shape), dtype=np.bool_)
    for first, last in zip(stack.column_start[:-1], stack.column_start[1:], strict=True):
        at = _nearest(stack.z_mm[first:last], raster.z_mm, spacing_mm)
        planes = [(k, int(first + p)) for k, p in enumerate(at.tolist()) if p >= 0]
        if planes:
            _toggle(stack, raster, planes, inside)
    return inside


def _nearest(planes_mm: FloatArray, z_mm: FloatArray, spacing_mm: float) -> npt.NDArray[np.int64]:
    """Return the plane nearest to each height; -1 where none is near."""
    right = np.clip(np.searchsorted(planes_mm, z_mm), 1, max(planes_mm.size - 1, 1))
    left = right - 1
    right = np.minimum(right, planes_mm.size - 1)
    nearest = np.where(z_mm - planes_mm[left] <= planes_mm[right] - z_mm, left, right)
    near = np.abs(planes_mm[nearest] - z_mm) <= REACH * spacing_mm
    return np.where(near, nearest, -1)


def _toggle(
    stack: PlaneStack, raster: CellRaster, planes: list[tuple[int, int]], inside: BoolArray
) -> None:
    """Turn what lies within the loops of some planes inside out, in place."""
    start, end, level = _edges(stack, planes)
    ny, nx = raster.shape
    (x0, y0), (dx, dy) = raster.origin_mm, raster.cell_mm
    low = np.minimum(start[:, 1], end[:, 1])
    high = np.maximum(start[:, 1], end[:, 1])
    first = np.clip(np.ceil((low - y0) / dy), 0, ny).astype(np.int64)
    count = np.clip(np.ceil((high - y0) / dy), 0, ny).astype(np.int64) - first
    edge = np.repeat(np.arange(count.size), count)
    row = np.arange(edge.size) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    a, b = start[edge], end[edge]
    x = a[:, 0] + (y0 + row * dy - a[:, 1]) * (b[:, 0] - a[:, 0]) / (b[:, 1] - a[:, 1])
    column = np.clip(np.ceil((x - x0) / dx), 0, nx).astype(np.int64)
    kept = column < nx
    if not kept.any():
        return
    rows = row[kept]
    z, j, i = level[edge][kept], rows - rows.min(), column[kept] - column[kept].min()
    width, depth = nx - int(column[kept].min()), int(j.max()) + 1
    flat = (z * depth + j) * width + i
    crossed = np.bincount(flat, minlength=inside.shape[0] * depth * width).astype(np.uint8) & 1
    crossed = crossed.reshape(inside.shape[0], depth, width)
    odd = np.bitwise_xor.accumulate(crossed, axis=2).astype(np.bool_)
    top, side = int(rows.min()), int(column[kept].min())
    inside[:, top : top + depth, side:] ^= odd


def _edges(
    stack: PlaneStack, planes: list[tuple[int, int]]
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int64]]:
    """Return both ends of every edge of some planes, and the plane of the raster of each."""
    starts, ends, levels = [], [], []
    for k, plane in planes:
        for loop in range(int(stack.plane_start[plane]), int(stack.plane_start[plane + 1])):
            xy = stack.xy_mm[int(stack.loop_start[loop]) : int(stack.loop_start[loop + 1])]
            starts.append(xy)
            ends.append(np.roll(xy, -1, axis=0))
            levels.append(np.full(xy.shape[0], k, dtype=np.int64))
    return np.concatenate(starts), np.concatenate(ends), np.concatenate(levels)
