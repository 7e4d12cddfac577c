"""Volumes at a dose: V (receiving it) and CV (spared from it), AAPM TG-263 section 8."""

from __future__ import annotations

from sbrt_qa.dosimetry.dvh import DVH
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, metric
from sbrt_qa.dosimetry.metrics.conversions import asked_gy, volume_outcome
from sbrt_qa.model.outcome import Outcome, Reason

VOLUME_UNITS = ("%", "cc")


@metric("V", argument_units=("Gy", "%"), units=VOLUME_UNITS, example="V20Gy[%]", grows_with="cc")
def volume_at_dose(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Volume that receives at least the given dose; % as argument is of the prescription."""
    dose_gy = asked_gy(spec, context)
    if isinstance(dose_gy, Reason):
        return dose_gy
    return volume_outcome(dvh.volume_at_dose_cc(dose_gy), spec, dvh, context)


@metric("CV", argument_units=("Gy", "%"), units=VOLUME_UNITS, example="CV15Gy[cc]")
def volume_below_dose(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Volume that receives less than the given dose: the complement of V."""
    dose_gy = asked_gy(spec, context)
    if isinstance(dose_gy, Reason):
        return dose_gy
    spared_cc = dvh.volume_cc - dvh.volume_at_dose_cc(dose_gy)
    return volume_outcome(spared_cc, spec, dvh, context)
