"""Letters that wait for an answer: opened once, answered, closed once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.errors import StoreError
from sbrt_qa.store import tables as t
from sbrt_qa.store.answers import newest_submissions
from sbrt_qa.store.chain import append
from sbrt_qa.store.connection import Database, reading, writing
from sbrt_qa.store.records import sha256, submission_code

OPENED: Final = "query opened"
ANSWERED: Final = "query answered"
CLOSED: Final = "query closed"
"""Kinds of the events of a letter; a site's answer is nothing but its event."""


@dataclass(frozen=True, slots=True)
class QueryRow:
    """A letter and what became of it.

    Parameters
    ----------
    id, submission_id, code, site, subject, latest
        Its number and the submission it is about.
    opened, due
        When it was written, and by when an answer is asked for.
    answered, answer
        When the site answered, and how: a note, or the code of the submission that came since.
    closed, reason
        When it was closed, and why. Both pairs are empty as long as nothing happened.
    """

    id: int
    submission_id: int
    code: str
    site: str
    subject: str
    latest: bool
    opened: str
    due: str
    answered: str
    answer: str
    closed: str
    reason: str
    letter: str

    @property
    def state(self) -> str:
        """``open``, ``answered`` or ``closed``."""
        return "closed" if self.closed else "answered" if self.answered else "open"


def open_query(engine: Database, submission: int, letter: str, due: str, at: str) -> int:
    """Record a letter, and its event, and return its number.

    Raises
    ------
    StoreError
        It is due before it is written.
    """
    with writing(engine) as connection:
        row = {"submission_id": submission, "opened": at, "due": due, "letter": letter}
        row |= {"sha256": sha256(letter)}
        key = connection.execute(t.queries.insert(), row).inserted_primary_key
        if key is None:
            raise StoreError("the database gave no key", where="queries")
        data = {"submission": submission, "query": int(key[0]), "due": due, "letter": row["sha256"]}
        append(connection, at, OPENED, "", data)
        return int(key[0])


def close_queries(engine: Database, submission: int, reason: str, at: str) -> int:
    """Close every open query of a submission and return how many there were.

    Raises
    ------
    StoreError
        No reason is given.
    """
    with writing(engine) as connection:
        q, e = t.queries, t.query_closings
        query = (
            sa.select(q.c.id)
            .select_from(q.outerjoin(e, e.c.query_id == q.c.id))
            .where(q.c.submission_id == submission, e.c.id.is_(None))
        )
        numbers = [int(number) for number in connection.scalars(query)]
        for number in numbers:
            row = {"query_id": number, "closed": at, "reason": reason}
            connection.execute(e.insert(), row)
            append(connection, at, CLOSED, "", {"query": number, "reason": sha256(reason)})
        return len(numbers)


def answer_queries(engine: Database, submission: int, note: str, at: str) -> int:
    """Record that the site answered every query of a submission that is not closed.

    An answer changes no row; it is an event of the chain, which holds the note itself.

    Raises
    ------
    StoreError
        The note is empty.
    """
    if not note.strip():
        raise StoreError("an answer without a word", expected="what the site answered")
    mine = [one for one in all_queries(engine, submission) if one.state != "closed"]
    with writing(engine) as connection:
        for one in mine:
            append(connection, at, ANSWERED, "", {"query": one.id, "note": note})
    return len(mine)


def all_queries(engine: Database, submission: int = 0) -> tuple[QueryRow, ...]:
    """Return the letters of one submission or of all, oldest first."""
    with reading(engine) as connection:
        answers = _answers(connection)
        rows = list(connection.execute(_letters(submission)))
        newest = newest_submissions(connection) if rows else set()
        return tuple(_row(r, answers.get(r.id) or _came_since(connection, r), newest) for r in rows)


def _letters(submission: int) -> sa.Select[Any]:
    q, e, s = t.queries, t.query_closings, t.submissions
    codes = (t.sites.c.code.label("site"), t.subjects.c.code.label("subject"))
    columns: list[Any] = [
        *q.c,
        e.c.closed,
        e.c.reason,
        s.c.subject_id,
        s.c.version,
        s.c.revision,
        *codes,
    ]
    query = (
        sa.select(*columns)
        .select_from(
            q.join(s, q.c.submission_id == s.c.id)
            .join(t.subjects, s.c.subject_id == t.subjects.c.id)
            .join(t.sites, t.subjects.c.site_id == t.sites.c.id)
            .outerjoin(e, e.c.query_id == q.c.id)
        )
        .order_by(q.c.id)
    )
    return query.where(s.c.id == submission) if submission else query


def _answers(connection: Connection) -> dict[int, tuple[str, str]]:
    """Return when and how each query was answered last."""
    e = t.audit_events.c
    rows = connection.execute(sa.select(t.audit_events).where(e.kind == ANSWERED).order_by(e.seq))
    told = ((row.at, json.loads(row.details)) for row in rows)
    return {data["query"]: (at, data["note"]) for at, data in told}


def _came_since(connection: Connection, row: sa.Row[Any]) -> tuple[str, str]:
    """Return when the next submission of the subject came after a letter, and its code."""
    s = t.submissions.c
    later = sa.or_(
        s.version > row.version, sa.and_(s.version == row.version, s.revision > row.revision)
    )
    found = connection.execute(
        sa.select(s.version, s.revision, s.recorded)
        .where(s.subject_id == row.subject_id, later, s.recorded >= row.opened)
        .order_by(s.version, s.revision)
        .limit(1)
    ).first()
    if found is None:
        return "", ""
    return found.recorded, submission_code(row.site, row.subject, found.version, found.revision)


def _row(row: sa.Row[Any], answer: tuple[str, str], newest: set[int]) -> QueryRow:
    code = submission_code(row.site, row.subject, row.version, row.revision)
    return QueryRow(
        row.id, row.submission_id, code, row.site, row.subject, row.submission_id in newest,
        row.opened, row.due, *answer, row.closed or "", row.reason or "", row.letter,
    )  # fmt: skip
