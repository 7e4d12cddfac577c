"""Decisions and signatures as they are printed, and what verifying says of forged ones."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from forging import forge
from office_rows import (
    AT,
    SmallOffice,
    answered,
    copied,
    kept,
    office_of_three,
    override,
    signed,
)

from sbrt_qa.audit.folder import AuditSettings, begin
from sbrt_qa.audit.letters import _letter
from sbrt_qa.audit.office_answers import OFFICE, turnarounds
from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.decision_rows import decision_record
from sbrt_qa.audit.store.verify_office import office_differences
from sbrt_qa.audit.store.verify_records import verify
from sbrt_qa.audit.what_can_be_asked import Question
from sbrt_qa.audit.working_time import turnaround, usual_due
from sbrt_qa.cli.main import run
from sbrt_qa.i18n.words import Words
from sbrt_qa.office.assigning import assign, plan_review
from sbrt_qa.office.closing_steps import reopen
from sbrt_qa.office.entering import take_in
from sbrt_qa.office.reader_forms import comment
from sbrt_qa.office.threads import answer_thread, ask_site, close_thread
from sbrt_qa.office.trial_options import set_option
from sbrt_qa.reports.decision.decision_sheet import decision_json, decision_sheet
from sbrt_qa.reports.letter.compose import letter_sheet
from sbrt_qa.reports.sheet.plain_text import sheet_text
from sbrt_qa.reports.sheet.sheet_render import sheet_pdf

CODE = "S1/001/v1"
DATES = ("2026-03-02", "2026-03-16")


@pytest.fixture(scope="session")
def of_three(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    def made(engine):
        office = office_of_three(engine)
        take_in(engine, AT)
        return office

    return kept(tmp_path_factory.mktemp("printed") / "audit.db", made)


@pytest.fixture
def office(of_three: tuple[Path, dict[str, int]], tmp_path: Path) -> Iterator[SmallOffice]:
    with copied(of_three, tmp_path / "audit.db") as office:
        yield office


def decide(office: SmallOffice, grade: str = "accepted", submission: int = 1) -> str:
    """Let reader1 decide a case with one item overridden; return the hash of what was shown."""
    coordinator = office.by("coordinator")
    plan_review(office.engine, coordinator, submission, "retrospective", 1, blind=False)
    assign(office.engine, coordinator, [submission], office.keys["reader1"])
    key = answered(office, "reader1", submission, grade)
    override(office, "reader1", key, "minor")
    for visibility in ("site", "office"):
        by = office.by("reader1")
        comment(office.engine, by, key, f"words for the {visibility}", visibility=visibility)
    return signed(office, "reader1", key).content_sha256


def letter(office: SmallOffice, submission: int = 1, language: str = "en") -> str:
    found = _letter(office.engine, submission, CODE, "T", DATES)
    return " ".join(sheet_text(letter_sheet(found, Words(language))).split())


def test_a_signature_is_printed_in_document_json_and_letter(office):
    shown = decide(office)
    record = decision_record(office.engine, CODE)
    text = " ".join(sheet_text(decision_sheet(record, Words("en"))).split())
    sentence = "“I reviewed the dose and plan as physicist.”"
    for printed in (text, letter(office)):
        for part in ("Reader1 Person, reviewer", sentence, AT, "2026-03-02T11:00:00+01:00", shown):
            assert part in printed
    told = json.loads(decision_json(record))
    (signature,) = told["signatures"]
    assert signature["content_sha256"] == shown
    assert {"name", "role", "sentence", "at", "local_at", "state", "content"} <= set(signature)
    assert told["program"]["verdict"] == record.program
    assert told["decision"]["outcome"] == "accepted"
    assert sheet_pdf(decision_sheet(record, Words("zh")))[:5] == b"%PDF-"


def test_a_letter_tells_the_offices_decision_beside_the_programs_result(office):
    before = letter(office)
    assert "Please send what is missing" in before
    assert "Decision" not in before
    decide(office)
    accepted = letter(office)
    assert "The review office accepted it." in accepted
    assert "Decision accepted" in accepted
    assert "Result of the program ? not evaluable" in accepted
    assert "the office decided △ minor (another reason)" in accepted
    assert "words for the site" in accepted
    assert "words for the office" not in accepted
    for asked in ("Correction requested", "Please send what is missing", "Please correct the plan"):
        assert asked not in accepted
    assert "Only 100.00 %" not in accepted


def test_the_command_writes_each_form_and_queries_narrow_by_decision(office, tmp_path, capsys):
    decide(office, "accepted with deviation")
    audit = tmp_path / "A"
    begin(audit, AuditSettings("T"))
    office.engine.dispose()  # all is in the file now, and not in its log
    shutil.copy(tmp_path / "audit.db", audit / "audit.db")
    for form in ("pdf", "html", "json", "txt"):
        assert run(["decision", str(audit), CODE, "--out", str(tmp_path / f"x.{form}")]) == 0
    assert json.loads((tmp_path / "x.json").read_text())["submission"] == CODE
    assert run(["decision", str(audit), "S9/1/v1"]) == 2
    for decision, wanted in (("accepted with deviation", 1), ("undecided", 2), ("rejected", 0)):
        capsys.readouterr()
        asked = ["query", str(audit), "submissions", "--decision", decision, "--format", "json"]
        assert run(asked) == 0
        assert len(json.loads(capsys.readouterr().out)) == wanted
    assert run(["query", str(audit), "sites", "--decision", "rejected"]) == 2
    assert run(["query", str(audit), "submissions", "--decision", "good"]) == 2


def test_a_rejected_plan_is_asked_for_again(office):
    decide(office, "rejected")
    told = letter(office)
    assert "The review office did not accept it." in told
    assert "Please correct the plan and submit it again." in told


def test_p40__a_decision_that_was_reopened_is_not_in_the_letter_but_in_the_record(office):
    decide(office)
    reopen(office.engine, office.by("coordinator"), 1, "the site wrote again")
    assert "The review office accepted it." not in letter(office)
    text = sheet_text(decision_sheet(decision_record(office.engine, CODE), Words("en")))
    assert "superseded: the case was reopened" in text


def test_s15__an_edited_signature_is_named(office):
    decide(office)
    assert verify(office.engine).difference == ""
    forge(office.engine, o.signatures.update().values(name="Somebody Else"))
    assert "signature 1: what it prints is not what was signed" in verify(office.engine).difference


def test_s15__a_removed_signature_is_named(office):
    decide(office)
    forge(office.engine, o.decisions.delete(), o.signatures.delete())
    assert "signature 1 is gone; it was signed in event" in verify(office.engine).difference


def test_s15__a_replayed_signature_is_named(office):
    decide(office)
    coordinator = office.by("coordinator")
    assign(office.engine, coordinator, [2], office.keys["reader1"])
    other = answered(office, "reader1", 2)
    with office.engine.connect() as connection:
        row = dict(connection.execute(o.signatures.select()).mappings().one())
        challenge = dict(connection.execute(o.challenges.select()).mappings().one())
    challenge |= {"id": 2, "reading_id": other, "token_sha256": "0" * 64}
    row |= {"id": 2, "reading_id": other, "challenge_id": 2, "submission_id": 2, "sha256": "1" * 64}
    forge(office.engine, o.challenges.insert().values(challenge),
          o.signatures.insert().values(row))  # fmt: skip
    assert verify(office.engine).difference.startswith("signature 2: ")
    with office.engine.connect() as connection:
        told = list(office_differences(connection))
    assert "signature 2: no event tells that it was signed" in told


# --- how long it took ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "hours"),
    [
        # received Friday noon, decided Monday noon: 12 h of Friday, 12 h of Monday
        ([("received", "2026-03-06T12:00:00Z"), ("accepted", "2026-03-09T12:00:00Z")],
         (72.0, 0.0, 72.0, 24.0)),
        # with the site from Saturday to Tuesday noon: those hours are not the office's
        ([("in review", "2026-03-06T12:00:00Z"), ("queried", "2026-03-07T00:00:00Z"),
          ("in review", "2026-03-10T12:00:00Z"), ("rejected", "2026-03-10T18:00:00Z")],
         (102.0, 84.0, 18.0, 18.0)),
        # reopened a week later: between the decision and that, no clock runs
        ([("accepted", "2026-03-09T12:00:00Z"), ("reopened", "2026-03-16T12:00:00Z"),
          ("accepted", "2026-03-16T14:00:00Z")],
         (74.0, 0.0, 74.0, 26.0)),
        # a clock that went back takes no time away
        ([("in review", "2026-03-06T14:00:00Z"), ("accepted", "2026-03-06T13:00:00Z")],
         (2.0, 0.0, 2.0, 2.0)),
    ],
)  # fmt: skip
def test_the_clock_stands_still_with_the_site_and_on_free_days(steps, hours):
    told = turnaround("2026-03-06T12:00:00Z", steps, "2026-04-01T00:00:00Z")
    assert (told.gross, told.site, told.net, told.working) == hours


def test_a_holiday_is_no_working_time():
    steps = [("accepted", "2026-03-10T12:00:00Z")]
    told = turnaround("2026-03-06T12:00:00Z", steps, "2026-04-01T00:00:00Z", ["2026-03-09"])
    assert (told.net, told.working) == (96.0, 24.0)


def test_a_due_date_is_counted_from_the_receipt():
    assert usual_due("2026-03-06T12:00:00Z", {"retrospective": 28}, "retrospective") == (
        "2026-04-03T12:00:00Z"
    )
    assert usual_due("unknown", {"retrospective": 28}, "retrospective") == ""


def test_turnaround_tells_each_moment_of_a_case(office):
    coordinator = office.by("coordinator")
    set_option(office.engine, office.by("admin"), "holidays", value=["2026-03-03"], reason="x")
    plan_review(office.engine, coordinator, 1, "retrospective", 1, blind=False)
    assign(office.engine, coordinator, [1], office.keys["reader1"])
    key = answered(office, "reader1", 1)
    thread = ask_site(office.engine, office.by("reader1"), 1, "margin", "Which?", "2026-03-05")
    answer_thread(office.engine, office.by("physicist", "2026-03-04T10:00:00.000Z"), thread, "5")
    close_thread(office.engine, coordinator, thread, "answered")
    signed(office, "reader1", key)
    (row,) = [r for r in turnarounds(office.engine, Question(""), AT) if r["code"] == CODE]
    assert (row["state"], row["review_kind"], row["questions"]) == ("accepted", "retrospective", 1)
    for name in ("assigned", "first_read", "first_signed", "last_signed", "decided_at", "asked"):
        assert row[name] == AT, name
    assert row["site_answered"] == "2026-03-04T10:00:00.000Z"
    assert row["site_hours"] == 48.0
    assert row["gross_hours"] - row["net_hours"] == 48.0
    (kind,) = [
        r for r in OFFICE["turnaround-by-type"].rows(office.engine, "", Question(""))
        if r["review_kind"] == "retrospective"
    ]  # fmt: skip
    assert (kind["decided"], kind["open"]) == (1, 0)
    assert kind["median_net_hours"] == kind["p90_net_hours"] == row["net_hours"]


def test_readers_and_program_are_compared_by_item(office):
    decide(office)
    told = {
        (r["other_reader"], r["what"]): r
        for r in OFFICE["agreement"].rows(office.engine, "", Question(""))
    }
    assert told["program", "COVER"]["raw"] == 0.0
    assert told["program", "MEAN"]["raw"] == 1.0
    assert told["program", "MEAN"]["kappa"] is None
    assert "no variation" in told["program", "MEAN"]["reason"]
    (row,) = OFFICE["workload"].rows(office.engine, "", Question(""))
    assert (row["reader"], row["to_read"], row["signed"]) == ("reader1", 0, 1)
    (row,) = OFFICE["overrides"].rows(office.engine, "", Question(""))
    assert (row["what"], row["verdict"], row["reader_verdict"]) == (
        "COVER", "per_protocol", "minor",
    )  # fmt: skip
