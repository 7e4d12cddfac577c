"""Parts by their definition, polygon by polygon: slow, obvious, what the kernel is held to."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np

from sbrt_qa.geometry.planes import PlaneStack
from sbrt_qa.model.grid import FloatArray


def owners_slowly(stack: PlaneStack, joined: list[bool]) -> list[int]:
    """Return for each loop the smallest number among the loops of its part."""
    starts = stack.loop_start
    loops = [stack.xy_mm[a:b] for a, b in pairwise(starts)]
    plane = np.repeat(np.arange(stack.z_mm.size), np.diff(stack.plane_start)).tolist()
    part = list(range(len(loops)))
    for i, j in combinations(range(len(loops)), 2):
        together = plane[i] == plane[j] or (plane[j] == plane[i] + 1 and joined[plane[i]])
        if together and touch_slowly(loops[i], loops[j]):
            old, new = max(part[i], part[j]), min(part[i], part[j])
            part = [new if p == old else p for p in part]
    return part


def touch_slowly(one: FloatArray, other: FloatArray) -> bool:
    """Tell whether two polygons have a point in common: a vertex inside, or edges that cross."""
    if any(_inside(v, other) for v in one) or any(_inside(v, one) for v in other):
        return True
    return any(
        _cross(one[i - 1], one[i], other[j - 1], other[j])
        for i in range(len(one))
        for j in range(len(other))
    )


def _inside(point: FloatArray, polygon: FloatArray) -> bool:
    inside = False
    for a, b in zip(np.roll(polygon, 1, axis=0), polygon, strict=True):
        if (a[1] > point[1]) != (b[1] > point[1]):
            across = b[0] + (point[1] - b[1]) * (a[0] - b[0]) / (a[1] - b[1])
            inside ^= bool(point[0] < across)
    return inside


def _side(a: FloatArray, b: FloatArray, point: FloatArray) -> bool:
    return bool((b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]) > 0)


def _cross(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> bool:
    return _side(a, b, c) != _side(a, b, d) and _side(c, d, a) != _side(c, d, b)
