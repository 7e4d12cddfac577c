"""What the loops of a stack form on each plane, and the gaps between the planes of a column."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.geometry._kernels import END, _alike, loop_facts
from sbrt_qa.geometry.continued import WIDEST_MM, both_taper, common_share, inwards, lie_above
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


def gaps_of(
    stack: PlaneStack, bodies: Bodies, missing: Missing, slice_spacing_mm: float | None
) -> Gaps:
    """Decide which planes of each column belong together.

    A lone plane in a column of its own is as thick as an image slice, else as the planes of the
    other columns are apart.
    """
    columns = list(pairwise(stack.column_start.tolist()))
    if len(columns) == 1:
        return _column_gaps(stack, bodies, (0, stack.z_mm.size), missing, slice_spacing_mm)
    known = slice_spacing_mm or _usual_of_all(stack, columns)
    found = [_column_gaps(stack, bodies, column, missing, known) for column in columns]
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
    stack: PlaneStack,
    bodies: Bodies,
    column: tuple[int, int],
    missing: Missing,
    slice_spacing_mm: float | None,
) -> Gaps:
    z_mm = stack.z_mm[slice(*column)]
    plain = gaps_between(z_mm, slice_spacing_mm, missing=missing)
    if not plain.doubtful:
        return plain
    wide = np.isin(z_mm[:-1], [*plain.bridged_mm, *plain.parted_mm])
    continued = np.array(
        [
            not wide[p] or _continued(stack, bodies, column, column[0] + p, plain.usual_mm)
            for p in range(wide.size)
        ]
    )
    return gaps_between(z_mm, slice_spacing_mm, continued=continued, missing=missing)


def _continued(
    stack: PlaneStack,
    bodies: Bodies,
    column: tuple[int, int],
    low: int,
    usual_mm: npt.NDArray[np.float64],
) -> bool:
    """Tell whether any body of a plane may go on through the wide gap above it."""
    high, start = low + 1, bodies.plane_start
    if stack.z_mm[high] - stack.z_mm[low] > WIDEST_MM:
        return False
    usual = float(max(usual_mm[low - column[0]], usual_mm[high - column[0]]))
    for i in range(start[low], start[low + 1]):
        for j in range(start[high], start[high + 1]):
            if bodies.depth[i] % 2 or bodies.depth[j] % 2:
                continue
            below = list(
                inwards(start, bodies.boxes, i, range(low - 1, max(low - 3, column[0] - 1), -1))
            )
            above = list(inwards(start, bodies.boxes, j, range(high + 1, min(high + 3, column[1]))))
            sides = _sections(stack, bodies, below), _sections(stack, bodies, above)
            if not both_taper(*sides, usual) and _in_line(stack, bodies, below, above):
                return True
    return False


def _in_line(stack: PlaneStack, bodies: Bodies, below: list[int], above: list[int]) -> bool:
    """Tell whether two bodies lie above each other, as they are or as both lean towards the gap."""
    low, high = (_loops(stack, bodies, chain[0]) for chain in (below, above))
    if lie_above(low, high):
        return True
    if len(below) < 2 or len(above) < 2:
        return False
    centre, plane = bodies.moments[:, :2], _plane_of(bodies, [*below[:2], *above[:2]])
    z = stack.z_mm[plane]
    lean = (centre[below[0]] - centre[below[1]]) / (z[0] - z[1])
    lean = (lean + (centre[above[1]] - centre[above[0]]) / (z[3] - z[2])) / 2
    return lie_above([loop + lean * (z[2] - z[0]) for loop in low], high)


def _plane_of(bodies: Bodies, chain: Sequence[int]) -> IntArray:
    return np.asarray(np.searchsorted(bodies.plane_start, np.array(chain), side="right") - 1)


def _loops(stack: PlaneStack, bodies: Bodies, body: int) -> list[FloatArray]:
    return [
        stack.xy_mm[stack.loop_start[k] : stack.loop_start[k + 1]]
        for k in np.flatnonzero(bodies.of_loop == body).tolist()
    ]


def _sections(stack: PlaneStack, bodies: Bodies, chain: Sequence[int]) -> list[tuple[float, float]]:
    """Return z and area of some bodies."""
    z, area = stack.z_mm[_plane_of(bodies, chain)], bodies.moments[list(chain), 4]
    return list(zip(z.tolist(), area.tolist(), strict=True))


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
            below, above = _along(partner[:, 0], i), _along(partner[:, 1], found[0])
            sides = _sections(stack, bodies, below), _sections(stack, bodies, above)
            if width <= WIDE_FACTOR * usual or both_taper(*sides, usual):
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
    return common_share(bodies.boxes[i], bodies.boxes[j]) >= FACING and bool(
        _alike(bodies.moments[i], bodies.moments[j])
    )


def _along(partner: IntArray, body: int) -> list[int]:
    """Return a body and up to two that continue it on one side."""
    chain = [body]
    while len(chain) < 3 and partner[chain[-1]] >= 0:
        chain.append(int(partner[chain[-1]]))
    return chain
