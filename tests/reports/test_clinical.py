"""The plan in one clinical sentence, order of harm, one proposal, both distances, short numbers."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from dataclasses import replace

import pytest

from sbrt_qa.i18n.words import Words
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.reports.as_csv import short_number
from sbrt_qa.reports.compose.case_page import compose
from sbrt_qa.reports.compose.clinical import harm_order, proposal, sentence
from sbrt_qa.reports.compose.concerns import deviating
from sbrt_qa.reports.compose.limit_points import markers, volume_at_cc
from sbrt_qa.reports.compose.verdict_words import distance_text
from sbrt_qa.reports.registry import Page, render_reviews
from sbrt_qa.review.submission import Occasion
from sbrt_qa.units import gy_text

from .samples import sample

EN, ZH = Words("en"), Words("zh")


def test_one_sentence_tells_coverage_and_what_deviates_how_far() -> None:
    reviewed = sample("major")
    told = compose(reviewed.review, reviewed.evidence).clinical
    assert told.startswith("PTV is covered (96.5 % of it gets the prescription); major: too much")
    assert told.count(".") == 2  # the decimal point and the stop: one sentence
    major, minor = re.split("; minor: ", told)
    assert "Duodenum" in major
    assert "Duodenum" not in minor
    assert "high dose spills around PTV" in minor


def test_a_compliant_plan_is_told_in_one_sentence_and_needs_no_proposal() -> None:
    report = compose(sample("compliant").review, sample("compliant").evidence)
    assert report.clinical.endswith("every organ at risk stays within its limits.")
    assert report.proposal == ""


def test_deviations_stand_in_order_of_harm_within_each_verdict() -> None:
    groups = deviating(sample("major").review)
    majors = [n for n, rs in groups.items() if any(r.verdict is Verdict.MAJOR for r in rs)]
    assert list(groups)[: len(majors)] == majors
    assert majors.index("Duodenum") < majors.index("Kidneys")
    minors = [name for name in groups if name not in majors]
    assert minors.index("BileDuct_Common") < minors.index("Chestwall") < minors.index("PTV")
    worst = [min(map(harm_order, groups[name])) for name in majors]
    assert worst == sorted(worst)


def test_one_proposal_speaks_of_the_plan_as_a_whole() -> None:
    review = sample("major").review
    groups = tuple(deviating(review).values())
    told = proposal(review, groups, "", EN)
    assert told.startswith("Make one new plan with the same prescription that brings down the dose")
    assert told.count("Make one new plan") == 1
    assert proposal(review, groups, "a level", EN) == "a level"
    cold = [replace(r, structure="PTV", metric="V100%[%]", op=">=") for r in groups[0]]
    assert "raises the dose at the edge of PTV" in proposal(review, [cold], "", EN)
    both = proposal(review, [cold, groups[1]], "", EN)
    assert both.index("Duodenum") < both.index("PTV")
    assert "too little dose in PTV" in sentence(review, [cold], EN)


def test_page_one_says_by_when_and_what_is_asked() -> None:
    occasion = Occasion(due=dt.date(2026, 12, 14), query="Which margin was added?")
    told = compose(sample("minor").review, occasion=occasion).asked
    assert [(f.label, f.text) for f in told] == [
        ("Answer by", "2026-12-14"), ("Question to the site", "Which margin was added?"),
    ]  # fmt: skip
    assert compose(sample("minor").review).asked == ()


def test_a_limit_of_volume_is_told_in_dose_as_the_curve_has_it() -> None:
    reviewed = sample("major")
    evidence = reviewed.evidence
    assert evidence is not None
    (wall,) = (
        c
        for c in reviewed.review.constraints
        if c.metric == "V30Gy[cc]" and c.counts and c.structure == "Chestwall"
    )
    (d,) = (
        d
        for c in compose(reviewed.review, evidence).concerns
        for d in c.deviations
        if d.limit == wall.key
    )
    found = re.search(
        r"In dose: 30.00 cc get ([\d.]+) Gy or more, where 30 Gy is allowed", d.excess
    )
    assert found is not None
    curve = evidence.curves[evidence.curve_of[wall.key]]
    assert volume_at_cc(curve, evidence, float(found[1])) == pytest.approx(30.0, rel=0.03)


def test_limit_and_minor_bound_are_told_apart() -> None:
    reviewed = sample("major")
    assert reviewed.evidence is not None
    for one in reviewed.review.constraints:
        key = reviewed.evidence.curve_of.get(one.key, "")
        if key not in reviewed.evidence.curves:
            continue
        points, _ = markers(one, reviewed.evidence.curves[key], 50.0)
        assert [p.minor for p in points] == sorted(p.minor for p in points)
        assert sum(not p.minor for p in points) <= 1


@pytest.mark.parametrize(
    ("dose_gy", "text"),
    [(20 / 3, "6.67"), (50.0, "50"), (12.5, "12.5"), (0.0, "0"), (0.004321, "0.0043")],
)
def test_doses_are_rounded_by_rule(dose_gy: float, text: str) -> None:
    assert gy_text(dose_gy) == text


@pytest.mark.parametrize(
    ("value", "limits", "short"),
    [
        (91.78562251890038, (), 91.7856),
        (0.0012345678, (), 0.00123457),
        (1234567.89123, (), 1234567.8912),
        (12.000004, (12.0,), 12.000004),
        (12.000004, (13.0, None), 12.0),
    ],
)
def test_a_number_of_a_table_is_short_and_on_its_side(
    value: float, limits: tuple[float | None, ...], short: float
) -> None:
    assert short_number(value, limits) == short


def test_csv_has_short_numbers_and_json_whole_ones() -> None:
    review = sample("major").review
    rows = list(csv.DictReader(io.StringIO(render_reviews("csv", [review], Page()))))
    for row, one in zip(rows, review.constraints, strict=True):
        for column in ("value", "margin", "band_low"):
            digits = row[column].partition(".")[2]
            assert len(digits) <= 6 or float(row[column]) < 1, row[column]
        if one.value is not None:
            assert float(row["value"]) == pytest.approx(one.value, abs=1e-4)
            assert repr(one.value) in review.to_json()


def test_shares_are_apart_by_percentage_points() -> None:
    assert distance_text(8.97, "%", EN) == "8.97 percentage points"
    assert distance_text(8.97, "%", ZH) == "8.97 个百分点"
    assert distance_text(8.97, "Gy", EN) == "8.97 Gy"


def test_no_table_says_any_none_or_one_equals_one() -> None:
    for language, answer in (("en", "yes"), ("zh", "是")):
        rows = compose(sample("major").review, language=language).limits
        (hottest,) = (row for row in rows if "[bool]" in row.metric)
        assert (hottest.value, hottest.bound) == (answer, answer)
        assert not {row.minor for row in rows} & {"any", "none", "任意", "无"}
    assert compose(sample("major").review).limits[0].unit == "Gy"
