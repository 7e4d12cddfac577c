"""Implicit solids, from which the synthetic patient is built.

A solid is a field over space: about the distance to its surface in mm, negative inside. It is
sampled on a raster in one axial plane: ``x_mm`` and ``y_mm`` are ascending axes, the result has
shape ``(len(y_mm), len(x_mm))``. Only arithmetic and square roots are used, so the values are the
same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np

from sbrt_qa.model.grid import FloatArray, frozen_array

Point = tuple[float, float, float]

FAR_MM: Final = 16.0
"""Distances are computed up to here; beyond it, a field only says "farther than this"."""


class LiverSolid(Protocol):
    """A region of space, given by its signed distance."""

    def depth(self, x_mm: FloatArray, y_mm: FloatArray, z_mm: float) -> FloatArray:
        """Return the signed distance on a raster in one plane; negative inside."""


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """An ellipsoid; `boxiness` from 0 to 1 swells it towards a rounded box.

    A semi-axis of infinite length makes a cylinder along that axis.
    """

    centre: Point
    semi_axes_mm: Point
    boxiness: float = 0.0

    def depth(self, x_mm: FloatArray, y_mm: FloatArray, z_mm: float) -> FloatArray:
        """Return the level of the quadric over its gradient: the distance to first order."""
        q = self.boxiness
        value = np.array([[-1.0]])
        slope2 = np.array([[0.0]])
        axes = (x_mm[None, :], y_mm[:, None], np.array([[z_mm]]))
        for axis, c, a in zip(axes, self.centre, self.semi_axes_mm, strict=True):
            t = (axis - c) / a
            t2 = t * t
            value = value + t2 * (1 - q + q * t2)
            slope2 = slope2 + (t * (2 - 2 * q + 4 * q * t2) / a) ** 2
        flattest = 0.2 / min(self.semi_axes_mm)
        return np.asarray(value / np.sqrt(np.maximum(slope2, flattest * flattest)))


@dataclass(frozen=True, slots=True, eq=False)
class Tube:
    """A ball swept along a polyline, its radius changing linearly between the points.

    Parameters
    ----------
    points_mm
        Shape ``(n, 3)``.
    radii_mm
        Shape ``(n,)``.
    """

    points_mm: FloatArray
    radii_mm: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "points_mm", frozen_array(self.points_mm))
        object.__setattr__(self, "radii_mm", frozen_array(self.radii_mm))

    def depth(self, x_mm: FloatArray, y_mm: FloatArray, z_mm: float) -> FloatArray:
        """Return the distance to the nearest segment less the radius there, at most `FAR_MM`."""
        result = np.full((y_mm.size, x_mm.size), FAR_MM)
        for a, b, ra, rb in zip(
            self.points_mm, self.points_mm[1:], self.radii_mm, self.radii_mm[1:], strict=False
        ):
            reach = max(ra, rb) + FAR_MM
            low, high = np.minimum(a, b) - reach, np.maximum(a, b) + reach
            if low[2] < z_mm < high[2]:
                columns = slice(*np.searchsorted(x_mm, (low[0], high[0])).tolist())
                rows = slice(*np.searchsorted(y_mm, (low[1], high[1])).tolist())
                near = capsule_depth(a, b, (ra, rb), x_mm[None, columns], y_mm[rows, None], z_mm)
                window = result[rows, columns]
                np.minimum(window, near, out=window)
        return result

    def grown(self, margin_mm: float) -> Tube:
        """Return the tube with a margin added, which is exact for a swept ball."""
        return Tube(self.points_mm, self.radii_mm + margin_mm)


def capsule_depth(
    a: FloatArray,
    b: FloatArray,
    radii_mm: tuple[float, float],
    x_mm: FloatArray,
    y_mm: FloatArray,
    z_mm: float,
) -> FloatArray:
    """Return the distance to the segment from `a` to `b`, less the radius at the nearest point."""
    axis = b - a
    length2 = float(axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2])
    dx, dy, dz = x_mm - a[0], y_mm - a[1], z_mm - a[2]
    t = (dx * axis[0] + dy * axis[1] + dz * axis[2]) / max(length2, 1e-12)
    t = np.minimum(np.maximum(t, 0.0), 1.0)
    dx, dy, dz = dx - t * axis[0], dy - t * axis[1], dz - t * axis[2]
    radius = radii_mm[0] + t * (radii_mm[1] - radii_mm[0])
    return np.asarray(np.sqrt(dx * dx + dy * dy + dz * dz) - radius)


def smooth_tube(points: Sequence[tuple[float, float, float, float]], per_span: int = 6) -> Tube:
    """Return a tube along a Catmull-Rom spline through ``(x, y, z, radius)`` in mm."""
    knots = np.array([points[0], *points, points[-1]], dtype=np.float64)
    t = (np.arange(per_span) / per_span)[:, None]
    spans = []
    for p0, p1, p2, p3 in zip(knots, knots[1:], knots[2:], knots[3:], strict=False):
        bend = (2 * p0 - 5 * p1 + 4 * p2 - p3) * (t * t) + (3 * p1 - p0 - 3 * p2 + p3) * (t * t * t)
        spans.append(0.5 * (2 * p1 + (p2 - p0) * t + bend))
    path = np.vstack([*spans, knots[-1:]])
    return Tube(path[:, :3], path[:, 3])


@dataclass(frozen=True, slots=True)
class HalfSpace:
    """Everything behind a plane, against its normal (of any length)."""

    point: Point
    normal: Point

    def depth(self, x_mm: FloatArray, y_mm: FloatArray, z_mm: float) -> FloatArray:
        """Return the distance in front of the plane."""
        nx, ny, nz = self.normal
        length = math.sqrt(nx * nx + ny * ny + nz * nz)
        px, py, pz = self.point
        across = nx * (x_mm[None, :] - px) + ny * (y_mm[:, None] - py)
        return np.asarray((across + nz * (z_mm - pz)) / length)


@dataclass(frozen=True, slots=True)
class Union:
    """Several solids together, their joints rounded over `blend_mm`."""

    parts: tuple[LiverSolid, ...]
    blend_mm: float = 0.0

    def depth(self, x_mm: FloatArray, y_mm: FloatArray, z_mm: float) -> FloatArray:
        """Return the (smooth) minimum."""
        result = self.parts[0].depth(x_mm, y_mm, z_mm)
        for part in self.parts[1:]:
            result = _smooth_minimum(result, part.depth(x_mm, y_mm, z_mm), self.blend_mm)
        return result


@dataclass(frozen=True, slots=True)
class Carved:
    """A solid kept `within` others and clear of those that are `without`, by a gap.

    `without` pairs each solid with its clearance in mm; edges are rounded over `blend_mm`.
    """

    solid: LiverSolid
    within: tuple[LiverSolid, ...] = ()
    without: tuple[tuple[LiverSolid, float], ...] = field(default=())
    blend_mm: float = 3.0

    def depth(self, x_mm: FloatArray, y_mm: FloatArray, z_mm: float) -> FloatArray:
        """Return the (smooth) maximum of the solid, the bounds and the negated obstacles."""
        result = self.solid.depth(x_mm, y_mm, z_mm)
        if result.min() > FAR_MM:
            return result
        for bound in self.within:
            result = -_smooth_minimum(-result, -bound.depth(x_mm, y_mm, z_mm), self.blend_mm)
        for obstacle, gap_mm in self.without:
            clear = obstacle.depth(x_mm, y_mm, z_mm) - gap_mm
            result = -_smooth_minimum(-result, clear, self.blend_mm)
        return result


@dataclass(frozen=True, slots=True)
class Grown:
    """A solid with a margin added (negative: taken away)."""

    solid: LiverSolid
    margin_mm: float

    def depth(self, x_mm: FloatArray, y_mm: FloatArray, z_mm: float) -> FloatArray:
        """Return the distance less the margin."""
        return self.solid.depth(x_mm, y_mm, z_mm) - self.margin_mm


class Shared:
    """A solid that others are carved from: remembers the plane it was last sampled on."""

    def __init__(self, solid: LiverSolid) -> None:
        self._solid = solid
        self._key: tuple[bytes, bytes, float] | None = None
        self._depth = np.empty((0, 0))

    def depth(self, x_mm: FloatArray, y_mm: FloatArray, z_mm: float) -> FloatArray:
        """Return the distance of the solid itself; do not write into it."""
        key = (x_mm.tobytes(), y_mm.tobytes(), z_mm)
        if key != self._key:
            self._key, self._depth = key, self._solid.depth(x_mm, y_mm, z_mm)
        return self._depth


def _smooth_minimum(a: FloatArray, b: FloatArray, blend_mm: float) -> FloatArray:
    if blend_mm <= 0:
        return np.minimum(a, b)
    h = np.maximum(blend_mm - np.abs(a - b), 0.0) / blend_mm
    return np.asarray(np.minimum(a, b) - h * h * (blend_mm / 4))
