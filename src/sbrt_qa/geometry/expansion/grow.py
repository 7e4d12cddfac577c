"""Regions as voxels, and voxels grown by six margins.

A point belongs to the expansion when an ellipsoid octant around it, whose half axes are the margins
towards the region, meets the region: the rule of planning systems. Exact on the raster; against
the region itself right to about half a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.expansion._kernels import spread
from sbrt_qa.geometry.regions import Cells
from sbrt_qa.geometry.scanlines import Lines, scan
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.units import cc_from_mm3

BoolArray = npt.NDArray[np.bool_]

MOST_VOXELS = 20_000_000
"""Voxels of a raster at most."""


@dataclass(frozen=True, slots=True)
class Margins:
    """How far a region grows towards each side of the patient, mm, not negative."""

    right_mm: float
    left_mm: float
    anterior_mm: float
    posterior_mm: float
    inferior_mm: float
    superior_mm: float

    def __post_init__(self) -> None:
        if not all(0 <= m < 1000 for m in self.in_order):
            raise GeometryError("margins are from 0 to 1000 mm", got=str(self.in_order))

    @property
    def in_order(self) -> tuple[float, float, float, float, float, float]:
        """Towards low x, high x, low y, high y, low z, high z."""
        return (
            self.right_mm, self.left_mm, self.anterior_mm, self.posterior_mm,
            self.inferior_mm, self.superior_mm,
        )  # fmt: skip

    @classmethod
    def even(cls, margin_mm: float) -> Margins:
        """Return the same margin towards all sides."""
        return cls(*[margin_mm] * 6)


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """Cubes of side `step_mm` around points: their x, y and z."""

    x_mm: FloatArray
    y_mm: FloatArray
    z_mm: FloatArray
    step_mm: float

    @classmethod
    def around(cls, regions: Sequence[Cells], margins: Margins, step_mm: float = 1.0) -> Raster:
        """Return a raster that holds regions, and margins around them.

        Points stand half a step inside the ends of the first region, so that one with ends at
        whole steps is not seen too large.

        Raises
        ------
        GeometryError
            The raster would have more than `MOST_VOXELS`.
        """
        right, left, anterior, posterior, inferior, superior = margins.in_order
        first = regions[0]
        y_origin, z_origin = float(first.y_low_mm.min()), float(first.z_low_mm[0])
        x_low, x_high = min(r.x_low_mm for r in regions), max(r.x_high_mm for r in regions)
        y_low = min(float(r.y_low_mm.min()) for r in regions)
        y_high = max(float(r.y_high_mm.max()) for r in regions)
        z_low = min(float(r.z_low_mm[0]) for r in regions)
        z_high = max(float(r.z_high_mm[-1]) for r in regions)
        axes = (
            _axis(x_low - right, x_high + left, first.x_low_mm, step_mm),
            _axis(y_low - anterior, y_high + posterior, y_origin, step_mm),
            _axis(z_low - inferior, z_high + superior, z_origin, step_mm),
        )
        voxels = axes[0].size * axes[1].size * axes[2].size
        if voxels > MOST_VOXELS:
            raise GeometryError("the structure is too large to be grown", got=f"{voxels} voxels")
        return cls(*axes, step_mm)

    def volume_cc(self, mask: BoolArray) -> float:
        """Return the volume of the voxels of a mask."""
        return cc_from_mm3(float(np.count_nonzero(mask)) * self.step_mm**3)


def rasterise(cells: Cells, raster: Raster) -> BoolArray:
    """Return which points of a raster lie inside a region; ``[z, y, x]``."""
    x_mm, y_mm, z_mm = raster.x_mm, raster.y_mm, raster.z_mm
    mask = np.zeros((z_mm.size, y_mm.size, x_mm.size), dtype=np.bool_)
    cell = np.searchsorted(cells.z_low_mm, z_mm, side="right") - 1
    known = np.nonzero((cell >= 0) & (z_mm <= cells.z_high_mm[np.maximum(cell, 0)]))[0]
    per_cell = np.bincount(cell[known], minlength=cells.z_low_mm.size) * y_mm.size
    start = np.concatenate([[0], np.cumsum(per_cell)]).astype(np.int64)
    lines_y, lines_z = np.tile(y_mm, known.size), np.repeat(z_mm[known], y_mm.size)
    spans = scan(cells, Lines(start, lines_y, lines_z, np.zeros(lines_y.size)))
    change = np.zeros((lines_y.size, x_mm.size + 1), dtype=np.int8)
    line = np.repeat(np.arange(lines_y.size), np.diff(spans.start))
    np.add.at(change, (line, np.searchsorted(x_mm, spans.x_low_mm, side="left")), 1)
    np.add.at(change, (line, np.searchsorted(x_mm, spans.x_high_mm, side="right")), -1)
    rows = np.cumsum(change, axis=1, dtype=np.int8)[:, :-1] > 0
    mask[known] = rows.reshape(known.size, y_mm.size, x_mm.size)
    return mask


def grown(mask: BoolArray, step_mm: float, margins: Margins) -> BoolArray:
    """Return the voxels within the margins of a mask ``[z, y, x]``."""
    distance = np.where(mask, 0.0, np.inf)
    ends = margins.in_order
    for axis in (2, 1, 0):
        low, high = ends[2 * (2 - axis)], ends[2 * (2 - axis) + 1]
        moved = np.ascontiguousarray(np.moveaxis(distance, axis, 2))
        rows = moved.reshape(-1, moved.shape[2])
        out = np.empty_like(rows)
        spread(rows, step_mm, low, high, out)
        distance = np.moveaxis(out.reshape(moved.shape), 2, axis)
    return np.asarray(distance <= 1.0 + 1e-9)


def _axis(low_mm: float, high_mm: float, origin_mm: float, step_mm: float) -> FloatArray:
    """Return points half a step beside whole steps from an origin, a step beyond both ends."""
    first = int(np.floor((low_mm - origin_mm) / step_mm)) - 1
    last = int(np.ceil((high_mm - origin_mm) / step_mm)) + 1
    return origin_mm + (np.arange(first, last, dtype=np.float64) + 0.5) * step_mm
