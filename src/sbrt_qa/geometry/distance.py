"""How far points are from a region, and which lie inside it.

Membership is exact: every point gets a scan line of its own. Distance is taken to points on the
surface, on scan lines `STEP_MM` apart in y and z, ends of the region included. It comes out right
to 0.5 mm, and rather too large than too small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from sbrt_qa.geometry.nearest import tree_of
from sbrt_qa.geometry.planes import IntArray
from sbrt_qa.geometry.regions import Cells, ramp
from sbrt_qa.geometry.scanlines import Lines, Spans, scan
from sbrt_qa.model.grid import FloatArray

STEP_MM = 0.5
"""Spacing of the scan lines in y and z."""

ALONG_MM = 1.0
"""Spacing of points along those parts of a line that lie on the surface."""

ROUGH_MM = 4.0
"""How much too large a distance may come out where only a bound is needed."""

WITHIN_MM = 1e-3
"""How far the first and last line lie within a region, because its very edge may count as out."""

NEARLY = 1e-3
"""Part by which a nearest point may be missed: 0.02 mm at 2 cm."""

MOST_LINES = 300_000
"""Scan lines at most; a larger region is scanned more coarsely, and distance is less exact."""

BoolArray = npt.NDArray[np.bool_]


def contains(cells: Cells, points_mm: FloatArray) -> BoolArray:
    """Tell which points, rows of (x, y, z), lie inside a region."""
    inside = np.zeros(points_mm.shape[0], dtype=np.bool_)
    cell = np.searchsorted(cells.z_low_mm, points_mm[:, 2], side="right") - 1
    within = (cell >= 0) & (points_mm[:, 2] <= cells.z_high_mm[np.maximum(cell, 0)])
    wanted = np.nonzero(within)[0]
    if wanted.size == 0:
        return inside
    y, z = points_mm[wanted, 1], points_mm[wanted, 2]
    order = np.lexsort((y, z, cell[wanted]))
    wanted, y, z = wanted[order], y[order], z[order]
    fresh = np.concatenate([[True], (np.diff(y) != 0) | (np.diff(z) != 0)])
    # Points with the same y and z lie in one cell and share a line.
    start = np.searchsorted(cell[wanted][fresh], np.arange(cells.z_low_mm.size + 1))
    y, z = y[fresh], z[fresh]
    spans = scan(cells, Lines(start.astype(np.int64), y, z, np.zeros(y.size)))
    line = np.cumsum(fresh) - 1
    count = np.diff(spans.start)[line]
    span = np.repeat(spans.start[line], count) + ramp(count)
    point = np.repeat(wanted, count)
    x = points_mm[point, 0]
    inside[point[(x >= spans.x_low_mm[span]) & (x <= spans.x_high_mm[span])]] = True
    return inside


@dataclass(frozen=True, eq=False)
class Distance:
    """Distance from the surface of a region, for points outside as for points inside.

    Parameters
    ----------
    cells
        The region.
    slit_mm
        Slits of the region along x that are narrower than this are no surface. At a distance ``d``
        from the region that moves the result by less than ``slit_mm ** 2 / (8 d)``, and it spares a
        contour that crosses itself a thousand times most of its points.
    window_mm
        Corners (x, y, z) of a box, low and high, outside which no surface is looked at.
    """

    cells: Cells
    slit_mm: float = 0.0
    window_mm: tuple[FloatArray, FloatArray] | None = None

    def bound_mm(self, points_mm: FloatArray) -> FloatArray:
        """Return, quickly, a distance that is too large by `ROUGH_MM` at most."""
        distance, _ = self._rough_tree.query(points_mm, eps=NEARLY)
        return np.asarray(distance)

    def nearest(self, points_mm: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the distance of every point (x, y, z), and the surface point next to it."""
        distance, index = self._tree.query(points_mm, eps=NEARLY)
        return np.asarray(distance), np.asarray(self._tree.data[index])

    @cached_property
    def _tree(self) -> Any:  # noqa: ANN401
        points = surface_points(self.cells, STEP_MM, ALONG_MM, self.slit_mm, self.window_mm)
        return tree_of(points, quickly_built=True)

    @cached_property
    def _rough_tree(self) -> Any:  # noqa: ANN401
        step = ROUGH_MM / 2
        points = surface_points(self.cells, step, step, self.slit_mm)
        return tree_of(points, quickly_built=True)


