"""The metrics: one family a file, found by being here."""

from __future__ import annotations

import dataclasses
import importlib
import math
import pkgutil

from sbrt_qa.dosimetry.histogram import DVH, OUTSIDE_TOLERANCE
from sbrt_qa.dosimetry.metric_registry import METRICS, Metric, MetricContext, MetricSpec
from sbrt_qa.dosimetry.metrics.conversions import fractions_of
from sbrt_qa.dosimetry.radiobiology import Conversion
from sbrt_qa.errors import SbrtQaError, own_fault
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode
from sbrt_qa.units import apart_from

ALL_OUTSIDE = 0.9995
"""Part of a structure from which it lies outside as a whole: 100 % of it in print."""

NEAR_TOLERANCE = 1.5
"""Times the tolerance up to which it is said beside the part that lies outside."""

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
    outcome = _computed(entry, spec, dvh, context)
    if entry.needs_whole and not dvh.is_whole:
        return _partial(outcome, dvh)
    return outcome


def _computed(entry: Metric, spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Return what the function of a metric gives; the Reason where it broke off or gave no value.

    One broken metric, which may be that of somebody else, must not take the review with it.
    """
    try:
        outcome = entry.compute(spec, dvh, context)
    except SbrtQaError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a function of others raises
        text = say("the metric broke off: {0}", own_fault(error).what)
        return Reason(ReasonCode.METRIC_UNKNOWN, text)
    if isinstance(outcome, Reason) or (
        isinstance(outcome, Measured) and math.isfinite(outcome.value)
    ):
        return outcome
    text = say("the metric gave no value: neither a finite number with its unit nor a reason")
    return Reason(ReasonCode.METRIC_UNKNOWN, text)


def extremes_of(dvh: DVH) -> tuple[float | None, float | None, float | None]:
    """Return lowest, mean and highest dose; None each where too much of a structure has none."""
    return (dvh.min_gy, dvh.mean_gy, dvh.max_gy) if dvh.is_whole else (None, None, None)


def not_whole(dvh: DVH) -> Reason | None:
    """Return why a structure has no lowest, mean and highest dose although part of it has one."""
    return None if dvh.is_whole else _partial(Measured(0.0, "bool"), dvh)


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
    if isinstance(outcome, Measured) and outcome.unit != "bool":
        known = say("; the part inside gives {0} {1}", f"{outcome.value:.4g}", outcome.unit)
    share = apart_from(100 * dvh.outside_fraction, 100 * OUTSIDE_TOLERANCE, 1)
    near = dvh.outside_fraction < NEAR_TOLERANCE * OUTSIDE_TOLERANCE
    text = (
        say(
            "{0} % of the structure lies outside the dose grid, of at most {1} %{2}",
            share, f"{100 * OUTSIDE_TOLERANCE:g}", known,
        )
        if near
        else say("{0} % of the structure lies outside the dose grid{1}", share, known)
    )  # fmt: skip
    return Reason(ReasonCode.OUTSIDE_DOSE_GRID, text)
