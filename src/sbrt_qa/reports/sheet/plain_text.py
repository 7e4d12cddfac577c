"""A sheet as plain text."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator
from typing import Final

from sbrt_qa.errors import visible
from sbrt_qa.reports.sheet.sheet import Block, Grid, Heading, Sheet

WIDTH: Final = 90


def sheet_text(sheet: Sheet) -> str:
    """Return a document as lines of at most `WIDTH` columns; wide characters count as two."""
    lines = [*_wrapped(visible(sheet.first)), ""] if sheet.first else []
    lines += [visible(sheet.title), "=" * _columns(visible(sheet.title)), ""]
    wide = max((_columns(name) for name, _ in sheet.facts), default=0) + 2
    for name, text in sheet.facts:
        first = visible(name) + " " * (wide - _columns(name))
        lines += _wrapped(visible(text), first, " " * wide)
    for block in sheet.blocks:
        lines += _block(block)
    return "\n".join([*lines, "", *_wrapped(visible(sheet.foot)), ""])


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        title = visible(block.text)
        yield from ("", title, "-" * _columns(title))
    elif isinstance(block, Grid):
        yield ""
        yield from (" | ".join(visible(cell) for cell in row) for row in (block.heads, *block.rows))
    elif block.is_point:
        yield from _wrapped(visible(block.text), "* ", "  ")
    else:
        yield from ("", *_wrapped(visible(block.text)))


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    """Break a text into lines: between words, and between the characters of Chinese."""
    if _columns(text) == len(text):
        return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest)
    lines, line = [], first
    for piece in _pieces(text):
        if _columns(line + piece.rstrip()) > WIDTH and line.strip():
            lines.append(line.rstrip())
            line, piece = rest, piece.lstrip()  # noqa: PLW2901
        line += piece
    return [*lines, line.rstrip()]


def _pieces(text: str) -> Iterator[str]:
    """Yield what a line is made of: words with their blank, single wide characters.

    A closing mark stays with what stands before it.
    """
    piece = ""
    for c in text:
        wide = unicodedata.east_asian_width(c) in "WF"
        closes = unicodedata.category(c) in ("Po", "Pe", "Pf")
        if piece and not closes and (wide or piece[-1] == " " or _columns(piece[-1]) == 2):
            yield piece
            piece = ""
        piece += c
    yield piece
