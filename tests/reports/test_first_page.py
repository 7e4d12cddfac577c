"""Page one: everything that decides against a plan, and one coherent action for each of it."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from sbrt_qa.evidence.evidence import Reviewed
from sbrt_qa.i18n.phrase import joined, say
from sbrt_qa.i18n.words import Words
from sbrt_qa.model.case import Case, Provenance
from sbrt_qa.model.header import ObjectHeader
from sbrt_qa.model.outcome import Finding, Reason, ReasonCode, Verdict
from sbrt_qa.model.plan import Plan
from sbrt_qa.reports.compose.case_page import compose
from sbrt_qa.reports.compose.facts import part_facts
from sbrt_qa.reports.page import Report
from sbrt_qa.reports.registry import Page, render_report, render_reviews
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.submission import Occasion, occasion_of

from .samples import sample

SAMPLE = Path(__file__).parents[2] / "sample_dicom"


@functools.cache
def major() -> Report:
    reviewed = sample("major")
    return compose(reviewed.review, reviewed.evidence)


def test_the_liver_gets_one_action_that_says_what_a_step_down_does_and_does_not_do() -> None:
    (liver,) = (c for c in major().concerns if c.title.startswith("Liver-GTV"))
    first, *others = liver.actions
    assert first.startswith(
        "Stepping down to 45 Gy settles the mean dose but not the dose to the least irradiated "
        "700 cc (36.1 Gy"
    )
    assert not any("Scaling" in text or "37 %" in text for text in others)
    assert [check.code for check in liver.checks] == ["LIVER_LEVEL"]


def test_the_level_of_the_liver_is_told_at_a_glance() -> None:
    (row,) = (row for row in major().glance if row.title.startswith("Liver-GTV"))
    assert any("a mean of 15.5 Gy allows 45 Gy" in g.value for g in row.glimpses)
    assert "45 Gy" in row.action


def test_a_glance_has_every_deviation_and_starts_with_the_worst() -> None:
    report = major()
    told = [(g.label, g.value) for row in report.glance for g in row.glimpses]
    assert all((d.metric, d.value) in told for c in report.concerns for d in c.deviations)
    ranks = [row.mark.verdict.rank for row in report.glance if row.mark.verdict]
    assert ranks == sorted(ranks, reverse=True)


def test_a_value_is_its_limit_and_the_distance_as_they_are_printed() -> None:
    told = [
        (g.value.split(), g.bound.split(), g.off.split())
        for row in major().glance
        for g in row.glimpses
        if g.bound.startswith("≤")
    ]
    assert len(told) > 10
    for (value, *_), (_, bound, *_), (off, *_) in told:
        assert f"{float(bound) + float(off):.2f}" == value
        assert len(off.partition(".")[2]) == 2


def test_nothing_beside_the_limits_is_told_twice() -> None:
    beside = major().beside
    assert beside is not None
    names = [row[0] for row in beside.rows]
    assert len(set(names)) == len(names) > 10
    assert names.count("mean dose of the liver") == 1


def test_yes_and_no_lie_at_no_distance_and_reported_values_have_no_verdict() -> None:
    limits = {row.id: row for row in major().limits}
    assert (limits["TGT_DMAX_LOC"].value, limits["TGT_DMAX_LOC"].margin) == ("yes", "")
    assert limits["SPL5_MEAN"].mark.word == "reported only"


LEVELS = ((50.0, 5), (49.0, 3), (45.0, 5), (40.0, 5))


@pytest.mark.parametrize(
    ("value_gy", "says"),
    [
        (31.0, "it would be met at 45 Gy, a level of the protocol (90 % of the dose)"),
        (
            49.0,
            "Scaling the whole dose is not an option: no level of the protocol is as low as 30.6",
        ),
    ],
)
def test_scaling_is_advised_only_to_a_level_of_the_protocol(
    review: CaseReview, value_gy: float, says: str
) -> None:
    over = replace(review.constraints[0], value=value_gy, margin=30.0 - value_gy)
    rules = replace(review.protocol, levels=LEVELS)
    (concern,) = compose(replace(review, constraints=(over,), protocol=rules)).concerns
    assert says in concern.actions[-1]


WRONG_DOSE = Finding(
    "DOSE_FAR", Verdict.NOT_EVALUABLE, "dose", "maximum 5 Gy, but 50 Gy prescribed",
    "Check that this is the dose of the whole plan.", title="Dose and prescription",
)  # fmt: skip


def only_a_check(review: CaseReview) -> CaseReview:
    met = tuple(c for c in review.constraints if c.verdict is Verdict.PER_PROTOCOL)
    return replace(review, constraints=met, findings=(WRONG_DOSE,), verdict=Verdict.NOT_EVALUABLE)


def test_a_check_that_decides_is_read_before_limits_are_called_met(review: CaseReview) -> None:
    page = render_report("html", Reviewed(only_a_check(review)), "en").decode()
    first = page[page.index('id="summary"') : page.index('id="limits"')]
    assert first.index("maximum 5 Gy") < first.index("No limit that decides is missed.")
    assert "prescribed. <span" in first
    assert "</b> Check that this is the dose of the whole plan." in first


@pytest.mark.parametrize("form", ["html", "table"])
def test_checks_are_counted_beside_limits(review: CaseReview, form: str) -> None:
    passed = tuple(replace(WRONG_DOSE, code=c, verdict=Verdict.PER_PROTOCOL) for c in "ABBC")
    told = replace(only_a_check(review), passed=passed)
    text = (
        render_report("html", Reviewed(told), "en").decode()
        if form == "html"
        else render_reviews("table", [told], Page())
    )
    assert "4 checks: 1 not evaluable, 3 nothing found" in text


def test_bounds_by_volume_and_limits_that_decide_nothing_stand_last() -> None:
    counting = [row.counts for row in major().limits]
    assert counting == sorted(counting, reverse=True)


def facts_of(report: Report) -> dict[str, str]:
    return {fact.label: fact.text for fact in (*report.methods, *report.facts)}


def test_the_head_names_site_submission_dates_and_the_review(review: CaseReview) -> None:
    known = Occasion("SITE7", "2", dt.date(2026, 1, 5), dt.date(2026, 3, 9))
    told = facts_of(compose(review, occasion=known))
    assert told["Subject"] == "S-004 · site SITE7 · submission 2"
    assert told["Plan"].endswith("planned on 2026-01-05")
    assert told["Report"].startswith("made on 2026-03-09 · review ")
    assert told["Review"] == "SHA-256 " + hashlib.sha256(review.to_json().encode()).hexdigest()


def test_an_untested_engine_is_told_with_what_to_run(review: CaseReview) -> None:
    told = facts_of(compose(review))
    assert "run sbrt-qa selftest" in told["Self-test"]
    assert "no self-test recorded" in told["Report"]
    assert "run sbrt-qa selftest" in render_reviews("table", [review], Page(width=200))
    engine = replace(review.engine, self_test="abc123")
    tested = facts_of(compose(replace(review, engine=engine)))
    assert tested["Self-test"] == "abc123"
    assert "self-test" not in tested["Report"]


@pytest.mark.parametrize(
    ("removed", "planned"), [(("YES", "YES"), dt.date(2026, 1, 5)), (("YES", ""), None), ((), None)]
)
def test_the_planning_date_is_shown_only_of_a_deidentified_case(
    removed: tuple[str, ...], planned: dt.date | None
) -> None:
    none = Reason(ReasonCode.REFERENCE_MISSING, "none")
    headers = tuple(
        ObjectHeader("RP.dcm", "RTPLAN", identity_removed=word, site="SITE7") for word in removed
    )
    case = Case(
        "P", Plan("1.2", "P", planning_date="20260105"), none, none,
        provenance=Provenance(headers=headers),
    )  # fmt: skip
    assert occasion_of(case) == Occasion("SITE7" if removed else "", planned=planned)


def test_a_glance_says_by_how_much_each_limit_is_missed(review: CaseReview) -> None:
    off = [g.off for row in compose(review).glance for g in row.glimpses]
    assert off == ["2.00 Gy (7 %)", "1.00 Gy (3 %)"]


def test_a_caption_names_the_hatched_dose_and_no_line_that_may_not_be_drawn() -> None:
    reviewed = sample("minor")
    told = {c.title: c.picture for c in compose(reviewed.review, reviewed.evidence).concerns}
    assert "hatched: less than 50 Gy" in told["PTV"]
    assert "hatched: 33 Gy or more" in told["Duodenum"]
    assert not any("isodose" in text for text in told.values())


def test_no_step_down_is_offered_where_the_protocol_has_no_such_level(review: CaseReview) -> None:
    over = replace(review.constraints[0], value=31.0, margin=-1.0)
    rules = replace(review.protocol, levels=((50.0, 5), (48.0, 3)))
    (concern,) = compose(replace(review, constraints=(over,), protocol=rules)).concerns
    assert not any("Gy, a level" in text for text in concern.actions)
    assert "no level of the protocol is as low as 48.4 Gy" in concern.actions[-1]


def test_the_organ_at_its_limit_comes_before_coverage() -> None:
    reviewed = sample("minor")
    actions = {c.title: c.actions[0] for c in compose(reviewed.review, reviewed.evidence).concerns}
    assert "limits of organs beside the target are kept" in actions["PTV"]
    assert "(at its limit: Duodenum)" in actions["PTV"]
    assert actions["Duodenum"].startswith(
        "Bring the 33 Gy isodose off Duodenum: at most 0.1 cc may"
    )


@pytest.mark.parametrize("untold", [False, True])
def test_fraction_groups_are_listed_once(*, untold: bool) -> None:
    def of(*groups: str) -> Reason:
        listed = joined(", ", (say("group {0}: {1}", n, f"{n}0 Gy") for n in groups))
        return Reason(ReasonCode.NO_PRESCRIPTION, say("they differ ({0})", listed))

    plan = sample("minor").review.plan
    assert not isinstance(plan, Reason)
    several = replace(
        plan, prescription_gy=of("1", "2"), fractions=of("1", "2", *("3" if untold else ()))
    )
    missing = Reason(ReasonCode.NO_PRESCRIPTION, say("there is none"))
    told = next(part_facts(several, missing, missing, 0, None, Words("en"))).text
    assert told.count("group 1") == (2 if untold else 1)
    assert told.count("group 3") == (1 if untold else 0)
