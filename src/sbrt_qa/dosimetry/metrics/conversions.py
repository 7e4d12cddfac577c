"""Between the units an expression may ask for and the Gy and cc of a histogram."""

from __future__ import annotations

from sbrt_qa.dosimetry.histogram import DVH, ROUNDING
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec
from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode
from sbrt_qa.units import GY_PER_CGY


def prescribed_gy(context: MetricContext) -> float | Reason:
    """Return the prescribed dose or why there is none."""
    if context.prescription_gy is None:
        return Reason(ReasonCode.NO_PRESCRIPTION, say("no prescribed dose is known"))
    return context.prescription_gy


def fractions_of(context: MetricContext) -> float | Reason:
    """Return the number of fractions or why it is not known."""
    if context.fractions is None:
        return Reason(ReasonCode.NO_PRESCRIPTION, say("the number of fractions is not known"))
    return context.fractions


def dose_outcome(dose_gy: float, spec: MetricSpec, context: MetricContext) -> Outcome:
    """Return a dose in the unit the expression asks for; % is of the prescription."""
    if spec.unit == "cGy":
        return Measured(dose_gy / GY_PER_CGY, "cGy")
    if spec.unit != "%":
        return Measured(dose_gy, "Gy")
    whole = prescribed_gy(context)
    return whole if isinstance(whole, Reason) else Measured(100 * dose_gy / whole, "%")


def volume_outcome(volume_cc: float, spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Return a volume in the unit the expression asks for; % is of a structure's volume."""
    if spec.unit == "cc":
        return Measured(volume_cc, "cc")
    if not spec.relative_to:
        part = volume_cc / dvh.volume_cc
        return Measured(100.0 if abs(part - 1.0) < ROUNDING else 100 * part, "%")
    whole_cc = context.volumes_cc.get(spec.relative_to)
    if not whole_cc:
        name = quoted(spec.relative_to)
        return Reason(ReasonCode.REFERENCE_MISSING, say("the volume of {0} is not known", name))
    return Measured(100 * volume_cc / whole_cc, "%")


def asked_cc(spec: MetricSpec, dvh: DVH) -> float | Reason:
    """Return the volume an expression names, which must not exceed the structure's."""
    if spec.argument_unit == "%":
        return spec.amount / 100 * dvh.volume_cc
    if spec.amount > dvh.volume_cc:
        return Reason(
            ReasonCode.SMALLER_THAN_ASKED,
            say(
                "{0} cc asked of a structure of {1} cc", f"{spec.amount:g}", f"{dvh.volume_cc:.2f}"
            ),
        )
    return spec.amount


def asked_gy(spec: MetricSpec, context: MetricContext) -> float | Reason:
    """Return the dose an expression names; % is of the prescription."""
    if spec.argument_unit == "Gy":
        return spec.amount
    whole = prescribed_gy(context)
    return whole if isinstance(whole, Reason) else spec.amount / 100 * whole
