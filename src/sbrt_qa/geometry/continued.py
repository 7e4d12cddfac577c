"""Whether a structure plausibly goes on where planes are missing, or two bodies end there.

It goes on where sections of both sides lie above each other for a good part, unless both shrink to
nothing in between: two lesions above each other each end as balls do, an organ of which slices were
forgotten does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.geometry.overlaps.pairs import areas_mm2
from sbrt_qa.model.grid import FloatArray

WIDEST_MM: Final = 50.0
"""Widest gap through which a structure may go on; what is farther apart are two bodies."""

ABOVE_SHARE: Final = 0.25
"""Part of the smaller of two facing sections that lies above the other, at least."""

TAPER_REACH: Final = 2.0
"""Spacings beyond its last plane within which a body that tapers ends: within one if it was drawn
to its end, within two if the last, small section was left out."""

TAPER_ROOM: Final = 1.15
"""Two bodies that taper towards each other end within this many widths of the gap together."""

Sections = Sequence[tuple[float, float]]
"""z and area of a body's sections, mm and mm2, from its end inwards."""


def common_share(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    """Return what part of their joint area two boxes have in common."""
    side = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    both = float(np.prod(np.maximum(side, 0.0)))
    joint = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - both
    return both / joint if joint > 0 else 0.0


def lie_above(low: Sequence[FloatArray], high: Sequence[FloatArray]) -> bool:
    """Tell whether two sections lie above each other for a good part."""
    one, other, both = areas_mm2(low, high)
    return both > 0 and both >= ABOVE_SHARE * min(one, other)


def both_taper(below: Sections, above: Sections, usual_mm: float) -> bool:
    """Tell whether two bodies end between their facing sections."""
    width = above[0][0] - below[0][0]
    ends = [_vanishing_mm(side) for side in (below, above)]
    return max(ends) <= min(TAPER_REACH * usual_mm, width) and sum(ends) <= TAPER_ROOM * width


def _vanishing_mm(sections: Sections) -> float:
    """Return how far beyond its last plane a body shrinks to nothing; infinite if it does not.

    The area of a ball's sections, as of those of any ellipsoid or cone, is a parabola along z: the
    one through the last three sections, or the line through two.
    """
    (z, last), *inner = sections
    if not inner or last <= 0:
        return np.inf
    away = [abs(height - z) for height, _ in inner[:2]]
    more = [area / last - 1 for _, area in inner[:2]]
    # area(d)/last = 1 + linear d + square d^2, d outwards; the known sections lie at d = -away,
    # where it is 1 + more. Two of them give a line, three a parabola (divided differences).
    square = 0.0
    linear = -more[0] / away[0]
    if len(inner) > 1:
        square = (more[1] / away[1] - more[0] / away[0]) / (away[1] - away[0])
        linear = square * away[0] - more[0] / away[0]
    return float(first_root(np.array([linear]), np.array([square]))[0])


def first_root(linear: FloatArray, square: FloatArray) -> FloatArray:
    """Return the smallest positive root of ``1 + linear d + square d^2``, else infinity.

    A parabola that only just misses zero, as rounding makes of a cone's tip, counts as touching it.
    """
    inside = linear**2 - 4 * square
    misses = inside < -0.1 * linear**2
    # 2c / (-b +- root) instead of (-b +- root) / 2a: it does not lose digits where the square is
    # small, and a straight line (square = 0) needs no case of its own.
    root = np.sqrt(np.maximum(inside, 0.0))
    with np.errstate(divide="ignore"):
        roots = np.stack([2 / (-linear + root), 2 / (-linear - root)])
    roots[~(roots > 0) | misses] = np.inf
    return np.asarray(roots.min(axis=0))


def inwards(
    start: npt.NDArray[np.int64],
    boxes: FloatArray,
    body: int,
    planes: Sequence[int],
) -> Iterator[int]:
    """Yield a body and those that continue it on the next planes inwards, most alike by box."""
    yield body
    for plane in planes:
        there = range(start[plane], start[plane + 1])
        here = boxes[body]
        body = max(there, key=lambda j: common_share(here, boxes[j]))
        if common_share(here, boxes[body]) <= 0:
            return
        yield body
