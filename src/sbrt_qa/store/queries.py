"""Letters that wait for an answer: opened once, closed once."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from sbrt_qa.errors import StoreError
from sbrt_qa.store import tables as t
from sbrt_qa.store.chain import append
from sbrt_qa.store.connection import Database, reading, writing
from sbrt_qa.store.records import sha256


@dataclass(frozen=True, slots=True)
class QueryRow:
    """A letter; `closed` and `reason` are empty while it is open."""

    id: int
    opened: str
    due: str
    letter: str
    closed: str
    reason: str


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
        append(connection, at, "query opened", "", data)
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
            append(connection, at, "query closed", "", {"query": number, "reason": sha256(reason)})
        return len(numbers)


def queries_of(engine: Database, submission: int) -> tuple[QueryRow, ...]:
    """Return the letters of a submission, oldest first."""
    q, e = t.queries, t.query_closings
    query = (
        sa.select(q.c.id, q.c.opened, q.c.due, q.c.letter, e.c.closed, e.c.reason)
        .select_from(q.outerjoin(e, e.c.query_id == q.c.id))
        .where(q.c.submission_id == submission)
        .order_by(q.c.id)
    )
    with reading(engine) as connection:
        return tuple(
            QueryRow(r.id, r.opened, r.due, r.letter, r.closed or "", r.reason or "")
            for r in connection.execute(query)
        )
