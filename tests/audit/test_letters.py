"""A letter says what deviates and by when, and is a query until it is closed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from trials import run

CODE = "S04/S04-002/v1"


def queries(audit: Path) -> list[dict]:
    return json.loads(run("query", audit, "queries", "--format", "json").out)


@pytest.mark.slow
def test_a_letter_is_a_query_until_it_is_closed(audited, tmp_path):
    audit = shutil.copytree(audited, tmp_path / "AUDIT")

    def state() -> str:
        rows = json.loads(run("query", audit, "submissions", "--format", "json").out)
        return next(row["query"] for row in rows if row["code"] == CODE)

    assert state() == ""
    ran = run("letter", audit, CODE, "--out", tmp_path / "letter.txt")
    assert ran.code == 0, ran.err
    text = " ".join((tmp_path / "letter.txt").read_text().split())
    assert "The mean dose is 27.00 Gy; 20 Gy at most is per protocol" in text
    assert state() == "open"
    assert "1 query answered" in run("letter", audit, CODE, "--answered", "=a new plan").err
    assert state() == "answered"
    assert "1 query closed" in run("letter", audit, CODE, "--close", "accepted").err
    assert state() == "closed"
    (row,) = queries(audit)
    assert (row["code"], row["answer"], row["reason"]) == (CODE, "=a new plan", "accepted")
    assert row["age_days"] == 0
    assert row["overdue"] is False
    cells = run("query", audit, "queries", "--format", "csv").out
    assert ",'=a new plan," in cells
    assert run("verify", audit).code == 0
    assert run("letter", audit, "S99/x/v1").code == 2


@pytest.mark.slow
def test_the_letter_of_a_query_is_printed_again_as_it_was(audited, tmp_path):
    audit = shutil.copytree(audited, tmp_path / "AUDIT")
    first = run("letter", audit, CODE, "--days", "30")
    assert "open since" not in first.err
    before = queries(audit)
    again = run("letter", audit, CODE)
    assert again.out == first.out
    out = tmp_path / "letter.html"
    chinese = run("letter", audit, CODE, "--lang", "zh", "--out", out)
    for ran in (again, chinese):
        assert ran.code == 0, ran.err
        assert f"the query is open since {before[0]['opened'][:10]}" in ran.err
    for date in (before[0]["opened"][:10], before[0]["due"][:10]):
        assert date in out.read_text(encoding="utf-8")
    assert queries(audit) == before
    assert run("verify", audit).code == 0


@pytest.mark.slow
def test_a_letter_that_would_say_something_else_is_not_printed_as_the_one_sent(audited, tmp_path):
    from sbrt_qa.audit.folder import open_audit
    from sbrt_qa.audit.letters import _submission
    from sbrt_qa.audit.store.queries import LetterHead, record_letter

    audit = shutil.copytree(audited, tmp_path / "AUDIT")
    engine = open_audit(audit).engine()
    record_letter(
        engine, _submission(engine, CODE), LetterHead(), lambda _: "another text",
        "2030-01-01T00:00:00Z", due="2030-01-02T23:59:59Z",
    )  # fmt: skip
    engine.dispose()
    ran = run("letter", audit, CODE)
    assert ran.code == 2
    assert "would now say something else" in ran.err
    assert "--close REASON" in ran.err


@pytest.mark.slow
def test_a_submission_that_was_replaced_gets_no_new_letter(audited, tmp_path):
    audit = shutil.copytree(audited, tmp_path / "AUDIT")
    rows = json.loads(run("query", audit, "submissions", "--format", "json").out)
    old = next(row for row in rows if not row["latest"])
    new = next(
        row
        for row in rows
        if row["latest"] and row["code"].startswith(old["code"].rpartition("/")[0] + "/")
    )
    ran = run("letter", audit, old["code"])
    assert ran.code == 2
    assert f"Write the letter of the latest: {new['code']}." in ran.err
    assert queries(audit) == []


@pytest.mark.slow
def test_a_resubmission_answers_a_query(audited, trial, tmp_path):
    audit = shutil.copytree(audited, tmp_path / "AUDIT")
    sound = next(trial.submissions.glob("S01/S01-001/v1"))
    late = next(o for o in trial.planted if o.limits and o.version == 1 and o.verdict == "minor")
    assert run("letter", audit, late.code).code == 0
    assert [row["state"] for row in queries(audit)] == ["open"]
    again = tmp_path / "more" / late.site / late.subject / "v2"
    shutil.copytree(sound, again)
    (asked,) = queries(audit)
    ran = run("audit", tmp_path / "more", "-p", trial.protocol(), "--out", audit)
    assert ran.code == 0, ran.err
    (row,) = queries(audit)
    assert (row["state"], row["answer"]) == ("answered", f"{late.site}/{late.subject}/v2")
    report = audit / "cases" / late.site / late.subject / "v2" / "report.html"
    page = report.read_text(encoding="utf-8")
    day = asked["opened"][:10]
    assert f"query {asked['query']} of {day} about {late.code}" in page
    assert asked["due"][:10] in page
    printed = run("letter", audit, late.code)
    assert printed.code == 0, printed.err
    assert f"open since {row['opened'][:10]}" in printed.err


@pytest.mark.slow
def test_a_letter_that_asks_for_nothing_is_no_query(audited, tmp_path):
    audit = shutil.copytree(audited, tmp_path / "AUDIT")
    ran = run("letter", audit, "S01/S01-001/v1")
    assert "No answer is needed." in ran.out
    assert queries(audit) == []
    assert run("verify", audit).code == 0


@pytest.mark.slow
def test_a_letter_in_chinese_to_print(audited, tmp_path):
    audit = shutil.copytree(audited, tmp_path / "AUDIT")
    out = tmp_path / "letter.html"
    assert run("letter", audit, CODE, "--lang", "zh", "--out", out).code == 0
    assert '<html lang="zh">' in out.read_text(encoding="utf-8")
    assert "重大偏离" in out.read_text(encoding="utf-8")
    assert run("letter", audit, "S01/S01-001/v1", "--lang", "tlh").code == 2
