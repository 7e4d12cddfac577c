"""Stacks of planes that were drawn between each other, within one column.

Two contouring sessions on two image series leave planes at z = 0, 3, 6 and at 0.5, 3.5, 6.5. Read
as one stack they would be cut to slices of both. They are told apart by their spacing, at which the
planes of one stack follow each other, and by their sections: those of one stack resemble each other
far more than neighbouring ones do, or those of one repeat those of the other.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final

import numpy as np

from sbrt_qa.geometry.overlaps.pairs import COPY_MM, ContourRelation, areas_mm2, pair_of
from sbrt_qa.geometry.overlaps.resolve import Doubt, Unclear
from sbrt_qa.model.grid import FloatArray

EVEN_SHARE: Final = 0.06
"""Part of the spacing by which two steps of one stack may differ."""

MOST_STACKS: Final = 4
"""Stacks drawn between each other that are looked for."""

UNLIKE: Final = 0.1
"""Part of their joint box in which neighbouring sections of two stacks differ, at least."""

MORE_ALIKE: Final = 0.5
"""What remains of that difference between sections of one stack, at most."""

FEW_PLANES: Final = 4
"""Planes that two stacks have at least."""

NEAR_SHARE: Final = 0.7
"""Part of the slice spacing that planes of one stack are apart at least."""

LEAST_SHARE: Final = 0.3
"""The same part of the step over two planes, where the slice spacing is not known."""

MOST_EVEN: Final = 0.7
"""Part of the steps that are the usual one, up to which planes are unevenly spaced."""

MOST_LINKED: Final = 0.6
"""Part of the planes of a stack that must follow each other at its step."""

MOST_COPIES: Final = 0.8
"""Part of the planes of a stack that must repeat those of another for it to be a copy."""

WITHIN: Final = 0.98
"""Part of a hole that must lie within what is around it."""


class PlaneRole(enum.Enum):
    """What a stack is to another between whose planes it was drawn."""

    COPY = enum.auto()
    """The same outlines, moved along z."""
    HOLE = enum.auto()
    """It lies within the other."""
    PART = enum.auto()
    """It lies at least partly outside."""


Planes = list[list[int]]
"""The contours of each plane, by their places."""

Sections = Sequence[tuple[float, list[FloatArray]]]
"""z and loops of each plane."""


def interleaved(
    planes: Planes, z_mm: FloatArray, boxes: FloatArray, slice_spacing_mm: float | None
) -> list[Planes]:
    """Return the stacks that the planes of a column form, the one with the largest section first.

    Parameters
    ----------
    planes
        In the order of z.
    z_mm, boxes
        Height, and x, y low, then high, of all contours.
    slice_spacing_mm
        Planes nearer than the image slices are of two stacks, where their sections repeat.
    """
    if len(planes) < FEW_PLANES:
        return [planes]
    heights = z_mm[[plane[0] for plane in planes]]
    steps, around = np.diff(heights), _boxes(planes, boxes)
    # The usual structure leaves here: neighbouring sections are alike and planes evenly spaced.
    unlike = float(_unlike(around[:-1], around[1:]).mean())
    if unlike <= UNLIKE and steps.min() >= (1 - EVEN_SHARE) * steps.max():
        return [planes]
    near = _too_near(heights, slice_spacing_mm)
    best: tuple[float, list[list[int]]] = (np.inf, [])
    # Try the spacings at which planes one, two, three or four places apart follow each other. Of
    # those that part the planes into stacks with planes between each other's, take the one within
    # whose stacks neighbouring sections are most alike.
    for step in _steps_mm(heights):
        stacks, (one, other) = _stacks(heights, step)
        if not 1 < len(stacks) <= MOST_STACKS or not _between_each_other(stacks):
            continue
        if len(one) < MOST_LINKED * (len(planes) - len(stacks)):
            continue
        apart = float(_unlike(around[one], around[other]).mean())
        # Either sections jump from plane to plane and run smoothly within the stacks, or planes are
        # nearer than slices of one image can be and the stacks repeat each other's sections.
        told_apart = unlike > UNLIKE and apart < MORE_ALIKE * unlike
        if apart < best[0] and (told_apart or (near and _repeat(stacks, around))):
            best = apart, stacks
    if not best[1]:
        return [planes]
    size = (around[:, 2:] - around[:, :2]).prod(axis=1)
    ordered = sorted(best[1], key=lambda stack: -float(size[stack].max()))
    return [[planes[p] for p in stack] for stack in ordered]


def _too_near(heights: FloatArray, slice_spacing_mm: float | None) -> bool:
    """Tell whether planes of one stack would not be as near as some are, nor as uneven."""
    steps = np.diff(heights)
    usual = float(np.median(steps))
    even = float((np.abs(steps - usual) <= EVEN_SHARE * usual).mean())
    least = (
        NEAR_SHARE * slice_spacing_mm
        if slice_spacing_mm
        else LEAST_SHARE * float(np.median(heights[2:] - heights[:-2]))
    )
    return even < MOST_EVEN and float(steps.min()) < least


def role_of(main: Sections, other: Sections) -> tuple[PlaneRole, list[Unclear]]:
    """Return what a stack is to a larger one, and where it overlaps it in part."""
    copies, within, told = 0, 0, []
    heights = np.array([z for z, _ in main])
    for z, loops in other:
        below = int(np.searchsorted(heights, z)) - 1
        # Only the two planes around it can be what it repeats.
        near = [k for k in (below, below + 1) if 0 <= k < len(main)]
        copies += any(_same_loops(main[k][1], loops) for k in near)
        closest = min(near, key=lambda k: abs(heights[k] - z))
        around, own, both = areas_mm2(main[closest][1], loops)
        within += _lies_within(main[closest][1], loops)
        joint = around + own - both
        if both > 0 and joint > 0:
            told.append(Unclear(z, Doubt.CROSSING, both, both / joint))
    # The order matters: a copy also lies within, so it is asked about first.
    if copies >= MOST_COPIES * len(other):
        return PlaneRole.COPY, []
    if within == len(other):
        return PlaneRole.HOLE, []
    return PlaneRole.PART, told


def _lies_within(main: Sequence[FloatArray], loops: Sequence[FloatArray]) -> bool:
    """Tell whether loops lie within the outlines of a section, holes of it filled."""
    own = areas_mm2([], loops)[1]
    return max(areas_mm2([loop], loops)[2] for loop in main) >= WITHIN * own


def _same_loops(main: Sequence[FloatArray], loops: Sequence[FloatArray]) -> bool:
    return len(main) == len(loops) and all(
        any(pair_of(loop, other).relation is ContourRelation.COPY for other in main)
        for loop in loops
    )


def _steps_mm(heights: FloatArray) -> list[float]:
    """Return spacings that stacks drawn between each other may have."""
    found: list[float] = []
    for lag in range(1, MOST_STACKS + 1):
        lags = np.sort(heights[lag:] - heights[:-lag])
        step = float(lags[(lags.size - 1) // 2]) if lags.size else 0.0
        if step > 0 and all(abs(step - other) > EVEN_SHARE * step for other in found):
            found.append(step)
    return found


def _stacks(
    heights: FloatArray, step_mm: float
) -> tuple[list[list[int]], tuple[list[int], list[int]]]:
    """Return planes that follow each other at multiples of a step, and the pairs one step apart."""
    stacks: list[list[int]] = []
    one, other = [], []
    for p, z in enumerate(heights.tolist()):
        for stack in stacks:
            # A plane joins the first stack whose last plane is a whole number of steps below it:
            # missing slices do not end a stack.
            steps = (z - heights[stack[-1]]) / step_mm
            if steps > 0.5 and abs(steps - round(steps)) <= EVEN_SHARE:
                if round(steps) == 1:
                    one.append(stack[-1])
                    other.append(p)
                stack.append(p)
                break
        else:
            stacks.append([p])
    enough = min((len(stack) for stack in stacks), default=0) > 1 and bool(one)
    return (stacks if enough else []), (one, other)


def _between_each_other(stacks: list[list[int]]) -> bool:
    """Tell whether each stack has planes between those of another."""
    return all(
        any(low[0] < p < low[-1] for low in stacks if low is not stack for p in stack)
        for stack in stacks
    )


def _repeat(stacks: list[list[int]], around: FloatArray) -> bool:
    """Tell whether the sections of other stacks, by their boxes, repeat those of the first."""
    main = around[stacks[0]]
    for stack in stacks[1:]:
        off = np.abs(around[stack][:, np.newaxis] - main[np.newaxis]).max(axis=2).min(axis=1)
        if (off > COPY_MM).mean() > 1 - MOST_COPIES:
            return False
    return True


def _boxes(planes: Planes, boxes: FloatArray) -> FloatArray:
    """Return the box of each plane."""
    order = [i for plane in planes for i in plane]
    first = np.cumsum([0, *(len(plane) for plane in planes[:-1])])
    low = np.minimum.reduceat(boxes[order, :2], first)
    return np.concatenate([low, np.maximum.reduceat(boxes[order, 2:], first)], axis=1)


def _unlike(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return what part of their joint area pairs of boxes do not have in common."""
    side = np.maximum(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0.0)
    both = side.prod(axis=1)
    joint = (a[:, 2:] - a[:, :2]).prod(axis=1) + (b[:, 2:] - b[:, :2]).prod(axis=1) - both
    return np.asarray(1 - both / np.maximum(joint, 1e-12))
