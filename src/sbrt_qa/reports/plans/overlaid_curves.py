"""The curve of one structure in several plans: one colour, a dash and a weight for each plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from sbrt_qa.evidence.evidence import DrawnCurve
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.reports.figures.legend import flowed, rows_of
from sbrt_qa.reports.figures.svg import path, tag, text

WIDTH: Final = 260.0
LEFT, RIGHT, BOTTOM = 36.0, 6.0, 28.0
AXES: Final = 120.0
ROW: Final = 11.0
LETTERS: Final = 8.5
SAMPLE: Final = 30.0
FAMILY: Final = "Report CJK, system-ui, Noto Sans, Noto Sans CJK SC, sans-serif"

STROKES: Final = (
    ("", 2.4), ("7 3", 2.0), ("2 2.5", 2.0), ("9 3 2 3", 1.8), ("", 1.0), ("4 2", 1.1),
    ("1.5 2", 1.1), ("10 2 1.5 2 1.5 2", 1.1),
)  # fmt: skip
"""Dash and width of the plans, in their order."""

Axis = FloatArray
PlanCurve = tuple[str, Axis, DrawnCurve]
"""What a plan is called in the legend, the doses of its curve in Gy, and the curve."""


def overlaid_svg(
    title: str,
    curves: Sequence[tuple[int, PlanCurve]],
    colour: str,
    limits: Sequence[tuple[float, float | None]],
    axes: tuple[str, str],
) -> str:
    """Return the curves of one structure in several plans as SVG.

    Parameters
    ----------
    curves
        Number of the plan, which chooses its stroke, and its curve.
    limits
        Points of limits: dose in Gy, and part of the volume, None where only the dose counts.
    axes
        The words for dose and volume.
    """
    top_gy = 1.04 * max([c.max_gy for _, (_, _, c) in curves] + [gy for gy, _ in limits] + [1.0])
    spots = flowed([name for _, (name, _, _) in curves], LETTERS, WIDTH - 8, SAMPLE)
    top = 22.0 + ROW * rows_of(spots)
    plot = _CurveAxes(top_gy, top)
    legend = [
        _stroke(f"M{6 + s.x - SAMPLE:.1f} {20 + ROW * s.row:.1f}h24", colour, number)
        + text(s.text, 4 + s.x, 23 + ROW * s.row, fill="currentColor", font_size=LETTERS)
        for s, (number, _) in zip(spots, curves, strict=True)
    ]
    inner = [
        tag("title", _escaped(title)),
        text(title, 4, 10, fill="currentColor", font_size=9.5, font_weight="600"),
        *legend,
        *plot.axes(axes),
        *(_curve(plot, one, colour, number) for number, one in curves),
        *(_limit(plot, *point) for point in limits),
    ]
    height = top + AXES + BOTTOM
    return tag(
        "svg", "".join(inner), xmlns="http://www.w3.org/2000/svg", role="img", font_size=8.5,
        viewBox=f"0 0 {WIDTH:g} {height:g}", font_family=FAMILY,
    )  # fmt: skip


def _escaped(content: str) -> str:
    return content.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class _CurveAxes:
    """Places on a plot: dose from 0 to `top_gy`, parts of the volume from 0 to 1."""

    def __init__(self, top_gy: float, top: float) -> None:
        self.top_gy, self.top = top_gy, top

    def x(self, dose_gy: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * dose_gy / self.top_gy

    def y(self, part: float) -> float:
        return self.top + AXES * (1 - part)

    def axes(self, words: tuple[str, str]) -> Iterator[str]:
        """Draw axes, grid and their labels."""
        step = next((s for s in (1, 2, 5, 10, 20, 50) if self.top_gy / s <= 7), self.top_gy)
        for dose in np.arange(0, self.top_gy, step).tolist():
            yield _rule(f"M{self.x(dose):.1f} {self.y(0):.1f}V{self.y(1):.1f}", 0.15)
            yield _word(f"{dose:g}", self.x(dose), self.y(0) + 11, "middle")
        for part in (0.0, 0.25, 0.5, 0.75, 1.0):
            yield _rule(f"M{LEFT} {self.y(part):.1f}H{WIDTH - RIGHT}", 0.15)
            yield _word(f"{100 * part:g}", LEFT - 4, self.y(part) + 3, "end")
        yield _rule(f"M{LEFT} {self.y(1):.1f}V{self.y(0):.1f}H{WIDTH - RIGHT}", 0.8)
        middle = (LEFT + WIDTH - RIGHT) / 2
        yield _word(f"{words[0]} (Gy)", middle, self.top + AXES + BOTTOM - 5, "middle")
        turned = f"translate(9 {self.y(0.5):.1f}) rotate(-90)"
        yield text(
            f"{words[1]} (%)", 0, 0, transform=turned, text_anchor="middle", fill="currentColor"
        )


def _word(content: str, x: float, y: float, anchor: str) -> str:
    return text(content, x, y, text_anchor=anchor, fill="currentColor")


def _rule(data: str, opacity: float) -> str:
    return tag(
        "path", d=data, fill="none", stroke="currentColor", stroke_width=0.6,
        stroke_opacity=opacity,
    )  # fmt: skip


def _curve(plot: _CurveAxes, one: PlanCurve, colour: str, number: int) -> str:
    _, axis_gy, curve = one
    part = curve.at_dose_cc / (curve.volume_cc or 1.0)
    last = min(int(np.count_nonzero(part > 0)) + 1, part.size)
    x = LEFT + (WIDTH - LEFT - RIGHT) * axis_gy / plot.top_gy
    y = plot.y(0) - AXES * part
    return _stroke(path([np.column_stack([x, y])[:last]], closed=False), colour, number)


def _stroke(data: str, colour: str, number: int) -> str:
    dash, width = STROKES[number % len(STROKES)]
    return tag(
        "path", d=data, fill="none", stroke=colour, stroke_width=width, stroke_dasharray=dash
    )


def _limit(plot: _CurveAxes, dose_gy: float, part: float | None) -> str:
    x, y = plot.x(dose_gy), plot.y(min(part or 0.0, 1.0))
    return tag(
        "path", d=f"M{x:.1f} {y:.1f}l-3.4 -6.4h6.8Z", fill="currentColor", stroke="#fff",
        stroke_width=0.6,
    )  # fmt: skip
