"""Score the engine on the closed-form suite.

An error of a dose is in per cent of the prescription, an error of a volume in per cent of the
structure's true volume.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.integrate import DEFAULT_SETTINGS, IntegrationSettings, integrate
from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.regions import region_of
from sbrt_qa.geometry.slabs import DEFAULT_CONVENTION, Convention
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.testing.phantoms.suite import PRESCRIPTION_GY, PhantomPair

PERCENT_VOLUMES = (98.0, 95.0, 50.0, 2.0, 1.0)
VOLUMES_CC = (0.03, 0.5)
PERCENT_DOSES = (90.0, 50.0, 10.0)

OF_VOLUME = frozenset(("Volume", *(f"V{p:g}%" for p in PERCENT_DOSES)))
"""The values that are volumes; all others are doses."""

LIMITS_PERCENT = (0.5, 1.0, 2.0, 3.0)
"""The columns of every table: part of the values within this error."""


class Histogram(Protocol):
    """What a computed DVH and the truth have in common."""

    @property
    def volume_cc(self) -> float:
        """Volume of the whole structure."""

    @property
    def min_gy(self) -> float:
        """Lowest dose."""

    @property
    def max_gy(self) -> float:
        """Highest dose."""

    @property
    def mean_gy(self) -> float:
        """Mean dose."""

    def volume_at_dose_cc(self, dose_gy: float, /) -> float:
        """Volume that receives at least a dose."""

    def dose_at_volume_gy(self, volume_cc: float, /) -> float:
        """Highest dose that at least a volume receives."""


@dataclass(frozen=True, slots=True)
class Score:
    """Errors of one pair in per cent, by metric; infinite where a value is missing."""

    name: str
    family: str
    errors: dict[str, float]
    outside_error: float

    @property
    def worst(self) -> tuple[str, float]:
        """The metric that is farthest off, and by how much."""
        return max(self.errors.items(), key=lambda item: item[1])


def score(
    pair: PhantomPair,
    convention: Convention = DEFAULT_CONVENTION,
    settings: IntegrationSettings = DEFAULT_SETTINGS,
) -> Score:
    """Compute one pair and compare it with the truth."""
    return compare(pair, _integrate(pair, convention, settings))


def compare(pair: PhantomPair, found: DVH | Reason) -> Score:
    """Compare what was computed of a pair with the truth; without a DVH every value is missing."""
    whole = pair.truth.volume_cc
    if not isinstance(found, DVH):
        missing = dict.fromkeys(values(pair.truth, whole), math.inf)
        return Score(pair.name, pair.family, missing, math.inf)
    outside = 100 * abs(found.outside_grid_cc - pair.outside_cc) / whole
    if pair.outside_cc > 0:
        error = 100 * abs(found.volume_cc - whole) / whole
        return Score(pair.name, pair.family, {"Volume": error}, outside)
    truth, ours = values(pair.truth, whole), values(found, found.volume_cc)
    errors = {
        key: abs(ours[key] - true) / scale(key, whole) * 100 if key in ours else math.inf
        for key, true in truth.items()
    }
    return Score(pair.name, pair.family, errors, outside)


def _integrate(
    pair: PhantomPair, convention: Convention, settings: IntegrationSettings
) -> DVH | Reason:
    try:
        region = region_of(pair.structure, convention, pair.slice_mm)
        return integrate(region, pair.dose, convention=convention, settings=settings)
    except GeometryError as error:
        return Reason(ReasonCode.STRUCTURE_EMPTY, str(error))


def within(errors: Sequence[float]) -> tuple[float, ...]:
    """Return the percentages of errors within each of `LIMITS_PERCENT`."""
    return tuple(100 * sum(e <= limit for e in errors) / len(errors) for limit in LIMITS_PERCENT)


def values(histogram: Histogram, volume_cc: float) -> dict[str, float]:
    """Return every metric that makes sense for a structure of this volume."""
    doses = {f"D{p:g}%": p / 100 * volume_cc for p in PERCENT_VOLUMES}
    doses |= {f"D{v:g}cc": v for v in VOLUMES_CC if v < volume_cc}
    result = {
        "Volume": volume_cc,
        "Min": histogram.min_gy,
        "Mean": histogram.mean_gy,
        "Max": histogram.max_gy,
    }
    result |= {key: histogram.dose_at_volume_gy(v) for key, v in doses.items()}
    for percent in PERCENT_DOSES:
        dose_gy = percent / 100 * PRESCRIPTION_GY
        result[f"V{percent:g}%"] = histogram.volume_at_dose_cc(dose_gy)
    return result


def scale(metric: str, volume_cc: float) -> float:
    """Return what an error of a metric is a part of."""
    return volume_cc if metric in OF_VOLUME else PRESCRIPTION_GY
