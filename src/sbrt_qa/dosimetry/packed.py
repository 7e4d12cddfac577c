"""A histogram as bytes, exact to the last bit, and back.

Half the size of the plain numbers: bin edges that are evenly spaced stand as their ends, volumes as
differences of their bit patterns, which are small where the curve is smooth.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.errors import ResultError
from sbrt_qa.geometry.slabs import DEFAULT_CONVENTION, Convention
from sbrt_qa.model.grid import FloatArray

_HEAD: Final = struct.Struct("<4sBI8d")
_MARK: Final = b"DVH1"
_EVEN, _UNEVEN = 0, 1

MAX_EDGES: Final = 1_000_000
"""Most bin edges that are read back; the engine makes a few thousand."""


def pack(dvh: DVH) -> bytes:
    """Return a histogram as bytes; its convention is not part of them."""
    edges = dvh.dose_gy
    even = np.array_equal(np.linspace(edges[0], edges[-1], edges.size), edges)
    head = _HEAD.pack(
        _MARK,
        _EVEN if even else _UNEVEN,
        edges.size,
        dvh.volume_cc,
        dvh.outside_grid_cc,
        dvh.min_gy,
        dvh.mean_gy,
        dvh.max_gy,
        dvh.quadrature_error,
        float(edges[0]),
        float(edges[-1]),
    )
    rows = [dvh.cumulative_cc] if even else [dvh.cumulative_cc, edges]
    return head + zlib.compress(b"".join(_differences(row) for row in rows), 4)


def unpack(data: bytes, convention: Convention = DEFAULT_CONVENTION) -> DVH:
    """Return the histogram that :func:`pack` was given.

    Raises
    ------
    ResultError
        The bytes are not a packed histogram, or damaged.
    """
    try:
        return _unpacked(data, convention)
    except (ValueError, struct.error, zlib.error) as damage:
        raise ResultError("a stored histogram is broken", expected="a packed histogram") from damage


def _unpacked(data: bytes, convention: Convention) -> DVH:
    mark, form, size, *numbers, first, last = _HEAD.unpack_from(data)
    most = 8 * size * (1 + form)
    if mark != _MARK or form not in (_EVEN, _UNEVEN) or not 2 <= size <= MAX_EDGES:
        raise ValueError(mark)
    body = zlib.decompressobj().decompress(data[_HEAD.size :], most + 1)
    if len(body) != most:
        raise ValueError(len(body))
    edges = np.linspace(first, last, size) if form == _EVEN else _sums(body[8 * size :])
    volume_cc, outside_cc, low, mean, high, error = numbers
    curve = _sums(body[: 8 * size])
    return DVH(volume_cc, outside_cc, edges, curve, low, mean, high, error, convention)


def _differences(row: FloatArray) -> bytes:
    """Return differences of the bit patterns, the bytes of equal weight beside each other."""
    bits = np.ascontiguousarray(row).view(np.int64)
    changes = np.diff(bits, prepend=np.int64(0))
    return changes.astype("<i8").view(np.uint8).reshape(-1, 8).T.tobytes()


def _sums(data: bytes) -> FloatArray:
    columns = np.frombuffer(data, np.uint8).reshape(8, -1)
    changes = np.ascontiguousarray(columns.T).view("<i8").ravel()
    return np.cumsum(changes, dtype=np.int64).view(np.float64)
