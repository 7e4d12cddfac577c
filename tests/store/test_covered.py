"""Every row is covered by an event, in stores of older versions as well."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from entries import entry, fill
from forging import changes, forge, old_store, updating
from test_store import NOW, recorder

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.chain import CLOCK_WENT_BACK, append, events
from sbrt_qa.audit.store.connection import reading, writing, written
from sbrt_qa.audit.store.covered import ADDED, FIRST_LAYOUT
from sbrt_qa.audit.store.kept import events_of_kind
from sbrt_qa.audit.store.migrate import SEALED, upgrade
from sbrt_qa.audit.store.queries import LetterHead, close_queries, record_letter
from sbrt_qa.audit.store.sites import site_names
from sbrt_qa.audit.store.verify_records import verify
from sbrt_qa.audit.store.write import note
from sbrt_qa.errors import StoreError
from sbrt_qa.model.actor import SESSION, Actor, Doing, engine_actor

FIRST_COLUMNS = 144
"""Number of columns of the first layout; a store has more only by what `ADDED` names."""


def test_columns_that_came_later_are_named_as_such():
    added = sum(len(names) for tables in ADDED.values() for names in tables.values())
    columns = sum(len(table.c) for table in t.metadata.sorted_tables if table is not t.audit_events)
    assert columns - added == FIRST_COLUMNS
    assert all(version > FIRST_LAYOUT for version in ADDED)


def test_rows_that_no_event_covers_are_refused(engine):
    recorder(engine).record(entry(), NOW)

    def too_late(connection: sa.Connection) -> None:
        append(connection, NOW, "tried", "", {})
        connection.execute(t.sites.insert(), {"trial_id": 1, "code": "S77"})

    with pytest.raises(StoreError, match="no event covers"):
        written(engine, too_late)
    with writing(engine) as connection:
        connection.execute(t.sites.insert(), {"trial_id": 1, "code": "S78"})
        append(connection, NOW, "tried", "", {})
    assert "S78 of the table sites is there" in verify(engine).difference  # of no submission


def test_an_old_store_verifies_after_its_migration_and_is_covered_from_then_on(empty):
    old_store(empty)
    upgrade(empty)
    found = verify(empty)
    assert found.difference == ""
    (sealed,) = events_of_kind(empty, SEALED)
    assert (sealed["from"], sealed["to"]) == ("v004", t.VERSION)
    with reading(empty) as connection:
        filled = changes(connection, empty_too=True)
    filled = [one for one in filled if one.table != "audit_events"]
    assert {one.table for one in filled} > {"metric_values", "repairs", "query_closings", "dvhs"}
    for table in sorted({one.table for one in filled}):
        last = [one for one in filled if one.table == table][-1]
        old = current(empty, last)
        forge(empty, updating(last))
        assert verify(empty).difference, last
        forge(empty, updating(type(last)(last.table, last.column, last.key, old)))
    assert verify(empty).difference == ""


def current(engine: sa.Engine, change) -> object:
    table = t.metadata.tables[change.table]
    with reading(engine) as connection:
        key = next(iter(table.primary_key.columns))
        return connection.scalar(sa.select(table.c[change.column]).where(key == change.key))


# --- who -----------------------------------------------------------------------------------------


def test_every_event_says_who_acts(engine):
    fill(engine)
    person = Doing(Actor("王 Example", "coordinator"), "the site asked")
    made = record_letter(engine, 1, LetterHead(), lambda top: f"no. {top.number}", NOW, by=person)
    close_queries(engine, 1, "done", NOW, person)
    with reading(engine) as connection:
        told = [event.data["by"] for event in events(connection)]
    assert all(set(by) == {"actor", "kind", "role", "reason", "session"} for by in told)
    assert told[0] == engine_actor_told()
    assert told[-1]["actor"] == "王 Example"
    assert (told[-1]["kind"], told[-1]["role"]) == ("person", "coordinator")
    assert told[-1]["reason"] == "the site asked"
    assert made.text == f"no. {made.top.number}"
    assert verify(engine).difference == ""


def engine_actor_told() -> dict[str, str]:
    name = engine_actor().name
    return {"actor": name, "kind": "engine", "role": "engine", "reason": "", "session": SESSION}


@pytest.mark.parametrize(
    "name", ["", "  ", "a\nb", "x" * 201, "engine 0.1.0", "Engine", "a\u202eb"]
)
def test_what_is_no_name_of_a_person_is_refused(name):
    with pytest.raises(ValueError, match="name"):
        Actor(name)


def test_the_last_name_of_a_site_counts(engine):
    from sbrt_qa.audit.store.sites import name_sites

    fill(engine)
    assert site_names(engine) == {"S1": "First Clinic", "S2": "Second Clinic"}
    assert name_sites(engine, {"S1": "上海第一医院", "S2": "Second Clinic", "S9": "x"}, NOW) == (
        "S1",
    )
    assert site_names(engine)["S1"] == "上海第一医院"


# --- endurance -----------------------------------------------------------------------------------


def test_a_clock_that_goes_back_is_an_event(engine):
    for at in ("2026-02-02T10:00:00Z", "2026-02-02T09:59:30.000Z", "2026-02-01T10:00:00.000Z"):
        note(engine, at, "tried", {})
    (told,) = events_of_kind(engine, CLOCK_WENT_BACK)
    assert (told["from"], told["seconds"]) == ("2026-02-02T09:59:30.000Z", 86370.0)
    assert verify(engine).difference == ""


def test_what_answers_a_person_waits_for_the_disk(engine):
    if engine.dialect.name != "sqlite":
        pytest.skip("of SQLite only")
    levels = {}
    for durable in (True, False):
        with writing(engine, durable=durable) as connection:
            levels[durable] = connection.exec_driver_sql("PRAGMA synchronous").scalar()
    assert levels == {True: 2, False: 1}  # FULL, NORMAL
