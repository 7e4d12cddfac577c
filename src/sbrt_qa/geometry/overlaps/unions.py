"""The union of contours that cross, as polygons that do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from sbrt_qa.geometry.overlaps._kernels import union_strips
from sbrt_qa.model.grid import FloatArray

SAME_X_MM: Final = 1e-6
"""Ends of two trapezoids nearer than this are one point."""


def covered_mm2(loop: FloatArray) -> float:
    """Return the area that a loop runs around, however often."""
    strips = union_strips(loop, np.array([0, len(loop)], dtype=np.int64), True)  # noqa: FBT003 - a compiled function
    sides = strips[:, 3] - strips[:, 2] + strips[:, 5] - strips[:, 4]
    return float(((strips[:, 1] - strips[:, 0]) * sides / 2).sum())


def union_of(loops: Sequence[FloatArray], *, winding: bool = False) -> list[FloatArray]:
    """Return polygons that together fill what lies in at least one of several loops.

    Each loop is read by the even-odd rule; with `winding`, all as what they run around. The results
    share edges and do not overlap; each has a left and a right side that never turn back in y.
    """
    start = np.concatenate([[0], np.cumsum([len(loop) for loop in loops])]).astype(np.int64)
    growing: dict[tuple[int, int, int], tuple[list[list[float]], list[list[float]]]] = {}
    done: list[FloatArray] = []
    height = -np.inf
    current: dict[tuple[int, int, int], tuple[list[list[float]], list[list[float]]]] = {}
    for bottom, top, left_low, right_low, left_high, right_high in union_strips(
        np.concatenate(loops), start, winding
    ).tolist():
        # A new strip of y: polygons that no trapezoid continued are complete.
        if bottom != height:
            done += [_closed(*sides) for sides in growing.values()]
            growing, current, height = current, {}, bottom
        # A trapezoid whose lower side is the upper side of one below continues its polygon.
        sides = growing.pop(_key(bottom, left_low, right_low), None)
        left, right = sides or ([[left_low, bottom]], [[right_low, bottom]])
        left.append([left_high, top])
        right.append([right_high, top])
        key = _key(top, left_high, right_high)
        if key in current:  # a sliver beside it, thinner than what counts as one point
            done.append(_closed(*current[key]))
        current[key] = (left, right)
    done += [_closed(*sides) for sides in (*growing.values(), *current.values())]
    return [loop for loop in done if len(loop) >= 3]


def _key(y: float, left: float, right: float) -> tuple[int, int, int]:
    return (hash(y), round(left / SAME_X_MM), round(right / SAME_X_MM))


def _closed(left: list[list[float]], right: list[list[float]]) -> FloatArray:
    around = np.array([*left, *reversed(right)])
    step = np.abs(around - np.roll(around, 1, axis=0)).max(axis=1)
    return np.asarray(around[step > SAME_X_MM])
