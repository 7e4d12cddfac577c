"""How far apart the surfaces of two regions are, as few numbers for a reader: mean, 95 %, largest.

A surface becomes the points where the lines of an even lattice, along x, y and z, cross it. A point
of one surface is measured to the plane through the nearest points of the other, so that the gaps
between points do not count as distance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.distance import contains
from sbrt_qa.geometry.lattice import BoolArray, inside
from sbrt_qa.geometry.nearest import tree_of
from sbrt_qa.geometry.planes import IntArray
from sbrt_qa.geometry.regions import Cells
from sbrt_qa.geometry.scanlines import lattice, scan, section_mm2
from sbrt_qa.model.grid import FloatArray

FINEST_MM: Final = 0.25
"""Smallest spacing of the lattice."""

MOST_ROWS: Final = 2_000
"""Lines along x of one lattice; the spacing is 1.0 mm for a target of 50 cc, 3.2 mm for a liver."""

MOST_ROWS_OF_RINDS: Final = 20_000
"""Lines along x for a structure thinner than its usual lattice, such as a rind of skin."""

LAYERS: Final = 2.0
"""Spacings that the usual thickness of a structure has at least: the points around a point must
lie on its own side of the structure."""

MOST_QUERIES: Final = 20_000
"""Points of a surface that are measured, evenly selected where there are more."""

HALVINGS: Final = 5
"""How often a crossing is halved in: it comes out right to a sixtieth of the spacing."""

NEIGHBOURS: Final = 9
"""Points that lay a plane through a surface point, itself included."""

REACH: Final = 2.0
"""How far beside a surface point, in spacings, its plane still stands for the surface."""


@dataclass(frozen=True, slots=True)
class SurfaceDistance:
    """Distances between two surfaces in mm.

    Parameters
    ----------
    mean_mm
        Mean over both surfaces, by area.
    p95_mm
        The larger of both directions' 95th percentiles, by area.
    max_mm
        The largest distance of either direction (Hausdorff), as far as points were taken.
    """

    mean_mm: float
    p95_mm: float
    max_mm: float


def surface_distance(one: Cells, other: Cells) -> SurfaceDistance:
    """Return how far two surfaces are apart.

    Right to about a tenth of the points' spacing where surfaces are smooth, and to one spacing at
    sharp edges; the spacing is 0.25 mm for small targets and about 1 mm for a liver.

    Raises
    ------
    GeometryError
        The contours cannot be scanned safely, or a structure is too thin for any point of a lattice
        to lie in it.
    """
    a, b = Surface.of(one), Surface.of(other)
    of_a, of_b = a.selected, b.selected
    from_a, from_b = b.distance_mm(a.points_mm[of_a]), a.distance_mm(b.points_mm[of_b])
    area_a, area_b = a.area_mm2(of_a), b.area_mm2(of_b)
    total = area_a.sum() + area_b.sum()
    return SurfaceDistance(
        mean_mm=float((from_a @ area_a + from_b @ area_b) / total),
        p95_mm=max(_quantile(from_a, area_a, 0.95), _quantile(from_b, area_b, 0.95)),
        max_mm=float(max(from_a.max(), from_b.max())),
    )


@dataclass(frozen=True, eq=False)
class Surface:
    """A surface as points, rows of (x, y, z), and the `spacing_mm` of the lattice they lie on."""

    points_mm: FloatArray
    spacing_mm: float

    @classmethod
    def of(cls, cells: Cells) -> Surface:
        """Return the surface of a region.

        Raises
        ------
        GeometryError
            As :func:`surface_distance`.
        """
        spacing = _spacing_mm(cells)
        points = crossings(cells, axes_around(cells, spacing))
        if len(points) < NEIGHBOURS:
            raise GeometryError("the structure is too thin for its surface to be measured")
        return cls(points, spacing)

    @cached_property
    def _tree(self) -> Any:  # noqa: ANN401
        return tree_of(self.points_mm, quickly_built=True)

    @property
    def selected(self) -> IntArray:
        """Which points are measured: all, or an even selection of `MOST_QUERIES`."""
        count = len(self.points_mm)
        return np.unique(np.linspace(0, count - 1, min(count, MOST_QUERIES)).astype(np.int64))

    def normals(self, index: IntArray) -> FloatArray:
        """Return the direction across the plane through the points around some points."""
        known, normals = self._normals
        if (new := index[~known[index]]).size:
            normals[new], known[new] = self._made_normals(new), True
        return np.asarray(normals[index])

    @cached_property
    def _normals(self) -> tuple[BoolArray, FloatArray]:
        """Of which points the normals are known, and all normals, ``(n, 3)``."""
        count = len(self.points_mm)
        return np.zeros(count, dtype=np.bool_), np.empty((count, 3))

    def _made_normals(self, index: IntArray) -> FloatArray:
        _, around = self._tree.query(self.points_mm[index], k=range(1, NEIGHBOURS + 1))
        group = self.points_mm[around]
        group = group - group.mean(axis=1, keepdims=True)
        _, axes = np.linalg.eigh(np.einsum("nki,nkj->nij", group, group))
        return np.asarray(axes[:, :, 0])

    def area_mm2(self, index: IntArray) -> FloatArray:
        """Return the area that some points stand for; they stand for the others as well.

        Lines along an axis cross a surface as often as its area looks that way, so that all three
        axes together find ``|nx| + |ny| + |nz|`` points per square of the lattice.
        """
        square = self.spacing_mm**2 * len(self.points_mm) / index.size
        return np.asarray(square / np.abs(self.normals(index)).sum(axis=1))

    def distance_mm(self, points_mm: FloatArray) -> FloatArray:
        """Return the distance of points, rows of (x, y, z), from this surface."""
        distance, nearest = self._tree.query(points_mm)
        used, back = np.unique(nearest, return_inverse=True)
        apart = points_mm - self.points_mm[nearest]
        across = np.abs(np.einsum("ij,ij->i", self.normals(used)[back], apart))
        beside = np.sqrt(np.maximum(distance**2 - across**2, 0.0))
        return np.asarray(np.where(beside <= REACH * self.spacing_mm, across, distance))


def _spacing_mm(cells: Cells) -> float:
    """Return the spacing of the lattice, by size and, for a thin structure, by thickness."""
    section = section_mm2(cells)
    usual, finest = math.sqrt(section / MOST_ROWS), math.sqrt(section / MOST_ROWS_OF_RINDS)
    spans = scan(cells, lattice(cells, section / MOST_ROWS))
    lengths = spans.x_high_mm - spans.x_low_mm
    thickness = float(np.median(lengths)) if lengths.size else usual
    return max(FINEST_MM, min(usual, max(finest, thickness / LAYERS)))


def axes_around(cells: Cells, spacing_mm: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return even positions along x, y and z that begin before and end after a region."""
    low = (cells.x_low_mm, float(cells.y_low_mm.min()), float(cells.z_low_mm.min()))
    high = (cells.x_high_mm, float(cells.y_high_mm.max()), float(cells.z_high_mm.max()))
    x, y, z = (_axis(a, b, spacing_mm) for a, b in zip(low, high, strict=True))
    return x, y, z


