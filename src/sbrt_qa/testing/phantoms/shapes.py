"""Solids with sections in closed form: what a contourer would draw, and the true volumes.

A shape answers four questions: which polygons a plane cuts out of it, how far it reaches along an
axis, how much of it lies beyond a plane across an axis, and how much within a ball.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sbrt_qa.model.grid import FloatArray

Point = tuple[float, float, float]

CHORD_MM = 0.4
"""Usual distance between two vertices of a drawn contour."""


class PhantomShape(Protocol):
    """A solid with known sections. Axes are 0 (x), 1 (y) and 2 (z); lengths in mm."""

    def sections(self, z_mm: float) -> list[FloatArray]:
        """Return the polygons, each ``(n, 2)``, in which the plane at `z_mm` cuts the solid."""

    def extent(self, axis: int) -> tuple[float, float]:
        """Return the lowest and highest coordinate along an axis."""

    def volume_beyond(self, axis: int, s_mm: float) -> float:
        """Return the volume (mm3) where the coordinate along an axis exceeds `s_mm`."""

    def volume_within(self, centre: Point, radius_mm: float) -> float:
        """Return the volume (mm3) inside a ball."""

    def distances(self, point: Point) -> tuple[float, float]:
        """Return the distance from a point to the nearest and to the farthest place."""


def circle(x: float, y: float, radius_mm: float) -> FloatArray:
    """Return a regular polygon whose area is that of the circle."""
    n = max(48, math.ceil(2 * math.pi * radius_mm / CHORD_MM))
    angle = 2 * math.pi / n
    fit = radius_mm * math.sqrt(angle / math.sin(angle))
    t = np.arange(n) * angle
    return np.column_stack([x + fit * np.cos(t), y + fit * np.sin(t)])


def rectangle(x: tuple[float, float], y: tuple[float, float]) -> FloatArray:
    """Return the four corners of an axis-parallel rectangle."""
    return np.array([[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]]])


def segment_mm2(radius_mm: FloatArray, s_mm: float) -> FloatArray:
    """Return the area of the part of a disc that lies beyond a chord at distance `s_mm`."""
    ratio = np.clip(s_mm / np.maximum(radius_mm, 1e-12), -1.0, 1.0)
    area = radius_mm**2 * (np.arccos(ratio) - ratio * np.sqrt(1 - ratio**2))
    return np.asarray(area, dtype=np.float64)


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(400)


def _not_known(what: str) -> float:
    raise NotImplementedError(f"{what} has no closed form here")


@dataclass(frozen=True, slots=True)
class Sphere:
    """A ball."""

    centre: Point
    radius_mm: float

    def sections(self, z_mm: float) -> list[FloatArray]:
        """Return one circle or nothing."""
        rest = self.radius_mm**2 - (z_mm - self.centre[2]) ** 2
        return [circle(self.centre[0], self.centre[1], math.sqrt(rest))] if rest > 0 else []

    def extent(self, axis: int) -> tuple[float, float]:
        """Return centre minus and plus radius."""
        return self.centre[axis] - self.radius_mm, self.centre[axis] + self.radius_mm

    def volume_beyond(self, axis: int, s_mm: float) -> float:
        """Return the volume of a cap."""
        r, u = (
            self.radius_mm,
            float(np.clip(s_mm - self.centre[axis], -self.radius_mm, self.radius_mm)),
        )
        return math.pi * (2 * r**3 / 3 - r**2 * u + u**3 / 3)

    def volume_within(self, centre: Point, radius_mm: float) -> float:
        """Return the volume of the lens of two balls."""
        r, q, d = self.radius_mm, radius_mm, math.dist(self.centre, centre)
        if d + min(r, q) <= max(r, q):
            return 4 / 3 * math.pi * min(r, q) ** 3
        if d >= r + q:
            return 0.0
        return math.pi * (r + q - d) ** 2 * (d * d + 2 * d * (r + q) - 3 * (r - q) ** 2) / (12 * d)

    def distances(self, point: Point) -> tuple[float, float]:
        """Return distances to the ball."""
        d = math.dist(self.centre, point)
        return max(d - self.radius_mm, 0.0), d + self.radius_mm


@dataclass(frozen=True, slots=True)
class Box:
    """A cuboid between two corners."""

    low: Point
    high: Point

    def sections(self, z_mm: float) -> list[FloatArray]:
        """Return one rectangle or nothing."""
        if not self.low[2] < z_mm < self.high[2]:
            return []
        return [rectangle((self.low[0], self.high[0]), (self.low[1], self.high[1]))]

    def extent(self, axis: int) -> tuple[float, float]:
        """Return the two faces across an axis."""
        return self.low[axis], self.high[axis]

    def volume_beyond(self, axis: int, s_mm: float) -> float:
        """Return the volume of the rest of the cuboid."""
        sides = [h - low for low, h in zip(self.low, self.high, strict=True)]
        sides[axis] = min(max(self.high[axis] - s_mm, 0.0), sides[axis])
        return math.prod(sides)

    def volume_within(self, centre: Point, radius_mm: float) -> float:
        """Not available."""
        return _not_known(f"a cuboid cut by a ball of {radius_mm} mm at {centre}")

    def distances(self, point: Point) -> tuple[float, float]:
        """Not available."""
        return (_not_known(f"the distance of a cuboid from {point}"),) * 2


@dataclass(frozen=True, slots=True)
class Cone:
    """A cone or frustum along an axis; with equal radii a cylinder.

    ``centre`` is the middle of its axis; ``radius_low_mm`` belongs to the end with the lower
    coordinate along `axis`.
    """

    centre: Point
    radius_low_mm: float
    radius_high_mm: float
    length_mm: float
    axis: int

    def _radius(self, along: FloatArray) -> FloatArray:
        part = np.clip(along / self.length_mm + 0.5, 0.0, 1.0)
        return self.radius_low_mm + part * (self.radius_high_mm - self.radius_low_mm)

    def sections(self, z_mm: float) -> list[FloatArray]:
        """Return a circle across z, or the profile of the cone along x or y."""
        h = z_mm - self.centre[2]
        if self.axis == 2:
            if abs(h) >= self.length_mm / 2:
                return []
            return [circle(self.centre[0], self.centre[1], float(self._radius(np.array(h))))]
        widest = max(self.radius_low_mm, self.radius_high_mm)
        if abs(h) >= widest:
            return []
        along, half = self._profile(h)
        across = np.concatenate([half, -half[::-1]])
        both = np.concatenate([along, along[::-1]])
        other = 1 - self.axis
        columns = {
            self.axis: both + self.centre[self.axis],
            other: across + self.centre[other],
        }
        return [np.column_stack([columns[0], columns[1]])]

    def _profile(self, h: float) -> tuple[FloatArray, FloatArray]:
        """Return positions along the axis and the half width there, at height `h`."""
        ends = np.array([-0.5, 0.5]) * self.length_mm
        taper = (self.radius_high_mm - self.radius_low_mm) / self.length_mm
        middle = (self.radius_high_mm + self.radius_low_mm) / 2
        if taper > 0:
            ends[0] = max(ends[0], (abs(h) - middle) / taper)
        elif taper < 0:
            ends[1] = min(ends[1], (abs(h) - middle) / taper)
        n = max(32, math.ceil((ends[1] - ends[0]) / CHORD_MM))
        even = np.linspace(0, 1, n)
        part = even**2 if taper > 0 else (1 - (1 - even) ** 2 if taper < 0 else even)
        along = ends[0] + part * (ends[1] - ends[0])
        return along, np.sqrt(np.maximum(self._radius(along) ** 2 - h * h, 0.0))

    def extent(self, axis: int) -> tuple[float, float]:
        """Return both ends, or the widest radius to both sides."""
        widest = max(self.radius_low_mm, self.radius_high_mm)
        reach = self.length_mm / 2 if axis == self.axis else widest
        return self.centre[axis] - reach, self.centre[axis] + reach

    def volume_beyond(self, axis: int, s_mm: float) -> float:
        """Return the integral of disc (or disc segment) areas along the axis."""
        s = s_mm - self.centre[axis]
        begin = float(np.clip(s, -0.5 * self.length_mm, 0.5 * self.length_mm))
        if axis != self.axis:
            begin = -0.5 * self.length_mm
        nodes, weights = _NODES, _WEIGHTS
        half = (self.length_mm / 2 - begin) / 2
        radius = self._radius(begin + half * (nodes + 1))
        area = math.pi * radius**2 if axis == self.axis else segment_mm2(radius, s)
        return float(np.dot(weights, area) * half)

    def volume_within(self, centre: Point, radius_mm: float) -> float:
        """Not available."""
        return _not_known(f"a cone cut by a ball of {radius_mm} mm at {centre}")

    def distances(self, point: Point) -> tuple[float, float]:
        """Not available."""
        return (_not_known(f"the distance of a cone from {point}"),) * 2


def cylinder(centre: Point, radius_mm: float, length_mm: float, axis: int) -> Cone:
    """Return a cylinder along an axis."""
    return Cone(centre, radius_mm, radius_mm, length_mm, axis)


@dataclass(frozen=True, slots=True)
class Shell:
    """A ball with a concentric hole, drawn as two nested contours or as one keyhole contour."""

    centre: Point
    outer_mm: float
    inner_mm: float
    keyhole: bool = False

    def _balls(self) -> tuple[Sphere, Sphere]:
        return Sphere(self.centre, self.outer_mm), Sphere(self.centre, self.inner_mm)

    def sections(self, z_mm: float) -> list[FloatArray]:
        """Return the outer circle and, where the plane meets it, the hole."""
        outer, inner = (ball.sections(z_mm) for ball in self._balls())
        if not (self.keyhole and inner):
            return outer + inner
        ring, hole = outer[0], inner[0][::-1]
        return [np.concatenate([ring, ring[:1], hole[-1:], hole])]

    def extent(self, axis: int) -> tuple[float, float]:
        """Return the outer ball's extent."""
        return self._balls()[0].extent(axis)

    def volume_beyond(self, axis: int, s_mm: float) -> float:
        """Return outer minus inner cap."""
        outer, inner = self._balls()
        return outer.volume_beyond(axis, s_mm) - inner.volume_beyond(axis, s_mm)

    def volume_within(self, centre: Point, radius_mm: float) -> float:
        """Return outer minus inner lens."""
        outer, inner = self._balls()
        return outer.volume_within(centre, radius_mm) - inner.volume_within(centre, radius_mm)

    def distances(self, point: Point) -> tuple[float, float]:
        """Return distances to the shell."""
        d = math.dist(self.centre, point)
        near = max(d - self.outer_mm, self.inner_mm - d, 0.0)
        return near, d + self.outer_mm


@dataclass(frozen=True, slots=True)
class ShapePair:
    """Two solids that do not touch, in one structure."""

    first: PhantomShape
    second: PhantomShape

    def sections(self, z_mm: float) -> list[FloatArray]:
        """Return the polygons of both."""
        return self.first.sections(z_mm) + self.second.sections(z_mm)

    def extent(self, axis: int) -> tuple[float, float]:
        """Return the extent that covers both."""
        a, b = self.first.extent(axis), self.second.extent(axis)
        return min(a[0], b[0]), max(a[1], b[1])

    def volume_beyond(self, axis: int, s_mm: float) -> float:
        """Return the sum."""
        return self.first.volume_beyond(axis, s_mm) + self.second.volume_beyond(axis, s_mm)

    def volume_within(self, centre: Point, radius_mm: float) -> float:
        """Return the sum."""
        first = self.first.volume_within(centre, radius_mm)
        return first + self.second.volume_within(centre, radius_mm)

    def distances(self, point: Point) -> tuple[float, float]:
        """Return the nearer and the farther of both."""
        a, b = self.first.distances(point), self.second.distances(point)
        return min(a[0], b[0]), max(a[1], b[1])
