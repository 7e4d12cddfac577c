"""What happened to submissions in the office: steps, readers, questions, in the order of time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.answers import newest_submissions
from sbrt_qa.audit.store.connection import Database, reading
from sbrt_qa.audit.store.decision_rows import signatures_in
from sbrt_qa.audit.store.records import submission_code
from sbrt_qa.audit.store.signed_content import last_judgements, standing_comments
from sbrt_qa.reports.decision.printed_decision import PrintedSignature


@dataclass(frozen=True, slots=True)
class OfficeStep:
    """A submission came into a state, at a time (UTC)."""

    state: str
    at: str


@dataclass(frozen=True, slots=True)
class ReaderWork:
    """A reading: who, since when, and its signature where it has one.

    Parameters
    ----------
    assigned
        When the submission was given to this reader in this round; empty where it is not told.
    grade, overrides
        As they stand.
    """

    round: int
    part: str
    account: str
    name: str
    role: str
    assigned: str
    opened: str
    grade: str
    overrides: tuple[Mapping[str, str], ...]
    comments: int
    signature: PrintedSignature | None


@dataclass(frozen=True, slots=True)
class OfficeLife:
    """What happened to one submission; all times UTC.

    Parameters
    ----------
    received, recorded
        When it was received (date or time), and when the audit recorded it.
    kind
        Type of review; empty where the trial's usual one counts.
    due
        By when it is to be decided, where somebody said.
    assigned
        When readers were assigned, oldest first.
    asked, answered, questions
        First question to the site, last answer of it, number of questions.
    """

    submission: int
    code: str
    site: str
    subject: str
    latest: bool
    received: str
    recorded: str
    kind: str
    due: str
    steps: tuple[OfficeStep, ...]
    assigned: tuple[str, ...]
    holders: tuple[str, ...]
    readings: tuple[ReaderWork, ...] = field(repr=False)
    questions: int
    asked: str
    answered: str


def office_lives(engine: Database, *, held: bool = True) -> Iterator[OfficeLife]:
    """Yield the submissions that entered the office, in order of site, subject and version.

    Parameters
    ----------
    held
        Whether signatures are held against what is recorded now; their states are empty when not.
    """
    with reading(engine) as connection:
        parts = _Parts.of(connection)
        newest = newest_submissions(connection)
        for row in connection.execute(_submissions()).all():
            steps = parts.steps.get(row.id, [])
            if steps:
                yield _life(connection, row, parts, steps, is_newest=row.id in newest, held=held)


def asked_by(engine: Database, submission: int, today: str) -> str:
    """Return the first day by which the office waits for an answer of the site: ``2026-02-03``.

    Empty where no question about the submission is open, or its day is over.

    Parameters
    ----------
    today
        A day, ISO 8601.
    """
    h, e = o.threads, o.thread_ends
    open_ones = h.outerjoin(e, e.c.thread_id == h.c.id)
    query = sa.select(sa.func.min(h.c.due)).select_from(open_ones)
    query = query.where(h.c.submission_id == submission, e.c.id.is_(None), h.c.due >= today)
    with reading(engine) as connection:
        return (connection.scalar(query) or "")[:10]


def office_setting(engine: Database, name: str) -> Any:  # noqa: ANN401 - JSON of a setting
    """Return a setting of the office as it is now; None where nobody set it."""
    s = o.office_settings.c
    query = sa.select(s.value).where(s.name == name).order_by(s.id.desc()).limit(1)
    with reading(engine) as connection:
        text = connection.scalar(query)
    return None if text is None else json.loads(text)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Rows by submission."""

    steps: Mapping[int, list[OfficeStep]]
    plans: Mapping[int, str]
    dues: Mapping[int, str]
    assignments: Mapping[int, list[sa.Row[Any]]]
    readings: Mapping[int, list[sa.Row[Any]]]
    messages: Mapping[int, list[sa.Row[Any]]]

    @classmethod
    def of(cls, connection: Connection) -> _Parts:
        m, p, d = o.transitions, o.review_plans, o.due_dates
        steps: dict[int, list[OfficeStep]] = {}
        for row in connection.execute(sa.select(m).order_by(m.c.id)):
            steps.setdefault(row.submission_id, []).append(OfficeStep(row.to_state, row.at))
        plans = {r.submission_id: r.kind for r in connection.execute(sa.select(p).order_by(p.c.id))}
        dues = {r.submission_id: r.due for r in connection.execute(sa.select(d).order_by(d.c.id))}
        return cls(
            steps, plans, dues, _grouped(connection, _assignments()),
            _grouped(connection, _readings()), _grouped(connection, _messages()),
        )  # fmt: skip


