"""The scan, slow and obvious: what the compiled one must equal.

Every line asks every edge of every piece. No index, no sorting tricks, plain Python numbers.
"""

from __future__ import annotations

import math

import numpy as np

from sbrt_qa.geometry.regions import Cells
from sbrt_qa.geometry.scanlines import Lines, Spans


def scan(cells: Cells, lines: Lines) -> Spans:
    """Cut the lines by the region's polygons; see :func:`sbrt_qa.geometry.scanlines.scan`."""
    start, low, high = [0], [], []
    for cell in range(cells.start.size - 1):
        for line in range(lines.start[cell], lines.start[cell + 1]):
            y, z = float(lines.y_mm[line]), float(lines.z_mm[line])
            for a, b in _spans(cells, cell, y, z):
                low.append(a)
                high.append(b)
            start.append(len(low))
    return Spans(lines, np.array(start), np.array(low), np.array(high))


def _spans(cells: Cells, cell: int, y: float, z: float) -> list[tuple[float, float]]:
    found = sorted(_crossings(cells, cell, y, z))
    mask, inside, begin, result = 0, False, 0.0, []
    for x, solid in found:
        mask ^= 1 << solid
        if bool(cells.table[mask]) != inside:
            inside = not inside
            if inside:
                begin = x
            elif x > begin:
                result.append((begin, x))
    return result


def _crossings(cells: Cells, cell: int, y: float, z: float) -> list[tuple[float, int]]:
    xy, loop_start, loop, plane, law, solid = cells.pieces
    result = []
    for piece in cells.members[cells.start[cell] : cells.start[cell + 1]]:
        polygon = xy[loop_start[loop[piece]] : loop_start[loop[piece] + 1]].tolist()
        x0, y0, ax1, ax2, ay1, ay2, bx1, bx2, by1, by2 = law[piece].tolist()
        d = z - float(plane[piece])
        square_x, square_y = 1 + d * (bx1 + d * bx2), 1 + d * (by1 + d * by2)
        if square_x <= 0 or square_y <= 0:
            continue
        cx, cy = x0 + d * (ax1 + d * ax2), y0 + d * (ay1 + d * ay2)
        own = y0 + (y - cy) / math.sqrt(square_y)
        for (xa, ya), (xb, yb) in zip([polygon[-1], *polygon], polygon, strict=False):
            if (ya > own) != (yb > own):
                (xl, yl), (xh, yh) = ((xa, ya), (xb, yb)) if yb > ya else ((xb, yb), (xa, ya))
                across = xl + (own - yl) / (yh - yl) * (xh - xl)
                result.append((cx + math.sqrt(square_x) * (across - x0), int(solid[piece])))
    return result
