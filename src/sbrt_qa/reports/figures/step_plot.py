"""Step curves with bands, censor marks and the numbers at risk below: survival and incidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sbrt_qa.reports.figures.legend import shortened
from sbrt_qa.reports.figures.svg import tag, text

COLOURS: Final = ("#0b5cad", "#b3471d", "#2f7d43", "#6a3d9a")
STROKES: Final = ("", "7 3", "2 3", "9 3 2 3")
WIDTH, HEIGHT = 720.0, 400.0
LEFT, TOP, RIGHT = 225.0, 16.0, 16.0


@dataclass(frozen=True, slots=True)
class StepCurve:
    """One curve.

    Parameters
    ----------
    steps
        Time and value from then on, beginning at time 0.
    band
        Time, lower and upper limit from then on.
    censored
        Times of censoring.
    at_risk, events
        At the ticks: still followed up, and events so far.
    thin_from
        Time from which few are at risk: drawn grey from there.
    """

    name: str
    steps: tuple[tuple[float, float], ...]
    band: tuple[tuple[float, float, float], ...]
    censored: tuple[tuple[float, float], ...]
    at_risk: tuple[int, ...]
    events: tuple[int, ...]
    thin_from: float


def step_plot(
    curves: Sequence[StepCurve], ticks: Sequence[float], names: tuple[str, str, str], label: str
) -> str:
    """Return the figure as SVG.

    Parameters
    ----------
    ticks
        Times in months on the axis.
    names
        What the axis of time, the numbers at risk and the events are called.
    label
        What a reader of the screen is told.
    """
    end = ticks[-1] if ticks else 1.0
    bottom = HEIGHT - 60
    parts = [_axes(ticks, end, bottom, names[0])]
    for number, curve in enumerate(curves):
        colour, dash = COLOURS[number % 4], STROKES[number % 4]
        parts.append(_band(curve, end, bottom, colour))
        parts += [
            tag("path", d=_steps(points, end, bottom), fill="none", stroke=shade, stroke_width=2,
                stroke_dasharray=dash)
            for points, shade in _split(curve, colour)
        ]  # fmt: skip
        for at, value in curve.censored:
            x, y = _place(at, value, end, bottom)
            parts.append(tag("path", d=f"M{x:.1f} {y - 4:.1f}V{y + 4:.1f}", stroke=colour,
                             stroke_width=1))  # fmt: skip
    height = bottom + 44
    for title, rows in (
        (names[1], [c.at_risk for c in curves]),
        (names[2], [c.events for c in curves]),
    ):
        parts.append(text(title, 4, height, font_size=12, font_weight="bold", fill="currentColor"))
        for number, (curve, row) in enumerate(zip(curves, rows, strict=True)):
            height += 16
            parts.append(tag("path", d=f"M4 {height - 4}h20", stroke=COLOURS[number % 4],
                             stroke_width=2, stroke_dasharray=STROKES[number % 4]))  # fmt: skip
            name = shortened(curve.name, 12, LEFT - 44)
            parts.append(text(name, 28, height, font_size=12, fill=COLOURS[number % 4]))
            parts += [
                text(str(value), _place(at, 0, end, bottom)[0], height, font_size=12,
                     text_anchor="middle", fill="currentColor")
                for at, value in zip(ticks, row, strict=True)
            ]  # fmt: skip
        height += 20
    return tag("svg", "".join(parts), xmlns="http://www.w3.org/2000/svg", role="img",
               viewBox=f"0 0 {WIDTH:g} {height:g}", width=WIDTH, height=height,
               aria_label=label, tabindex=0)  # fmt: skip


def _place(at: float, value: float, end: float, bottom: float) -> tuple[float, float]:
    x = LEFT + (WIDTH - LEFT - RIGHT) * min(at, end) / (end or 1)
    return x, bottom - (bottom - TOP) * value


def _axes(ticks: Sequence[float], end: float, bottom: float, name: str) -> str:
    parts = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        _, y = _place(0, share, end, bottom)
        parts.append(tag("path", d=f"M{LEFT} {y:.1f}H{WIDTH - RIGHT}", stroke="currentColor",
                         stroke_opacity=0.15))  # fmt: skip
        parts.append(text(f"{share:g}", LEFT - 8, y + 4, font_size=12, text_anchor="end",
                          fill="currentColor"))  # fmt: skip
    for at in ticks:
        x, _ = _place(at, 0, end, bottom)
        parts.append(text(f"{at:g}", x, bottom + 16, font_size=12, text_anchor="middle",
                          fill="currentColor"))  # fmt: skip
    parts.append(tag("path", d=f"M{LEFT} {TOP}V{bottom}H{WIDTH - RIGHT}", fill="none",
                     stroke="currentColor"))  # fmt: skip
    parts.append(text(name, WIDTH - RIGHT, bottom + 30, font_size=12, text_anchor="end",
                      fill="currentColor"))  # fmt: skip
    return "".join(parts)


def _split(curve: StepCurve, colour: str) -> list[tuple[tuple[tuple[float, float], ...], str]]:
    """Return the part with enough at risk in colour, and the rest in grey."""
    thick = tuple(p for p in curve.steps if p[0] <= curve.thin_from)
    if not thick:
        return [(curve.steps, "#8a94a0")]
    last = thick[-1][1]
    rest = ((curve.thin_from, last), *(p for p in curve.steps if p[0] > curve.thin_from))
    split = [((*thick, (min(curve.thin_from, curve.steps[-1][0]), last)), colour)]
    return split if len(rest) == 1 else [*split, (rest, "#8a94a0")]


def _steps(points: Sequence[tuple[float, float]], end: float, bottom: float) -> str:
    x, y = _place(*points[0], end, bottom)
    made = [f"M{x:.1f} {y:.1f}"]
    for at, value in points[1:]:
        x, y = _place(at, value, end, bottom)
        made.append(f"H{x:.1f}V{y:.1f}")
    return "".join(made)


def _band(curve: StepCurve, end: float, bottom: float, colour: str) -> str:
    known = [point for point in curve.band if point[0] <= curve.thin_from]
    if len(known) < 2:
        return ""
    last = min(curve.thin_from, curve.steps[-1][0])
    if last > known[-1][0]:
        known.append((last, *known[-1][1:]))
    there = _steps([(at, high) for at, _, high in known], end, bottom)
    x, y = _place(known[-1][0], known[-1][1], end, bottom)
    back = f"L{x:.1f} {y:.1f}"
    for before, (at, _, _) in zip(known[-2::-1], known[:0:-1], strict=True):
        x, y = _place(at, before[1], end, bottom)
        back += f"H{x:.1f}V{y:.1f}"
    x, _ = _place(known[0][0], known[0][1], end, bottom)
    return tag("path", d=f"{there}{back}H{x:.1f}Z", fill=colour, fill_opacity=0.12, stroke="none")
