"""What the loops of a stack form on each plane, and the gaps between the planes of a column."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.geometry._kernels import END, _alike, loop_facts
from sbrt_qa.geometry.parts._kernels import any_touch
from sbrt_qa.geometry.planes import IntArray, PlaneStack
from sbrt_qa.geometry.slabs import BRIDGE_FACTOR, WIDE_FACTOR, Gaps, Missing, gaps_between
from sbrt_qa.model.grid import FloatArray

MOST_SKIPPED: Final = 2
"""Missing planes through which a body may go on, where other bodies of its column have them."""

FACING: Final = 0.5
"""Part of their joint box that two sections across such planes have in common, at least."""


@dataclass(frozen=True, slots=True, eq=False)
class Bodies:
    """All bodies of a stack, plane after plane; most are one loop.

    Parameters
    ----------
    plane_start
        Bodies of plane ``p`` are ``plane_start[p]`` to ``plane_start[p + 1]``.
    moments, boxes, depth
        As of loops, see `loop_facts`; ``(m, 5)``, ``(m, 4)``, ``(m)``.
    of_loop
        The body of each loop.
    """

    plane_start: IntArray
    moments: FloatArray
    boxes: FloatArray
    depth: IntArray
    of_loop: IntArray


def bodies_of(stack: PlaneStack) -> Bodies:
    """Join the loops of each body; their areas add up."""
    moments, boxes, depth = loop_facts(stack.xy_mm, stack.loop_start, stack.plane_start)
    own = np.arange(depth.size)
    if np.array_equal(stack.body, own):
        return Bodies(stack.plane_start, moments, boxes, depth, own)
    roots, of_loop = np.unique(stack.body, return_inverse=True)
    count = roots.size
    area = np.bincount(of_loop, moments[:, 4], count)
    weight = moments[:, 4] / np.maximum(area, 1e-300)[of_loop]
    centre = [np.bincount(of_loop, weight * moments[:, axis], count) for axis in (0, 1)]
    spread = [
        np.bincount(
            of_loop, weight * (moments[:, 2 + k] + (moments[:, k] - centre[k][of_loop]) ** 2), count
        )
        for k in (0, 1)
    ]
    joint = np.column_stack([*centre, *(np.maximum(v, 1e-9) for v in spread), area])
    whole, least = np.empty((count, 4)), np.empty(count, dtype=np.int64)
    for k in range(count):
        mine = of_loop == k
        whole[k] = [*boxes[mine, :2].min(axis=0), *boxes[mine, 2:].max(axis=0)]
        least[k] = depth[mine].min()
    plane = np.searchsorted(stack.plane_start, roots, side="right") - 1
    per_plane = np.bincount(plane, minlength=stack.z_mm.size)
    plane_start = np.concatenate([[0], np.cumsum(per_plane)]).astype(np.int64)
    return Bodies(plane_start, joint, whole, least, of_loop)


def gaps_of(stack: PlaneStack, missing: Missing, slice_spacing_mm: float | None) -> Gaps:
    """Decide which planes of each column belong together.

    A lone plane in a column of its own is as thick as an image slice, else as the planes of the
    other columns are apart.
    """
    columns = list(pairwise(stack.column_start.tolist()))
    if len(columns) == 1:
        return _column_gaps(stack, 0, stack.z_mm.size, missing, slice_spacing_mm)
    known = slice_spacing_mm or _usual_of_all(stack, columns)
    found = [_column_gaps(stack, *column, missing, known) for column in columns]
    nothing = np.array([np.nan])
    return Gaps(
        width_mm=np.concatenate([a for g in found for a in (g.width_mm, nothing)])[:-1],
        joined=np.concatenate([a for g in found for a in (g.joined, nothing > 0)])[:-1],
        usual_mm=np.concatenate([g.usual_mm for g in found]),
        bridged_mm=tuple(z for g in found for z in g.bridged_mm),
        parted_mm=tuple(z for g in found for z in g.parted_mm),
    )


def _usual_of_all(stack: PlaneStack, columns: list[tuple[int, int]]) -> float | None:
    steps = np.concatenate([np.diff(stack.z_mm[first:last]) for first, last in columns])
    return float(np.median(steps)) if steps.size else None


def _column_gaps(
    stack: PlaneStack, first: int, last: int, missing: Missing, slice_spacing_mm: float | None
) -> Gaps:
    z_mm = stack.z_mm[first:last]
    plain = gaps_between(z_mm, slice_spacing_mm, missing=missing)
    if not plain.doubtful:
        return plain
    width = np.diff(z_mm)
    wide = np.isin(z_mm[:-1], [*plain.bridged_mm, *plain.parted_mm])
    overlapping = np.array(
        [not wide[p] or _facing(stack, first + p, first + p + 1) for p in range(width.size)]
    )
    return gaps_between(z_mm, slice_spacing_mm, overlapping=overlapping, missing=missing)


def _facing(stack: PlaneStack, low: int, high: int) -> bool:
    """Tell whether sections of two planes have a point in common, seen from above."""
    a, b, c = (int(stack.plane_start[p]) for p in (low, low + 1, high + 1))
    return bool(any_touch(stack.xy_mm, stack.loop_start, a, b, int(stack.plane_start[high]), c))


def with_skipped(
    gaps: Gaps,
    stack: PlaneStack,
    bodies: Bodies,
    missing: Missing,
    partner: IntArray,
    gap: FloatArray,
) -> Gaps:
    """Join bodies through planes that others of their column have and they lack.

    A body that ends, and one like it that begins where it ended one or two planes farther on, are
    one with a missing slice.

    Parameters
    ----------
    partner, gap
        What continues each body, and how far that is; changed in place.
    """
    start = bodies.plane_start
    if (np.diff(start) <= 1).all():
        return gaps
    plane = np.repeat(np.arange(start.size - 1), np.diff(start))
    bridged, parted = list(gaps.bridged_mm), list(gaps.parted_mm)
    for i in np.flatnonzero(partner[:, 1] == END).tolist():
        p = int(plane[i])
        for q in range(p + 2, min(p + 2 + MOST_SKIPPED, start.size - 1)):
            if not gaps.joined[p:q].all():
                break
            found = [j for j in range(start[q], start[q + 1]) if _goes_on(bodies, partner, i, j)]
            if len(found) != 1:
                continue
            width = float(stack.z_mm[q] - stack.z_mm[p])
            usual = float(gaps.usual_mm[p])
            if width <= WIDE_FACTOR * usual:
                continue
            filled = width <= BRIDGE_FACTOR * usual
            filled = filled if missing is Missing.USUAL else missing is Missing.FILLED
            (bridged if filled else parted).append(float(stack.z_mm[p]))
            if filled:
                partner[i, 1], partner[found[0], 0] = found[0], i
                gap[i, 1] = gap[found[0], 0] = width
            break
    told = (tuple(sorted(set(bridged))), tuple(sorted(set(parted))))
    return dataclasses.replace(gaps, bridged_mm=told[0], parted_mm=told[1])


def _goes_on(bodies: Bodies, partner: IntArray, i: int, j: int) -> bool:
    if partner[j, 0] != END or bodies.depth[i] % 2 != bodies.depth[j] % 2:
        return False
    return _common(bodies.boxes[i], bodies.boxes[j]) >= FACING and bool(
        _alike(bodies.moments[i], bodies.moments[j])
    )


def _common(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    """Return what part of their joint area two boxes have in common."""
    side = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    both = float(np.prod(np.maximum(side, 0.0)))
    joint = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - both
    return both / joint if joint > 0 else 0.0
