"""Indices of spherical targets, each with its uncertainty, beside their closed forms.

A whole case each: a ball as target in a large round body, a smooth dose whose isodoses are spheres.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final, Protocol

import numpy as np

from sbrt_qa.dosimetry.bands import Views, intervals_among, subject_of
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metrics import evaluate
from sbrt_qa.dosimetry.view_kinds import VIEWS
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.outcome import Measured
from sbrt_qa.model.plan import Plan, Prescription, PrescriptionSource
from sbrt_qa.model.structure import Structure, StructureSet
from sbrt_qa.testing.phantoms.closed_forms import contour
from sbrt_qa.testing.phantoms.shapes import Point, Sphere

RADII_MM: Final = (5.0, 8.0, 12.0, 25.0)
STEPS_MM: Final = (2.0, 3.0)
"""Radii of the targets, and spacings of slices and voxels, all with all."""

LARGE_MM: Final = 8.0
"""Radius from which on an index is to be within `LARGE_WITHIN_PERCENT`."""

LARGE_WITHIN_PERCENT: Final = 1.5

SEED: Final = 20261130
"""Of the places of the targets."""

RX_GY: Final = 50.0
TOP_GY: Final = 62.5
"""Dose on the surface of a target and in its centre."""

FAR_MM: Final = 20.0
BODY_BEYOND_MM: Final = 35.0
"""How far the body, a ball around the target's, reaches beyond the target."""

GRID_BEYOND_MM: Final = 4.0
"""How far the dose grid reaches beyond the body."""


class Fall(Protocol):
    """How dose falls from the centre of a target, whose surface is at distance 1."""

    def part(self, distance: FloatArray) -> FloatArray:
        """Return the dose as a part of that in the centre."""

    def distance(self, part: float) -> float:
        """Return where the dose is a part of that in the centre."""


@dataclass(frozen=True, slots=True)
class Normal:
    """Dose falls as a normal curve."""

    edge: float = RX_GY / TOP_GY

    def part(self, distance: FloatArray) -> FloatArray:
        """Return the dose as a part of that in the centre."""
        return np.asarray(self.edge ** (distance**2))

    def distance(self, part: float) -> float:
        """Return where the dose is a part of that in the centre."""
        return math.sqrt(math.log(part) / math.log(self.edge))


@dataclass(frozen=True, slots=True)
class Plateau:
    """Dose is flat within, and falls with a power far outside, as in a treatment of many beams."""

    edge: float = RX_GY / TOP_GY
    power: float = 4.0

    def part(self, distance: FloatArray) -> FloatArray:
        """Return the dose as a part of that in the centre."""
        return np.asarray(1 / (1 + (1 / self.edge - 1) * distance**self.power))

    def distance(self, part: float) -> float:
        """Return where the dose is a part of that in the centre."""
        return float(((1 / part - 1) / (1 / self.edge - 1)) ** (1 / self.power))


FALLS: Final[tuple[Fall, ...]] = (Normal(), Plateau())


@dataclass(frozen=True, slots=True)
class Index:
    """One index of one target, and the truth; `low` and `high` are its uncertainty."""

    metric: str
    radius_mm: float
    step_mm: float
    value: float
    truth: float
    low: float
    high: float

    @property
    def error_percent(self) -> float:
        """Error in per cent of the truth."""
        return 100 * (self.value / self.truth - 1)

    @property
    def holds_truth(self) -> bool:
        """Whether the truth lies inside the uncertainty."""
        return self.low <= self.truth <= self.high

    @property
    def width_percent(self) -> float:
        """Width of the uncertainty in per cent of the truth."""
        return 100 * (self.high - self.low) / self.truth


def truths(radius_mm: float, fall: Fall) -> dict[str, float]:
    """Return the closed forms of all indices of a target."""

    def dose_gy(distance: float) -> float:
        return TOP_GY * float(fall.part(np.array(distance)))

    # The hottest part of a ball is the ball around its centre with the cube root of it as radius.
    high, middle, low = (dose_gy(p ** (1 / 3)) for p in (0.02, 0.5, 0.98))
    half = fall.distance(RX_GY / 2 / TOP_GY) ** 3
    return {
        "R100": 1.0,
        "CI": 1.0,
        "R50": half,
        "GI": half,
        "PaddickCI": 1.0,
        "HI": (high - low) / middle,
        "D2cm[%]": 100 * dose_gy(1 + FAR_MM / radius_mm) / RX_GY,
    }


