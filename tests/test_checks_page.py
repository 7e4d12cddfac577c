"""docs/checks.md is what the registry says, and every row of the list has a check."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from sbrt_qa.checks.registry import CHECKS

SCRIPT = Path(__file__).parents[1] / "scripts" / "make_checks_page.py"
specification = importlib.util.spec_from_file_location("make_checks_page", SCRIPT)
script = importlib.util.module_from_spec(specification)
specification.loader.exec_module(script)


def test_the_page_is_current() -> None:
    assert script.PAGE.read_text(encoding="utf-8") == script.page(), (
        "run scripts/make_checks_page.py"
    )


def test_every_row_of_the_list_has_a_check_and_no_check_another_row() -> None:
    assert {row for one in CHECKS.values() for row in one.rows} == set(script.ROWS)
    assert list(script.ROWS) == list(range(1, 34))
