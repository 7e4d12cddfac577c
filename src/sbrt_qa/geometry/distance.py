"""How far points are from a region, and which lie inside it.

Membership is exact: every point gets a scan line of its own. Distance is taken to points on the
surface, on scan lines `STEP_MM` apart in y and z; the ends of the region and those of its sections
are looked for between them. It comes out rather too large than too small, by 0.06 mm or less for
what is round, by 0.5 mm at most.
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

TIP_MM = (0.02, 0.1, 0.25)
"""How far from the ends of a region it is looked at besides: towards a tip it narrows fast."""

HALVINGS = 5
"""How often the place between two rows at which a section ends is narrowed down: to 0.02 mm."""

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
    lines, columns, step = rows(cells, step_mm, window_mm)
    if lines.y_mm.size == 0:
        return np.empty((0, 3))
    spans = closed(scan(cells, lines), slit_mm)
    x_mm = np.arange(cells.x_low_mm, cells.x_high_mm + along_mm, along_mm)
    mask = _mask(spans, x_mm)
    sheets = mask.reshape(-1, columns, x_mm.size)
    deep = np.zeros_like(sheets)
    deep[1:-1, 1:-1] = sheets[:-2, 1:-1] & sheets[2:, 1:-1] & sheets[1:-1, :-2] & sheets[1:-1, 2:]
    line, column = np.nonzero(mask & ~deep.reshape(mask.shape))
    parts = [np.stack([x_mm[column], lines.y_mm[line], lines.z_mm[line]], axis=1), _ends(spans)]
    return np.concatenate([*parts, *_sides(cells, spans, columns, step)])


def _ends(spans: Spans) -> FloatArray:
    """Return both ends (x, y, z) of every span."""
    line = np.repeat(np.arange(spans.lines.y_mm.size), np.diff(spans.start))
    y, z = spans.lines.y_mm[line], spans.lines.z_mm[line]
    return np.concatenate([np.stack([x, y, z], axis=1) for x in (spans.x_low_mm, spans.x_high_mm)])


def _sides(cells: Cells, spans: Spans, columns: int, step_mm: float) -> list[FloatArray]:
    """Return points where a section ends between two rows, towards lower and towards higher y.

    Halving finds how far it reaches beyond its last row.
    """
    lines = spans.lines
    cell = np.repeat(np.arange(lines.start.size - 1), np.diff(lines.start))
    met = (np.diff(spans.start) > 0).reshape(-1, columns)
    found = []
    for towards in (-1, 1):
        ends = met & ~np.roll(met, -towards, axis=1)
        ends[:, -1 if towards > 0 else 0] = False
        at = np.flatnonzero(ends.ravel())
        of, y, z = cell[at], lines.y_mm[at], lines.z_mm[at]
        start = np.searchsorted(of, np.arange(lines.start.size)).astype(np.int64)
        part = step_mm / 2
        for _ in range(HALVINGS):
            tried = y + towards * part
            more = scan(cells, Lines(start, tried, z, np.zeros(at.size)))
            y = np.where(np.diff(more.start) > 0, tried, y)
            found.append(_ends(more))
            part /= 2
    return found


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
    counts, z_mm = _with_tips(cells, counts, z_mm)
    if window_mm is not None:
        low, high = window_mm
        y_mm = y_mm[(y_mm >= low[1] - 2 * step) & (y_mm <= high[1] + 2 * step)]
        kept = (z_mm >= low[2] - 2 * step) & (z_mm <= high[2] + 2 * step)
        cell = np.repeat(np.arange(counts.size), counts)
        counts, z_mm = np.bincount(cell[kept], minlength=counts.size), z_mm[kept]
    start: IntArray = np.concatenate([[0], np.cumsum(counts * y_mm.size)]).astype(np.int64)
    z_all = np.repeat(z_mm, y_mm.size)
    return Lines(start, np.tile(y_mm, z_mm.size), z_all, np.zeros(z_all.size)), y_mm.size, step


def _with_tips(cells: Cells, counts: IntArray, z_mm: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return heights, so many of each cell, with those close to the ends of the region besides."""
    tips = np.array(TIP_MM)
    lowest, highest = (
        ~np.isin(cells.z_low_mm, cells.z_high_mm),
        ~np.isin(cells.z_high_mm, cells.z_low_mm),
    )
    cell, more = [np.repeat(np.arange(counts.size), counts)], [z_mm]
    for found, end, towards in ((lowest, cells.z_low_mm, 1), (highest, cells.z_high_mm, -1)):
        there = np.flatnonzero(found)
        cell.append(np.repeat(there, tips.size))
        more.append((end[there, None] + towards * tips).ravel())
    of, z = np.concatenate(cell), np.concatenate(more)
    inside = (z >= cells.z_low_mm[of]) & (z <= cells.z_high_mm[of])
    of, z = of[inside], z[inside]
    order = np.lexsort((z, of))
    return np.bincount(of, minlength=counts.size).astype(np.int64), z[order]


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
