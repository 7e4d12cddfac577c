"""While nobody approved a protocol, every output says so on its first line; else who did."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from dataclasses import replace

import pytest

from sbrt_qa.evidence.evidence import Reviewed
from sbrt_qa.i18n.words import Words
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.reports.letter.compose import letter_sheet
from sbrt_qa.reports.letter.letter_facts import Letter
from sbrt_qa.reports.protocol_table import render_protocol
from sbrt_qa.reports.registry import Page, render_report, render_reviews
from sbrt_qa.reports.sheet.plain_text import sheet_text
from sbrt_qa.reports.sheet.sheet_render import sheet_html
from sbrt_qa.reports.trial.trial_page import trial_page
from sbrt_qa.review.case_review import CaseReview, ProtocolUsed

DRAFT = "Draft limits from publications, not approved by the trial."
APPROVED = "Limits approved for the trial by Trial management group on 2026-11-02."
PAGE = Page(160)


@pytest.fixture(params=[DRAFT, APPROVED])
def told(request: pytest.FixtureRequest, review: CaseReview) -> tuple[str, CaseReview]:
    protocol = load_protocol("liver_sbrt")
    if request.param == APPROVED:
        who = {"approved_by": "Trial management group", "approved_on": dt.date(2026, 11, 2)}
        protocol = protocol.model_copy(update=who)
        assert render_protocol(protocol, PAGE).splitlines()[0] == APPROVED
    return request.param, replace(review, protocol=ProtocolUsed.of(protocol))


def test_table_json_and_csv(told: tuple[str, CaseReview]) -> None:
    line, review = told
    assert render_reviews("table", [review, review], PAGE).splitlines()[0] == line
    (data,) = json.loads(render_reviews("json", [review], PAGE))
    assert list(data)[:2] == ["draft", "standing"]
    assert (data["draft"], data["standing"]) == (line == DRAFT, line)
    assert data["protocol"]["draft"] is data["draft"]
    assert CaseReview.from_json(json.dumps(data)) == review
    for name in ("csv", "checks_csv", "compared_csv", "targets_csv"):
        rows = list(csv.DictReader(io.StringIO(render_reviews(name, [review], PAGE))))
        assert {row["draft"] for row in rows} <= {line}
        heads = next(csv.reader(io.StringIO(render_reviews(name, [review], PAGE))))
        assert "draft" in heads


def test_report_and_letter(told: tuple[str, CaseReview]) -> None:
    line, review = told
    page = render_report("html", Reviewed(review), "en").decode()
    body = page[page.index("<header") :]
    assert body.index(line) < body.index("<h1")
    letter = Letter("T", "S1/001/v1", (review,), (), "2026-11-03", "2026-11-17")
    sheet = letter_sheet(letter, Words("en"))
    assert sheet_text(sheet).splitlines()[0] == line
    html = sheet_html(sheet)
    assert html.index(line) < html.index("<h1")
    chinese = sheet_text(letter_sheet(letter, Words("zh"))).splitlines()[0]
    assert ("限值草案" in chinese) is (line == DRAFT)


def test_the_page_of_a_trial() -> None:
    html = trial_page("trial", "about", "foot", {"rows": []}, {}, "en", (DRAFT,))
    assert html.index(DRAFT) < html.index("<h1")


def test_the_protocol_itself() -> None:
    assert render_protocol(load_protocol("tg101"), PAGE).splitlines()[0] == DRAFT


def test_a_review_of_an_older_version_counts_as_a_draft(review: CaseReview) -> None:
    data = json.loads(review.to_json())
    for key in ("draft", "standing"):
        del data[key]
        del data["protocol"][key]
    assert CaseReview.from_json(json.dumps(data)).protocol.standing == DRAFT
