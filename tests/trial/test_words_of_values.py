"""Coded values of the tables have words wherever a report shows them."""

from __future__ import annotations

from sbrt_qa.i18n.words import Words
from sbrt_qa.trial.canonical import TABLES
from sbrt_qa.trial.words_of_values import FAIL_REASONS, SCAN_RESULTS


def words_of(table: str, column: str) -> set[str]:
    return set(TABLES[table].column(column).words)


def test_every_value_has_words_in_both_languages() -> None:
    assert set(FAIL_REASONS) == words_of("subjects", "fail_reason")
    assert set(SCAN_RESULTS) == words_of("assessments", "result")
    chinese = Words("zh")
    for phrase in (*FAIL_REASONS.values(), *SCAN_RESULTS.values()):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese.value(phrase))
