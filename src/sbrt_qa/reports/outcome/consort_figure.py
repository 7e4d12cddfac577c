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
    late = [b for b in top if b.name == "arm_missing"]
    aside = [b for b in top if b not in main and b not in late]
    middle = 20 + BOX / 2
    parts = [_box(20, 10, _rows(main[:1]))]
    y = 10.0 + _height(1)
    y = _aside(parts, middle, y, aside)
    parts.append(_box(20, y, _rows(main[1:])))
    y += _height(1)
    if late:
        y = _aside(parts, middle, y, late, tip=False) - 12
    columns = [arm for arm in ARMS if arm in arms and any(b.arm == arm for b in boxes)]
    height, fork = y + 20, y + 16
    for number, arm in enumerate(columns):
        mine = [b for b in boxes if b.arm == arm]
        x = 20 + 350 * number
        path = f"M{middle:g} {y:g}V{fork:g}H{x + BOX / 2:g}V{fork + 18:g}"
        parts += [_path(path), _head(x + BOX / 2, fork + 24, down=True)]
        parts.append(_box(x, fork + 24, _rows(mine), arms[arm]))
        height = max(height, fork + 24 + _height(len(mine) + 1) + 16)
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


def _rows(boxes: Sequence[ConsortBox]) -> list[tuple[str, int]]:
    return [(box.title, box.number) for box in boxes]


def _height(rows: int) -> float:
    return LINE * rows + 12


def _aside(
    parts: list[str], x: float, y: float, boxes: Sequence[ConsortBox], *, tip: bool = True
) -> float:
    """Draw the way down from a height, with a box beside it; return where the way ends."""
    tall = _height(len(boxes)) if boxes else 0.0
    end = y + tall + 36
    parts.append(_path(f"M{x:g} {y:g}V{end - 6:g}"))
    if tip:
        parts.append(_head(x, end, down=True))
    if boxes:
        at = y + 15 + tall / 2
        parts += [_path(f"M{x:g} {at:g}H364"), _head(370, at, down=False)]
        parts.append(_box(370, y + 15, _rows(boxes)))
    return end


def _path(d: str) -> str:
    return tag("path", d=d, fill="none", stroke="currentColor", stroke_opacity=0.6)


def _head(x: float, y: float, *, down: bool) -> str:
    """Return the head of an arrow whose tip is at a point."""
    back = f"L{x - 4:g} {y - 7:g}L{x + 4:g} {y - 7:g}" if down else (
        f"L{x - 7:g} {y - 4:g}L{x - 7:g} {y + 4:g}"
    )  # fmt: skip
    return tag("path", d=f"M{x:g} {y:g}{back}Z", fill="currentColor", fill_opacity=0.6)
