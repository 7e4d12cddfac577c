"""The sample patient, end to end: what the review finds is what `expected.json` says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sbrt_qa.model.outcome import Verdict
from sbrt_qa.review.case_review import CaseReview

from .conftest import Command

SAMPLE = Path(__file__).parents[2] / "sample_dicom"
if not SAMPLE.is_dir():
    pytest.skip("sample_dicom is not there: scripts/make_sample_dicom.py", allow_module_level=True)
EXPECTED = json.loads((SAMPLE / "expected.json").read_text(encoding="utf-8"))
EXIT_CODES = {"per_protocol": 0, "minor": 10, "major": 20, "not_evaluable": 30}


def limits(review: CaseReview, verdict: Verdict) -> set[str]:
    return {c.id for c in review.constraints if c.verdict is verdict and c.counts}


@pytest.mark.parametrize("name", EXPECTED["cases"])
def test_findings_of_a_sample_plan_are_the_expected_ones(sbrt_qa: Command, name: str) -> None:
    expected = EXPECTED["cases"][name]
    ran = sbrt_qa("check", SAMPLE / name, "--protocol", EXPECTED["protocol"], "-f", "json")
    (data,) = json.loads(ran.out)
    review = CaseReview.from_json(json.dumps(data))
    assert (review.case, str(review.verdict)) == (expected["plan"], expected["verdict"])
    assert ran.code == EXIT_CODES[expected["verdict"]]
    for verdict in (Verdict.MINOR, Verdict.MAJOR, Verdict.NOT_EVALUABLE):
        assert limits(review, verdict) == set(expected[verdict])
    assert {f.code for f in review.findings} == set(expected["found"])
    disowned = any(f.disowns is not None for f in review.findings)
    # Checks of values that a finding disowns have not passed; the others still have.
    assert len(review.passed) > (30 if disowned else 50)


def test_a_folder_of_cases_gives_a_review_of_each_and_the_worst_exit_code(
    sbrt_qa: Command, tmp_path: Path
) -> None:
    """Of one case for each verdict; each case alone is reviewed above."""
    cases = {c["verdict"]: (name, c) for name, c in reversed(EXPECTED["cases"].items())}
    assert set(cases) == set(EXIT_CODES)
    for name, _ in cases.values():
        shutil.copytree(SAMPLE / name, tmp_path / name)
    ran = sbrt_qa("check", tmp_path, "-f", "json")
    found = {r["case"]: r["verdict"] for r in json.loads(ran.out)}
    assert found == {c["plan"]: c["verdict"] for _, c in cases.values()}
    assert ran.code == 20


def test_sample_is_written_into_an_empty_folder_only(sbrt_qa: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    ran = sbrt_qa("sample", tmp_path)
    assert ran.code == 2
    assert "new or empty folder" in ran.err
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_the_readme_shows_what_a_check_of_a_sample_prints(sbrt_qa: Command) -> None:
    readme = (SAMPLE.parent / "README.md").read_text(encoding="utf-8")
    shown = readme.split("```text\n")[1].split("\n```")[0].splitlines()
    printed = {line.rstrip() for line in sbrt_qa("check", SAMPLE / "minor").out.splitlines()}
    told = [line.rstrip() for line in shown if line.strip() not in ("", "…")]
    assert [line for line in told if line not in printed] == []
    assert len(told) > 40
