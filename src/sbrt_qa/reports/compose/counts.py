"""How many limits and how many plan checks have which verdict, for the line under the verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sbrt_qa.model.outcome import Finding, Verdict
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.review.case_review import CaseReview

NEVER_DECIDES: Final = 4
"""Priority of limits that are reported only."""


@dataclass(frozen=True, slots=True)
class Count:
    """So many with one verdict; some are borderline or depend on the convention.

    None is information.
    """

    verdict: Verdict | None
    number: int
    borderline: int = 0
    by_convention: int = 0


def of_limits(review: CaseReview) -> tuple[Count, ...]:
    """Return the limits that count by verdict, worst first; verdicts without any are left out."""
    counting = [c for c in review.constraints if c.counts]
    return tuple(
        Count(
            verdict,
            len(same),
            sum(c.borderline for c in same),
            sum(c.depends_on_convention for c in same),
        )
        for verdict in reversed(Verdict)
        if (same := [c for c in counting if c.verdict is verdict])
    )


def unjudged(review: CaseReview) -> int:
    """Return how many limits of structures that may be absent have no value and do not count."""
    return sum(_is_unjudged(c) for c in review.constraints)


def reported_only(review: CaseReview) -> int:
    """Return how many limits never take part in the verdict of a case."""
    return sum(not c.counts and c.is_relied_on and not _is_unjudged(c) for c in review.constraints)


def _is_unjudged(result: ConstraintResult) -> bool:
    judges = result.op != "report" and result.priority < NEVER_DECIDES
    return judges and result.value is None and not result.counts


def not_relied_on(review: CaseReview) -> int:
    """Return how many limits have a value that is not relied on."""
    return sum(not c.is_relied_on for c in review.constraints)


def of_checks(review: CaseReview) -> tuple[Count, ...]:
    """Return the plan checks by the worst of each, worst first; what no check found counts as one.

    A check looks at several objects and is one check all the same.
    """
    worst: dict[str, Verdict | None] = {}
    for found in (*review.findings, *review.passed):
        known = worst.get(found.code, found.verdict)
        worst[found.code] = max(known, found.verdict, key=_weight)
    told = list(worst.values())
    order = sorted(dict.fromkeys(told), key=_weight, reverse=True)
    return tuple(Count(verdict, told.count(verdict)) for verdict in order)


def _weight(verdict: Verdict | None) -> float:
    """Return what decides more: information is more than a check that found nothing."""
    return 0.5 if verdict is None else float(verdict.rank)


def by_message(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Return findings by what they say, in their order."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.message, []).append(finding)
    return groups
