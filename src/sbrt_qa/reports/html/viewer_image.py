"""The planning image for the viewer: one picture that holds every slice, side by side.

Grey values are Hounsfield units on a scale that is fine for soft tissue and coarse for lung and
bone, so that the window can still be changed in the browser.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from sbrt_qa.evidence.evidence import CtStack
from sbrt_qa.model.grid import FloatArray

KNOTS_HU: Final = (-1024.0, -250.0, 300.0, 2000.0)
KNOTS_GREY: Final = (0.0, 48.0, 224.0, 255.0)
"""Grey value at each Hounsfield unit; straight between."""

QUALITIES: Final = (80, 65, 50, 35, 20, 8)
FINEST_MM: Final = 1.5
"""Pixels are joined until they are about this large."""

MOST_PIXELS: Final = 7_000_000
"""Of all slices; larger pixels, and then fewer slices, keep a stack within it."""


@dataclass(frozen=True, slots=True, eq=False)
class ImageBlock:
    """The image as the browser gets it: a WebP picture of `columns` slices in each row."""

    x_mm: FloatArray
    y_mm: FloatArray
    z_mm: FloatArray
    columns: int
    data: bytes


def image_block(image: CtStack, box: tuple[FloatArray, FloatArray], most_bytes: int) -> ImageBlock:
    """Return the image within a box (low, high corner in mm), as good as fits.

    The last resort is larger than asked for.
    """
    hu, x_mm, y_mm, z_mm = _joined(image, box)
    grey = np.rint(np.interp(hu, KNOTS_HU, KNOTS_GREY)).astype(np.uint8)
    columns = max(math.ceil(math.sqrt(z_mm.size * y_mm.size / max(x_mm.size, 1))), 1)
    sheet = Image.fromarray(_sheet(grey, columns))
    data = b""
    for quality in QUALITIES:
        file = io.BytesIO()
        sheet.save(file, "WEBP", quality=quality, method=2)
        data = file.getvalue()
        if len(data) <= most_bytes:
            break
    return ImageBlock(x_mm, y_mm, z_mm, columns, data)


def _joined(
    image: CtStack, box: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return the image within the box with pixels joined, and its axes."""
    cuts = [
        _cut(axis, low, high)
        for axis, low, high in zip(
            (image.x_mm, image.y_mm, image.z_mm), box[0].tolist(), box[1].tolist(), strict=True
        )
    ]
    x, y, z = cuts
    pixel = float(image.x_mm[1] - image.x_mm[0]) if image.x_mm.size > 1 else FINEST_MM
    sizes = [c.stop - c.start for c in cuts]
    by_size = math.sqrt(math.prod(sizes) / MOST_PIXELS)
    join = max(round(FINEST_MM / pixel), math.ceil(by_size), 1)
    hu = np.stack([_mean(plane, join) for plane in _planes(image.hu, z, y, x)])
    return hu, _middle(image.x_mm[x], join), _middle(image.y_mm[y], join), image.z_mm[z]


def _planes(
    hu: npt.NDArray[np.int16], z: slice, y: slice, x: slice
) -> Iterator[npt.NDArray[np.int16]]:
    for k in range(z.start, z.stop):
        yield hu[k, y, x]


def _mean(plane: npt.NDArray[np.int16], join: int) -> FloatArray:
    rows, columns = (n - n % join for n in plane.shape)
    blocks = plane[:rows, :columns].reshape(rows // join, join, columns // join, join)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float32), dtype=np.float64)


def _middle(axis_mm: FloatArray, join: int) -> FloatArray:
    whole = axis_mm[: axis_mm.size - axis_mm.size % join]
    return np.asarray(whole.reshape(-1, join).mean(axis=1))


def _cut(axis_mm: FloatArray, low: float, high: float) -> slice:
    first = max(int(np.searchsorted(axis_mm, low)) - 1, 0)
    last = min(int(np.searchsorted(axis_mm, high)) + 1, axis_mm.size)
    return slice(first, max(last, first + 1))


def _sheet(grey: npt.NDArray[np.uint8], columns: int) -> npt.NDArray[np.uint8]:
    slices, rows, width = grey.shape
    lines = math.ceil(slices / columns)
    sheet = np.zeros((lines * rows, columns * width), dtype=np.uint8)
    for k in range(slices):
        line, column = divmod(k, columns)
        sheet[line * rows : (line + 1) * rows, column * width : (column + 1) * width] = grey[k]
    return sheet
