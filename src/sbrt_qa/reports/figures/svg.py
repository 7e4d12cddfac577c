"""Small pieces of SVG. Text is escaped here; no style attributes, which strict policies refuse."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from html import escape

import numpy as np
from PIL import Image

from sbrt_qa.model.grid import FloatArray
from sbrt_qa.reports.figures.slices import ByteArray


def tag(name: str, content: str = "", **attributes: str | float) -> str:
    """Return an element; underscores in names of attributes are hyphens, values are escaped."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value != ""
    )
    return f"<{name}{told}>{content}</{name}>" if content else f"<{name}{told}/>"


def text(content: str, x: float, y: float, **attributes: str | float) -> str:
    """Return a text element; `content` is escaped."""
    return tag("text", escape(content), x=x, y=y, **attributes)


def path(lines: Iterable[FloatArray], *, closed: bool) -> str:
    """Return path data of polygons or lines, to a hundredth of the unit."""
    parts = []
    for line in lines:
        points = simplified(line)
        moves = " ".join(f"{x:.2f} {y:.2f}" for x, y in points.tolist())
        parts.append(f"M{moves}{'Z' if closed else ''}")
    return "".join(parts)


def simplified(line: FloatArray, tolerance: float = 0.05) -> FloatArray:
    """Return a line without points that lie nearer than a tolerance to the line without them."""
    if line.shape[0] < 4:
        return line
    keep = np.zeros(line.shape[0], dtype=bool)
    keep[0] = keep[-1] = True
    stack = [(0, line.shape[0] - 1)]
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        chord = line[last] - line[first]
        rest = line[first + 1 : last] - line[first]
        length = float(np.hypot(*chord))
        away = (
            np.abs(rest[:, 0] * chord[1] - rest[:, 1] * chord[0]) / length
            if length > 0
            else np.hypot(rest[:, 0], rest[:, 1])
        )
        worst = int(away.argmax())
        if away[worst] > tolerance:
            middle = first + 1 + worst
            keep[middle] = True
            stack += [(first, middle), (middle, last)]
    return np.asarray(line[keep])


def png(pixels: ByteArray) -> str:
    """Return grey values as a data URL of a PNG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _value(value: str | float) -> str:
    return escape(value, quote=True) if isinstance(value, str) else f"{value:.6g}"
