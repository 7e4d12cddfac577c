"""What is wrong where a limit is missed, as the metric says it of its own values."""

from __future__ import annotations

from sbrt_qa.dosimetry.metric_meaning import Direction, Meaning
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import MetricSpec, meaning_of, metric_of
from sbrt_qa.errors import MetricError
from sbrt_qa.model.body_outline import is_outline_name
from sbrt_qa.model.target_kind import is_target_name
from sbrt_qa.protocol.limit_result import ConstraintResult


def spec_of(result: ConstraintResult) -> MetricSpec | None:
    """Return the metric of a limit, read; None for one that this version does not know."""
    try:
        return parse_metric(result.metric)
    except MetricError:
        return None


def meaning_in(result: ConstraintResult) -> Meaning | None:
    """Return what the values of a limit mean; None for a metric this version does not know."""
    spec = spec_of(result)
    return None if spec is None else meaning_of(spec)


def direction_of(result: ConstraintResult) -> Direction | None:
    """Return what is wrong where a limit is missed.

    None for what is only reported, and for a metric that this version does not know.
    """
    spec = spec_of(result)
    if spec is None:
        return None
    limit = result.per_protocol_limit
    return meaning_of(spec).direction(spec, result.op, limit, result.value)


def rests_on_dose(result: ConstraintResult) -> bool:
    """Tell whether a value needs the dose; one of an unknown metric is taken to need it."""
    spec = spec_of(result)
    return spec is None or metric_of(spec).needs_dose


def about_target(result: ConstraintResult) -> bool:
    """Tell whether a limit is of a target: by the name that the protocol gives the structure."""
    return is_target_name(result.of)


def about_body(result: ConstraintResult) -> bool:
    """Tell whether a limit is of the body, or of what is left of it without something else."""
    return is_outline_name(result.of.partition("-")[0])
