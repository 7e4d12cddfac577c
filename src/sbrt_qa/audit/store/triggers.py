"""The triggers that keep rows as they were written: which there should be, and whether they are."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t


def broken_trigger(connection: Connection) -> str:
    """Return the first trigger that is missing, switched off or changed; empty when none is.

    On PostgreSQL its text is not looked at.
    """
    if connection.dialect.name == "postgresql":
        on = _switched_on(connection)
        missing = {f"{table}_append_only" for table in t.metadata.tables} - on
        return min(missing, default="")
    expected, there = _of_tables(), _texts(connection)
    return next((name for name in sorted(expected) if there.get(name) != expected[name]), "")


def _switched_on(connection: Connection) -> set[str]:
    query = (
        "SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT "
        "tgisinternal AND tgenabled IN ('O', 'A') AND relnamespace = current_schema()::regnamespace"
    )
    return set(connection.scalars(sa.text(query)))


def _texts(connection: Connection) -> dict[str, str]:
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    return {row.name: row.sql for row in connection.execute(sa.text(query))}


def _of_tables() -> dict[str, str]:
    """Return the text of every trigger of SQLite by its name, as the migrations leave them."""
    texts = {}
    for table in t.metadata.tables.values():
        for action in ("UPDATE", "DELETE"):
            texts[f"{table.name}_no_{action.lower()}"] = _trigger(table.name, action)
        same = " OR ".join(_is_there(table.name, key) for key in keys(table))
        texts[f"{table.name}_no_replace"] = _trigger(table.name, "INSERT", f"WHEN {same} ")
    return texts


def _trigger(table: str, action: str, when: str = "") -> str:
    name = "replace" if action == "INSERT" else action.lower()
    return (
        f"CREATE TRIGGER {table}_no_{name} BEFORE {action} ON {table} {when}"
        f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed'); END"
    )


def _is_there(table: str, key: tuple[str, ...]) -> str:
    same = " AND ".join(f"{column} = NEW.{column}" for column in key)
    return f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - names of our own


def keys(table: sa.Table) -> list[tuple[str, ...]]:
    """Return the columns of each key of a table: the primary one, then the others in order."""
    unique = (one for one in table.constraints if isinstance(one, sa.UniqueConstraint))
    others = sorted(tuple(column.name for column in one.columns) for one in unique)
    return [tuple(column.name for column in table.primary_key.columns), *others]
