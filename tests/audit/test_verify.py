"""Whatever is changed in a store behind its back is found and named."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from killable import Threads
from trials import run

from sbrt_qa import __version__
from sbrt_qa.audit import letters
from sbrt_qa.audit.actors import doing
from sbrt_qa.audit.answer import Contents, SubmissionAnswer, answer_of
from sbrt_qa.audit.finish import finish
from sbrt_qa.audit.folder import open_audit
from sbrt_qa.audit.run_audit import audit
from sbrt_qa.audit.store.kept import reviews
from sbrt_qa.audit.verifying import first_difference, rerun, verify
from sbrt_qa.sandbox import Outcome
from sbrt_qa.selftest import state


@pytest.fixture
def copy(audited: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(audited, tmp_path / "AUDIT"))


def forge(audit: Path, *statements: str) -> None:
    """Change rows as somebody with the file would: without the triggers, which come back after."""
    base = sqlite3.connect(audit / "audit.db")
    triggers = dict(base.execute("SELECT name, sql FROM sqlite_master WHERE type='trigger'"))
    for name in triggers:
        base.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        assert base.execute(statement).rowcount > 0
    for text in triggers.values():
        base.execute(text)
    base.commit()
    base.close()


def test_what_was_recorded_verifies(copy):
    found = verify(copy)
    assert found.difference == ""
    assert found.events == found.submissions + 5  # protocol, begun, places, ended, the page
    assert found.files == len([*copy.rglob("*.html")])
    assert verify(copy, head=found.head).difference == ""


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE audit_events SET details = '{}' WHERE seq = 5", "event 5 is not what it was"),
        ("DELETE FROM audit_events WHERE seq = 5", "event 5 is missing"),
        ("UPDATE reviews SET verdict = 'per_protocol' WHERE verdict = 'major'", "the verdict of"),
        ("UPDATE reviews SET document = (SELECT document FROM reviews WHERE id = 1), sha256 = "
         "(SELECT sha256 FROM reviews WHERE id = 1) WHERE id = 9", "the document of review 9"),
        ("UPDATE reviews SET document = x'00' WHERE id = 9", "review 9 cannot be read"),
        ("UPDATE metric_values SET value = value - 1 WHERE limit_id = 'DUO_MAX'", "DUO_MAX"),
        ("DELETE FROM metric_values WHERE review_id = 1 AND limit_id = 'DUO_MAX'", "DUO_MAX"),
        ("DELETE FROM findings WHERE code = 'PART_MISSING'", "the findings of review"),
        ("UPDATE dvhs SET data = (SELECT data FROM dvhs WHERE id = 1) WHERE id = 3", "histograms"),
        ("UPDATE submissions SET input_sha256 = hex(randomblob(32)) WHERE id = 4", "submission 4"),
        ("DELETE FROM files WHERE submission_id = 4", "the files of submission 4"),
        ("UPDATE protocol_versions SET content = replace(content, '33', '34')", "the protocol"),
        ("UPDATE submissions SET received = '2020-01-01' WHERE id = 4", "receipt of submission 4"),
        ("UPDATE submissions SET version = 7 WHERE id = 4", "submission 4 was recorded as"),
        ("UPDATE subjects SET code = 'S01-999' WHERE code = 'S01-001'", "was recorded as"),
        ("UPDATE trials SET code = 'other'", "the trial of submission 1"),
        ("INSERT INTO sites (trial_id, code) VALUES (1, 'S99')", "S99 of the table sites is there"),
        ("INSERT INTO subjects (site_id, code) VALUES (1, 'S01-999')", "S01-999 of the table"),
        ("INSERT INTO trials (code) VALUES ('second')", "second of the table trials is there"),
        ("DELETE FROM sites WHERE code = 'S01'", "was recorded and is not there"),
        ("DELETE FROM metric_values WHERE value IS NULL", "the value of"),
        ("DELETE FROM findings WHERE code LIKE 'IDENTIFIER%'", "the findings of submission"),
        ("UPDATE findings SET message = 'no' WHERE review_id IS NULL", "findings of submission"),
    ],
)  # fmt: skip
def test_a_forged_row_is_named(copy, statement, message):
    forge(copy, statement)
    assert message in verify(copy).difference


def test_the_events_that_are_left_are_counted_behind_a_gap_as_well(copy):
    before = verify(copy).events
    forge(copy, "DELETE FROM audit_events WHERE seq = 5")
    assert (verify(copy).events, before) == (before - 1, before)


def test_a_deleted_review_is_named(copy):
    forge(
        copy,
        "DELETE FROM metric_values WHERE review_id = 1",
        "DELETE FROM dvhs WHERE review_id = 1",
        "DELETE FROM reviews WHERE id = 1",
    )
    assert "a review of submission" in verify(copy).difference


def test_events_that_changed_places_are_named(copy):
    forge(
        copy,
        "UPDATE audit_events SET seq = 10000 WHERE seq = 5",
        "UPDATE audit_events SET seq = 5 WHERE seq = 6",
        "UPDATE audit_events SET seq = 6 WHERE seq = 10000",
    )
    assert "event 5 does not follow the one before it" in verify(copy).difference


@pytest.mark.parametrize("table", ["trials", "sites", "audit_events", "sqlite_schema"])
def test_a_damaged_database_is_named(copy, table):
    base = sqlite3.connect(copy / "audit.db")
    base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    root = "SELECT rootpage FROM sqlite_master WHERE name = ?"
    page = next(base.execute(root, (table,)), (1,))[0]
    (size,) = base.execute("PRAGMA page_size").fetchone()
    base.close()
    with (copy / "audit.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)
    ran = run("verify", copy)
    assert (ran.code, ran.out) == (1, "")
    assert "the database is damaged" in ran.err


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER metric_values_no_replace",
        "DROP TRIGGER audit_events_no_update",
        "DROP TRIGGER sites_no_delete",
    ],
)
def test_a_dropped_trigger_is_named(copy, statement):
    base = sqlite3.connect(copy / "audit.db")
    base.execute(statement)
    base.close()
    name = statement.split()[-1]
    assert f"the trigger {name}, which refuses changes, is missing" in verify(copy).difference


CODE = "S04/S04-002/v1"


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE queries SET letter = 'all is well'", "query 1 is not what was recorded"),
        ("UPDATE queries SET due = '2099-01-01T00:00:00Z'", "query 1 is not what was recorded"),
        ("UPDATE query_closings SET reason = 'fine'", "the closing of query 1 is not what"),
        ("DELETE FROM query_closings", "the closing of query 1 was recorded and is not there"),
    ],
)
def test_a_forged_query_is_named(copy, statement, message):
    by = doing("Test Office", "coordinator")
    letters.write_letter(copy, CODE, 14, by=by)
    letters.answered(copy, CODE, "a new plan comes", by=by)
    assert letters.close(copy, CODE, "accepted", by=by) == 1
    finish(copy)
    assert verify(copy).difference == ""
    forge(copy, statement)
    assert message in verify(copy).difference


def test_reviews_come_out_the_same_again(trial, copy):
    some = ("S06/S06-001/v1", "S08/S08-003/v1", "S06/S06-004/v1")  # minor, no DICOM, a name in it
    only = [word for code in some for word in ("--only", code)]
    ran = run("verify", copy, "--rerun", trial.submissions, *only)
    assert ran.code == 0, ran.out
    assert ran.out.splitlines()[2:] == [f"{code}: the same again" for code in sorted(some)]


def test_a_rerun_names_what_differs(trial, copy, tmp_path):
    elsewhere = tmp_path / "some" / "S06" / "S06-001" / "v1"
    shutil.copytree(trial.submissions / "S06/S06-001/v1", elsewhere)
    (elsewhere / "RTPLAN.dcm").unlink()
    ran = run("verify", copy, "--rerun", tmp_path / "some", "--only", "S06/S06-001/v1")
    assert ran.code == 1
    assert "S06/S06-001/v1: its files are not what was reviewed" in ran.out
    gone = run("verify", copy, "--rerun", tmp_path / "some", "--only", "S01/S01-001/v1")
    assert "its files are not there" in gone.out
    wrong = run("verify", copy, "--rerun", tmp_path / "some", "--only", "S99/1/v1")
    assert wrong.code == 2


def test_the_first_difference_of_two_documents_has_a_path():
    one = {"a": [1, {"b": "x"}], "c": None}
    assert first_difference(one, {"a": [1, {"b": "x"}], "c": None}) == ""
    assert first_difference(one, {"a": [1, {"b": "y"}], "c": 1}) == "a[1].b: stored 'x', now 'y'"
    assert first_difference(one, {"a": [1], "c": None}).startswith("a: stored ")


def test_an_audit_opens_only_where_there_is_one(copy):
    assert open_audit(copy).settings.trial == "synthetic_trial"


def test_the_self_test_is_cited_and_decides_nothing(one_submission, monkeypatch, tmp_path):
    """A worker cites the self-test of its machine; another one since changes no result."""
    for name in ("first", "second"):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / name))
        found = {"schema": state.SCHEMA, "engine_version": __version__, "passed": True, "id": name}
        assert state.keep(json.dumps(found))
        if name == "first":
            (step,) = audit(one_submission, Threads())
    engine = open_audit(one_submission.out).engine(one_submission.database)
    (kept,) = reviews(engine)
    engine.dispose()
    assert json.loads(kept.document)["engine"]["self_test"] == "first"
    (again,) = rerun(
        one_submission.out, one_submission.submissions, database=one_submission.database
    )
    assert (again.code, again.difference) == (step.code, "")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda answer: None,
        lambda answer: [answer],
        lambda answer: answer | {"input_sha256": "no hash"},
        lambda answer: answer | {"contents": "nothing"},
        lambda answer: answer | {"contents": answer["contents"] | {"plans": [{"document": 5}]}},
        lambda answer: answer | {"contents": answer["contents"] | {"uids": [["one"]]}},
        lambda answer: answer | {"contents": answer["contents"] | {"files": [{"sha256": "x"}]}},
    ],
)
def test_an_answer_of_another_form_is_none(spoil):
    sound = SubmissionAnswer(
        "0" * 64, "1" * 64, contents=Contents((), (), None, None, (), (), (), ())
    )
    values = json.loads(json.dumps(sound.to_values()))
    assert answer_of(Outcome(value=values)) == sound
    assert answer_of(Outcome(value=spoil(values))) is None
