"""Plans side by side: best values, curves, differences of dose, both documents."""

from __future__ import annotations

import functools
import io
import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest
from pypdf import PdfReader

from sbrt_qa.evidence.evidence import Reviewed
from sbrt_qa.i18n.words import Words
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.reports.plans.compose_plans import (
    OTHER_FRAME,
    OTHER_IMAGE,
    UNSTATED_FRAME,
    best_of,
    compose_plans,
    why_apart,
)
from sbrt_qa.reports.plans.difference_pictures import difference_of
from sbrt_qa.reports.plans.plans_html import plans_html
from sbrt_qa.reports.plans.plans_page import PlansPage
from sbrt_qa.reports.plans.plans_viewer import plans_payload
from sbrt_qa.reports.plans.write_plans import render_plans

from .samples import sample


@functools.cache
def hotter() -> Reviewed:
    """The major sample with more dose on one side: a plan in the same frame of reference."""
    made = sample("major")
    assert made.evidence is not None
    assert made.evidence.dose is not None
    dose = made.evidence.dose
    gy = dose.dose_gy.copy()
    gy[:, :, : gy.shape[2] // 2] *= 1.1
    return replace(
        made,
        review=replace(made.review, case="OTHER"),
        evidence=replace(made.evidence, dose=replace(dose, dose_gy=gy)),
    )


@functools.cache
def page(language: str = "en") -> PlansPage:
    return compose_plans([sample("major"), sample("minor"), hotter()], language)


def test_every_limit_is_a_row_and_every_plan_a_column() -> None:
    told = page()
    assert [c.letter for c in told.columns] == ["A", "B", "C"]
    assert [c.mark.verdict for c in told.columns][:2] == [Verdict.MAJOR, Verdict.MINOR]
    assert {row.limit for row in told.rows} >= {c.key for c in sample("major").review.constraints}
    assert all(len(row.cells) == 3 for row in told.rows)


def test_the_best_value_is_that_of_the_side_that_the_limit_asks_for() -> None:
    rules = {c.key: c for c in sample("major").review.constraints}
    for plan in ("major", "minor"):
        for one in sample(plan).review.constraints:
            other = sample("minor" if plan == "major" else "major").review
            (beside,) = (c for c in other.constraints if c.key == one.key)
            best = best_of({0: one, 1: beside})
            if one.op in ("<=", "<") and None not in (one.value, beside.value) and best:
                assert best == {0 if one.value < beside.value else 1}  # type: ignore[operator]
    at_least = next(c for c in rules.values() if c.op == ">=" and c.value is not None)
    higher = replace(at_least, value=(at_least.value or 0.0) + 1)
    assert best_of({0: at_least, 1: higher}) == {1}
    assert best_of({0: at_least, 1: at_least}) == frozenset()
    assert best_of({0: at_least, 1: higher, 2: higher}) == {1, 2}
    assert best_of({0: at_least}) == frozenset()
    assert best_of({0: at_least, 1: replace(higher, op="report")}) == frozenset()


def test_a_difference_of_doses_is_what_was_added_and_nothing_outside() -> None:
    one, other = sample("major").evidence, hotter().evidence
    assert one is not None
    assert other is not None
    assert one.dose is not None
    assert other.dose is not None
    found = difference_of(one.dose, other.dose)
    assert found is not None
    half = one.dose.dose_gy.shape[2] // 2
    right = found.gy[:, :, half:]
    assert np.nanmax(np.abs(right)) < 1e-9
    left, dose = found.gy[:, :, :half], one.dose.dose_gy[:, :, :half]
    known = ~np.isnan(left)
    assert left[known] == pytest.approx(0.1 * dose[known], abs=1e-9)
    rise, fall = found.place_of(rise=True), found.place_of(rise=False)
    assert fall is None
    assert rise is not None
    assert rise[1] == pytest.approx(0.1 * float(dose.max()))


def test_plans_in_other_frames_are_not_subtracted_and_it_is_said() -> None:
    told = page()
    assert any(note.startswith("B · MINOR: it lies in another frame") for note in told.notes)
    assert [one.title for one in told.differences] == [
        "C · OTHER: where the dose is most above that of A · MAJOR"
    ]
    assert "Orange: higher, blue: lower" in told.differences[0].caption


def test_curves_of_all_plans_lie_over_each_other_with_strokes_of_their_own() -> None:
    first = page().curves[0]
    assert first.title == "PTV"
    strokes = re.findall(r'stroke-width="([\d.]+)"(?: stroke-dasharray="([\d. ]+)")?', first.svg)
    assert {("2.4", ""), ("2", "7 3"), ("2", "2 2.5")} <= set(strokes)
    for name in ("A · MAJOR", "B · MINOR", "C · OTHER"):
        assert name in first.svg


@pytest.mark.parametrize("language", ["en", "zh"])
def test_both_documents_hold_every_row(language: str) -> None:
    told = page(language)
    html = unescape(plans_html(told).decode())
    assert "default-src 'none'" in html
    assert "<script" not in html
    assert " [en]" not in html
    assert html.count("★") == sum(c.best for row in told.rows for c in row.cells)
    plans = [sample("major"), sample("minor"), hotter()]
    pdf = PdfReader(io.BytesIO(render_plans("pdf", plans, language)))
    text = "".join("".join(p.extract_text().split()) for p in pdf.pages)
    missing = [
        row.limit
        for row in told.rows
        if row.limit.replace(" ", "") not in text.replace("\u200b", "")
    ]
    assert missing == []
    assert Words(language)("Plans side by side").replace(" ", "") in text


def test_one_plan_is_not_put_beside_itself_alone() -> None:
    with pytest.raises(ValueError, match="two to 8 plans"):
        compose_plans([sample("major")])


def test_doses_are_laid_over_each_other_only_where_they_are_known_to_belong_together() -> None:
    one, other = sample("major").evidence, hotter().evidence
    assert one is not None
    assert other is not None
    assert one.dose is not None
    assert one.image is not None
    assert why_apart(one, other) == ""
    unstated = replace(one, dose=replace(one.dose, frame_of_reference_uid=""))
    assert why_apart(unstated, unstated) == UNSTATED_FRAME
    assert why_apart(one, unstated) == UNSTATED_FRAME
    foreign = replace(one, dose=replace(one.dose, frame_of_reference_uid="1.2.3"))
    assert why_apart(one, foreign) == OTHER_FRAME
    copied = replace(one.image, series_uid="1.2.3")
    assert why_apart(one, replace(one, image=copied)) == ""
    again = replace(copied, hu=np.where(copied.hu > 0, copied.hu + 20, copied.hu))
    assert why_apart(one, replace(one, image=again)) == OTHER_IMAGE
    assert why_apart(one, replace(one, image=None)) == ""


def test_where_nothing_can_be_laid_over_the_page_has_a_sentence_and_no_script() -> None:
    plans = [sample("major"), sample("minor")]
    assert plans_payload(plans) == ""
    html = render_plans("html", plans).decode()
    assert "<script" not in html
    assert "it lies in another frame of reference" in html
    assert "<script" in render_plans("html", [sample("major"), hotter()]).decode()
