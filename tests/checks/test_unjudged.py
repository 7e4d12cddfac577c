"""Limits of organs that are not drawn: named, and no case passes by its target alone."""

from __future__ import annotations

import pytest

from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.reports.compose import counts
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.review import review_case

from .cases import BODY, CTV, LIVER_ORGAN, PTV, case

GENERAL = ("uk_sabr_2022", "tg101", "timmerman_2022")


def reviewed(tried: Case, protocol: str) -> CaseReview:
    return review_case(tried, load_protocol(protocol), bands=False)


def verdicts(review: CaseReview) -> list[Verdict | None]:
    return [f.verdict for f in review.findings if f.code == "ORGANS_UNJUDGED"]


@pytest.mark.parametrize("protocol", GENERAL)
def test_a_plan_without_any_organ_is_not_evaluable(protocol: str) -> None:
    review = reviewed(case(BODY, PTV, CTV), protocol)
    assert verdicts(review) == [Verdict.NOT_EVALUABLE]
    assert review.verdict in (Verdict.NOT_EVALUABLE, Verdict.MAJOR)


@pytest.mark.parametrize("protocol", GENERAL)
def test_organs_that_are_not_drawn_are_named(protocol: str) -> None:
    review = reviewed(case(BODY, PTV, CTV, LIVER_ORGAN), protocol)
    assert verdicts(review) == [None]
    (found,) = (f for f in review.findings if f.code == "ORGANS_UNJUDGED")
    assert "Duodenum" in found.message
    assert "Liver" not in found.message


def test_limits_without_an_organ_are_counted_apart_from_those_reported_only() -> None:
    review = reviewed(case(BODY, PTV, CTV, LIVER_ORGAN), "uk_sabr_2022")
    counting = sum(count.number for count in counts.of_limits(review))
    assert counts.unjudged(review) > counts.reported_only(review) > 0
    others = counts.unjudged(review) + counts.not_relied_on(review)
    assert counting + others + counts.reported_only(review) == len(review.constraints)


def test_a_structure_that_must_be_there_is_not_told_twice() -> None:
    review = reviewed(case(BODY, PTV, CTV, LIVER_ORGAN), "liver_sbrt")
    assert "Duodenum" not in " ".join(
        f.message for f in review.findings if f.code == "ORGANS_UNJUDGED"
    )
    assert review.verdict in (Verdict.NOT_EVALUABLE, Verdict.MAJOR)
