"""Small targets: beside a trilinear system, and beside the published test of commercial systems."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import mean
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.integrate import DEFAULT_SETTINGS, integrate, volume_cc
from sbrt_qa.dosimetry.interpolation import Interpolation
from sbrt_qa.geometry.regions import Region, region_of
from sbrt_qa.geometry.slabs import DEFAULT_CONVENTION, Between, Convention, Ends
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.testing.phantoms.closed_forms import contour
from sbrt_qa.testing.phantoms.shapes import Sphere

SHORTEST: Final = Convention(Between.MORPH, Ends.NONE)
LONGEST: Final = Convention(flat_low=1.0, flat_high=1.0)
"""The shortest and the longest structure that a few contours may belong to."""

LINEAR: Final = replace(DEFAULT_SETTINGS, interpolation=Interpolation.LINEAR)

DIAMETERS_MM: Final = (3.0, 5.0, 7.0, 10.0, 15.0, 20.0)
"""Spheres of the published test (Med Phys 2021, PMC8248418)."""

PLACES: Final = 50
"""Random places of each."""

SEED: Final = 8248418
"""Of these places."""

EDGE_GY: Final = 20.0
HALF_GY: Final = 10.0
"""Doses whose isodoses are asked for: the surface of a sphere gets the first."""

TOP: Final = 2.0
"""Dose in the centre over that on the surface."""

PUBLISHED: Final = {
    "volume": "-4.73 [-33.2, 0.2], 0.11 [-10.9, 9.5], -0.39 [-12.1, 7.0], -2.24 [-21, 1.3], "
    "1.15 [-15.1, 0.8]",
    "V20Gy": "means -3.8 to -0.4, all within [-27.3, 9.8]",
    "V10Gy": "means -1.8 to 2.7",
}
"""What the published test found: mean [lowest, highest] of each system, %, as far as known."""

ROOM: Final = 2.2
"""Radius around a sphere, in its own radii, in which isodoses are looked for."""


@dataclass(frozen=True, slots=True)
class Hill:
    """A dose that falls around a point as a normal curve; its isodoses are spheres."""

    top_gy: float
    width2_mm2: float

    @classmethod
    def around(cls, radius_mm: float, edge_gy: float, top_gy: float) -> Hill:
        """Return the hill that has a dose on the surface of a sphere."""
        return cls(top_gy, radius_mm**2 / math.log(top_gy / edge_gy))

    def radius_mm(self, dose_gy: float) -> float:
        """Return the radius of an isodose."""
        return math.sqrt(self.width2_mm2 * math.log(self.top_gy / dose_gy))

    def on_grid(self, centre: FloatArray, step_mm: float, reach_mm: float) -> DoseGrid:
        """Return the dose on a grid whose voxels stand at multiples of the step."""
        z, y, x = (
            step_mm * np.arange(math.floor((c - reach_mm) / step_mm),
                                math.ceil((c + reach_mm) / step_mm) + 1)
            for c in centre[::-1]
        )  # fmt: skip
        square = (
            (z[:, None, None] - centre[2]) ** 2
            + (y[None, :, None] - centre[1]) ** 2
            + (x[None, None, :] - centre[0]) ** 2
        )
        return DoseGrid(self.top_gy * np.exp(-square / self.width2_mm2), x, y, z)


def ball(centre: FloatArray, radius_mm: float, slice_mm: float) -> Region:
    """Return a sphere as its contours on slices at multiples of the spacing say it."""
    first = math.floor((centre[2] - radius_mm) / slice_mm) + 1
    last = math.ceil((centre[2] + radius_mm) / slice_mm) - 1
    heights = slice_mm * np.arange(first, last + 1)
    place = (float(centre[0]), float(centre[1]), float(centre[2]))
    return region_of(contour(Sphere(place, radius_mm), heights), slice_spacing_mm=slice_mm)


def published_test(places: int = PLACES) -> str:
    """Return mean and range of our errors in the published test, a row per quantity."""
    random = np.random.default_rng(SEED)
    errors: dict[str, list[float]] = {}
    for diameter in DIAMETERS_MM:
        for _ in range(places):
            for name, error in _errors(random.uniform(-0.5, 0.5, 3), diameter / 2).items():
                errors.setdefault(name, []).append(error)
    lines = ["| quantity | ours | the five systems |", "|---|---:|---|"]
    lines += [
        f"| {name} | {mean(found):+.2f} [{min(found):+.1f}, {max(found):+.1f}] "
        f"| {PUBLISHED.get(name, 'not known')} |"
        for name, found in errors.items()
    ]
    return "\n".join(lines)


def _errors(centre: FloatArray, radius_mm: float) -> dict[str, float]:
    hill = Hill.around(radius_mm, EDGE_GY, TOP * EDGE_GY)
    reach = ROOM * radius_mm + 2
    dose = hill.on_grid(centre, 1.0, reach + 5)
    target = integrate(ball(centre, radius_mm, 1.0), dose)
    around = integrate(ball(centre, reach, 1.0), dose)
    if not isinstance(target, DVH) or not isinstance(around, DVH):
        raise TypeError(target)
    whole = _sphere_cc(radius_mm)
    rx, half = (_sphere_cc(hill.radius_mm(level)) for level in (EDGE_GY, HALF_GY))
    ours = tuple(around.volume_at_dose_cc(level) for level in (EDGE_GY, HALF_GY))
    pairs = {
        "volume": (target.volume_cc, whole),
        "V20Gy": (ours[0], rx),
        "V10Gy": (ours[1], half),
        "CI": (ours[0] / target.volume_cc, rx / whole),
        "GI": (ours[1] / ours[0], half / rx),
    }
    return {name: 100 * (a / b - 1) for name, (a, b) in pairs.items()}


def smallest_ball(radius_mm: float = 3.0, slice_mm: float = 3.0) -> str:
    """Return errors of the volume of a ball on two slices, by where these lie, in per cent.

    Beside ours those of a structure that ends at its outer planes, and of one that goes on to where
    the next planes would be: its contours are in the file as well.
    """
    lines = [
        "| first slice above the lowest point, mm | radii of its contours, mm | ours "
        "| ends at them | goes on to the next |",
        "|---:|---|---:|---:|---:|",
    ]
    true_cc = _sphere_cc(radius_mm)
    for first in slice_mm * (0.05 + 0.1 * np.arange(10)):
        heights = np.arange(first - radius_mm, radius_mm, slice_mm)
        radii = ", ".join(f"{math.sqrt(radius_mm**2 - z * z):.2f}" for z in heights)
        structure = contour(Sphere((0.0, 0.0, 0.0), radius_mm), heights)
        errors = [
            f"{100 * (found / true_cc - 1):+.1f}"
            for convention in (DEFAULT_CONVENTION, SHORTEST, LONGEST)
            if isinstance(found := volume_cc(region_of(structure, convention, slice_mm)), float)
        ]
        lines.append(f"| {first:.2f} | {radii} | {' | '.join(errors)} |")
    return "\n".join(lines)


def beside_trilinear(radii_mm: Sequence[float] = (4.2, 5.0, 6.3, 8.0, 10.2)) -> str:
    """Return D95% of small targets on a 3 mm grid, read by spline and linearly, beside the truth.

    A third of the dose in the centre is lost on the surface.
    """
    centre = np.array([0.7, -0.4, 0.9])
    lines = [
        "| volume, cc | D95%, Gy | by the spline, % | trilinear, % | spline over trilinear, % |",
        "|---:|---:|---:|---:|---:|",
    ]
    for radius in radii_mm:
        hill = Hill.around(radius, 50.0, 75.0)
        dose = hill.on_grid(centre, 3.0, radius + 20)
        target = ball(centre, radius, 3.0)
        found = [integrate(target, dose, settings=s) for s in (DEFAULT_SETTINGS, LINEAR)]
        spline, linear = (
            d.dose_at_volume_gy(0.95 * d.volume_cc) for d in found if isinstance(d, DVH)
        )
        truth = hill.top_gy * math.exp(-(0.95 ** (2 / 3)) * radius**2 / hill.width2_mm2)
        lines.append(
            f"| {_sphere_cc(radius):.1f} | {truth:.2f} | {100 * (spline / truth - 1):+.1f} "
            f"| {100 * (linear / truth - 1):+.1f} | {100 * (spline / linear - 1):+.1f} |"
        )
    return "\n".join(lines)


def _sphere_cc(radius_mm: float) -> float:
    return 4 / 3 * math.pi * radius_mm**3 / 1000
