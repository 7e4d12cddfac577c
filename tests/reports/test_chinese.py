"""Every case of the sample is reported in Chinese: nothing of ours stays English, all else stays.

English may stay only as what it is in the file or the protocol: a name, an id, a text of the site
in quotes; besides units, and names of programs, of DICOM and of people.
"""

from __future__ import annotations

import dataclasses
import html
import io
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pypdf
import pytest

from sbrt_qa import load_protocol
from sbrt_qa.checks.registry import CHECKS
from sbrt_qa.evidence.evidence import Reviewed
from sbrt_qa.reports.compose.case_page import compose
from sbrt_qa.reports.registry import render_report
from sbrt_qa.review.case_review import CaseReview, PlanSummary

from .samples import sample

SAMPLES = Path(__file__).parents[2] / "sample_dicom"
CASES = sorted(path.name for path in SAMPLES.iterdir() if path.is_dir())

UNITS = ("Gy", "cc", "cm", "kg", "mm", "mm2", "min")
OF_DICOM = ("SOP Instance UID", "OperatorsName")
OF_KEYS = ("Shift", "Ctrl", "Home", "End", "Esc", "Enter")
OF_PROGRAMS = (
    *OF_KEYS,
    "sbrt_qa",
    "sbrt-qa selftest",
    "sbrt-qa protocol decisions",
    "--map",
    "--height-cm",
    "--weight-kg",
    "JavaScript",
    "JSON",
)


OF_KEYBOARDS = ("Ctrl", "Esc", "Home", "End", "Shift", "PageUp", "PageDown", "Tab", "Enter")
"""Written on the keys themselves."""

OF_PUBLICATIONS = (
    "Pepin 2022", "Miften 2021", "Ohri 2021", "Dawson 2002", "HyTEC", "PS3.15", "Paddick",
    "Osmundson", "Kaplan-Meier", "Timmerman", "eviQ", "Liu", "Urata", "Xu 2020", "EDIC",
)  # fmt: skip
QUOTED = re.compile(r"(?<![A-Za-z])'[^']*'")
HASH = re.compile(r"\b[0-9a-f]{12,64}\b")
NUMBER = re.compile(r"(?<![A-Za-z_.])\d+(?:\.\d+)?")


def reviewed(name: str) -> Reviewed:
    return sample(name, bands=name == "major")


def bare(text: str) -> str:
    """Text without blanks and breaks, which a page lays out as it likes."""
    return re.sub(r"[\s\u200b\u2060]+", "", text)


def names_in(review: CaseReview) -> Iterator[str]:
    """Yield what is called in the file or in the protocol as it is."""
    for structure in review.structures:
        yield from (structure.key, structure.name, *structure.matched)
    for limit in review.constraints:
        yield from (limit.id, limit.metric, limit.structure, *limit.source)
        yield from limit.match.plan_names if limit.match else ()
    for file in (f for f in review.files if f.modality != "CT"):
        yield from (file.name, file.sop_instance_uid, file.sha256)
    yield "protocols/anatomy.yaml"  # the name of a file
    yield from (review.case, review.protocol.id, review.sha256, review.sha256[:12])
    yield from (review.protocol.sha256, review.protocol.sha256[:12])
    protocol = load_protocol(review.protocol.id)
    yield from (one.id for one in protocol.prescriptions)
    yield from protocol.structure_names
    if isinstance(review.plan, PlanSummary):
        yield from review.plan.machines


@cache
def known(case: str) -> re.Pattern[str]:
    """Return what finds everything that may stay as it is, longest first."""
    names = {
        *names_in(reviewed(case).review),
        *UNITS,
        *OF_DICOM,
        *OF_PROGRAMS,
        *OF_PUBLICATIONS,
        *OF_KEYBOARDS,
    }
    ordered = sorted(map(bare, filter(None, names)), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered)))


def english_in(text: str, case: str) -> list[str]:
    """Return the words of a text, without its blanks, that are English and nobody's name."""
    text = known(case).sub(" ", QUOTED.sub("", bare(HASH.sub("", text))))
    return re.findall(r"[A-Za-z]*[a-z]{2,}[A-Za-z]*", text)


class Visible(HTMLParser):
    """Collects what a page shows, and what it tells screen readers."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.hidden = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in ("script", "style")
        told = (value for name, value in attrs if name in ("aria-label", "title", "alt"))
        self.texts += filter(None, told)

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.texts.append(data)


@pytest.mark.parametrize("case", CASES)
def test_the_page_has_no_english_of_ours(case: str) -> None:
    page = render_report("html", reviewed(case), "zh").decode()
    texts = Visible(page).texts
    english = {word for text in texts for word in english_in(text, case)}
    assert english == set()


@pytest.mark.parametrize("case", CASES)
def test_the_pdf_has_no_english_of_ours(case: str) -> None:
    pdf = pypdf.PdfReader(io.BytesIO(render_report("pdf", reviewed(case), "zh")))
    text = "\n".join(page.extract_text() for page in pdf.pages)
    assert set(english_in(text, case)) == set()


@pytest.mark.parametrize("form", ["html", "pdf"])
def test_the_band_of_a_value_is_a_chinese_sentence_of_the_same_words(form: str) -> None:
    made = render_report(form, reviewed("major"), "zh")
    if form == "pdf":
        text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made)).pages)
    else:
        text = "".join(Visible(made.decode()).texts)
    told = re.findall(r"不确定范围(?:与系统间差异)?：[\d.至]+Gy（[^）]+）(.)", bare(text))
    assert told
    assert set(told) == {"。"}


def texts_of(part: object) -> Iterator[str]:
    """Yield the texts of a report, in the same order in every language."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, tuple):
        for one in part:
            yield from texts_of(one)
    elif dataclasses.is_dataclass(part):
        for field in dataclasses.fields(part):
            yield from texts_of(getattr(part, field.name))


@cache
def texts(case: str, language: str) -> tuple[str, ...]:
    one = reviewed(case)
    return tuple(texts_of(compose(one.review, one.evidence, language, one.occasion)))


@pytest.mark.parametrize("case", CASES)
def test_names_and_quoted_texts_stay_as_they_are(case: str) -> None:
    label = reviewed(case).review.case  # "MAJOR" is a word of ours as well
    known = {bare(n) for n in names_in(reviewed(case).review) if n and n != label}
    names = sorted(known, key=len, reverse=True)
    name = re.compile("|".join(rf"(?<![\w.]){re.escape(n)}(?![\w.])" for n in names))
    titles = sorted((one.title for one in CHECKS.values()), key=len, reverse=True)
    title = re.compile("|".join(map(re.escape, titles)))
    for english, chinese in zip(texts(case, "en"), texts(case, "zh"), strict=True):
        told = title.sub(" ", english)  # a title says liver and means the organ
        for kept in (*name.findall(told), *QUOTED.findall(told)):
            assert kept in chinese, english


@pytest.mark.parametrize("case", CASES)
def test_numbers_are_the_same_in_both_languages(case: str) -> None:
    for english, chinese in zip(texts(case, "en"), texts(case, "zh"), strict=True):
        told = sorted(NUMBER.findall(english)), sorted(NUMBER.findall(chinese))
        assert told[0] == told[1], (english, chinese)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("第 2 层 case", ["case"]),
        ("'5 x 9 Gy to the bed' 写明 5 Gy", []),
        ("计划为 approved。", ["approved"]),
        (html.unescape("Liver &gt; Heart"), []),
    ],
)
def test_english_that_is_left_is_found(text: str, left: list[str]) -> None:
    assert english_in(text, "compliant") == left