def crossings(cells: Cells, axes: tuple[FloatArray, FloatArray, FloatArray]) -> FloatArray:
    """Return where the lines of a lattice, along x, y and z, cross a region's surface, ``(n, 3)``.

    Parameters
    ----------
    axes
        Positions of the lattice along x, y and z, ascending.

    Raises
    ------
    GeometryError
        The contours cannot be scanned safely.
    """
    within = inside(cells, *axes).transpose(2, 1, 0)
    found = []
    for axis in range(3):
        step = np.eye(3, dtype=np.int64)[axis]
        lower, upper = (np.moveaxis(within, axis, 0)[part] for part in (slice(-1), slice(1, None)))
        index = np.moveaxis(np.argwhere(np.moveaxis(lower != upper, 0, axis)), 0, 1)
        a, b = (
            np.stack([axes[n][index[n] + shift[n]] for n in range(3)], axis=1)
            for shift in (0 * step, step)
        )
        found.append(_halved_in(cells, a, b, within[tuple(index)]))
    return np.concatenate(found)


def _axis(low_mm: float, high_mm: float, spacing_mm: float) -> FloatArray:
    """Return even positions that begin before and end after an interval."""
    steps = math.ceil((high_mm - low_mm) / spacing_mm) + 1
    start = (low_mm + high_mm - steps * spacing_mm) / 2
    return np.asarray(start + spacing_mm * np.arange(steps + 1), dtype=np.float64)


def _halved_in(cells: Cells, a_mm: FloatArray, b_mm: FloatArray, a_inside: BoolArray) -> FloatArray:
    """Return where the surface lies between pairs of points, one of which is inside."""
    for _ in range(HALVINGS):
        middle = (a_mm + b_mm) / 2
        first = (contains(cells, middle) == a_inside)[:, np.newaxis]
        a_mm, b_mm = np.where(first, middle, a_mm), np.where(first, b_mm, middle)
    return (a_mm + b_mm) / 2


def _quantile(values: FloatArray, weight: FloatArray, part: float) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(reached, part * reached[-1])])
