"""Lowest and highest dose of the interpolant on a region, computed rather than sampled.

In each grid cell the dose is linear along every axis, so on a section at one height it takes its
extremes at a grid node inside the section or on its edge, where it is a parabola between two grid
lines. Heights are the dose planes, the ends of the region's cells, and enough places between that
the curved sides of small structures are followed.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import numpy.typing as npt

from sbrt_qa.dosimetry._kernels import extremes_on_nodes
from sbrt_qa.dosimetry.edges._kernels import extremes_on_edges
from sbrt_qa.geometry.planes import IntArray
from sbrt_qa.geometry.regions import Cells, ramp
from sbrt_qa.geometry.scanlines import Lines, scan
from sbrt_qa.model.grid import DoseGrid, FloatArray

HEIGHTS = 60
"""Heights at which a region is looked at, at least, unless they come closer than `CLOSEST_MM`."""

CLOSEST_MM = 0.25
"""Heights come no closer than this, but for dose planes and ends of cells."""

TIP_MM = 0.005
"""How far within an end of the region it is looked at besides: a round end is a point, which has no
outline, and the usual heights stop short of it."""

MANY_ROWS = 8_000
"""Rows of voxels at all heights, up to which it is not worth asking which may hold an extreme."""

LIKELIEST = 24
"""Rows of voxels with the lowest and with the highest doses that are looked at before the rest."""


def extremes(cells: Cells, dose: DoseGrid, low_gy: float, high_gy: float) -> tuple[float, float]:
    """Return the lowest and highest dose on the part of a region that lies inside the grid.

    Parameters
    ----------
    cells, dose
        Region and dose; every axis of the grid has at least two voxels.
    low_gy, high_gy
        Doses already met inside the region; the result is at least as wide.
    """
    # Section by section. Within a grid cell at one height the dose is bilinear, a saddle without a
    # top or bottom of its own. So the extremes are at grid nodes inside the section, or on its
    # outline, where the dose is a parabola between two grid lines.
    start, heights = _heights(cells, dose.z_mm)
    low, high = _on_nodes(cells, dose, start, heights, low_gy, high_gy)
    low, high = extremes_on_edges(
        cells.pieces, (cells.start, cells.members), cells.table, start, heights,
        dose.dose_gy, dose.x_mm, dose.y_mm, dose.z_mm, low, high,
    )  # fmt: skip
    return float(low), float(high)


def _heights(cells: Cells, z_mm: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return offsets per cell and z of the heights inside the grid.

    Where a cell follows another, the height at which they meet is looked at once.
    """
    usual = (cells.z_high_mm.max() - cells.z_low_mm.min()) / HEIGHTS
    step = max(float(usual), CLOSEST_MM)
    low, high = np.maximum(cells.z_low_mm, z_mm[0]), np.minimum(cells.z_high_mm, z_mm[-1])
    planes = z_mm.tolist()
    found: list[float] = []
    counts = [0]
    # Where a cell has more pieces than the one before, one begins; where fewer follow, one ends.
    pieces, meets = np.diff(cells.start), low[1:] <= high[:-1]
    before = np.concatenate([[0], np.where(meets, pieces[:-1], 0)])
    after = np.concatenate([np.where(meets, pieces[1:], 0), [0]])
    ends = zip((pieces > before).tolist(), (pieces > after).tolist(), strict=True)
    for a, b, (begins, stops) in zip(low.tolist(), high.tolist(), ends, strict=True):
        if a <= b:
            # Where cells meet, the upper one does not repeat the height of the lower one.
            meets_last = len(counts) > 1 and counts[-1] > counts[-2] and found[-1] >= a
            parts = max(int((b - a) / step) + 1, 1)
            even = [a + (b - a) * i / parts for i in range(1 if meets_last else 0, parts + 1)]
            # The dose bends at dose planes, so each of them is looked at; between them even steps
            # follow the curved sides.
            within = planes[bisect_right(planes, a) : bisect_right(planes, b)]
            if b - a > 2 * TIP_MM:
                within += [a + TIP_MM] * begins + [b - TIP_MM] * stops
            found += sorted([*even, *within])
        counts.append(len(found))
    return np.array(counts, dtype=np.int64), np.array(found, dtype=np.float64)


