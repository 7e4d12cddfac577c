"""A slice as SVG: one unit is one mm, so that a print keeps its scale bar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sbrt_qa.reports.figures.legend import Spot, flowed, rows_of, width_of
from sbrt_qa.reports.figures.palette import LIMIT_ISODOSE, OTHER_ISODOSE
from sbrt_qa.reports.figures.slices import DrawnIsodose, Frame, SlicePicture
from sbrt_qa.reports.figures.svg import path, png, tag, text

FONT: Final = "Report CJK, system-ui, -apple-system, Segoe UI, Roboto, Noto Sans, sans-serif"


USUAL_WIDTH_MM: Final = 144.0
OTHER_DASH: Final = "2.4 1.2"
MOST_NAMED: Final = 4
LIMIT_DASH, OTHER_DOTS = "5.5 1", "1 1.2"
"""Of the isodose of the limit, and of any other: no print in grey takes them for an outline."""

LETTERS: Final = 6.0
ROW: Final = 8.0
SAMPLE: Final = 13.0


def slice_svg(
    picture: SlicePicture, colours: Mapping[str, str], title: str, level_gy: float, identity: str
) -> str:
    """Return a slice as an SVG element, its legend below the picture.

    Parameters
    ----------
    colours
        By key of the structure.
    title
        What is shown, for who cannot see it.
    level_gy
        Dose of the limit, whose isodose is drawn in long dashes.
    identity
        Unique within the page; letters, digits and hyphens.
    """
    f, pen = picture.frame, _Pen(picture.frame)
    keys = list(_keys(picture, colours, level_gy))
    size = LETTERS * pen.unit
    spots = flowed([key.text for key in keys], size, f.width_mm, SAMPLE * pen.unit)
    legend = (key.drawn(spot, f.height_mm, pen) for key, spot in zip(keys, spots, strict=True))
    below = (ROW * rows_of(spots) + 2.5) * pen.unit if keys else 0.0
    inner = "".join((*_layers(picture, colours, level_gy, identity), *legend))
    return tag(
        "svg",
        f"<title>{text_only(title)}</title>" + inner,
        viewBox=f"0 0 {f.width_mm:.2f} {f.height_mm + below:.2f}",
        xmlns="http://www.w3.org/2000/svg",
        role="img",
        font_family=FONT,
    )


def text_only(content: str) -> str:
    """Return text escaped for an element."""
    return content.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _layers(
    picture: SlicePicture, colours: Mapping[str, str], level_gy: float, identity: str
) -> Iterator[str]:
    f, pen = picture.frame, _Pen(picture.frame)
    yield _definitions(picture, identity, pen)
    yield tag("rect", width=f.width_mm, height=f.height_mm, fill="#000")
    parts = "".join(
        (*_image(picture), *_wrong(picture, identity), *_outlines(picture, colours, pen),
         *_isodoses(picture, level_gy, pen), *_spot(picture, pen))
    )  # fmt: skip
    moved = tag("g", parts, transform=f"translate({-f.x_low_mm:.3f} {-f.y_low_mm:.3f})")
    yield tag("g", moved, clip_path=f"url(#frame-{identity})")
    yield from _furniture(f, pen, picture.sides)


class _Pen:
    """Lines and letters that look the same however much a picture shows."""

    def __init__(self, frame: Frame) -> None:
        self.unit = frame.width_mm / USUAL_WIDTH_MM

    def line(self, data: str, colour: str, width: float, dash: str = "") -> str:
        """Return a line on a black one, so that it stands out from any grey."""
        scaled = " ".join(f"{float(part) * self.unit:.2f}" for part in dash.split())
        back = tag(
            "path", d=data, fill="none", stroke="#000", stroke_width=(width + 0.7) * self.unit,
            stroke_opacity=0.55,
        )  # fmt: skip
        return back + tag(
            "path", d=data, fill="none", stroke=colour, stroke_width=width * self.unit,
            stroke_dasharray=scaled,
        )  # fmt: skip

    def word(self, content: str, x: float, y: float, size: float) -> str:
        """Return white letters in the middle of a dark plate, whose foot is at `y`."""
        wide, high = (width_of(content, size) + 1.5) * self.unit, (size + 0.8) * self.unit
        plate = tag(
            "rect", x=x - wide / 2, y=y - 0.86 * high, width=wide, height=high, rx=0.8 * self.unit,
            fill="#000", fill_opacity=0.6,
        )  # fmt: skip
        return plate + text(
            content, x, y, font_size=size * self.unit, text_anchor="middle", fill="#fff"
        )


@dataclass(frozen=True, slots=True)
class _SliceKey:
    """One line of the legend: a name or a dose, and the stroke that stands for it."""

    text: str
    colour: str
    width: float
    dash: str

    def drawn(self, spot: Spot, top: float, pen: _Pen) -> str:
        """Return a piece of the stroke on black, as in the picture, and the text beside it."""
        y = top + (ROW * (spot.row + 1) + 0.5) * pen.unit
        left, wide = spot.x - (SAMPLE - 1) * pen.unit, (SAMPLE - 3) * pen.unit
        plate = tag(
            "rect", x=left, y=y - 4.6 * pen.unit, width=wide, height=5 * pen.unit, fill="#222"
        )
        middle = y - 2.1 * pen.unit
        line = f"M{left + pen.unit:.2f} {middle:.2f}h{wide - 2 * pen.unit:.2f}"
        words = text(spot.text, spot.x, y, font_size=LETTERS * pen.unit, fill="currentColor")
        return plate + pen.line(line, self.colour, self.width, self.dash) + words


def _definitions(picture: SlicePicture, identity: str, pen: _Pen) -> str:
    """Return the hatching, and the clips: to the structure or what is around it, to the frame."""
    f = picture.frame
    polygons = [p for o in picture.outlines if o.key in picture.within for p in o.polygons]
    data = path(polygons, closed=True)
    if picture.around:
        data += (
            f"M{f.x_low_mm:.2f} {f.y_low_mm:.2f} {f.x_high_mm:.2f} {f.y_low_mm:.2f} "
            f"{f.x_high_mm:.2f} {f.y_high_mm:.2f} {f.x_low_mm:.2f} {f.y_high_mm:.2f}Z"
        )
    size = 3 * pen.unit
    lines = tag("rect", width=size, height=size, fill="#e5383b", fill_opacity=0.30) + tag(
        "path", d=f"M0 0V{size:.2f}", stroke="#fff", stroke_width=0.9 * pen.unit,
        stroke_opacity=0.75,
    )  # fmt: skip
    hatch = tag(
        "pattern", lines, id=f"hatch-{identity}", width=size, height=size,
        patternUnits="userSpaceOnUse", patternTransform="rotate(45)",
    )  # fmt: skip
    clip = tag("clipPath", tag("path", d=data, clip_rule="evenodd"), id=f"clip-{identity}")
    edge = tag(
        "clipPath", tag("rect", width=f.width_mm, height=f.height_mm), id=f"frame-{identity}"
    )
    return tag("defs", hatch + clip + edge)


def _image(picture: SlicePicture) -> Iterator[str]:
    f = picture.image_frame
    if picture.image is not None and f is not None:
        yield tag(
            "image", href=png(picture.image), x=f.x_low_mm, y=f.y_low_mm, width=f.width_mm,
            height=f.height_mm, preserveAspectRatio="none",
        )  # fmt: skip


def _wrong(picture: SlicePicture, identity: str) -> Iterator[str]:
    if picture.wrong and picture.within:
        yield tag(
            "path", d=path(picture.wrong, closed=True), fill=f"url(#hatch-{identity})",
            fill_rule="evenodd", clip_path=f"url(#clip-{identity})",
        )  # fmt: skip


def _outlines(picture: SlicePicture, colours: Mapping[str, str], pen: _Pen) -> Iterator[str]:
    """Draw the structure of the limit last and widest, others dashed."""
    for outline in sorted(picture.outlines, key=lambda o: o.key in picture.within):
        data = path(outline.polygons, closed=True)
        yield pen.line(data, *_outline_stroke(outline.key, picture, colours))


def _outline_stroke(
    key: str, picture: SlicePicture, colours: Mapping[str, str]
) -> tuple[str, float, str]:
    own = key in picture.within
    return colours.get(key, "#fff"), 1.3 if own else 0.7, "" if own else OTHER_DASH


def _isodoses(picture: SlicePicture, level_gy: float, pen: _Pen) -> Iterator[str]:
    for isodose in picture.isodoses:
        data = path(isodose.lines, closed=False)
        yield pen.line(data, *_isodose_stroke(isodose, level_gy))


def _isodose_stroke(isodose: DrawnIsodose, level_gy: float) -> tuple[str, float, str]:
    if abs(isodose.dose_gy - level_gy) < 1e-9:
        return LIMIT_ISODOSE, 1.1, LIMIT_DASH
    return OTHER_ISODOSE, 0.6, OTHER_DOTS


def _keys(
    picture: SlicePicture, colours: Mapping[str, str], level_gy: float
) -> Iterator[_SliceKey]:
    """Name structures, those of the limit first, then isodoses."""
    shown = sorted(picture.outlines, key=lambda o: o.key not in picture.within)[:MOST_NAMED]
    for outline in shown:
        yield _SliceKey(outline.key, *_outline_stroke(outline.key, picture, colours))
    for isodose in picture.isodoses:
        yield _SliceKey(f"{isodose.dose_gy:g} Gy", *_isodose_stroke(isodose, level_gy))


def _spot(picture: SlicePicture, pen: _Pen) -> Iterator[str]:
    if picture.spot_mm is not None:
        (x, y), arm = picture.spot_mm, 4 * pen.unit
        cross = f"M{x - arm:.2f} {y:.2f}H{x + arm:.2f}M{x:.2f} {y - arm:.2f}V{y + arm:.2f}"
        yield pen.line(cross, "#ffeb3b", 1.2)


def _furniture(f: Frame, pen: _Pen, sides: tuple[str, str, str, str]) -> Iterator[str]:
    """Return sides of the patient and a scale bar."""
    left, right, top, bottom = sides
    edge, foot = 5 * pen.unit, f.height_mm - 3 * pen.unit
    yield pen.word(left, edge, f.height_mm / 2, 7)
    yield pen.word(right, f.width_mm - edge, f.height_mm / 2, 7)
    yield pen.word(top, f.width_mm / 2, 8 * pen.unit, 7)
    yield pen.word(bottom, f.width_mm / 2, foot, 7)
    x, up = f.width_mm - 20 - 6 * pen.unit, 1.5 * pen.unit
    bar = f"M{x:.2f} {foot - up:.2f}V{foot:.2f}H{x + 20:.2f}V{foot - up:.2f}"
    yield pen.line(bar, "#fff", 0.9)
    yield pen.word("2 cm", x + 10, foot - 1.7 * up, 5.6)
