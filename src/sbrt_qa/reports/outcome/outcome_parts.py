"""What a report of the trial is made of: sections of sentences, tables and figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sbrt_qa.i18n.phrase import say, translated


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence; `strong` where it must not be missed."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class OutcomeGrid:
    """A table: heads, rows of cells, and a caption; the numbers of columns are right-aligned."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Titled:
    """A heading within a section."""

    text: str


@dataclass(frozen=True, slots=True)
class CodeLines:
    """Lines of code, the same in every language."""

    caption: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure: what draws it, one sentence that says what it shows, and the table of its numbers.

    Parameters
    ----------
    make
        Function of `figures` that returns SVG.
    given
        What it is called with; phrases in it are put into the reader's language.
    """

    make: Callable[..., str]
    given: tuple[Any, ...]
    sentence: str
    table: OutcomeGrid | None = None

    def svg(self, into: Callable[[str], str]) -> str:
        """Return the figure in a language."""
        return self.make(*translated(self.given, into))


@dataclass(frozen=True, slots=True)
class FigureChoice:
    """Figures of which one is shown at a time, each under its name; on paper the first."""

    title: str
    name: str
    options: tuple[tuple[str, Drawn], ...]


Block = Said | Titled | OutcomeGrid | CodeLines | Drawn | FigureChoice


@dataclass(frozen=True, slots=True)
class ReportSection:
    """One screen: its anchor, title and blocks."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class OutcomePage:
    """A report: who it is for, what it stands on, and its sections."""

    title: str
    role: str
    standing: str
    about: tuple[str, ...]
    sections: tuple[ReportSection, ...]


def number_text(value: object, digits: int = 2) -> str:
    """Return a number for the eye; a dash where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "-"
    if isinstance(value, int):
        return str(value)
    return f"{value:.{digits}f}"


def percent_text(value: object) -> str:
    """Return a share in percent; a dash where there is none."""
    return f"{100 * value:.1f} %" if isinstance(value, float) else "-"


def interval_text(pair: object, *, percent: bool = False, digits: int = 2) -> str:
    """Return an interval; a dash where there is none."""
    if not isinstance(pair, tuple):
        return "-"
    show = percent_text if percent else lambda value: number_text(value, digits)
    low, high = (show(value) for value in pair)
    return "-" if low == high == "-" else say("{0} to {1}", low, high)


def p_text(value: object) -> str:
    """Return a probability; a dash where there is none."""
    if not isinstance(value, float):
        return "-"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def listed(names: Sequence[str], most: int = 12) -> str:
    """Return some of many names, and how many more there are."""
    shown = ", ".join(names[:most])
    return f"{shown} +{len(names) - most}" if len(names) > most else shown
