"""What is wrong with the data of a trial: where, how bad, and what the site is asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["E", "W", "I"]
"""E keeps the row out of the analysis, W is a query to the site, I is noted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a row, or with a file.

    Parameters
    ----------
    code
        What kind it is, ``AFTER_DEATH``.
    file, row, column
        Where: the file as it came, its line (1 is the header), and the canonical column; 0 and
        empty where it is about a file or a row as a whole.
    table, site, subject
        Whom to ask about what; empty where that is not known.
    blocks
        Whether the row is kept out of the analysis.
    """

    code: str
    level: Level
    message: str
    advice: str = ""
    file: str = ""
    row: int = 0
    column: str = ""
    table: str = ""
    site: str = ""
    subject: str = ""
    blocks: bool = False

    @property
    def place(self) -> str:
        """``subjects.csv:12:randomised``."""
        parts = [self.file, str(self.row) if self.row else "", self.column]
        return ":".join(part for part in parts if part)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems by level, place and code, each once: the order of every list."""
    key = {"E": 0, "W": 1, "I": 2}
    unique = dict.fromkeys(problems)
    return tuple(
        sorted(unique, key=lambda p: (key[p.level], p.file, p.row, p.column, p.code, p.message))
    )


ProblemName = tuple[str, str, str, str]
"""What a problem is known again by in a later import: code, table, subject, column."""


def name_of(one: Problem) -> ProblemName:
    """Return what a problem is known again by; lines of files move."""
    return one.code, one.table, one.subject, one.column
