"""Outlines of the pixels of a mask, along their edges, and the same half a pixel farther out or in.

The outline of a mask is exact: it encloses the area of its pixels and no more. Corners of it are
found all at once; along every row and every column of corners two neighbours end one edge, so the
outlines are the loops that these pairs make.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.errors import GeometryError
from sbrt_qa.model.grid import FloatArray

Mask = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]

MOST_CORNERS: Final = 200_000
"""Corners of one mask; an organ on pixels of 0.5 mm has 2,000, noise as many as it has pixels."""


def pixel_outlines(mask: Mask) -> list[Indices]:
    """Return the outlines of a mask [y, x] as corners (x, y), in whole pixels.

    Corner (0, 0) is the lower corner of pixel (0, 0). What belongs to the mask lies to the left of
    the way from corner to corner, so that holes run the other way round than outer outlines. Pixels
    that touch at a corner only are joined there.

    Raises
    ------
    GeometryError
        The mask has more corners than anything that is drawn.
    """
    around = np.pad(mask, 1).astype(np.int8)
    below_left, below_right = around[:-1, :-1], around[:-1, 1:]
    above_left, above_right = around[1:, :-1], around[1:, 1:]
    odd = ((below_left + below_right + above_left + above_right) & 1).astype(bool)
    rising = (below_left == above_right) & (below_right == above_left) & (below_left != below_right)
    y, x = np.nonzero(odd | rising)
    count = int(y.size + rising.sum())
    if count > MOST_CORNERS:
        raise GeometryError(
            "the outline of a mask has too many corners for anything that is drawn",
            got=f"{count:,}", expected=f"at most {MOST_CORNERS:,}",
        )  # fmt: skip
    # A corner at which two pixels touch is two: the first of them has its neighbour to the left.
    twice = 1 + rising[y, x]
    first = np.repeat(np.arange(y.size), twice)
    second = np.r_[False, first[1:] == first[:-1]] if first.size else np.empty(0, bool)
    y, x = y[first], x[first]
    # Pixels joined at a corner: the way from the left goes on to the side that is outside. The mask
    # below left and above right: up; above left and below right: down.
    up_first = rising[y, x] & (below_left[y, x] == 1)
    along_y = np.where(up_first, ~second, second)
    in_rows = np.lexsort((second, x, y))
    in_columns = np.lexsort((along_y, y, x))
    beside, over = np.empty_like(first), np.empty_like(first)
    for order, partner in ((in_rows, beside), (in_columns, over)):
        partner[order[0::2]], partner[order[1::2]] = order[1::2], order[0::2]
    return _loops(x, y, beside, over, above_right)


def _loops(
    x: Indices, y: Indices, beside: Indices, over: Indices, above_right: npt.NDArray[np.int8]
) -> list[Indices]:
    """Follow edges in turn along x and along y until every corner has been passed."""
    left = np.ones(x.size, dtype=bool)
    corners = np.stack([x, y], axis=1)
    next_x, next_y = beside.tolist(), over.tolist()
    found = []
    for start in range(x.size):
        if not left[start]:
            continue
        way, at = [], start
        while left[at]:
            other = next_x[at]
            way += [at, other]
            left[at] = left[other] = False
            at = next_y[other]
        loop = corners[way]
        low = min(int(loop[0, 0]), int(loop[1, 0]))
        rightwards = bool(loop[1, 0] > loop[0, 0])
        inside_above = bool(above_right[loop[0, 1], low])
        found.append(loop if rightwards == inside_above else loop[::-1])
    return found


def moved_outlines(
    loops_mm: Sequence[FloatArray], half_mm: tuple[float, float], outwards: float
) -> list[FloatArray]:
    """Return the outlines of one plane, along pixel edges, with every edge moved by half a pixel.

    Parameters
    ----------
    loops_mm
        All outlines of the plane as `pixel_outlines` returns them, each shape ``(n, 2)``: what is
        enclosed lies to the left of the way from one corner to the next.
    half_mm
        Half a pixel along x and along y.
    outwards
        1 or -1; parts that are one pixel wide shrink to nothing and enclose no area.
    """
    loops = list(loops_mm) if outwards > 0 else _parted_at_corners(loops_mm)
    return [_moved(loop, half_mm, outwards) for loop in loops]


def _moved(xy_mm: FloatArray, half_mm: tuple[float, float], outwards: float) -> FloatArray:
    # Outside lies to the right of the way: of an edge along (dx, dy) that is towards (dy, -dx). Of
    # the two edges at a corner one has only a dx, the other only a dy.
    ahead = np.roll(xy_mm, -1, axis=0) - xy_mm
    way = np.sign(ahead + np.roll(ahead, 1, axis=0))
    return np.asarray(xy_mm + outwards * np.stack([way[:, 1], -way[:, 0]], axis=1) * half_mm)


def _parted_at_corners(loops: Sequence[FloatArray]) -> list[FloatArray]:
    """Return the outlines of the same area, pixels that touch at a corner apart from each other."""
    if not loops:
        return []
    xy = np.concatenate(loops)
    sizes = np.array([len(loop) for loop in loops])
    ends = np.cumsum(sizes)
    following = np.arange(1, len(xy) + 1)
    following[ends - 1] = ends - sizes
    _, which, times = np.unique(xy, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(which.ravel(), kind="stable")
    shared = order[times[which.ravel()[order]] == 2]
    if not shared.size:
        return list(loops)
    one, other = shared[0::2], shared[1::2]
    following[one], following[other] = following[other], following[one].copy()
    left, nexts, found = np.ones(len(xy), dtype=bool), following.tolist(), []
    for start in range(len(xy)):
        way, at = [], start
        while left[at]:
            left[at] = False
            way.append(at)
            at = nexts[at]
        if way:
            found.append(xy[way])
    return found
