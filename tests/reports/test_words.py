"""Sentences of reports in other languages."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.pofile import read_po

from sbrt_qa.errors import UsageError
from sbrt_qa.i18n.phrase import counted, say, stated
from sbrt_qa.i18n.words import MARK, Words, languages
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.reports.compose.case_page import compose
from sbrt_qa.reports.page import CheckRow
from sbrt_qa.review.case_review import CaseReview

from .samples import sample

ROOT = Path(__file__).parents[2]
FIELD = re.compile(r"\{\w+\}")
OTHERS = [language for language in languages() if language != "en"]


def _script() -> ModuleType:
    path = ROOT / "scripts" / "update_catalogue.py"
    spec = importlib.util.spec_from_file_location("update_catalogue", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CATALOGUE = _script()


def _translations(language: str) -> dict[str, tuple[str, ...]]:
    catalogue = CATALOGUE.updated(CATALOGUE.LOCALE / f"{language}.po")
    return {
        one: tuple(m.string) if isinstance(m.string, tuple | list) else (str(m.string),)
        for m in catalogue
        if m.id
        for one in (m.id if isinstance(m.id, tuple | list) else [m.id])
    }


def test_chinese_is_there() -> None:
    assert "zh" in languages()


@pytest.mark.parametrize("language", OTHERS)
def test_the_catalogue_file_has_every_sentence_once(language: str) -> None:
    path = CATALOGUE.LOCALE / f"{language}.po"
    with path.open("rb") as file:
        texts = [str(m.id) for m in read_po(file, locale=language) if m.id]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("language", OTHERS)
def test_translations_keep_the_fields(language: str) -> None:
    for text, translations in _translations(language).items():
        for translation in filter(None, translations):
            assert sorted(FIELD.findall(text)) == sorted(FIELD.findall(translation)), text


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a catalogue of Polish with plural forms, and one sentence that has none yet."""
    path = tmp_path / "pl.po"
    path.write_text(
        'msgid ""\nmsgstr ""\n"Language: pl\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "{0} beam"\nmsgid_plural "{0} beams"\n'
        'msgstr[0] "{0} wiązka"\nmsgstr[1] "{0} wiązki"\nmsgstr[2] "{0} wiązek"\n\n'
        'msgid "the plan has {0}"\nmsgstr ""\n',
        encoding="utf-8",
    )
    monkeypatch.setattr("sbrt_qa.i18n.words.FOLDER", tmp_path)
    return path


def test_a_language_has_its_own_plural_forms(bare: Path) -> None:
    words = Words("pl")
    told = [words.value(counted(n, "beam")) for n in (0, 1, 2, 5, 22)]
    assert told == ["0 wiązek", "1 wiązka", "2 wiązki", "5 wiązek", "22 wiązki"]
    assert [counted(n, "beam") for n in (0, 1, 2)] == ["0 beams", "1 beam", "2 beams"]


def test_whole_sentences_have_plural_forms() -> None:
    assert [Words("zh").value(counted(n, "beam")) for n in (1, 2)] == ["1 个射野", "2 个射野"]
    text = ("{0} beam of {1} is left", "{0} beams of {1} are left")
    assert [counted(n, *text, "'A'") for n in (1, 3)] == [
        "1 beam of 'A' is left", "3 beams of 'A' are left",
    ]  # fmt: skip


def test_what_is_not_translated_yet_is_shown_in_english_and_marked(bare: Path) -> None:
    words = Words("pl")
    assert words.value(say("the plan has {0}", counted(1, "beam"))) == "the plan has 1 wiązka [en]"
    assert words("Summary of the plan") == "Summary of the plan [en]"
    same = ("50 Gy", "PTV_5000", say("{0} Gy", 50), stated("approved"), say("{0}: {1}", "a", "b"))
    assert [words.value(text) for text in same] == [
        "50 Gy",
        "PTV_5000",
        "50 Gy",
        "approved",
        "a: b",
    ]
    assert "[en]" not in Words("en")("Summary of the plan")


def test_what_is_not_translated_yet_is_listed_with_its_file(bare: Path) -> None:
    told = dict(CATALOGUE.missing(CATALOGUE.updated(bare)))
    assert ("{0} beam", "{0} beams") not in told
    assert told[("{0} slice", "{0} slices")].startswith("src/sbrt_qa/")


def test_one_chinese_word_for_one_term() -> None:
    told = _translations("zh")
    texts = [text for forms in told.values() for text in forms]
    assert "重大" in told["MAJOR"][0]
    assert [text for text in texts if "严重偏离" in text] == []
    # of a segmentation only; fractions go by another word
    fractions = re.compile("(?<!常规)分割(?!对象|区|编号|体素)")
    assert [text for text in texts if fractions.search(text)] == []


