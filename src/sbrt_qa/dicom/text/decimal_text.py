"""Decimal text of contours to float64 arrays: fast, exact, and strict about what a number is."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np

from sbrt_qa.dicom.text import _kernels
from sbrt_qa.model.grid import FloatArray

BATCH_BYTES: Final = 16 * 1024**2
"""Text parsed in one pass; the pass needs up to twelve times as much beside the values."""

PART_BYTES: Final = 256 * 1024
"""Text that is worth a thread of its own."""

MAX_THREADS: Final = 4
"""Threads that parse at once, at most; never more than there are cores."""

_BACKSLASH = ord("\\")


class BadDecimal(NamedTuple):
    """The first part of a text that is no plain finite decimal: its index and what it says."""

    position: int
    text: str


def parse_decimals(texts: Sequence[bytes]) -> list[FloatArray | BadDecimal]:
    r"""Parse texts of backslash-separated decimals.

    Every value equals Python's ``float()`` to the last bit. A plain decimal is a sign, digits with
    at most one point, and an exponent; spaces may stand around it. Anything else (``nan``, ``inf``,
    ``1e999``, ``1,5``, ``--5``, an empty part) is reported instead of the values of its text.
    Padding at the end of a text is ignored; an empty text has no values.
    """
    return list(each_parsed(texts))


def each_parsed(texts: Sequence[bytes]) -> Iterator[FloatArray | BadDecimal]:
    """Yield what :func:`parse_decimals` returns, without keeping the values of all texts at once.

    Many texts are parsed in one pass, up to `BATCH_BYTES`; a text that is longer has its own.
    """
    first, size = 0, 0
    for i, text in enumerate(texts):
        if size and size + len(text) > BATCH_BYTES:
            yield from _parse_side_by_side(texts[first:i], size)
            first, size = i, 0
        size += len(text)
    if texts:
        yield from _parse_side_by_side(texts[first:], size)


def _parse_side_by_side(texts: Sequence[bytes], size: int) -> Iterator[FloatArray | BadDecimal]:
    """Parse texts of `size` bytes in as many parts as there are threads for them."""
    count = min(MAX_THREADS, os.cpu_count() or 1, size // PART_BYTES, len(texts))
    if count < 2:
        yield from _parse_together(texts)
        return
    _kernels.parser()  # compiled before there are threads
    parts = [texts[len(texts) * k // count : len(texts) * (k + 1) // count] for k in range(count)]
    with ThreadPoolExecutor(count) as pool:
        for parsed in pool.map(_parse_together, parts):
            yield from parsed


def _parse_together(texts: Sequence[bytes]) -> list[FloatArray | BadDecimal]:
    """Parse texts, at least one, in one pass."""
    stripped = [text.rstrip(b" \0") for text in texts]
    joined = np.frombuffer(b"".join(stripped), dtype=np.uint8)
    ends = np.cumsum([len(text) for text in stripped], dtype=np.int64)
    capacity = int(np.count_nonzero(joined == _BACKSLASH)) + len(stripped)
    values = np.empty(capacity)
    counts, bad = np.empty(len(stripped), np.int64), np.empty(len(stripped), np.int64)
    hard = np.empty((capacity, 3), np.int64)
    n_hard = _kernels.parser()(joined, ends, values, counts, bad, hard)
    overflowing = _convert_hard(joined, values, hard[:n_hard])
    results = np.split(values[: counts.sum()], np.cumsum(counts)[:-1])
    return [
        _checked(text, result, int(start) - int(end) + len(text), overflowing=overflowing)
        for text, result, start, end in zip(
            stripped, results, _or_end(bad, ends), ends, strict=True
        )
    ]


def _or_end(bad: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Where each text goes wrong; one past its end where it does not."""
    return np.where(bad < 0, ends + 1, bad)


def _convert_hard(joined: np.ndarray, values: FloatArray, hard: np.ndarray) -> bool:
    """Fill in the numbers that only ``float()`` reads exactly; tell whether one overflowed."""
    text = joined.tobytes() if len(hard) else b""
    overflowing = False
    for index, start, stop in hard.tolist():
        values[index] = value = float(text[start:stop])
        overflowing |= math.isinf(value)
    return overflowing


def _checked(
    text: bytes, values: FloatArray, bad_at: int, *, overflowing: bool
) -> FloatArray | BadDecimal:
    if bad_at <= len(text):
        position = text.count(b"\\", 0, bad_at)
        sound = text.split(b"\\")[:position]
        position = next((i for i, p in enumerate(sound) if math.isinf(float(p))), position)
    elif overflowing and not np.isfinite(values).all():
        position = int(np.argmin(np.isfinite(values)))
    else:
        return values
    return BadDecimal(position, text.split(b"\\")[position].decode("latin-1"))
