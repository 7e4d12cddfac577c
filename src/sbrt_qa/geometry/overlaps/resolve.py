"""The contours of one plane, once each: copies dropped, crossings read in one way, bodies told.

Loops of one *body* change together from plane to plane: pieces that share an edge, and what the
union of crossing contours is cut into.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.geometry.overlaps._kernels import meetings
from sbrt_qa.geometry.overlaps.pairs import (
    ALIKE,
    APART,
    COPY_MM,
    COPY_SHARE,
    ContourPair,
    ContourRelation,
    areas_mm2,
    pair_of,
)
from sbrt_qa.geometry.overlaps.unions import covered_mm2, union_of
from sbrt_qa.geometry.slabs import Overlaps
from sbrt_qa.model.grid import FloatArray

LEAST_SLIVER_MM2: Final = 0.01
"""Overlap of two pieces of one body that is more than rounding of one edge."""

LAP_SHARE: Final = 0.02
"""Part of its area that a contour may run around twice, as slips of the hand do."""

LEAST_LAP_MM2: Final = 1.0
"""Area up to which that is a slip, too."""

MOST_MEETINGS: Final = 10_000
"""Crossings and touches of one contour up to which it is read otherwise than it is drawn."""

MOST_WORK: Final = 20_000_000
"""Pairs of edges up to which crossings are looked for."""

MOST_PIECES: Final = 1000
"""Pieces up to which a contour is read as what it runs around; a scribble has more."""

CUT_MM: Final = 0.02
"""Points nearer than this are the two ends of one cut."""

MOST_LOOPS: Final = 60
"""Loops of one plane up to which copies of several loops together are looked for."""


class Doubt(enum.StrEnum):
    """Why the contours of a plane can be read in two ways."""

    COPY_OR_WALL = "copy or wall"
    """A second copy of an outline, or a hole behind a thin wall."""
    CROSSING = "crossing"
    """Contours that cross."""
    THIN_WALL = "thin wall"
    """A wall thinner than any that is drawn: perhaps an outline, and another version of it."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """A plane whose contours can be read in two ways, and the area that depends on it."""

    z_mm: float
    doubt: Doubt
    area_mm2: float
    share: float
    """Part of the area that the contours enclose together."""


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """Loops of one plane, read in one way.

    ``body`` is, for each loop, the number of the first loop of its body within the plane.
    """

    loops: tuple[FloatArray, ...]
    body: tuple[int, ...]
    copies: int = 0
    unclear: tuple[tuple[Doubt, float, float], ...] = ()
    thin: tuple[tuple[Doubt, float, float], ...] = ()


def resolve(loops: Sequence[FloatArray], reading: Overlaps) -> Plane:
    """Read the loops of one plane."""
    loops, drawn, laps = each_once_around(loops, reading)
    if len(loops) == 1:
        return Plane((loops[0],), (0,), 0, laps)
    # 1. Second copies go, in every reading. 2. What is left in doubt is told, in every reading.
    # 3. The likely reading takes the largest of what may be versions of one outline.
    kept, pairs, copies = _once(list(loops), _pairs(loops, drawn))
    told = laps + tuple(
        (_DOUBTS[p.relation], p.both_mm2, p.both_mm2 / p.joint_mm2)
        for p in pairs.values()
        if p.relation in _DOUBTS and p.joint_mm2 > 0
    )
    thin = tuple(
        (Doubt.THIN_WALL, p.both_mm2, p.both_mm2 / p.joint_mm2)
        for p in pairs.values()
        if p.thin_mm > 0 and p.joint_mm2 > 0
    )
    if reading in (Overlaps.LIKELY, Overlaps.SOLID):
        kept, pairs = _largest_of_versions(kept, pairs)
    # 4. Contours that this reading takes for one area are united; whatever remains nested is a hole
    #    or an island by the even-odd rule when it is scanned.
    groups = list(_groups(len(kept), [k for k, p in pairs.items() if _joins(p, reading)]))
    edges = [k for k, p in pairs.items() if p.relation is ContourRelation.EDGE]
    found: list[FloatArray] = []
    owner: dict[int, int] = {}
    body: list[int] = []
    for group in groups:
        own = [kept[i] for i in group]
        own = own if len(own) == 1 else _united(own)
        first = len(found)
        owner |= dict.fromkeys(group, first)
        found += own
        body += [first] * len(own)
    # 5. Pieces that share an edge get one body, so that they change together along z.
    for i, j in edges:
        one, other = sorted((body[owner[i]], body[owner[j]]))
        body = [one if b == other else b for b in body]
    return Plane(tuple(found), tuple(body), copies, told, thin)


def each_once_around(
    loops: Sequence[FloatArray], reading: Overlaps
) -> tuple[Sequence[FloatArray], Sequence[int], tuple[tuple[Doubt, float, float], ...]]:
    """Return loops of which none overlaps itself, the contour of each, and what is in doubt.

    A contour that runs around a part of its area twice encloses that part, or leaves it out by the
    even-odd rule. It most likely encloses it, unless a cut leads to it and back: then it is a hole.
    One that crosses itself like an 8 runs around parts of its area the other way: its points may
    stand in a wrong order, and what they were to enclose may reach as far as their hull.
    """
    found: list[FloatArray] = []
    drawn: list[int] = []
    told: list[tuple[Doubt, float, float]] = []
    for number, loop in enumerate(loops):
        pieces, doubt = _once_around(loop, reading)
        found += pieces
        drawn += [number] * len(pieces)
        told += [] if doubt is None else [doubt]
    return found, drawn, tuple(told)


def _once_around(
    loop: FloatArray, reading: Overlaps
) -> tuple[list[FloatArray], tuple[Doubt, float, float] | None]:
    met = meetings(loop, MOST_MEETINGS, MOST_WORK)
    if met == 0:  # it runs around nothing twice
        return [loop], None
    if met > MOST_MEETINGS:  # a scribble: nobody can say what it encloses
        return [loop], (Doubt.CROSSING, _around_mm2(loop), 1.0)
    inside = areas_mm2([loop], [])[0]
    if abs(inside - _around_mm2(loop)) <= LAP_SHARE * inside:
        return [loop], None
    covered = covered_mm2(loop)
    twice = covered - inside
    if twice <= max(LAP_SHARE * covered, LEAST_LAP_MM2):
        return _crossed_over(loop, inside, reading)
    as_drawn = reading is Overlaps.EVEN_ODD
    as_drawn |= reading is not Overlaps.UNION and has_cut(loop)
    pieces = [loop] if as_drawn else union_of([loop], winding=True)
    once = pieces if len(pieces) <= MOST_PIECES else [loop]
    return once, (Doubt.CROSSING, twice, twice / covered)


def _crossed_over(
    loop: FloatArray, inside_mm2: float, reading: Overlaps
) -> tuple[list[FloatArray], tuple[Doubt, float, float] | None]:
    """Read a contour of which parts may be run around the other way, like one half of an 8."""
    other_way = (inside_mm2 - _around_mm2(loop)) / 2
    if other_way <= max(LAP_SHARE * inside_mm2, LEAST_LAP_MM2) or has_cut(loop):
        return [loop], None
    hull = hull_of(loop)
    beyond = _around_mm2(hull) - inside_mm2
    pieces = [hull] if reading is Overlaps.UNION else [loop]
    return pieces, (Doubt.CROSSING, beyond, beyond / (inside_mm2 + beyond))


def hull_of(loop: FloatArray) -> FloatArray:
    """Return the corners of the convex hull of points, rows of (x, y), counterclockwise."""
    points = np.unique(loop, axis=0).tolist()
    halves: list[list[list[float]]] = []
    for along in (points, points[::-1]):
        half: list[list[float]] = []
        for x, y in along:
            while len(half) > 1 and _turn(half[-2], half[-1], (x, y)) <= 0:
                half.pop()
            half.append([x, y])
        halves.append(half[:-1])
    return np.array(halves[0] + halves[1])


def _turn(a: Sequence[float], b: Sequence[float], c: Sequence[float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _around_mm2(loop: FloatArray) -> float:
    """Return the area of a loop, what it runs around twice counted twice."""
    x, y = loop[:, 0], loop[:, 1]
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(np.roll(x, -1), y))) / 2


def has_cut(loop: FloatArray) -> bool:
    """Tell whether a contour runs along an edge forth and back, as to a hole."""
    points = np.round(loop / CUT_MM).astype(np.int64).tolist()
    edges = {(*a, *b) for a, b in zip(points, points[1:] + points[:1], strict=True) if a != b}
    back = sum((c, d, a, b) in edges for a, b, c, d in edges)
    return 0 < back <= len(edges) / 2


_DOUBTS: Final = {
    ContourRelation.UNCLEAR: Doubt.COPY_OR_WALL,
    ContourRelation.CROSSING: Doubt.CROSSING,
}

_Pairs = dict[tuple[int, int], ContourPair]


def _pairs(loops: Sequence[FloatArray], drawn: Sequence[int]) -> _Pairs:
    """Return all pairs of loops that are not apart, by their places; pieces of one contour are."""
    low = np.array([loop.min(axis=0) for loop in loops])
    high = np.array([loop.max(axis=0) for loop in loops])
    far = (low[:, np.newaxis] > high[np.newaxis] + COPY_MM).any(axis=2)
    first, second = np.nonzero(np.triu(~(far | far.T), 1))
    found = {
        (i, j): pair_of(loops[i], loops[j])
        for i, j in zip(first.tolist(), second.tolist(), strict=True)
        if drawn[i] != drawn[j]
    }
    return {key: pair for key, pair in found.items() if pair is not APART}


def _once(loops: list[FloatArray], pairs: _Pairs) -> tuple[list[FloatArray], _Pairs, int]:
    """Drop second copies: of each, the one with most vertices stays."""
    dropped: set[int] = set()
    copies = [key for key, p in pairs.items() if p.relation is ContourRelation.COPY]
    for group in _groups(len(loops), copies):
        best = max(group, key=lambda i: (len(loops[i]), -i))
        dropped |= {i for i in group if i != best}
    if len(loops) - len(dropped) > 2 and len(loops) <= MOST_LOOPS:
        dropped |= set(_copies_of_several(loops, pairs, dropped))
    return *_without(dropped, loops, pairs), len(dropped)


def _largest_of_versions(loops: list[FloatArray], pairs: _Pairs) -> tuple[list[FloatArray], _Pairs]:
    """Take what may be one outline, drawn or exported twice, for one: the largest stays."""
    dropped: set[int] = set()
    versions = [key for key, p in pairs.items() if p.relation is ContourRelation.UNCLEAR]
    for group in _groups(len(loops), versions) if versions else ():
        best = max(group, key=lambda i: areas_mm2([loops[i]], [])[0]) if group[1:] else group[0]
        dropped |= {i for i in group if i != best}
    return _without(dropped, loops, pairs)


def _without(
    dropped: set[int], loops: list[FloatArray], pairs: _Pairs
) -> tuple[list[FloatArray], _Pairs]:
    if not dropped:
        return loops, pairs
    kept = [i for i in range(len(loops)) if i not in dropped]
    place = {i: k for k, i in enumerate(kept)}
    left = {(place[i], place[j]): p for (i, j), p in pairs.items() if not {i, j} & dropped}
    return [loops[i] for i in kept], left


def _copies_of_several(loops: list[FloatArray], pairs: _Pairs, dropped: set[int]) -> Iterator[int]:
    """Yield loops that enclose what several others enclose together.

    Such is a keyhole contour beside the outline and the hole it is made of, or a whole outline
    beside the pieces of it.
    """
    left = [i for i in range(len(loops)) if i not in dropped]
    gone: set[int] = set()
    for i in sorted(left, key=lambda k: -len(loops[k])):
        along = [j for j in left if j != i and j not in gone and _runs_along(pairs, j, i)]
        if i in gone or len(along) < 2:
            continue
        own, others, both = areas_mm2([loops[i]], [loops[j] for j in along])
        sides = [pairs[min(i, j), max(i, j)] for j in along]
        # Area in one only of the loop and the others together; and how long these run along the
        # loop.
        unlike = own + others - 2 * both
        outline = sum(p.near[0] if i < j else p.near[1] for p, j in zip(sides, along, strict=True))
        if unlike <= COPY_SHARE * own / 4 and outline >= ALIKE:
            gone.add(i)
            yield i


def _runs_along(pairs: _Pairs, one: int, other: int) -> bool:
    pair = pairs.get((min(one, other), max(one, other)), APART)
    return (pair.near[0] if one < other else pair.near[1]) >= ALIKE


def _groups(count: int, links: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """Yield the places 0 to `count`, joined by links, in order."""
    owner = list(range(count))
    for i, j in links:
        one, other = sorted((owner[i], owner[j]))
        owner = [one if o == other else o for o in owner]
    for root in sorted(set(owner)):
        yield [i for i in range(count) if owner[i] == root]


def _joins(pair: ContourPair, reading: Overlaps) -> bool:
    """Tell whether a reading takes two contours for one area.

    Pieces of one body whose edges overlap a little are one in every reading.
    """
    if pair.relation is ContourRelation.EDGE:
        return pair.both_mm2 > LEAST_SLIVER_MM2
    if reading is Overlaps.SOLID and pair.thin_mm > 0:
        return True
    if pair.relation not in _DOUBTS or reading is Overlaps.EVEN_ODD:
        return False
    return reading is Overlaps.UNION or not pair.hole


def _united(loops: list[FloatArray]) -> list[FloatArray]:
    """Return the union: the larger loop itself where it holds the others."""
    sizes = [areas_mm2([loop], [])[0] for loop in loops]
    largest = loops[int(np.argmax(sizes))]
    others = [loop for loop in loops if loop is not largest]
    for loop in others:
        _, size, both = areas_mm2([largest], [loop])
        # The union by strips is exact but cuts an outline into pieces; not needed for what lies
        # within.
        if size - both > 1e-6 * size:
            return union_of(loops)
    return [largest]
