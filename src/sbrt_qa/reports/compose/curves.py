"""Limits as points on dose-volume histograms."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import MetricSpec
from sbrt_qa.errors import MetricError, visible
from sbrt_qa.protocol.result import ConstraintResult
from sbrt_qa.reports.page import Marker
from sbrt_qa.review.evidence import Curve, Evidence
from sbrt_qa.units import GY_PER_CGY


def volume_at_cc(curve: Curve, evidence: Evidence, dose_gy: float) -> float:
    """Return the volume that receives at least a dose, linear between the doses of the axis."""
    return float(np.interp(dose_gy, evidence.dose_axis_gy, curve.at_dose_cc))


def markers(
    result: ConstraintResult, curve: Curve, prescription_gy: float | None
) -> tuple[tuple[Marker, ...], tuple[Marker, ...]]:
    """Return the bounds of a limit as points on its curve, and the point that the plan reaches."""
    try:
        spec = parse_metric(result.metric)
    except MetricError:
        return (), ()
    if spec.conversion is not None or spec.relative_to:
        return (), ()
    bounds = {result.per_protocol_limit, result.minor_limit} - {None}
    limits = tuple(_points(result, spec, curve, prescription_gy, sorted(filter(None, bounds))))
    value = () if result.value is None else (result.value,)
    return limits, tuple(_points(result, spec, curve, prescription_gy, value))


def _points(
    result: ConstraintResult,
    spec: MetricSpec,
    curve: Curve,
    prescription_gy: float | None,
    values: tuple[float, ...] | list[float],
) -> Iterator[Marker]:
    for value in values:
        found = _point(spec, value, curve.volume_cc, prescription_gy)
        if found is not None:
            yield Marker(*found, text=visible(result.metric), limit=visible(result.key))


def _point(
    spec: MetricSpec, value: float, whole_cc: float, prescription_gy: float | None
) -> tuple[float, float | None] | None:
    """Return dose and volume of a value of a metric; None where it is no point of a DVH."""
    if spec.kind in ("D", "DC", "Mean", "Max", "Min"):
        dose_gy = _gy(value, spec.unit, prescription_gy)
        if dose_gy is None:
            return None
        if spec.argument is None:
            return dose_gy, {"Max": 0.0, "Min": whole_cc}.get(spec.kind)
        part_cc = _cc(spec.argument, spec.argument_unit, whole_cc)
        return dose_gy, part_cc if spec.kind == "D" else whole_cc - part_cc
    if spec.kind in ("V", "CV"):
        dose_gy = _gy(spec.amount, spec.argument_unit, prescription_gy)
        if dose_gy is None:
            return None
        part_cc = _cc(value, spec.unit, whole_cc)
        return dose_gy, part_cc if spec.kind == "V" else whole_cc - part_cc
    return None


def _gy(value: float, unit: str, prescription_gy: float | None) -> float | None:
    if unit == "%":
        return None if prescription_gy is None else value / 100 * prescription_gy
    return value * GY_PER_CGY if unit == "cGy" else value


def _cc(value: float, unit: str, whole_cc: float) -> float:
    return value / 100 * whole_cc if unit == "%" else value
