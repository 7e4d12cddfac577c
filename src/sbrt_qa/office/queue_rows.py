"""What a row of the queue says, put together from the records for many submissions at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.answers import RANKS, current_reviews, newest_submissions
from sbrt_qa.audit.store.records import submission_code
from sbrt_qa.audit.working_time import usual_due
from sbrt_qa.office.states import OPEN, State
from sbrt_qa.office.trial_options import options_in

LAST: Final = "9999"
"""Begins the urgency of what has no due date, so that it comes last."""

DONE: Final = "done "
"""Begins the urgency of what nothing is to be done with any more: it comes after all the rest."""


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """A submission in the queue.

    Parameters
    ----------
    verdict
        Of the program, the worst of its plans; ``not_evaluable`` where none came to one.
    minor, major, not_evaluable
        Numbers of limits that count.
    readers, adjudicators, barred
        Keys of accounts between commas; `barred` must not judge it.
    urgency
        What the queue is ordered by at first: the due date, and at the end what has none.
    """

    submission: int
    code: str
    trial: str
    site: str
    subject: str
    version: int
    kind: str
    received: str
    due: str
    state: str
    changed: str
    verdict: str
    minor: int
    major: int
    not_evaluable: int
    plans: int
    structure_sets: int
    doses: int
    images: int
    readers: str
    adjudicators: str
    barred: str
    newest: int
    urgency: str

    @classmethod
    def of_row(cls, row: Mapping[Any, Any]) -> QueueEntry:
        """Read a row of the table."""
        return cls(**{one.name: row[one.name] for one in fields(cls)})

    def as_row(self) -> dict[str, Any]:
        """Return it as a row of the table."""
        return asdict(self)

    @property
    def reader_keys(self) -> tuple[int, ...]:
        """Accounts it is assigned to; a blind reader is shown none but itself."""
        return tuple(int(one) for one in self.readers.split(",") if one)

    @property
    def adjudicator_keys(self) -> tuple[int, ...]:
        """Adjudicators it is assigned to."""
        return tuple(int(one) for one in self.adjudicators.split(",") if one)


def queue_entries(
    connection: Connection, submissions: Sequence[int] | None
) -> Iterator[QueueEntry]:
    """Return the rows of submissions that are in the office: of some, or of all."""
    options = options_in(connection)
    states = _last(connection, o.transitions, submissions)
    dues = _last(connection, o.due_dates, submissions)
    plans = _last(connection, o.review_plans, submissions)
    rounds = _last(connection, o.reopenings, submissions)
    work = _assigned(connection, submissions)
    counts = _counts(connection, submissions)
    barred = _barred(connection)
    newest = newest_submissions(connection)
    for row in connection.execute(_submissions(submissions)):
        step = states.get(row.id)
        if step is None:
            continue
        kind = plans[row.id].kind if row.id in plans else options.default_kind
        set_by = dues.get(row.id)
        due = set_by.due if set_by else usual_due(row.received, options.due_days, kind)
        number = rounds[row.id].round if row.id in rounds else 1
        verdict, minor, major, unknown = counts.get(row.id, ("not_evaluable", 0, 0, 0))
        yield QueueEntry(
            submission=row.id,
            code=submission_code(row.site, row.subject, row.version, row.revision),
            trial=row.trial, site=row.site, subject=row.subject, version=row.version, kind=kind,
            received=row.received, due=due, state=step.to_state, changed=step.at, verdict=verdict,
            minor=minor, major=major, not_evaluable=unknown, plans=row.plans,
            structure_sets=row.structure_sets, doses=row.doses, images=row.images,
            readers=_keys(work[row.id, number, "reader"]),
            adjudicators=_keys(work[row.id, number, "adjudicator"]), barred=_keys(barred(row)),
            newest=int(row.id in newest), urgency=_urgency(step.to_state, due),
        )  # fmt: skip


def _urgency(state: str, due: str) -> str:
    """Return what the queue is ordered by first: what is due first, and last what is done."""
    return DONE + due if State(state) not in OPEN else due or LAST


def _keys(accounts: set[int]) -> str:
    return f",{','.join(map(str, sorted(accounts)))}," if accounts else ""


def _submissions(submissions: Sequence[int] | None) -> sa.Select[Any]:
    s, b, i, r = t.submissions, t.subjects, t.sites, t.trials
    joined = s.join(b, s.c.subject_id == b.c.id).join(i, b.c.site_id == i.c.id)
    joined = joined.join(r, i.c.trial_id == r.c.id)
    codes = (b.c.code.label("subject"), i.c.code.label("site"), r.c.code.label("trial"))
    columns: list[Any] = [*s.c, *codes]
    query = sa.select(*columns).select_from(joined).order_by(s.c.id)
    return query if submissions is None else query.where(s.c.id.in_(submissions))


def _last(
    connection: Connection, table: sa.Table, submissions: Sequence[int] | None
) -> dict[int, sa.Row[Any]]:
    """Return the last row of each submission."""
    newest = sa.select(sa.func.max(table.c.id)).group_by(table.c.submission_id)
    if submissions is not None:
        newest = newest.where(table.c.submission_id.in_(submissions))
    rows = connection.execute(sa.select(table).where(table.c.id.in_(newest)))
    return {row.submission_id: row for row in rows}


def _assigned(
    connection: Connection, submissions: Sequence[int] | None
) -> dict[tuple[int, int, str], set[int]]:
    a, e = o.assignments, o.assignment_ends
    query = (
        sa.select(a.c.submission_id, a.c.round, a.c.part, a.c.account_id)
        .select_from(a.outerjoin(e, e.c.assignment_id == a.c.id))
        .where(e.c.id.is_(None))
    )
    if submissions is not None:
        query = query.where(a.c.submission_id.in_(submissions))
    found: dict[tuple[int, int, str], set[int]] = defaultdict(set)
    for row in connection.execute(query):
        found[row.submission_id, row.round, row.part].add(row.account_id)
    return found


def _counts(
    connection: Connection, submissions: Sequence[int] | None
) -> dict[int, tuple[str, int, int, int]]:
    """Return the worst verdict of each submission, and its numbers of limits."""
    review = current_reviews().subquery("current")
    c, v = t.cases, t.metric_values
    joined = c.join(review, review.c.case_id == c.c.id).outerjoin(
        v, sa.and_(v.c.review_id == review.c.id, v.c.counts)
    )
    rank = sa.case(RANKS, value=review.c.verdict, else_=RANKS["not_evaluable"])
    numbers = (
        sa.func.sum(sa.case((v.c.verdict == name, 1), else_=0))
        for name in ("minor", "major", "not_evaluable")
    )
    query = sa.select(c.c.submission_id, sa.func.max(rank), *numbers).select_from(joined)
    if submissions is not None:
        query = query.where(c.c.submission_id.in_(submissions))
    names = {number: name for name, number in RANKS.items()}
    return {
        key: (names[worst], minor or 0, major or 0, unknown or 0)
        for key, worst, minor, major, unknown in connection.execute(
            query.group_by(c.c.submission_id)
        )
    }


def _barred(connection: Connection) -> Any:  # noqa: ANN401 - a function of a row
    """Return what tells the accounts that must not judge a submission."""
    at_home: dict[str, set[int]] = defaultdict(set)
    of_subject: dict[int, set[int]] = defaultdict(set)
    senders: dict[int, set[int]] = defaultdict(set)
    for row in connection.execute(sa.select(o.accounts.c.id, o.accounts.c.home_site)):
        if row.home_site:
            at_home[row.home_site].add(row.id)
    g, e = o.grants, o.grant_ends
    of_site = (
        sa.select(g.c.account_id, g.c.site)
        .select_from(g.outerjoin(e, e.c.grant_id == g.c.id))
        .where(e.c.id.is_(None), g.c.role.in_(("submitter", "physicist")))
    )
    for row in connection.execute(of_site):
        at_home[row.site].add(row.account_id)
    c, x = o.conflicts, o.conflict_ends
    declared = sa.select(c).select_from(c.outerjoin(x, x.c.conflict_id == c.c.id))
    for row in connection.execute(declared.where(x.c.id.is_(None))):
        (of_subject[row.subject_id] if row.subject_id else at_home[row.site]).add(row.account_id)
    for row in connection.execute(sa.select(o.senders.c.submission_id, o.senders.c.account_id)):
        senders[row.submission_id].add(row.account_id)
    return lambda row: at_home[row.site] | of_subject[row.subject_id] | senders[row.id]
