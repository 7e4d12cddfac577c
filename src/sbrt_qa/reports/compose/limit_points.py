"""Limits as points on dose-volume histograms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from sbrt_qa.dosimetry.metric_registry import MetricSpec, meaning_of
from sbrt_qa.errors import visible
from sbrt_qa.evidence.evidence import DrawnCurve, Evidence
from sbrt_qa.protocol.limit_result import ConstraintResult, spec_of
from sbrt_qa.reports.page import Marker


def volume_at_cc(curve: DrawnCurve, evidence: Evidence, dose_gy: float) -> float:
    """Return the volume that receives at least a dose, linear between the doses of the axis."""
    return float(np.interp(dose_gy, evidence.dose_axis_gy, curve.at_dose_cc))


def markers(
    result: ConstraintResult, curve: DrawnCurve, prescription_gy: float | None
) -> tuple[tuple[Marker, ...], tuple[Marker, ...]]:
    """Return the bounds of a limit as points on its curve, and the point that the plan reaches."""
    spec = spec_of(result)
    if spec is None or spec.conversion is not None or spec.relative_to:
        return (), ()
    bounds = [result.per_protocol_limit]
    if result.minor_limit != result.per_protocol_limit:
        bounds.append(result.minor_limit)
    shown = [bound for bound in bounds if bound]
    limits = tuple(
        replace(point, minor=point.value != result.per_protocol_limit)
        for point in _points(result, spec, curve, prescription_gy, shown)
    )
    value = [] if result.value is None else [result.value]
    return limits, tuple(_points(result, spec, curve, prescription_gy, value))


def _points(
    result: ConstraintResult,
    spec: MetricSpec,
    curve: DrawnCurve,
    prescription_gy: float | None,
    values: Sequence[float],
) -> Iterator[Marker]:
    point = meaning_of(spec).point
    for value in values:
        found = point(spec, value, curve.volume_cc, prescription_gy)
        if found is not None:
            yield Marker(*found, visible(result.metric), visible(result.key), value)
