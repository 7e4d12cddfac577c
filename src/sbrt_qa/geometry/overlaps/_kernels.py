"""Compiled loops for contours of one plane. No checks: callers check.

Letters: v vertices, m loops. Loop ``i`` is ``xy[start[i]:start[i + 1]]``, closed.
"""

from __future__ import annotations

import numpy as np

from sbrt_qa.geometry._kernels import compiled, inner, order_of


@inner
def _distance(xy, a, b, x, y):
    """Squared distance of a point from the edge between two vertices."""
    ux, uy = xy[b, 0] - xy[a, 0], xy[b, 1] - xy[a, 1]
    wx, wy = x - xy[a, 0], y - xy[a, 1]
    along = ux * ux + uy * uy
    part = (ux * wx + uy * wy) / along if along > 0.0 else 0.0
    part = min(max(part, 0.0), 1.0)
    return (wx - part * ux) ** 2 + (wy - part * uy) ** 2


@inner
def _edges_in(xy, begin, end, box, reach):
    """Later vertices of the edges of a loop whose box meets a box, widened by `reach`."""
    found = np.empty(end - begin, dtype=np.int64)
    count = 0
    last = end - 1
    for v in range(begin, end):
        meets = (
            max(xy[v, 0], xy[last, 0]) >= box[0] - reach
            and min(xy[v, 0], xy[last, 0]) <= box[2] + reach
            and max(xy[v, 1], xy[last, 1]) >= box[1] - reach
            and min(xy[v, 1], xy[last, 1]) <= box[3] + reach
        )
        if meets:
            found[count] = v
            count += 1
        last = v
    return found[:count]


@inner
def _beyond(p, q, low, high, reach):
    """Tell whether an interval between two numbers lies farther than `reach` from another."""
    return max(p, q) < low - reach or min(p, q) > high + reach


@inner
def _far_from(xy, x, y, edges, other_begin, other_end, reach):
    """Distance of a point from some edges of a loop; infinite where it is beyond `reach`."""
    least = np.inf
    for w in edges:
        before = w - 1 if w > other_begin else other_end - 1
        if _beyond(xy[before, 1], xy[w, 1], y, y, reach):
            continue
        if _beyond(xy[before, 0], xy[w, 0], x, x, reach):
            continue
        least = min(least, _distance(xy, before, w, x, y))
    return np.sqrt(least)


@inner
def _nearness(xy, begin, end, other_begin, other_end, edges, others, near_mm, reach):
    """Length of a loop's outline within `near_mm` of another, and how far its farthest point is.

    Looked at are points along each edge not farther than `near_mm` from each other; edges that are
    not in `edges` are far, and their distance is not told (infinite), nor is one beyond `reach`.
    """
    near = 0.0
    farthest = np.inf if edges.size < end - begin else 0.0
    for v in edges:
        before = v - 1 if v > begin else end - 1
        length = np.hypot(xy[v, 0] - xy[before, 0], xy[v, 1] - xy[before, 1])
        steps = max(1, min(int(np.ceil(length / near_mm)), 64))
        for k in range(steps):
            part = (k + 1.0) / steps
            x = xy[before, 0] + part * (xy[v, 0] - xy[before, 0])
            y = xy[before, 1] + part * (xy[v, 1] - xy[before, 1])
            far = _far_from(xy, x, y, others, other_begin, other_end, reach)
            farthest = max(farthest, far)
            if far <= near_mm:
                near += length / steps
    return near, farthest


@inner
def _crossing_y(xy, a, b, c, d):
    """Height at which two edges cross; NaN where they do not."""
    px, py = xy[b, 0] - xy[a, 0], xy[b, 1] - xy[a, 1]
    qx, qy = xy[d, 0] - xy[c, 0], xy[d, 1] - xy[c, 1]
    turn = px * qy - py * qx
    if turn == 0.0:
        return np.nan
    wx, wy = xy[c, 0] - xy[a, 0], xy[c, 1] - xy[a, 1]
    s, t = (wx * qy - wy * qx) / turn, (wx * py - wy * px) / turn
    if 0.0 <= s <= 1.0 and 0.0 <= t <= 1.0:
        return xy[a, 1] + s * py
    return np.nan


