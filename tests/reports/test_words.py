"""Sentences of reports in other languages."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from sbrt_qa.errors import UsageError
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.reports.compose.report import compose
from sbrt_qa.reports.words import Words, languages
from sbrt_qa.review.result import CaseReview

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


def _translations(language: str) -> dict[str, str]:
    catalogue = CATALOGUE.updated(CATALOGUE.LOCALE / f"{language}.po")
    return {str(m.id): str(m.string) for m in catalogue if m.id}


def test_chinese_is_there() -> None:
    assert "zh" in languages()


@pytest.mark.parametrize("language", OTHERS)
def test_no_sentence_of_a_report_is_untranslated(language: str) -> None:
    found = _translations(language)
    assert [text for text in CATALOGUE.of_reports() if not found[text]] == []


@pytest.mark.parametrize("language", OTHERS)
def test_the_catalogue_file_is_what_the_code_says(language: str) -> None:
    path = CATALOGUE.LOCALE / f"{language}.po"
    assert path.read_bytes() == CATALOGUE.content(CATALOGUE.updated(path)), (
        "run scripts/update_catalogue.py and translate what is new"
    )


@pytest.mark.parametrize("language", OTHERS)
def test_translations_keep_the_fields(language: str) -> None:
    for text, translation in _translations(language).items():
        if translation:
            assert sorted(FIELD.findall(text)) == sorted(FIELD.findall(translation)), text


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
    assert chinese.mark.word == "严重偏离"
    for one, other in zip(english.limits, chinese.limits, strict=True):
        assert (one.value, one.bound[:4], one.margin, one.structure, one.metric) == (
            (other.value, other.bound[:4], other.margin, other.structure, other.metric)
            if one.bound != "report"
            else (other.value, "repo", other.margin, other.structure, other.metric)
        )