def _grouped(connection: Connection, query: sa.Select[Any]) -> dict[int, list[sa.Row[Any]]]:
    found: dict[int, list[sa.Row[Any]]] = {}
    for row in connection.execute(query):
        found.setdefault(row.submission_id, []).append(row)
    return found


def _submissions() -> sa.Select[Any]:
    s, b, i = t.submissions, t.subjects, t.sites
    joined = s.join(b, s.c.subject_id == b.c.id).join(i, b.c.site_id == i.c.id)
    columns: list[Any] = [
        s.c.id, s.c.version, s.c.revision, s.c.received, s.c.recorded, b.c.code.label("subject"),
        i.c.code.label("site"),
    ]  # fmt: skip
    query = sa.select(*columns).select_from(joined)
    return query.order_by(i.c.code, b.c.code, s.c.version, s.c.revision)


def _assignments() -> sa.Select[Any]:
    a, e = o.assignments, o.assignment_ends
    ended = e.c.id.is_not(None).label("ended")
    return (
        sa.select(a.c.submission_id, a.c.account_id, a.c.round, a.c.at, o.accounts.c.code, ended)
        .select_from(
            a.outerjoin(e, e.c.assignment_id == a.c.id).join(
                o.accounts, a.c.account_id == o.accounts.c.id
            )
        )
        .order_by(a.c.id)
    )


def _readings() -> sa.Select[Any]:
    r = o.readings
    return (
        sa.select(r, o.accounts.c.code, o.accounts.c.name)
        .select_from(r.join(o.accounts, r.c.account_id == o.accounts.c.id))
        .order_by(r.c.id)
    )


def _messages() -> sa.Select[Any]:
    m, h = o.thread_messages, o.threads
    return (
        sa.select(h.c.submission_id, h.c.id.label("thread"), m.c.side, m.c.at)
        .select_from(m.join(h, m.c.thread_id == h.c.id))
        .order_by(m.c.id)
    )


def _life(
    connection: Connection,
    row: sa.Row[Any],
    parts: _Parts,
    steps: list[OfficeStep],
    *,
    is_newest: bool,
    held: bool,
) -> OfficeLife:
    assignments, messages = parts.assignments.get(row.id, []), parts.messages.get(row.id, [])
    asked = [one.at for one in messages if one.side == "office"]
    answered = [one.at for one in messages if one.side == "site"]
    signed = signatures_in(connection, row.id, held=held)
    readings = tuple(
        _work(connection, one, assignments, signed) for one in parts.readings.get(row.id, [])
    )
    return OfficeLife(
        row.id, submission_code(row.site, row.subject, row.version, row.revision), row.site,
        row.subject, is_newest, row.received, row.recorded, parts.plans.get(row.id, ""),
        parts.dues.get(row.id, ""), tuple(steps), tuple(one.at for one in assignments),
        tuple(one.code for one in assignments if not one.ended), readings,
        len({one.thread for one in messages}), min(asked, default=""), max(answered, default=""),
    )  # fmt: skip


def _work(
    connection: Connection,
    row: sa.Row[Any],
    assignments: list[sa.Row[Any]],
    signed: list[PrintedSignature],
) -> ReaderWork:
    mine = [one.at for one in assignments if (one.account_id, one.round) == _whose(row)]
    whose = row.code, row.round, row.part
    signature = next((s for s in signed if (s.account, s.round, s.part) == whose), None)
    last = last_judgements(connection, row.id)
    grade = last.get(("grade", "grade"))
    overridden = tuple(
        {"item": one.item, "engine": one.engine, "verdict": one.after,
         "reason_code": one.reason_code, "justification": one.justification}
        for (kind, _), one in last.items() if kind == "engine" and one.after not in ("", one.engine)
    )  # fmt: skip
    comments = len(standing_comments(connection, row.id))
    return ReaderWork(
        row.round, row.part, row.code, row.name, row.role, max(mine, default=""), row.at,
        "" if grade is None else grade.after, overridden, comments, signature,
    )  # fmt: skip


def _whose(row: sa.Row[Any]) -> tuple[int, int]:
    return row.account_id, row.round
