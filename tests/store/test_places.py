"""Places, failures, marks and fingerprints: recorded, answered, and told when they change."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from entries import entry, reviewed
from test_store import NOW, PLACE, full_store, recorder

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import writing
from sbrt_qa.audit.store.failures import Failure, end_failures_of, open_failures, record_failure
from sbrt_qa.audit.store.known import settled_inputs
from sbrt_qa.audit.store.places import PlaceRow, current_places, record_places
from sbrt_qa.audit.store.verify_records import verify

LATER = "2026-02-03T10:00:00Z"


def test_the_list_of_a_run_takes_the_place_of_that_before(engine):
    stray = PlaceRow("s" * 64, "S1/a.dcm", "S1", "", "not taken", "belongs to no submission", 1)
    counts = record_places(engine, [PLACE, stray], NOW)
    assert counts == {"submission": 6, "not taken": 1}
    assert current_places(engine) == (PLACE, stray)
    record_places(engine, [PLACE, stray], LATER)
    changed = replace(stray, reason="empty")
    record_places(engine, [changed], LATER)
    assert current_places(engine) == (changed,)
    record_places(engine, [PLACE, changed], LATER)
    assert current_places(engine) == (PLACE, changed)
    with writing(engine) as connection:
        rows = connection.scalar(sa.select(sa.func.count()).select_from(t.places))
    assert rows == 5  # two, none, one changed and one gone, one that came back
    assert not verify(engine).difference


def failed(kind: str = "cannot read", inputs: str = "") -> Failure:
    key = entry().place.place_key
    return Failure(key, "S1/001/v1", "S1", "001", inputs, kind, "permission denied", "r", "0.1")


def test_a_failure_is_open_until_its_place_is_reviewed_or_gone(engine):
    record_failure(engine, failed(), NOW)
    record_failure(engine, failed("worker lost"), LATER)
    (one,) = open_failures(engine)
    assert (one.kind, one.since, one.attempts) == ("worker lost", NOW, 2)
    recorder(engine).record(entry(), LATER)
    assert open_failures(engine) == ()
    record_failure(engine, failed(), LATER)
    end_failures_of(engine, {entry().place.place_key: "gone"}, LATER)
    assert open_failures(engine) == ()
    assert not verify(engine).difference


def test_an_input_is_known_by_further_fingerprints(engine):
    one = recorder(engine)
    one.record(entry(), NOW)
    made = one.record(replace(entry(), input_sha256="c" * 64, also=(entry().input_sha256,)), LATER)
    assert made.code == "S1/001/v1"
    known = settled_inputs(engine, entry().place.place_key, one.rules_sha256, "0.1")
    assert {k.input_sha256 for k in known} == {entry().input_sha256, "c" * 64}
    assert one.record(replace(entry(), input_sha256="c" * 64), LATER) == made
    assert not verify(engine).difference


NEW_TABLES = ("places", "failures", "failure_ends", "marks", "fingerprints")


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (name, column.name)
        for name in NEW_TABLES
        for column in t.metadata.tables[name].columns
        if not (column.primary_key or column.foreign_keys)  # the database minds those itself
    ],
)
def test_every_column_of_these_tables_is_verified(engine, table, column):
    full_store(engine, reviewed())
    assert not verify(engine).difference
    with writing(engine) as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(sa.text(f"DROP TRIGGER {table}_no_update"))
        else:
            connection.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        of = t.metadata.tables[table]
        value = 77 if isinstance(of.c[column].type, sa.Integer) else "f" * 64
        value = "f" if column == "kind" else value
        first = sa.select(sa.func.min(of.c.id)).scalar_subquery()
        connection.execute(of.update().where(of.c.id == first).values({column: value}))
    told = verify(engine).difference
    assert table.split("_")[0].rstrip("s") in told or "end" in told
