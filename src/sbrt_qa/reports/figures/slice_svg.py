"""A slice as SVG: one unit is one mm, so that a print keeps its scale bar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from sbrt_qa.errors import visible
from sbrt_qa.reports.figures.slices import Frame, Isodose, SlicePicture
from sbrt_qa.reports.figures.svg import path, png, tag, text

FONT: Final = "system-ui, -apple-system, Segoe UI, Roboto, Noto Sans, sans-serif"


USUAL_WIDTH_MM: Final = 144.0
OTHER_DASH: Final = "2.4 1.2"
MOST_NAMED: Final = 4


def slice_svg(
    picture: SlicePicture, colours: Mapping[str, str], title: str, level_gy: float, identity: str
) -> str:
    """Return a slice as an SVG element.

    Parameters
    ----------
    colours
        By key of the structure.
    title
        What is shown, for who cannot see it.
    level_gy
        Dose of the limit, whose isodose is drawn white and labelled.
    identity
        Unique within the page; letters, digits and hyphens.
    """
    f = picture.frame
    inner = "".join(_layers(picture, colours, level_gy, identity))
    return tag(
        "svg",
        f"<title>{text_only(title)}</title>" + inner,
        viewBox=f"0 0 {f.width_mm:.2f} {f.height_mm:.2f}",
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
    yield tag("g", parts, transform=f"translate({-f.x_low_mm:.3f} {-f.y_low_mm:.3f})")
    yield from _furniture(f, pen)
    yield from _legend(picture, colours, pen)


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

    def word(self, content: str, x: float, y: float, size: float, anchor: str = "") -> str:
        """Return white letters with a black edge."""
        return text(
            content, x, y, font_size=size * self.unit, text_anchor=anchor, fill="#fff",
            stroke="#000", stroke_width=1.0 * self.unit, paint_order="stroke",
        )  # fmt: skip


def _definitions(picture: SlicePicture, identity: str, pen: _Pen) -> str:
    """Return the hatching, and the clip to the structure or to what is around it."""
    polygons = [p for o in picture.outlines if o.key in picture.within for p in o.polygons]
    data = path(polygons, closed=True)
    if picture.around:
        f = picture.frame
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
    return tag("defs", hatch + clip)


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
        own = outline.key in picture.within
        data = path(outline.polygons, closed=True)
        colour = colours.get(outline.key, "#fff")
        yield pen.line(data, colour, 1.3 if own else 0.7, "" if own else OTHER_DASH)


def _isodoses(picture: SlicePicture, level_gy: float, pen: _Pen) -> Iterator[str]:
    for isodose in picture.isodoses:
        main = abs(isodose.dose_gy - level_gy) < 1e-9
        data = path(isodose.lines, closed=False)
        yield pen.line(data, "#fff" if main else "#ffd54f", 0.8 if main else 0.5,
                       "" if main else "1 1.2")  # fmt: skip
        yield from _label(picture.frame, isodose, pen, main=main)


def _label(frame: Frame, isodose: Isodose, pen: _Pen, *, main: bool) -> Iterator[str]:
    """Write the dose at the top (of others, the bottom) of its longest line, where that shows."""
    longest = max(isodose.lines, key=len)
    inside = [
        (x, y)
        for x, y in longest.tolist()
        if frame.x_low_mm + 14 * pen.unit < x < frame.x_high_mm - 14 * pen.unit
        and frame.y_low_mm + 12 * pen.unit < y < frame.y_high_mm - 8 * pen.unit
    ]
    if inside:
        x, y = (min if main else max)(inside, key=lambda p: p[1])
        beside = -1.5 if main else 5.2
        yield pen.word(f"{isodose.dose_gy:g} Gy", x, y + beside * pen.unit, 6.4, "middle")


def _spot(picture: SlicePicture, pen: _Pen) -> Iterator[str]:
    if picture.spot_mm is not None:
        (x, y), arm = picture.spot_mm, 4 * pen.unit
        cross = f"M{x - arm:.2f} {y:.2f}H{x + arm:.2f}M{x:.2f} {y - arm:.2f}V{y + arm:.2f}"
        yield pen.line(cross, "#ffeb3b", 1.2)


def _furniture(f: Frame, pen: _Pen) -> Iterator[str]:
    """Return sides of the patient and a scale bar."""
    edge = 3 * pen.unit
    yield pen.word("R", edge, f.height_mm / 2, 7)
    yield pen.word("L", f.width_mm - edge, f.height_mm / 2, 7, "end")
    yield pen.word("A", f.width_mm / 2, 8 * pen.unit, 7, "middle")
    yield pen.word("P", f.width_mm / 2, f.height_mm - edge, 7, "middle")
    x, y, up = f.width_mm - 20 - 2 * edge, f.height_mm - edge, 1.5 * pen.unit
    bar = f"M{x:.2f} {y - up:.2f}V{y:.2f}H{x + 20:.2f}V{y - up:.2f}"
    yield pen.line(bar, "#fff", 0.9)
    yield pen.word("2 cm", x + 10, y - 1.7 * up, 5.6, "middle")


def _legend(picture: SlicePicture, colours: Mapping[str, str], pen: _Pen) -> Iterator[str]:
    """Name the structures, bottom left, the one of the limit first."""
    shown = sorted(picture.outlines, key=lambda o: o.key not in picture.within)[:MOST_NAMED]
    for n, outline in enumerate(shown):
        own = outline.key in picture.within
        y = picture.frame.height_mm - (3 + 7.2 * (len(shown) - 1 - n)) * pen.unit
        line = f"M{3 * pen.unit:.2f} {y - 1.6 * pen.unit:.2f}h{9 * pen.unit:.2f}"
        colour = colours.get(outline.key, "#fff")
        yield pen.line(line, colour, 1.3 if own else 0.7, "" if own else OTHER_DASH)
        name = outline.key if len(outline.key) <= 20 else outline.key[:19] + "…"
        yield pen.word(visible(name), 14 * pen.unit, y, 6)
