"""A dose-volume histogram as SVG, limits drawn as markers. Text takes the colour of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.evidence.evidence import DrawnCurve, Evidence
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.reports.figures.legend import Spot, flowed, rows_of
from sbrt_qa.reports.figures.palette import colour_of
from sbrt_qa.reports.figures.slice_svg import FONT, text_only
from sbrt_qa.reports.figures.svg import path, tag, text
from sbrt_qa.reports.page import Marker

WIDTH: Final = 236.0
LEFT, RIGHT, BOTTOM = 42.0, 6.0, 31.0
AXES: Final = 104.0
"""Height of the axes."""
ROW: Final = 12.0
"""Height of a row of the legend, which stands above the axes."""
SAMPLE: Final = 20.0
LETTERS: Final = 9.0

STEPS: Final = (1, 2, 5, 10, 20, 25, 50, 100)
NICE_CC: Final = (0.2, 0.4, 1, 2, 4, 8, 10, 20, 40, 80, 100, 200, 400, 800, 1000, 2000)

SMALL_PART: Final = 0.1
"""Limits about no more than this part of the structure are shown in cc."""

REACHED: Final = "currentColor"
"""Of what the plan has: no colour of a structure."""
WIDE: Final = (2.4, "")
THIN: Final = (1.2, "4 3")
"""Width and dash of the main curve, and of others."""
MIDDLE: Final[dict[str, str | float]] = {"text_anchor": "middle", "fill": "currentColor"}
END: Final[dict[str, str | float]] = {"text_anchor": "end", "fill": "currentColor"}


@dataclass(frozen=True, slots=True)
class Labels:
    """Words on the plot: the axes, what markers mean, and the whole for who cannot see it."""

    title: str
    dose: str
    volume: str
    limit: str
    minor: str
    reached: str

    @classmethod
    def of(cls, structure: str, words: Words) -> Labels:
        """Return the words on the plot of a structure, whose name is ready to be shown."""
        return cls(
            title=words(msg("Dose-volume histogram of {structure}"), structure=structure),
            dose=words(msg("Dose")),
            volume=words(msg("Volume")),
            limit=words(msg("limit")),
            minor=words(msg("minor to here")),
            reached=words(msg("this plan")),
        )


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
    top_gy = _top_gy(evidence, [main, *others], limits)
    plot = _Plot(evidence, evidence.curves[main], top_gy)
    plot.look_at([*limits, *reached])
    drawn = [main, *(others if plot.whole else [])]
    keys = list(_keys(drawn, colours, labels, limits, reached))
    spots = flowed([key.text for key in keys], LETTERS, WIDTH - 8, SAMPLE)
    plot.top = ROW * rows_of(spots) + 8
    parts = [
        f"<title>{text_only(labels.title)}</title>",
        *(key.drawn(spot) for key, spot in zip(keys, spots, strict=True)),
        plot.clip(),
        *plot.axes(labels),
        *(plot.curve(evidence.curves[k], colour_of(k, colours), main=k == main) for k in drawn),
        *plot.limits(limits),
        *plot.reached(reached),
    ]
    return tag(
        "svg", "".join(parts), viewBox=f"0 0 {WIDTH:g} {plot.height:g}", role="img",
        xmlns="http://www.w3.org/2000/svg", font_family=FONT, font_size=10,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _CurveKey:
    """One line of the legend: a text, and its sample drawn at a place (right end, foot)."""

    text: str
    sample: Callable[[float, float], str]
    weight: str = ""

    def drawn(self, spot: Spot) -> str:
        """Return sample and text at a spot."""
        x, y = 4 + spot.x, 9 + ROW * spot.row
        return self.sample(x - 4, y) + text(
            spot.text, x, y, fill="currentColor", font_size=LETTERS, font_weight=self.weight
        )


def _keys(
    drawn: Sequence[str],
    colours: Mapping[str, str],
    labels: Labels,
    limits: Sequence[Marker],
    reached: Sequence[Marker],
) -> Iterator[_CurveKey]:
    for n, key in enumerate(drawn):
        stroke = _stroke(colour_of(key, colours), main=n == 0)
        yield _CurveKey(key, stroke, "600" if n == 0 else "")
    if reached:
        yield _CurveKey(labels.reached, lambda x, y: _disc(x - 6, y - 3))
    for word, minor in ((labels.limit, False), (labels.minor, True)):
        lines = [m.volume_cc is None for m in limits if m.minor is minor]
        if lines:
            yield _CurveKey(word, _limit_sample(lines, minor=minor))


def _stroke(colour: str, *, main: bool) -> Callable[[float, float], str]:
    def sample(x: float, y: float) -> str:
        data = f"M{x - SAMPLE + 6:.2f} {y - 3:.2f}H{x:.2f}"
        return _pen(data, colour, *(WIDE if main else THIN))

    return sample


def _limit_sample(lines: Sequence[bool], *, minor: bool) -> Callable[[float, float], str]:
    """Return the line of a mean, the triangle of a point, or both where there are both."""

    def sample(x: float, y: float) -> str:
        at = x - 14 if not all(lines) else x - 6
        line = _pen(f"M{at:.2f} {y - 8:.2f}V{y + 1:.2f}", "currentColor", *_bound_stroke(minor))
        point = "" if all(lines) else _triangle(x - 5, y + 1, minor=minor)
        return (line if any(lines) else "") + point

    return sample


def _bound_stroke(minor: bool) -> tuple[float, str]:  # noqa: FBT001
    """Return width and dash of the line of a limit, or of the bound of a minor deviation."""
    return (0.8, "1.5 2") if minor else (1.3, "5 2")


def _top_gy(evidence: Evidence, keys: Sequence[str], limits: Sequence[Marker]) -> float:
    highest = max([evidence.curves[k].max_gy for k in keys] + [m.dose_gy for m in limits] + [1.0])
    return highest * 1.04


class _Plot:
    """Places on a plot: dose from 0 to `top_gy`, volume from 0 to 100 % or to so many cc."""

    def __init__(self, evidence: Evidence, main: DrawnCurve, top_gy: float) -> None:
        self.evidence = evidence
        self.main = main
        self.top_gy = top_gy
        self.whole = True
        self.top_cc = main.volume_cc or 1.0
        self.top = 8.0

    @property
    def height(self) -> float:
        """Height of the whole picture."""
        return self.top + AXES + BOTTOM

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
        return self.top + AXES * (1 - part)

    def clip(self) -> str:
        """Return what keeps curves within the axes."""
        box = tag("rect", x=LEFT, y=self.top - 2, width=WIDTH - LEFT - RIGHT, height=AXES + 3)
        return tag("defs", tag("clipPath", box, id=self._clip_id))

    @property
    def _clip_id(self) -> str:
        return f"plot-{'-'.join(str(n) for n in self.main.roi_numbers)}"

    def axes(self, labels: Labels) -> Iterator[str]:
        """Draw axes, grid and their labels."""
        step = next(s for s in (*STEPS, self.top_gy) if self.top_gy / s <= 6.2)
        for tick in np.arange(0, self.top_gy, step).tolist():
            yield _rule(self.x(tick), self.y(0), self.x(tick), self.y(1), 0.15)
            yield text(f"{tick:g}", self.x(tick), self.y(0) + 14, **MIDDLE)
        top = 100.0 if self.whole else self.top_cc
        for part in (0, 0.25, 0.5, 0.75, 1):
            yield _rule(LEFT, self.y(part), WIDTH - RIGHT, self.y(part), 0.15)
            yield text(f"{top * part:g}", LEFT - 4, self.y(part) + 3.5, **END)
        yield _rule(LEFT, self.y(0), WIDTH - RIGHT, self.y(0), 0.8)
        yield _rule(LEFT, self.y(0), LEFT, self.y(1), 0.8)
        unit = "%" if self.whole else "cc"
        yield text(f"{labels.dose} (Gy)", (LEFT + WIDTH - RIGHT) / 2, self.height - 5, **MIDDLE)
        turned = f"translate(9 {self.y(0.5):.1f}) rotate(-90)"
        yield text(f"{labels.volume} ({unit})", 0, 0, transform=turned, **MIDDLE)

    def curve(self, curve: DrawnCurve, colour: str, *, main: bool) -> str:
        """Draw a curve, the main one wide and drawn through."""
        dose = self.evidence.dose_axis_gy
        keep = dose <= min(self.top_gy, curve.max_gy * 1.02 + 0.2)
        x = LEFT + (WIDTH - LEFT - RIGHT) * dose[keep] / self.top_gy
        y = self.y(0) - AXES * self._part(curve)[keep]
        inside = y > self.top - 60
        data = path([np.column_stack([x, y])[inside]], closed=False)
        clip = f"url(#{self._clip_id})"
        return _pen(data, colour, *(WIDE if main else THIN), clip=clip)

    def upright(self, x: float) -> str:
        """Return a line from the foot of the axes to their top."""
        return f"M{x:.2f} {self.y(0):.2f}V{self.y(1):.2f}"

    def limits(self, markers: Sequence[Marker]) -> Iterator[str]:
        """Draw bounds: a triangle on the point, or a line where only the dose counts."""
        for m in markers:
            x = self.x(m.dose_gy)
            if m.volume_cc is None:
                yield _pen(self.upright(x), "currentColor", *_bound_stroke(m.minor))
            else:
                yield _triangle(x, self.y(m.volume_cc / self.top_cc), minor=m.minor)

    def reached(self, markers: Sequence[Marker]) -> Iterator[str]:
        """Draw what the plan has: a disc, on a line where only the dose counts."""
        for m in markers:
            x = self.x(m.dose_gy)
            if m.volume_cc is None:
                yield _pen(self.upright(x), REACHED, 1.4, "")
            yield _disc(x, self.y(0 if m.volume_cc is None else m.volume_cc / self.top_cc))

    def _part(self, curve: DrawnCurve) -> FloatArray:
        whole = (curve.volume_cc or 1.0) if self.whole else self.top_cc
        return curve.at_dose_cc / whole


def _triangle(x: float, y: float, *, minor: bool) -> str:
    """Return a full triangle for a limit, an open one for the bound of a minor deviation."""
    fill, size = ("#fff", 3.6) if minor else ("#000", 4.5)
    return tag(
        "path", d=f"M{x:.2f} {y:.2f}l{-size} -8h{2 * size}Z", fill=fill,
        stroke="#000" if minor else "#fff", stroke_width=1,
    )  # fmt: skip


def _disc(x: float, y: float) -> str:
    return tag("circle", cx=x, cy=y, r=3.4, fill=REACHED, stroke="#fff", stroke_width=0.8)


def _pen(data: str, colour: str, width: float, dash: str, clip: str = "") -> str:
    return tag(
        "path", d=data, fill="none", stroke=colour, stroke_width=width, stroke_dasharray=dash,
        clip_path=clip,
    )  # fmt: skip


def _rule(x1: float, y1: float, x2: float, y2: float, opacity: float) -> str:
    return tag(
        "path", d=f"M{x1:.2f} {y1:.2f}L{x2:.2f} {y2:.2f}", stroke="currentColor",
        stroke_width=0.7, stroke_opacity=opacity,
    )  # fmt: skip
