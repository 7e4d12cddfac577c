"""docs/conformance.md and docs/quirks.md say what tests and code say; no case lacks a test."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "make_conformance_page.py"
specification = importlib.util.spec_from_file_location("make_conformance_page", SCRIPT)
script = importlib.util.module_from_spec(specification)
specification.loader.exec_module(script)


def test_every_required_case_has_a_test_and_a_description():
    assert script.missing() == set()


def test_the_page_is_what_the_tests_say():
    assert script.PAGE.read_text(encoding="utf-8") == script.page(), (
        "run scripts/make_conformance_page.py"
    )


def test_the_quirk_page_is_what_the_registry_says():
    assert script.QUIRK_PAGE.read_text(encoding="utf-8") == script.quirk_page(), (
        "run scripts/make_conformance_page.py"
    )


def test_the_page_of_the_trial_describes_every_case_and_names_tests_that_exist():
    text = script.TRIAL_PAGE.read_text(encoding="utf-8")
    assert [f"| T{n} |" in text for n in range(1, 87)] == [True] * 86
    known = {name for names in script.trial_cases_in_tests().values() for name in names}
    links = re.findall(r"\[(\w+)\]\(\.\./([\w/.]+)\)", text)
    assert links
    assert {f"{path}::test_{test}" for test, path in links} <= known


VIEWER = {"P1", "P2", "P3", "P4", "P5", "P6", "P7", "P9"}
"""Cases of pictures; what is drawn is tested where the report is."""


def test_every_case_of_the_office_is_described_and_has_a_test():
    numbers = [*range(1, 8), 9, 10, 11, *range(30, 37), *range(38, 46)]
    wanted = {f"P{n}" for n in numbers}
    wanted |= {f"S{n}" for n in (*range(3, 22), 23, 26, 27, 28, *range(31, 39))}
    assert wanted <= script.office_cases()
    assert wanted - VIEWER <= set(script.office_cases_in_tests())
    text = script.OFFICE_PAGE.read_text(encoding="utf-8")
    links = re.findall(r"\[(\w+)\]\(\.\./([\w/.]+)\)", text)
    known = {name for names in script.office_cases_in_tests().values() for name in names}
    assert links
    assert {f"{path}::test_{test}" for test, path in links} <= known


def test_descriptions_are_short_and_make_a_table():
    for cases in script.sections().values():
        for case in cases:
            for text in (case.given, case.does):
                assert 0 < len(text) <= 160, case.number
                assert "|" not in text
                assert "\n" not in text


@pytest.mark.parametrize(
    ("source", "numbers"),
    [
        ("def test_case_31__kept(): pass", {31}),
        ("def test_case_20_22__hollow(): pass", {20, 22}),
        ("def test_case_28_and_39_rounding(): pass", {28, 39}),
        ("def test_case_71_decimals_of_16_characters(): pass", {71}),
        ("def test_it():\n    'Cases 16 and 17: alike; see case 42.'", {16, 17, 42}),
        ("def test_it():\n    'In case of 5 files.'", set()),
        ("def test_showcase(): pass", set()),
    ],
)
def test_numbers_are_found_in_names_and_docstrings(source, numbers):
    assert script.numbers_of(ast.parse(source).body[0]) == numbers
