"""How even the dose in a target is, and its near-extremes."""

from __future__ import annotations

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_meaning import Compared, Direction, Extreme, Meaning, Quantity
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, metric
from sbrt_qa.dosimetry.metrics.at_volume import DOSE_UNITS
from sbrt_qa.dosimetry.metrics.conversions import dose_outcome, prescribed_gy
from sbrt_qa.dosimetry.metrics.meanings import a_dose, saying
from sbrt_qa.i18n.phrase import msg, say
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode

SMALL_CC = 2.0
"""Volume below which ICRU 91 takes a fixed volume instead of 2 %."""

NEAR_CC = 0.035
"""35 mm3, the fixed volume."""


@metric(
    "HI",
    units=("1",),
    example="HI",
    convertible=False,
    meaning=Meaning(
        Quantity.RATIO,
        Direction.UNEVEN,
        Direction.TOO_FLAT,
        says=saying(msg("The homogeneity index is {value}; 0 is uniform")),
        compared=Compared.RATIO_OF_DOSES,
        from_histogram=True,
    ),
)
def homogeneity_index(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """(D2% - D98%) / D50%, ICRU report 83; 0 is uniform."""
    high, low, middle = (dvh.dose_at_volume_gy(_part_cc(dvh, p)) for p in (0.02, 0.98, 0.5))
    if middle <= 0:
        return Reason(ReasonCode.REFERENCE_MISSING, say("half of the structure receives no dose"))
    return Measured((high - low) / middle, "1")


@metric(
    "MDPD",
    of_extremes=True,
    units=("1",),
    example="MDPD",
    convertible=False,
    meaning=Meaning(
        Quantity.RATIO,
        Direction.TOO_HOT,
        Direction.TOO_FLAT,
        rises=True,
        says=saying(msg("The highest dose is {value} times the prescribed dose")),
        compared=Compared.RATIO_OF_DOSES,
        from_histogram=True,
    ),
)
def maximum_to_prescription(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """Highest dose over the prescribed dose: homogeneity index of the RTOG (Shaw 1993)."""
    prescribed = prescribed_gy(context)
    return prescribed if isinstance(prescribed, Reason) else Measured(dvh.max_gy / prescribed, "1")


@metric(
    "NearMax",
    units=DOSE_UNITS,
    example="NearMax[Gy]",
    meaning=a_dose(msg("The near-maximum dose is {value}"), extreme=Extreme.HIGHEST),
)
def near_maximum(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Near-maximum of ICRU report 91: D2%, below 2 cc the dose to the hottest 35 mm3."""
    return dose_outcome(dvh.dose_at_volume_gy(_near_cc(dvh)), spec, context)


@metric(
    "NearMin",
    units=DOSE_UNITS,
    example="NearMin[Gy]",
    meaning=a_dose(msg("The near-minimum dose is {value}"), extreme=Extreme.LOWEST),
)
def near_minimum(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Near-minimum of ICRU report 91: D98%, below 2 cc the dose to all but the coldest 35 mm3."""
    volume_cc = min(dvh.volume_cc - _near_cc(dvh), dvh.inside_grid_cc)
    return dose_outcome(dvh.dose_at_volume_gy(volume_cc), spec, context)


def _near_cc(dvh: DVH) -> float:
    if dvh.volume_cc >= SMALL_CC:
        return _part_cc(dvh, 0.02)
    return min(NEAR_CC, dvh.inside_grid_cc)


def _part_cc(dvh: DVH, part: float) -> float:
    return min(part * dvh.volume_cc, dvh.inside_grid_cc)
