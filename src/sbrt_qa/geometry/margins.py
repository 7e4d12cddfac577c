"""How one region lies within or around another: extents, margins in six directions, distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sbrt_qa.geometry.distance import ALONG_MM, Distance, contains, surface_points
from sbrt_qa.geometry.regions import Cells, Region, cells_of
from sbrt_qa.geometry.scanlines import lattice, scan
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.structure import Structure
from sbrt_qa.units import cc_from_mm3

EXTENT_AREA_MM2 = 1.0
"""Section that each scan line stands for when extents are looked for."""

ONE_SOLID = 2
"""Entries of the truth table of a region of one structure."""

GAP_STEP_MM = 3.0
"""Spacing of a target's surface points that are looked for inside an organ."""

COARSE_MM = 1.0
"""Spacing of surface points from which distances are taken."""


@dataclass(frozen=True, slots=True)
class Extent:
    """The box that holds a region, mm."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float
    z_low: float
    z_high: float

    @property
    def surface_mm2(self) -> float:
        """Surface of the box."""
        x, y, z = self.x_high - self.x_low, self.y_high - self.y_low, self.z_high - self.z_low
        return 2 * (x * y + y * z + z * x)

    def overlaps(self, other: Extent) -> bool:
        """Tell whether two boxes have a point in common."""
        return (
            self.x_low <= other.x_high and other.x_low <= self.x_high
            and self.y_low <= other.y_high and other.y_low <= self.y_high
            and self.z_low <= other.z_high and other.z_low <= self.z_high
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SixMargins:
    """How far the outer of two regions goes beyond the inner one on each side, mm.

    Measured between the outermost points of both, which is exact for a region that was grown by
    margins; negative where the inner goes beyond the outer. ``least_mm`` is the shortest distance
    of the inner region's surface to the outer's; negative where it lies outside.
    """

    right_mm: float
    left_mm: float
    anterior_mm: float
    posterior_mm: float
    inferior_mm: float
    superior_mm: float
    least_mm: float

    @property
    def by_side(self) -> dict[str, float]:
        """Margins by a letter for each side."""
        return {
            "R": self.right_mm, "L": self.left_mm, "A": self.anterior_mm, "P": self.posterior_mm,
            "I": self.inferior_mm, "S": self.superior_mm,
        }  # fmt: skip

    def __str__(self) -> str:
        sides = ", ".join(f"{side} {value:.1f}" for side, value in self.by_side.items())
        return say("{0}; least {1} mm", sides, f"{self.least_mm:.1f}")


def extent_of(cells: Cells) -> Extent:
    """Return the box that holds a region: exact for a structure, to 1 mm for a combination."""
    if cells.table.size == ONE_SOLID:
        return Extent(
            cells.x_low_mm, cells.x_high_mm,
            float(cells.y_low_mm.min()), float(cells.y_high_mm.max()),
            float(cells.z_low_mm[0]), float(cells.z_high_mm[-1]),
        )  # fmt: skip
    spans = scan(cells, lattice(cells, EXTENT_AREA_MM2))
    used = np.repeat(np.arange(spans.lines.y_mm.size), np.diff(spans.start))
    if used.size == 0:
        nothing = (np.inf, -np.inf)
        return Extent(*nothing, *nothing, *nothing)
    cell = np.searchsorted(spans.lines.start, used, side="right") - 1
    y = spans.lines.y_mm[used]
    return Extent(
        float(spans.x_low_mm.min()), float(spans.x_high_mm.max()), float(y.min()), float(y.max()),
        float(cells.z_low_mm[cell.min()]), float(cells.z_high_mm[cell.max()]),
    )  # fmt: skip


def centroid_mm(cells: Cells) -> tuple[float, float, float]:
    """Return the centre of volume (x, y, z) of a region.

    Raises
    ------
    ZeroDivisionError
        The region is empty.
    """
    spans = scan(cells, lattice(cells, EXTENT_AREA_MM2))
    line = np.repeat(np.arange(spans.lines.y_mm.size), np.diff(spans.start))
    weight = spans.lines.weight_mm2[line] * (spans.x_high_mm - spans.x_low_mm)
    middle = (spans.x_low_mm + spans.x_high_mm) / 2
    sums = [
        float((weight * v).sum()) for v in (middle, spans.lines.y_mm[line], spans.lines.z_mm[line])
    ]
    total = float(weight.sum())
    return sums[0] / total, sums[1] / total, sums[2] / total


def volume_of_cc(region: Region, area_mm2: float = EXTENT_AREA_MM2) -> float:
    """Return the volume of a region; 0 when nothing is in it."""
    cells = cells_of(region)
    spans = scan(cells, lattice(cells, area_mm2))
    per_span = np.repeat(spans.lines.weight_mm2, np.diff(spans.start))
    return cc_from_mm3(float((per_span * (spans.x_high_mm - spans.x_low_mm)).sum()))


def margins_between(inner: Cells, outer: Cells) -> SixMargins:
    """Return by how much one region goes beyond another inside it, on six sides and at least."""
    a, b = extent_of(inner), extent_of(outer)
    points = surface_points(inner, COARSE_MM, ALONG_MM)
    distance, _ = Distance(outer).nearest(points)
    signed = np.where(contains(outer, points), distance, -distance)
    return SixMargins(
        a.x_low - b.x_low, b.x_high - a.x_high, a.y_low - b.y_low, b.y_high - a.y_high,
        a.z_low - b.z_low, b.z_high - a.z_high, float(signed.min()),
    )  # fmt: skip


def gap_mm(target: Cells, organ: Cells, points_mm: FloatArray) -> float:
    """Return the shortest distance of an organ's points (its vertices) from a target.

    0 where they overlap. Between the organ's planes it is right to half a slice.
    """
    own = surface_points(target, GAP_STEP_MM, GAP_STEP_MM)
    if contains(target, points_mm).any() or contains(organ, own).any():
        return 0.0
    distance, _ = Distance(target).nearest(points_mm)
    return float(distance.min())


def vertices(structure: Structure, most: int) -> FloatArray:
    """Return up to about `most` evenly chosen vertices of a structure, rows of (x, y, z)."""
    total = sum(c.xy_mm.shape[0] for c in structure.contours)
    every = max(total // most, 1)
    rows = [
        np.column_stack([c.xy_mm[::every], np.full(-(-c.xy_mm.shape[0] // every), c.z_mm)])
        for c in structure.contours
    ]
    return np.concatenate(rows) if rows else np.empty((0, 3))
