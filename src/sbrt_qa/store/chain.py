"""The chain of audit events: every event's hash covers the one before it.

Whoever changes or removes an event in the middle would have to make all later hashes anew. Events
cut off at the end leave no trace in the chain itself; that is why `sbrt-qa verify` prints the last
hash, and takes the one that was noted elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.store.tables import audit_events

START: Final = "0" * 64
"""What the first event follows."""


_NEWEST: Final = (
    sa.select(audit_events.c.seq, audit_events.c.hash).order_by(audit_events.c.seq.desc()).limit(1)
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
    connection: Connection, at: str, kind: str, subject: str, data: Mapping[str, Any]
) -> Event:
    """Add an event at the end of the chain, within the transaction of what it tells."""
    last = connection.execute(_NEWEST).first()
    seq, previous = (last.seq + 1, last.hash) if last else (1, START)
    details = canonical(data)
    made = event_hash(seq, at, kind, subject, details, previous)
    event = Event(seq, at, kind, subject, details, previous, made)
    row = {
        "seq": seq, "at": at, "kind": kind, "subject": subject, "details": details,
        "previous": previous, "hash": made,
    }  # fmt: skip
    connection.execute(_INSERTION, row)
    return event


def next_number(connection: Connection) -> int:
    """Return the number that the next event of this transaction gets."""
    last = connection.execute(_NEWEST).first()
    return last.seq + 1 if last else 1


def events(connection: Connection) -> Iterable[Event]:
    """Return all events in order, streamed."""
    rows = connection.execution_options(yield_per=1000).execute(
        sa.select(audit_events).order_by(audit_events.c.seq)
    )
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
