"""Compiled loops of the geometry: loop facts, neighbours, and the scan. No checks: callers check.

Letters: v vertices, m loops, p planes, k pieces, c cells, n lines, s spans. A line crosses an edge
when exactly one end of the edge lies above it, so every vertex counts once.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sbrt_qa.geometry.compiling._kernels import cached

compiled = cached(nogil=True, error_model="numpy")
"""One place for the compile options; no fastmath, so that NaN and rounding stay what they are."""

inner = njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""For what only kernels call: compiled into them, in a fifth less time than with a way in from
Python and a file of its own in the cache."""


END, BRANCH = -1, -2
"""Instead of a neighbour's index: nothing continues the loop; several loops or an unlike one do."""

UNLIKE = 1.5
"""Loops whose area differs by more than this factor from what their widths promise are unlike."""

FEW = 24
"""Crossings up to which a line is sorted by insertion."""


@inner
def order_of(values):
    """Return the indices that sort numbers; equal ones stay in order.

    numba's own sorts take seconds to compile, each once more for every type.
    """
    n = values.size
    order, other = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    for i in range(n):
        order[i] = i
    width = 1
    while width < n:  # runs of `width` are sorted; merge two by two
        for begin in range(0, n, 2 * width):
            middle, end = min(begin + width, n), min(begin + 2 * width, n)
            i, j = begin, middle
            for k in range(begin, end):
                if j == end or (i < middle and values[order[i]] <= values[order[j]]):
                    other[k] = order[i]
                    i += 1
                else:
                    other[k] = order[j]
                    j += 1
        order, other = other, order
        width *= 2
    return order


@inner
def _range(xy, begin, end, axis):
    """Lowest and highest coordinate of some vertices along an axis."""
    low = high = xy[begin, axis]
    for v in range(begin + 1, end):
        low, high = min(low, xy[v, axis]), max(high, xy[v, axis])
    return low, high


@inner
def _moments(xy, begin, end, x, y):
    """Area and second-order sums of a polygon about (x, y): area, sx, sy, sxx, syy."""
    area = sx = sy = sxx = syy = 0.0
    ax, ay = xy[end - 1, 0] - x, xy[end - 1, 1] - y
    for v in range(begin, end):
        bx, by = xy[v, 0] - x, xy[v, 1] - y
        cross = ax * by - bx * ay
        area += cross
        sx += cross * (ax + bx)
        sy += cross * (ay + by)
        sxx += cross * (ax * ax + ax * bx + bx * bx)
        syy += cross * (ay * ay + ay * by + by * by)
        ax, ay = bx, by
    return area / 2, sx / 6, sy / 6, sxx / 12, syy / 12


@inner
def _holds(xy, begin, end, x, y):
    """Even-odd rule for one point and one polygon."""
    inside = False
    last = end - 1
    for v in range(begin, end):
        if (xy[v, 1] > y) != (xy[last, 1] > y):
            across = xy[v, 0] + (y - xy[v, 1]) * (xy[last, 0] - xy[v, 0]) / (xy[last, 1] - xy[v, 1])
            if x < across:
                inside = not inside
        last = v
    return inside


@compiled
def loop_facts(xy, loop_start, plane_start):
    """Return moments ``(m, 5)``, boxes ``(m, 4)`` and nesting depth ``(m)`` of all loops.

    Moments are centre x, y, variance along x, y, and area; boxes are x, y low, then high.
    """
    m = loop_start.size - 1
    moments, boxes = np.empty((m, 5)), np.empty((m, 4))
    depth = np.zeros(m, dtype=np.int64)
    for i in range(m):
        begin, end = loop_start[i], loop_start[i + 1]
        boxes[i, 0], boxes[i, 2] = _range(xy, begin, end, 0)
        boxes[i, 1], boxes[i, 3] = _range(xy, begin, end, 1)
        mx, my = (boxes[i, 0] + boxes[i, 2]) / 2, (boxes[i, 1] + boxes[i, 3]) / 2
        wx, wy = boxes[i, 2] - boxes[i, 0], boxes[i, 3] - boxes[i, 1]
        area, sx, sy, sxx, syy = _moments(xy, begin, end, mx, my)
        cx = cy = 0.0
        vx, vy = wx * wx / 12, wy * wy / 12
        if abs(area) > 1e-6 * wx * wy:
            ux, uy = sxx / area - (sx / area) ** 2, syy / area - (sy / area) ** 2
            if 0.01 * vx < ux <= 3 * vx and 0.01 * vy < uy <= 3 * vy:
                cx, cy, vx, vy = sx / area, sy / area, ux, uy
        moments[i, 0], moments[i, 1] = mx + cx, my + cy
        moments[i, 2], moments[i, 3], moments[i, 4] = max(vx, 1e-9), max(vy, 1e-9), abs(area)
    for p in range(plane_start.size - 1):
        for i in range(plane_start[p], plane_start[p + 1]):
            x, y = xy[loop_start[i], 0], xy[loop_start[i], 1]
            for j in range(plane_start[p], plane_start[p + 1]):
                inside_box = boxes[j, 0] <= x <= boxes[j, 2] and boxes[j, 1] <= y <= boxes[j, 3]
                if i != j and inside_box and _holds(xy, loop_start[j], loop_start[j + 1], x, y):
                    depth[i] += 1
    return moments, boxes, depth


