"""Every row of every table is covered by an event: its hash is over all columns.

A transaction that adds rows ends with an event that tells, table by table, which rows were added
and the hash of all their columns. Which columns those are comes from the tables themselves, so a
new table or column is covered without a word here, but for `ADDED`.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t
from sbrt_qa.errors import StoreError

FIRST_LAYOUT: Final = "v006"
"""The version of the store from which on events tell of rows."""

ADDED: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "v007": {one.name: frozenset(c.name for c in one.c) for one in t.TRIAL_TABLES},
    "v008": {one.name: frozenset(c.name for c in one.c) for one in t.OFFICE_TABLES},
    "v009": {one.name: frozenset(c.name for c in one.c) for one in t.REFERENCE_TABLES},
}
"""By version after the first layout: by table the columns that came with it. Events of earlier
versions do not cover them; the event that its migration ends with does."""

BATCH: Final = 1000

Marks = dict[str, int]
"""By table the highest key."""


@dataclass(frozen=True, slots=True)
class Cover:
    """What an event says of rows of one table: keys from `first` to `last`, and their hash."""

    seq: int
    table: str
    first: int
    last: int
    sha256: str
    layout: str


def tables() -> list[sa.Table]:
    """Return the tables whose rows events cover: all but the chain itself, which covers itself."""
    return [one for one in t.metadata.sorted_tables if one is not t.audit_events]


@functools.cache
def _marks_query() -> sa.Select[Any]:
    highest = (
        sa.select(sa.func.max(one.c.id)).scalar_subquery().label(one.name) for one in tables()
    )
    return sa.select(*highest)


def marks(connection: Connection) -> Marks:
    """Return the highest key of each table, 0 where it is empty."""
    row = connection.execute(_marks_query()).mappings().one()
    return {name: value or 0 for name, value in row.items()}


def columns(table: sa.Table, layout: str) -> list[sa.Column[Any]]:
    """Return the columns of a table that a version of the store knew, in order of their names."""
    later = {
        name for version, by_table in ADDED.items() if version > layout
        for name in by_table.get(table.name, ())
    }  # fmt: skip
    return sorted((c for c in table.c if c.name not in later), key=lambda column: column.name)


@functools.cache
def _rows_query(table: sa.Table, layout: str) -> sa.Select[Any]:
    wanted = sa.and_(table.c.id >= sa.bindparam("low"), table.c.id <= sa.bindparam("high"))
    listed = columns(table, layout)
    query = sa.select(table.c.id.label("the_key"), *listed).where(wanted).order_by(table.c.id)
    return query.execution_options(yield_per=BATCH)


def rows(
    connection: Connection, table: sa.Table, first: int, last: int, layout: str
) -> Iterator[Sequence[Any]]:
    """Return rows by rising key, streamed: the key, then the columns of a layout."""
    query = _rows_query(table, layout)  # its options are its own; those of a connection would stay
    with closing(connection.execute(query, {"low": first, "high": last})) as found:
        yield from found


def line(row: Sequence[Any]) -> bytes:
    """Return what is hashed of a row: all columns as JSON, bytes by their own hash."""
    return (json.dumps([_plain(value) for value in row], ensure_ascii=False) + "\n").encode(
        "utf-8", "surrogatepass"
    )


def _plain(value: Any) -> Any:  # noqa: ANN401 - of a column
    if isinstance(value, bytes | memoryview):
        return {"sha256": hashlib.sha256(value).hexdigest()}
    return value


def told(
    connection: Connection, before: Marks, now: Marks, layout: str, *, split: int = 0
) -> dict[str, Any]:
    """Return what an event tells of the rows added since; empty when there are none.

    ``{"layout": "v006", "TABLE": [[first, last, hash], ...]}``; with `split`, so many keys for
    each hash.
    """
    found: dict[str, Any] = {}
    for table in tables():
        low, high = before.get(table.name, 0) + 1, now[table.name]
        step = split or max(high, 1)
        parts = [
            [first, last, _digest(rows(connection, table, first, last, layout))]
            for first in range(low, high + 1, step)
            for last in (min(first + step - 1, high),)
        ]
        if parts:
            found[table.name] = parts
    return {"layout": layout} | found if found else {}


def _digest(found: Iterable[Sequence[Any]]) -> str:
    digest = hashlib.sha256()
    for row in found:
        digest.update(line(row[1:]))
    return digest.hexdigest()


def refuse_uncovered(covered: Marks, now: Marks) -> None:
    """Raise StoreError where rows were added after the last event of a transaction."""
    if name := next((name for name in now if now[name] != covered.get(name, 0)), ""):
        raise StoreError("rows were written that no event covers", where=name)


def covers_of(seq: int, data: Mapping[str, Any]) -> Iterator[Cover]:
    """Return what an event tells of rows."""
    found = data.get("covers", {})
    layout = found.get("layout", FIRST_LAYOUT)
    for name, parts in found.items():
        if name != "layout":
            yield from (Cover(seq, name, first, last, sha, layout) for first, last, sha in parts)


def differences(
    connection: Connection, covers: Iterable[Cover], codes: Mapping[int, str]
) -> Iterator[str]:
    """Tell of each row that is not what its events say, and of each that no event tells of.

    Parameters
    ----------
    codes
        What an event is called, by its number.
    """
    by_table: dict[str, list[Cover]] = {one.name: [] for one in tables()}
    for cover in covers:
        if cover.table not in by_table:
            yield f"event {cover.seq} tells of the table {cover.table}, which is not there"
            continue
        by_table[cover.table].append(cover)
    for table in tables():
        for lane in _lanes(by_table[table.name]):
            yield from _wrong(connection, table, lane, codes)
        yield from _untold(connection, table, by_table[table.name])


def _lanes(covers: list[Cover]) -> list[list[Cover]]:
    """Sort covers into lists in which none overlaps another and all have one layout."""
    lanes: list[list[Cover]] = []
    for one in sorted(covers, key=lambda cover: (cover.layout, cover.first, cover.seq)):
        for lane in lanes:
            if lane[-1].last < one.first and lane[-1].layout == one.layout:
                lane.append(one)
                break
        else:
            lanes.append([one])
    return lanes


def _wrong(
    connection: Connection, table: sa.Table, lane: list[Cover], codes: Mapping[int, str]
) -> Iterator[str]:
    """Hold rows against covers that do not overlap, in one pass over the table."""
    made = [hashlib.sha256() for _ in lane]
    at = 0
    found = rows(connection, table, lane[0].first, lane[-1].last, lane[0].layout)
    for row in found:
        while lane[at].last < row[0]:
            at += 1
        if lane[at].first <= row[0]:
            made[at].update(line(row[1:]))
    for cover, digest in zip(lane, made, strict=True):
        if digest.hexdigest() != cover.sha256:
            yield (
                f"rows {cover.first} to {cover.last} of the table {table.name} are not what event "
                f"{cover.seq} ({codes.get(cover.seq, '')}) recorded"
            )


def _untold(connection: Connection, table: sa.Table, covers: list[Cover]) -> Iterator[str]:
    spans: list[list[int]] = []
    for one in sorted(covers, key=lambda cover: cover.first):
        if spans and one.first <= spans[-1][1] + 1:
            spans[-1][1] = max(spans[-1][1], one.last)
        else:
            spans.append([one.first, one.last])
    inside = (table.c.id.between(low, high) for low, high in spans)
    query = sa.select(table.c.id).where(sa.not_(sa.or_(sa.false(), *inside))).limit(1)
    if (key := connection.scalar(query)) is not None:
        yield f"row {key} of the table {table.name} is there and was never recorded"
