"""Closed-form pairs of what files leave open most: steps to no dose, shared edges, missing slices.

Their truth is exact; what is stored of them does not hold it. Where a dose ends between two voxels,
or a structure between two planes that lie far apart, is nowhere in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.model.grid import FloatArray
from sbrt_qa.testing.phantoms.closed_forms import Truth, contour
from sbrt_qa.testing.phantoms.dose_fields import Field, Gaussian, Planar, Profile, Radial, sample
from sbrt_qa.testing.phantoms.shapes import Box, PhantomShape, Point, Sphere, cylinder
from sbrt_qa.testing.phantoms.suite import (
    COARSE,
    MIXED,
    ODD,
    USUAL,
    PhantomPair,
    Sampling,
    axes,
    fields_for,
    planes,
)

HARDER_SEED: Final = 20261205
"""Of the pairs of :func:`harder_suite` on which nothing was tuned (20261203 and 20261204 were)."""

HARDER_PAIRS: Final = 320

FAMILIES: Final = (
    "dose ends beside it",
    "dose ends inside it",
    "two halves with a shared edge",
    "two slices missing",
)

MOST_BESIDE: Final = 1.5
"""Voxels between a structure and the place where dose ends beside it, at most."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A profile up to a place, with nothing beyond it, as a dose ends at the outline of a body."""

    whole: Profile
    end_mm: float

    def dose_gy(self, s_mm: FloatArray) -> FloatArray:
        """Return the dose at each coordinate, 0 beyond the end."""
        return np.asarray(np.where(s_mm <= self.end_mm, self.whole.dose_gy(s_mm), 0.0))

    def at_least(self, dose_gy: float) -> tuple[float, float]:
        """Return the part of the profile's interval before the end."""
        low, high = self.whole.at_least(dose_gy)
        if dose_gy <= 0:
            return low, high
        return min(low, self.end_mm), min(high, self.end_mm)

    def peak_mm(self) -> float:
        """Return the end, or the profile's peak where that lies before it."""
        return min(self.whole.peak_mm(), self.end_mm)


@dataclass(frozen=True, slots=True)
class Halved:
    """A solid with convex sections, drawn as two contours that share the edge along a plane."""

    whole: PhantomShape
    axis: int
    at_mm: float

    def sections(self, z_mm: float) -> list[FloatArray]:
        """Return both parts of every polygon."""
        return [
            part
            for loop in self.whole.sections(z_mm)
            for sign in (1.0, -1.0)
            if len(part := _beyond(loop, self.axis, self.at_mm, sign)) > 2
        ]

    def extent(self, axis: int) -> tuple[float, float]:
        """Return that of the whole."""
        return self.whole.extent(axis)

    def volume_beyond(self, axis: int, s_mm: float) -> float:
        """Return that of the whole."""
        return self.whole.volume_beyond(axis, s_mm)

    def volume_within(self, centre: Point, radius_mm: float) -> float:
        """Return that of the whole."""
        return self.whole.volume_within(centre, radius_mm)

    def distances(self, point: Point) -> tuple[float, float]:
        """Return those of the whole."""
        return self.whole.distances(point)


