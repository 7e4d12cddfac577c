"""Areas line by line: slow, obvious, what the kernel is held to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from sbrt_qa.model.grid import FloatArray

STEP_MM: Final = 0.02
"""Distance of the lines; along them lengths are exact."""


def areas_slowly(first: Sequence[FloatArray], second: Sequence[FloatArray]) -> tuple[float, ...]:
    """Return the areas of two sets of polygons and of their intersection, each set even-odd."""
    every = np.concatenate([*first, *second])[:, 1]
    totals = np.zeros(3)
    for y in np.arange(every.min() + 0.41 * STEP_MM, every.max(), STEP_MM):
        one, other = (list(_inside(loops, float(y))) for loops in (first, second))
        both = [(max(a, c), min(b, d)) for a, b in one for c, d in other]
        totals += [_length(one), _length(other), _length(both)]
    return tuple(float(total) * STEP_MM for total in totals)


def _inside(loops: Sequence[FloatArray], y: float) -> Iterator[tuple[float, float]]:
    """Yield the intervals along x that lie inside at a height, in order and apart."""
    crossings = []
    for loop in loops:
        for a, b in pairwise([loop[-1], *loop]):
            if (a[1] > y) != (b[1] > y):
                crossings.append(float(b[0] + (y - b[1]) * (a[0] - b[0]) / (a[1] - b[1])))
    crossings.sort()
    return zip(crossings[::2], crossings[1::2], strict=True)


def _length(intervals: Sequence[tuple[float, float]]) -> float:
    return sum(max(b - a, 0.0) for a, b in intervals)
