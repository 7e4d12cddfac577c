"""From a folder to answers with one command: all that is planted is listed, and nothing else."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from trials import SUBMISSIONS, Trial, run

from sbrt_qa.audit.folder import open_audit
from sbrt_qa.audit.store.answers import DECIDING, deviations, submissions
from sbrt_qa.reports.compose.counts import of_checks, of_limits
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.testing.sample.trial import KINDS, PLANNED, SITES

BROKEN = ("no DICOM", "broken archive")
SECRETS = ("muster", "erika", "1963-08")
PICTURES = re.compile(r"[A-Za-z0-9+/=]{100,}")
"""Numbers in base64, in which any word may turn up."""


def listed(audit: Path) -> dict[str, set[tuple[str, str]]]:
    engine = open_audit(audit).engine()
    found: dict[str, set[tuple[str, str]]] = {row.code: set() for row in submissions(engine)}
    for row in deviations(engine):
        found[row.code].add((row.what, row.verdict if row.kind == "limit" else ""))
    engine.dispose()
    return found


def test_the_trial_holds_every_kind_from_every_site(trial):
    assert {one.kind for one in trial.planted} == set(KINDS)
    assert {one.site for one in trial.planted} == set(SITES)
    assert any(one.version == 2 for one in trial.planted)
    assert len(trial.planted) == SUBMISSIONS


def test_every_planted_deviation_and_nothing_else_is_listed(trial, audited):
    expected = {
        one.code: {*one.limits.items(), *((code, "") for code in one.findings)}
        for one in trial.planted
    }
    assert listed(audited) == expected


def test_every_submission_has_the_planted_verdict_and_place(trial, audited):
    engine = open_audit(audited).engine()
    rows = {row.code: row for row in submissions(engine)}
    engine.dispose()
    assert {code: row.verdict for code, row in rows.items()} == {
        one.code: one.verdict for one in trial.planted
    }
    last = {one.subject: one.version for one in trial.planted}
    assert {row.code for row in rows.values() if row.latest} == {
        one.code for one in trial.planted if last[one.subject] == one.version
    }
    for one in trial.planted:
        row = rows[one.code]
        parts = (row.plans, row.structure_sets, row.doses)
        assert parts == ((0, 0, 0) if one.kind in BROKEN else (1, 1, 1)), one
        assert not row.complete  # no images


def test_every_plan_is_held_against_the_version_of_its_planning_date(trial, tmp_path):
    audit = tmp_path / "AUDIT"
    ran = run("audit", trial.submissions, "-p", trial.folder, "--out", audit, "--no-reports")
    assert ran.code == 0, ran.err
    assert not (audit / "cases").exists()
    expected = {
        one.code: {*one.in_force[1].items(), *((code, "") for code in one.findings)}
        for one in trial.planted
    }
    assert listed(audit) == expected
    later = {one.code for one in trial.planted if one.planned != PLANNED}
    assert later
    for code, (document,) in newest(audit).items():
        read = bool(document["files"])
        told = document["protocol"]
        assert told["version"] == ("2" if code in later or not read else "1")
        assert told["chosen"] == ("in force at the planning date" if read else "")
    again = run("audit", trial.submissions, "-p", trial.folder, "--out", audit, "--no-reports")
    assert f"0 reviewed · {SUBMISSIONS} unchanged" in again.err
    some = [part for code in sorted(later)[:2] + sorted(set(expected) - later)[:2]
            for part in ("--only", code)]  # fmt: skip
    told = run("verify", audit, "--rerun", trial.submissions, *some)
    assert told.code == 0, told.out + told.err


def test_the_amendment_changes_what_is_planted_and_nothing_else(trial, audited, tmp_path):
    audit = Path(shutil.copytree(audited, tmp_path / "AUDIT"))
    ran = run("regrade", audit, "-p", trial.protocol(2))
    assert ran.code == 0, ran.err
    changed = [one for one in trial.planted if one.amended != one.verdict]
    standing, *lines = ran.out.splitlines()
    assert standing.startswith("Draft limits")
    assert {line.split(" plan ")[0] for line in lines} == {o.code for o in changed}
    assert len(lines) == 2 * len(changed)  # the case, and the limit
    assert f"{SUBMISSIONS} plans regraded, {2 * len(changed)} verdicts changed" in ran.err
    expected = {
        one.code: {*one.amended_limits.items(), *((code, "") for code in one.findings)}
        for one in trial.planted
    }
    assert listed(audit) == expected
    assert run("verify", audit).code == 0


def test_a_regraded_audit_equals_a_fresh_one(trial, audited, tmp_path):
    regraded = Path(shutil.copytree(audited, tmp_path / "regraded"))
    assert run("regrade", regraded, "-p", trial.protocol(2)).code == 0
    some = [SITES[3], SITES[5]]
    folders = [trial.submissions / site for site in some]
    fresh = tmp_path / "fresh"
    for folder in folders:
        shutil.copytree(folder, tmp_path / "some" / folder.name)
    run("audit", tmp_path / "some", "-p", trial.protocol(2), "--out", fresh, "--no-reports")
    of_some = {code: documents for code, documents in newest(regraded).items() if code[:3] in some}
    assert newest(fresh) == of_some


def newest(audit: Path) -> dict[str, list[dict]]:
    from sbrt_qa.audit.store.kept import newest_by_case, reviews

    engine = open_audit(audit).engine()
    found: dict[str, list[dict]] = {}
    for one in newest_by_case(reviews(engine)):
        found.setdefault(one.code, []).append(json.loads(one.document))
    engine.dispose()
    return found


def test_what_is_stored_names_nobody(audited):
    files = [file for file in audited.rglob("*") if file.is_file()]
    assert sum(file.name == "report.html" for file in files) > SUBMISSIONS / 2
    for file in files:
        data = PICTURES.sub("", file.read_bytes().decode("latin-1")) + str(file)
        assert not any(secret in data.casefold() for secret in SECRETS), file
    for documents in newest(audited).values():
        assert not any(secret in str(one).casefold() for one in documents for secret in SECRETS)


def test_a_second_run_reviews_nothing(trial, audited, tmp_path):
    audit = shutil.copytree(audited, tmp_path / "AUDIT")
    ran = run("audit", trial.submissions, "-p", trial.protocol(), "--out", audit)
    assert ran.code == 0
    assert f"0 reviewed · {SUBMISSIONS} unchanged" in ran.err


def test_progress_is_plain_lines_or_nothing(small, tmp_path):
    arguments = ("audit", small.submissions, "-p", small.protocol(), "--out")
    loud, quiet = run(*arguments, tmp_path / "a"), run(*arguments, tmp_path / "b", "--quiet")
    assert "\x1b" not in loud.err + quiet.err
    reviewed, cases, report = quiet.err.splitlines()[-3:]
    assert reviewed.startswith("sbrt-qa: 6 reviewed")
    assert cases.startswith("sbrt-qa: case reports: 6 in ")
    assert report.startswith("sbrt-qa: report: ")
    assert loud.out == quiet.out == ""


def test_verdicts_are_counted(trial, small, tmp_path):
    where = ("--out", tmp_path / "a", "--no-reports")
    ran = run("audit", small.submissions, "-p", small.protocol(), *where)
    counts = Counter(one.verdict for one in small.planted)
    assert f"{counts['per_protocol']} per protocol · {counts['minor']} minor" in ran.err
    assert ran.code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none", "--out", "a"], "no such folder or archive"),
        (["small", "--out", "small"], "would lie inside the submissions"),
        (["small/submissions", "--out", "small"], "holds files that are no audit"),
        (["small", "--out", "a", "--database", "nonsense"], "not the address of a database"),
        (["small", "--out", "a", "-p", "nothing"], "nothing"),
        (["small", "--out", "a", "--manifest", "none.csv"], "manifest cannot be read"),
        (["small", "--out", "a", "--pseudonymize", "a/key"], "own folder"),
    ],
)
def test_wrong_usage_is_told(small, tmp_path, arguments, message):
    placed = [a if a.startswith("-") or "nons" in a or a == "nothing" else tmp_path / a
              for a in arguments]  # fmt: skip
    ran = run("audit", *placed)
    assert ran.code in (1, 2)
    assert message in ran.err
    assert "Traceback" not in ran.err


def test_an_audit_keeps_its_trial(small, tmp_path):
    where = ("--out", tmp_path / "a", "--no-reports")
    arguments = ("audit", small.submissions, "-p", small.protocol(), *where)
    assert run(*arguments, "--trial", "ONE").code == 0
    other = run(*arguments, "--trial", "TWO")
    assert other.code == 2
    assert "begun with another trial" in other.err


def test_commands_that_need_an_audit_say_so(tmp_path):
    ran = run("verify", tmp_path)
    assert ran.code == 2
    assert "no audit there" in ran.err


def retouched(trial: Trial) -> Path:
    """Change a file of a submission so that its review stays the same."""
    (file,) = (trial.submissions / "S01" / "S01-001" / "v1").glob("RTPLAN.dcm")
    data = file.read_bytes()
    assert b"TRIAL" in data
    file.write_bytes(data.replace(b"TRIAL ", b"OTHER ", 1))
    return file


def test_only_what_changed_is_reviewed_again_and_nothing_is_replaced(small, tmp_path):
    arguments = ("audit", small.submissions, "-p", small.protocol(), "--out", tmp_path / "a")
    run(*arguments)
    retouched(small)
    ran = run(*arguments)
    assert "1 reviewed" in ran.err
    assert "5 unchanged" in ran.err
    assert sorted(code for code in newest(tmp_path / "a") if "S01-001" in code) == [
        "S01/S01-001/v1",
        "S01/S01-001/v1.2",
    ]
    assert run("verify", tmp_path / "a").code == 0


def test_a_manifest_and_pseudonyms(small, tmp_path):
    rows = ["path,site,subject,version,received"]
    for i, one in enumerate(small.planted[:2], 1):
        place = small.submissions / one.site / one.subject / "v1"
        path = place if place.exists() else place.with_suffix(".zip")
        relative = path.relative_to(small.submissions).as_posix()
        rows.append(f"{relative},X{i},9{i},{i + 3},2026-0{i}-01")
    manifest, key = tmp_path / "manifest.csv", tmp_path / "key"
    manifest.write_text("\n".join(rows))
    arguments = ("audit", small.submissions, "-p", small.protocol(), "--manifest", manifest,
                 "--no-reports")  # fmt: skip
    run(*arguments, "--out", tmp_path / "a")
    assert sorted(newest(tmp_path / "a")) == ["X1/91/v4", "X2/92/v5"]
    run(*arguments, "--out", tmp_path / "b", "--pseudonymize", key)
    codes = sorted(newest(tmp_path / "b"))
    assert [c.split("/")[0] for c in codes] == ["X1", "X2"]
    assert all(c.split("/")[1].startswith("P-") for c in codes)
    assert key.stat().st_mode & 0o077 == 0
    stored = (tmp_path / "b/audit.db").read_bytes()
    assert b"S01-001" not in stored
    assert not any(
        "S01-001" in str(one) for found in newest(tmp_path / "b").values() for one in found
    )
    assert key.read_text().strip().encode() not in stored
    again = run(*arguments, "--out", tmp_path / "b")
    assert again.code == 2
    assert "give its key" in again.err
    assert "2 unchanged" in run(*arguments, "--out", tmp_path / "b", "--pseudonymize", key).err


def test_an_audit_among_the_submissions_is_refused(small):
    inside = small.submissions / "AUDIT"
    ran = run("audit", small.submissions, "-p", small.protocol(), "--out", inside)
    assert ran.code == 2
    assert "the audit's folder would lie inside the submissions" in ran.err
    assert "beside the submissions" in ran.err
    assert not inside.exists()


def test_an_audit_that_lies_among_the_submissions_is_no_submission(small, audited, tmp_path):
    shutil.copytree(audited, small.submissions / "S01" / "AUDIT")
    out = tmp_path / "AUDIT"
    ran = run("audit", small.submissions, "-p", small.protocol(), "--no-reports", "--out", out)
    assert "AUDIT holds an audit and was not taken for submissions" in ran.err
    assert set(listed(out)) == {one.code for one in small.planted}


def test_the_numbers_of_a_submission_are_those_of_its_case_reports(audited):
    documents = newest(audited)
    engine = open_audit(audited).engine()
    rows = list(submissions(engine))
    engine.dispose()
    for row in rows:
        counted: Counter[str] = Counter()
        for document in documents.get(row.code, ()):
            review = CaseReview.from_json(json.dumps(document))
            for one in (*of_limits(review), *of_checks(review)):
                counted[str(one.verdict)] += one.number
        numbers = {name: getattr(row, name) for name in DECIDING}
        assert numbers == {name: counted[name] for name in DECIDING}, row.code
        assert row.verdict not in DECIDING or numbers[row.verdict] > 0, row.code
