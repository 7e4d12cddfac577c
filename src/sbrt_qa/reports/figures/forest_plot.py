"""A forest of ratios with their intervals on a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sbrt_qa.reports.figures.legend import shortened
from sbrt_qa.reports.figures.svg import tag, text

WIDTH: Final = 750.0
ROW: Final = 20.0
LEFT, RIGHT = 310.0, 540.0
TICKS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
LOW, HIGH = 0.08, 12.5
"""Ends of the axis; what lies beyond ends in an arrow."""


@dataclass(frozen=True, slots=True)
class ForestLine:
    """One line: a name, what stands beside it, and a ratio with its limits where there is one.

    Parameters
    ----------
    counts
        Numbers of subjects and events, as text.
    told
        The ratio and its interval in words, or why there is none.
    size
        Number of events: the area of the square.
    """

    name: str
    counts: str
    told: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    size: int = 0
    strong: bool = False


def forest_plot(lines: Sequence[ForestLine], ends: tuple[str, str], label: str) -> str:
    """Return the figure as SVG.

    Parameters
    ----------
    ends
        What a ratio below and above 1 is in favour of.
    label
        What a reader of the screen is told.
    """
    height = 30 + ROW * len(lines) + 44
    bottom = 24 + ROW * len(lines)
    one = _x(1.0)
    parts = [tag("path", d=f"M{one:.1f} 14V{bottom:.1f}", stroke="currentColor",
                 stroke_opacity=0.5)]  # fmt: skip
    for at in TICKS:
        x = _x(at)
        parts.append(tag("path", d=f"M{x:.1f} {bottom}v4", stroke="currentColor"))
        parts.append(text(f"{at:g}", x, bottom + 16, font_size=11, text_anchor="middle",
                          fill="currentColor"))  # fmt: skip
    parts.append(tag("path", d=f"M{LEFT} {bottom}H{RIGHT}", stroke="currentColor"))
    for name, anchor, x in ((ends[0], "end", one - 8), (ends[1], "start", one + 8)):
        parts.append(text(name, x, bottom + 32, font_size=11, text_anchor=anchor,
                          fill="currentColor"))  # fmt: skip
    for number, line in enumerate(lines):
        parts.append(_line(line, 26 + ROW * number))
    return tag("svg", "".join(parts), xmlns="http://www.w3.org/2000/svg", role="img",
               viewBox=f"0 0 {WIDTH:g} {height:g}", width=WIDTH, height=height, aria_label=label,
               tabindex=0)  # fmt: skip


def _x(ratio: float) -> float:
    share = math.log(min(max(ratio, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
    return LEFT + (RIGHT - LEFT) * share


def _line(line: ForestLine, y: float) -> str:
    weight = "bold" if line.strong else ""
    parts = [
        text(shortened(line.name, 12, 215), 2, y + 4, font_size=12, font_weight=weight,
             fill="currentColor"),
        text(line.counts, 300, y + 4, font_size=12, text_anchor="end", fill="currentColor"),
        text(shortened(line.told, 11, 195), 548, y + 4, font_size=11, fill="currentColor"),
    ]  # fmt: skip
    if line.value is None or line.low is None or line.high is None:
        return "".join(parts)
    left, right = _x(line.low), _x(line.high)
    parts.append(tag("path", d=f"M{left:.1f} {y}H{right:.1f}", stroke="currentColor",
                     stroke_width=1.6))  # fmt: skip
    if line.low < LOW:
        parts.append(_arrow(left, y, -1))
    if line.high > HIGH:
        parts.append(_arrow(right, y, 1))
    if LOW <= line.value <= HIGH:
        side = min(5 + math.sqrt(max(line.size, 0)), 13)
        x = _x(line.value)
        half = side / 2
        shape = f"M{x - half:.1f} {y}l{half:.1f} {-half:.1f}l{half:.1f} {half:.1f}"
        shape += f"l{-half:.1f} {half:.1f}Z"
        square = tag("rect", x=x - half, y=y - half, width=side, height=side, fill="#0b5cad")
        parts.append(tag("path", d=shape, fill="#b3471d") if line.strong else square)
    return "".join(parts)


def _arrow(x: float, y: float, way: int) -> str:
    return tag("path", d=f"M{x:.1f} {y - 4}L{x + 6 * way:.1f} {y}L{x:.1f} {y + 4}Z",
               fill="currentColor")  # fmt: skip
