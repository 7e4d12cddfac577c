"""A small rose of directions: what the verdicts become when the patient lies aside.

Three discs, as seen from the feet: the patient moved towards the head, level, and towards the feet.
A sector is one of eight directions, front on top and the patient's left on the right; the middle of
an outer disc is straight towards the head, or the feet.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sbrt_qa.dosimetry.shifts import DIRECTIONS
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.reports.figures.svg import tag, text

RADIUS, INNER, GAP = 26.0, 9.0, 34.0
"""Of a disc, of its middle, and between two discs."""

TOP: Final = 22.0
BOTTOM: Final = 14.0
INK: Final = "#101828"
FAMILY: Final = "Report CJK, Noto Sans, Noto Sans CJK SC"

FILLS: Final = {
    Verdict.PER_PROTOCOL: "#d1fadf", Verdict.MINOR: "#fdb022", Verdict.MAJOR: "#d92d20",
    Verdict.NOT_EVALUABLE: "#bdb4fe",
}  # fmt: skip
SIGNS: Final = {
    Verdict.PER_PROTOCOL: "", Verdict.MINOR: "!", Verdict.MAJOR: "×", Verdict.NOT_EVALUABLE: "?",
}  # fmt: skip
"""What tells a verdict without colour."""


@dataclass(frozen=True, slots=True)
class RoseWords:
    """Words of a rose: its title, the three discs, and four sides."""

    title: str
    head: str
    level: str
    feet: str
    left: str
    right: str
    front: str
    back: str


def rose_svg(verdicts: Sequence[Verdict], words: RoseWords) -> str:
    """Return the rose of 26 verdicts, in the order of `DIRECTIONS`.

    Raises
    ------
    ValueError
        There are not 26 verdicts.
    """
    if len(verdicts) != len(DIRECTIONS):
        msg = f"a rose has {len(DIRECTIONS)} directions, not {len(verdicts)}"
        raise ValueError(msg)
    width = 2 * GAP + 6 * RADIUS + 2 * 24
    height = TOP + 2 * RADIUS + BOTTOM + 6
    discs = ((1, words.head), (0, words.level), (-1, words.feet))
    inner = [
        piece
        for place, (z, name) in enumerate(discs)
        for piece in _disc(24 + RADIUS + place * (2 * RADIUS + GAP), z, name, verdicts, words)
    ]
    return tag(
        "svg", tag("title", _escaped(words.title)) + "".join(inner),
        xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width:g} {height:g}", width=width,
        height=height, role="img", font_family=FAMILY, font_size=6,
    )  # fmt: skip


def _escaped(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _disc(
    x: float, z: int, name: str, verdicts: Sequence[Verdict], words: RoseWords
) -> Iterator[str]:
    y = TOP + RADIUS
    for direction, verdict in zip(DIRECTIONS, verdicts, strict=True):
        if _sign(direction[2]) != z:
            continue
        if _sign(direction[0]) == _sign(direction[1]) == 0:
            yield tag("circle", cx=x, cy=y, r=INNER, fill=FILLS[verdict], stroke=INK,
                      stroke_width=0.4)  # fmt: skip
            yield _mark(verdict, x, y)
        else:
            angle = math.atan2(direction[1], direction[0])
            yield _sector(x, y, angle, verdict)
            away = (RADIUS + INNER) / 2
            yield _mark(verdict, x + away * math.cos(angle), y + away * math.sin(angle))
    middle = {"text_anchor": "middle", "fill": INK}
    yield text(name, x, 8, **middle, font_weight="bold")
    yield text(words.front, x, TOP - 3, **middle)
    yield text(words.back, x, y + RADIUS + 8, **middle)
    yield text(words.right, x - RADIUS - 2, y + 2, text_anchor="end", fill=INK)
    yield text(words.left, x + RADIUS + 2, y + 2, text_anchor="start", fill=INK)


def _sector(x: float, y: float, angle: float, verdict: Verdict) -> str:
    """Return an eighth of a ring around a direction, as the screen has it: y grows to the back."""
    a, b = angle - math.pi / 8, angle + math.pi / 8
    points = [(r * math.cos(t), r * math.sin(t)) for r, t in
              ((INNER, a), (RADIUS, a), (RADIUS, b), (INNER, b))]  # fmt: skip
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = ((x + u, y + v) for u, v in points)
    data = (
        f"M{x0:.2f} {y0:.2f}L{x1:.2f} {y1:.2f}A{RADIUS} {RADIUS} 0 0 1 {x2:.2f} {y2:.2f}"
        f"L{x3:.2f} {y3:.2f}A{INNER} {INNER} 0 0 0 {x0:.2f} {y0:.2f}Z"
    )
    return tag("path", d=data, fill=FILLS[verdict], stroke=INK, stroke_width=0.4)


def _mark(verdict: Verdict, x: float, y: float) -> str:
    sign = SIGNS[verdict]
    if not sign:
        return ""
    return text(sign, x, y + 2.6, text_anchor="middle", font_size=8, font_weight="bold", fill=INK)


def _sign(part: float) -> int:
    return (part > 1e-9) - (part < -1e-9)
