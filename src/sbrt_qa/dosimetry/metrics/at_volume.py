"""Doses at a volume: D (hottest part) and DC (coldest part), AAPM TG-263 section 8."""

from __future__ import annotations

from sbrt_qa.dosimetry.dvh import DVH
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, metric
from sbrt_qa.dosimetry.metrics.conversions import asked_cc, dose_outcome
from sbrt_qa.model.outcome import Outcome, Reason

DOSE_UNITS = ("Gy", "cGy", "%")


@metric("D", argument_units=("%", "cc"), units=DOSE_UNITS, example="D95%[Gy]", grows_with="cc")
def dose_at_volume(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Highest dose that at least the given volume receives: the dose to its hottest part."""
    volume_cc = asked_cc(spec, dvh)
    if isinstance(volume_cc, Reason):
        return volume_cc
    return dose_outcome(dvh.dose_at_volume_gy(min(volume_cc, dvh.inside_grid_cc)), spec, context)


@metric("DC", argument_units=("%", "cc"), units=DOSE_UNITS, example="DC700cc[Gy]")
def dose_at_complement(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Highest dose within the coldest part of the given volume.

    The coldest 700 cc of a liver of 1200 cc get no more than the hottest 500 cc get at least. Not
    to be mistaken for D700cc, the dose to the hottest 700 cc.
    """
    coldest_cc = asked_cc(spec, dvh)
    if isinstance(coldest_cc, Reason):
        return coldest_cc
    hottest_cc = min(dvh.volume_cc - coldest_cc, dvh.inside_grid_cc)
    return dose_outcome(dvh.dose_at_volume_gy(hottest_cc), spec, context)
