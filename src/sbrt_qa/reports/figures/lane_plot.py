"""Lanes of subjects over time: the swimmer plot; and bars of a diagram of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sbrt_qa.reports.figures.svg import tag, text

LANE: Final = 15.0
LEFT, WIDTH = 92.0, 720.0
SIGNS: Final = {
    "chemo": "#5a5fd6", "io": "#13a06f", "fraction": "#b3171d", "clear": "#8a94a0",
    "unclear": "#8a94a0", "recurrence": "#b3171d", "recurrence_edge": "#b3171d",
    "recurrence_liver": "#b3171d", "death": "#1b2430", "event": "#8a5a00",
    "missed": "#b3171d",
}  # fmt: skip
"""Colours of the marks; their shapes differ, too."""


@dataclass(frozen=True, slots=True)
class SwimLane:
    """One subject: until when it is followed (months), whether alive then, and its marks.

    A mark is its time in months and a key of `SIGNS`.
    """

    name: str
    end: float
    alive: bool
    marks: tuple[tuple[float, str], ...]
    group: str = ""


def lane_plot(lanes: Sequence[SwimLane], end: float, axis: str, label: str) -> str:
    """Return the figure as SVG; `end` is the last month of the axis."""
    height = 40 + LANE * len(lanes)
    parts = []
    step = 6 if end > 12 else 3
    for month in range(0, int(end) + 1, step):
        x = _x(month, end)
        parts.append(tag("path", d=f"M{x:.1f} 14V{height - 26:.0f}", stroke="currentColor",
                         stroke_opacity=0.15))  # fmt: skip
        parts.append(text(str(month), x, height - 12, font_size=11, text_anchor="middle",
                          fill="currentColor"))  # fmt: skip
    for number, lane in enumerate(lanes):
        parts.append(_lane(lane, 22 + LANE * number, end))
    parts.append(text(axis, WIDTH - 12, height - 1, font_size=11, text_anchor="end",
                      fill="currentColor"))  # fmt: skip
    return tag("svg", "".join(parts), xmlns="http://www.w3.org/2000/svg", role="img",
               viewBox=f"0 0 {WIDTH:g} {height:g}", width=WIDTH, height=height, aria_label=label,
               tabindex=0)  # fmt: skip


def _x(month: float, end: float) -> float:
    return LEFT + (WIDTH - LEFT - 24) * max(min(month, end), 0) / (end or 1)


def _lane(lane: SwimLane, y: float, end: float) -> str:
    last = _x(lane.end, end)
    name = f"{lane.name} {lane.group}".strip()
    parts = [
        text(name, 2, y + 4, font_size=10, fill="currentColor"),
        tag("path", d=f"M{LEFT} {y}H{last:.1f}", stroke="#9fb4c8", stroke_width=5),
    ]
    if lane.alive:
        parts.append(tag("path", d=f"M{last:.1f} {y - 4}L{last + 7:.1f} {y}L{last:.1f} {y + 4}Z",
                         fill="#9fb4c8"))  # fmt: skip
    parts += [_mark(_x(at, end), y, sign) for at, sign in lane.marks]
    return "".join(parts)


def _mark(x: float, y: float, sign: str) -> str:
    colour = SIGNS[sign]
    if sign in ("chemo", "io"):
        at = y - 5 if sign == "chemo" else y + 1
        return tag("path", d=f"M{x:.1f} {at}v5", stroke=colour, stroke_width=1.6)
    if sign == "fraction":
        return tag("rect", x=x - 1, y=y - 5, width=2, height=10, fill=colour)
    if sign.startswith("recurrence"):
        letter = {"recurrence_edge": "M", "recurrence_liver": "L"}.get(sign, "X")
        shape = f"M{x - 4:.1f} {y + 4}L{x:.1f} {y - 5}L{x + 4:.1f} {y + 4}Z"
        return tag("path", d=shape, fill=colour) + text(
            letter, x + 4, y - 1, font_size=8, fill=colour
        )
    if sign == "death":
        return tag("path", d=f"M{x - 4:.1f} {y - 4}l8 8m0 -8l-8 8", stroke="currentColor",
                   stroke_width=2, fill="none")  # fmt: skip
    if sign == "missed":
        return tag("circle", cx=x, cy=y, r=6, fill="none", stroke=colour, stroke_width=1.4)
    hollow = sign == "unclear"
    shape = tag("circle", cx=x, cy=y, r=2.5, fill="none" if hollow else colour,
                stroke=colour if hollow else "")  # fmt: skip
    return (
        shape if sign != "event" else tag("rect", x=x - 3, y=y - 3, width=6, height=6, fill=colour)
    )
