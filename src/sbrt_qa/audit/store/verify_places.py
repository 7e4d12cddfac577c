"""Whether places, failures, marks and fingerprints are still what their events say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.chain import Event
from sbrt_qa.audit.store.failures import ENDED, ends_of, failure_hash
from sbrt_qa.audit.store.marks import marks_hash
from sbrt_qa.audit.store.places import PLACES, places_hash


@dataclass(slots=True)
class ToldPlaces:
    """What the events say, by their numbers or by submission."""

    places: dict[int, str] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    ends: dict[int, list[list[Any]]] = field(default_factory=dict)
    marks: dict[int, str] = field(default_factory=dict)
    also: dict[int, list[str]] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Take in one event."""
        data = event.data
        if event.kind == PLACES:
            self.places[event.seq] = data["rows"]
        elif event.kind == ENDED:
            self.ends[event.seq] = data["ends"]
        if "failure" in data:
            self.failures[event.seq] = data["failure"]
        if "marks" in data:
            self.marks.setdefault(data["submission"], data["marks"])
        for one in data.get("also", ()):
            self.also.setdefault(data["submission"], []).append(one)


def place_differences(connection: Connection, told: ToldPlaces) -> Iterator[str]:
    """Tell every row that is not as it was recorded, or not there."""
    for number, rows in _grouped(connection, t.places, "event", set(told.places)):
        if places_hash(rows) != told.places.get(number):
            yield f"the places of event {number} are not what was recorded"
    for number, rows in _grouped(connection, t.failures, "event", set(told.failures)):
        if [failure_hash(row) for row in rows] != [told.failures.get(number)]:
            yield f"the failure of event {number} is not what was recorded"
    for number, rows in _grouped(connection, t.failure_ends, "event", set(told.ends)):
        if ends_of(rows) != told.ends.get(number):
            yield f"the ends of failures of event {number} are not what was recorded"
    for number, rows in _grouped(connection, t.marks, "submission_id", set(told.marks)):
        if marks_hash(rows) != told.marks.get(number):
            yield f"the marks of submission {number} are not what was recorded"
    for number, rows in _grouped(connection, t.fingerprints, "submission_id", set(told.also)):
        if sorted(row["sha256"] for row in rows) != sorted(told.also.get(number, ())):
            yield f"the fingerprints of submission {number} are not what was recorded"


def _grouped(
    connection: Connection, table: sa.Table, column: str, told: set[int]
) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Give the rows of each number of a column; none where only the events tell of some."""
    groups: dict[int, list[dict[str, Any]]] = {number: [] for number in told}
    for row in connection.execute(sa.select(table).order_by(table.c.id)).mappings():
        groups.setdefault(row[column], []).append(dict(row))
    yield from sorted(groups.items())
