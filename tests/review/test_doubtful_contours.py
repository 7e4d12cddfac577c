"""A limit of an organ in question says so, in every output; its verdict stays."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from pathlib import Path

import pytest

from sbrt_qa import load_cases, load_protocol, review_case
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.reports import registry
from sbrt_qa.reports.registry import Page
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.testing.phantoms.contour_errors import ERRORS, seeded

SAMPLE = Path(__file__).parents[2] / "sample_dicom" / "compliant"
MARK = "rests on a doubtful contour"


@pytest.fixture(scope="module")
def reviews() -> tuple[CaseReview, CaseReview]:
    (case,) = load_cases(SAMPLE)
    case = dataclasses.replace(case, image=None)
    protocol = load_protocol("liver_sbrt")
    changed, _ = seeded(case.structures, ERRORS["swapped"], 0, 0)
    other = dataclasses.replace(case, structures=changed)
    return review_case(case, protocol, bands=False), review_case(other, protocol, bands=False)


def test_limits_of_the_organs_in_question_are_marked_and_no_others(reviews):
    sound, swapped = reviews
    assert not any(c.doubtful_contour for c in sound.constraints)
    marked = {c.structure for c in swapped.constraints if c.doubtful_contour}
    assert {"Kidney_L", "Kidney_R", "Kidneys"} >= marked >= {"Kidneys"}
    assert all(MARK in c.doubtful_contour for c in swapped.constraints if c.doubtful_contour)


def test_the_verdict_of_a_limit_stays_and_the_case_becomes_minor(reviews):
    sound, swapped = reviews
    assert sound.verdict is Verdict.PER_PROTOCOL
    assert {c.verdict for c in swapped.constraints if c.structure == "Kidneys"} == {
        c.verdict for c in sound.constraints if c.structure == "Kidneys"
    }
    contours = [f for f in swapped.findings if f.group == "contours" and f.verdict]
    assert {f.verdict for f in contours} == {Verdict.MINOR}


def test_table_csv_and_json_carry_the_mark(reviews):
    swapped = reviews[1]
    assert f": {MARK.capitalize()}" in registry.render_reviews("table", [swapped], Page())
    rows = list(csv.DictReader(io.StringIO(registry.render_reviews("csv", [swapped], Page()))))
    assert any(MARK in row["doubtful_contour"] for row in rows)
    (data,) = json.loads(registry.render_reviews("json", [swapped], Page()))
    assert any(MARK in row["doubtful_contour"] for row in data["constraints"])
    assert CaseReview.from_json(swapped.to_json()) == swapped


def test_features_of_known_organs_stand_in_the_review(reviews):
    by_key = {s.key: s.features for s in reviews[0].structures}
    assert by_key["Liver"]["volume_cc"] == pytest.approx(920, abs=2)
    assert by_key["Kidney_L"]["side"] > 0 > by_key["Kidney_R"]["side"]
    assert by_key["PTV"] == {}
