"""A small SVG drawer: panels with axes, lines, dots, shapes and words. Numbers keep one decimal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

INK, GREY, PALE = "#1a1a1a", "#6b6b6b", "#dcdcdc"
BLUE, ORANGE, GREEN, RED = "#0b62a8", "#c75b00", "#2a7f3f", "#b3261e"

Span = tuple[float, float]
Points = Iterable[tuple[float, float]]


def _px(value: float) -> str:
    return f"{value:.1f}".replace("-0.0", "0.0")


@dataclass
class Picture:
    """A drawing of a given size, and what it says to those who cannot see it."""

    width: int
    height: int
    title: str
    parts: list[str] = field(default_factory=list)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        colour: str = INK,
        size: int = 12,
        anchor: str = "start",
    ) -> None:
        self.parts.append(
            f'<text x="{_px(x)}" y="{_px(y)}" fill="{colour}" font-size="{size}" '
            f'text-anchor="{anchor}">{escape(words)}</text>'
        )

    def svg(self) -> str:
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" font-family="sans-serif" role="img">'
        )
        ground = f'<rect width="{self.width}" height="{self.height}" fill="white"/>'
        title = f"<title>{escape(self.title)}</title>"
        return "\n".join([head, title, ground, *self.parts, "</svg>", ""])


@dataclass
class Panel:
    """One coordinate system on a picture: left, top, width, height in pixels; ranges of x and y."""

    on: Picture
    box: tuple[float, float, float, float]
    x: Span
    y: Span

    def at(self, x: float, y: float) -> tuple[float, float]:
        left, top, width, height = self.box
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return left + across * width, top + (1 - up) * height

    def axes(
        self, title: str, labels: tuple[str, str], ticks: tuple[Sequence[float], Sequence[float]]
    ) -> None:
        left, top, width, height = self.box
        self.on.parts.append(
            f'<rect x="{_px(left)}" y="{_px(top)}" width="{_px(width)}" height="{_px(height)}" '
            f'fill="none" stroke="{PALE}"/>'
        )
        self.on.text(left, top - 8, title, size=13)
        for value in ticks[0]:
            self.on.text(self.at(value, 0)[0], top + height + 14, f"{value:g}", GREY, 11, "middle")
        for value in ticks[1]:
            self.on.text(left - 5, self.at(0, value)[1] + 4, f"{value:g}", GREY, 11, "end")
        self.on.text(left + width, top + height + 28, labels[0], GREY, 11, "end")
        self.on.text(left + 4, top + 14, labels[1], GREY, 11)

    def line(self, points: Points, colour: str, width: float = 1.5, dash: str = "") -> None:
        placed = " ".join(",".join(map(_px, self.at(*p))) for p in points)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.on.parts.append(
            f'<polyline points="{placed}" fill="none" stroke="{colour}" '
            f'stroke-width="{width:g}"{dashed}/>'
        )

    def shape(self, points: Points, fill: str, stroke: str = "none", opacity: float = 0.25) -> None:
        placed = " ".join(",".join(map(_px, self.at(*p))) for p in points)
        self.on.parts.append(
            f'<polygon points="{placed}" fill="{fill}" fill-opacity="{opacity:g}" '
            f'stroke="{stroke}"/>'
        )

    def dots(self, points: Points, colour: str, radius: float = 2.5) -> None:
        for point in points:
            x, y = map(_px, self.at(*point))
            self.on.parts.append(f'<circle cx="{x}" cy="{y}" r="{radius:g}" fill="{colour}"/>')

    def words(
        self, x: float, y: float, words: str, colour: str = INK, anchor: str = "start"
    ) -> None:
        self.on.text(*self.at(x, y), words, colour, 11, anchor)


@dataclass(frozen=True)
class Figure:
    """A picture, and the lines of text that state what was computed for it."""

    picture: Picture
    measured: tuple[str, ...]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Return a table in Markdown; columns after the first are numbers."""
    marks = ["---"] + ["---:"] * (len(head) - 1)
    return tuple("| " + " | ".join(row) + " |" for row in (head, marks, *rows))
