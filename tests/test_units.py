"""Numbers with their nouns."""

from __future__ import annotations

import pytest

from sbrt_qa.units import counted


@pytest.mark.parametrize(
    ("number", "nouns", "text"),
    [
        (0, ("gap",), "0 gaps"),
        (1, ("gap",), "1 gap"),
        (2, ("gap",), "2 gaps"),
        (1, ("query", "queries"), "1 query"),
        (3, ("query", "queries"), "3 queries"),
    ],
)
def test_one_is_not_plural(number: int, nouns: tuple[str, ...], text: str) -> None:
    assert counted(number, *nouns) == text
