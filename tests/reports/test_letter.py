"""A letter says what deviates, what is asked for and by when, the same in every form."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from pypdf import PdfReader

from sbrt_qa.model.outcome import Finding, Verdict
from sbrt_qa.protocol.load import load_protocol
from sbrt_qa.reports.letter.compose import HEADINGS, letter_sheet
from sbrt_qa.reports.letter.model import Letter
from sbrt_qa.reports.sheet.text import WIDTH, sheet_text
from sbrt_qa.reports.words import Words
from sbrt_qa.review.result import CaseReview
from sbrt_qa.review.unreviewed import unreviewed
from sbrt_qa.workflows import reporting
from sbrt_qa.workflows_audit.letters import as_document

ROOT = Path(__file__).parents[2]
ENGLISH = re.compile(r"\b[a-z]{3,}\b")
HOSTILE = '<script>alert(1)</script> #read("/etc/passwd") \u202e'


def letter(*reviews: CaseReview, findings: tuple[Finding, ...] = ()) -> Letter:
    return Letter("T", "S1/001/v1", reviews, findings, "2026-03-01", "2026-03-15")


def said(one: Letter) -> str:
    """Return what a letter says, however its lines break."""
    return " ".join(text_of(one).split())


def text_of(one: Letter, language: str = "en") -> str:
    return sheet_text(letter_sheet(one, Words(language)))


@pytest.fixture
def sound(review: CaseReview) -> CaseReview:
    """The sample with nothing but limits that are met."""
    met = tuple(c for c in review.constraints if c.verdict is Verdict.PER_PROTOCOL)
    return replace(review, constraints=met, findings=(), verdict=Verdict.PER_PROTOCOL)


@pytest.fixture
def refused() -> CaseReview:
    return unreviewed("submission", load_protocol("liver_sbrt"), "exceeded 60 s")


@pytest.fixture(scope="module")
def read() -> CaseReview:
    """A sample whose organs are partly missing, as it is reviewed."""
    return reporting.report([ROOT / "sample_dicom" / "missing_organ"], bands=False).review


def test_every_missed_limit_is_told_worst_first(review):
    text = text_of(letter(review))
    for one in review.constraints:
        deviates = one.counts and one.verdict in (Verdict.MAJOR, Verdict.MINOR)
        assert (f"({one.id})" in text) == deviates
    heads = [text.index(HEADINGS[v]) for v in (Verdict.MAJOR, Verdict.MINOR) if HEADINGS[v] in text]
    assert heads == sorted(heads)
    assert re.search(r"Answer by +2026-03-15", text)
    assert "Correction requested" in text
    assert "Please answer by 2026-03-15." in text
    assert all(len(line) <= WIDTH for line in text.splitlines())


def test_a_letter_about_a_sound_plan_asks_for_nothing(sound):
    text = said(letter(sound))
    assert "Everything that was evaluated is as the protocol wants it." in text
    assert "No answer is needed." in text
    assert "Answer by" not in text
    assert not letter(sound).asks


def test_a_letter_about_what_could_not_be_read_asks_for_another_export(refused):
    text = said(letter(refused))
    assert "It could not be read" in text
    assert "exceeded 60 s" in text
    assert "Please export the submission again" in text
    assert "correct the plan" not in text
    assert letter(refused).asks


def test_one_reason_for_many_limits_is_told_once(review):
    reason = next(c.reason for c in review.constraints if c.reason is not None)
    blank = tuple(
        replace(c, value=None, margin=None, band=None, borderline=False, reason=reason,
                verdict=Verdict.NOT_EVALUABLE)
        for c in review.constraints if c.counts
    )  # fmt: skip
    unseen = replace(review, constraints=blank, findings=(), verdict=Verdict.NOT_EVALUABLE)
    text = said(letter(unseen))
    assert text.count(reason.detail) == 1
    assert all(f"{c.structure} {c.metric}" in text for c in blank)


def test_what_is_wrong_with_the_files_is_asked_for_beside_a_sound_plan(sound):
    found = Finding("SUBJECT_DIFFERS", None, "subject", "another subject", "Check whose it is.")
    one = letter(sound, findings=(found,))
    assert one.asks
    assert "Notes on the submission" in said(one)
    assert "Check whose it is." in said(one)


def test_advice_on_options_of_the_program_is_not_for_a_site(sound):
    found = Finding("X", None, "files", "odd", "Say which it is with --map.")
    assert "--map" not in text_of(letter(sound, findings=(found,)))


def test_each_of_several_plans_has_its_part(review, sound):
    text = text_of(letter(review, sound))
    assert "Plan 1: " in text
    assert "Plan 2: " in text
    assert letter(review, sound).verdict is Verdict.MAJOR


def test_a_letter_needs_a_review():
    with pytest.raises(ValueError, match="needs a review"):
        letter()


@pytest.mark.parametrize("which", ["read", "sound", "refused"])
def test_no_english_is_left_in_a_chinese_letter(which, request):
    text = text_of(letter(request.getfixturevalue(which)), "zh")
    english = [line for line in text.splitlines() if len(ENGLISH.findall(line)) >= 2]
    assert english == []
    wide = [sum(2 if ord(c) > 0x2E80 else 1 for c in line) for line in text.splitlines()]
    assert max(wide) <= WIDTH + 2  # a closing mark may stand out


@pytest.mark.parametrize("name", ["letter.pdf", "letter.html"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_letter_to_print_says_what_its_text_says(name, language, review):
    found = Finding("NOTE", None, "files", HOSTILE)
    sheet = letter_sheet(letter(review, findings=(found,)), Words(language))
    content = as_document(sheet, Path(name))
    if isinstance(content, bytes):
        text = " ".join(p.extract_text() for p in PdfReader(io.BytesIO(content)).pages)
        assert "script" in text
    else:
        assert "<script>" not in content
        assert "default-src 'none'" in unescape(content)
        text = unescape(content)
    bare = "".join(text.split())
    deviating = [c for c in review.constraints if c.counts and c.verdict is Verdict.MAJOR]
    for piece in ("2026-03-15", "S1/001/v1", *(f"({c.id})" for c in deviating)):
        assert piece in bare
    for _, fact in sheet.facts:
        assert "".join(fact.split()) in bare
    assert "\u202e" not in text
