"""Dose fields whose iso-surfaces are planes or spheres, so that volumes above a dose are known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.testing.phantoms.shapes import PhantomShape, Point


class Profile(Protocol):
    """A dose along one coordinate, rising everywhere or falling away from one peak."""

    def dose_gy(self, s_mm: FloatArray) -> FloatArray:
        """Return the dose at each coordinate."""

    def at_least(self, dose_gy: float) -> tuple[float, float]:
        """Return the interval of coordinates that receive at least `dose_gy`."""

    def peak_mm(self) -> float:
        """Return where the dose is highest; infinity when it rises everywhere."""


@dataclass(frozen=True, slots=True)
class Linear:
    """``dose = at_zero_gy + slope * s``, never below 0 where it is used."""

    at_zero_gy: float
    slope_gy_per_mm: float

    def dose_gy(self, s_mm: FloatArray) -> FloatArray:
        """Return the dose at each coordinate."""
        return self.at_zero_gy + self.slope_gy_per_mm * s_mm

    def at_least(self, dose_gy: float) -> tuple[float, float]:
        """Return from the coordinate of that dose to infinity."""
        return (dose_gy - self.at_zero_gy) / self.slope_gy_per_mm, math.inf

    def peak_mm(self) -> float:
        """Return infinity."""
        return math.inf


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """``dose = top / (1 + exp(-(s - middle) / width))``: a penumbra."""

    top_gy: float
    middle_mm: float
    width_mm: float

    def dose_gy(self, s_mm: FloatArray) -> FloatArray:
        """Return the dose at each coordinate."""
        return np.asarray(self.top_gy / (1 + np.exp(-(s_mm - self.middle_mm) / self.width_mm)))

    def at_least(self, dose_gy: float) -> tuple[float, float]:
        """Return from the coordinate of that dose to infinity."""
        if dose_gy <= 0:
            return -math.inf, math.inf
        if dose_gy >= self.top_gy:
            return math.inf, math.inf
        odds = dose_gy / (self.top_gy - dose_gy)
        return self.middle_mm + self.width_mm * math.log(odds), math.inf

    def peak_mm(self) -> float:
        """Return infinity."""
        return math.inf


@dataclass(frozen=True, slots=True)
class Gaussian:
    """``dose = top * exp(-(s - middle)^2 / (2 sigma^2))``."""

    top_gy: float
    middle_mm: float
    sigma_mm: float

    def dose_gy(self, s_mm: FloatArray) -> FloatArray:
        """Return the dose at each coordinate."""
        return np.asarray(
            self.top_gy * np.exp(-0.5 * ((s_mm - self.middle_mm) / self.sigma_mm) ** 2)
        )

    def at_least(self, dose_gy: float) -> tuple[float, float]:
        """Return the symmetric interval about the peak."""
        if dose_gy <= 0:
            return -math.inf, math.inf
        if dose_gy > self.top_gy:
            return self.middle_mm, self.middle_mm
        reach = self.sigma_mm * math.sqrt(2 * math.log(self.top_gy / dose_gy))
        return self.middle_mm - reach, self.middle_mm + reach

    def peak_mm(self) -> float:
        """Return the middle."""
        return self.middle_mm


class Field(Protocol):
    """A dose everywhere in space."""

    def dose_gy(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Return the dose at points given by three arrays of one shape."""

    def volume_at_least(self, shape: PhantomShape, dose_gy: float) -> float:
        """Return the volume (mm3) of a shape that receives at least `dose_gy`."""

    def range_gy(self, shape: PhantomShape) -> tuple[float, float]:
        """Return the lowest and highest dose on a shape."""


@dataclass(frozen=True, slots=True)
class Planar:
    """A profile along one axis: iso-surfaces are planes."""

    axis: int
    profile: Profile

    def dose_gy(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Return the profile at the coordinate of the field's axis."""
        return self.profile.dose_gy((x, y, z)[self.axis])

    def volume_at_least(self, shape: PhantomShape, dose_gy: float) -> float:
        """Return the part of a shape between two planes."""
        low, high = self.profile.at_least(dose_gy)
        return shape.volume_beyond(self.axis, low) - shape.volume_beyond(self.axis, high)

    def range_gy(self, shape: PhantomShape) -> tuple[float, float]:
        """Return the extremes of the profile over the shape's extent."""
        ends = shape.extent(self.axis)
        places = np.array([*ends, min(max(self.profile.peak_mm(), ends[0]), ends[1])])
        doses = self.profile.dose_gy(places)
        return float(doses.min()), float(doses.max())


@dataclass(frozen=True, slots=True)
class Radial:
    """A profile that falls with the distance from a point: iso-surfaces are spheres."""

    centre: Point
    profile: Profile

    def dose_gy(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Return the profile at the distance from the centre."""
        cx, cy, cz = self.centre
        return self.profile.dose_gy(np.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2))

    def volume_at_least(self, shape: PhantomShape, dose_gy: float) -> float:
        """Return the part of a shape inside a ball."""
        return shape.volume_within(self.centre, max(self.profile.at_least(dose_gy)[1], 0.0))

    def range_gy(self, shape: PhantomShape) -> tuple[float, float]:
        """Return the doses at the farthest and the nearest place."""
        near, far = shape.distances(self.centre)
        doses = self.profile.dose_gy(np.array([far, near]))
        return float(doses[0]), float(doses[1])


def sample(field: Field, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray) -> DoseGrid:
    """Return a grid that holds the field's dose, or 0 where it is negative, at voxel centres."""
    z, y, x = np.meshgrid(z_mm, y_mm, x_mm, indexing="ij")
    return DoseGrid(np.maximum(field.dose_gy(x, y, z), 0.0), x_mm, y_mm, z_mm)
