"""The limits of a submission held against the version before it, by what is recorded of both.

Each version is taken as it was reviewed: where the protocol has changed between them, the bounds of
both are told, since a verdict may then change without a change of the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.records import submission_code
from sbrt_qa.audit.store.signed_content import EngineItem, engine_items, reviews_of
from sbrt_qa.compare.comparison import Trend, trend_of
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.office.case_standing import CaseStanding
from sbrt_qa.protocol.wording import rounded


class Became(StrEnum):
    """What became of a limit, in the order in which a reader looks."""

    WORSE_VERDICT = "worse verdict"
    OTHER = "in one version only"
    BETTER_VERDICT = "better verdict"
    WORSE_VALUE = "worse value"
    BETTER_VALUE = "better value"
    OTHER_BOUNDS = "other bounds"
    OTHER_VALUE = "other value"
    """It has another value, and none of the two is better: it is only reported, or not known."""
    SAME = "same"


FIRST: Final = (Became.WORSE_VERDICT, Became.OTHER, Became.BETTER_VERDICT)
"""What a reader has to see first."""


@dataclass(frozen=True, slots=True)
class LimitChange:
    """One limit in both versions; None in the version that does not have it.

    `became` compares verdicts first; where they are the same, the values as they are shown.
    """

    before: EngineItem | None
    after: EngineItem | None

    @property
    def shown(self) -> EngineItem:
        """The later one, else the earlier."""
        found = self.after or self.before
        assert found is not None  # noqa: S101 - one of them is there
        return found

    @property
    def difference(self) -> float | None:
        """Later minus earlier value; None where one of them is missing, or says yes or no."""
        one, other = self.before, self.after
        if one is None or other is None or one.value is None or other.value is None:
            return None
        return None if other.unit == "bool" or one.unit != other.unit else other.value - one.value

    @property
    def other_bounds(self) -> bool:
        """Whether the limit itself is another one than it was."""
        if self.before is None or self.after is None:
            return False
        return _bounds(self.before) != _bounds(self.after)

    @property
    def became(self) -> Became:
        """What became of it."""
        if self.before is None or self.after is None:
            return Became.OTHER
        trend = trend_of(_verdict(self.before), _verdict(self.after))
        if trend is Trend.WORSE:
            return Became.WORSE_VERDICT
        if trend is Trend.BETTER:
            return Became.BETTER_VERDICT
        if trend is Trend.OTHER_LIMITS and self.before.engine != self.after.engine:
            return Became.OTHER
        if _shown(self.before) == _shown(self.after):
            return Became.OTHER_BOUNDS if self.other_bounds else Became.SAME
        change = self.difference
        better = {"<=": -1, "<": -1, ">=": 1, ">": 1}.get(self.after.op)
        if change is None or better is None:
            return Became.OTHER_VALUE
        return Became.BETTER_VALUE if change * better > 0 else Became.WORSE_VALUE


@dataclass(frozen=True, slots=True)
class VersionChanges:
    """What became of the limits since the version before.

    Parameters
    ----------
    code
        Of the version before.
    submission
        Its key.
    changes
        Every limit of either version, what became worse first.
    unpaired
        Whether the plans of both could not be told to be one another's, so that nothing is held
        against nothing.
    """

    code: str
    submission: int
    changes: tuple[LimitChange, ...]
    unpaired: bool = False

    @property
    def first(self) -> tuple[LimitChange, ...]:
        """Those whose verdict is another one, or that only one version has."""
        return tuple(one for one in self.changes if one.became in FIRST)

    @property
    def values(self) -> tuple[LimitChange, ...]:
        """Those that have another value, or other bounds, under the same verdict."""
        return tuple(one for one in self.changes if one.became not in {*FIRST, Became.SAME})

    @property
    def same(self) -> tuple[LimitChange, ...]:
        """Those that are as before."""
        return tuple(one for one in self.changes if one.became is Became.SAME)

    def count(self, *kinds: str) -> int:
        """Return how many limits became one of these."""
        return sum(one.became.value in kinds for one in self.changes)


def changes_since(
    connection: Connection, case: CaseStanding, items: Sequence[EngineItem]
) -> VersionChanges | None:
    """Hold the limits of a submission against those of the version before; None without one.

    Plans are paired by their label, or where each version has a single one.

    Parameters
    ----------
    items
        What the program found in the submission.
    """
    s = t.submissions.c
    query = sa.select(s.id, s.version, s.revision).where(s.subject_id == case.subject_id)
    rows = connection.execute(query.order_by(s.version, s.revision, s.id)).all()
    order = [row.id for row in rows]
    place = order.index(case.submission)
    if not place:
        return None
    row = rows[place - 1]
    code = submission_code(case.site, case.subject, row.version, row.revision)
    old = engine_items(connection, row.id, reviews_of(connection, row.id))
    plans = _pairs(_labels(connection, row.id), _labels(connection, case.submission))
    if not plans:
        return VersionChanges(code, row.id, (), unpaired=True)
    found = [
        change
        for before, after in plans
        for change in limit_changes(_limits(old, before), _limits(items, after))
    ]
    return VersionChanges(code, row.id, tuple(sorted(found, key=_importance)))


def limit_changes(
    before: Sequence[EngineItem], after: Sequence[EngineItem]
) -> tuple[LimitChange, ...]:
    """Pair the limits of two plans by their id, and their structure and metric."""
    old, new = ({(_id(one), one.label): one for one in side} for side in (before, after))
    names = dict.fromkeys((*new, *old))
    return tuple(LimitChange(old.get(name), new.get(name)) for name in names)


def _importance(change: LimitChange) -> int:
    return list(Became).index(change.became)


def _labels(connection: Connection, submission: int) -> dict[int, str]:
    c = t.cases.c
    query = sa.select(c.ordinal, c.label).where(c.submission_id == submission)
    return {row.ordinal: row.label for row in connection.execute(query.order_by(c.ordinal))}


def _pairs(before: dict[int, str], after: dict[int, str]) -> list[tuple[int, int]]:
    """Return the plans that are one another's: the same label, once on each side; or both alone."""
    if len(before) == len(after) == 1:
        return [(next(iter(before)), next(iter(after)))]
    found = []
    for number, label in after.items():
        same = [one for one, other in before.items() if other == label]
        if len(same) == 1 and list(after.values()).count(label) == 1:
            found.append((same[0], number))
    return found


def _limits(items: Sequence[EngineItem], plan: int) -> list[EngineItem]:
    return [one for one in items if one.is_limit and one.plan == plan]


def _id(item: EngineItem) -> str:
    return item.key.split(":", 2)[2]


def _bounds(item: EngineItem) -> tuple[str, float | None, float | None]:
    return item.op, item.per_protocol, item.minor


def _verdict(item: EngineItem) -> Verdict | None:
    return Verdict(item.engine) if item.engine in {one.value for one in Verdict} else None


def _shown(item: EngineItem) -> str:
    """Return a value as a page shows it, or the reason why there is none."""
    if item.value is None:
        return item.reason
    return f"{rounded(item.value, (item.per_protocol, item.minor))} {item.unit}"
