"""Letters that wait for an answer: opened once, answered, closed once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.answers import newest_submissions
from sbrt_qa.audit.store.chain import NO_EVENT, Head, append, head_of
from sbrt_qa.audit.store.connection import Database, reading, written
from sbrt_qa.audit.store.records import sha256, submission_code
from sbrt_qa.audit.store.rows import insert
from sbrt_qa.errors import StoreError
from sbrt_qa.model.actor import Doing

OPENED: Final = "query opened"
ANSWERED: Final = "query answered"
CLOSED: Final = "query closed"
WRITTEN: Final = "letter written"
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


@dataclass(frozen=True, slots=True)
class LetterHead:
    """What a letter says of itself and its sender.

    Parameters
    ----------
    number
        Counts the letters of an audit; 0 for one of a store that did not count yet.
    head
        End of the chain when it was written.
    sender, contact
        Who writes, and how to reach them; lines of text, may be empty.
    site_name
        What the site is called, empty where that is not known.
    """

    number: int = 0
    head: Head = NO_EVENT
    sender: str = ""
    contact: str = ""
    site_name: str = ""


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A letter as it was written, and the query it is; 0 where it asks for nothing."""

    top: LetterHead
    submission_id: int
    query_id: int
    written: str
    text: str


def record_letter(
    engine: Database,
    submission: int,
    top: LetterHead,
    write: Callable[[LetterHead], str],
    at: str,
    *,
    due: str = "",
    by: Doing | None = None,
) -> LetterRow:
    """Record a letter with its event; one that is due is a query that waits for an answer.

    Parameters
    ----------
    top
        Sender, contact and name of the site; number and head of the chain are found here.
    write
        Gives the letter's text for its number and head; called within the transaction.
    due
        By when an answer is asked for, UTC; empty for a letter that asks for nothing.

    Raises
    ------
    StoreError
        It is due before it is written.
    """

    def work(connection: Connection) -> LetterRow:
        number = (connection.scalar(sa.select(sa.func.max(t.letters.c.number))) or 0) + 1
        whole = replace(top, number=number, head=head_of(connection))
        text = write(whole)
        digest = sha256(text)
        query = 0
        if due:
            row = {"submission_id": submission, "opened": at, "due": due, "letter": text}
            query = insert(connection, t.queries, row | {"sha256": digest})
        insert(connection, t.letters, {
            "number": number, "submission_id": submission, "query_id": query or None,
            "written": at, "text": text, "sha256": digest, "sender": whole.sender,
            "contact": whole.contact, "site_name": whole.site_name,
            "head_seq": whole.head.seq, "head_hash": whole.head.hash,
        })  # fmt: skip
        data = {"submission": submission, "letter": digest, "number": number}
        data |= {"query": query, "due": due} if due else {}
        append(connection, at, OPENED if due else WRITTEN, "", data, by)
        return LetterRow(whole, submission, query, at, text)

    return written(engine, work, durable=True)


def letters(engine: Database, submission: int = 0) -> tuple[LetterRow, ...]:
    """Return the letters about one submission or all, oldest first."""
    c = t.letters.c
    query = sa.select(t.letters).order_by(c.number)
    with reading(engine) as connection:
        rows = connection.execute(
            query.where(c.submission_id == submission) if submission else query
        )
        return tuple(
            LetterRow(
                LetterHead(
                    r.number, Head(r.head_seq, r.head_hash), r.sender, r.contact, r.site_name
                ),
                r.submission_id, r.query_id or 0, r.written, r.text,
            )
            for r in rows
        )  # fmt: skip


def close_queries(
    engine: Database, submission: int, reason: str, at: str, by: Doing | None = None
) -> int:
    """Close every open query of a submission and return how many there were.

    Raises
    ------
    StoreError
        No reason is given.
    """

    def work(connection: Connection) -> int:
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
            append(connection, at, CLOSED, "", {"query": number, "reason": sha256(reason)}, by)
        return len(numbers)

    return written(engine, work, durable=True)


def answer_queries(
    engine: Database, submission: int, note: str, at: str, by: Doing | None = None
) -> int:
    """Record that the site answered every query of a submission that is not closed.

    An answer changes no row; it is an event of the chain, which holds the note itself.

    Raises
    ------
    StoreError
        The note is empty.
    """
    if not note.strip():
        raise StoreError("an answer without text", expected="what the site answered")
    mine = [one for one in all_queries(engine, submission) if one.state != "closed"]

    def work(connection: Connection) -> int:
        for one in mine:
            append(connection, at, ANSWERED, "", {"query": one.id, "note": note}, by)
        return len(mine)

    return written(engine, work, durable=True)


def all_queries(engine: Database, submission: int = 0) -> tuple[QueryRow, ...]:
    """Return the letters of one submission or of all, oldest first."""
    with reading(engine) as connection:
        answers = _answers(connection)
        rows = list(connection.execute(_letters(submission)))
        newest = newest_submissions(connection) if rows else set()
        return tuple(_row(r, answers.get(r.id) or _came_since(connection, r), newest) for r in rows)


def waiting_query(engine: Database, site: str, subject: str) -> QueryRow | None:
    """Return the newest query about a subject, by the codes of the store, that is not closed."""
    with reading(engine) as connection:
        query = _letters(0).where(
            t.sites.c.code == site,
            t.subjects.c.code == subject,
            t.query_closings.c.closed.is_(None),
        )
        rows = list(connection.execute(query))
        return _row(rows[-1], ("", ""), set()) if rows else None


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
    """Return when the next submission of the subject came after a letter, and its code.

    Only DICOM answers, and only what is not in the submission of the letter already.
    """
    s, f = t.submissions.c, t.files.c
    mine = sa.select(f.sha256).where(f.submission_id == row.submission_id)
    new = sa.select(f.submission_id).where(f.sha256.not_in(mine))
    later = sa.or_(
        s.version > row.version, sa.and_(s.version == row.version, s.revision > row.revision)
    )
    found = connection.execute(
        sa.select(s.version, s.revision, s.recorded)
        .where(s.subject_id == row.subject_id, later, s.recorded >= row.opened, s.id.in_(new))
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
