"""What became of every file and folder below the submissions, as each run found it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.chain import append, next_number
from sbrt_qa.audit.store.connection import Database, reading, writing
from sbrt_qa.audit.store.records import sha256
from sbrt_qa.audit.store.rows import insert_all

PLACES: Final = "places"
"""Kind of the event of a run's list."""

TAKEN: Final = "submission"
NOT_TAKEN: Final = "not taken"
SYSTEM: Final = "system file"
GONE: Final = "gone"
"""Outcomes; of a place of a run before that is not there any more the last."""

COLUMNS: Final = ("place_key", "place", "site", "subject", "outcome", "reason", "entries")


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place below the submissions and what became of it.

    Parameters
    ----------
    place_key
        Stands for the path; tells nothing of its names.
    place
        The path with slashes, names that are no codes left out.
    site, subject
        Codes as far as the path tells them; else empty.
    outcome, reason
        ``submission``, ``not taken`` or ``system file``, and why.
    entries
        Number of files and folders that the row stands for.
    """

    place_key: str
    place: str
    site: str
    subject: str
    outcome: str
    reason: str
    entries: int


def record_places(engine: Database, found: Iterable[PlaceRow], at: str) -> Mapping[str, int]:
    """Record the list of a run: what differs from that of the run before, and the event.

    Returns
    -------
    How many files and folders ended with each outcome.
    """
    now = {one.place_key: one for one in found}
    counts: Counter[str] = Counter()
    for one in now.values():
        counts[one.outcome] += one.entries
    with writing(engine) as connection:
        before = {one.place_key: one for one in _current(connection)}
        changed = [one for key, one in now.items() if before.get(key) != one]
        changed += [_gone(one) for key, one in before.items() if key not in now]
        number = next_number(connection)
        rows = [asdict(one) for one in changed]
        insert_all(connection, t.places, [row | {"event": number} for row in rows])
        data = {"rows": places_hash(rows), "entries": dict(counts)}
        append(connection, at, PLACES, "", data)
    return counts


def _gone(one: PlaceRow) -> PlaceRow:
    return PlaceRow(one.place_key, one.place, one.site, one.subject, GONE, "", 0)


def current_places(engine: Database) -> tuple[PlaceRow, ...]:
    """Return the list of the newest run, in the order of the places."""
    with reading(engine) as connection:
        return tuple(sorted(_current(connection), key=lambda one: (one.place, one.place_key)))


def _current(connection: Connection) -> list[PlaceRow]:
    p = t.places.c
    newest = sa.select(sa.func.max(p.id)).group_by(p.place_key)
    query = sa.select(*(p[name] for name in COLUMNS)).where(p.id.in_(newest), p.outcome != GONE)
    return [PlaceRow(*row) for row in connection.execute(query.order_by(p.id))]


def places_hash(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the fingerprint of rows in their order."""
    return sha256(json.dumps([[row[name] for name in COLUMNS] for row in rows]))
