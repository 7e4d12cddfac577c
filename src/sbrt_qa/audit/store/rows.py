"""Rows found by their columns, and added: statements are put together once and used again.

Putting one together takes longer than what the database does with it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.errors import StoreError


@functools.cache
def _id_query(table: sa.Table, names: tuple[str, ...]) -> sa.Select[Any]:
    """Return the query of a row by columns; put together once, which takes longer than asking."""
    same = (table.c[name] == sa.bindparam(f"the_{name}") for name in names)
    return sa.select(table.c.id).where(*same).limit(1)


def id_of(connection: Connection, table: sa.Table, row: Mapping[str, Any]) -> int | None:
    """Return the row with these columns, None where there is none."""
    wanted = {f"the_{name}": value for name, value in row.items()}
    found: int | None = connection.scalar(_id_query(table, tuple(row)), wanted)
    return found


def is_there(connection: Connection, table: sa.Table, row: Mapping[str, Any]) -> bool:
    """Tell whether there is a row with these columns."""
    return id_of(connection, table, row) is not None


@functools.cache
def _insertion(table: sa.Table) -> sa.Insert:
    return table.insert()


def insert(connection: Connection, table: sa.Table, row: dict[str, Any]) -> int:
    """Add a row and return its key.

    Raises
    ------
    StoreError
        The database gives none.
    """
    key = connection.execute(_insertion(table), row).inserted_primary_key
    if key is None:
        raise StoreError("the database gave no key", where=table.name)
    return int(key[0])


def insert_all(connection: Connection, table: sa.Table, rows: Iterable[dict[str, Any]]) -> None:
    """Add rows; none is fine."""
    listed = list(rows)
    if listed:
        connection.execute(_insertion(table), listed)
