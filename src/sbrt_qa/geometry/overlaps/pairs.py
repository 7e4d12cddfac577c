"""What two contours of one plane are to each other, decided by the area that they enclose.

Neither the number of vertices, nor where they begin, nor the way they run says anything: an export
may change all of these. What counts is how far the outlines are from each other, and the area that
lies in one only.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sbrt_qa.geometry.overlaps._kernels import meet, overlay
from sbrt_qa.model.grid import FloatArray

COPY_MM: Final = 0.3
"""Two outlines that are nowhere farther from each other may be one, drawn or exported twice."""

COPY_SHARE: Final = 0.2
"""Part of the larger area that may lie in one only of an outline and its copy."""

WALL_MM: Final = 0.45
"""A wall of at least this is a wall; between `COPY_MM` and this a hole may be a copy."""

ALIKE: Final = 0.5
"""Part of their joint area that two readings of one outline have in common, at least."""

HOLE_SHARE: Final = 0.8
"""A contour of which at least this part lies within a much larger one is more likely a hole."""

THIN_MM: Final = 1.5
"""A wall no thicker than this on average is thinner than any that is drawn: it is read as a wall,
and may be an outline and another version of it."""

ON_OUTLINE: Final = 0.9
"""Part of the vertices of a coarse copy that lie within `COPY_MM` of the outline it was made of."""

WITHIN: Final = 0.98
"""Part of a contour that lies within another, but for rounding."""

ALONG: Final = 0.4
"""Part of the outline of a contour within another that runs along the other's, from which it is a
part that was drawn again, not a hole."""

SLIVER_MM: Final = 0.2
"""Depth of an overlap that rounding makes, along outlines that run beside each other."""

EDGE_SHARE: Final = 0.04
"""Part of the shorter outline along which two contours that share an edge run, at least."""


class ContourRelation(enum.Enum):
    """What two contours of one plane are to each other."""

    SEPARATE = enum.auto()
    """Apart, or one within the other: island, hole, island in a hole."""
    COPY = enum.auto()
    """One outline, twice."""
    UNCLEAR = enum.auto()
    """A second copy or a thin wall: it cannot be told."""
    CROSSING = enum.auto()
    """Each has a part outside the other and a part within."""
    EDGE = enum.auto()
    """Two pieces of one body that share an edge."""


@dataclass(frozen=True, slots=True)
class ContourPair:
    """Two contours of one plane.

    ``both_mm2`` is what lies in both, ``joint_mm2`` what lies in any; ``near`` says for each what
    part of its outline lies within `COPY_MM` of the other.
    """

    relation: ContourRelation
    near: tuple[float, float] = (0.0, 0.0)
    both_mm2: float = 0.0
    joint_mm2: float = 0.0
    hole: bool = False
    """Whether, of contours that cross, the smaller is more likely a hole than a part."""
    thin_mm: float = 0.0
    """Mean thickness of the wall between one contour and another within it, where it is thin."""


APART: Final = ContourPair(ContourRelation.SEPARATE)


def areas_mm2(first: Sequence[FloatArray], second: Sequence[FloatArray]) -> tuple[float, ...]:
    """Return the areas of two sets of polygons and of their intersection, mm2.

    Each set is read by the even-odd rule. Exact to rounding, whatever crosses.
    """
    loops = [*first, *second]
    if not loops:
        return 0.0, 0.0, 0.0
    start = np.concatenate([[0], np.cumsum([len(loop) for loop in loops])]).astype(np.int64)
    side = np.repeat(np.array([0, 1], dtype=np.int64), [len(first), len(second)])
    areas = overlay(np.concatenate(loops), start, side)
    return tuple(float(a) for a in areas)


def pair_of(a: FloatArray, b: FloatArray) -> ContourPair:
    """Return what two polygons of one plane are to each other."""
    if a.shape == b.shape and np.array_equal(a, b):
        return ContourPair(ContourRelation.COPY, (1.0, 1.0))
    # Cheap answers first: most pairs of a plane are apart by their boxes.
    low = np.stack([a.min(axis=0), b.min(axis=0)])
    high = np.stack([a.max(axis=0), b.max(axis=0)])
    if (low.max(axis=0) > high.min(axis=0) + WALL_MM).any():
        return APART
    xy = np.concatenate([a, b])
    start = np.array([0, len(a), len(a) + len(b)], dtype=np.int64)
    boxes = np.concatenate([low, high], axis=1)
    # How much of each outline runs within `COPY_MM` of the other, the farthest that one gets from
    # the other, and whether edges cross.
    near_a, near_b, farthest, crossing = meet(xy, start, boxes, 0, 1, WALL_MM, COPY_MM)
    beyond = max(np.abs(low[0] - low[1]).max(), np.abs(high[0] - high[1]).max())
    apart = not crossing and near_a == near_b == 0 and farthest > WALL_MM
    if apart and beyond > 2 * THIN_MM:
        return APART
    way = _length(a), _length(b)
    near = (_share(near_a, way[0]), _share(near_b, way[1]))
    # Areas cost more, so they are computed only for outlines that come near each other.
    area_a, area_b, both = areas_mm2([a], [b])
    areas = area_a, area_b, both
    found = _judged(near, farthest, areas, max(near_a, near_b))
    if found.relation is ContourRelation.SEPARATE and _is_drawn_again(near, areas):
        return replace(found, relation=ContourRelation.CROSSING)
    if found.relation not in (ContourRelation.SEPARATE, ContourRelation.CROSSING) or not _alike(
        areas
    ):
        return found
    if max(near) > 0 and max(_share_on(a, b), _share_on(b, a)) >= ON_OUTLINE:
        return replace(found, relation=ContourRelation.UNCLEAR, hole=False)
    wall_mm = 2 * (found.joint_mm2 - both) / max(sum(way), THIN_MM)
    if found.relation is ContourRelation.SEPARATE and wall_mm <= THIN_MM:
        return replace(found, thin_mm=wall_mm)
    return found


def _is_drawn_again(near: tuple[float, float], areas: tuple[float, float, float]) -> bool:
    """Tell whether the smaller of two contours lies within the other, along much of its outline.

    It is a part that was drawn again; a hole keeps away from the outline.
    """
    area_a, area_b, both = areas
    smaller = min(area_a, area_b)
    along = near[0] if area_a <= area_b else near[1]
    return both >= WITHIN * smaller > 0 and along >= ALONG


def _alike(areas: tuple[float, float, float]) -> bool:
    area_a, area_b, both = areas
    return both >= ALIKE * (area_a + area_b - both)


def _share_on(loop: FloatArray, outline: FloatArray) -> float:
    """Return what part of the vertices of a loop lie within `COPY_MM` of an outline."""
    begin = outline
    along = np.roll(outline, -1, axis=0) - begin
    squared = np.maximum((along**2).sum(axis=1), 1e-12)
    on = 0
    for x in loop:
        part = np.clip(((x - begin) * along).sum(axis=1) / squared, 0.0, 1.0)
        away = x - begin - part[:, np.newaxis] * along
        on += bool((away**2).sum(axis=1).min() <= COPY_MM**2)
    return on / len(loop)


def _judged(
    near: tuple[float, float],
    farthest_mm: float,
    areas: tuple[float, float, float],
    beside_mm: float,
) -> ContourPair:
    area_a, area_b, both = areas
    joint = area_a + area_b - both
    # The questions from the most harmless on. Nowhere apart by more than an export rounds: one
    # outline twice. Apart by less than a wall can be thin: two readings of one outline, or a thin
    # wall.
    alike = _alike(areas)
    one_sided = joint - both
    if farthest_mm <= COPY_MM and one_sided <= COPY_SHARE * max(area_a, area_b):
        return ContourPair(ContourRelation.COPY, near, both, joint)
    if alike and (farthest_mm <= WALL_MM or min(near) >= ALIKE):
        return ContourPair(ContourRelation.UNCLEAR, near, both, joint)
    # Rounding moves each outline by up to 0.2 mm, so an overlap of that depth along the stretch
    # they run beside each other is none.
    sliver = SLIVER_MM * beside_mm
    if min(both, area_a - both, area_b - both) > sliver:
        # Much smaller, and nearly all within: someone drew a hole that slips over the edge.
        hole = not alike and both >= HOLE_SHARE * min(area_a, area_b)
        return ContourPair(ContourRelation.CROSSING, near, both, joint, hole)
    if both <= sliver and max(near) >= EDGE_SHARE:
        return ContourPair(ContourRelation.EDGE, near, both, joint)
    return ContourPair(ContourRelation.SEPARATE, near, both, joint)


def _length(loop: FloatArray) -> float:
    step = loop - np.roll(loop, 1, axis=0)
    return float(np.hypot(step[:, 0], step[:, 1]).sum())


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0
