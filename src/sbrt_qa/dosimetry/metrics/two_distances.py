"""How far a dose-volume limit is missed, along both axes of the histogram: in dose and in volume.

A limit ``D0.1cc <= 33 Gy`` and a limit ``V33Gy <= 0.1 cc`` are one point of the histogram. The
curve passes it at one distance in dose and at another in volume, and each tells something.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_spec import MetricSpec

POINTS: Final = ("D", "DC", "V", "CV")
"""Metrics whose limits are points of the histogram."""


@dataclass(frozen=True, slots=True)
class TwoDistances:
    """Value less bound: in Gy at the volume of the limit, in cc at its dose.

    Of a limit on the coldest part (DC, CV) the volume is what lies below the dose.
    """

    dose_gy: float
    volume_cc: float


def volume_is_percent(spec: MetricSpec) -> bool:
    """Tell whether a limit states its volume in per cent of the structure."""
    return (spec.argument_unit if spec.kind in ("D", "DC") else spec.unit) == "%"


def along_its_own_axis(
    spec: MetricSpec, apart: TwoDistances, whole_cc: float, prescription_gy: float | None
) -> float:
    """Return the distance that is value less bound, in the unit of the metric."""
    if spec.kind in ("V", "CV"):
        return 100 * apart.volume_cc / whole_cc if spec.unit == "%" else apart.volume_cc
    if spec.unit == "%" and prescription_gy:
        return 100 * apart.dose_gy / prescription_gy
    return 100 * apart.dose_gy if spec.unit == "cGy" else apart.dose_gy


def two_distances(
    spec: MetricSpec, dvh: DVH, bound: float, prescription_gy: float | None
) -> TwoDistances | None:
    """Return both distances of a histogram from a limit; None where it is no point of it.

    Parameters
    ----------
    bound
        The limit, in the unit of the metric.
    prescription_gy
        For doses in per cent.
    """
    point = _point(spec, dvh, bound, prescription_gy)
    if point is None or spec.conversion is not None or spec.relative_to:
        return None
    dose_gy, volume_cc = point
    if not 0 < volume_cc <= dvh.inside_grid_cc:
        return None
    above = dvh.volume_at_dose_cc(dose_gy)
    if spec.kind in ("DC", "CV"):
        rest = dvh.inside_grid_cc - volume_cc
        return TwoDistances(
            dvh.dose_at_volume_gy(rest) - dose_gy, dvh.inside_grid_cc - above - volume_cc
        )
    return TwoDistances(dvh.dose_at_volume_gy(volume_cc) - dose_gy, above - volume_cc)


def _point(
    spec: MetricSpec, dvh: DVH, bound: float, prescription_gy: float | None
) -> tuple[float, float] | None:
    """Return dose (Gy) and volume (cc) of a limit as a point of the histogram."""
    if spec.kind not in POINTS or spec.argument is None:
        return None
    at_volume = spec.kind in ("D", "DC")
    dose, unit = (bound, spec.unit) if at_volume else (spec.argument, spec.argument_unit)
    volume, of = (spec.argument, spec.argument_unit) if at_volume else (bound, spec.unit)
    if unit == "%":
        if prescription_gy is None:
            return None
        dose = dose / 100 * prescription_gy
    elif unit == "cGy":
        dose = dose / 100
    return dose, (volume / 100 * dvh.volume_cc if of == "%" else volume)
