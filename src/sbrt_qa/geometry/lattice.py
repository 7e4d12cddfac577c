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