@compiled
def meet(xy, start, boxes, i, j, reach, near):
    """How two loops meet: near lengths of i and j, farthest distance, and whether edges cross.

    Near is what lies within `near`; distances beyond `reach`, which is larger, are not told.
    """
    a, b, c, d = start[i], start[i + 1], start[j], start[j + 1]
    mine = _edges_in(xy, a, b, boxes[j], reach)
    other = _edges_in(xy, c, d, boxes[i], reach)
    if mine.size == 0 or other.size == 0:
        return 0.0, 0.0, np.inf, False
    near_i, far_i = _nearness(xy, a, b, c, d, mine, other, near, reach)
    near_j, far_j = _nearness(xy, c, d, a, b, other, mine, near, reach)
    crossing = False
    for v in mine:
        before = v - 1 if v > a else b - 1
        for w in other:
            last = w - 1 if w > c else d - 1
            low, high = min(xy[before, 1], xy[v, 1]), max(xy[before, 1], xy[v, 1])
            if _beyond(xy[last, 1], xy[w, 1], low, high, 0.0):
                continue
            if not np.isnan(_crossing_y(xy, before, v, last, w)):
                crossing = True
                break
        if crossing:
            break
    return near_i, near_j, max(far_i, far_j), crossing


@inner
def _each_once(values):
    """Sorted values, each once."""
    order = order_of(values)
    found = np.empty(values.size)
    count = 0
    for at in order:
        if count == 0 or values[at] != found[count - 1]:
            found[count] = values[at]
            count += 1
    return found[:count]


@inner
def _levels(xy, start):
    """All y at which edges of some loops begin, end or cross each other; sorted."""
    n = start[-1] - start[0]
    last = np.empty(n, dtype=np.int64)
    for i in range(start.size - 1):
        for v in range(start[i], start[i + 1]):
            last[v] = v - 1 if v > start[i] else start[i + 1] - 1
    found = np.empty(4 * n + 16)
    found[:n] = xy[:n, 1]
    count = n
    low, high = np.minimum(xy[:n, 1], xy[last, 1]), np.maximum(xy[:n, 1], xy[last, 1])
    order = order_of(low)
    for at in range(n):
        v = order[at]
        for after in range(at + 1, n):
            w = order[after]
            if low[w] > high[v]:
                break
            if last[w] == v or last[v] == w:
                continue
            y = _crossing_y(xy, last[v], v, last[w], w)
            if not np.isnan(y):
                if count == found.size:
                    longer = np.empty(2 * count)
                    longer[:count] = found
                    found = longer
                found[count] = y
                count += 1
    return _each_once(found[:count]), last, low, high


@inner
def _active(xy, last, low, high, y):
    """Edges that a line crosses, from left to right."""
    count = 0
    found = np.empty(low.size, dtype=np.int64)
    across = np.empty(low.size)
    for v in range(low.size):
        if low[v] <= y < high[v]:
            found[count] = v
            across[count] = _at(xy, last, v, y)
            count += 1
    order = order_of(across[:count])
    return found[:count][order]


@inner
def _at(xy, last, v, y):
    """Place of an edge at a height."""
    a, b = last[v], v
    part = (y - xy[a, 1]) / (xy[b, 1] - xy[a, 1])
    return xy[a, 0] + part * (xy[b, 0] - xy[a, 0])


@compiled
def overlay(xy, start, side):
    """Areas of two sets of loops, each by the even-odd rule, and of what lies in both.

    ``side`` says for each loop (m) whether it belongs to the first (0) or the second (1) set.
    Between two neighbouring heights at which edges begin, end or cross, all is trapezoids.
    """
    levels, last, low, high = _levels(xy, start)
    owner = np.empty(low.size, dtype=np.int64)
    for i in range(start.size - 1):
        owner[start[i] : start[i + 1]] = side[i]
    first = second = both = 0.0
    for k in range(levels.size - 1):
        y = 0.5 * (levels[k] + levels[k + 1])
        height = levels[k + 1] - levels[k]
        if height <= 0.0:
            continue
        edges = _active(xy, last, low, high, y)
        in_a = in_b = False
        for e in range(edges.size):
            if owner[edges[e]] == 0:
                in_a = not in_a
            else:
                in_b = not in_b
            if e + 1 < edges.size:
                width = _at(xy, last, edges[e + 1], y) - _at(xy, last, edges[e], y)
                first += height * width * in_a
                second += height * width * in_b
                both += height * width * (in_a and in_b)
    return first, second, both


