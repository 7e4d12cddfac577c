"""What another protocol, or another version of it, does to the verdicts of one case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sbrt_qa.model.outcome import Verdict
from sbrt_qa.protocol.differences import Placed, paired_limits
from sbrt_qa.protocol.result import ConstraintResult
from sbrt_qa.protocol.schema import Protocol
from sbrt_qa.review.result import CaseReview


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """One limit whose verdict differs.

    Parameters
    ----------
    about
        Id of the limit, structure and metric.
    value, unit
        The metric, None where it has no value.
    before, after
        Verdicts; None where the limit is not part of that protocol, does not apply, or says nothing
        because an organ that need not be there is not.
    """

    about: str
    value: float | None
    unit: str
    before: Verdict | None
    after: Verdict | None


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
    found = _changes(paired_limits(*protocols), reviews[0].constraints, reviews[1].constraints)
    before, after = reviews
    return ProtocolEffect(after.case, before.verdict, after.verdict, tuple(found))


def _changes(
    pairs: Sequence[tuple[Placed | None, Placed | None]],
    before: Sequence[ConstraintResult],
    after: Sequence[ConstraintResult],
) -> Iterator[VerdictChange]:
    old, new = {r.id: r for r in before}, {r.id: r for r in after}
    for one, other in pairs:
        a = old.get(one.limit.id) if one else None
        b = new.get(other.limit.id) if other else None
        shown = b or a
        if shown is None:
            continue
        verdicts = (_said(a), _said(b))
        alone = None in verdicts and Verdict.PER_PROTOCOL in verdicts
        if verdicts[0] is verdicts[1] or alone:
            continue
        about = f"{shown.id} ({shown.structure} {shown.metric})"
        yield VerdictChange(about, shown.value, shown.unit, *verdicts)


def _said(result: ConstraintResult | None) -> Verdict | None:
    """Return the verdict of a limit, None where it has nothing to say."""
    if result is None or (result.value is None and not result.counts):
        return None
    return result.verdict
