"""Scan lines along x through a region, and the spans of each that lie inside.

Along x a span is exact. Across, line ``j`` of ``n`` in a cell lies in the ``j``-th of n even strips
of y, at a place within the strip and at a z that both walk on by an irrational step, so that no
direction of a dose gradient meets the lines at the same few positions. Every line of a cell stands
for the same area, ``weight_mm2``, of the cell's y-z section.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry._kernels import scan as scan_kernel
from sbrt_qa.geometry.planes import IntArray
from sbrt_qa.geometry.regions import Cells, ramp
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.units import cc_from_mm3

MAX_LINES: Final = 20_000_000
"""Most scan lines of one region; a body of 30 l takes 100,000."""

MAX_CROSSINGS: Final = 30_000_000
"""Crossings of lines and edges in one scan; beyond, a contour is too wild to be anatomy."""

_STEP_Y, _STEP_Z = math.sqrt(2) - 1, (math.sqrt(5) - 1) / 2
"""Irrational steps from line to line: place within the strip, and z."""

_SHIFT_Y, _SHIFT_Z = 0.7548776662466927, 0.5698402909980532
"""Irrational steps from cell to cell, so that neighbouring cells never look at the same places."""


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Where to scan.

    Parameters
    ----------
    start
        Lines of cell ``c`` are ``start[c]`` to ``start[c + 1]``.
    y_mm, z_mm, weight_mm2
        Position and area of every line, cell after cell.
    """

    start: IntArray
    y_mm: FloatArray
    z_mm: FloatArray
    weight_mm2: FloatArray


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
        return cc_from_mm3(float((per_span * (self.x_high_mm - self.x_low_mm)).sum()))


def lattice(cells: Cells, area_mm2: float) -> Lines:
    """Place lines so that each stands for about `area_mm2` of the region's y-z section.

    Raises
    ------
    GeometryError
        That takes more than `MAX_LINES`.
    """
    thickness = cells.z_high_mm - cells.z_low_mm
    width = cells.y_high_mm - cells.y_low_mm
    by_area = width * thickness / area_mm2
    by_step = width / (2 * math.sqrt(area_mm2))
    wanted = np.maximum(np.ceil(np.maximum(by_area, by_step)), 2)
    if not wanted.sum() <= MAX_LINES:  # also where it is not a number
        raise GeometryError(
            "the contours are too large or too many to be scanned",
            got=f"{wanted.sum():.3g} lines",
            expected=f"at most {MAX_LINES}",
            advice="Check the structure for scribbled or corrupted contours.",
        )
    count = wanted.astype(np.int64)
    step = width / count
    line = ramp(count)
    shift_y, shift_z = (0.5 + np.outer((_SHIFT_Y, _SHIFT_Z), np.arange(count.size))) % 1.0
    strip_part = _fraction(np.repeat(shift_y, count) + line * _STEP_Y)
    cell_part = _fraction(np.repeat(shift_z, count) + line * _STEP_Z)
    return Lines(
        start=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        y_mm=np.repeat(cells.y_low_mm, count) + (line + strip_part) * np.repeat(step, count),
        z_mm=np.repeat(cells.z_low_mm, count) + cell_part * np.repeat(thickness, count),
        weight_mm2=np.repeat(step * thickness, count),
    )


def _fraction(values: FloatArray) -> FloatArray:
    """Return what remains of each value, 0 or more, beyond the whole number below it."""
    return np.asarray(values - np.floor(values))  # the remainder of a division is the same, slowly


def section_mm2(cells: Cells) -> float:
    """Return the area that lines have to cover: the cells' extents in y times z."""
    height = cells.z_high_mm - cells.z_low_mm
    return float(((cells.y_high_mm - cells.y_low_mm) * height).sum())


def between(spans: Spans, low_mm: float, high_mm: float) -> Spans:
    """Return what of every span lies between two places along x."""
    low, high = np.maximum(spans.x_low_mm, low_mm), np.minimum(spans.x_high_mm, high_mm)
    kept = low < high
    ends = np.concatenate([[0], np.cumsum(kept)])
    return Spans(spans.lines, ends[spans.start].astype(np.int64), low[kept], high[kept])


def scan(cells: Cells, lines: Lines) -> Spans:
    """Cut the lines by the region's polygons.

    Raises
    ------
    GeometryError
        The contours cross the lines more than `MAX_CROSSINGS` times.
    """
    start, low, high, crossings = scan_kernel(
        cells.pieces, (cells.start, cells.members), cells.strips, cells.table,
        lines.start, lines.y_mm, lines.z_mm, MAX_CROSSINGS,
    )  # fmt: skip
    if crossings > MAX_CROSSINGS:
        raise GeometryError(
            "the contours cross the scan lines too often",
            expected=f"at most {MAX_CROSSINGS} crossings",
            advice="Check the structure for scribbled or corrupted contours.",
        )
    return Spans(lines, start, low, high)
