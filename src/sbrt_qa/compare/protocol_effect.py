"""What another protocol, or another version of it, does to the verdicts of one case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sbrt_qa.model.outcome import Verdict
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.differences import PlacedLimit, paired_limits
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.review.case_review import CaseReview


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """One limit whose verdict differs.

    Parameters
    ----------
    id, about
        Id of the limit; structure and metric.
    value, unit
        The metric, None where it has no value.
    before, after
        Verdicts; None where the limit says nothing.
    silent
        Why one of them is None: the limit is not in that protocol, does not apply, or an organ that
        need not be there is not.
    """

    id: str
    about: str
    value: float | None
    unit: str
    before: Verdict | None
    after: Verdict | None
    silent: str = ""


@dataclass(frozen=True, slots=True)
class ProtocolEffect:
    """The verdicts of one case under two protocols, and where they differ."""

    case: str
    before: Verdict
    after: Verdict
    changes: tuple[VerdictChange, ...]


def protocol_effect(
    protocols: tuple[Protocol, Protocol], reviews: tuple[CaseReview, CaseReview]
) -> ProtocolEffect:
    """Return which verdicts differ between two reviews of one case.

    A limit that only one protocol has counts as a change where its verdict is not per protocol.
    """
    found = _changes(protocols, reviews[0].constraints, reviews[1].constraints)
    before, after = reviews
    return ProtocolEffect(after.case, before.verdict, after.verdict, tuple(found))


def _changes(
    protocols: tuple[Protocol, Protocol],
    before: Sequence[ConstraintResult],
    after: Sequence[ConstraintResult],
) -> Iterator[VerdictChange]:
    for one, other in paired_limits(*protocols):
        for a, b in _rows(one, other, before, after):
            yield from _change(protocols, (one, other), a, b)


def _rows(
    one: PlacedLimit | None,
    other: PlacedLimit | None,
    before: Sequence[ConstraintResult],
    after: Sequence[ConstraintResult],
) -> Iterator[tuple[ConstraintResult | None, ConstraintResult | None]]:
    """Yield the rows of a pair of limits, of each target those of both reviews."""
    old = {r.structure: r for r in before if one and r.id == one.limit.id}
    new = {r.structure: r for r in after if other and r.id == other.limit.id}
    if len(old) <= 1 and len(new) <= 1:
        yield next(iter(old.values()), None), next(iter(new.values()), None)
        return
    for name in dict.fromkeys((*new, *old)):
        yield old.get(name), new.get(name)


def _change(
    protocols: tuple[Protocol, Protocol],
    limits: tuple[PlacedLimit | None, PlacedLimit | None],
    a: ConstraintResult | None,
    b: ConstraintResult | None,
) -> Iterator[VerdictChange]:
    shown = b or a
    if shown is None:
        return
    verdicts = (_said(a), _said(b))
    alone = None in verdicts and Verdict.PER_PROTOCOL in verdicts
    if verdicts[0] is verdicts[1] or alone:
        return
    metric = shown.metric.partition("[")[0]
    why = _silence(protocols, limits, (a, b))
    yield VerdictChange(
        shown.id, f"{shown.structure} {metric}", shown.value, shown.unit, *verdicts, why
    )


def _silence(
    protocols: tuple[Protocol, Protocol],
    limits: tuple[PlacedLimit | None, PlacedLimit | None],
    results: tuple[ConstraintResult | None, ConstraintResult | None],
) -> str:
    """Return why a limit has nothing to say in one of two protocols; empty where both speak."""
    for protocol, limit, result in zip(protocols, limits, results, strict=True):
        if limit is None:
            same = protocols[0].id == protocols[1].id
            return f"not in {protocol.id}" + (f" {protocol.version}" if same else "")
        if _said(result) is None:
            return "does not apply" if result is None else "no value"
    return ""


def _said(result: ConstraintResult | None) -> Verdict | None:
    """Return the verdict of a limit, None where it has nothing to say."""
    if result is None or (result.value is None and not result.counts):
        return None
    return result.verdict
