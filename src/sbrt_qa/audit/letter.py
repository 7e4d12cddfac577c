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


def letter_text(
    trial: str, code: str, protocol: str, points: Sequence[Point], due: str, written: str
) -> str:
    """Return a letter as plain text.

    Parameters
    ----------
    trial, code, protocol
        Trial, submission, and the protocol version it was held against.
    points
        What to tell; may be empty, then the letter says so.
    due, written
        Dates (ISO).
    """
    lines = [
        f"Trial:       {trial}",
        f"Submission:  {code}",
        f"Protocol:    {protocol}",
        f"Date:        {written}",
        f"Answer by:   {due}",
        "",
        *_wrapped(f"The submission {code} was reviewed. {_opening(points)}"),
    ]
    for verdict, heading in HEADINGS.items():
        these = [point for point in points if point.verdict == verdict]
        if these:
            lines += ["", heading, "-" * len(heading)]
            lines += [line for point in these for line in _point(point)]
            lines += ["", *_wrapped(ASKED[verdict])]
    closing = f"Please answer by {due}. For protocol review only. Not for treatment decisions."
    return "\n".join([*lines, "", *_wrapped(closing), ""])


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
