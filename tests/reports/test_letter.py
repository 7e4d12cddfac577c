"""A letter says what deviates, what is asked for and by when, the same in every form."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html import unescape
from itertools import takewhile
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from pypdf import PdfReader

from sbrt_qa.audit.letters import as_document
from sbrt_qa.i18n.phrase import Phrase
from sbrt_qa.i18n.words import FOLDER, Words
from sbrt_qa.model.outcome import Finding, Verdict
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.reports.compose.case_page import compose
from sbrt_qa.reports.letter.compose import HEADINGS, letter_sheet
from sbrt_qa.reports.letter.letter_facts import Letter
from sbrt_qa.reports.letter.site_advice import FOR_SITE, to_site
from sbrt_qa.reports.sheet.plain_text import WIDTH, sheet_text
from sbrt_qa.reports.sheet.sheet import Heading, Paragraph
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.unreviewed import unreviewed

from .samples import sample

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


def corrections(review: CaseReview) -> list[Paragraph]:
    """Return the points under the heading of the corrections."""
    blocks = letter_sheet(letter(review), Words()).blocks
    start = blocks.index(Heading("Correction requested")) + 1
    return list(takewhile(lambda b: isinstance(b, Paragraph) and b.is_point, blocks[start:]))


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
    return sample("missing_organ").review


@pytest.fixture(scope="module")
def missed() -> CaseReview:
    """A sample with limits of several structures missed, as it is reviewed."""
    return sample("major").review


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


FINDERS = ("src/sbrt_qa/checks/", "src/sbrt_qa/audit/", "src/sbrt_qa/review/unreviewed.py",
           "src/sbrt_qa/protocol/applicability.py")  # fmt: skip
TO_REVIEWER = re.compile(r"\b(?:the site)\b|^(?:Ask|Have|Look|Find out|Do not|Choose|Report) | --")
"""How a sentence speaks to whoever reviews."""


def advices() -> list[str]:
    """Return every sentence that a finding can say to a reviewer, from the catalogue."""
    with (FOLDER / "zh.po").open("rb") as file:
        held = list(read_po(file, locale="zh"))
    told = [
        str(one.id)
        for one in held
        if any(place.startswith(FINDERS) for place, _ in one.locations) and one.id
    ]
    return [text for text in told if TO_REVIEWER.search(text) and text.endswith(".")]


def test_no_advice_speaks_to_a_site_of_the_site():
    assert {"Ask the site why.", "Find out whose files these are."} <= set(advices())
    for text in advices():
        advice = to_site(Finding("X", None, "plan", "odd", Phrase(text))).advice
        assert advice != text
        assert not TO_REVIEWER.search(advice)
        told = Words("zh").sentence(advice).replace("等中心", "")  # the isocentre
        assert "中心" not in told


def test_what_is_worded_for_a_site_is_advice_that_exists():
    with (FOLDER / "zh.po").open("rb") as file:
        known = {str(one.id) for one in read_po(file, locale="zh") if one.locations}
    assert set(FOR_SITE) <= known


def test_a_stored_finding_speaks_to_the_site_as_well(sound):
    stored = Finding("SUBJECT_DIFFERS", None, "subject", "another subject",
                     "Check whose plan this is before anything else.")  # fmt: skip
    assert "Please say whose plan this is" in said(letter(sound, findings=(stored,)))


def test_a_correction_names_its_structure_and_is_told_once(missed):
    text = said(letter(missed))
    assert text.count("Correction requested") == 1
    asked = [one.text for one in corrections(missed)]
    assert len(asked) == len(set(asked)) > 1
    assert all(re.match(r"[^:]+: \S", one) for one in asked)
    sentences = [s for one in asked for s in re.split(r"(?<=\.) (?=[A-Z])", one.split(": ", 1)[1])]
    assert len(sentences) == len(set(sentences))


def test_the_letter_asks_for_what_the_case_report_asks(missed):
    asked = " ".join(one.text for one in corrections(missed))
    for concern in compose(missed).concerns:
        for action in concern.actions:
            assert action in asked or TO_REVIEWER.search(action)
            assert said(letter(missed)).count(action) <= 1


def test_advice_of_a_check_comes_before_scaling_and_stands_once(review):
    missed = next(c for c in review.constraints if c.counts and c.verdict is Verdict.MAJOR)
    found = Finding("LEVEL", Verdict.MAJOR, missed.structure, "a lower level is allowed",
                    "Step down to 45 Gy, or say why not.", group="prescription")  # fmt: skip
    asked = [one.text for one in corrections(replace(review, findings=(found,)))]
    mine = next(one for one in asked if "Step down to 45 Gy" in one)
    assert mine.startswith(missed.structure)
    assert "Scal" not in mine
    assert said(letter(replace(review, findings=(found,)))).count("Step down to 45 Gy") == 1
