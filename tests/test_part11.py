"""The page of Part 11 names tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "part11.md"


def named() -> list[str]:
    return re.findall(r"`(test_\w+)`", PAGE.read_text(encoding="utf-8"))


def test_every_test_that_the_page_names_is_there() -> None:
    there = {
        node.name
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    assert len(named()) > 30
    assert set(named()) <= there


def test_every_clause_names_a_test_or_says_that_none_does() -> None:
    rows = re.findall(r"^\| 11\..*\|$", PAGE.read_text(encoding="utf-8"), re.M)
    assert len(rows) > 20
    for row in rows:
        held = row.rstrip("| ").rpartition("|")[2].strip()
        assert held == "none" or re.fullmatch(r"`test_\w+`(, `test_\w+`)*", held), row
