"""Keys of a picture in rows, each a sample beside a text. They stand beside it, never on it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sbrt_qa.errors import visible

LETTER_EM: Final = 0.64
"""Width of a letter, generous for names in capitals; Chinese characters are one em wide."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where one text of a legend stands: its left end, its row from 0, and as much as fits."""

    x: float
    row: int
    text: str


def width_of(content: str, size: float) -> float:
    """Return about how wide a text is, rather too wide than too narrow."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in content)
    return size * (wide + LETTER_EM * (len(content) - wide))


def shortened(content: str, size: float, room: float) -> str:
    """Return a text made visible, cut with an ellipsis where it is wider than the room."""
    content = visible(content)
    if width_of(content, size) <= room:
        return content
    while content and width_of(content + "…", size) > room:
        content = content[:-1]
    return content + "…"


def flowed(texts: Sequence[str], size: float, width: float, sample: float) -> list[Spot]:
    """Return the places of texts, each behind room for its sample, in as few rows as they need.

    Parameters
    ----------
    size
        Of the letters.
    width
        Of a row.
    sample
        Width kept free before each text.
    """
    spots: list[Spot] = []
    x, row = 0.0, 0
    for content in texts:
        told = shortened(content, size, width - sample)
        needed = sample + width_of(told, size)
        if x and x + needed > width:
            x, row = 0.0, row + 1
        spots.append(Spot(x + sample, row, told))
        x += needed + size
    return spots


def rows_of(spots: Sequence[Spot]) -> int:
    """Return how many rows a legend has."""
    return max((spot.row for spot in spots), default=-1) + 1
