"""From planes to a solid: each loop gets a stretch of z and a law by which it changes there.

A loop's law moves its centre and scales it along x and y with the distance ``d`` from its plane:
the centre by ``a1 d + a2 d^2``, and the squared scale is ``1 + b1 d + b2 d^2``. The squared width
of a section is exactly such a parabola for ellipsoids, cones and cylinders of any direction, and
the parabola through a loop and its neighbours above and below follows any smooth organ. Where the
section shrinks to nothing before the next plane, the parabola says where the solid ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sbrt_qa.geometry._kernels import BRANCH, END, neighbours
from sbrt_qa.geometry.bodies import Bodies, bodies_of, gaps_of, with_skipped
from sbrt_qa.geometry.continued import first_root
from sbrt_qa.geometry.planes import IntArray, PlaneStack
from sbrt_qa.geometry.slabs import HALF, LONE, Between, Convention, Ends, Gaps, Missing
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.remembered import remembered

CENTRE = slice(0, 2)
SHIFT_X, SHIFT_Y = slice(2, 4), slice(4, 6)
SCALE_X, SCALE_Y = slice(6, 8), slice(8, 10)
LAW_COLUMNS = 10
"""Columns of a law: centre (x, y), then two coefficients each of shift and squared scale."""

TAPER_SLACK = 1.15
"""A solid that would end up to this many gaps beyond its last plane ends before the next plane."""


BULGE = 0.4
"""How far, in gaps, an edge may go beyond both its planes on the way from one to the other. A ball
does so only if its radius is smaller than a third of a gap; a parabola laid over a kink does."""


@dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """Pieces of z, each filled by one loop and its law.

    Parameters
    ----------
    stack
        The planes.
    gaps
        How they belong together.
    loop
        The loop of each piece.
    plane_mm, low_mm, high_mm
        z of the loop's plane, and the piece's extent; shape ``(pieces,)``.
    law
        Shape ``(pieces, 10)``, see the module's docstring.
    """

    stack: PlaneStack
    gaps: Gaps
    loop: IntArray
    plane_mm: FloatArray
    low_mm: FloatArray
    high_mm: FloatArray
    law: FloatArray


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class _Loops:
    """All bodies of all planes; most are one loop.

    Parameters
    ----------
    facts
        z, centre and variances ``(m, 5)``.
    box
        x, y low, then high, ``(m, 4)``.
    partner
        What is below and above each: a body, `END` or `BRANCH`, ``(m, 2)``.
    gap
        How far that is, or would be, ``(m, 2)``.
    of_loop
        The body of each loop.
    """

    facts: FloatArray
    box: FloatArray
    partner: IntArray
    gap: FloatArray
    of_loop: IntArray


def make_solid(
    stack: PlaneStack, convention: Convention, slice_spacing_mm: float | None = None
) -> Solid:
    """Give every loop its extent and its law under a convention."""
    # 1. Loops that change together are one body; most bodies are one loop.
    # 2. Which planes of a column belong together, and which body continues which across them.
    loops, gaps = _examined(stack, convention.missing, slice_spacing_mm)
    plane = loops.facts[:, 0]
    # 3. Each side of a plane has its own extent and its own law, because its neighbours differ.
    low, law_low = _side(loops, convention, 0)
    high, law_high = _side(loops, convention, 1)
    # 4. Where both laws are the same (the usual case: the parabola through three planes) the two
    #    halves are one piece, which halves the work of the scan.
    split = (law_low != law_high).any(axis=1)
    of_loop = loops.of_loop
    loop = np.arange(of_loop.size)
    again = loop[split[of_loop]]
    pieces, body = np.concatenate([loop, again]), np.concatenate([of_loop, of_loop[again]])
    upper = np.arange(body.size) >= of_loop.size
    return Solid(
        stack,
        gaps,
        loop=pieces,
        plane_mm=plane[body],
        low_mm=np.where(upper, plane[body], low[body]),
        high_mm=np.where(split[body] & ~upper, plane[body], high[body]),
        law=np.where(upper[:, np.newaxis], law_high[body], law_low[body]),
    )


def _examined(
    stack: PlaneStack, missing: Missing, slice_spacing_mm: float | None
) -> tuple[_Loops, Gaps]:
    """Return what conventions that differ elsewhere have in common; once for a stack."""
    known, key = _examined_so_far(stack), (missing, slice_spacing_mm)
    if key not in known:
        bodies = bodies_of(stack)
        gaps = gaps_of(stack, bodies, missing, slice_spacing_mm)
        known[key] = _examine(stack, bodies, gaps, missing)
    return known[key]


@remembered
def _examined_so_far(
    stack: PlaneStack,  # noqa: ARG001 - known by itself
) -> dict[tuple[Missing, float | None], tuple[_Loops, Gaps]]:
    return {}


def _examine(
    stack: PlaneStack, bodies: Bodies, gaps: Gaps, missing: Missing
) -> tuple[_Loops, Gaps]:
    """Find what continues each body, also through missing planes that others of its column have."""
    partner = neighbours(
        bodies.plane_start, gaps.joined, bodies.moments, bodies.boxes, bodies.depth
    )
    # How far the neighbour is, or would be: the gap on that side; where that is open, the gap on
    # the other side; for a plane alone, the usual spacing.
    width = np.where(gaps.joined, gaps.width_mm, np.nan)
    below, above = np.concatenate([[np.nan], width]), np.concatenate([width, [np.nan]])
    usual = np.where(np.isnan(below) & np.isnan(above), gaps.usual_mm, np.nan)
    gap = np.column_stack([_first_known(below, above, usual), _first_known(above, below, usual)])
    plane = np.repeat(np.arange(stack.z_mm.size), np.diff(bodies.plane_start))
    gap = gap[plane]
    gaps = with_skipped(gaps, stack, bodies, missing, partner, gap)
    facts = np.column_stack([stack.z_mm[plane], bodies.moments[:, :4]])
    return _Loops(facts, bodies.boxes, partner, gap, bodies.of_loop), gaps


def _first_known(*choices: FloatArray) -> FloatArray:
    result = choices[0]
    for other in choices[1:]:
        result = np.where(np.isnan(result), other, result)
    return result


def _side(loops: _Loops, convention: Convention, side: int) -> tuple[FloatArray, FloatArray]:
    """Return where each loop's piece ends below (side 0) or above (1), and its law on that side."""
    z, gap = loops.facts[:, 0], loops.gap[:, side]
    ends = loops.partner[:, side] == END
    law, vanishes = _law(loops, convention.between, side)
    # Towards a neighbour a piece goes half-way, always: there the neighbour's own piece takes over.
    # At an end it goes as far as the convention says.
    reach = np.where(ends, convention.flat_ends[side], HALF) * gap
    if convention.ends is Ends.NONE:
        reach = np.where(ends, 0.0, reach)
    elif convention.ends is Ends.TAPERED:
        # A section that shrinks to nothing before the next plane would have come ends there: a ball
        # drawn on its last possible plane. `TAPER_SLACK` allows for the law being a fit; the piece
        # never reaches beyond the plane that shows nothing.
        tapers = ends & (vanishes <= TAPER_SLACK * gap)
        reach = np.where(tapers, np.minimum(vanishes, gap), reach)
    # A loop on one plane only is not a body of no thickness, whatever the convention.
    lone = (loops.partner == END).all(axis=1)
    reach = np.where(lone, np.maximum(reach, LONE * gap), reach)
    return (z - reach if side == 0 else z + reach), law