def harder_suite(seed: int = HARDER_SEED, pairs: int = HARDER_PAIRS) -> Iterator[PhantomPair]:
    """Return pairs of random shapes, places, fields and samplings, of the `FAMILIES` in turn."""
    random = np.random.default_rng(seed)
    for number in range(pairs):
        family = FAMILIES[number % len(FAMILIES)]
        kind, shape = _shape(random, number // len(FAMILIES))
        fields = [f for _, f in fields_for(shape)]
        field: Field = fields[int(random.integers(len(fields)))]
        sampling = (USUAL, ODD, COARSE, MIXED)[int(random.integers(4))]
        z_mm = planes(shape, sampling.slice_mm)
        drawn: PhantomShape = shape
        if family.startswith("dose ends"):
            field = _ending(random, shape, sampling, inside=family == "dose ends inside it")
        elif family == "two slices missing":
            z_mm = _thinned(random, shape, z_mm)
        else:
            axis = int(random.integers(2))
            low, high = shape.extent(axis)
            drawn = Halved(shape, axis, low + float(random.uniform(0.3, 0.7)) * (high - low))
        yield PhantomPair(
            f"{number} {kind}, {family}, {sampling}",
            family,
            contour(drawn, z_mm),
            sample(field, *axes(shape, sampling.voxel_mm)),
            Truth(shape, field),
            sampling.slice_mm,
        )


def _shape(random: np.random.Generator, number: int) -> tuple[str, PhantomShape]:
    """Return a random solid of one of three kinds in turn."""
    x, y, z = (float(v) for v in random.uniform(-40.0, 40.0, 3))
    radius, length = float(random.uniform(6.0, 25.0)), float(random.uniform(24.0, 60.0))
    sides = [float(v) for v in random.uniform(12.0, 45.0, 3)]
    shapes: tuple[tuple[str, PhantomShape], ...] = (
        ("ball", Sphere((x, y, z), radius + 4.0)),
        ("box", Box((x, y, z), (x + sides[0], y + sides[1], z + 12.0 + sides[2]))),
        ("cylinder", cylinder((x, y, z), radius + 4.0, length, int(random.integers(3)))),
    )
    return shapes[number % len(shapes)]


def _ending(
    random: np.random.Generator, shape: PhantomShape, sampling: Sampling, *, inside: bool
) -> Field:
    """Return a field that ends at a plane inside a shape, or up to `MOST_BESIDE` voxels beyond.

    In half of all balls it falls from a place beside their centre and ends on a sphere.
    """
    if isinstance(shape, Sphere) and random.random() < 0.5:
        return _round_ending(random, shape, sampling, inside=inside)
    fields = [f for _, f in fields_for(shape) if isinstance(f, Planar)]
    field = fields[int(random.integers(len(fields)))]
    low, high = shape.extent(field.axis)
    if inside:
        end = low + float(random.uniform(0.3, 0.95)) * (high - low)
    else:
        end = high + float(random.uniform(0.0, MOST_BESIDE)) * sampling.voxel_mm[field.axis]
    return Planar(field.axis, Ending(field.profile, end))


def _round_ending(
    random: np.random.Generator, ball: Sphere, sampling: Sampling, *, inside: bool
) -> Field:
    centre = tuple(float(c + v) for c, v in zip(ball.centre, random.uniform(-5, 5, 3), strict=True))
    near = (centre[0], centre[1], centre[2])
    farthest, radius = ball.distances(near)[1], ball.radius_mm
    if inside:
        end = float(random.uniform(0.5, 0.95)) * farthest
    else:
        end = farthest + float(random.uniform(0.0, MOST_BESIDE)) * max(sampling.voxel_mm)
    return Radial(near, Ending(Gaussian(66.0, 0.0, max(11.0, 0.9 * radius)), end))


def _thinned(random: np.random.Generator, shape: PhantomShape, z_mm: FloatArray) -> FloatArray:
    """Leave out two slices of a structure, neighbours or not, but never one of its last two."""
    low, high = shape.extent(2)
    within = np.flatnonzero((z_mm > low) & (z_mm < high))
    there = within[2:-2]
    if there.size < 2:
        return z_mm
    first = int(random.integers(there.size - 1))
    other = first + 1 if random.random() < 0.5 else int(random.integers(first + 1, there.size))
    return np.delete(z_mm, [there[first], there[other]])


def _beyond(loop: FloatArray, axis: int, at_mm: float, sign: float) -> FloatArray:
    """Return the part of a convex polygon on one side of a line along x or y."""
    kept: list[FloatArray] = []
    for here, there in zip(loop, np.roll(loop, -1, axis=0), strict=True):
        a, b = sign * (here[axis] - at_mm), sign * (there[axis] - at_mm)
        if a >= 0:
            kept.append(here)
        if a * b < 0:
            kept.append(here + (there - here) * a / (a - b))
    return np.array(kept)