@compiled
def _alike(a, b):
    """Whether one loop can turn into another by moving and scaling alone; moments as above."""
    fill_a = a[4] / np.sqrt(a[2] * a[3])
    fill_b = b[4] / np.sqrt(b[2] * b[3])
    if not (fill_a < UNLIKE * fill_b and fill_b < UNLIKE * fill_a):
        return False
    far = (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2
    return far <= 4 * max(a[2] + a[3], b[2] + b[3])


@compiled
def neighbours(plane_start, joined, moments, boxes, depth):
    """Return what continues each loop below and above: a loop, `END` or `BRANCH`, ``(m, 2)``."""
    m = depth.size
    partner = np.empty((m, 2), dtype=np.int64)
    for i in range(m):
        partner[i, 0] = partner[i, 1] = END
    candidates = np.zeros((m, 2), dtype=np.int64)
    for p in range(joined.size):
        if not joined[p]:
            continue
        for i in range(plane_start[p], plane_start[p + 1]):
            for j in range(plane_start[p + 1], plane_start[p + 2]):
                a, b = boxes[i], boxes[j]
                apart = a[0] > b[2] or b[0] > a[2] or a[1] > b[3] or b[1] > a[3]
                if depth[i] % 2 == depth[j] % 2 and not apart:
                    candidates[i, 1] += 1
                    candidates[j, 0] += 1
                    partner[i, 1] = j
                    partner[j, 0] = i
    for i in range(m):
        j = partner[i, 1]
        if j >= 0 and (candidates[i, 1] > 1 or candidates[j, 0] > 1):
            partner[i, 1] = BRANCH
        elif j >= 0 and not _alike(moments[i], moments[j]):
            partner[i, 1] = BRANCH
            partner[j, 0] = BRANCH
    for j in range(m):
        i = partner[j, 0]
        if i >= 0 and (candidates[j, 0] > 1 or candidates[i, 1] > 1):
            partner[j, 0] = BRANCH
    return partner


@compiled
def index_edges(xy, loop_start):
    """Sort the edges of every loop into even strips of y.

    Returns ``low, per_mm (m)``, ``first_strip (m + 1)``, and ``strip_start``, ``edges``: edges of
    strip t are ``edges[strip_start[t]:strip_start[t + 1]]``, each named by its later vertex. A loop
    whose edges are mostly longer than a strip gets fewer strips.
    """
    m = loop_start.size - 1
    low, per_mm = np.empty(m), np.empty(m)
    first_strip = np.zeros(m + 1, dtype=np.int64)
    for i in range(m):
        begin, end = loop_start[i], loop_start[i + 1]
        low[i], high = _range(xy, begin, end, 1)
        height = high - low[i]
        climb = abs(xy[begin, 1] - xy[end - 1, 1])
        for v in range(begin + 1, end):
            climb += abs(xy[v, 1] - xy[v - 1, 1])
        strips = max(1, int(min(end - begin, 4 * (end - begin) * height / max(climb, 1e-300))))
        per_mm[i] = strips / height if height > 0 else 0.0
        first_strip[i + 1] = first_strip[i] + strips
    strip_start = np.zeros(first_strip[m] + 1, dtype=np.int64)
    for step in range(2):
        if step == 1:
            for t in range(first_strip[m]):
                strip_start[t + 1] += strip_start[t]
            edges = np.empty(strip_start[-1], dtype=np.int64)
            fill = strip_start.copy()
        for i in range(m):
            last_strip = first_strip[i + 1] - first_strip[i] - 1
            before = min(int((xy[loop_start[i + 1] - 1, 1] - low[i]) * per_mm[i]), last_strip)
            for v in range(loop_start[i], loop_start[i + 1]):
                here = min(int((xy[v, 1] - low[i]) * per_mm[i]), last_strip)
                for t in range(min(before, here), max(before, here) + 1):
                    at = first_strip[i] + t
                    if step == 0:
                        strip_start[at + 1] += 1
                    else:
                        edges[fill[at]] = v
                        fill[at] += 1
                before = here
    return low, per_mm, first_strip, strip_start, edges


@inner
def place_of_piece(law, k, d):
    """Return scale and centre of piece k at a distance from its plane: sx, sy, x, y; 0 if gone."""
    sx = 1.0 + d * (law[k, 6] + d * law[k, 7])
    sy = 1.0 + d * (law[k, 8] + d * law[k, 9])
    if sx <= 0.0 or sy <= 0.0:
        return 0.0, 0.0, 0.0, 0.0
    x = law[k, 0] + d * (law[k, 2] + d * law[k, 3])
    y = law[k, 1] + d * (law[k, 4] + d * law[k, 5])
    return np.sqrt(sx), np.sqrt(sy), x, y


@inner
def _cross_loop(
    xy, begin, end, edges, strip_start, strip, own, scale, centre, from_x, x_found, count
):
    """Append where a line at `own`, a y of the loop itself, crosses a loop; return the new count.

    A crossing at x is appended where the piece has it, ``centre + scale * (x - from_x)``.
    """
    for e in range(strip_start[strip], strip_start[strip + 1]):
        v = edges[e]
        last = v - 1 if v > begin else end - 1
        if (xy[v, 1] > own) != (xy[last, 1] > own):
            a, b = (last, v) if xy[v, 1] > xy[last, 1] else (v, last)
            part = (own - xy[a, 1]) / (xy[b, 1] - xy[a, 1])
            across = xy[a, 0] + part * (xy[b, 0] - xy[a, 0])
            x_found[count] = centre + scale * (across - from_x)
            count += 1
    return count


@inner
def _sort(x, solid, count):
    """Sort the crossings of one line by x, in place."""
    if count > FEW:
        order = order_of(x[:count])
        old_x, old_solid = x[:count].copy(), solid[:count].copy()
        for i in range(count):
            x[i], solid[i] = old_x[order[i]], old_solid[order[i]]
        return
    for i in range(1, count):
        xi, si = x[i], solid[i]
        k = i - 1
        while k >= 0 and x[k] > xi:
            x[k + 1] = x[k]
            solid[k + 1] = solid[k]
            k -= 1
        x[k + 1] = xi
        solid[k + 1] = si


@inner
def _grown(values, needed):
    """Return the array, or a copy of at least twice its size when it is too small."""
    if needed <= values.size:
        return values
    longer = np.empty(max(2 * values.size, needed))
    for i in range(values.size):
        longer[i] = values[i]
    return longer


@inner
def _widest(loop_start, loop, cell_start, members):
    """Most vertices of all pieces of one cell: no line can have more crossings."""
    widest = 0
    for c in range(cell_start.size - 1):
        total = 0
        for m in range(cell_start[c], cell_start[c + 1]):
            i = loop[members[m]]
            total += loop_start[i + 1] - loop_start[i]
        widest = max(widest, total)
    return widest


@inner
def _spans_of_line(x_found, solid_found, count, table, x_low, x_high, n_spans):
    """Append the spans between sorted crossings; return how many there are then."""
    mask = 0
    inside = False
    start = 0.0
    for i in range(count):
        mask ^= 1 << solid_found[i]
        if table[mask] != inside:
            inside = not inside
            if inside:
                start = x_found[i]
            elif x_found[i] > start:
                x_low[n_spans] = start
                x_high[n_spans] = x_found[i]
                n_spans += 1
    return n_spans


@compiled
def scan(pieces, cells, strips, table, line_start, y, z, most_crossings):
    """Return the spans of all lines: ``span_start (n + 1)``, ``x_low, x_high (s)``, crossings.

    ``pieces`` are xy, loop_start, loop, plane, law, solid; ``cells`` are start and members.
    A span begins where the truth table turns true and ends where it turns false; spans of no length
    are left out. Stops, with a number beyond `most_crossings`, when there are too many.
    """
    # Within the loops no array is sliced and no tuple unpacked: each would count references, which
    # takes four times as long as the crossings themselves.
    xy, loop_start, loop, plane, law, solid = pieces
    cell_start, members = cells
    low, per_mm, first_strip, strip_start, edges = strips
    widest = _widest(loop_start, loop, cell_start, members)
    x_found, solid_found = np.empty(widest), np.empty(widest, dtype=np.int64)
    span_start = np.zeros(y.size + 1, dtype=np.int64)
    x_low, x_high = np.empty(2 * y.size + 8), np.empty(2 * y.size + 8)
    n_spans = np.int64(0)  # a plain 0 is a type of its own, for which all below is compiled twice
    crossings = 0
    for c in range(cell_start.size - 1):
        for line in range(line_start[c], line_start[c + 1]):
            count = np.int64(0)
            for m in range(cell_start[c], cell_start[c + 1]):
                k = members[m]
                i = loop[k]
                sx, sy, cx, cy = place_of_piece(law, k, z[line] - plane[k])
                if sx == 0.0:
                    continue
                own = law[k, 1] + (y[line] - cy) / sy
                place = (own - low[i]) * per_mm[i]
                strips_here = first_strip[i + 1] - first_strip[i]
                if not 0.0 <= place <= strips_here:
                    continue
                before = count
                count = _cross_loop(
                    xy, loop_start[i], loop_start[i + 1], edges, strip_start,
                    first_strip[i] + min(int(place), strips_here - 1), own,
                    sx, cx, law[k, 0], x_found, count,
                )  # fmt: skip
                for found in range(before, count):
                    solid_found[found] = solid[k]
            crossings += count
            if crossings > most_crossings:
                return span_start, x_low[:0], x_high[:0], crossings
            if count > 1:
                _sort(x_found, solid_found, count)
            if n_spans + count > x_low.size:
                x_low, x_high = _grown(x_low, n_spans + count), _grown(x_high, n_spans + count)
            n_spans = _spans_of_line(x_found, solid_found, count, table, x_low, x_high, n_spans)
            span_start[line + 1] = n_spans
    return span_start, x_low[:n_spans].copy(), x_high[:n_spans].copy(), crossings
