"""Where a submission stands now: its state, round, readers, and what rights depend on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.records import submission_code
from sbrt_qa.errors import UsageError
from sbrt_qa.office.rights import CaseFacts
from sbrt_qa.office.states import State
from sbrt_qa.office.trial_options import OfficeOptions, options_in


@dataclass(frozen=True, slots=True)
class CaseStanding:
    """A submission as it stands.

    Parameters
    ----------
    submission
        Its key in the store.
    code, trial, site, subject, version
        What it is called: ``SITE/SUBJECT/vN``, and the parts.
    state
        None as long as it has not entered the office.
    last
        Key of its last transition, 0 without one: what a step is based on.
    round
        1, and one more with each reopening.
    kind, wanted, blind
        Type of review, how many readings it needs, and whether they are blind.
    due
        By when it is to be decided, UTC; empty where nothing is set.
    """

    submission: int
    code: str
    trial: str
    site: str
    subject: str
    subject_id: int
    version: int
    input_sha256: str
    received: str
    state: State | None
    since: str
    last: int
    round: int
    kind: str
    wanted: int
    blind: bool
    due: str
    facts: CaseFacts


def standing_in(connection: Connection, submission: int) -> CaseStanding:
    """Return where a submission stands.

    Raises
    ------
    UsageError
        There is none.
    """
    row = _submission(connection, submission)
    options = options_in(connection)
    last = last_transition(connection, submission)
    now = round_of(connection, submission)
    plan = _plan(connection, submission, now, options)
    due = sa.select(o.due_dates.c.due).where(o.due_dates.c.submission_id == submission)
    state = None if last is None else State(last.to_state)
    facts = _facts(connection, row, now, plan[1:], state, options)
    return CaseStanding(
        submission, submission_code(row.site, row.subject, row.version, row.revision), row.trial,
        row.site, row.subject, row.subject_id, row.version, row.input_sha256, row.received,
        state, "" if last is None else last.at, 0 if last is None else last.id, now, *plan,
        connection.scalar(due.order_by(o.due_dates.c.id.desc()).limit(1)) or "", facts,
    )  # fmt: skip


def code_in(connection: Connection, submission: int) -> str:
    """Return what a submission is called: ``SITE/SUBJECT/vN``.

    Raises
    ------
    UsageError
        There is none.
    """
    row = _submission(connection, submission)
    return submission_code(row.site, row.subject, row.version, row.revision)


def _submission(connection: Connection, submission: int) -> sa.Row[Any]:
    s, b, i, r = t.submissions, t.subjects, t.sites, t.trials
    joined = s.join(b, s.c.subject_id == b.c.id).join(i, b.c.site_id == i.c.id)
    joined = joined.join(r, i.c.trial_id == r.c.id)
    columns: list[Any] = [
        *s.c, b.c.code.label("subject"), i.c.code.label("site"), r.c.code.label("trial"),
    ]  # fmt: skip
    query = sa.select(*columns).select_from(joined).where(s.c.id == submission)
    row = connection.execute(query).first()
    if row is None:
        raise UsageError("no such submission")
    return row


def last_transition(connection: Connection, submission: int) -> sa.Row[Any] | None:
    """Return the last step of a submission's life."""
    m = o.transitions
    query = sa.select(m).where(m.c.submission_id == submission)
    return connection.execute(query.order_by(m.c.id.desc()).limit(1)).first()


def round_of(connection: Connection, submission: int) -> int:
    """Return the number of the round that a submission is in: 1 until it is reopened."""
    r = o.reopenings.c
    last = sa.select(sa.func.max(r.round)).where(r.submission_id == submission)
    return connection.scalar(last) or 1


def _plan(
    connection: Connection, submission: int, now: int, options: OfficeOptions
) -> tuple[str, int, bool]:
    """Return type of review, readers and whether blind: as planned for the newest round."""
    p = o.review_plans
    query = sa.select(p).where(p.c.submission_id == submission, p.c.round <= now)
    row = connection.execute(query.order_by(p.c.round.desc()).limit(1)).first()
    if row is not None:
        return row.kind, row.readers, row.blind
    kind = options.default_kind
    return kind, options.readers.get(kind, 1), options.blind


def assigned(connection: Connection, submission: int, now: int) -> list[sa.Row[Any]]:
    """Return the assignments of a round that hold, oldest first."""
    a, e = o.assignments, o.assignment_ends
    query = (
        sa.select(a)
        .select_from(a.outerjoin(e, e.c.assignment_id == a.c.id))
        .where(a.c.submission_id == submission, a.c.round == now, e.c.id.is_(None))
        .order_by(a.c.id)
    )
    return list(connection.execute(query))


def signed_parts(connection: Connection, submission: int, now: int) -> dict[int, str]:
    """Return who has signed in a round, each with the part of the reading."""
    s, r = o.signatures, o.readings
    query = (
        sa.select(s.c.account_id, r.c.part)
        .select_from(s.join(r, s.c.reading_id == r.c.id))
        .where(s.c.submission_id == submission, s.c.round == now)
    )
    return {row.account_id: row.part for row in connection.execute(query)}


def _facts(
    connection: Connection,
    row: sa.Row[Any],
    now: int,
    plan: tuple[int, bool],
    state: State | None,
    options: OfficeOptions,
) -> CaseFacts:
    by_part: dict[str, set[int]] = {"reader": set(), "adjudicator": set()}
    for one in assigned(connection, row.id, now):
        by_part[one.part].add(one.account_id)
    signed = {
        account for account, part in signed_parts(connection, row.id, now).items()
        if part == "reader"
    }  # fmt: skip
    sender = sa.select(o.senders.c.account_id).where(o.senders.c.submission_id == row.id)
    at_home = sa.select(o.accounts.c.id).where(o.accounts.c.home_site == row.site)
    adjudicated = sa.select(o.transitions.c.id).where(
        o.transitions.c.submission_id == row.id,
        o.transitions.c.to_state == State.ADJUDICATION.value,
    )
    return CaseFacts(
        trial=row.trial,
        site=row.site,
        submitters=frozenset(connection.scalars(sender)),
        readers=frozenset(by_part["reader"]),
        adjudicators=frozenset(by_part["adjudicator"]),
        signed=frozenset(signed),
        complete=len(signed) >= plan[0],
        blind=plan[1],
        in_adjudication=state is not None
        and len(signed) >= plan[0]
        and connection.scalar(adjudicated.limit(1)) is not None,
        conflicted=_conflicted(connection, row.site, row.subject_id),
        at_home=frozenset(connection.scalars(at_home)),
        sites_see_verdict=options.sites_see_verdict,
        pool=options.pool,
    )


def _conflicted(connection: Connection, site: str, subject: int) -> frozenset[int]:
    c, e = o.conflicts, o.conflict_ends
    query = (
        sa.select(c.c.account_id)
        .select_from(c.outerjoin(e, e.c.conflict_id == c.c.id))
        .where(e.c.id.is_(None), sa.or_(c.c.site == site, c.c.subject_id == subject))
    )
    return frozenset(connection.scalars(query))
