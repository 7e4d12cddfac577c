"""Migrations up and down, with data in the tables."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from entries import entry
from test_store import NOW, recorder

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import VERSION, is_current, reading, writing
from sbrt_qa.audit.store.known import counts
from sbrt_qa.audit.store.migrate import SEALED, downgrade, upgrade
from sbrt_qa.audit.store.verify_records import verify
from sbrt_qa.errors import StoreError

FIRST = {one.name for one in t.FIRST_TABLES}


def tables(engine: sa.Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names()) - {"alembic_version"}


def content(engine: sa.Engine) -> dict[str, list[tuple]]:
    with reading(engine) as connection:
        return {
            one.name: [tuple(r) for r in connection.execute(sa.select(one).order_by(sa.text("1")))]
            for one in t.FIRST_TABLES
        }


def without_last_event(engine: sa.Engine) -> dict[str, list[tuple]]:
    """Return what is there but for the event that bringing a store up to date ends with."""
    found = content(engine)
    assert found["audit_events"].pop()[2] == SEALED
    return found


def settled(engine: sa.Engine) -> list[tuple]:
    columns = (t.settled.c.submission_id, t.settled.c.rules_sha256, t.settled.c.engine)
    with reading(engine) as connection:
        return sorted(tuple(row) for row in connection.execute(sa.select(*columns)))


def test_up_and_down_with_data(empty):
    assert not is_current(empty)
    upgrade(empty)
    assert is_current(empty)
    assert tables(empty) == set(t.metadata.tables)
    recorder(empty).record(entry(), NOW)
    recorder(empty).record(entry(version=2, content="second"), NOW)
    recorder(empty, "2").record(entry(rules="2"), NOW)
    before, known = content(empty), settled(empty)
    assert len(known) == 3
    downgrade(empty, "v001")
    assert not is_current(empty)
    assert tables(empty) == FIRST
    assert content(empty) == before
    upgrade(empty)
    assert without_last_event(empty) == before
    assert settled(empty) == known  # what an older store reviewed is settled
    assert "of the table settled are not what event" in verify(empty).difference  # made anew
    downgrade(empty, "base")
    assert tables(empty) == set()
    upgrade(empty)
    assert set(counts(empty).values()) == {0}


def replace_a_value(engine: sa.Engine) -> None:
    copied = "SELECT * FROM metric_values WHERE id = 1"
    with writing(engine, covers=False) as connection:
        connection.execute(sa.text(f"INSERT OR REPLACE INTO metric_values {copied}"))


def test_rows_of_an_older_store_cannot_be_replaced_any_more(empty):
    if empty.dialect.name != "sqlite":
        pytest.skip("of SQLite only")
    upgrade(empty)
    recorder(empty).record(entry(), NOW)
    downgrade(empty, "v003")
    before = content(empty)
    replace_a_value(empty)  # nothing hindered that
    upgrade(empty)
    assert without_last_event(empty) == before
    with pytest.raises(StoreError, match="never changed"):
        replace_a_value(empty)
    assert not verify(empty).difference
    downgrade(empty, "v003")
    replace_a_value(empty)
    assert "metric_values_no_replace" not in triggers(empty)
    assert without_last_event(empty) == before


def triggers(engine: sa.Engine) -> set[str]:
    with reading(engine) as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        return set(connection.scalars(sa.text(query)))


def test_a_trigger_that_is_gone_or_off_is_told(engine):
    assert not verify(engine).difference
    with writing(engine) as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(sa.text("DROP TRIGGER files_no_replace"))
        else:
            off = "ALTER TABLE files DISABLE TRIGGER files_append_only"
            connection.execute(sa.text(off))
    assert "the trigger files_" in verify(engine).difference


def test_the_newest_migration_is_the_current_version(engine):
    assert is_current(engine)
    with reading(engine) as connection:
        found = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    assert found == VERSION


def test_upgrading_twice_changes_nothing(engine):
    recorder(engine).record(entry(), NOW)
    before = content(engine)
    upgrade(engine)
    assert content(engine) == before


def shape(engine: sa.Engine) -> dict[str, object]:
    found = sa.inspect(engine)
    return {
        name: {
            "columns": sorted(
                (c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(name)
            ),
            "keys": sorted(
                (tuple(k["constrained_columns"]), k["referred_table"])
                for k in found.get_foreign_keys(name)
            ),
            "unique": sorted(tuple(u["column_names"]) for u in found.get_unique_constraints(name)),
            "checks": sorted(str(c["name"]) for c in found.get_check_constraints(name)),
            "indexes": sorted(
                tuple(i["column_names"])
                for i in found.get_indexes(name)
                if not i.get("duplicates_constraint")
            ),
        }
        for name in t.metadata.tables
    }


def test_the_migrations_lead_to_the_tables_of_the_code(engine):
    migrated = shape(engine)
    downgrade(engine, "base")
    t.metadata.create_all(engine)
    assert shape(engine) == migrated
