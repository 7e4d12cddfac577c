"""Compiled loop that joins contours to parts. No checks: callers check."""

from __future__ import annotations

import numpy as np

from sbrt_qa.geometry._kernels import _holds, compiled, inner, order_of

MOST_PAIRS = 4_000_000
"""Pairs of vertices of two polygons that are all looked at."""


@inner
def _root(owner, i):
    while owner[i] != i:
        owner[i] = owner[owner[i]]
        i = owner[i]
    return i


@inner
def _cross(xy, a, b, c, d):
    """Whether two segments, by their vertices, cross each other."""
    abx, aby = xy[b, 0] - xy[a, 0], xy[b, 1] - xy[a, 1]
    cdx, cdy = xy[d, 0] - xy[c, 0], xy[d, 1] - xy[c, 1]
    one = abx * (xy[c, 1] - xy[a, 1]) - aby * (xy[c, 0] - xy[a, 0])
    two = abx * (xy[d, 1] - xy[a, 1]) - aby * (xy[d, 0] - xy[a, 0])
    three = cdx * (xy[a, 1] - xy[c, 1]) - cdy * (xy[a, 0] - xy[c, 0])
    four = cdx * (xy[b, 1] - xy[c, 1]) - cdy * (xy[b, 0] - xy[c, 0])
    return (one > 0) != (two > 0) and (three > 0) != (four > 0)


@inner
def _touch(xy, loop_start, i, j):
    """Whether two polygons, seen from above, have a point in common.

    Of polygons with very many vertices only some are looked at, so that the work stays bounded.
    """
    a, b, c, d = loop_start[i], loop_start[i + 1], loop_start[j], loop_start[j + 1]
    if _holds(xy, c, d, xy[a, 0], xy[a, 1]) or _holds(xy, a, b, xy[c, 0], xy[c, 1]):
        return True
    stride = 1 + (b - a) * (d - c) // MOST_PAIRS
    for v in range(a, b, stride):
        if _holds(xy, c, d, xy[v, 0], xy[v, 1]):
            return True
    if stride > 1:
        return False
    last_v = b - 1
    for v in range(a, b):
        last_w = d - 1
        for w in range(c, d):
            if _cross(xy, last_v, v, last_w, w):
                return True
            last_w = w
        last_v = v
    return False


@compiled
def join(xy, loop_start, plane_start, joined, boxes, owner):
    """Give all loops of one part the same owner, in place.

    Loops of neighbouring planes that belong together, and loops of one plane, are of one part when
    they have a point in common.
    """
    planes = plane_start.size - 1
    for p in range(planes):
        for i in range(plane_start[p], plane_start[p + 1]):
            end = plane_start[p + 2] if p + 1 < planes and joined[p] else plane_start[p + 1]
            for j in range(i + 1, end):
                a, b = boxes[i], boxes[j]
                apart = a[0] > b[2] or b[0] > a[2] or a[1] > b[3] or b[1] > a[3]
                if apart or _root(owner, i) == _root(owner, j):
                    continue
                if _touch(xy, loop_start, i, j):
                    owner[_root(owner, j)] = _root(owner, i)
    for i in range(owner.size):
        owner[i] = _root(owner, i)


@inner
def _apart(a, b):
    return a[0] > b[2] or b[0] > a[2] or a[1] > b[3] or b[1] > a[3]


@inner
def _join_pair(xy, loop_start, boxes, owner, i, j):
    if _apart(boxes[i], boxes[j]) or _root(owner, i) == _root(owner, j):
        return
    if _touch(xy, loop_start, i, j):
        owner[_root(owner, j)] = _root(owner, i)


@inner
def _join_groups(xy, loop_start, boxes, owner, one, other):
    """Join two groups of loops where any two of them touch."""
    for i in one:
        for j in other:
            if _root(owner, i) == _root(owner, j):
                return
            _join_pair(xy, loop_start, boxes, owner, i, j)


@compiled
def join_seen_from_above(xy, loop_start, z, boxes, owner):
    """Give all loops that have a point in common, seen from above, the same owner, in place.

    Loops are sorted by z. First each is held against those of its own and the next height, which
    joins the most; then only what is still apart is compared.
    """
    m = owner.size
    for i in range(m):
        following = np.inf
        for j in range(i + 1, m):
            if z[j] > following:
                break
            if z[j] > z[i] and following == np.inf:
                following = z[j]
            _join_pair(xy, loop_start, boxes, owner, i, j)
    for i in range(m):
        owner[i] = _root(owner, i)
    order = order_of(owner)
    # Groups of one owner: where each begins in that order, and what is around its boxes.
    first, around = np.empty(m + 1, dtype=np.int64), np.empty((m, 4))
    groups = 0
    for k in range(m):
        i = order[k]
        if k == 0 or owner[i] != owner[order[k - 1]]:
            first[groups] = k
            for side in range(4):
                around[groups, side] = boxes[i, side]
            groups += 1
        for side in range(2):
            around[groups - 1, side] = min(around[groups - 1, side], boxes[i, side])
            around[groups - 1, side + 2] = max(around[groups - 1, side + 2], boxes[i, side + 2])
    first[groups] = m
    for a in range(groups):
        for b in range(a + 1, groups):
            if not _apart(around[a], around[b]):
                one, other = order[first[a] : first[a + 1]], order[first[b] : first[b + 1]]
                _join_groups(xy, loop_start, boxes, owner, one, other)
    for i in range(m):
        owner[i] = _root(owner, i)
