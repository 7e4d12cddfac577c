"""Lines, steps, bands and dots over two axes of numbers: accrual, events, dose response."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sbrt_qa.reports.figures.legend import flowed, rows_of
from sbrt_qa.reports.figures.svg import tag, text

COLOURS: Final = ("#0b5cad", "#b3471d", "#2f7d43", "#6a3d9a")
STROKES: Final = ("", "7 3", "2 3", "9 3 2 3")
WIDTH, HEIGHT = 720.0, 320.0
LEFT, TOP, RIGHT, BOTTOM = 56.0, 14.0, 16.0, 44.0


@dataclass(frozen=True, slots=True)
class MeasuredLine:
    """One line: its points, drawn as steps where they count, with a band where there is one."""

    name: str
    points: tuple[tuple[float, float], ...]
    is_step: bool = False
    band: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class MeasuredDots:
    """Dots of one kind: filled or hollow."""

    name: str
    points: tuple[tuple[float, float], ...]
    filled: bool = True


@dataclass(frozen=True, slots=True)
class MeasureAxes:
    """Names of both axes, the marks on them, and their ends."""

    x_name: str
    y_name: str
    x_marks: tuple[tuple[float, str], ...]
    y_end: float
    x_start: float = 0.0
    x_end: float = 1.0


def round_marks(start: float, end: float, most: int = 8) -> tuple[tuple[float, str], ...]:
    """Return round numbers from start to end with their texts, at most so many."""
    span = end - start
    if span <= 0:
        return ((start, f"{start:g}"),)
    step = 10.0 ** math.floor(math.log10(span / most))
    step *= next(k for k in (1, 2, 5, 10) if span / (step * k) <= most)
    first = math.ceil(start / step - 1e-9)
    last = math.floor(end / step + 1e-9)
    return tuple((k * step, f"{k * step:g}") for k in range(first, last + 1))


def measure_plot(
    lines: Sequence[MeasuredLine], dots: Sequence[MeasuredDots], axes: MeasureAxes, label: str
) -> str:
    """Return the figure as SVG, with its legend below; `label` is for readers of the screen."""
    names = [*(line.name for line in lines), *(one.name for one in dots)]
    spots = flowed(names, 12, WIDTH - LEFT - RIGHT, 30)
    height = HEIGHT + 18 * rows_of(spots) + 6
    parts = [_frame(axes)]
    for number, line in enumerate(lines):
        colour = COLOURS[number % 4]
        if len(line.band) > 1:
            ahead = [_place(axes, x, high) for x, _, high in line.band]
            back = [_place(axes, x, low) for x, low, _ in reversed(line.band)]
            path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in (*ahead, *back)) + "Z"
            parts.append(tag("path", d=path, fill=colour, fill_opacity=0.15, stroke="none"))
        parts.append(tag("path", d=_path(axes, line), fill="none", stroke=colour, stroke_width=2,
                         stroke_dasharray=STROKES[number % 4]))  # fmt: skip
    for number, one in enumerate(dots, len(lines)):
        for x, y in one.points:
            cx, cy = _place(axes, x, y)
            parts.append(_dot(cx, cy, COLOURS[number % 4], filled=one.filled))
    for number, spot in enumerate(spots):
        y = HEIGHT + 12 + 18 * spot.row
        x = LEFT + spot.x - 26
        if number < len(lines):
            parts.append(tag("path", d=f"M{x:.1f} {y - 4}h20", stroke=COLOURS[number % 4],
                             stroke_width=2, stroke_dasharray=STROKES[number % 4]))  # fmt: skip
        else:
            filled = dots[number - len(lines)].filled
            parts.append(_dot(x + 10, y - 4, COLOURS[number % 4], filled=filled))
        parts.append(text(spot.text, LEFT + spot.x, y, font_size=12, fill="currentColor"))
    return tag("svg", "".join(parts), xmlns="http://www.w3.org/2000/svg", role="img",
               viewBox=f"0 0 {WIDTH:g} {height:g}", width=WIDTH, height=height, aria_label=label,
               tabindex=0)  # fmt: skip


def _dot(x: float, y: float, colour: str, *, filled: bool) -> str:
    return tag("circle", cx=round(x, 1), cy=round(y, 1), r=3.4, fill=colour if filled else "none",
               stroke=colour, stroke_width=1.4)  # fmt: skip


def _place(axes: MeasureAxes, x: float, y: float) -> tuple[float, float]:
    across = (x - axes.x_start) / ((axes.x_end - axes.x_start) or 1.0)
    up = y / (axes.y_end or 1.0)
    return (
        LEFT + (WIDTH - LEFT - RIGHT) * min(max(across, 0.0), 1.0),
        HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * min(max(up, 0.0), 1.0),
    )


def _path(axes: MeasureAxes, line: MeasuredLine) -> str:
    made = []
    for number, point in enumerate(line.points):
        x, y = _place(axes, *point)
        if not number:
            made.append(f"M{x:.1f} {y:.1f}")
        else:
            made.append(f"H{x:.1f}V{y:.1f}" if line.is_step else f"L{x:.1f} {y:.1f}")
    return "".join(made)


def _frame(axes: MeasureAxes) -> str:
    parts = []
    for at, told in round_marks(0.0, axes.y_end, 6):
        x, y = _place(axes, axes.x_start, at)
        parts.append(tag("path", d=f"M{x:.1f} {y:.1f}H{WIDTH - RIGHT}", stroke="currentColor",
                         stroke_opacity=0.15))  # fmt: skip
        parts.append(text(told, x - 6, y + 4, font_size=12, text_anchor="end",
                          fill="currentColor"))  # fmt: skip
    for at, told in axes.x_marks:
        x, y = _place(axes, at, 0.0)
        parts.append(tag("path", d=f"M{x:.1f} {y:.1f}v4", stroke="currentColor"))
        parts.append(text(told, x, y + 17, font_size=12, text_anchor="middle",
                          fill="currentColor"))  # fmt: skip
    low = HEIGHT - BOTTOM
    parts.append(tag("path", d=f"M{LEFT} {TOP}V{low}H{WIDTH - RIGHT}", fill="none",
                     stroke="currentColor"))  # fmt: skip
    parts.append(text(axes.x_name, WIDTH - RIGHT, low + 34, font_size=12, text_anchor="end",
                      fill="currentColor"))  # fmt: skip
    parts.append(text(axes.y_name, LEFT + 6, TOP + 10, font_size=12, fill="currentColor"))
    return "".join(parts)
