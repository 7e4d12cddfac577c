"""The metrics: one family a file, found by being here."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil

from sbrt_qa.dosimetry.dvh import DVH
from sbrt_qa.dosimetry.metric_registry import METRICS, MetricContext, MetricSpec
from sbrt_qa.dosimetry.metrics.conversions import fractions_of
from sbrt_qa.dosimetry.radiobiology import Conversion
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode
from sbrt_qa.model.phrase import say

OUTSIDE_TOLERANCE = 0.01
"""Part of a structure that may lie outside the dose grid before its metrics are not evaluable."""

ALL_OUTSIDE = 0.9995
"""Part of a structure from which it lies outside as a whole: 100 % of it in print."""

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


def evaluate(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Return the value of a metric, or the Reason why it has none.

    A structure of which more than `OUTSIDE_TOLERANCE` lies where no dose was calculated has no
    value; the Reason tells what the part inside gives.
    """
    entry = METRICS[spec.kind]
    if spec.conversion is not None:
        fractions = fractions_of(context)
        if isinstance(fractions, Reason):
            return fractions
        dvh = spec.conversion.convert(dvh, fractions)
        context = _converted(context, spec.conversion, fractions)
    outcome = entry.compute(spec, dvh, context)
    if entry.needs_whole and dvh.outside_fraction > OUTSIDE_TOLERANCE:
        return _partial(outcome, dvh)
    return outcome


def _converted(context: MetricContext, conversion: Conversion, fractions: float) -> MetricContext:
    """Return the context with its doses on the scale of the metric."""
    prescribed, highest = context.prescription_gy, context.dose_max_gy
    if prescribed is not None and not isinstance(prescribed, Reason):
        prescribed = conversion.apply(prescribed, fractions)
    if highest is not None:
        highest = conversion.apply(highest, fractions)
    return dataclasses.replace(context, prescription_gy=prescribed, dose_max_gy=highest)


def _partial(outcome: Outcome, dvh: DVH) -> Reason:
    if dvh.outside_fraction >= ALL_OUTSIDE:
        text = say("the structure lies outside the dose grid")
        return Reason(ReasonCode.OUTSIDE_DOSE_GRID, text)
    known = ""
    if isinstance(outcome, Measured):
        known = say("; the part inside gives {0} {1}", f"{outcome.value:.4g}", outcome.unit)
    return Reason(
        ReasonCode.OUTSIDE_DOSE_GRID,
        say(
            "{0} % of the structure lies outside the dose grid{1}",
            f"{100 * dvh.outside_fraction:.1f}",
            known,
        ),
    )
