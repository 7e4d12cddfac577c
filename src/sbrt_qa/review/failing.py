"""Which dose a limit is about, and on which side of it lies what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import MetricSpec
from sbrt_qa.dosimetry.metrics.conformity import FAR_MM
from sbrt_qa.errors import MetricError
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.protocol.result import ConstraintResult
from sbrt_qa.units import GY_PER_CGY

ABOVE: Final = ("<=", "<")
BELOW: Final = (">=", ">")

SMALL_CC: Final = 1.0
"""Up to this volume a limit is about a hot spot."""

AROUND: Final = {"R100": 100.0, "CI": 100.0, "PITV": 100.0, "PaddickCI": 100.0, "R50": 50.0}
"""Indices of the dose around a target, and the isodose they are about in % of the prescription."""


@dataclass(frozen=True, slots=True)
class Failing:
    """What to look for where a limit fails.

    Parameters
    ----------
    level_gy
        Isodose that the limit is about.
    too_hot
        Whether dose above the level is what is wrong.
    around
        Whether to look around the structure instead of in it.
    beyond_mm
        Least distance from the structure.
    at_point
        Whether the worst point says most; else the slice with most of what is wrong.
    """

    level_gy: float
    too_hot: bool = True
    around: bool = False
    beyond_mm: float = 0.0
    at_point: bool = False


def failing_of(result: ConstraintResult, prescription_gy: float | None) -> Failing | None:
    """Return what to look for; None when the limit is met or is about no physical dose."""
    deviates = result.verdict in (Verdict.MINOR, Verdict.MAJOR)
    if not deviates or result.value is None or result.per_protocol_limit is None:
        return None
    try:
        spec = parse_metric(result.metric)
    except MetricError:
        return None
    if spec.conversion is not None:
        return None
    if spec.kind in AROUND:
        return _isodose(AROUND[spec.kind], prescription_gy)
    if spec.kind == "GlobalMaxInPTV":
        return Failing(0.0, around=True, at_point=True)
    level_gy = _level_gy(spec, result.per_protocol_limit, prescription_gy)
    if level_gy is None:
        return None
    if spec.kind == "D2cm":
        return Failing(level_gy, around=True, beyond_mm=FAR_MM, at_point=True)
    return Failing(level_gy, too_hot=_too_hot(spec, result.op), at_point=_is_point(spec))


def _is_point(spec: MetricSpec) -> bool:
    small = spec.kind == "D" and spec.argument_unit == "cc" and spec.amount <= SMALL_CC
    return small or spec.kind in ("Max", "Min")


def _too_hot(spec: MetricSpec, op: str) -> bool:
    """Tell whether too much dose is wrong; of volumes that stay cold, more is better."""
    return (op in BELOW) if spec.kind == "CV" else (op in ABOVE)


def _isodose(percent: float, prescription_gy: float | None) -> Failing | None:
    return (
        None if prescription_gy is None else Failing(percent / 100 * prescription_gy, around=True)
    )


def _level_gy(spec: MetricSpec, limit: float, prescription_gy: float | None) -> float | None:
    """Return the dose in the argument (V20Gy) or in the limit (D0.5cc) of a metric."""
    if spec.argument_unit == "Gy":
        return spec.argument
    if spec.kind == "V" and spec.argument_unit == "%":
        return _of(prescription_gy, spec.amount)
    if spec.unit == "Gy":
        return limit
    if spec.unit == "cGy":
        return limit * GY_PER_CGY
    return _of(prescription_gy, limit) if spec.unit == "%" else None


def _of(prescription_gy: float | None, percent: float) -> float | None:
    return None if prescription_gy is None else percent / 100 * prescription_gy
