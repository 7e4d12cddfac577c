"""What the embedded fonts can show; anything else is written as its code, never as an empty box."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Final

FONTS: Final = Path(__file__).parent / "fonts"

ZERO_WIDTH_SPACE: Final = "\u200b"
"""Where a long word may be broken; fonts need not have it."""

LONGEST_WORD: Final = 18
"""Longer words may be broken, so that no name leaves its cell."""

MOST_CHARACTERS: Final = 1200
"""Of one text: more is no sentence."""

MOST_IN_A_WORD: Final = 120
"""Of one word: more is no name."""

_JOINTS: Final = re.compile(r"(?<=[_./+\-|\\])(?=.)")
_CJK: Final = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
"""Between these a line may break anyway; a space more would hide their words from a search."""

_ENDLESS: Final = re.compile(rf"([^\s{_CJK}]{{{MOST_IN_A_WORD - 1}}})[^\s{_CJK}]{{2,}}")
"""Chinese has no blanks between words: a sentence of it is no endless word."""

_LONG: Final = re.compile(rf"[^\s{_CJK}]{{{LONGEST_WORD},}}")
_PIECE: Final = 14


@functools.cache
def coverage() -> frozenset[str]:
    """Return every character that the fonts show in regular and in bold."""
    found: set[str] = set()
    for line in (FONTS / "coverage.txt").read_text(encoding="ascii").split():
        first, last = (int(code, 16) for code in line.split("-"))
        found.update(map(chr, range(first, last + 1)))
    return frozenset(found)


def printable(text: str) -> str:
    """Return text with every character that no font shows as ``[U+9F98]``, cut where endless."""
    text = _ENDLESS.sub(r"\1…", text)
    if len(text) > MOST_CHARACTERS:
        text = text[: MOST_CHARACTERS - 1] + "…"
    return shown(text)


def shown(text: str) -> str:
    """Return text of any length with the characters that no font shows as their codes."""
    if text.isascii() and text.isprintable():
        return text
    known = coverage()
    return "".join(c if c in known or c == "\n" else f"[U+{ord(c):04X}]" for c in text)


def breakable(text: str) -> str:
    """Return text whose long words may be broken: after joints, else every few characters."""
    return _LONG.sub(lambda match: _broken(match[0]), text)


def _broken(word: str) -> str:
    pieces = []
    for part in _JOINTS.split(word):
        pieces += [part[i : i + _PIECE] for i in range(0, len(part), _PIECE)]
    return ZERO_WIDTH_SPACE.join(pieces)
