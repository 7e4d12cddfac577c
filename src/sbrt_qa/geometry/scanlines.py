"""Scan lines along x through a region, and the spans of each that lie inside.

Along x a span is exact. Across, the lines form a lattice in each cell: line ``j`` of ``n`` stands
at the ``j``-th of n even steps in y and at a z that walks through the cell by the golden ratio, so
that no direction of a dose gradient meets all lines at the same few positions. Every line of a
cell stands for the same area, ``weight_mm2``, of the cell's y-z section.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry._kernels import count_crossings
from sbrt_qa.geometry._kernels import scan as scan_kernel
from sbrt_qa.geometry.planes import IntArray
from sbrt_qa.geometry.regions import Cells
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.units import cc_from_mm3

MAX_CROSSINGS = 60_000_000
"""Crossings of lines and edges in one scan; beyond, a contour is too wild to be anatomy."""

_GOLDEN = (math.sqrt(5) - 1) / 2
_SHIFT_Y, _SHIFT_Z = 0.7548776662466927, 0.5698402909980532


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Where to scan: evenly spaced lines in each cell.

    Parameters
    ----------
    first_y_mm, step_mm, count
        Line ``j`` of cell ``c`` stands at ``first_y_mm[c] + j * step_mm[c]``.
    z_mm, weight_mm2
        Position and area of every line, cell after cell.
    """

    first_y_mm: FloatArray
    step_mm: FloatArray
    count: IntArray
    z_mm: FloatArray
    weight_mm2: FloatArray

    def y_mm(self) -> FloatArray:
        """Return the y of every line, computed as the scan does."""
        index = _ramp(self.count)
        return np.repeat(self.first_y_mm, self.count) + index * np.repeat(self.step_mm, self.count)


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """What lies inside: line ``i`` has spans ``start[i]`` to ``start[i + 1]``, low to high x."""

    lines: Lines
    start: IntArray
    x_low_mm: FloatArray
    x_high_mm: FloatArray

    @property
    def volume_cc(self) -> float:
        """Volume of all spans."""
        per_span = np.repeat(self.lines.weight_mm2, np.diff(self.start))
        return cc_from_mm3(float(np.dot(per_span, self.x_high_mm - self.x_low_mm)))


def lattice(cells: Cells, area_mm2: float) -> Lines:
    """Place lines so that each stands for about `area_mm2` of the region's y-z section."""
    thickness = cells.z_high_mm - cells.z_low_mm
    width = cells.y_high_mm - cells.y_low_mm
    by_area = width * thickness / area_mm2
    by_step = width / (2 * math.sqrt(area_mm2))
    count = np.maximum(np.ceil(np.maximum(by_area, by_step)), 2).astype(np.int64)
    step = np.where(width > 0, width, 1.0) / count
    cell = np.arange(count.size)
    shift_y = (0.5 + cell * _SHIFT_Y) % 1.0
    shift_z = (0.5 + cell * _SHIFT_Z) % 1.0
    within = (np.repeat(shift_z, count) + _ramp(count) * _GOLDEN) % 1.0
    z = np.repeat(cells.z_low_mm, count) + within * np.repeat(thickness, count)
    weight = np.repeat(step * thickness, count)
    return Lines(cells.y_low_mm + shift_y * step, step, count, z, weight)


def section_mm2(cells: Cells) -> float:
    """Return the area that lines have to cover: the cells' extents in y times z."""
    return float(np.dot(cells.y_high_mm - cells.y_low_mm, cells.z_high_mm - cells.z_low_mm))


def scan(cells: Cells, lines: Lines) -> Spans:
    """Cut the lines by the region's polygons.

    Raises
    ------
    GeometryError
        The contours cross the lines more than `MAX_CROSSINGS` times.
    """
    crossings = count_crossings(
        cells.xy_mm, cells.vertex_start, cells.loop_start, cells.loops,
        lines.first_y_mm, lines.step_mm, lines.count,
    )  # fmt: skip
    total = int(crossings.sum())
    if total > MAX_CROSSINGS:
        raise GeometryError(
            "the contours cross the scan lines too often",
            got=f"{total} crossings",
            expected=f"at most {MAX_CROSSINGS}",
            advice="Check the structure for scribbled or corrupted contours.",
        )
    start, low, high = scan_kernel(
        cells.xy_mm, cells.vertex_start, cells.solid_of_loop, cells.loop_start, cells.loops,
        lines.first_y_mm, lines.step_mm, lines.count, crossings, cells.table,
    )  # fmt: skip
    return Spans(lines, start, low, high)


def _ramp(count: IntArray) -> IntArray:
    """Return 0, 1, ... within each group of the given sizes."""
    ends = np.cumsum(count)
    return np.arange(int(ends[-1])) - np.repeat(ends - count, count)
