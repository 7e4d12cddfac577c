"""What a lower bound of a metric says of a limit: what it breaks is broken, all else is open.

Where only a part of an organ is drawn, or the dose of a part only is known, the dose to its hottest
cubic centimetres and the volumes above a dose are lower bounds of those of the whole organ. They
can break a limit and never meet one.
"""

from __future__ import annotations

from sbrt_qa.dosimetry.metric_registry import MetricSpec, metric_of
from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import joined, say
from sbrt_qa.model.outcome import Outcome, Reason, ReasonCode, Verdict
from sbrt_qa.protocol.definition import ConformityLimit, Constraint
from sbrt_qa.protocol.evaluated_limit import StructureMatch
from sbrt_qa.protocol.grading import beyond_of, grade

UPPER = ("<=", "<")
"""Relations with which a value above its bound breaks a limit."""


def of_whole(
    limit: Constraint | ConformityLimit, spec: MetricSpec, outcome: Outcome, match: StructureMatch
) -> Outcome:
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
    limit: Constraint | ConformityLimit,
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
