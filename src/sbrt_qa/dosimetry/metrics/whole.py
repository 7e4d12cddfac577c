"""One number for the whole structure: volume, mean, extremes."""

from __future__ import annotations

import dataclasses
from typing import Final

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_meaning import (
    Bounded,
    Compared,
    Direction,
    Elsewhere,
    Extreme,
    Isodose,
    Meaning,
    Quantity,
    Remedy,
    in_gy,
)
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, metric
from sbrt_qa.dosimetry.metrics.at_volume import DOSE_UNITS
from sbrt_qa.dosimetry.metrics.conversions import dose_outcome
from sbrt_qa.dosimetry.metrics.meanings import a_dose, saying, whole_isodose_off
from sbrt_qa.i18n.phrase import msg, say
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode

SAME_MAXIMUM = 1e-6
"""Relative difference below which a structure's maximum is the maximum of the whole grid."""


LOWER_MEAN: Final = msg(
    "Lower the mean dose of {structure} from {value} to {bound} at most: fewer beams through it, "
    "tighter fields."
)


def _lower_mean(spec: MetricSpec) -> Remedy | None:
    return Remedy(LOWER_MEAN) if spec.unit != "cGy" and spec.conversion is None else None


def _dose_alone(
    spec: MetricSpec,
    value: float,
    whole_cc: float,  # noqa: ARG001
    prescription_gy: float | None,
) -> tuple[float, float | None] | None:
    dose_gy = in_gy(value, spec.unit, prescription_gy)
    return None if dose_gy is None else (dose_gy, None)


def _of_nothing(
    spec: MetricSpec, value: float, whole_cc: float, prescription_gy: float | None
) -> tuple[float, float | None] | None:
    found = _dose_alone(spec, value, whole_cc, prescription_gy)
    return None if found is None else (found[0], 0.0)


def _of_everything(
    spec: MetricSpec, value: float, whole_cc: float, prescription_gy: float | None
) -> tuple[float, float | None] | None:
    found = _dose_alone(spec, value, whole_cc, prescription_gy)
    return None if found is None else (found[0], whole_cc)


def _hottest_point(spec: MetricSpec, limit: float, prescription_gy: float | None) -> Isodose:  # noqa: ARG001
    """Look for the hottest point around the structure, whatever its dose."""
    return Isodose(0.0, around=True, at_point=True)


def _says_where(spec: MetricSpec, direction: Direction | None) -> str:  # noqa: ARG001
    return HOTTEST_INSIDE if direction is Direction.TOO_HOT else HOTTEST_OUTSIDE


HOTTEST_INSIDE: Final = msg("The hottest point of the dose lies in the structure")
HOTTEST_OUTSIDE: Final = msg("The hottest point of the dose lies outside the PTV")


@metric(
    "Volume",
    units=("cc",),
    example="Volume[cc]",
    needs_whole=False,
    needs_dose=False,
    meaning=Meaning(
        Quantity.VOLUME,
        Direction.TOO_LARGE,
        Direction.TOO_SMALL,
        says=saying(msg("The volume is {value}")),
        compared=Compared.WHOLE_VOLUME,
        from_histogram=True,
    ),
)
def volume(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """Volume of the structure, inside and outside the dose grid."""
    return Measured(dvh.volume_cc, "cc")


@metric(
    "Mean",
    units=DOSE_UNITS,
    example="Mean[Gy]",
    meaning=dataclasses.replace(
        a_dose(msg("The mean dose is {value}"), compared=Compared.MEAN_DOSE),
        called=lambda _: say("the mean dose"),
        remedy=_lower_mean,
        point=_dose_alone,
        bounded=Bounded.BY_MAXIMUM,
    ),
)
def mean(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Mean dose."""
    return dose_outcome(dvh.mean_gy, spec, context)


@metric(
    "Min",
    of_extremes=True,
    units=DOSE_UNITS,
    example="Min[Gy]",
    meaning=dataclasses.replace(
        a_dose(
            msg("The lowest dose is {value}"),
            compared=Compared.LOWEST_DOSE,
            extreme=Extreme.LOWEST,
        ),
        point=_of_everything,
    ),
)
def minimum(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Lowest dose of the interpolated dose on the structure."""
    return dose_outcome(dvh.min_gy, spec, context)


@metric(
    "Max",
    of_extremes=True,
    units=DOSE_UNITS,
    example="Max[Gy]",
    grows_with="Gy",
    meaning=dataclasses.replace(
        a_dose(
            msg("The highest dose is {value}"),
            compared=Compared.HIGHEST_DOSE,
            extreme=Extreme.HIGHEST,
        ),
        called=lambda _: say("the maximum dose"),
        remedy=whole_isodose_off,
        point=_of_nothing,
        bounded=Bounded.BY_MAXIMUM,
    ),
)
def maximum(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Highest dose of the interpolated dose on the structure."""
    return dose_outcome(dvh.max_gy, spec, context)


@metric(
    "GlobalMaxInPTV",
    of_extremes=True,
    units=("bool",),
    example="GlobalMaxInPTV[bool]",
    of_whole_dose=True,
    meaning=Meaning(
        Quantity.YES_NO,
        Direction.TOO_HOT,
        Direction.MISPLACED,
        says=_says_where,
        isodose=_hottest_point,
        compared=Compared.ANSWER,
        elsewhere=Elsewhere.NO_VOXELS,
    ),
)
def holds_global_maximum(
    spec: MetricSpec,  # noqa: ARG001
    dvh: DVH,
    context: MetricContext,
) -> Outcome:
    """1 when the hottest voxel of the dose grid lies in the structure, else 0 (RTOG 0236)."""
    if context.dose_max_gy is None:
        return Reason(ReasonCode.NO_DOSE, say("the maximum of the dose grid is not known"))
    return Measured(float(dvh.max_gy >= context.dose_max_gy * (1 - SAME_MAXIMUM)), "bool")
