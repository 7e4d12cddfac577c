"""A short document as values: headings, paragraphs and tables, the same for HTML and PDF."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some text; a point of a list when `is_point`."""

    text: str
    is_point: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of what follows."""

    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; the columns whose index stands in `numbers` are set to the right."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if any(len(row) != len(self.heads) for row in self.rows):
            msg = f"every row of a table has {len(self.heads)} cells"
            raise ValueError(msg)


Block: TypeAlias = Paragraph | Heading | Grid


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document.

    Parameters
    ----------
    title
        Also the first line, but for `first`.
    first
        What stands above everything else; empty for nothing.
    facts
        Pairs of label and text below it.
    blocks
        The rest, in order.
    foot
        On every page.
    language
        Of all texts.
    """

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    blocks: tuple[Block, ...] = ()
    foot: str = field(default="For protocol review only. Not for treatment decisions.")
    language: str = "en"
    first: str = ""
