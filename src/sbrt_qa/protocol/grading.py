"""From a value to a verdict."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sbrt_qa.model.outcome import Band, Measured, Outcome, Reason, Verdict
from sbrt_qa.protocol.definition import ConformityLimit, Constraint
from sbrt_qa.protocol.limit_result import ConstraintResult

_MEETS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
    "==": operator.eq,
}


MINOR_AT_WORST: Final = 3
"""Priority from which on a limit is never worse than minor."""


@dataclass(frozen=True, slots=True)
class Grade:
    """A verdict, and the distance to the per-protocol bound: positive inside, None without one."""

    verdict: Verdict
    margin: float | None = None


def grade(limit: Constraint | ConformityLimit, outcome: Outcome) -> Grade:
    """Grade an outcome. Equality lies where `op` says, for both bounds."""
    if isinstance(outcome, Reason):
        return Grade(Verdict.NOT_EVALUABLE)
    if limit.op == "report" or limit.per_protocol is None:
        return Grade(Verdict.PER_PROTOCOL)
    value, beyond = outcome.value, beyond_of(limit)
    verdict = verdict_within(limit.op, value, limit.per_protocol, limit.minor, beyond)
    return Grade(verdict, _margin(limit.op, value, limit.per_protocol))


def beyond_of(limit: Constraint | ConformityLimit | ConstraintResult) -> Verdict:
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
    limit: Constraint | ConformityLimit,
    outcome: Outcome,
    band: Band | None,
    seen: Sequence[tuple[Constraint | ConformityLimit, Outcome]] = (),
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


def counts(limit: Constraint | ConformityLimit, verdict: Verdict) -> bool:
    """Tell whether a verdict takes part in the verdict of the case.

    Reports and priority 4 never do; priority 3 does when it has a value.
    """
    if limit.op == "report" or limit.priority == 4:
        return False
    return limit.priority < 3 or verdict is not Verdict.NOT_EVALUABLE


def _margin(op: str, value: float, limit: float) -> float:
    if op == "==":
        return -abs(value - limit)
    return limit - value if op in ("<=", "<") else value - limit
