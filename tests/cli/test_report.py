"""``sbrt-qa report``, and documents from ``sbrt-qa check``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sbrt_qa.review.case_review import CaseReview

from .conftest import Command

SAMPLE = Path(__file__).parents[2] / "sample_dicom"


def test_a_report_is_written_and_the_code_is_the_verdict_s(
    sbrt_qa: Command, tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    ran = sbrt_qa("report", SAMPLE / "major", "--out", out, "--no-bands")
    assert (ran.code, ran.out) == (20, "")
    text = out.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "49.01 Gy" in text


def test_a_report_in_chinese(sbrt_qa: Command, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    sbrt_qa("report", SAMPLE / "major", "--out", out, "--lang", "zh", "--no-bands")
    assert "计划不符合方案" in out.read_text(encoding="utf-8")


def test_check_writes_documents_too(sbrt_qa: Command, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    assert sbrt_qa("check", SAMPLE / "compliant", "--out", out, "--no-bands").code == 0
    assert 'id="viewer"' in out.read_text(encoding="utf-8")


def test_an_untrusted_report_has_no_pictures(sbrt_qa: Command, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    ran = sbrt_qa("check", SAMPLE / "minor", "--untrusted", "--out", out, "--no-bands")
    assert ran.code == 10
    text = out.read_text(encoding="utf-8")
    assert "no pictures" in text
    assert 'id="viewer"' not in text


def test_the_suffix_of_out_chooses_the_format(sbrt_qa: Command, tmp_path: Path) -> None:
    out = tmp_path / "review.json"
    sbrt_qa("report", SAMPLE / "compliant", "--out", out, "--no-bands")
    (review,) = json.loads(out.read_text(encoding="utf-8"))
    assert CaseReview.from_json(json.dumps(review)).case == "COMPLIANT"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--out", "r.html", "--lang", "tlh"], "no such language; got 'tlh'; expected en, zh"),
        ([], "a report in html is written to a file"),
        (["--out", "r.html", "--format", "fax"], "unknown --format; got 'fax'"),
    ],
)
def test_wrong_usage_is_told(
    sbrt_qa: Command, tmp_path: Path, arguments: list[str], told: str
) -> None:
    given = [tmp_path / a if a == "r.html" else a for a in arguments]
    ran = sbrt_qa("report", SAMPLE / "compliant", *given)
    assert ran.code == 2
    assert told in ran.err


def test_of_several_plans_one_is_chosen(sbrt_qa: Command, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    both = (SAMPLE / "compliant", SAMPLE / "minor")
    ran = sbrt_qa("report", *both, "--out", out)
    assert ran.code == 2
    assert "there are several plans" in ran.err
    assert sbrt_qa("report", *both, "--out", out, "--plan", "MINOR", "--no-bands").code == 10
