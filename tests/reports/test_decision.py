"""The first sentence says what decides, and the next step fits it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sbrt_qa.model.outcome import Band, Driver, Finding, Verdict
from sbrt_qa.reports.compose.case_page import compose
from sbrt_qa.reports.compose.decision import Basis, basis
from sbrt_qa.reports.page import Report
from sbrt_qa.reports.registry import Page, render_reviews
from sbrt_qa.review.case_review import CaseReview

from .samples import sample

SAMPLE = Path(__file__).parents[2] / "sample_dicom"


def reviewed(name: str) -> CaseReview:
    return sample(name).review


def test_a_course_delivered_otherwise_is_no_fault_of_the_plan() -> None:
    review = reviewed("delivery")
    told = compose(review)
    assert told.headline.startswith("The course was not delivered as planned")
    assert told.next_step.startswith("Next: ask the site what happened.")
    assert "change the plan" not in told.next_step
    assert told.headline in " ".join(render_reviews("table", [review], Page(width=200)).split())


def test_files_that_may_be_of_strangers_make_every_value_doubtful() -> None:
    review = reviewed("links")
    told = compose(review)
    assert "no value below can be relied on" in told.headline
    assert "send plan, structure set, dose and images of one state" in told.next_step
    assert told.headline in " ".join(render_reviews("table", [review], Page(width=200)).split())
    assert compose(review, language="zh").headline != told.headline


def test_a_structure_smaller_than_a_limit_asks__is_left_to_the_reviewer() -> None:
    review = reviewed("small_remnant")
    assert basis(review) is Basis.SIZE
    told = compose(review)
    assert told.headline.startswith("A structure is smaller than the volume")
    assert "nothing needs to be sent" in told.next_step


def test_what_is_missing_is_still_asked_for() -> None:
    review = reviewed("missing_organ")
    assert basis(review) is Basis.LIMITS
    assert "send what is missing" in compose(review).next_step


def found(verdict: Verdict, group: str = "beams", code: str = "MACHINES") -> Finding:
    return Finding(code, verdict, "plan", "found.", group=group)


@pytest.mark.parametrize(
    ("verdict", "findings", "expected"),
    [
        (Verdict.MAJOR, (), Basis.LIMITS),
        (Verdict.MAJOR, (found(Verdict.MAJOR),), Basis.CHECKS),
        (Verdict.MINOR, (found(Verdict.MINOR),), Basis.CHECKS),
        (Verdict.MAJOR, (found(Verdict.MAJOR, "delivery"),), Basis.DELIVERY),
        (Verdict.MAJOR, (found(Verdict.MAJOR, "delivery"), found(Verdict.MINOR)), Basis.DELIVERY),
        (Verdict.MAJOR, (found(Verdict.MAJOR, "delivery"), found(Verdict.MAJOR)), Basis.CHECKS),
        (Verdict.MINOR, (found(Verdict.MINOR, code="LINK_DANGLING"),), Basis.CHECKS),
        (
            Verdict.MAJOR,
            (found(Verdict.MAJOR), found(Verdict.NOT_EVALUABLE, code="PATIENT_DIFFERS")),
            Basis.DOUBT,
        ),
    ],
)
def test_what_decides(
    review: CaseReview, verdict: Verdict, findings: tuple[Finding, ...], expected: Basis
) -> None:
    met = tuple(c for c in review.constraints if c.verdict is Verdict.PER_PROTOCOL)
    assert basis(replace(review, constraints=met, findings=findings, verdict=verdict)) is expected


def test_a_limit_that_decides_comes_before_checks(review: CaseReview) -> None:
    both = replace(review, findings=(found(Verdict.MAJOR, "delivery"),))
    assert basis(both) is Basis.LIMITS


def fact(report: Report, label: str) -> str:
    return next(f.text for f in report.facts if f.label == label)


def test_codes_stand_in_words(review: CaseReview) -> None:
    english, chinese = compose(review), compose(review, language="zh")
    delivery = fact(english, "Delivery")
    assert "photons, static beams" in delivery
    assert delivery.endswith("head first, supine")
    assert fact(english, "Dose").endswith("dose of the plan, physical")
    shown = " ".join(f.text for f in chinese.facts)
    assert not any(code in shown for code in ("PHOTON", "STATIC", "PHYSICAL", "HFS", "PLAN "))


def test_codes_without_a_word_stay_as_they_are(review: CaseReview) -> None:
    plan = replace(review.plan, techniques=("NEUTRON STATIC",), patient_position="SITTING")  # type: ignore[type-var]
    dose = replace(review.dose, summation="RECORD", dose_type="ERROR")  # type: ignore[type-var]
    report = compose(replace(review, plan=plan, dose=dose))
    delivery = fact(report, "Delivery")
    assert "NEUTRON STATIC" in delivery
    assert delivery.endswith("SITTING")
    assert fact(report, "Dose").endswith("RECORD, ERROR")


def test_a_glance_marks_what_is_borderline(review: CaseReview) -> None:
    first, *others = review.constraints
    near = replace(first, borderline=True, band=Band(29.0, 33.0, Driver.GRID))
    report = compose(replace(review, constraints=(near, *others)))
    assert [g.borderline for row in report.glance for g in row.glimpses] == [True, False]