def case_of(radius_mm: float, step_mm: float, fall: Fall, centre: Point) -> Case:
    """Return a target in its body, contoured and sampled as a planning system does."""
    body_mm = radius_mm + BODY_BEYOND_MM
    structures = [
        replace(_ball(centre, radius_mm, step_mm, 1, "PTV"), interpreted_type="PTV"),
        replace(_ball(centre, body_mm, step_mm, 2, "BODY"), interpreted_type="EXTERNAL"),
    ]
    reach = body_mm + GRID_BEYOND_MM
    x, y, z = (_multiples(step_mm, c - reach, c + reach) for c in centre)
    away = np.sqrt(
        (z[:, None, None] - centre[2]) ** 2
        + (y[None, :, None] - centre[1]) ** 2
        + (x[None, None, :] - centre[0]) ** 2
    )
    plan = Plan(
        "2.25.1", "ball", prescription=Prescription(RX_GY, PrescriptionSource.USER), fractions=5
    )
    dose = DoseGrid(TOP_GY * fall.part(away / radius_mm), x, y, z)
    image = ImageSeries(np.array([0.0, step_mm]), (0.0, 0.0), (1.0, 1.0), (2, 2))
    return Case("ball", plan, StructureSet(tuple(structures)), dose, image=image)


def _multiples(step_mm: float, low_mm: float, high_mm: float) -> FloatArray:
    """Return the multiples of a step from the last below a stretch to the first above it."""
    first, last = math.floor(low_mm / step_mm), math.ceil(high_mm / step_mm)
    return np.asarray(step_mm * np.arange(first, last + 1, dtype=np.float64))


def _ball(centre: Point, radius_mm: float, step_mm: float, number: int, name: str) -> Structure:
    low, high = centre[2] - radius_mm, centre[2] + radius_mm
    heights = _multiples(step_mm, low, high)[1:-1]
    return contour(Sphere(centre, radius_mm), heights, number=number, name=name)


def indices_of(radius_mm: float, step_mm: float, fall: Fall, centre: Point) -> Iterator[Index]:
    """Compute every index of one target with its uncertainty.

    Raises
    ------
    TypeError
        An index has no value.
    """
    case = case_of(radius_mm, step_mm, fall, centre)
    doses = CaseDoses(case)
    views, target = Views(doses), case["PTV"]
    usual, there = doses.dvh(target), views.of(subject_of(target))
    if not isinstance(usual, DVH):
        raise TypeError(usual)
    for metric, truth in truths(radius_mm, fall).items():
        spec = parse_metric(metric)
        value = evaluate(spec, usual, doses.context_of(target))
        if not isinstance(value, Measured):
            raise TypeError(value)
        seen = [
            (view, evaluate(spec, there.get(name, usual), views.context_of(name, target)))
            for name, view in VIEWS.items()
        ]
        band = intervals_among(spec, value, seen).uncertainty
        if band is None:
            raise TypeError(metric)
        yield Index(metric, radius_mm, step_mm, value.value, truth, band.low, band.high)


def all_indices(
    radii_mm: Sequence[float] = RADII_MM, steps_mm: Sequence[float] = STEPS_MM
) -> list[Index]:
    """Compute the indices of all targets, each at a random place of the grid."""
    random = np.random.default_rng(SEED)
    found: list[Index] = []
    for radius in radii_mm:
        for step in steps_mm:
            for fall in FALLS:
                x, y, z = (float(c) for c in random.uniform(-step, step, 3))
                found += indices_of(radius, step, fall, (x, y, z))
    return found


def table(found: Sequence[Index]) -> str:
    """Return a row per index: errors of large and of small targets, and what the band holds."""
    lines = [
        f"| index | values | largest error, r ≥ {LARGE_MM:g} mm, % | smaller, % | truth inside, % "
        "| median width, % |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for metric in dict.fromkeys(one.metric for one in found):
        rows = [one for one in found if one.metric == metric]
        large = [one.error_percent for one in rows if one.radius_mm >= LARGE_MM]
        small = [one.error_percent for one in rows if one.radius_mm < LARGE_MM]
        inside = 100 * sum(one.holds_truth for one in rows) / len(rows)
        width = median(one.width_percent for one in rows)
        lines.append(
            f"| {metric} | {len(rows)} | {max(large, key=abs):+.2f} | {max(small, key=abs):+.2f} "
            f"| {inside:.1f} | {width:.2f} |"
        )
    return "\n".join(lines)
