"""Two versions by their stored reviews: what a review keeps is compared, and nothing is guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sbrt_qa.compare.comparison import CaseComparison, StructureState
from sbrt_qa.compare.stored_reviews import compare_reviews
from sbrt_qa.dicom.load import load_cases
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.review.case_review import CaseReview, PlanSummary
from sbrt_qa.review.review import review_case
from sbrt_qa.testing.sample.trial import write_trial


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> CaseReview:
    folder = tmp_path_factory.mktemp("trial")
    write_trial(folder, 1)
    (case,) = load_cases([folder / "submissions"])
    return review_case(case, load_protocol(folder / "protocol_v1.yaml"), bands=False)


def with_plan(review: CaseReview, **changes: object) -> CaseReview:
    assert isinstance(review.plan, PlanSummary)
    return replace(review, plan=replace(review.plan, **changes))


def test_the_same_review_twice_has_no_change(review):
    found = compare_reviews(review, review)
    assert found.changes == ()
    assert {m.difference for m in found.metrics} == {0.0}
    assert {s.state for s in found.structures} == {StructureState.NOT_COMPARED}
    assert isinstance(found.dose, Reason)
    assert CaseComparison.from_json(found.to_json()) == found


def test_facts_of_the_plan_that_differ_are_told(review):
    found = compare_reviews(review, with_plan(review, fractions=3, machines=("OTHER",)))
    told = {c.what: (c.before, c.after) for c in found.changes}
    assert told == {"fractions": ("5", "3"), "machines": ("SYNTHETIC", "OTHER")}


def test_structures_are_held_by_their_volumes(review):
    first, second, *rest = review.structures
    larger = replace(first, volume_cc=2 * first.volume_cc)
    after = replace(review, structures=(larger, replace(second, key="New"), *rest))
    found = {s.name: s.state for s in compare_reviews(review, after).structures}
    assert found[first.key] is StructureState.CHANGED
    assert found["New"] is StructureState.ADDED
    assert found[second.key] is StructureState.REMOVED
    assert {found[s.key] for s in rest} == {StructureState.NOT_COMPARED}


def test_a_plan_that_is_missing_on_one_side_is_told(review):
    without = replace(review, plan=Reason(ReasonCode.REFERENCE_MISSING, "no plan"))
    (change,) = compare_reviews(without, review).changes
    assert (change.what, change.before, change.after) == ("plan", "", "TRIAL")
    assert compare_reviews(without, without).changes == ()
