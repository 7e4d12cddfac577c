"""Compiled loops of the scan: polygon edges -> crossings -> spans. No checks: callers check.

Letters: v vertices, l loops, c cells, n lines, s spans. A line crosses an edge when the edge's
lower end is at or below it and the upper end above it, so every vertex counts once.
"""

from __future__ import annotations

import numpy as np
from numba import njit

compiled = njit(cache=True, nogil=True, error_model="numpy")
"""One place for the compile options; no fastmath, so that NaN and rounding stay what they are."""


@compiled
def _first_line(y, y0, h, n):
    """Return the index of the first line ``y0 + j * h`` at or above y, at most n."""
    guess = np.ceil((y - y0) / h)
    if not guess > 0.0:
        j = 0
    elif guess >= n:
        j = n
    else:
        j = int(guess)
    while j > 0 and y0 + (j - 1) * h >= y:
        j -= 1
    while j < n and y0 + j * h < y:
        j += 1
    return j


@compiled
def count_crossings(xy, vertex_start, loop_start, loops, y_first, step, n_lines):
    """Count each cell's crossings: ``xy (v, 2)``, ``y_first, step, n_lines (c)`` -> ``(c)``."""
    counts = np.zeros(y_first.size, dtype=np.int64)
    for cell in range(y_first.size):
        y0, h, n = y_first[cell], step[cell], n_lines[cell]
        for k in range(loop_start[cell], loop_start[cell + 1]):
            begin, end = vertex_start[loops[k]], vertex_start[loops[k] + 1]
            previous = _first_line(xy[end - 1, 1], y0, h, n)
            for v in range(begin, end):
                current = _first_line(xy[v, 1], y0, h, n)
                counts[cell] += abs(current - previous)
                previous = current
    return counts


@compiled
def _crossings_of_cell(xy, vertex_start, solid_of_loop, cell_loops, y0, h, n, total):
    """Crossings of one cell sorted by line: offsets ``(n + 1)``, x and solid ``(total)``."""
    per_line = np.zeros(n + 1, dtype=np.int64)
    for loop in cell_loops:
        begin, end = vertex_start[loop], vertex_start[loop + 1]
        previous = _first_line(xy[end - 1, 1], y0, h, n)
        for v in range(begin, end):
            current = _first_line(xy[v, 1], y0, h, n)
            for j in range(min(previous, current), max(previous, current)):
                per_line[j + 1] += 1
            previous = current
    offsets = np.cumsum(per_line)
    fill = offsets.copy()
    x = np.empty(total)
    solid = np.empty(total, dtype=np.int64)
    for loop in cell_loops:
        begin, end = vertex_start[loop], vertex_start[loop + 1]
        last = end - 1
        previous = _first_line(xy[last, 1], y0, h, n)
        for v in range(begin, end):
            current = _first_line(xy[v, 1], y0, h, n)
            if current != previous:
                if xy[v, 1] > xy[last, 1]:
                    a, b = last, v
                else:
                    a, b = v, last
                xa, ya = xy[a, 0], xy[a, 1]
                slope = (xy[b, 0] - xa) / (xy[b, 1] - ya)
                for j in range(min(previous, current), max(previous, current)):
                    at = fill[j]
                    x[at] = xa + (y0 + j * h - ya) * slope
                    solid[at] = solid_of_loop[loop]
                    fill[j] = at + 1
            previous = current
            last = v
    return offsets, x, solid


@compiled
def _sort_line(x, solid, begin, end):
    """Sort the crossings of one line by x, in place."""
    if end - begin > 24:
        order = np.argsort(x[begin:end])
        x[begin:end] = x[begin:end][order]
        solid[begin:end] = solid[begin:end][order]
        return
    for i in range(begin + 1, end):
        xi, si = x[i], solid[i]
        k = i - 1
        while k >= begin and x[k] > xi:
            x[k + 1] = x[k]
            solid[k + 1] = solid[k]
            k -= 1
        x[k + 1] = xi
        solid[k + 1] = si


@compiled
def scan(
    xy, vertex_start, solid_of_loop, loop_start, loops, y_first, step, n_lines, crossings, table
):
    """Return the spans of all lines: ``span_start (n + 1)``, ``x_low, x_high (s)``.

    ``crossings (c)`` as counted before bounds every buffer. A span begins where the truth table
    turns true and ends where it turns false; spans of no length are left out.
    """
    n_all = n_lines.sum()
    span_start = np.zeros(n_all + 1, dtype=np.int64)
    x_low = np.empty(crossings.sum() // 2 + 1)
    x_high = np.empty(crossings.sum() // 2 + 1)
    line = 0
    n_spans = 0
    for cell in range(y_first.size):
        offsets, x, solid = _crossings_of_cell(
            xy, vertex_start, solid_of_loop, loops[loop_start[cell] : loop_start[cell + 1]],
            y_first[cell], step[cell], n_lines[cell], crossings[cell],
        )  # fmt: skip
        for j in range(n_lines[cell]):
            _sort_line(x, solid, offsets[j], offsets[j + 1])
            mask = 0
            inside = False
            start = 0.0
            for k in range(offsets[j], offsets[j + 1]):
                mask ^= 1 << solid[k]
                if table[mask] != inside:
                    inside = not inside
                    if inside:
                        start = x[k]
                    elif x[k] > start:
                        x_low[n_spans] = start
                        x_high[n_spans] = x[k]
                        n_spans += 1
            line += 1
            span_start[line] = n_spans
    return span_start, x_low[:n_spans].copy(), x_high[:n_spans].copy()
