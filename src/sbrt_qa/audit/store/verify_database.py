"""Whether the database itself is sound, and its rows of places belong to what was recorded."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import open_engine, version_of
from sbrt_qa.audit.store.migrate import upgrade
from sbrt_qa.audit.store.triggers import broken_trigger

VERSION_TABLE: Final = "alembic_version"


def damage(connection: Connection) -> str:
    """Return the first thing that SQLite's own check finds broken; empty when nothing is.

    PostgreSQL has no such check; what it cannot read it refuses to give.
    """
    if connection.dialect.name != "sqlite":
        return ""
    found = str(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar())
    return "" if found == "ok" else f"the database is damaged ({' '.join(found.split())})"


def unclaimed_places(connection: Connection) -> Iterator[str]:
    """Tell trials, sites and subjects that stand for no submission: they come only with one."""
    levels = ((t.trials, t.sites.c.trial_id), (t.sites, t.subjects.c.site_id),
              (t.subjects, t.submissions.c.subject_id))  # fmt: skip
    for table, owner in levels:
        alone = sa.select(table.c.code).where(table.c.id.not_in(sa.select(owner)))
        for code in connection.scalars(alone.order_by(table.c.id)):
            yield f"{code} of the table {table.name} is there and was never recorded"


def trigger_differences(connection: Connection) -> Iterator[str]:
    """Tell that rows are not kept any more as they were written."""
    if name := broken_trigger(connection):
        yield f"the trigger {name}, which refuses changes, is missing or not what it was"


def schema_differences(connection: Connection) -> Iterator[str]:
    """Tell tables, columns, constraints, views and triggers that are not those of this version."""
    if (found := version_of(connection)) != t.VERSION:
        yield f"the version of the store is {found or 'gone'}, and not {t.VERSION}"
    there = set(sa.inspect(connection).get_table_names())
    for name in sorted(there - {*t.metadata.tables, VERSION_TABLE}):
        yield f"the table {name} is none of this program's"
    if connection.dialect.name == "sqlite":
        yield from _sqlite_differences(connection)
    else:
        yield from _postgresql_differences(connection)


def _sqlite_differences(connection: Connection) -> Iterator[str]:
    there, expected = _statements(connection), _expected_statements()
    for key in sorted({*there, *expected}):
        if there.get(key) != expected.get(key):
            yield f"the {key[0]} {key[1]} of the database is not what this program made it"


def _statements(connection: Connection) -> dict[tuple[str, str], str]:
    query = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    rows = connection.execute(sa.text(query))
    return {(row.type, row.name): " ".join(row.sql.split()) for row in rows}


@functools.cache
def _expected_statements() -> dict[tuple[str, str], str]:
    """Return what the migrations make of an empty database, which is held in memory."""
    engine = open_engine("sqlite://")
    try:
        upgrade(engine)
        with engine.connect() as connection:
            return _statements(connection)
    finally:
        engine.dispose()


def _postgresql_differences(connection: Connection) -> Iterator[str]:
    found = sa.inspect(connection)
    for name, table in sorted(t.metadata.tables.items()):
        there = {c["name"]: bool(c["nullable"]) for c in found.get_columns(name)}
        expected = {c.name: bool(c.nullable) for c in table.c}
        for column in sorted({*there, *expected}):
            if there.get(column) != expected.get(column):
                yield f"the column {column} of the table {name} is not what this program made it"
        checks = {str(c["name"]) for c in found.get_check_constraints(name)}
        wanted = {
            str(c.name) for c in table.constraints if isinstance(c, sa.CheckConstraint) and c.name
        }
        if missing := sorted(wanted - checks):
            yield f"the constraint {missing[0]} of the table {name} is gone"
    yield from _foreign_triggers(connection)


def _foreign_triggers(connection: Connection) -> Iterator[str]:
    query = (
        "SELECT t.tgname AS name, p.proname AS function, p.prosrc AS body FROM pg_trigger t "
        "JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid "
        "WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace"
    )
    names = {f"{table}_append_only" for table in t.metadata.tables}
    for row in connection.execute(sa.text(query)):
        sound = row.function == "sbrt_qa_append_only" and "RAISE EXCEPTION" in row.body
        if row.name not in names or not sound:
            yield f"the trigger {row.name} is not what this program made it"
