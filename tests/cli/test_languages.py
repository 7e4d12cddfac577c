"""``--lang`` of protocol, checks and query: sentences in Chinese, what programs read as it was."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from sbrt_qa.audit.columns import kinds
from sbrt_qa.checks.registry import CHECKS
from sbrt_qa.cli.main import application, run
from sbrt_qa.i18n.words import MARK, Words
from sbrt_qa.reports.registry import Page
from sbrt_qa.reports.table_of_rows import render_rows

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def told(*arguments: str) -> str:
    done = CliRunner().invoke(application(), list(arguments))
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize(
    "command",
    [
        "checks list", "checks show PLAN_NOT_APPROVED", "protocol list", "protocol show liver_sbrt",
        "protocol diff liver_sbrt tg101", "protocol decisions liver_sbrt",
        "protocol validate liver_sbrt",
    ],
)  # fmt: skip
def test_a_command_speaks_chinese_and_english(command: str) -> None:
    english = told(*command.split())  # names of structures in it may be Chinese as they are
    other = set(told(*command.split(), "--lang", "zh").splitlines()) - set(english.splitlines())
    assert any(CHINESE.search(line) for line in other)
    assert MARK not in english
    assert told(*command.split(), "--lang", "en") == english


@pytest.mark.parametrize("command", ["checks list", "protocol diff liver_sbrt tg101"])
def test_what_programs_read_is_the_same_in_every_language(command: str) -> None:
    asked = [*command.split(), "-f", "json"]
    assert told(*asked, "--lang", "zh") == told(*asked)


def test_titles_of_checks_and_their_levels_are_translated() -> None:
    words, shown = Words("zh"), told("checks", "list", "--lang", "zh")
    assert MARK not in shown
    assert words(CHECKS["PLAN_NOT_APPROVED"].title) in shown


def test_the_page_of_a_check_is_english_and_marked() -> None:
    check = CHECKS["PLAN_NOT_APPROVED"]
    shown = " ".join(told("checks", "show", check.code, "--lang", "zh").split())
    assert " ".join(check.page.split()) + MARK in shown


def test_an_unknown_language_is_wrong_usage() -> None:
    assert run(["checks", "list", "--lang", "xx"]) == 2


def test_answers_of_an_audit_have_chinese_heads_and_words() -> None:
    columns = {name: kinds("deviations")[name] for name in ("code", "verdict", "kind", "text")}
    row = {"code": "S01/S01-001/v1", "verdict": "per_protocol", "kind": "limit",
           "text": "nobody has put this sentence into words"}  # fmt: skip
    shown = render_rows([row], "table", Page(160, language="zh"), columns)
    words = Words("zh")
    assert words("per protocol") in shown
    assert words("limit") in shown
    assert words("verdict") in shown
    assert f"{row['text']}{MARK}" in shown
    assert row["code"] in shown
    for name in ("csv", "json"):
        one, other = (
            render_rows([row], name, Page(160, language=x), columns) for x in ("en", "zh")
        )
        assert one == other
    plain = render_rows([row], "table", Page(160), columns)
    assert "per_protocol" in plain
    assert MARK not in plain


def test_every_column_of_an_answer_has_a_chinese_head() -> None:
    shown = render_rows(
        [dict.fromkeys(kinds("submissions"))],
        "table",
        Page(600, language="zh"),
        kinds("submissions"),
    )
    assert MARK not in shown
