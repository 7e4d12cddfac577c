"""From values on a plane to closed contours: marching squares, and holes joined by keyholes.

A planning system reads CLOSED_PLANAR contours, and what two of them inside each other mean is left
to it. A hole is therefore joined to the contour around it by a cut of no width, which every reader
understands, and which encloses the same area under the even-odd rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from contourpy import LineType, contour_generator

from sbrt_qa.model.grid import FloatArray

LEAST_MM2: Final = 1e-3
"""Area of a loop that is left out: rounding of coordinates would undo it."""


def level_loops(
    values: FloatArray, x_mm: FloatArray, y_mm: FloatArray, level: float
) -> list[FloatArray]:
    """Return the closed loops, each ``(n, 2)``, on which values cross a level.

    Linear between neighbouring points, so that a line comes out right to a small part of their
    distance. What reaches the edge of the plane is closed there.

    Parameters
    ----------
    values
        Shape ``(y, x)``; inside is where they exceed the level.
    """
    low = min(float(values.min()), level) - 1.0
    padded = np.pad(values, 1, constant_values=low)
    x, y = _padded(x_mm), _padded(y_mm)
    lines = contour_generator(x, y, padded, line_type=LineType.Separate).lines(level)
    loops = [
        np.asarray(line[:-1], dtype=np.float64) for line in lines
    ]  # the last repeats the first
    return [loop for loop in loops if len(loop) >= 3 and abs(signed_area(loop)) >= LEAST_MM2]


def _padded(axis_mm: FloatArray) -> FloatArray:
    """Return an axis with a point just beyond each end, where nothing is inside any more."""
    step = 1e-6 * (axis_mm[-1] - axis_mm[0])
    return np.concatenate([[axis_mm[0] - step], axis_mm, [axis_mm[-1] + step]])


def signed_area(loop: FloatArray) -> float:
    """Return the area of a polygon, positive where it runs from x to y."""
    x, y = loop[:, 0], loop[:, 1]
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) / 2)


def with_keyholes(loops: Sequence[FloatArray]) -> list[FloatArray]:
    """Join loops that lie inside each other, so that each result stands alone.

    Loops do not cross. Under the even-odd rule a loop inside another is a hole, and one inside the
    hole is an island, which becomes a result of its own.
    """
    around = [[j for j, other in enumerate(loops) if _lies_in(loop, other)] for loop in loops]
    depth = [len(found) for found in around]
    joined = []
    for i, loop in enumerate(loops):
        if depth[i] % 2 == 0:
            own = [k for k in range(len(loops)) if i in around[k] and depth[k] == depth[i] + 1]
            joined.append(_joined(loop, [loops[k] for k in own]))
    return joined


def _lies_in(loop: FloatArray, other: FloatArray) -> bool:
    return loop is not other and holds(other, loop[0])


def holds(loop: FloatArray, point: FloatArray) -> bool:
    """Tell whether a point lies in a polygon, by the even-odd rule."""
    x, y = loop[:, 0], loop[:, 1]
    x2, y2 = np.roll(x, -1), np.roll(y, -1)
    crosses = (y > point[1]) != (y2 > point[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        at = x + (point[1] - y) * (x2 - x) / (y2 - y)
    return bool(np.count_nonzero(crosses & (point[0] < at)) % 2)


def _joined(outer: FloatArray, holes: Sequence[FloatArray]) -> FloatArray:
    """Return one loop that runs around the outer loop and, along a cut each, around the holes."""
    for hole in holes:
        apart = ((outer[:, np.newaxis] - hole[np.newaxis]) ** 2).sum(axis=2)
        i, k = np.unravel_index(int(apart.argmin()), apart.shape)
        turned = np.roll(hole, -int(k), axis=0)
        outer = np.concatenate([outer[: i + 1], turned, turned[:1], outer[i:]])
    return outer
