"""What the trial office states of one submission in the manifest, and what becomes of it."""

from __future__ import annotations

import json
from pathlib import Path

from trials import Trial, run

from sbrt_qa.audit.folder import open_audit
from sbrt_qa.audit.store.kept import reviews as kept_reviews
from sbrt_qa.review.case_review import CaseReview

WORD = "(the trial office, in the manifest)"


def manifest(small: Trial, file: Path, columns: str = "", values: str = "") -> Path:
    """Write a manifest of the first submission, with further columns."""
    one = small.planted[0]
    place = small.submissions / one.site / one.subject / "v1"
    path = place if place.exists() else place.with_suffix(".zip")
    row = f"{path.relative_to(small.submissions).as_posix()},{one.site},{one.subject},1"
    file.write_text(f"path,site,subject,version{columns}\n{row}{values}\n")
    return file


def reviews(audit: Path) -> dict[str, CaseReview]:
    engine = open_audit(audit).engine()
    found = {one.code: CaseReview.from_json(one.document) for one in kept_reviews(engine)}
    engine.dispose()
    return found


def test_the_office_states_what_a_user_can_state_of_one_plan(small, tmp_path):
    columns = ",Dose-is,rx,far,not_a_target,map"
    values = ",plan,PTV=41Gy/5;PTV_2=30Gy/5,Duodenum;Liver,PTV_old=treated last year,Rest=Heart"
    sheet = manifest(small, tmp_path / "m.csv", columns, values)
    audit = tmp_path / "a"
    command = ("audit", small.submissions, "-p", small.protocol(), "--out", audit)
    assert "1 reviewed" in run(*command, "--manifest", sheet).err
    (review,) = reviews(audit).values()
    assert review.stated == tuple(f"{text} {WORD}" for text in (
        "the dose is that of the whole course",
        "prescribed is PTV=41Gy/5",
        "prescribed is PTV_2=30Gy/5",
        "PTV_old is no target of this plan (treated last year)",
        "Duodenum lies far from the beams",
        "Liver lies far from the beams",
        "Rest in the plan is Heart of the protocol",
    ))  # fmt: skip
    assert review.plan.prescription_gy == 41.0
    assert "RX_STATED_BY_USER" in {f.code for f in review.findings}
    (page,) = (one for one in audit.rglob("*.html") if one.name != "index.html")
    assert WORD in page.read_text()
    assert f"prescribed is PTV=41Gy/5 {WORD}" in run("letter", audit, small.planted[0].code).out
    (row,) = json.loads(run("query", audit, "submissions", "-f", "json").out)
    assert (row["course"], row["draft"]) == ("", review.protocol.standing)
    assert run("query", audit, "submissions").out.startswith(review.protocol.standing)
    assert "1 unchanged" in run(*command, "--manifest", sheet).err
    told = run("verify", audit, "--rerun", small.submissions)
    assert (told.code, told.err.count("differ")) == (0, 0), told.err


def test_other_words_are_another_input_and_are_reviewed_again(small, tmp_path):
    sheet, audit = tmp_path / "m.csv", tmp_path / "a"
    command = ("audit", small.submissions, "-p", small.protocol(), "--out", audit)
    command = (*command, "--manifest", sheet)
    manifest(small, sheet)
    assert "1 reviewed" in run(*command).err
    manifest(small, sheet, ",rx", ",PTV=41Gy/5")
    assert "1 reviewed" in run(*command).err
    assert "1 unchanged" in run(*command).err
    found = reviews(audit)
    assert any(one.plan.rx_stated == ("PTV=41Gy/5",) for one in found.values())
    manifest(small, sheet)
    assert "1 unchanged" in run(*command).err


def test_what_the_office_states_wrongly_is_not_the_sites_fault(small, tmp_path):
    sheet, audit = tmp_path / "m.csv", tmp_path / "a"
    command = ("audit", small.submissions, "-p", small.protocol(), "--out", audit)
    command = (*command, "--manifest", sheet)
    manifest(small, sheet, ",dose_is", ",plans")
    ran = run(*command)
    assert (ran.code, "line 2 of the manifest" in ran.err, "plans" in ran.err) == (2, True, True)
    manifest(small, sheet, ",course", ",A+B")
    ran = run(*command)
    assert ran.code == 1
    assert "names a plan that is not there" in ran.err


def test_pseudonymized__nothing_that_only_the_office_knows_is_kept(small, tmp_path):
    columns, values = ",not_a_target,rx", ",Muster_alt=Erika Muster,Muster=41Gy/5"
    sheet = manifest(small, tmp_path / "m.csv", columns, values)
    audit, key = tmp_path / "a", tmp_path / "key"
    command = ("audit", small.submissions, "-p", small.protocol(), "--out", audit)
    ran = run(*command, "--manifest", sheet, "--pseudonymize", key)
    assert "1 reviewed" in ran.err
    (review,) = reviews(audit).values()
    kept = json.dumps([review.to_json(), *(p.read_text() for p in audit.rglob("*.html"))])
    assert "muster" not in kept.casefold()
    assert "entry of the manifest no. 1" in kept