def _law(loops: _Loops, between: Between, side: int) -> tuple[FloatArray, FloatArray]:
    """Return the law of each loop on one side, and how far it shrinks to nothing; once."""
    known, key = _laws_so_far(loops), (between, side)
    if key not in known:
        law = np.zeros((loops.facts.shape[0], LAW_COLUMNS))
        law[:, CENTRE] = loops.facts[:, 1:3]
        if between is Between.MORPH:
            _fit(law, loops, side)
            _straighten(law, loops, side)
        known[key] = law, _vanishing(law, -1.0 if side == 0 else 1.0)
    return known[key]


@remembered
def _laws_so_far(
    loops: _Loops,  # noqa: ARG001 - known by itself
) -> dict[tuple[Between, int], tuple[FloatArray, FloatArray]]:
    return {}


def _fit(law: FloatArray, loops: _Loops, side: int) -> None:
    """Lay the law through each loop and up to two others of its row.

    These are its neighbours on both sides; where the far one is missing, the near one and the next
    beyond it; where the near side ends, the two on the far side. Towards a branch nothing changes.
    """
    # Which three planes. Inside: the one below, here, the one above. Next to an end: here and two
    # further in. Next to a branch, where no single loop continues this one: unchanged.
    near, far = loops.partner[:, side], loops.partner[:, 1 - side]
    nearer = np.where(near >= 0, loops.partner[np.maximum(near, 0), side], END)
    farther = np.where(far >= 0, loops.partner[np.maximum(far, 0), 1 - side], END)
    first = np.where(near >= 0, near, np.where(near == END, far, BRANCH))
    second = np.where(near >= 0, np.where(far >= 0, far, nearer), farther)
    one, two = first >= 0, (first >= 0) & (second >= 0)
    here = np.arange(near.size)
    # In the order of z, so that both halves of a piece get the same numbers bit by bit.
    low, high = np.minimum(first, second), np.maximum(first, second)
    _parabola(law, loops.facts, here[two], low[two], high[two])
    _line(law, loops.facts, here[one & ~two], first[one & ~two])


