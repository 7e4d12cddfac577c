"""Hold the uncertainties of the engine against the closed-form suite.

A band is right when the truth lies inside, and good when it is no wider than it has to be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from sbrt_qa.dosimetry.bands import Views, band_of, subject_of
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.view_kinds import VIEWS
from sbrt_qa.model.case import Case
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.outcome import Band, Reason, ReasonCode
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.selftest.scoring import scale, values
from sbrt_qa.testing.phantoms.suite import PhantomPair

ROUNDING_PERCENT = 1e-6
"""Truth this close beyond the end of a band counts as inside."""


@dataclass(frozen=True, slots=True)
class Banded:
    """One metric of one pair, everything in per cent: of the true volume, or of the prescription.

    ``error`` is truth less value; `low` and `high` are the ends of the band less the value, and
    `reach` how far flat ends alone may move the value.
    """

    pair: str
    family: str
    metric: str
    error: float
    low: float
    high: float
    reach: tuple[float, float]
    driver: str

    @property
    def holds_truth(self) -> bool:
        """Whether the truth lies inside the band."""
        return self.low - ROUNDING_PERCENT <= self.error <= self.high + ROUNDING_PERCENT

    @property
    def width(self) -> float:
        """From one end to the other."""
        return self.high - self.low


def banded(pair: PhantomPair) -> list[Banded]:
    """Compute the bands of every metric of a pair; nothing where there is no DVH."""
    image = ImageSeries(np.array([0.0, pair.slice_mm]), (0.0, 0.0), (1.0, 1.0), (2, 2))
    no_plan = Reason(ReasonCode.REFERENCE_MISSING, "a phantom has no plan")
    doses = CaseDoses(
        Case(pair.name, no_plan, StructureSet((pair.structure,)), pair.dose, image=image)
    )
    dvh = doses.dvh(pair.structure)
    if isinstance(dvh, Reason):
        return []
    return list(_rows(pair, dvh, Views(doses).of(subject_of(pair.structure))))


def _rows(pair: PhantomPair, dvh: DVH, views: Mapping[str, DVH]) -> Iterator[Banded]:
    whole = pair.truth.volume_cc
    truth, found = values(pair.truth, whole), values(dvh, dvh.volume_cc)
    others = {name: values(other, other.volume_cc) for name, other in views.items()}
    for metric in (m for m in truth if m in found):
        value, unit = found[metric], 100 / scale(metric, whole)
        told = ((VIEWS[n], other[metric]) for n, other in others.items() if metric in other)
        seen = [(v, value + v.share * (x - value)) for v, x in told if not v.convention]
        band = band_of(value, seen)
        ends = band_of(value, [(v, x) for v, x in seen if v.aspect.endswith("end")])
        low, high = _away(band, value, unit)
        yield Banded(
            pair.name, pair.family, metric, unit * (truth[metric] - value), low, high,
            _away(ends, value, unit), band.driver,
        )  # fmt: skip


def _away(band: Band, value: float, unit: float) -> tuple[float, float]:
    return unit * (band.low - value), unit * (band.high - value)


@dataclass(frozen=True, slots=True)
class BandRates:
    """How good the bands of several values are; per cent, and per cent of the scale of a value."""

    values: int
    holding: float
    pairs_holding: float
    median_width: float
    median_error: float

    @property
    def ratio(self) -> float:
        """Median width in median errors."""
        return self.median_width / self.median_error


def rates(rows: Sequence[Banded]) -> BandRates:
    """Sum up bands."""
    by_pair: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        by_pair[row.pair].append(row.holds_truth)
    return BandRates(
        values=len(rows),
        holding=100 * sum(row.holds_truth for row in rows) / len(rows),
        pairs_holding=100 * sum(all(found) for found in by_pair.values()) / len(by_pair),
        median_width=median(row.width for row in rows),
        median_error=median(abs(row.error) for row in rows),
    )
