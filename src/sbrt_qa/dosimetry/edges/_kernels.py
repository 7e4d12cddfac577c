"""Compiled walk along the edges that bound a region, at given heights. No checks: callers check."""

from __future__ import annotations

import numpy as np

from sbrt_qa.dosimetry._kernels import compiled, extremes_on_edge, inner, locate
from sbrt_qa.geometry._kernels import place_of_piece


@inner
def _inside_others(x, y, z, own, pieces, members):
    """Bits of the solids, other than `own`, that hold the point by the even-odd rule."""
    xy, loop_start, loop, plane, law, solid = pieces
    mask = 0
    for k in members:
        if solid[k] == own:
            continue
        sx, sy, cx, cy = place_of_piece(law, k, z - plane[k])
        if sx == 0.0:
            continue
        px, py = law[k, 0] + (x - cx) / sx, law[k, 1] + (y - cy) / sy
        last = loop_start[loop[k] + 1] - 1
        for v in range(loop_start[loop[k]], loop_start[loop[k] + 1]):
            if (xy[v, 1] > py) != (xy[last, 1] > py):
                part = (py - xy[v, 1]) / (xy[last, 1] - xy[v, 1])
                if px < xy[v, 0] + part * (xy[last, 0] - xy[v, 0]):
                    mask ^= 1 << solid[k]
            last = v
    return mask


@inner
def _piece_extremes(k, z, pieces, members, table, dose, frame, iz, fz, found, low, high):
    """Widen low and high by the edges of one piece at one height."""
    xy, loop_start, loop, plane, law, solid = pieces
    x0, dx, y0, dy = frame
    sx, sy, cx, cy = place_of_piece(law, k, z - plane[k])
    if sx == 0.0:
        return low, high
    last = loop_start[loop[k] + 1] - 1
    ua = (cx + sx * (xy[last, 0] - law[k, 0]) - x0) / dx
    va = (cy + sy * (xy[last, 1] - law[k, 1]) - y0) / dy
    for v in range(loop_start[loop[k]], loop_start[loop[k] + 1]):
        ub = (cx + sx * (xy[v, 0] - law[k, 0]) - x0) / dx
        vb = (cy + sy * (xy[v, 1] - law[k, 1]) - y0) / dy
        count = extremes_on_edge(ua, va, ub - ua, vb - va, iz, fz, dose, low, high, found)
        for f in range(count):
            if table.size > 2:
                x, y = x0 + found[f, 2] * dx, y0 + found[f, 3] * dy
                mask = _inside_others(x, y, z, solid[k], pieces, members)
                if not (table[mask] or table[mask | (1 << solid[k])]):
                    continue
            low, high = min(low, found[f, 0]), max(high, found[f, 1])
        ua, va = ub, vb
    return low, high


@compiled
def extremes_on_edges(pieces, cells, table, height_start, heights, dose, x, y, z, low, high):
    """Return `low` and `high` widened by the dose on edges that bound the region.

    ``x, y, z`` are the grid's axes. In a Boolean combination a stretch of an edge between two grid
    lines counts when its middle touches the region.
    """
    frame = (x[0], (x[-1] - x[0]) / (x.size - 1), y[0], (y[-1] - y[0]) / (y.size - 1))
    found = np.empty((x.size + y.size + 4, 4))
    cell_start, members = cells
    for c in range(cell_start.size - 1):
        here = members[cell_start[c] : cell_start[c + 1]]
        for h in range(height_start[c], height_start[c + 1]):
            iz, fz = locate(z, heights[h])
            if iz < 0:
                continue
            for k in here:
                low, high = _piece_extremes(
                    k, heights[h], pieces, here, table, dose, frame, iz, fz, found, low, high
                )
    return low, high
