"""What is not relied on once a finding disowns it: shown with its value, and counted nowhere."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import pytest

from sbrt_qa.audit.store.write import value_row
from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.model.outcome import CasePart, ReasonCode, Verdict
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.reports.compose.counts import not_relied_on, of_limits
from sbrt_qa.reports.registry import Page, render_reviews
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.review import review_case
from sbrt_qa.review.stored import regrade, stored

SAMPLE = Path(__file__).resolve().parents[2] / "sample_dicom"


@functools.cache
def sample(name="major"):
    (case,) = load_cases(SAMPLE / name)
    return case


def scaled(factor, name="major"):
    case = sample(name)
    return replace(case, dose=replace(case.dose, dose_gy=case.dose.dose_gy * factor))


@functools.cache
def reviewed(factor):
    return review_case(scaled(factor), load_protocol("liver_sbrt"), bands=False)


def block_of(review):
    (found,) = [f for f in review.findings if f.code == "DOSE_FAR_FROM_PRESCRIPTION"]
    return found


@pytest.mark.parametrize(
    ("factor", "hint"),
    [
        (100.0, "about a hundred times; cGy labelled as Gy?"),
        (1000.0, "about a thousand times; mGy labelled as Gy?"),
        (0.01, "about a hundredth"),
        (0.2, "one of 5 fractions; the dose of one fraction?"),
        (5.0, "5 times; multiplied by the fractions twice?"),
        (0.0, "every value is 0"),
    ],
)
def test_case_118__a_disowned_dose_is_not_evaluable_with_its_likely_cause(factor, hint):
    review = reviewed(factor)
    assert review.verdict is Verdict.NOT_EVALUABLE
    assert hint in block_of(review).message
    assert block_of(review).disowns is CasePart.DOSE
    for one in review.constraints:
        assert one.verdict is Verdict.NOT_EVALUABLE or one.metric.startswith("Volume")
        if one.value is not None and not one.metric.startswith("Volume"):
            assert one.reason.code is ReasonCode.NOT_RELIED_ON
            assert not one.counts
    assert not any(f.verdict is Verdict.MAJOR and "BEAM_DOSE" in f.code for f in review.findings)


def test_case_118__the_sound_plan_keeps_its_major_deviation():
    review = reviewed(1.0)
    assert review.verdict is Verdict.MAJOR
    assert all(one.is_relied_on for one in review.constraints)


def test_a_major_that_rests_on_nothing_disowned_stays_beside_it():
    case = scaled(100.0)
    case = replace(case, image_problem="the image series cannot be used: tilted")
    review = review_case(case, load_protocol("liver_sbrt"), bands=False)
    assert review.verdict is Verdict.NOT_EVALUABLE
    (beside,) = [f for f in review.findings if f.code == "IMAGE_UNUSABLE"]
    assert beside.verdict is Verdict.MAJOR


def test_values_stay_visible_and_count_nowhere():
    review = reviewed(100.0)
    again = CaseReview.from_json(review.to_json())
    assert again == review
    assert not_relied_on(review) > 5
    assert {c.verdict for c in of_limits(review)} <= {Verdict.NOT_EVALUABLE}
    row = next(c for c in review.constraints if not c.is_relied_on)
    assert value_row(row)["value"] is None
    assert value_row(row)["reason"] == "not_relied_on"
    assert not value_row(row)["counts"]
    for name in ("table", "csv"):
        text = render_reviews(name, (review,), Page(width=200))
        assert "not relied on" in text


def test_a_regrading_from_the_store_relies_on_nothing_disowned_either():
    case, rules = scaled(100.0), load_protocol("liver_sbrt")
    doses = CaseDoses(case)
    review = review_case(case, rules, doses=doses, bands=False)
    facts, dvhs = stored(doses)
    again = regrade(facts, dvhs.get, review, rules)
    assert again.verdict is Verdict.NOT_EVALUABLE
    assert {c.id: (c.value, c.verdict, c.counts) for c in again.constraints} == {
        c.id: (c.value, c.verdict, c.counts) for c in review.constraints
    }


@pytest.mark.parametrize("level", [9896.0, 50.0])
def test_case_151__a_dose_that_no_treatment_has_is_said_without_a_prescription_too(level):
    case = sample()
    dose = case.dose.dose_gy * 0 + level
    if level > 500:
        dose[0, 0, 0] = 0.0
    plan = replace(case.plan, prescription=None)
    review = review_case(
        replace(case, plan=plan, dose=replace(case.dose, dose_gy=dose)),
        load_protocol("liver_sbrt"),
        bands=False,
    )
    assert review.verdict is Verdict.NOT_EVALUABLE
    assert "DOSE_IMPLAUSIBLE" in [f.code for f in review.findings]


def test_case_151__twice_the_prescription_at_the_isocentre_is_a_hint():
    case = sample("compliant")
    from sbrt_qa.dosimetry.interpolation import dose_at_gy

    there = dose_at_gy(case.dose, case.plan.beams[0].isocentres_mm[0])
    twice = 2 * case.plan.prescription.total_gy / there
    dose = replace(case.dose, dose_gy=case.dose.dose_gy * twice)
    review = review_case(replace(case, dose=dose), load_protocol("liver_sbrt"), bands=False)
    (hint,) = [f for f in review.findings if f.code == "DOSE_TWICE"]
    assert "twice the prescription at the isocentre" in hint.message
    assert hint.verdict is None


@pytest.mark.parametrize(("part", "told"), [(0.85, True), (0.6, True), (1.0, False)])
def test_a_dose_that_is_cut_off_is_told(part, told):
    case = sample()
    level = part * case.dose.max_gy
    cut = replace(case.dose, dose_gy=case.dose.dose_gy.clip(max=level))
    review = review_case(replace(case, dose=cut), load_protocol("liver_sbrt"), bands=False)
    found = [f for f in review.findings if f.code == "DOSE_CUT_OFF"]
    assert bool(found) == told
    assert all(f.verdict is None and f"{level:.2f} Gy" in f.message for f in found)