@compiled
def union_strips(xy, start, winding):
    """Cut the union of loops, each by the even-odd rule, into trapezoids from bottom to top.

    With `winding` a loop covers whatever it runs around, however often.

    Returns ``(k, 6)``: lower y, upper y, x at left and right of the lower side, then of the upper.
    """
    levels, last, low, high = _levels(xy, start)
    owner = np.empty(low.size, dtype=np.int64)
    for i in range(start.size - 1):
        owner[start[i] : start[i + 1]] = i
    inside = np.zeros(start.size - 1, dtype=np.bool_)
    found = np.empty((256, 6))
    count = 0
    for k in range(levels.size - 1):
        bottom, top = levels[k], levels[k + 1]
        y = 0.5 * (bottom + top)
        if top - bottom <= 0.0:
            continue
        edges = _active(xy, last, low, high, y)
        inside[:] = False
        depth = 0
        left = -1
        for e in edges:
            inside[owner[e]] = not inside[owner[e]]
            before = depth
            if winding:
                depth += 1 if xy[e, 1] > xy[last[e], 1] else -1
            else:
                depth += 1 if inside[owner[e]] else -1
            if before == 0:
                left = e
            elif depth == 0:
                if count == found.shape[0]:
                    longer = np.empty((2 * count, 6))
                    longer[:count] = found
                    found = longer
                found[count, 0], found[count, 1] = bottom, top
                found[count, 2] = _at(xy, last, left, bottom)
                found[count, 3] = _at(xy, last, e, bottom)
                found[count, 4] = _at(xy, last, left, top)
                found[count, 5] = _at(xy, last, e, top)
                count += 1
    return found[:count]


@inner
def _side_of(xy, a, b, c):
    """Twice the signed area of three vertices: on which side of an edge a vertex lies."""
    return (xy[b, 0] - xy[a, 0]) * (xy[c, 1] - xy[a, 1]) - (xy[b, 1] - xy[a, 1]) * (
        xy[c, 0] - xy[a, 0]
    )


@inner
def _once_in_a_row(xy):
    """Vertices of a loop without those that repeat the one before."""
    kept = np.empty_like(xy)
    count = 0
    for v in range(xy.shape[0]):
        last = count - 1 if count > 0 else -1
        x, y = (kept[last, 0], kept[last, 1]) if last >= 0 else (xy[-1, 0], xy[-1, 1])
        if xy[v, 0] != x or xy[v, 1] != y:
            kept[count, 0], kept[count, 1] = xy[v, 0], xy[v, 1]
            count += 1
    return kept[:count]


@compiled
def meetings(xy, most, work):
    """How often edges of one loop that do not follow each other cross, touch or coincide.

    Edges are taken by their lower ends, so that each is held only against those at its heights.
    Counting ends beyond `most`, which is also told where more than `work` pairs are to be held
    against each other.
    """
    xy = _once_in_a_row(xy)
    n = xy.shape[0]
    low, high = np.empty(n), np.empty(n)
    for v in range(n):
        w = v + 1 if v + 1 < n else 0
        low[v], high[v] = min(xy[v, 1], xy[w, 1]), max(xy[v, 1], xy[w, 1])
    order = order_of(low)
    found = held = 0
    for i in range(n):
        a = order[i]
        b = a + 1 if a + 1 < n else 0
        left, right = min(xy[a, 0], xy[b, 0]), max(xy[a, 0], xy[b, 0])
        for j in range(i + 1, n):
            c = order[j]
            if low[c] > high[a]:
                break
            held += 1
            d = c + 1 if c + 1 < n else 0
            if c == b or d == a or _beyond(xy[c, 0], xy[d, 0], left, right, 0.0):
                continue
            one, other = _side_of(xy, a, b, c), _side_of(xy, a, b, d)
            if (one > 0.0 and other > 0.0) or (one < 0.0 and other < 0.0):
                continue
            one, other = _side_of(xy, c, d, a), _side_of(xy, c, d, b)
            if not ((one > 0.0 and other > 0.0) or (one < 0.0 and other < 0.0)):
                found += 1
        if found > most or held > work:
            return most + 1
    return found
