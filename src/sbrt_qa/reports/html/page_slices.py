"""A slice of a case page read back: image and outline of one structure, for pages about many cases.

The image of a case is nowhere else once its review is over. What a page holds is ours, but may have
been changed since: whatever cannot be read makes no picture.
"""

from __future__ import annotations

import base64
import io
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from sbrt_qa.model.grid import FloatArray
from sbrt_qa.reports.figures.slices import WINDOW_HU, ByteArray, Frame, Outline, SlicePicture
from sbrt_qa.reports.html.viewer_contours import BYTE, unpacked

PAYLOAD: Final = re.compile(
    r'<script type="application/json" id="payload">(\{[^<]*\})</script>', re.DOTALL
)
AROUND_MM: Final = 35.0
"""Shown around a structure."""

MOST_BYTES: Final = 128 * 1024**2
"""Of contours, unpacked."""

MOST_PIXELS: Final = 20_000_000


def slice_of(page: str, key: str) -> SlicePicture | None:
    """Return the slice of a case page on which a structure is largest; None where it has none.

    Parameters
    ----------
    page
        The HTML of the page.
    key
        Display key of the structure.
    """
    found = PAYLOAD.search(page)
    if found is None:
        return None
    try:
        data = json.loads(found.group(1))
        return _picture(data, key)
    except (ValueError, LookupError, TypeError, ArithmeticError, zlib.error, OSError):
        return None
    except Image.DecompressionBombError:
        return None


def _picture(data: Mapping[str, Any], key: str) -> SlicePicture | None:
    planes = _planes(data, key)
    if not planes:
        return None
    z_mm = max(planes, key=lambda z: sum(_area(one) for one in planes[z]))
    every = np.concatenate(planes[z_mm])
    low, high = every.min(axis=0) - AROUND_MM, every.max(axis=0) + AROUND_MM
    frame = Frame(float(low[0]), float(high[0]), float(low[1]), float(high[1]))
    image, image_frame = _image(data.get("image"), z_mm, frame)
    outline = Outline(key, tuple(planes[z_mm]))
    return SlicePicture(frame, z_mm, image, image_frame, (outline,), (), within=(key,))


def _planes(data: Mapping[str, Any], key: str) -> dict[float, list[FloatArray]]:
    """Return the contours of a structure by height, as `viewer_contours` wrote them."""
    packed = base64.b64decode(data["contours"]["data"], validate=True)
    raw = zlib.decompressobj().decompress(packed, MOST_BYTES)
    steps = _steps(data["contours"], raw).astype(np.int64)
    unit, at = float(data["contours"]["unit"]), 0
    found: dict[float, list[FloatArray]] = {}
    for structure in data["structures"]:
        for z_mm, *sizes in structure["planes"]:
            for size in map(int, sizes):
                if structure["key"] == key and size >= 3:
                    points = np.asarray(np.cumsum(steps[at : at + size], axis=0) * unit, np.float64)
                    found.setdefault(float(z_mm), []).append(points)
                at += size
    return found


def _steps(told: Mapping[str, Any], raw: bytes) -> npt.NDArray[Any]:
    """Return the differences ``(n, 2)`` of inflated bytes, also of pages made by earlier releases.

    Those have 16-bit numbers, or 32-bit ones in zigzag: all lowest bytes first, then the next.
    """
    if "size" in told:
        return unpacked(raw, int(told.get("bits", BYTE)))
    if "bytes" not in told:
        return np.frombuffer(raw, dtype="<i2").reshape(-1, 2)
    parts = np.frombuffer(raw, dtype=np.uint8).reshape(4, -1).astype(np.uint32)
    turned = parts[0] | parts[1] << 8 | parts[2] << 16 | parts[3] << 24
    moves = (turned >> 1).astype(np.int32) ^ -(turned & 1).astype(np.int32)
    return np.asarray(moves.reshape(-1, 2))


def _area(points: FloatArray) -> float:
    x, y = points.T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def _image(
    told: Mapping[str, Any] | None, z_mm: float, frame: Frame
) -> tuple[ByteArray | None, Frame | None]:
    """Return the grey values of a slice within a frame, in the usual window; None without one."""
    if not told:
        return None, None
    (x0, dx, nx), (y0, dy, ny), heights = told["x"], told["y"], np.array(told["z"], dtype=float)
    if int(nx) * int(ny) * heights.size > MOST_PIXELS:
        return None, None
    place = int(np.abs(heights - z_mm).argmin())
    columns = [_cut(x0, dx, nx, frame.x_low_mm, frame.x_high_mm),
               _cut(y0, dy, ny, frame.y_low_mm, frame.y_high_mm)]  # fmt: skip
    (left, right), (top, foot) = columns
    if right <= left or foot <= top:
        return None, None
    row, column = divmod(place, int(told["columns"]))
    sheet = Image.open(io.BytesIO(base64.b64decode(told["data"], validate=True)))
    if sheet.width * sheet.height > MOST_PIXELS:
        return None, None
    box = (column * nx + left, row * ny + top, column * nx + right, row * ny + foot)
    grey = np.asarray(sheet.convert("L").crop(box), dtype=np.float64)
    hu = np.interp(grey, told["grey"], told["hu"])
    low, high = WINDOW_HU
    shown = np.clip((hu - low) / (high - low), 0, 1) * 255
    edges = Frame(x0 + (left - 0.5) * dx, x0 + (right - 0.5) * dx,
                  y0 + (top - 0.5) * dy, y0 + (foot - 0.5) * dy)  # fmt: skip
    return shown.astype(np.uint8), edges


def _cut(first: float, step: float, count: int, low: float, high: float) -> tuple[int, int]:
    """Return the first pixel within, and the one after the last."""
    start = max(int(np.floor((low - first) / step)), 0)
    return start, min(int(np.ceil((high - first) / step)) + 1, int(count))