def _on_nodes(
    cells: Cells, dose: DoseGrid, start: IntArray, heights: FloatArray, low: float, high: float
) -> tuple[float, float]:
    lines = _grid_rows(cells, dose.y_mm, start, heights)
    if lines.y_mm.size == 0:
        return low, high
    if lines.y_mm.size <= MANY_ROWS:
        return _on_rows(cells, dose, lines, low, high)
    # No node of a row is beyond the range of both rows of voxels it lies between; many rows lie
    # within what has been found, and are not cut. Where nothing has, the likeliest come first.
    least, most = _ranges(cells, dose, lines)
    if low > high:
        count = min(LIKELIEST, least.size) - 1
        first = least <= np.partition(least, count)[count]
        first |= most >= -np.partition(-most, count)[count]
        low, high = _on_rows(cells, dose, _some(lines, first), low, high)
    return _on_rows(cells, dose, _some(lines, (least < low) | (most > high)), low, high)


def _on_rows(
    cells: Cells, dose: DoseGrid, lines: Lines, low: float, high: float
) -> tuple[float, float]:
    """Return both doses widened by nodes inside a region on lines that lie on rows of the grid."""
    if lines.y_mm.size == 0:
        return low, high
    spans = scan(cells, lines)
    widened: tuple[float, float] = extremes_on_nodes(
        lines.y_mm, lines.z_mm, spans.start, spans.x_low_mm, spans.x_high_mm,
        dose.dose_gy, dose.x_mm, dose.y_mm, dose.z_mm, low, high,
    )  # fmt: skip
    return widened


def _ranges(cells: Cells, dose: DoseGrid, lines: Lines) -> tuple[FloatArray, FloatArray]:
    """Return of each line on a row of the grid between which doses all of its nodes lie."""
    x = slice(*np.searchsorted(dose.x_mm, (cells.x_low_mm, cells.x_high_mm), side="right"))
    x = slice(max(x.start - 1, 0), x.stop + 1)
    plane = np.searchsorted(dose.z_mm, lines.z_mm, side="right") - 1
    plane = np.clip(plane, 0, dose.z_mm.size - 2)
    row = np.searchsorted(dose.y_mm, lines.y_mm)
    z, y = slice(int(plane.min()), int(plane.max()) + 2), slice(int(row.min()), int(row.max()) + 1)
    values, at = dose.dose_gy[z, y, x], (plane - z.start, row - y.start)
    least, most = values.min(axis=2), values.max(axis=2)
    return np.minimum(least[:-1], least[1:])[at], np.maximum(most[:-1], most[1:])[at]


def _some(lines: Lines, kept: npt.NDArray[np.bool_]) -> Lines:
    """Return some of the lines."""
    before = np.concatenate([[0], np.cumsum(kept)])
    start = before[lines.start].astype(np.int64)
    return Lines(start, lines.y_mm[kept], lines.z_mm[kept], lines.weight_mm2[kept])


def _grid_rows(cells: Cells, y_mm: FloatArray, start: IntArray, heights: FloatArray) -> Lines:
    """Return scan lines that coincide with rows of the dose grid, at every height of every cell."""
    # Nodes inside: spans of scan lines laid on the rows of the grid say which.
    first = np.searchsorted(y_mm, cells.y_low_mm, side="left")
    rows = np.searchsorted(y_mm, cells.y_high_mm, side="right") - first
    per_cell = np.diff(start)
    of_height = np.repeat(rows, per_cell)
    total = np.concatenate([[0], np.cumsum(rows * per_cell)]).astype(np.int64)
    if total[-1] == 0:
        return Lines(total, np.zeros(0), np.zeros(0), np.zeros(0))
    row = np.repeat(np.repeat(first, per_cell), of_height) + ramp(of_height)
    return Lines(total, y_mm[row], np.repeat(heights, of_height), np.zeros(int(total[-1])))
