"""How closely the dose follows a target: indices of the target within the patient's outline.

Volumes of an isodose are those within the outline (External), target included. Neighbouring
targets may share an isodose, which no index can divide between them: such targets are judged as
their union, or have a Reason.
"""

from __future__ import annotations

from typing import Final

from sbrt_qa.dosimetry.dvh import DVH
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, metric
from sbrt_qa.dosimetry.metrics.conversions import dose_outcome, prescribed_gy
from sbrt_qa.dosimetry.surroundings import Surroundings
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode
from sbrt_qa.model.phrase import say

FAR_MM = 20.0
"""Distance from the target at which D2cm begins."""

ISODOSES: Final = {
    "R100": 100.0, "CI": 100.0, "PITV": 100.0, "PaddickCI": 100.0, "R50": 50.0, "GI": 50.0,
}  # fmt: skip
"""Indices of isodose volumes, and the lowest isodose of each in % of the prescription."""


@metric("R100", units=("1",), example="R100", convertible=False)
def prescription_ratio(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """V(Rx) / V(target), RTOG 0813: volume of the prescribed dose over that of the target."""
    return _ratio(100, dvh, context)


@metric("CI", units=("1",), example="CI", convertible=False)
def conformity_index(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """Conformity index of the RTOG (Shaw 1993), which is R100 under its older name."""
    return _ratio(100, dvh, context)


@metric("PITV", units=("1",), example="PITV", convertible=False)
def prescription_isodose_to_target(
    spec: MetricSpec,  # noqa: ARG001
    dvh: DVH,
    context: MetricContext,
) -> Outcome:
    """Prescription isodose volume to target volume (Shaw 1993): R100 under its older name."""
    return _ratio(100, dvh, context)


@metric("R50", units=("1",), example="R50", convertible=False)
def half_dose_ratio(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """V(50 % Rx) / V(target), RTOG 0813: how far half the prescribed dose spills."""
    return _ratio(50, dvh, context)


@metric("PaddickCI", units=("1",), example="PaddickCI", convertible=False)
def paddick_index(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """TV_PIV^2 / (TV PIV), 1 for a perfect match (Paddick, J Neurosurg 2000;93 suppl 3:219)."""
    prescribed = prescribed_gy(context)
    isodose_cc = _isodose_cc(100, context)
    if isinstance(prescribed, Reason):
        return prescribed
    if isinstance(isodose_cc, Reason):
        return isodose_cc
    if isodose_cc <= 0:
        return _nowhere(100)
    covered_cc = dvh.volume_at_dose_cc(prescribed)
    return Measured(covered_cc**2 / (dvh.volume_cc * isodose_cc), "1")


@metric("GI", units=("1",), example="GI", convertible=False)
def gradient_index(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """V(50 % Rx) / V(Rx) (Paddick and Lippitz, J Neurosurg 2006;105 suppl:194)."""
    half_cc, whole_cc = _isodose_cc(50, context), _isodose_cc(100, context)
    if isinstance(half_cc, Reason):
        return half_cc
    if isinstance(whole_cc, Reason):
        return whole_cc
    return Measured(half_cc / whole_cc, "1") if whole_cc > 0 else _nowhere(100)


@metric("D2cm", units=("%", "Gy", "cGy"), example="D2cm[%]", convertible=False)
def dose_two_cm_away(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """Highest dose in the body at 2 cm or more from the target, RTOG 0813; % of the prescription.

    Distance to the target is known to 0.5 mm, see `sbrt_qa.geometry.distance`.
    """
    around = _surroundings(context)
    if isinstance(around, Reason):
        return around
    highest = around.highest_beyond_gy(FAR_MM)
    return highest if isinstance(highest, Reason) else dose_outcome(highest, spec, context)


def _ratio(percent: float, dvh: DVH, context: MetricContext) -> Outcome:
    isodose_cc = _isodose_cc(percent, context)
    if isinstance(isodose_cc, Reason):
        return isodose_cc
    return Measured(isodose_cc / dvh.volume_cc, "1")


def _isodose_cc(percent: float, context: MetricContext) -> float | Reason:
    prescribed = prescribed_gy(context)
    if isinstance(prescribed, Reason):
        return prescribed
    around = _surroundings(context)
    return around if isinstance(around, Reason) else around.isodose_cc(percent / 100 * prescribed)


def _surroundings(context: MetricContext) -> Surroundings | Reason:
    if context.surroundings is None:
        return Reason(ReasonCode.REFERENCE_MISSING, say("the outline of the patient is not known"))
    return context.surroundings()


def _nowhere(percent: float) -> Reason:
    text = say("{0} % of the prescription is reached nowhere in the body", f"{percent:g}")
    return Reason(ReasonCode.REFERENCE_MISSING, text)
