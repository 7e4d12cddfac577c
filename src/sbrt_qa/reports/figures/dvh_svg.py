"""A dose-volume histogram as SVG, limits drawn as markers. Text takes the colour of the page."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.errors import visible
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.reports.figures.palette import TARGETS
from sbrt_qa.reports.figures.slice_svg import FONT, text_only
from sbrt_qa.reports.figures.svg import path, tag, text
from sbrt_qa.reports.page import Marker
from sbrt_qa.review.evidence import Curve, Evidence

WIDTH: Final = 236.0
HEIGHT: Final = 164.0
LEFT, RIGHT, TOP, BOTTOM = 36.0, 6.0, 8.0, 28.0

STEPS: Final = (1, 2, 5, 10, 20, 25, 50, 100)
NICE_CC: Final = (0.2, 0.4, 1, 2, 4, 8, 10, 20, 40, 80, 100, 200, 400, 800, 1000, 2000)

SMALL_PART: Final = 0.1
"""Limits about no more than this part of the structure are shown in cc."""

REACHED: Final = "#d62f2f"
MIDDLE: Final[dict[str, str | float]] = {"text_anchor": "middle", "fill": "currentColor"}
END: Final[dict[str, str | float]] = {"text_anchor": "end", "fill": "currentColor"}


@dataclass(frozen=True, slots=True)
class Labels:
    """Words on the plot: the axes, what markers mean, and the whole for who cannot see it."""

    title: str
    dose: str
    volume: str
    limit: str
    reached: str


def dvh_svg(
    evidence: Evidence,
    main: str,
    others: Sequence[str],
    markers: tuple[Sequence[Marker], Sequence[Marker]],
    colours: Mapping[str, str],
    labels: Labels,
) -> str:
    """Return the curve of one structure with its limits, and others for comparison.

    Where every limit is about a small volume, the plot shows that part of the volume axis, in cc.

    Parameters
    ----------
    main, others
        Keys of curves.
    markers
        Points of the main curve: bounds, and what the plan has there.
    """
    limits, reached = markers
    plot = _Plot(evidence, evidence.curves[main], _top_gy(evidence, [main, *others], limits))
    plot.look_at([*limits, *reached])
    drawn = others if plot.whole else []
    parts = [
        f"<title>{text_only(labels.title)}</title>",
        plot.clip(),
        *plot.axes(labels),
        *(plot.curve(evidence.curves[k], colours.get(k, "#777"), main=False) for k in drawn),
        plot.curve(evidence.curves[main], colours.get(main, "#d62f2f"), main=True),
        *plot.names([*drawn, main]),
        *plot.limits(limits),
        *plot.reached(reached),
        *plot.legend(labels, limits, reached),
    ]
    return tag(
        "svg", "".join(parts), viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}", role="img",
        xmlns="http://www.w3.org/2000/svg", font_family=FONT, font_size=10,
    )  # fmt: skip


def _top_gy(evidence: Evidence, keys: Sequence[str], limits: Sequence[Marker]) -> float:
    highest = max([evidence.curves[k].max_gy for k in keys] + [m.dose_gy for m in limits] + [1.0])
    return highest * 1.04


class _Plot:
    """Places on a plot: dose from 0 to `top_gy`, volume from 0 to 100 % or to so many cc."""

    def __init__(self, evidence: Evidence, main: Curve, top_gy: float) -> None:
        self.evidence = evidence
        self.main = main
        self.top_gy = top_gy
        self.whole = True
        self.top_cc = main.volume_cc or 1.0

    def look_at(self, markers: Sequence[Marker]) -> None:
        """Choose the part of the volume axis that shows every marker well."""
        volumes = [m.volume_cc for m in markers]
        known = [v for v in volumes if v is not None]
        if not known or len(known) < len(volumes) or max(known) > SMALL_PART * self.top_cc:
            return
        lowest = min(m.dose_gy for m in markers)
        there = float(np.interp(lowest, self.evidence.dose_axis_gy, self.main.at_dose_cc))
        wanted = 1.35 * max(there, *known)
        if wanted < self.top_cc / 2:
            self.whole = False
            self.top_cc = next((n for n in NICE_CC if n >= wanted), wanted)

    def x(self, dose_gy: float) -> float:
        """Return the place of a dose."""
        return LEFT + (WIDTH - LEFT - RIGHT) * dose_gy / self.top_gy

    def y(self, part: float) -> float:
        """Return the place of a part of the axis, 0 to 1."""
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part

    def clip(self) -> str:
        """Return what keeps curves within the axes."""
        box = tag(
            "rect", x=LEFT, y=TOP - 2, width=WIDTH - LEFT - RIGHT, height=HEIGHT - TOP - BOTTOM + 3
        )
        return tag("defs", tag("clipPath", box, id=self._clip_id))

    @property
    def _clip_id(self) -> str:
        return f"plot-{'-'.join(str(n) for n in self.main.roi_numbers)}"

    def axes(self, labels: Labels) -> Iterator[str]:
        """Draw axes, grid and their labels."""
        step = next(s for s in (*STEPS, self.top_gy) if self.top_gy / s <= 6.2)
        for tick in np.arange(0, self.top_gy, step).tolist():
            yield _rule(self.x(tick), self.y(0), self.x(tick), self.y(1), 0.15)
            yield text(f"{tick:g}", self.x(tick), self.y(0) + 11, **MIDDLE)
        top = 100.0 if self.whole else self.top_cc
        for part in (0, 0.25, 0.5, 0.75, 1):
            yield _rule(LEFT, self.y(part), WIDTH - RIGHT, self.y(part), 0.15)
            yield text(f"{top * part:g}", LEFT - 4, self.y(part) + 3.5, **END)
        yield _rule(LEFT, self.y(0), WIDTH - RIGHT, self.y(0), 0.8)
        yield _rule(LEFT, self.y(0), LEFT, self.y(1), 0.8)
        unit = "%" if self.whole else "cc"
        yield text(f"{labels.dose} (Gy)", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 5, **MIDDLE)
        turned = f"translate(9 {self.y(0.5):.1f}) rotate(-90)"
        yield text(f"{labels.volume} ({unit})", 0, 0, transform=turned, **MIDDLE)

    def curve(self, curve: Curve, colour: str, *, main: bool) -> str:
        """Draw a curve, the main one wide and drawn through."""
        dose = self.evidence.dose_axis_gy
        keep = dose <= min(self.top_gy, curve.max_gy * 1.02 + 0.2)
        x = LEFT + (WIDTH - LEFT - RIGHT) * dose[keep] / self.top_gy
        y = self.y(0) - (HEIGHT - TOP - BOTTOM) * self._part(curve)[keep]
        inside = y > TOP - 60
        data = path([np.column_stack([x, y])[inside]], closed=False)
        return tag(
            "path", d=data, fill="none", stroke=colour, stroke_width=2.4 if main else 1.2,
            stroke_dasharray="" if main else "4 3", clip_path=f"url(#{self._clip_id})",
        )  # fmt: skip

    def names(self, keys: Sequence[str]) -> Iterator[str]:
        """Write each name beside its curve, at heights of their own."""
        for n, key in enumerate(reversed(keys)):
            part = (0.86, 0.6, 0.45, 0.3)[n % 4]
            share = self._part(self.evidence.curves[key])
            index = int(np.searchsorted(-share, -part, side="right"))
            dose = self.evidence.dose_axis_gy[min(index, share.size - 1)]
            x = self.x(min(float(dose), self.top_gy))
            at_end = x > WIDTH * 0.4
            yield text(
                _short(key), x - 4 if at_end else x + 4, self.y(part) + 3, fill="currentColor",
                text_anchor="end" if at_end else "", font_weight="600" if key == keys[-1] else "",
            )  # fmt: skip

    def limits(self, markers: Sequence[Marker]) -> Iterator[str]:
        """Draw bounds: a triangle on the point, or a line where only the dose counts."""
        for m in markers:
            x = self.x(m.dose_gy)
            if m.volume_cc is None:
                yield tag(
                    "path", d=f"M{x:.2f} {self.y(0):.2f}V{self.y(1):.2f}", stroke="currentColor",
                    stroke_width=1.1, stroke_dasharray="5 2",
                )  # fmt: skip
            else:
                yield _triangle(x, self.y(m.volume_cc / self.top_cc))

    def reached(self, markers: Sequence[Marker]) -> Iterator[str]:
        """Draw what the plan has: a disc, on a line where only the dose counts."""
        for m in markers:
            x = self.x(m.dose_gy)
            if m.volume_cc is None:
                yield tag(
                    "path", d=f"M{x:.2f} {self.y(0):.2f}V{self.y(1):.2f}", stroke=REACHED,
                    stroke_width=1.4,
                )  # fmt: skip
            yield _disc(x, self.y(0 if m.volume_cc is None else m.volume_cc / self.top_cc))

    def legend(
        self, labels: Labels, limits: Sequence[Marker], reached: Sequence[Marker]
    ) -> Iterator[str]:
        """Say what the markers mean, where the curve is not."""
        longest = max(_width(labels.reached), _width(labels.limit))
        x, y = WIDTH - RIGHT - 6 - 5.6 * longest, TOP + 9
        if TARGETS.match(self.main.key):  # whose curve runs through that corner
            x, y = LEFT + 16, self.y(0) - 22
        if reached:
            yield _disc(x - 8, y - 3)
            yield text(labels.reached, x, y, fill="currentColor", font_size=9)
            y += 13
        if limits and all(m.volume_cc is None for m in limits):
            yield _rule(x - 8, y - 8, x - 8, y + 1, 1)
        elif limits:
            yield _triangle(x - 8, y)
        if limits:
            yield text(labels.limit, x, y, fill="currentColor", font_size=9)

    def _part(self, curve: Curve) -> FloatArray:
        whole = (curve.volume_cc or 1.0) if self.whole else self.top_cc
        return curve.at_dose_cc / whole


def _triangle(x: float, y: float) -> str:
    return tag("path", d=f"M{x:.2f} {y:.2f}l-4.5 -8h9Z", fill="#fff", stroke="#000", stroke_width=1)


def _disc(x: float, y: float) -> str:
    return tag("circle", cx=x, cy=y, r=3.4, fill=REACHED, stroke="#fff", stroke_width=0.8)


def _rule(x1: float, y1: float, x2: float, y2: float, opacity: float) -> str:
    return tag(
        "path", d=f"M{x1:.2f} {y1:.2f}L{x2:.2f} {y2:.2f}", stroke="currentColor",
        stroke_width=0.7, stroke_opacity=opacity,
    )  # fmt: skip


def _width(text: str) -> float:
    """Return about how wide a text is, in Latin letters."""
    return sum(1.9 if unicodedata.east_asian_width(c) in "WF" else 1.0 for c in text)


def _short(name: str, most: int = 22) -> str:
    name = visible(name)
    return name if len(name) <= most else name[: most - 1] + "…"
