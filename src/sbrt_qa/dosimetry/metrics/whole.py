"""One number for the whole structure: volume, mean, extremes."""

from __future__ import annotations

from sbrt_qa.dosimetry.dvh import DVH
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, metric
from sbrt_qa.dosimetry.metrics.at_volume import DOSE_UNITS
from sbrt_qa.dosimetry.metrics.conversions import dose_outcome
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode
from sbrt_qa.model.phrase import say

SAME_MAXIMUM = 1e-6
"""Relative difference below which a structure's maximum is the maximum of the whole grid."""


@metric("Volume", units=("cc",), example="Volume[cc]", needs_whole=False)
def volume(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """Volume of the structure, inside and outside the dose grid."""
    return Measured(dvh.volume_cc, "cc")


@metric("Mean", units=DOSE_UNITS, example="Mean[Gy]")
def mean(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Mean dose."""
    return dose_outcome(dvh.mean_gy, spec, context)


@metric("Min", units=DOSE_UNITS, example="Min[Gy]")
def minimum(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Lowest dose of the interpolated dose on the structure."""
    return dose_outcome(dvh.min_gy, spec, context)


@metric("Max", units=DOSE_UNITS, example="Max[Gy]", grows_with="Gy")
def maximum(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Highest dose of the interpolated dose on the structure."""
    return dose_outcome(dvh.max_gy, spec, context)


@metric("GlobalMaxInPTV", units=("bool",), example="GlobalMaxInPTV[bool]", of_whole_dose=True)
def holds_global_maximum(
    spec: MetricSpec,  # noqa: ARG001
    dvh: DVH,
    context: MetricContext,
) -> Outcome:
    """1 when the hottest voxel of the dose grid lies in the structure, else 0 (RTOG 0236)."""
    if context.dose_max_gy is None:
        return Reason(ReasonCode.NO_DOSE, say("the maximum of the dose grid is not known"))
    return Measured(float(dvh.max_gy >= context.dose_max_gy * (1 - SAME_MAXIMUM)), "bool")
