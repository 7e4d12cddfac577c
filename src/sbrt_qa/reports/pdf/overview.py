"""Several dose-volume histograms in one plot; strokes differ in colour, dash and width."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.evidence.evidence import Evidence
from sbrt_qa.reports.figures.palette import colour_of
from sbrt_qa.reports.figures.svg import path, tag, text

WIDTH: Final = 260.0
HEIGHT: Final = 176.0
LEFT, RIGHT, TOP, BOTTOM = 34.0, 6.0, 15.0, 28.0
GRID: Final = "#d0d5dd"
INK: Final = "#101828"
FAMILY: Final = "Noto Sans, Noto Sans CJK SC"

STROKES: Final = (
    ("", 1.9), ("6 2.5", 1.6), ("1.6 2", 1.7), ("8 2 1.6 2", 1.5), ("", 0.9), ("3 1.5", 1.0),
)  # fmt: skip
"""Dash and width of the curves of one plot, in turn."""


@dataclass(frozen=True, slots=True)
class Style:
    """How the curve `key` is drawn."""

    key: str
    colour: str
    dash: str
    width: float


def styles(keys: Sequence[str], palette: Mapping[str, str]) -> list[Style]:
    """Return a style for each curve of one plot, no two alike."""
    strokes = zip(keys, STROKES, strict=False)
    return [Style(key, colour_of(key, palette), dash, width) for key, (dash, width) in strokes]


def overview_svg(
    evidence: Evidence,
    drawn: Sequence[Style],
    axes: tuple[str, str],
    title: str,
    limits: Mapping[str, Sequence[tuple[float, float | None]]],
) -> str:
    """Return curves as SVG.

    Parameters
    ----------
    axes
        The words for dose and volume.
    limits
        Limits by key of the curve: dose in Gy, and volume as a part of the structure, None where
        only the dose counts.
    """
    highest = max((gy for points in limits.values() for gy, _ in points), default=0.0)
    top_gy = max(float(evidence.dose_axis_gy[-1]), 1.04 * highest) or 1.0
    inner = [
        text(title, LEFT, 9, fill=INK, font_weight="bold", font_size=8.5),
        *_grid(top_gy, axes),
        *(_curve(evidence, style, top_gy) for style in drawn),
        *(_limit(*point, style, top_gy) for style in drawn for point in limits.get(style.key, ())),
    ]
    return _svg(WIDTH, HEIGHT, "".join(inner))


def _limit(dose_gy: float, part: float | None, style: Style, top_gy: float) -> str:
    """Return a triangle on the point of a limit, at the foot where only the dose counts."""
    x, y = _x(dose_gy, top_gy), _y(min(part or 0.0, 1.0))
    return tag(
        "path", d=f"M{x:.2f} {y:.2f}l-2.6 -5h5.2Z", fill=style.colour, stroke="#fff",
        stroke_width=0.5,
    )  # fmt: skip


def key_svg(style: Style) -> str:
    """Return a piece of a curve's stroke, for the legend."""
    return _svg(44, 8, _stroke("M0 4H44", style))


def _svg(width: float, height: float, content: str) -> str:
    return tag(
        "svg", content, xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width:g} {height:g}",
        width=width, height=height, font_family=FAMILY, font_size=8,
    )  # fmt: skip


def _x(dose_gy: float, top_gy: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * dose_gy / top_gy


def _y(part: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part


def _grid(top_gy: float, axes: tuple[str, str]) -> Iterator[str]:
    step = next((s for s in (1, 2, 5, 10, 20, 50) if top_gy / s <= 8), top_gy)
    for dose in np.arange(0, top_gy, step).tolist():
        x = _x(dose, top_gy)
        yield _rule(f"M{x:.2f} {_y(0):.2f}V{_y(1):.2f}", GRID)
        yield text(f"{dose:g}", x, _y(0) + 10, text_anchor="middle", fill=INK)
    for part in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        yield _rule(f"M{LEFT} {_y(part):.2f}H{WIDTH - RIGHT}", GRID)
        yield text(f"{100 * part:g}", LEFT - 4, _y(part) + 3, text_anchor="end", fill=INK)
    yield _rule(f"M{LEFT} {_y(1):.2f}V{_y(0):.2f}H{WIDTH - RIGHT}", INK)
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield text(f"{axes[0]} (Gy)", middle, HEIGHT - 5, text_anchor="middle", fill=INK)
    turned = f"translate(9 {_y(0.5):.1f}) rotate(-90)"
    yield text(f"{axes[1]} (%)", 0, 0, transform=turned, text_anchor="middle", fill=INK)


def _curve(evidence: Evidence, style: Style, top_gy: float) -> str:
    curve = evidence.curves[style.key]
    part = curve.at_dose_cc / (curve.volume_cc or 1.0)
    x = LEFT + (WIDTH - LEFT - RIGHT) * evidence.dose_axis_gy / top_gy
    y = _y(0) - (HEIGHT - TOP - BOTTOM) * part
    last = min(int(np.count_nonzero(part > 0)) + 1, part.size)
    return _stroke(path([np.column_stack([x, y])[:last]], closed=False), style)


def _stroke(data: str, style: Style) -> str:
    return tag(
        "path", d=data, fill="none", stroke=style.colour, stroke_width=style.width,
        stroke_dasharray=style.dash, stroke_linejoin="round",
    )  # fmt: skip


def _rule(data: str, colour: str) -> str:
    return tag("path", d=data, fill="none", stroke=colour, stroke_width=0.5)
