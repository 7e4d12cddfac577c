"""Contours for the viewer: every point of the file, differences from point to point, deflated.

The browser keeps very many as they come out of the inflater, so they are packed there already: most
numbers take one byte, or half a byte where points are many and close together.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.structure import Contour, Structure

UNITS_MM: Final = (0.01, 0.02, 0.05, 0.1)
"""Steps to which coordinates are rounded, of which the finest that fits is taken."""

MOST_BYTES: Final = 400_000
"""Of contours in a report; above it they are rounded more coarsely. No point is ever left out."""

BYTE: Final = 7
HALF_BYTE: Final = 3
"""Bits of a number in one group; the bit above them says whether the number goes on."""

MANY_BYTES: Final = 8_000_000
"""Of contours when inflated, which the browser keeps; above it half bytes are tried."""

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
    bits
        `BYTE` or `HALF_BYTE`.
    data
        zlib data, see :func:`unpacked`: all points in the order of `planes`, x then y as
        differences from the point before, the first of each contour from the origin.
    """

    planes: dict[str, list[list[float]]]
    unit_mm: float
    size: int
    bits: int
    data: bytes

    def told(self) -> dict[str, Any]:
        """Return what the browser has to know to unpack the data."""
        return {"unit": self.unit_mm, "size": self.size, "bits": self.bits}


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
    if block.size > MANY_BYTES:
        halves = _block(structures, block.unit_mm, HALF_BYTE)
        return min(block, halves, key=lambda one: one.size)
    return block


def unpacked(data: bytes, bits: int = BYTE) -> npt.NDArray[np.int32]:
    """Return the differences ``(n, 2)`` of inflated bytes.

    They are 32-bit, turned so that small ones of either sign are small (zigzag), in groups of
    `bits` bits, lowest first. A group is a byte, or half a byte, the lower half first; the bit
    above those of the number is set where the number goes on. Half a byte may fill up the end.
    """
    groups = np.frombuffer(data, dtype=np.uint8)
    if bits == HALF_BYTE:
        groups = np.stack([groups & 15, groups >> 4], axis=1).ravel()
    last = np.flatnonzero(groups < 1 << bits)
    last = last[: last.size // 2 * 2]
    first = np.concatenate([[0], last[:-1] + 1]) if last.size else last
    turned = np.zeros(last.size, dtype=np.uint32)
    for group in range(_most_groups(bits)):
        at = first + group
        there = at <= last
        part = groups[at[there]] & np.uint32((1 << bits) - 1)
        turned[there] |= part << np.uint32(bits * group)
    moves = (turned >> 1).astype(np.int32) ^ -(turned & 1).astype(np.int32)
    return np.asarray(moves.reshape(-1, 2), dtype=np.int32)


def _most_groups(bits: int) -> int:
    return -(-32 // bits)


def _groups(moves: npt.NDArray[np.int32], bits: int) -> npt.NDArray[np.uint8]:
    """Return differences as the groups that :func:`unpacked` reads, one in each item."""
    flat = np.asarray(moves, dtype=np.int32).ravel()
    turned = ((flat << 1) ^ (flat >> 31)).astype(np.uint32)
    sizes = np.ones(turned.size, dtype=np.int64)
    for group in range(1, _most_groups(bits)):
        sizes += turned >= np.uint32(1 << bits * group)
    first = np.cumsum(sizes) - sizes
    out = np.zeros(int(sizes.sum()), dtype=np.uint8)
    for group in range(int(sizes.max(initial=0))):
        there = sizes > group
        part = (turned[there] >> np.uint32(bits * group)) & np.uint32((1 << bits) - 1)
        out[first[there] + group] = part + np.where(sizes[there] > group + 1, 1 << bits, 0)
    return out


def _in_bytes(groups: Iterable[npt.NDArray[np.uint8]], bits: int) -> Iterator[bytes]:
    """Yield groups as bytes: each by itself, or two in one, whichever contours they are of."""
    if bits == BYTE:
        yield from (one.tobytes() for one in groups)
        return
    left = np.zeros(0, dtype=np.uint8)
    for one in groups:
        every = np.concatenate([left, one])
        pairs = every[: every.size // 2 * 2].reshape(-1, 2)
        yield (pairs[:, 0] | pairs[:, 1] << 4).astype(np.uint8).tobytes()
        left = every[pairs.size :]
    yield left.tobytes()


def _block(structures: Mapping[str, Structure], unit_mm: float, bits: int = BYTE) -> ContourBlock:
    drawn = {key: _by_height(structure) for key, structure in structures.items()}
    planes = {
        key: [[z_mm, *(float(len(one.xy_mm)) for one in loops)] for z_mm, loops in heights.items()]
        for key, heights in drawn.items()
    }
    every = (one for heights in drawn.values() for loops in heights.values() for one in loops)
    squeezed, parts, size = zlib.compressobj(9), [], 0
    for found in _in_bytes((_groups(_moves(one.xy_mm, unit_mm), bits) for one in every), bits):
        size += len(found)
        parts.append(squeezed.compress(found))
    return ContourBlock(planes, unit_mm, size, bits, b"".join([*parts, squeezed.flush()]))


def _by_height(structure: Structure) -> dict[float, list[Contour]]:
    found: dict[float, list[Contour]] = {}
    for contour in structure.contours:
        found.setdefault(round(contour.z_mm, 3), []).append(contour)
    return found


def _moves(xy_mm: FloatArray, unit_mm: float) -> npt.NDArray[np.int32]:
    units = np.rint(xy_mm / unit_mm).astype(np.int32)
    return np.diff(units, axis=0, prepend=np.zeros((1, 2), np.int32))
