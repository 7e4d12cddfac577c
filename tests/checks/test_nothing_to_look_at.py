"""A check that had nothing to look at is told as such: never absent, never passed."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from sbrt_qa.checks.context import CheckContext
from sbrt_qa.checks.registry import CHECKS, Group, Passed
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Reason, ReasonCode, Verdict
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.reports.compose.case_page import compose
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.review import review_case

from .cases import LIVER, case, context_of, dose, outcomes, plan

NONE = Reason(ReasonCode.REFERENCE_MISSING, "not there")
EMPTY = {
    "no plan": case(plan=NONE),
    "no beams": case(plan=plan(beams=(), fraction_groups=())),
    "no beams, no groups, no setups": case(
        plan=replace(plan(), beams=(), fraction_groups=(), setups=(), dose_references=())
    ),
    "no image": case(image=None),
    "an image of one slice": case(image=replace(case().image, z_mm=np.array([0.0]))),  # type: ignore[type-var]
    "no structures": case(structures=NONE),
    "an empty structure set": case(structures=StructureSet(())),
    "structures without contours": case(
        structures=StructureSet(
            tuple(replace(s, contours=()) for s in case().structures.structures)  # type: ignore[union-attr]
        )
    ),
    "no dose": case(dose=NONE),
    "a dose of zero": case(dose=dose(0.0)),
    "nothing at all": Case("EMPTY", NONE, NONE, NONE),
}


SOUND = "sound"
TRIED = {SOUND: case(), **EMPTY}


@cache
def context(name: str) -> CheckContext:
    """Return what all checks of a case look at, as in a review."""
    return context_of(TRIED[name])


@cache
def passes(code: str, name: str) -> int:
    return sum(isinstance(one, Passed) for one in CHECKS[code].examine(context(name)))


@pytest.mark.parametrize("name", EMPTY)
@pytest.mark.parametrize("code", sorted(CHECKS))
def test_case_122__what_is_empty_never_raises_what_a_check_passes(code: str, name: str) -> None:
    assert passes(code, name) <= passes(code, SOUND)


@cache
def review_of(name: str) -> CaseReview:
    return reviewed(TRIED[name])


def reviewed(tried: Case) -> CaseReview:
    return review_case(tried, LIVER, bands=False)


@pytest.mark.parametrize("name", TRIED)
def test_case_122__every_check_is_told_of(name: str) -> None:
    review = review_of(name)
    told = {f.code for f in (*review.findings, *review.passed, *review.not_told)}
    wanted = {c for c in CHECKS if LIVER.checks.get(c) is None or LIVER.checks[c].applies}
    assert wanted <= told
    assert all(f.verdict is None for f in review.not_told)
    assert not {f.code for f in review.not_told} & {f.code for f in review.passed}


@pytest.mark.parametrize("name", EMPTY)
def test_the_number_of_passed_checks_never_rises(name: str) -> None:
    assert len(review_of(name).passed) <= len(review_of(SOUND).passed)


def test_case_122__a_plan_without_a_beam_is_not_evaluable() -> None:
    review = review_of("no beams")
    (found,) = (f for f in review.findings if f.code == "NOTHING_TO_DELIVER")
    assert found.verdict is Verdict.NOT_EVALUABLE
    beams = [f for f in review.not_told if f.group == Group.BEAMS]
    assert f"{len(beams)} beam checks not made" in found.message
    assert {f.message for f in beams} == {"cannot be told: no beam of the plan treats"}


def test_a_plan_of_which_no_beam_treats_says_so() -> None:
    from sbrt_qa.model.plan import BeamKind

    setup = tuple(replace(b, kind=BeamKind.SETUP) for b in plan().beams)
    (found,) = outcomes(
        "NOTHING_TO_DELIVER", case(plan=replace(plan(), beams=(), setup_beams=setup))
    )
    assert "none of its 2 beams treats" in found.message
    brachy = case(plan=replace(plan(), beams=(), applications=1))
    assert "brachytherapy" in outcomes("NOTHING_TO_DELIVER", brachy)[0].message


def test_a_folder_without_images_stays_information() -> None:
    assert review_of("no image").verdict == review_of(SOUND).verdict


def test_it_stands_in_the_result_and_on_the_page() -> None:
    review = review_of("no image")
    assert CaseReview.from_json(review.to_json()) == review
    assert any(f["code"] == "FRACTION_INTERVAL" for f in json.loads(review.to_json())["not_told"])
    lines = compose(review).not_told
    assert any(
        line.startswith("Cannot be told: there are no treatment records: ") for line in lines
    )


def test_case_152__a_plan_for_a_phantom_is_not_judged_as_the_patients() -> None:
    for intent in ("VERIFICATION", "MACHINE_QA"):
        review = review_case(
            case(plan=plan(intent=intent)), load_protocol("liver_sbrt"), bands=False
        )
        (found,) = (f for f in review.findings if f.code == "PLAN_INTENT")
        assert found.verdict is Verdict.NOT_EVALUABLE
        assert intent in found.message
    assert type(outcomes("PLAN_INTENT", case(plan=plan(intent="CURATIVE")))[0]).__name__ == "Passed"
