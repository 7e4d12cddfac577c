"""Contours for the viewer: every point of the file, differences from point to point, deflated.

The browser keeps very many as they come out of the inflater, so they are packed there already: most
numbers take one byte.
"""

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

LAST: Final = 128
"""The last byte of a number is below it, every other one is not."""

GROUPS: Final = 5
"""Of seven bits, which hold 32."""

HOPELESS: Final = 4
"""Contours this many times too large will not fit in any step: only the coarsest is tried."""


@dataclass(frozen=True, slots=True, eq=False)
class ContourBlock:
    """Contours as the browser gets them.

    Parameters
    ----------
    planes
        By key of the structure: ``[z_mm, points, points, ...]`` for every plane.
    unit_mm
        One unit of the numbers.
    size
        Bytes of the data when inflated.
    data
        zlib data, see :func:`unpacked`: all points in the order of `planes`, x then y as
        differences from the point before, the first of each contour from the origin.
    """

    planes: dict[str, list[list[float]]]
    unit_mm: float
    size: int
    data: bytes

    def told(self) -> dict[str, Any]:
        """Return what the browser has to know to unpack the data."""
        return {"unit": self.unit_mm, "size": self.size}


def contour_block(
    structures: Mapping[str, Structure], most_bytes: int = MOST_BYTES
) -> ContourBlock:
    """Return the contours of all structures with every point, as fine as fits.

    The last resort is larger than asked for.
    """
    block = _block(structures, UNITS_MM[0])
    for unit in UNITS_MM[1:]:
        if len(block.data) <= most_bytes:
            break
        if len(block.data) <= HOPELESS * most_bytes or unit == UNITS_MM[-1]:
            block = _block(structures, unit)
    return block


def unpacked(data: bytes) -> npt.NDArray[np.int32]:
    """Return the differences ``(n, 2)`` of inflated bytes.

    They are 32-bit, turned so that small ones of either sign are small (zigzag), in groups of seven
    bits, lowest first, a byte each; the last byte of a number is below 128.
    """
    raw = np.frombuffer(data, dtype=np.uint8)
    last = np.flatnonzero(raw < LAST)
    first = np.concatenate([[0], last[:-1] + 1]) if last.size else last
    turned = np.zeros(last.size, dtype=np.uint32)
    for group in range(GROUPS):
        at = first + group
        there = at <= last
        turned[there] |= (raw[at[there]] & np.uint32(LAST - 1)) << np.uint32(7 * group)
    moves = (turned >> 1).astype(np.int32) ^ -(turned & 1).astype(np.int32)
    return np.asarray(moves.reshape(-1, 2), dtype=np.int32)


def packed(moves: npt.NDArray[np.int32]) -> bytes:
    """Return differences as the bytes that :func:`unpacked` reads."""
    flat = np.asarray(moves, dtype=np.int32).ravel()
    turned = ((flat << 1) ^ (flat >> 31)).astype(np.uint32)
    sizes = np.ones(turned.size, dtype=np.int64)
    for group in range(1, GROUPS):
        sizes += turned >= np.uint32(1 << 7 * group)
    first = np.cumsum(sizes) - sizes
    out = np.zeros(int(sizes.sum()), dtype=np.uint8)
    for group in range(int(sizes.max(initial=0))):
        there = sizes > group
        part = (turned[there] >> np.uint32(7 * group)) & np.uint32(LAST - 1)
        out[first[there] + group] = part + np.where(sizes[there] > group + 1, LAST, 0)
    return out.tobytes()


def _block(structures: Mapping[str, Structure], unit_mm: float) -> ContourBlock:
    planes: dict[str, list[list[float]]] = {}
    squeezed, parts, size = zlib.compressobj(9), [], 0
    for key, structure in structures.items():
        by_height: dict[float, list[npt.NDArray[np.int32]]] = {}
        for contour in structure.contours:
            units = np.rint(contour.xy_mm / unit_mm).astype(np.int32)
            by_height.setdefault(round(contour.z_mm, 3), []).append(units)
        planes[key] = [[z, *(float(len(one)) for one in by_height[z])] for z in by_height]
        for moves in _differences(by_height):
            found = packed(moves)
            size += len(found)
            parts.append(squeezed.compress(found))
    return ContourBlock(planes, unit_mm, size, b"".join([*parts, squeezed.flush()]))


def _differences(
    by_height: Mapping[float, list[npt.NDArray[np.int32]]],
) -> Iterator[npt.NDArray[np.int32]]:
    for loops in by_height.values():
        for units in loops:
            yield np.diff(units, axis=0, prepend=np.zeros((1, 2), np.int32))