def _straighten(law: FloatArray, loops: _Loops, side: int) -> None:
    """Lead both edges straight to those of the neighbour where the parabola bulges too far.

    A flat end that the planes cut obliquely is such a place: there the edge has a kink.
    """
    near, gap = loops.partner[:, side], loops.gap[:, side]
    signed = -gap if side == 0 else gap
    for columns in ((0, SHIFT_X, SCALE_X), (1, SHIFT_Y, SCALE_Y)):
        # Edges at a quarter and at half of the gap, against the range of both planes' edges.
        own = loops.box[:, columns[0] :: 2]
        beside = own[np.maximum(near, 0)]
        lowest = np.minimum(own, beside)[:, 0] - BULGE * gap
        highest = np.maximum(own, beside)[:, 1] + BULGE * gap
        half_way, end = (_edges(law, own, columns, part * signed) for part in (HALF / 2, HALF))
        low, high = np.minimum(half_way, end)[:, 0], np.maximum(half_way, end)[:, 1]
        wild = ((low < lowest) | (high > highest)) & (near >= 0) & (own[:, 0] < own[:, 1])
        here = np.flatnonzero(wild)
        distance = loops.facts[near[here], 0] - loops.facts[here, 0]
        _lead(law, here, columns, own[here], beside[here], distance)


_Columns = tuple[int, slice, slice]
"""Columns of a law along one axis: centre, shift, scale."""


def _edges(law: FloatArray, box: FloatArray, columns: _Columns, d: FloatArray) -> FloatArray:
    """Return where a law brings both edges of every loop along one axis, ``(m, 2)``."""
    centre = law[:, columns[0]]
    (shift, shift_2), (scale, scale_2) = law[:, columns[1]].T, law[:, columns[2]].T
    size = np.sqrt(np.maximum(1 + d * (scale + d * scale_2), 0.0))
    moved = centre + d * (shift + d * shift_2)
    return np.asarray(moved[:, None] + size[:, None] * (box - centre[:, None]))


def _lead(
    law: FloatArray,
    here: IntArray,
    columns: _Columns,
    own: FloatArray,
    beside: FloatArray,
    distance: FloatArray,
) -> None:
    """Lay a law that brings the edges `own` to the edges `beside` at a distance."""
    axis, shift, scale = columns
    # Edges e and e' at distance D: the squared scale 1 + b1 d is (width'/width)^2 at d = D, and the
    # centre moves so that the middle of the edges arrives where the neighbour's is.
    ratio = (beside[:, 1] - beside[:, 0]) / (own[:, 1] - own[:, 0])
    centre = law[here, axis]
    moved = beside.mean(axis=1) - centre - ratio * (own.mean(axis=1) - centre)
    zero = np.zeros(here.size)
    law[here, shift] = np.column_stack([moved / distance, zero])
    law[here, scale] = np.column_stack([(ratio**2 - 1) / distance, zero])


def _parabola(law: FloatArray, facts: FloatArray, here: IntArray, a: IntArray, b: IntArray) -> None:
    da, db = facts[a, 0] - facts[here, 0], facts[b, 0] - facts[here, 0]
    for columns, source, relative in _TARGETS:
        base = facts[here, source]
        fa, fb = facts[a, source] - base, facts[b, source] - base
        # Newton's divided differences: f(d) = f0 + linear d + square d^2 through (0, f0), (da, f0 +
        # fa) and (db, f0 + fb). For the scale f is the variance of the section, divided by its own
        # value.
        square = (fa / da - fb / db) / (da - db)
        linear = fa / da - square * da
        unit = base if relative else 1.0
        law[here, columns.start], law[here, columns.start + 1] = linear / unit, square / unit


def _line(law: FloatArray, facts: FloatArray, here: IntArray, other: IntArray) -> None:
    distance = facts[other, 0] - facts[here, 0]
    for columns, source, relative in _TARGETS:
        base = facts[here, source]
        unit = base if relative else 1.0
        law[here, columns.start] = (facts[other, source] - base) / distance / unit


_TARGETS = ((SHIFT_X, 1, False), (SHIFT_Y, 2, False), (SCALE_X, 3, True), (SCALE_Y, 4, True))
"""Columns of the law, the column of facts they follow, and whether relative to its value."""


def _vanishing(law: FloatArray, sign: float) -> FloatArray:
    """Return how far from its plane each section shrinks to nothing; infinite if it never does."""
    along_x = first_root(law[:, 6] * sign, law[:, 7])
    return np.minimum(along_x, first_root(law[:, 8] * sign, law[:, 9]))