def surface_points(
    cells: Cells,
    step_mm: float,
    along_mm: float,
    slit_mm: float = 0.0,
    window_mm: tuple[FloatArray, FloatArray] | None = None,
) -> FloatArray:
    """Return points (x, y, z) that cover the surface of a region.

    Parameters
    ----------
    step_mm
        Spacing of scan lines in y and z; larger where that would make more than `MOST_LINES`.
    along_mm
        Spacing in x of points on those parts of a line that lie on the surface. The ends of every
        line are on it.
    slit_mm
        Gaps within a line that are shorter than this count as filled.
    window_mm
        Corners (x, y, z) of a box, low and high; points around it may be left out.
    """
    lines, columns, _ = rows(cells, step_mm, window_mm)
    if lines.y_mm.size == 0:
        return np.empty((0, 3))
    spans = closed(scan(cells, lines), slit_mm)
    x_mm = np.arange(cells.x_low_mm, cells.x_high_mm + along_mm, along_mm)
    mask = _mask(spans, x_mm)
    sheets = mask.reshape(-1, columns, x_mm.size)
    deep = np.zeros_like(sheets)
    deep[1:-1, 1:-1] = sheets[:-2, 1:-1] & sheets[2:, 1:-1] & sheets[1:-1, :-2] & sheets[1:-1, 2:]
    line, column = np.nonzero(mask & ~deep.reshape(mask.shape))
    ends = np.repeat(np.arange(lines.y_mm.size), np.diff(spans.start))
    parts = ((x_mm[column], line), (spans.x_low_mm, ends), (spans.x_high_mm, ends))
    return np.concatenate([np.stack([x, lines.y_mm[i], lines.z_mm[i]], axis=1) for x, i in parts])


def rows(
    cells: Cells, step_mm: float, window_mm: tuple[FloatArray, FloatArray] | None = None
) -> tuple[Lines, int, float]:
    """Return even rows in y at heights that include the ends of every cell.

    Also returns the rows per height, and their spacing. Of rows outside a window only the next on
    each side are there.
    """
    y_low, y_high = float(cells.y_low_mm.min()), float(cells.y_high_mm.max())
    thickness = cells.z_high_mm - cells.z_low_mm
    step = max(step_mm, math.sqrt((y_high - y_low) * float(thickness.sum()) / MOST_LINES))
    parts = max(math.ceil((y_high - y_low) / step), 1)
    y_mm = np.linspace(y_low + WITHIN_MM, y_high - WITHIN_MM, parts + 1)
    counts = np.maximum(np.ceil(thickness / step), 1).astype(np.int64) + 1
    part = ramp(counts) / np.repeat(counts - 1, counts)
    z_mm = np.repeat(cells.z_low_mm, counts) + part * np.repeat(thickness, counts)
    if window_mm is not None:
        low, high = window_mm
        y_mm = y_mm[(y_mm >= low[1] - 2 * step) & (y_mm <= high[1] + 2 * step)]
        kept = (z_mm >= low[2] - 2 * step) & (z_mm <= high[2] + 2 * step)
        cell = np.repeat(np.arange(counts.size), counts)
        counts, z_mm = np.bincount(cell[kept], minlength=counts.size), z_mm[kept]
    start: IntArray = np.concatenate([[0], np.cumsum(counts * y_mm.size)]).astype(np.int64)
    z_all = np.repeat(z_mm, y_mm.size)
    return Lines(start, np.tile(y_mm, z_mm.size), z_all, np.zeros(z_all.size)), y_mm.size, step


def closed(spans: Spans, slit_mm: float) -> Spans:
    """Return spans without the gaps shorter than `slit_mm` between those of one line."""
    if slit_mm <= 0 or spans.x_low_mm.size == 0:
        return spans
    line = np.repeat(np.arange(spans.lines.y_mm.size), np.diff(spans.start))
    same_line = line[1:] == line[:-1]
    gap = ~same_line | (spans.x_low_mm[1:] - spans.x_high_mm[:-1] >= slit_mm)
    first, last = np.concatenate([[True], gap]), np.concatenate([gap, [True]])
    per_line = np.bincount(line[first], minlength=spans.lines.y_mm.size)
    start: IntArray = np.concatenate([[0], np.cumsum(per_line)]).astype(np.int64)
    return Spans(spans.lines, start, spans.x_low_mm[first], spans.x_high_mm[last])


def _mask(spans: Spans, x_mm: FloatArray) -> BoolArray:
    """Return which x of every line lie inside, shape ``(lines, x)``."""
    lines = spans.lines.y_mm.size
    change = np.zeros((lines, x_mm.size + 1), dtype=np.int8)
    line = np.repeat(np.arange(lines), np.diff(spans.start))
    np.add.at(change, (line, np.searchsorted(x_mm, spans.x_low_mm, side="left")), 1)
    np.add.at(change, (line, np.searchsorted(x_mm, spans.x_high_mm, side="right")), -1)
    return np.asarray(np.cumsum(change, axis=1, dtype=np.int8)[:, :-1] > 0)
