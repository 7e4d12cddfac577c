"""Changes that somebody with the database could make: each column of each table."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.migrate import upgrade

AUDIT_TABLES = [one for one in t.metadata.sorted_tables if one not in t.OFFICE_TABLES]
"""Tables that hold rows without an office."""

OLD = Path(__file__).parent / "store_v004.sql"


@dataclass(frozen=True)
class Change:
    """Another value in one column of one row."""

    table: str
    column: str
    key: int
    value: Any

    def __str__(self) -> str:
        return f"{self.table}.{self.column} of row {self.key}"


def changes(
    connection: Connection,
    *,
    all_rows: bool = False,
    empty_too: bool = False,
    tables: Iterable[sa.Table] = t.metadata.sorted_tables,
) -> list[Change]:
    """Return changes of each column of tables, of the middle row or of all rows of each.

    A table without rows is refused, unless that is expected.
    """
    return [
        Change(table.name, column.name, row[0], value)
        for table in tables
        for row in chosen(connection, table, all_rows=all_rows, empty_too=empty_too)
        for column, old in zip(table.c, row, strict=True)
        for value in others(column, old)
    ]


def chosen(
    connection: Connection, table: sa.Table, *, all_rows: bool, empty_too: bool
) -> list[Any]:
    rows = list(connection.execute(sa.select(table).order_by(table.c[next(iter(table.c)).name])))
    assert rows or empty_too, f"the table {table.name} is empty, so its columns are not tried"
    return rows if all_rows or not rows else [rows[len(rows) // 2]]


def others(column: sa.Column[Any], old: Any) -> Iterator[Any]:
    """Return other values of a column: slightly another one, and none where that is allowed."""
    if old is None:
        yield 1 if column.type.python_type in (int, float) else "x"
        return
    if isinstance(old, bool):
        yield not old
    elif isinstance(old, int):
        yield old + 100_000
    elif isinstance(old, float):
        yield math.nextafter(old, math.inf)
    elif isinstance(old, bytes):
        yield old[:-1] + bytes([old[-1] ^ 1])
    else:
        yield f"{old} "
        if old.swapcase() != old:
            yield old.swapcase()
    if column.nullable and not column.primary_key:
        yield None


def forge(engine: sa.Engine, *statements: sa.Executable) -> None:
    """Change rows behind the program's back: triggers, keys and checks look away meanwhile.

    The triggers of the tables that are changed are dropped and made again as they were.
    """
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("COMMIT")
            for pragma in (
                "foreign_keys = OFF",
                "ignore_check_constraints = ON",
                "synchronous = OFF",
            ):
                connection.exec_driver_sql(f"PRAGMA {pragma}")
            connection.exec_driver_sql("BEGIN")
            names = {one.table.name for one in statements if isinstance(one, sa.UpdateBase)}
            query = "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'"
            there = list(connection.exec_driver_sql(query))
            triggers = [(name, text) for table, name, text in there if table in names]
            for name, _ in triggers:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            run(connection, statements)
            for _, text in triggers:
                connection.exec_driver_sql(text)
        else:
            connection.execute(sa.text("SET session_replication_role = replica"))
            run(connection, statements)
            connection.execute(sa.text("SET session_replication_role = origin"))
        connection.commit()
        connection.invalidate()  # its settings are not for others


def run(connection: Connection, statements: tuple[sa.Executable, ...]) -> None:
    for statement in statements:
        assert connection.execute(statement).rowcount, statement


def updating(change: Change) -> sa.Executable:
    table = t.metadata.tables[change.table]
    key = next(iter(table.primary_key.columns))
    return table.update().where(key == change.key).values({change.column: change.value})


def old_store(engine: sa.Engine, revision: str = "v004") -> None:
    """Make a store of an older version, with what that version wrote."""
    upgrade(engine, revision)
    memory = sqlite3.connect(":memory:")
    memory.executescript(OLD.read_text(encoding="utf-8"))
    memory.row_factory = sqlite3.Row
    there = sa.MetaData()
    there.reflect(engine)
    statements = []
    for table in there.sorted_tables:
        flags = {c.name for c in table.c if isinstance(c.type, sa.Boolean)}
        for row in memory.execute(f"SELECT * FROM {table.name} ORDER BY 1"):  # noqa: S608 - ours
            values = {k: bool(row[k]) if k in flags else row[k] for k in tuple(row.keys())}
            if table.name != "alembic_version":
                statements.append(table.insert().values(values))
    memory.close()
    forge(engine, *statements)
