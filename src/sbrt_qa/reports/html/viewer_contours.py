"""Contours for the viewer: every point of the file, differences from point to point, deflated."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.model.structure import Structure

UNITS_MM: Final = (0.01, 0.02, 0.05, 0.1)
"""Steps to which coordinates are rounded, of which the finest that fits is taken."""

MOST_BYTES: Final = 400_000
"""Of contours in a report; above it they are rounded more coarsely. No point is ever left out."""


@dataclass(frozen=True, slots=True, eq=False)
class ContourBlock:
    """Contours as the browser gets them.

    Parameters
    ----------
    planes
        By key of the structure: ``[z_mm, points, points, ...]`` for every plane.
    unit_mm
        One unit of the numbers.
    data
        zlib data, see :func:`unpacked`: all points in the order of `planes`, x then y as
        differences from the point before, the first of each contour from the origin.
    """

    planes: dict[str, list[list[float]]]
    unit_mm: float
    data: bytes

    def told(self) -> dict[str, Any]:
        """Return what the browser has to know to unpack the data."""
        return {"unit": self.unit_mm, "bytes": 4}


def contour_block(
    structures: Mapping[str, Structure], most_bytes: int = MOST_BYTES
) -> ContourBlock:
    """Return the contours of all structures with every point, as fine as fits.

    The last resort is larger than asked for.
    """
    for unit in UNITS_MM:
        block = _block(structures, unit)
        if len(block.data) <= most_bytes:
            break
    return block


def unpacked(data: bytes) -> npt.NDArray[np.int32]:
    """Return the differences ``(n, 2)`` of which a block is made.

    They are 32-bit, turned so that small ones of either sign are small (zigzag): the lowest bytes
    of all numbers first, then the next, and so on.
    """
    planes = np.frombuffer(data, dtype=np.uint8).reshape(4, -1).astype(np.uint32)
    turned = planes[0] | planes[1] << 8 | planes[2] << 16 | planes[3] << 24
    moves = (turned >> 1).astype(np.int32) ^ -(turned & 1).astype(np.int32)
    return np.asarray(moves.reshape(-1, 2), dtype=np.int32)


def _block(structures: Mapping[str, Structure], unit_mm: float) -> ContourBlock:
    planes: dict[str, list[list[float]]] = {}
    parts: list[npt.NDArray[np.int32]] = []
    for key, structure in structures.items():
        by_height: dict[float, list[npt.NDArray[np.int32]]] = {}
        for contour in structure.contours:
            units = np.rint(contour.xy_mm / unit_mm).astype(np.int32)
            by_height.setdefault(round(contour.z_mm, 3), []).append(units)
        planes[key] = [[z, *(float(len(one)) for one in by_height[z])] for z in by_height]
        parts.extend(_differences(by_height))
    every = np.concatenate(parts) if parts else np.zeros((0, 2), np.int32)
    turned = ((every << 1) ^ (every >> 31)).astype("<u4")
    by_byte = np.ascontiguousarray(turned.view(np.uint8).reshape(-1, 4).T)
    return ContourBlock(planes, unit_mm, zlib.compress(by_byte.tobytes(), 9))


def _differences(
    by_height: Mapping[float, list[npt.NDArray[np.int32]]],
) -> Iterator[npt.NDArray[np.int32]]:
    for loops in by_height.values():
        for units in loops:
            yield np.diff(units, axis=0, prepend=np.zeros((1, 2), np.int32))
