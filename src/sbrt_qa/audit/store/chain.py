"""The chain of audit events: every event's hash covers the one before it.

Whoever changes or removes an event in the middle would have to make all later hashes anew. Events
cut off at the end leave no trace in the chain itself; that is why its head, number and hash of the
last event, stands in the audit's folder, in every letter and page, and wherever it is anchored.

Every event tells who acted (``by``), and the hash of all rows that were added with it (``covers``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import covered
from sbrt_qa.audit.store.tables import VERSION, audit_events
from sbrt_qa.model.actor import Doing

START: Final = "0" * 64
"""What the first event follows."""

MARKS: Final = "sbrt_qa_marks"
"""Where a connection keeps up to which rows the events of its transaction tell."""

APPENDED: Final = "sbrt_qa_appended"
"""Where it keeps the hash of the last event that it added."""

CLOCK_WENT_BACK: Final = "clock went back"
CLOCK_SECONDS: Final = 60.0
"""How much earlier than the last event another may be; writers wait for one another that long."""

_NEWEST: Final = (
    sa.select(audit_events.c.seq, audit_events.c.hash, audit_events.c.at)
    .order_by(audit_events.c.seq.desc())
    .limit(1)
)
_INSERTION: Final = audit_events.insert()


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `details` is canonical JSON; `at` is UTC, ISO 8601."""

    seq: int
    at: str
    kind: str
    subject: str
    details: str
    previous: str
    hash: str

    @property
    def data(self) -> dict[str, Any]:
        """The details, read."""
        found: dict[str, Any] = json.loads(self.details)
        return found


def canonical(data: Mapping[str, Any]) -> str:
    """Return JSON that is the same for the same content."""
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def event_hash(seq: int, at: str, kind: str, subject: str, details: str, previous: str) -> str:
    """Return the SHA-256 of an event, which covers that of the event before."""
    text = json.dumps([seq, at, kind, subject, details, previous], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def append(
    connection: Connection,
    at: str,
    kind: str,
    subject: str,
    data: Mapping[str, Any],
    by: Doing | None = None,
) -> Event:
    """Add an event at the end of the chain, within the transaction of what it tells.

    Rows are to be added before: the event holds the hash of all that came since the transaction
    began, or since the event before it in the same transaction. A clock that went back is an event
    of its own, after this one.

    Parameters
    ----------
    by
        Who acts, and why; the program itself when not given.
    """
    last = connection.execute(_NEWEST).first()
    seq, previous = (last.seq + 1, last.hash) if last else (1, START)
    event = _add(connection, seq, at, kind, subject, _whole(connection, data, by), previous)
    if last is not None and (back := _seconds_back(last.at, at)) > CLOCK_SECONDS:
        told = {"from": last.at, "to": at, "seconds": back, "by": Doing().told()}
        _add(connection, seq + 1, at, CLOCK_WENT_BACK, "", told, event.hash)
    return event


def _whole(connection: Connection, data: Mapping[str, Any], by: Doing | None) -> dict[str, Any]:
    """Return what an event tells, with who acted and the rows that came."""
    whole = {**data, "by": (by or Doing()).told()}
    before = connection.info.get(MARKS)
    if before is not None:
        now = covered.marks(connection)
        rows = covered.told(connection, before, now, VERSION)
        connection.info[MARKS] = now
        whole |= {"covers": rows} if rows else {}
    return whole


def _add(
    connection: Connection,
    seq: int,
    at: str,
    kind: str,
    subject: str,
    data: Mapping[str, Any],
    previous: str,
) -> Event:
    details = canonical(data)
    made = event_hash(seq, at, kind, subject, details, previous)
    row = {
        "seq": seq, "at": at, "kind": kind, "subject": subject, "details": details,
        "previous": previous, "hash": made,
    }  # fmt: skip
    connection.execute(_INSERTION, row)
    connection.info[APPENDED] = made
    return Event(seq, at, kind, subject, details, previous, made)


def _seconds_back(last: str, now: str) -> float:
    """Return by how many seconds a time is before another; 0 where one of them is no time."""
    try:
        before, after = (datetime.fromisoformat(text) for text in (last, now))
        return max((before - after).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return 0.0


def next_number(connection: Connection) -> int:
    """Return the number that the next event of this transaction gets."""
    last = connection.execute(_NEWEST).first()
    return last.seq + 1 if last else 1


def events(connection: Connection) -> Iterator[Event]:
    """Return all events in order, streamed."""
    query = sa.select(audit_events).order_by(audit_events.c.seq)
    with closing(connection.execute(query.execution_options(yield_per=1000))) as rows:
        for row in rows:
            yield Event(row.seq, row.at, row.kind, row.subject, row.details, row.previous, row.hash)


def first_break(chain: Iterable[Event]) -> tuple[str, str]:
    """Return what is wrong with the first event that does not fit, and the head up to there.

    The first text is empty when all fit.
    """
    expected = START
    for number, event in enumerate(chain, 1):
        if event.seq != number:
            return f"event {number} is missing", expected
        if event.previous != expected:
            return f"event {event.seq} does not follow the one before it", expected
        made = event_hash(
            event.seq, event.at, event.kind, event.subject, event.details, event.previous
        )
        if made != event.hash:
            return f"event {event.seq} is not what it was", expected
        expected = event.hash
    return "", expected


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: number and hash of its last event; 0 and `START` of an empty one."""

    seq: int = 0
    hash: str = START

    def __str__(self) -> str:
        return f"{self.seq} {self.hash}"


NO_EVENT: Final = Head()
"""The head of an empty chain."""


def head_of(connection: Connection) -> Head:
    """Return the end of the chain, unverified."""
    row = connection.execute(_NEWEST).first()
    return Head(row.seq, row.hash) if row else NO_EVENT


def has_head(connection: Connection, head: Head) -> bool:
    """Tell whether a chain has, or once ended with, an event of this number and hash."""
    if head == NO_EVENT:
        return True
    same = audit_events.c.seq == head.seq
    return connection.scalar(sa.select(audit_events.c.hash).where(same)) == head.hash
