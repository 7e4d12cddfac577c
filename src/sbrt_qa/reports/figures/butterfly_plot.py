"""Bars to the left and to the right of names: shares of two groups, any and severe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sbrt_qa.reports.figures.legend import shortened
from sbrt_qa.reports.figures.svg import tag, text

WIDTH: Final = 720.0
ROW: Final = 22.0
MIDDLE: Final = 230.0
"""Width of the names between both sides."""

LEFT_END, RIGHT_END = (WIDTH - MIDDLE) / 2, (WIDTH + MIDDLE) / 2
ROOM: Final = LEFT_END - 40
COLOURS: Final = ("#0b5cad", "#b3471d")


@dataclass(frozen=True, slots=True)
class ButterflyBar:
    """One name with shares of both groups, 0 to 1: of any, and of what is severe."""

    name: str
    left: tuple[float, float]
    right: tuple[float, float]


def butterfly_plot(
    bars: Sequence[ButterflyBar], groups: tuple[str, str], kinds: tuple[str, str], label: str
) -> str:
    """Return the figure as SVG.

    Parameters
    ----------
    groups
        What the left and the right group are called.
    kinds
        What the pale bar and the dark bar inside it mean.
    label
        What a reader of the screen is told.
    """
    height = 44 + ROW * len(bars) + 44
    bottom = 40 + ROW * len(bars)
    largest = max((max(*bar.left, *bar.right) for bar in bars), default=0.0)
    top = next(end for end in (0.1, 0.25, 0.5, 1.0) if largest <= end + 1e-9)
    parts = [
        text(groups[0], LEFT_END - 4, 16, font_size=13, font_weight="bold", text_anchor="end",
             fill=COLOURS[0]),
        text(groups[1], RIGHT_END + 4, 16, font_size=13, font_weight="bold", fill=COLOURS[1]),
    ]  # fmt: skip
    for share in (0.0, 0.5, 1.0):
        for way, end in ((-1, LEFT_END), (1, RIGHT_END)):
            x = end + way * ROOM * share
            parts.append(tag("path", d=f"M{x:.1f} 24V{bottom}", stroke="currentColor",
                             stroke_opacity=0.2))  # fmt: skip
            parts.append(text(f"{100 * top * share:g} %", x, bottom + 14, font_size=11,
                              text_anchor="middle", fill="currentColor"))  # fmt: skip
    for number, bar in enumerate(bars):
        parts.append(_bar(bar, 36 + ROW * number, top))
    x = LEFT_END - ROOM
    for kind, opacity in zip(kinds, (0.35, 1.0), strict=True):
        parts.append(tag("rect", x=x, y=bottom + 24, width=14, height=10, fill="#5b6675",
                         fill_opacity=opacity))  # fmt: skip
        parts.append(text(kind, x + 20, bottom + 33, font_size=11, fill="currentColor"))
        x += 190
    return tag("svg", "".join(parts), xmlns="http://www.w3.org/2000/svg", role="img",
               viewBox=f"0 0 {WIDTH:g} {height:g}", width=WIDTH, height=height, aria_label=label,
               tabindex=0)  # fmt: skip


def _bar(bar: ButterflyBar, y: float, top: float) -> str:
    parts = [text(shortened(bar.name, 11.5, MIDDLE - 8), WIDTH / 2, y + 4, font_size=11.5,
                  text_anchor="middle", fill="currentColor")]  # fmt: skip
    sides = ((bar.left, LEFT_END, -1, COLOURS[0]), (bar.right, RIGHT_END, 1, COLOURS[1]))
    for (some, severe), end, way, colour in sides:
        for share, opacity, tall in ((some, 0.35, 14.0), (severe, 1.0, 8.0)):
            wide = ROOM * share / top
            x = end - wide if way < 0 else end
            if wide > 0:
                parts.append(tag("rect", x=round(x, 1), y=y - tall / 2, width=round(wide, 1),
                                 height=tall, fill=colour, fill_opacity=opacity))  # fmt: skip
        x = end + way * (ROOM * some / top + 4)
        anchor = "end" if way < 0 else "start"
        parts.append(text(f"{100 * some:.0f}", x, y + 4, font_size=10, text_anchor=anchor,
                          fill="currentColor"))  # fmt: skip
    return "".join(parts)
