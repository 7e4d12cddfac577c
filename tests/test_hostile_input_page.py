"""docs/hostile_input.md says what the tests say; every test that it names exists."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "make_hostile_input_page.py"
specification = importlib.util.spec_from_file_location("make_hostile_input_page", SCRIPT)
script = importlib.util.module_from_spec(specification)
specification.loader.exec_module(script)


@pytest.fixture(scope="module")
def found(request: pytest.FixtureRequest) -> list[str]:
    """The tests that pytest collects: those of this run, where it is one of the whole suite."""
    asked = request.config.option
    if any((asked.keyword, asked.markexpr, asked.file_or_dir, asked.deselect, asked.ignore)):
        return script.collected()
    return [item.nodeid for item in request.session.items]


def test_every_item_has_tests_that_exist(found):
    assert script.missing(found) == []
    for items in script.sections().values():
        assert all(item.tests and item.what and item.does for item in items)


def test_the_page_is_what_the_tests_say(found):
    assert script.PAGE.read_text(encoding="utf-8") == script.page(found), (
        "run scripts/make_hostile_input_page.py"
    )


def test_a_name_stands_for_its_variants_and_nothing_else():
    tests = ["tests/a.py::test_x[1]", "tests/a.py::test_x[2]", "tests/a.py::test_xy"]
    assert script.count("tests/a.py::test_x", tests) == 2
    assert script.count("tests/a.py::test_x[1]", tests) == 1
    assert script.count("tests/a.py::test_y", tests) == 0
