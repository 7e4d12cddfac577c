"""What a column of an answer is: its kind and its meaning."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its kind is ``text``, ``count``, ``number`` or ``flag``."""

    kind: str
    meaning: str


def text(meaning: str) -> Column:
    """Return a column of words, codes and times."""
    return Column("text", meaning)


def count(meaning: str) -> Column:
    """Return a column of whole numbers."""
    return Column("count", meaning)


def number(meaning: str) -> Column:
    """Return a column of numbers, or empty."""
    return Column("number", meaning)


def flag(meaning: str) -> Column:
    """Return a column of true and false."""
    return Column("flag", meaning)
