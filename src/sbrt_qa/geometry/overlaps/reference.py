"""Areas by counting points: slow, obvious, what the kernel is held to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.model.grid import FloatArray

STEP_MM: Final = 0.1
"""Distance of the points."""


def areas_slowly(first: Sequence[FloatArray], second: Sequence[FloatArray]) -> tuple[float, ...]:
    """Return the areas of two sets of polygons and of their intersection, each set even-odd."""
    every = np.concatenate([*first, *second])
    low, high = every.min(axis=0), every.max(axis=0)
    x = np.arange(low[0] + 0.037 * STEP_MM, high[0], STEP_MM)
    y = np.arange(low[1] + 0.041 * STEP_MM, high[1], STEP_MM)
    points = np.meshgrid(x, y)
    one, other = (_inside(loops, *points) for loops in (first, second))
    return tuple(float(found.sum()) * STEP_MM**2 for found in (one, other, one & other))


def _inside(loops: Sequence[FloatArray], x: FloatArray, y: FloatArray) -> npt.NDArray[np.bool_]:
    inside = np.zeros(x.shape, dtype=bool)
    for loop in loops:
        for a, b in zip(np.roll(loop, 1, axis=0), loop, strict=True):
            if a[1] != b[1]:
                across = b[0] + (y - b[1]) * (a[0] - b[0]) / (a[1] - b[1])
                inside ^= ((a[1] > y) != (b[1] > y)) & (x < across)
    return inside