@pytest.mark.parametrize("case", ["major", "missing_organ"])
def test_no_english_is_left_in_a_chinese_report(case: str) -> None:
    reviewed = sample(case)
    report = compose(reviewed.review, reviewed.evidence, "zh")
    english = {
        text
        for text in _texts(report)
        if MARK not in text and len(re.findall(r"\b[a-z]{3,}\b", TYPED.sub("", text))) >= 2
    }
    assert english == set()


VALUES = ("where", "source", "found", "expected", "tolerance")
"""Of a check: places, citations and measured values, which are partly words of their own."""

TYPED = re.compile(r"\w+\.dcm|sbrt-qa [a-z]+|--[a-z][a-z-]+")
"""Names of files, commands and options are the same in every language."""


def _texts(part: object) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, tuple):
        for one in part:
            yield from _texts(one)
    elif dataclasses.is_dataclass(part):
        for field in dataclasses.fields(part):
            if not (isinstance(part, CheckRow) and field.name in VALUES):
                yield from _texts(getattr(part, field.name))


def test_a_phrase_is_translated_and_its_values_are_not() -> None:
    words = Words("zh")
    assert words.sentence(say("no structure of the plan is called {0}", "Heart")) == (
        "计划中没有名为 Heart 的结构"
    )
    assert words.sentence(say("no structure of the plan is called {0}", "left of {1}")) == (
        "计划中没有名为 left of {1} 的结构"
    )
    assert words.sentence("no structure of the plan is called Heart").endswith("Heart")
    assert words.sentence("said by nobody") == "said by nobody"


def test_a_phrase_within_a_phrase_is_translated_with_it() -> None:
    side = say("{0} mm to the {1}", 3, say("left"))
    assert Words("zh").sentence(say("it lies {0} of the middle", side)) == "它位于正中线左侧 3 mm"


def test_no_blank_stands_between_two_chinese_words() -> None:
    words = Words("zh")
    assert words.sentence(say("the plan is {0}", stated("unapproved"))) == "计划为未批准"
    assert words.sentence(say("the plan is {0}", "ODD")) == "计划为 ODD"


def test_names_are_never_taken_for_words_of_ours() -> None:
    assert Words("zh").value("liver") == "liver"
    assert Words("zh").value(say("beam {0} {1}", 1, "'left'")) == "射野 1 'left'"


def test_an_unknown_language_lists_the_known() -> None:
    with pytest.raises(UsageError, match="no such language; got 'tlh'; expected en, zh"):
        Words("tlh")


def test_english_sentences_pass_unchanged() -> None:
    assert Words().sentence("anything at all") == "anything at all"


def test_fields_are_filled_and_never_read_as_templates() -> None:
    hostile = "{amount.__class__}"
    assert Words()("The mean dose is {value}", value=hostile).endswith(hostile)


def test_numbers_units_and_names_are_the_same_in_every_language(review: CaseReview) -> None:
    english, chinese = compose(review), compose(review, language="zh")
    assert chinese.mark.verdict is Verdict.MAJOR
    assert chinese.mark.word == "重大偏离"
    for one, other in zip(english.limits, chinese.limits, strict=True):
        assert (one.value, one.bound[:4], one.margin, one.metric) == (
            (other.value, other.bound[:4], other.margin, other.metric)
            if one.bound != "report"
            else (other.value, "repo", other.margin, other.metric)
        )
        wanted, arrow, drawn = one.structure.partition(" → ")
        assert other.structure in (
            one.structure,
            f"{other.structure.split(' ')[0]} ({wanted}){arrow}{drawn}",
        )


def test_sentences_follow_each_other_as_their_language_wants() -> None:
    assert Words().run("One.", "", "Two.") == "One. Two."
    assert Words("zh").run("一。", "", "二。") == "一。二。"


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("normalisation: 95 %", "Normalisation: 95 %."),
        ("near-minimum of ICRU 91", "Near-minimum of ICRU 91."),
        ("eviQ as quoted", "eviQ as quoted."),
        ("3-fraction limit", "3-fraction limit."),
        ("Said already.", "Said already."),
        ("", ""),
    ],
)
def test_a_note_that_follows_another_sentence_is_a_sentence(note: str, told: str) -> None:
    assert Words().whole(note) == told


def test_a_chinese_note_ends_with_its_own_stop() -> None:
    assert Words("zh").whole("采用较低者") == "采用较低者。"
