"""docs/decisions holds a page for each design choice, in one form, all of them in its index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "decisions"
INDEX = (FOLDER / "README.md").read_text(encoding="utf-8")
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
PARTS = ("**Context.**", "**Choice.**", "**What it costs.**", "**What would change our mind.**")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_says_context_choice_cost_and_what_would_change_it(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    places = [text.find(part) for part in PARTS]
    assert places == sorted(places)
    assert places[0] > 0
    assert len(text.split()) < 300, "a decision is one short page"


def test_the_index_lists_every_page_once() -> None:
    assert sorted(re.findall(r"^\| \[\w+\]\((\w+\.md)\)", INDEX, re.MULTILINE)) == [
        page.name for page in PAGES
    ]


def test_the_two_kinds_of_decisions_are_told_apart() -> None:
    assert "(../decisions.md)" in INDEX
