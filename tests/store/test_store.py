"""Recording: once, whole, never replaced, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace

import pytest
import sqlalchemy as sa
from entries import compared, entry, fill, lost, protocol, relabelled, reviewed

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.answers import DECIDING, deviations, submissions, values
from sbrt_qa.audit.store.connection import open_engine, reading, writing
from sbrt_qa.audit.store.failures import attempts, open_failures
from sbrt_qa.audit.store.kept import newest_reviews, protocols
from sbrt_qa.audit.store.known import counts, settled_inputs
from sbrt_qa.audit.store.places import PlaceRow, record_places
from sbrt_qa.audit.store.records import Mark, Recorded, ReviewedCase
from sbrt_qa.audit.store.treated_plans import plan_verdicts
from sbrt_qa.audit.store.triggers import keys
from sbrt_qa.audit.store.verify_records import verify
from sbrt_qa.audit.store.write import Recorder, add_protocol, note
from sbrt_qa.errors import StoreError

NOW = "2026-02-02T10:00:00Z"


def recorder(engine: sa.Engine, version: str = "1", engine_version: str = "0.1") -> Recorder:
    rules = protocol(version)
    rows = {rules.content_hash: add_protocol(engine, rules, NOW)}
    return Recorder(engine, rows, engine_version)


def test_a_submission_is_recorded_whole(engine):
    made = recorder(engine).record(entry(), NOW)
    assert (made.code, made.version, made.revision) == ("S1/001/v1", 1, 1)
    found = counts(engine)
    one = ("trials", "sites", "subjects", "submissions", "cases", "reviews", "repairs")
    assert {name: found[name] for name in one} == dict.fromkeys(one, 1)
    assert found["files"] == 5
    assert found["metric_values"] == 3
    assert found["dvhs"] == 3  # PTV, Liver, Liver without PTV
    assert found["audit_events"] == 2  # the protocol, the submission


def test_recording_the_same_again_adds_only_an_event(engine):
    one = recorder(engine)
    first = one.record(entry(), NOW)
    before = counts(engine)
    assert one.record(entry(), NOW) == first
    assert counts(engine) == before | {"audit_events": before["audit_events"] + 1}


def test_versions_and_revisions_never_replace(engine):
    one = recorder(engine)
    codes = [
        one.record(entry(version=1), NOW).code,
        one.record(entry(version=2, content="second"), NOW).code,
        one.record(entry(version=1, content="changed in place"), NOW).code,
        one.record(entry(version=None, content="third", place="elsewhere"), NOW).code,
    ]
    assert codes == ["S1/001/v1", "S1/001/v2", "S1/001/v1.2", "S1/001/v3"]


def test_a_second_protocol_and_a_second_engine_add_reviews(engine):
    recorder(engine).record(entry(), NOW)
    recorder(engine, "2").record(entry(rules="2"), NOW)
    recorder(engine, "2", "0.2").record(entry(rules="2"), NOW)
    found = counts(engine)
    assert (found["submissions"], found["cases"], found["reviews"]) == (1, 1, 3)
    assert found["protocol_versions"] == 2


def settled(engine: sa.Engine, by: Recorder) -> tuple[str, ...]:
    key, rules = entry().place.place_key, by.rules_sha256
    return tuple(one.input_sha256 for one in settled_inputs(engine, key, rules, by.version))


def test_what_is_reviewed_is_known_by_input_protocol_and_engine(engine):
    one = recorder(engine)
    assert settled(engine, one) == ()
    one.record(entry(), NOW)
    one.record(entry(content="changed in place"), NOW)
    both = (entry().input_sha256, entry(content="changed in place").input_sha256)
    assert settled(engine, one) == both
    assert settled(engine, recorder(engine, engine_version="0.2")) == ()
    assert settled(engine, recorder(engine, "2")) == ()
    known = settled_inputs(engine, entry().place.place_key, one.rules_sha256, "0.1")
    assert [(k.code, k.plans) for k in known] == [("S1/001/v1", 1), ("S1/001/v1.2", 1)]


def test_a_case_is_recorded_under_the_version_that_it_was_held_against(engine):
    rows = {r.content_hash: add_protocol(engine, r, NOW) for r in map(protocol, ("1", "2"))}
    family = Recorder(engine, rows, "0.1")
    one, two = (entry(str(n), rules=str(n), place=str(n), content=str(n)) for n in (1, 2))
    for submission in (one, two):
        family.record(submission, NOW)
        known = settled_inputs(engine, submission.place.place_key, family.rules_sha256, "0.1")
        assert [k.input_sha256 for k in known] == [submission.input_sha256]
    assert {(v.site, v.protocol) for v in values(engine)} == {("1", "small 1"), ("2", "small 2")}
    assert not verify(engine).difference
    assert settled(engine, recorder(engine)) == ()  # version 1 alone is another question


def test_a_review_by_another_protocol_is_refused(engine):
    with pytest.raises(StoreError, match="by another protocol"):
        recorder(engine, "2").record(entry(), NOW)
    assert counts(engine)["submissions"] == 0


def test_what_broke_off_is_never_settled(engine):
    one = recorder(engine)
    for attempt in range(1, 4):
        assert settled(engine, one) == ()
        one.record(lost(why=f"exceeded {attempt} s"), NOW)
        (row,) = submissions(engine)
        assert (row.code, row.verdict, row.plans, row.notices) == (
            "S1/001/v1",
            "not_evaluable",
            0,
            1,
        )
        assert [d.text for d in deviations(engine)] == [
            f"not evaluable: the review exceeded {attempt} s"
        ]
    assert settled(engine, one) == ()
    key = entry().place.place_key
    assert attempts(engine, key, one.rules_sha256, one.version) == {entry().input_sha256: 3}
    (waiting,) = open_failures(engine)
    assert (waiting.place, waiting.attempts, waiting.since) == ("S1/001/v1", 3, NOW)
    one.record(entry(), NOW)
    assert open_failures(engine) == ()
    assert attempts(engine, key, one.rules_sha256, one.version) == {}
    assert not verify(engine).difference


def test_what_broke_off_is_whole_after_a_run_that_succeeds(engine):
    one = recorder(engine)
    one.record(lost(), NOW)
    one.record(entry(), NOW)
    (row,) = submissions(engine)
    assert (row.plans, row.structure_sets, row.doses, row.images) == (1, 1, 1, 2)
    assert row.notices == sum(d.kind != "limit" for d in deviations(engine))
    assert "NOT_REVIEWED" not in {d.what for d in deviations(engine)}
    assert settled(engine, one) == (entry().input_sha256,)
    assert not verify(engine).difference
    assert counts(engine)["submissions"] == counts(engine)["reviews"] == 1


def test_a_review_that_broke_off_is_one_thing_that_cannot_be_judged(engine):
    recorder(engine).record(lost(), NOW)
    recorder(engine).record(lost(), NOW)
    (row,) = submissions(engine)
    assert (row.verdict, row.not_evaluable, row.major, row.minor) == ("not_evaluable", 1, 0, 0)
    recorder(engine).record(entry(), NOW)
    (row,) = submissions(engine)
    told = [one for one in deviations(engine) if one.verdict == "not_evaluable"]
    assert (row.not_evaluable, "broke" in str(told)) == (len(told), False)


def test_a_comparison_is_recorded_with_its_review(engine):
    case = replace(reviewed(), comparison=compared())
    recorder(engine).record(entry(cases=(case,)), NOW)
    assert counts(engine)["comparisons"] == 1
    assert not verify(engine).difference


def test_the_newest_two_submissions_up_to_a_version_are_told(engine):
    one = recorder(engine)
    one.record(entry(version=1), NOW)
    one.record(entry(version=2, content="second"), NOW)
    one.record(entry(version=1, content="changed in place"), NOW)
    place = ("T", "S1", "001")
    first, changed, second = (
        entry(content=text).input_sha256 for text in ("first", "changed in place", "second")
    )
    newest = {1: [changed, first], 2: [second, changed], None: [second, changed]}
    for version, expected in newest.items():
        found = newest_reviews(engine, place, version)
        assert [inputs for inputs, _ in found] == expected
        assert {documents for _, documents in found} == {(reviewed().document,)}
    assert newest_reviews(engine, ("T", "S1", "002"), None) == ()


def test_plans_that_a_later_version_finds_are_added(engine):
    recorder(engine).record(entry(cases=(relabelled("a"),)), NOW)
    recorder(engine, "1", "0.2").record(entry(cases=(relabelled("a"), relabelled("b"))), NOW)
    found = counts(engine)
    assert (found["submissions"], found["cases"], found["reviews"]) == (1, 2, 3)


PLACE = PlaceRow("k" * 64, "S1/001/v1", "S1", "001", "submission", "", 6)


def full_store(engine: sa.Engine, case: ReviewedCase) -> Recorded:
    """Record something in every table but those of letters."""
    one = recorder(engine)
    one.record(lost(), NOW)
    old = replace(entry(cases=(case,)), marks=(Mark("study", "a" * 64), Mark("plan", "b" * 64, 1)))
    made = one.record(old, NOW)
    one.record(replace(old, input_sha256="c" * 64, also=(old.input_sha256,)), NOW)
    record_places(engine, [PLACE], NOW)
    return made


@pytest.mark.parametrize("table", [one.name for one in t.metadata.sorted_tables])
@pytest.mark.parametrize("action", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}"])
def test_rows_are_never_changed(filled, table, action):
    column = next(iter(t.metadata.tables[table].columns)).name
    with pytest.raises(StoreError, match="never changed"), writing(filled) as connection:
        connection.execute(sa.text(action.format(table, column)))


@pytest.mark.parametrize(
    ("table", "key"), [(one, key) for one in t.metadata.tables.values() for key in keys(one)]
)
def test_rows_are_never_replaced(filled, table, key):
    """Neither by the number of the row nor, under a new number, by what else must be unique."""
    names = ", ".join(column.name for column in table.columns if column.name != "id" or "id" in key)
    verb = "INSERT OR REPLACE" if filled.dialect.name == "sqlite" else "INSERT"
    copied = f"SELECT {names} FROM {table.name} WHERE true"  # noqa: S608
    statement = f"{verb} INTO {table.name} ({names}) {copied}"
    if filled.dialect.name == "postgresql":
        one = names.split(", ", 1)[0]
        statement += f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {one} = excluded.{one}"
    with pytest.raises(StoreError, match="never changed"), writing(filled) as connection:
        connection.execute(sa.text(statement))


@pytest.mark.parametrize(
    ("table", "change"),
    [
        (t.submissions, {"version": 0}),
        (t.submissions, {"revision": 0}),
        (t.submissions, {"input_sha256": "short"}),
        (t.reviews, {"verdict": "fine"}),
        (t.reviews, {"case_id": 99}),
        (t.metric_values, {"value": None, "reason": None}),
        (t.metric_values, {"value": None, "reason": "no_dose", "verdict": "per_protocol"}),
        (t.metric_values, {}),
    ],
)
def test_the_database_itself_refuses_what_makes_no_sense(engine, table, change):
    recorder(engine).record(entry(), NOW)
    with reading(engine) as connection:
        row = dict(connection.execute(sa.select(table).limit(1)).mappings().one())
    del row["id"]
    if table is t.submissions:
        row |= {"version": 9, "place_key": "0" * 64}
    if table is t.reviews:
        row["engine"] = "other"
    if change and table is t.metric_values:
        row["limit_id"] = "OTHER"
    with pytest.raises(StoreError), writing(engine, covers=False) as connection:
        connection.execute(table.insert(), row | change)


def test_a_recording_that_fails_leaves_nothing(engine):
    one = recorder(engine)
    broken = entry(cases=(relabelled("a"),))
    twice = (*broken.cases[0].review.constraints, broken.cases[0].review.constraints[0])
    object.__setattr__(broken.cases[0].review, "constraints", twice)
    before = counts(engine)
    with pytest.raises(StoreError):
        one.record(broken, NOW)
    assert counts(engine) == before


def test_writers_side_by_side_share_one_chain(engine, url):
    one = recorder(engine)

    def write(number: int) -> None:
        own = open_engine(url)
        for i in range(5):
            content = f"{number} {i}"
            new = entry(subject=f"{number}", version=None, content=content, place=content)
            Recorder(own, one.protocols, "0.1").record(new, NOW)
        own.dispose()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = counts(engine)
    assert (found["submissions"], found["audit_events"]) == (15, 16)


def test_sqlite_writes_ahead(empty):
    if empty.dialect.name != "sqlite":
        pytest.skip("of SQLite only")
    with reading(empty) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@pytest.mark.parametrize(
    ("url_", "message"),
    [
        ("nonsense", "not the address of a database"),
        ("mysql://host/name", "of this kind is not supported"),
        ("sqlite:////no/such/folder/audit.db", "cannot be used"),
        ("postgresql+psycopg://nobody@/none?host=/no/such", "cannot be used"),
    ],
)
def test_an_address_that_leads_nowhere_is_told(url_, message):
    with pytest.raises(StoreError, match=message):
        note(open_engine(url_), NOW, "tried", {})


def test_answers_are_the_same_on_both(engine):
    """Databases give sums in types of their own; answers do not."""
    one = recorder(engine)
    one.record(entry(), NOW)
    one.record(entry(version=2, content="second"), NOW)
    first, second = submissions(engine)
    assert (first.code, first.latest, second.latest) == ("S1/001/v1", False, True)
    assert (first.plans, first.images, first.notices, first.complete) == (1, 2, 11, True)
    assert type(first.minor) is type(first.major) is type(first.not_evaluable) is int
    decided = Counter(one.verdict for one in deviations(engine, submission=first.id))
    assert {name: getattr(first, name) for name in DECIDING} == {
        name: decided[name] for name in DECIDING
    }
    assert decided[first.verdict] > 0
    assert [v.limit for v in values(engine, submission=first.id)] == ["COVER", "MEAN", "REST"]
    assert {d.what for d in deviations(engine)} == {
        "BREATHING", "DOSE_CUT_OFF", "DOSE_GRID_MARGIN", "DOSE_GRID_SPACING", "HETEROGENEITY",
        "IDENTIFIER_PRIVATE_TAGS", "NOTHING_TO_DELIVER", "ORGAN_VOLUME", "PLAN_NOT_APPROVED",
        "REPAIRED", "REQUIRED_MISSING",
    }  # fmt: skip


def test_t29__verdicts_of_one_version_are_not_those_of_another(engine):
    fill(engine)
    planned = {one.submission: one.verdict for one in plan_verdicts(engine)}
    assert planned["S1/001/v1"]
    for version in protocols(engine):
        found = {one.submission: one.verdict for one in plan_verdicts(engine, version)}
        assert set(found) == set(planned)
