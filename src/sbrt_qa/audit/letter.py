"""The letter to a site: what is not as the protocol wants it, what is asked for, by when."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 90

ASKED: Final = {
    "major": "Please correct the plan and submit it again, or explain why it cannot be met.",
    "minor": "Please improve the plan if that is possible; otherwise state the reason.",
    "not_evaluable": "Please send what is missing, so that it can be evaluated.",
    "": "Please correct the submission.",
}
"""What is asked of the site, by verdict; empty for a finding that decides nothing."""

HEADINGS: Final = {
    "major": "Major deviations",
    "not_evaluable": "Not evaluable",
    "minor": "Minor deviations",
    "": "Notes on the submission",
}
"""Sections of a letter, in their order."""


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to tell: a limit or finding by its name, its verdict, and a sentence."""

    what: str
    verdict: str
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter says.

    Parameters
    ----------
    trial, code, protocol
        Trial, submission, and the protocol version it was held against.
    points
        What to tell; may be empty, then the letter says so.
    due, written
        Dates (ISO).
    """

    trial: str
    code: str
    protocol: str
    points: tuple[Point, ...]
    due: str
    written: str

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Labels and texts at the top."""
        return (
            ("Trial", self.trial),
            ("Submission", self.code),
            ("Protocol", self.protocol),
            ("Date", self.written),
            ("Answer by", self.due),
        )

    @property
    def opening(self) -> str:
        """First paragraph."""
        return f"The submission {self.code} was reviewed. {_opening(self.points)}"

    @property
    def sections(self) -> Iterator[tuple[str, list[Point], str]]:
        """Heading, points and what is asked for, worst first."""
        for verdict, heading in HEADINGS.items():
            these = [point for point in self.points if point.verdict == verdict]
            if these:
                yield heading, these, ASKED[verdict]

    @property
    def closing(self) -> str:
        """Last paragraph."""
        what_for = "For protocol review only. Not for treatment decisions."
        return f"Please answer by {self.due}. {what_for}"


def letter_text(letter: Letter) -> str:
    """Return a letter as plain text."""
    lines = [f"{name + ':':<13}{text}" for name, text in letter.facts]
    lines += ["", *_wrapped(letter.opening)]
    for heading, points, asked in letter.sections:
        lines += ["", heading, "-" * len(heading)]
        lines += [line for point in points for line in _point(point)]
        lines += ["", *_wrapped(asked)]
    return "\n".join([*lines, "", *_wrapped(letter.closing), ""])


def _opening(points: Sequence[Point]) -> str:
    if not points:
        return "Everything that was evaluated is as the protocol wants it."
    if len(points) == 1:
        return "There is 1 point that needs your attention."
    return f"There are {len(points)} points that need your attention."


def _point(point: Point) -> Iterator[str]:
    yield from _wrapped(f"{point.what}: {point.text}", "* ", "  ")
    if point.advice:
        yield from _wrapped(point.advice, "  ", "  ")


def _wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest)
