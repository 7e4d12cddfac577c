"""Lowest and highest dose of the interpolant on a region, computed rather than sampled.

In each grid cell the dose is linear along every axis, so on a prism (polygon x z-interval) it takes
its extremes at the ends of the interval or on a dose plane within it, and there either at a grid
node inside the polygon or on the polygon's edge, where it is a parabola between two grid lines.
"""

from __future__ import annotations

import numpy as np

from sbrt_qa.dosimetry._kernels import extremes_on_edges, extremes_on_nodes
from sbrt_qa.geometry.planes import IntArray
from sbrt_qa.geometry.regions import Cells
from sbrt_qa.geometry.scanlines import Lines, scan
from sbrt_qa.model.grid import DoseGrid, FloatArray

Heights = tuple[IntArray, IntArray, FloatArray]
"""Per cell the z at which to look: offsets, index of the dose plane below, fraction above it."""


def extremes(cells: Cells, dose: DoseGrid, low_gy: float, high_gy: float) -> tuple[float, float]:
    """Return the lowest and highest dose on the part of a region that lies inside the grid.

    Parameters
    ----------
    cells, dose
        Region and dose; every axis of the grid has at least two voxels.
    low_gy, high_gy
        Doses already met inside the region; the result is at least as wide.
    """
    heights = _heights(cells, dose.z_mm)
    low, high = _on_nodes(cells, dose, heights, low_gy, high_gy)
    low, high = extremes_on_edges(
        cells.xy_mm, cells.vertex_start, cells.solid_of_loop, cells.loop_start, cells.loops,
        cells.table, dose.dose_gy, dose.x_mm, dose.y_mm, *heights, low, high,
    )  # fmt: skip
    return float(low), float(high)


def _heights(cells: Cells, z_mm: FloatArray) -> Heights:
    counts, values = [], []
    for low, high in zip(cells.z_low_mm, cells.z_high_mm, strict=True):
        low, high = max(low, z_mm[0]), min(high, z_mm[-1])  # noqa: PLW2901
        between = z_mm[(z_mm > low) & (z_mm < high)]
        found = np.concatenate([[low], between, [high]]) if low <= high else between[:0]
        counts.append(found.size)
        values.append(found)
    z = np.concatenate(values)
    plane = np.clip(np.searchsorted(z_mm, z, side="right") - 1, 0, z_mm.size - 2).astype(np.int64)
    part = (z - z_mm[plane]) / (z_mm[plane + 1] - z_mm[plane])
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), plane, part


def _on_nodes(
    cells: Cells, dose: DoseGrid, heights: Heights, low_gy: float, high_gy: float
) -> tuple[float, float]:
    lines = _grid_rows(cells, dose.y_mm)
    if lines.count.sum() == 0:
        return low_gy, high_gy
    spans = scan(cells, lines)
    cell = np.repeat(np.arange(lines.count.size), lines.count)
    low, high = extremes_on_nodes(
        cell, lines.y_mm(), spans.start, spans.x_low_mm, spans.x_high_mm,
        dose.dose_gy, dose.x_mm, dose.y_mm, *heights, low_gy, high_gy,
    )  # fmt: skip
    return float(low), float(high)


def _grid_rows(cells: Cells, y_mm: FloatArray) -> Lines:
    """Return scan lines that coincide with the rows of the dose grid."""
    first = np.searchsorted(y_mm, cells.y_low_mm, side="left")
    count = np.searchsorted(y_mm, cells.y_high_mm, side="right") - first
    step = np.full(first.size, (y_mm[-1] - y_mm[0]) / (y_mm.size - 1))
    nothing = np.zeros(int(count.sum()))
    start = y_mm[np.minimum(first, y_mm.size - 1)]
    return Lines(start, step, count.astype(np.int64), nothing, nothing)
