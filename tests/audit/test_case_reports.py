"""Reports of an audit's cases: safe names, made anew when missing, with what a version changed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from trials import Trial, run

from sbrt_qa.audit.case_reports import CaseReports, file_name, relative_path
from sbrt_qa.audit.folder import open_audit
from sbrt_qa.audit.published import WRITTEN
from sbrt_qa.audit.store.chain import events as chain_events
from sbrt_qa.audit.store.connection import reading
from sbrt_qa.audit.store.kept import comparisons
from sbrt_qa.compare.comparison import CaseComparison
from sbrt_qa.model.outcome import Reason
from sbrt_qa.testing.sample.trial import write_trial

RESUBMITTED = "S08/S08-001/v2"


def compared(audit: Path) -> dict[str, CaseComparison]:
    engine = open_audit(audit).engine()
    try:
        found = [(code, CaseComparison.from_json(text)) for code, _, text in comparisons(engine)]
        assert len(dict(found)) == len(found)
        return dict(found)
    finally:
        engine.dispose()


@pytest.mark.parametrize("code", ["S01", "S01-017", "X_1+2", "A.B"])
def test_a_plain_code_names_its_folder(code):
    assert file_name(code) == code


def test_codes_that_a_system_mixes_up_have_folders_of_their_own():
    codes = ("S1", "s1", "S1.", "CON", "con", "Aux.1", "AUX.1", "COM1", "P-0123abcdef")
    names = [file_name(code) for code in codes]
    assert len({name.casefold() for name in names}) == len(codes)
    assert not {"con", "aux.1", "com1"} & {name.casefold() for name in names}
    assert not any(name.endswith(".") for name in names)


def test_further_plans_have_reports_of_their_own():
    assert relative_path("S1/S1-1/v1.2", 1) == "cases/S1/S1-1/v1.2/report.html"
    assert relative_path("S1/S1-1/v1.2", 2) == "cases/S1/S1-1/v1.2/report-2.html"


def test_what_an_earlier_run_left_unfinished_is_forgotten(tmp_path):
    reports = CaseReports(tmp_path)
    reports.begin()
    Path(f"{reports.stem('key')}-1.html").write_text("half")
    reports.begin()
    assert reports.put_in_place("key", "S1/1/v1", 1) == 0
    assert reports.links("S1/1/v1", 1) == []


def events(audit: Path) -> list[str]:
    """Return the kinds of all events of an audit."""
    engine = open_audit(audit).engine()
    try:
        with reading(engine) as connection:
            return [event.kind for event in chain_events(connection)]
    finally:
        engine.dispose()


HEAD = re.compile(rb"after event \d+ [0-9a-f]{64} of the audit")


def test_a_report_that_is_missing_is_made_anew_and_tells_only_another_event(small, tmp_path):
    audit = tmp_path / "AUDIT"
    command = ("audit", small.submissions, "-p", small.protocol(), "--out", audit)
    assert "case reports: 6 in" in run(*command).err
    lost = audit / relative_path(small.planted[0].code, 1)
    before, recorded = lost.read_bytes(), events(audit)
    lost.unlink()
    ran = run(*command)
    assert "0 reviewed · 6 unchanged" in ran.err
    told, now = (HEAD.findall(page) for page in (before, lost.read_bytes()))
    assert told
    assert told != now
    assert HEAD.sub(b"", lost.read_bytes()) == HEAD.sub(b"", before)
    added = set(events(audit)[len(recorded) :])
    assert added <= {"audit begun", "places", "audit ended", "page written", WRITTEN}
    assert run("verify", audit).code == 0
    assert not any((audit / "cases" / ".new").iterdir())


def test_an_audit_keeps_the_language_of_its_reports(small, tmp_path):
    audit = tmp_path / "AUDIT"
    command = ("audit", small.submissions, "-p", small.protocol(), "--out", audit)
    assert run(*command, "--lang", "xx").code == 2
    assert not audit.exists()
    run(*command, "--lang", "zh")
    page = (audit / "index.html").read_text(encoding="utf-8")
    assert '<html lang="zh-Hans">' in page
    assert "[en]" not in page
    told = json.loads(re.search(r'<script[^>]*id="data"[^>]*>(.*?)</script>', page, re.DOTALL)[1])
    texts = [one["text"] for every in told["details"].values() for one in every]
    assert all(
        re.search("[\u4e00-\u9fff]", text) for text in texts if re.search("[a-z] [a-z]", text)
    )
    lost = audit / relative_path(small.planted[0].code, 1)
    assert b'<html lang="zh-Hans">' in lost.read_bytes()
    lost.unlink()
    run(*command)
    assert b'<html lang="zh-Hans">' in lost.read_bytes()
    lost.unlink()
    run(*command, "--lang", "en")
    assert b'<html lang="en">' in lost.read_bytes()
    assert run("verify", audit).code == 0


@pytest.fixture
def two_versions(tmp_path: Path) -> Trial:
    """A subject with two versions: major, then sound."""
    whole = Trial(tmp_path / "whole", write_trial(tmp_path / "whole", 9))
    for folder in whole.submissions.iterdir():
        if folder.name != "S08":
            shutil.rmtree(folder)
    return whole


def test_a_resubmission_is_compared_with_the_files_before_it(two_versions, tmp_path):
    audit = tmp_path / "AUDIT"
    run("audit", two_versions.submissions, "-p", two_versions.protocol(), "--out", audit)
    found = compared(audit)
    assert set(found) == {RESUBMITTED}
    one = found[RESUBMITTED]
    assert (one.before.verdict, one.after.verdict) == ("major", "per_protocol")
    assert not isinstance(one.dose, Reason)
    assert "Duodenum" in {change.item for change in one.changes}
    page = (audit / relative_path(RESUBMITTED, 1)).read_text(encoding="utf-8")
    assert 'id="changes"' in page
    assert 'id="changes"' not in (audit / relative_path("S08/S08-001/v1", 1)).read_text("utf-8")


def test_without_these_files_it_is_compared_with_what_is_recorded(two_versions, tmp_path):
    audit, later = tmp_path / "AUDIT", tmp_path / "later"
    version = Path("S08/S08-001/v2")
    (later / version.parent).mkdir(parents=True)
    (two_versions.submissions / version).rename(later / version)
    for root in (two_versions.submissions, later):
        assert run("audit", root, "-p", two_versions.protocol(), "--out", audit).code == 0
    one = compared(audit)[RESUBMITTED]
    assert isinstance(one.dose, Reason)
    changed = {m.id for m in one.metrics if m.before_verdict != m.after_verdict}
    assert changed == {"DUO_MAX"}
    asked = run("query", audit, "differences", "--format", "json")
    assert "Duodenum" in {row["item"] for row in json.loads(asked.out)}
    assert run("verify", audit).code == 0
