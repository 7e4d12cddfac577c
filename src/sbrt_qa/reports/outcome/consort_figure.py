"""The CONSORT diagram as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sbrt_qa.reports.figures.svg import tag, text
from sbrt_qa.trial.populations import ARMS, ConsortBox

WIDTH: Final = 720.0
LINE: Final = 15.0
BOX: Final = 330.0


def consort_figure(boxes: Sequence[ConsortBox], arms: Mapping[str, str]) -> str:
    """Return the diagram: screened, left out, randomised, and a column for each arm."""
    top = [b for b in boxes if not b.arm]
    main = [b for b in top if b.name in ("screened", "randomised")]
    aside = [b for b in top if b.name not in ("screened", "randomised")]
    parts, y = [], 10.0
    parts.append(_box(20, y, [(main[0].title, main[0].number)]))
    if aside:
        parts.append(_box(370, y + 30, [(b.title, b.number) for b in aside]))
        parts.append(_line(185, y + 30, 370, y + 44))
    y += 60 + LINE * len(aside)
    parts.append(_line(185, 38, 185, y))
    parts.append(_box(20, y, [(b.title, b.number) for b in main[1:]]))
    height = y + 40
    columns = [arm for arm in ARMS if arm in arms and any(b.arm == arm for b in boxes)]
    for number, arm in enumerate(columns):
        mine = [b for b in boxes if b.arm == arm]
        x = 20 + 350 * number
        parts.append(_line(185, y + 28, x + BOX / 2, y + 60))
        parts.append(_box(x, y + 60, [(b.title, b.number) for b in mine], arms[arm]))
        height = max(height, y + 60 + LINE * (len(mine) + 2) + 20)
    label = "; ".join(f"{arms.get(b.arm, '')} {b.title}: {b.number}".strip() for b in boxes)
    return tag("svg", "".join(parts), xmlns="http://www.w3.org/2000/svg", role="img",
               viewBox=f"0 0 {WIDTH:g} {height:g}", width=WIDTH, height=height, aria_label=label,
               tabindex=0)  # fmt: skip


def _box(x: float, y: float, lines: list[tuple[str, int]], head: str = "") -> str:
    rows = [*([head] if head else []), *(f"{title}: {number}" for title, number in lines)]
    parts = [tag("rect", x=x, y=y, width=BOX, height=LINE * len(rows) + 12, rx=4, fill="none",
                 stroke="currentColor")]  # fmt: skip
    for number, row in enumerate(rows):
        weight = "bold" if head and not number else "normal"
        parts.append(text(row, x + 8, y + 16 + LINE * number, font_size=11.5, font_weight=weight,
                          fill="currentColor"))  # fmt: skip
    return "".join(parts)


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return tag("path", d=f"M{x1} {y1}L{x2} {y2}", stroke="currentColor", stroke_opacity=0.5)
