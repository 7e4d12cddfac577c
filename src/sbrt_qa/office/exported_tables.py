"""Tables for statistics: what an account may see of submissions and limits, as rows.

A statistician's have the codes of subjects replaced, and no words that a site wrote: no names of
structures of a plan, no reasons; no table holds an arm or the name of a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from sqlalchemy.engine import Engine

from sbrt_qa.audit.store.answers import values
from sbrt_qa.audit.store.connection import Database
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.queue_page import every_entry
from sbrt_qa.office.queue_rows import QueueEntry

Cell: TypeAlias = str | int | float | bool | None

EXPORTED_TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "submissions": (
        "code", "trial", "site", "subject", "version", "kind", "received", "due", "state",
        "changed", "verdict", "minor", "major", "not_evaluable", "plans", "structure_sets", "doses",
        "images", "newest",
    ),
    "limits": (
        "code", "trial", "site", "subject", "version", "state", "plan", "limit", "structure",
        "metric", "op", "value", "unit", "per_protocol_limit", "minor_limit", "margin", "verdict",
        "used_verdict", "borderline", "priority", "counts", "protocol",
    ),
}  # fmt: skip
"""Columns by table; `structure` is the protocol's name of it, `verdict` the program's,
`used_verdict` the one that counts: what the office decided, else the program's."""


def exported_rows(
    records: Database, working: Engine, by: Acting, table: str, coding: bytes
) -> Iterator[tuple[Cell, ...]]:
    """Return the rows of a table, as far as an account may see them.

    Whoever hands them on to somebody slow takes all of them first: the records are being read
    until the last.

    Parameters
    ----------
    coding
        Key by which codes are replaced for a statistician.

    Raises
    ------
    UsageError
        There is no such table.
    """
    columns = EXPORTED_TABLES.get(table)
    if columns is None:
        raise UsageError("no such table", got=quoted(table), expected=", ".join(EXPORTED_TABLES))
    seen = every_entry(records, working, by, coding)
    if table == "submissions":
        return (_of_entry(one, columns) for one in seen.values())
    return _limits(records, seen, columns)


def _of_entry(entry: QueueEntry, columns: tuple[str, ...]) -> tuple[Cell, ...]:
    return tuple(getattr(entry, name) for name in columns)


def _limits(
    records: Database, seen: Mapping[str, QueueEntry], columns: tuple[str, ...]
) -> Iterator[tuple[Cell, ...]]:
    of_entry = {"code", "trial", "site", "subject", "version", "state"}
    for one in values(records):
        entry = seen.get(one.code)
        if entry is not None:
            yield tuple(getattr(entry if name in of_entry else one, name, None) for name in columns)
