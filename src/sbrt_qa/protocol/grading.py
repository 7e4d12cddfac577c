"""From a value to a verdict, and to the row of a result.

Where only a part of an organ is drawn, or the dose of a part only is known, the dose to its hottest
cubic centimetres and the volumes above a dose are lower bounds of those of the whole organ. They
can break a limit and never meet one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from sbrt_qa.dosimetry.bands import Intervals, intervals_among
from sbrt_qa.dosimetry.metric_registry import MetricSpec, metric_of
from sbrt_qa.dosimetry.view_kinds import View
from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import joined, say, stated
from sbrt_qa.model.outcome import Band, Measured, Outcome, Reason, ReasonCode, Verdict
from sbrt_qa.protocol.definition import ConformityLimit, Constraint
from sbrt_qa.protocol.limit_result import ConstraintResult, StructureMatch

Limit: TypeAlias = Constraint | ConformityLimit

_MEETS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
    "==": operator.eq,
}

UPPER: Final = ("<=", "<")
"""Relations with which a value above its bound breaks a limit."""

MINOR_AT_WORST: Final = 3
"""Priority from which on a limit is never worse than minor."""


@dataclass(frozen=True, slots=True)
class Grade:
    """A verdict, and the distance to the per-protocol bound: positive inside, None without one."""

    verdict: Verdict
    margin: float | None = None


def grade(limit: Limit, outcome: Outcome) -> Grade:
    """Grade an outcome. Equality lies where `op` says, for both bounds."""
    if isinstance(outcome, Reason):
        return Grade(Verdict.NOT_EVALUABLE)
    if limit.op == "report" or limit.per_protocol is None:
        return Grade(Verdict.PER_PROTOCOL)
    value, beyond = outcome.value, beyond_of(limit)
    verdict = verdict_within(limit.op, value, limit.per_protocol, limit.minor, beyond)
    return Grade(verdict, _margin(limit.op, value, limit.per_protocol))


def beyond_of(limit: Limit | ConstraintResult) -> Verdict:
    """Return the verdict beyond the last bound: from priority 3 on minor, as for the case."""
    return Verdict.MINOR if limit.priority >= MINOR_AT_WORST else Verdict(limit.beyond)


def verdict_of(limit: ConstraintResult, value: float) -> Verdict:
    """Return the verdict that a limit, once held against a case, gives of another value."""
    if limit.op == "report" or limit.per_protocol_limit is None:
        return limit.verdict
    bounds = (limit.per_protocol_limit, limit.minor_limit)
    return verdict_within(limit.op, value, *bounds, beyond_of(limit))


def verdict_within(
    op: str, value: float, per_protocol: float, minor: float | None, beyond: Verdict
) -> Verdict:
    """Return the verdict of a value within bounds."""
    meets = _MEETS[op]
    if meets(value, per_protocol):
        return Verdict.PER_PROTOCOL
    if minor is not None and meets(value, minor):
        return Verdict.MINOR
    return beyond


def is_borderline(
    limit: Limit,
    outcome: Outcome,
    band: Band | None,
    seen: Sequence[tuple[Limit, Outcome]] = (),
) -> bool:
    """Tell whether the verdict of an outcome changes within an interval, or in one of its views.

    `seen` are the outcomes in other views, each with the bounds that hold there: those of a
    conformity index go by a volume. Where a value is missing nothing is known.
    """
    if band is None or isinstance(outcome, Reason) or limit.op == "report":
        return False
    verdict = grade(limit, outcome).verdict
    ends = (Measured(end, outcome.unit) for end in (band.low, band.high))
    if outcome.unit == "bool":
        return any(grade(limit, end).verdict is not verdict for end in ends)
    known = ((bounds, value) for bounds, value in seen if isinstance(value, Measured))
    views = [*((limit, end) for end in ends), *known]
    return any(grade(bounds, value).verdict is not verdict for bounds, value in views)


def counts(limit: Limit, verdict: Verdict) -> bool:
    """Tell whether a verdict takes part in the verdict of the case.

    Reports and priority 4 never do; priority 3 does when it has a value.
    """
    if limit.op == "report" or limit.priority == 4:
        return False
    return limit.priority < 3 or verdict is not Verdict.NOT_EVALUABLE


def of_whole(limit: Limit, spec: MetricSpec, outcome: Outcome, match: StructureMatch) -> Outcome:
    """Return what the value of the structures found says of what the limit means."""
    if not match.part:
        return outcome
    names = joined(" and ", [quoted(name) for name in match.plan_names])
    why = say(
        "a part only: {0} is not all of {1}; if it is, say so with --map",
        names,
        match.protocol_name,
    )
    return as_lower_bound(limit, spec, outcome, why)


def as_lower_bound(
    limit: Limit,
    spec: MetricSpec,
    outcome: Outcome,
    why: str,
    code: ReasonCode = ReasonCode.PART_ONLY,
) -> Outcome:
    """Return a value of a part where it settles the limit for the whole, else the Reason.

    It settles an upper limit that it breaks as far as the limit can be broken: a part beyond the
    minor bound is a deviation whatever else there is. Within the minor band the whole may still be
    a major deviation, so that the limit is not evaluable, which is worse than minor.

    Parameters
    ----------
    why
        What is only a part, a sentence: it begins the reason.
    """
    if isinstance(outcome, Reason):
        return outcome
    unit = "" if outcome.unit == "1" else f" {outcome.unit}"
    value = f"{outcome.value:.4g}{unit}"
    if not (metric_of(spec).grows(spec) and limit.op in UPPER):
        return Reason(code, say("{0}; the part gives {1}, which says nothing of it", why, value))
    verdict = grade(limit, outcome).verdict
    if verdict is beyond_of(limit) and verdict is not Verdict.PER_PROTOCOL:
        return outcome
    if verdict is Verdict.MINOR:
        text = say("{0}; the part alone is a minor deviation with {1}", why, value)
        return Reason(code, text)
    return Reason(code, say("{0}; the part gives at least {1}, the whole may get more", why, value))


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
    ours = [(bound, v.counted(outcome, other)) for v, bound, other in seen if not v.convention]
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


def _margin(op: str, value: float, limit: float) -> float:
    if op == "==":
        return -abs(value - limit)
    return limit - value if op in ("<=", "<") else value - limit
