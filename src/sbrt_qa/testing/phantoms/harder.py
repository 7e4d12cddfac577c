"""Closed-form pairs of what files leave open most: steps to no dose, shared edges, missing slices.

Their truth is exact; what is stored of them does not hold it. Where a dose ends between two voxels,
or a structure between two planes that lie far apart, is nowhere in the file.
"""

from __future__ import annotations

import math
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
    PRESCRIPTION_GY,
    STEEPEST_GY_PER_MM,
    USUAL,
    PhantomPair,
    Sampling,
    axes,
    fields_for,
    planes,
)

HARDER_SEED: Final = 20261213
"""Of the pairs of :func:`harder_suite` on which nothing was tuned; 20261203 to 20261207 were."""

HARDER_PAIRS: Final = 400

FAMILIES: Final = (
    "dose ends beside it",
    "dose ends inside it",
    "two halves with a shared edge",
    "two slices missing",
    "dose ends at a small value",
)

MOST_BESIDE: Final = 1.5
"""Voxels between a structure and the place where dose ends beside it, at most."""

NARROWEST_MM: Final = 6.0
"""Least standard deviation of a dose that falls as a normal curve: that of a sharp penumbra."""

SMALL_GY: Final = (0.01 * PRESCRIPTION_GY, 0.05 * PRESCRIPTION_GY)
"""A small dose: at which a planning system may cut off, or that it may leave beyond the end."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A profile up to a place, as a dose ends at the outline of a body.

    Beyond it there is nothing, or an even dose that is lower than all of the profile before it.
    """

    whole: Profile
    end_mm: float
    beyond_gy: float = 0.0

    def dose_gy(self, s_mm: FloatArray) -> FloatArray:
        """Return the dose at each coordinate, that beyond the end included."""
        return np.asarray(np.where(s_mm <= self.end_mm, self.whole.dose_gy(s_mm), self.beyond_gy))

    def at_least(self, dose_gy: float) -> tuple[float, float]:
        """Return the part of the profile's interval before the end."""
        if 0 < dose_gy <= self.beyond_gy:
            return -math.inf, math.inf
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
        if family == "dose ends at a small value":
            field = _small_ending(random, shape, sampling)
        elif family.startswith("dose ends"):
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


def _small_ending(random: np.random.Generator, shape: PhantomShape, sampling: Sampling) -> Field:
    """Return a field that is cut off below a small dose, or ends with one beyond it.

    It ends at a plane inside a shape, or up to `MOST_BESIDE` voxels beyond.
    """
    axis, small_gy = int(random.integers(3)), float(random.uniform(*SMALL_GY))
    low, high = shape.extent(axis)
    end = low + float(random.uniform(0.3, 1.0)) * (high - low)
    if random.random() < 0.3:
        end = high + float(random.uniform(0.0, MOST_BESIDE)) * sampling.voxel_mm[axis]
    if random.random() < 0.5:
        return Planar(axis, Ending(_falling_to(small_gy, low, end), end))
    fields = [f for _, f in fields_for(shape) if isinstance(f, Planar) and f.axis == axis]
    profile = fields[int(random.integers(len(fields)))].profile
    before_gy = profile.dose_gy(np.array([low, min(end, high)]))
    most_gy = min(0.9 * before_gy.min(), small_gy / PRESCRIPTION_GY * before_gy.max())
    return Planar(axis, Ending(profile, end, float(most_gy)))


def _falling_to(dose_gy: float, low_mm: float, to_mm: float) -> Gaussian:
    """Return a normal curve that falls to a dose from the low end of a shape, or from before it.

    It is as high as it may be without being too steep, and no narrower than any dose is.
    """
    top_gy = 1.1 * PRESCRIPTION_GY
    # A normal curve is steepest one standard deviation off: by its top over one and root e.
    for _ in range(20):
        reach = math.sqrt(2 * math.log(top_gy / dose_gy))
        sigma_mm = max((to_mm - low_mm) / reach, NARROWEST_MM)
        steepest_gy = sigma_mm * STEEPEST_GY_PER_MM * math.exp(0.5)
        top_gy = min(1.1 * PRESCRIPTION_GY, steepest_gy)
    reach = math.sqrt(2 * math.log(top_gy / dose_gy))
    sigma_mm = max((to_mm - low_mm) / reach, NARROWEST_MM)
    return Gaussian(top_gy, to_mm - reach * sigma_mm, sigma_mm)


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
