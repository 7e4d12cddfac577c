"""Rows of a result: a limit, graded, with everything that a reader wants beside it."""

from __future__ import annotations

from collections.abc import Sequence

from sbrt_qa.dosimetry.bands import Intervals, View, intervals_among
from sbrt_qa.dosimetry.metric_registry import MetricSpec
from sbrt_qa.i18n.phrase import say, stated
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode
from sbrt_qa.protocol.definition import ConformityLimit, Constraint
from sbrt_qa.protocol.evaluated_limit import StructureMatch
from sbrt_qa.protocol.grading import Grade, beyond_of, grade, is_borderline
from sbrt_qa.protocol.limit_result import ConstraintResult

Limit = Constraint | ConformityLimit


def planned(limit: Limit) -> ConstraintResult:
    """Return the result of a limit whose metric this version does not compute."""
    unit = limit.metric.rpartition("[")[2].removesuffix("]") if "[" in limit.metric else "1"
    text = say("this version does not compute {0} yet", limit.metric)
    reason = Reason(ReasonCode.METRIC_UNKNOWN, text)
    return row(
        limit, grade(limit, reason), reason, unit=unit, match=None, counts=False, note=limit.note
    )


def row(
    limit: Limit,
    graded: Grade,
    outcome: Outcome,
    *,
    match: StructureMatch | None,
    counts: bool,
    note: str,
    unit: str = "",
    spec: MetricSpec | None = None,
    seen: Sequence[tuple[View, Limit, Outcome]] = (),
    structure: str = "",
    target: str = "",
    undrawn: Reason | None = None,
) -> ConstraintResult:
    """Return one row.

    Parameters
    ----------
    seen
        The outcomes in other views, each with the bounds that hold there.
    structure, target
        What the row is about where it is not the limit's own structure, and the key of the target.
    undrawn
        Why there is no contour; the value is then the highest that the structure could have.
    """
    found = Intervals(None, None)
    if seen and spec is not None and isinstance(outcome, Measured):
        found = intervals_among(spec, outcome, [(view, other) for view, _, other in seen])
    ours = [(bound, other) for view, bound, other in seen if not view.convention]
    borderline = is_borderline(limit, outcome, found.uncertainty, ours)
    everyones = [(bound, other) for _, bound, other in seen]
    own = limit.structure if isinstance(limit, Constraint) else "PTV"
    return ConstraintResult(
        id=limit.id,
        structure=structure or own,
        metric=limit.metric,
        op=limit.op,
        match=match,
        value=outcome.value if isinstance(outcome, Measured) else None,
        unit=unit or (spec.unit if spec else "1"),
        reason=outcome if isinstance(outcome, Reason) else None,
        per_protocol_limit=limit.per_protocol,
        minor_limit=limit.minor,
        beyond=beyond_of(limit),
        margin=graded.margin,
        verdict=graded.verdict,
        priority=limit.priority,
        counts=counts,
        source=limit.source,
        confidence=limit.confidence,
        note=stated(note) if note else "",
        band=found.uncertainty,
        borderline=borderline,
        spread=found.spread,
        depends_on_convention=not borderline
        and is_borderline(limit, outcome, found.spread, everyones),
        target=target,
        undrawn=undrawn,
    )


def worst_first(result: ConstraintResult) -> tuple[bool, int, int]:
    """Sort key: what decides stands first, then what is worst, then the higher priority."""
    return (not result.counts, -result.verdict.rank, result.priority)
