"""Whether letters, what was answered and how they were closed are still as they were recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.chain import Event
from sbrt_qa.audit.store.queries import ANSWERED, CLOSED, OPENED
from sbrt_qa.audit.store.records import sha256


@dataclass(slots=True)
class ToldQueries:
    """What the events say of each query: how it was opened, and the reason it was closed for."""

    opened: dict[int, dict[str, Any]] = field(default_factory=dict)
    closed: dict[int, dict[str, Any]] = field(default_factory=dict)
    answered: set[int] = field(default_factory=set)

    def add(self, event: Event) -> None:
        """Take in one event."""
        data = {**event.data, "at": event.at}
        if event.kind == OPENED:
            self.opened[data["query"]] = data
        elif event.kind == CLOSED:
            self.closed[data["query"]] = data
        elif event.kind == ANSWERED:
            self.answered.add(data["query"])


def query_differences(connection: Connection, told: ToldQueries) -> Iterator[str]:
    """Tell every query and closing that is not as it was recorded, or not there."""
    q, e = t.queries, t.query_closings
    letters = {row.id: row for row in connection.execute(sa.select(q).order_by(q.c.id))}
    yield from _missing("query", set(told.opened) | told.answered, set(letters))
    for number, row in letters.items():
        data = told.opened.get(number, {})
        made = {
            "submission": row.submission_id, "due": row.due, "letter": sha256(row.letter),
            "at": row.opened,
        }  # fmt: skip
        if row.sha256 != made["letter"] or any(data.get(key) != made[key] for key in made):
            yield f"query {number} is not what was recorded"
    closings = {row.query_id: row for row in connection.execute(sa.select(e).order_by(e.c.id))}
    yield from _missing("the closing of query", set(told.closed), set(closings))
    for number, row in closings.items():
        data = told.closed.get(number, {})
        if (data.get("reason"), data.get("at")) != (sha256(row.reason), row.closed):
            yield f"the closing of query {number} is not what was recorded"


def _missing(what: str, told: set[int], there: set[int]) -> Iterator[str]:
    yield from (f"{what} {number} was recorded and is not there" for number in sorted(told - there))
