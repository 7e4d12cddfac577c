"""Which points of an even lattice lie inside a region, and how much of each of its pixels does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sbrt_qa.geometry.planes import IntArray
from sbrt_qa.geometry.regions import Cells
from sbrt_qa.geometry.scanlines import Lines, Spans, scan
from sbrt_qa.model.grid import FloatArray

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Lines along x at every y of every z: the spans inside, and the row of each line.

    Row ``k * y.size + j`` is at ``z[k]`` and ``y[j]``; rows beyond the region's ends have no line.
    """

    spans: Spans
    row: IntArray
    shape: tuple[int, int]

    @property
    def row_of_span(self) -> IntArray:
        """Row of every span."""
        return np.repeat(self.row, np.diff(self.spans.start))


def scan_rows(cells: Cells, y_mm: FloatArray, z_mm: FloatArray) -> Rows:
    """Scan a region along x at every y of every z; both ascend.

    Raises
    ------
    GeometryError
        The contours cannot be scanned safely.
    """
    cell = np.searchsorted(cells.z_low_mm, z_mm, side="right") - 1
    within = (cell >= 0) & (z_mm <= cells.z_high_mm[np.maximum(cell, 0)])
    used = np.nonzero(within)[0]
    first = np.searchsorted(cell[used], np.arange(cells.z_low_mm.size + 1))
    y, z = np.tile(y_mm, used.size), np.repeat(z_mm[used], y_mm.size)
    start: IntArray = (first * y_mm.size).astype(np.int64)
    spans = scan(cells, Lines(start, y, z, np.zeros(y.size)))
    row = (used[:, np.newaxis] * y_mm.size + np.arange(y_mm.size)).ravel()
    return Rows(spans, row, (z_mm.size, y_mm.size))


def inside(cells: Cells, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray) -> BoolArray:
    """Tell which points of a lattice lie inside a region, shape ``(z, y, x)``.

    Raises
    ------
    GeometryError
        The contours cannot be scanned safely.
    """
    rows = scan_rows(cells, y_mm, z_mm)
    width, count = x_mm.size + 1, y_mm.size * z_mm.size
    base = rows.row_of_span * width
    begins = base + np.searchsorted(x_mm, rows.spans.x_low_mm, side="left")
    ends = base + np.searchsorted(x_mm, rows.spans.x_high_mm, side="right")
    change = np.bincount(begins, minlength=count * width) - np.bincount(
        ends, minlength=count * width
    )
    counted = np.cumsum(change.reshape(count, width), axis=1)[:, :-1]
    return np.asarray((counted > 0).reshape(*rows.shape, x_mm.size))


SUB_ROWS = 4
"""Lines that stand for the height of one pixel."""


def coverage(
    cells: Cells, x_mm: FloatArray, y_mm: FloatArray, z_mm: float, rows: int = SUB_ROWS
) -> FloatArray:
    """Return which part of each pixel of a plane lies inside a region, 0 to 1, shape ``(y, x)``.

    Exact along x, and by `rows` lines along y.

    Parameters
    ----------
    x_mm, y_mm
        Centres of the pixels, evenly spaced and of one size.

    Raises
    ------
    GeometryError
        The contours cannot be scanned safely.
    """
    pixel = float(x_mm[1] - x_mm[0])
    parts = (np.arange(rows) + 0.5) / rows - 0.5
    lines_y = (y_mm[:, np.newaxis] + parts * pixel).ravel()
    scanned = scan_rows(cells, lines_y, np.array([z_mm]))
    first = float(x_mm[0]) - pixel / 2
    covered = np.zeros(lines_y.size * x_mm.size)
    for ends, sign in ((scanned.spans.x_low_mm, 1.0), (scanned.spans.x_high_mm, -1.0)):
        covered += sign * _beyond((ends - first) / pixel, scanned.row_of_span, lines_y.size, x_mm)
    return np.asarray(covered.reshape(y_mm.size, rows, x_mm.size).mean(axis=1))


def _beyond(place: FloatArray, row: IntArray, rows: int, x_mm: FloatArray) -> FloatArray:
    """Return which part of each pixel lies beyond places along its row, summed, flat."""
    width = x_mm.size
    place = np.clip(place, 0.0, width)
    pixel = np.minimum(place.astype(np.int64), width - 1)
    own = np.bincount(row * width + pixel, weights=pixel + 1 - place, minlength=rows * width)
    after = np.bincount(row * (width + 1) + pixel + 1, minlength=rows * (width + 1))
    whole = np.cumsum(after.reshape(rows, width + 1), axis=1)[:, :width]
    return np.asarray(own + whole.ravel())
