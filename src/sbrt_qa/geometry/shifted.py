"""Second copies of a structure's outlines that lie part of a slice off: 0.9, 1.5 or 2.9 of 3 mm.

Such copies lie between the planes, or next to the wrong one, and would be read as sections of their
own. They are told by what they repeat: outlines of the layer at one and the same distance, on
layers that lie nearer to each other than the slices of the image do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from sbrt_qa.geometry.overlaps.pairs import COPY_MM, ContourRelation, pair_of
from sbrt_qa.model.grid import FloatArray

SAME_HEIGHT_MM: Final = 0.011
"""Contours nearer than this along z are one layer."""

NEAR_SHARE: Final = 0.7
"""Part of the spacing up to which layers are nearer than slices are."""

SHIFTS: Final = (0.11, 0.98)
"""How far copies are off, in parts of the spacing; less is one plane, more the next one."""

SAME_SHIFT_MM: Final = 0.05
"""How far the shifts of one set of copies differ."""

MOST: Final = 0.8
"""Part of the steps between layers too near each other that go with the copies, at least."""

FEW_LAYERS: Final = 4
"""Layers from which copies are looked for."""

MANY_LAYERS: Final = 2000
"""Layers up to which they are; no image has so many slices."""

EVEN: Final = 1.06
"""Steps that differ by less than this factor are even."""


def shifted_copies(
    column: Sequence[int],
    z_mm: FloatArray,
    boxes: FloatArray,
    loops: Sequence[FloatArray],
    slice_spacing_mm: float | None,
) -> list[int]:
    """Return the contours of a column that repeat others of it part of a slice off.

    Parameters
    ----------
    column
        Places of the contours, in the order of z.
    z_mm, boxes, loops
        Height, box (x, y low, then high) and vertices of all contours.
    slice_spacing_mm
        Spacing of the image slices; without it, layers are too near that are much nearer than most.
    """
    layers = _layers(column, z_mm)
    if not FEW_LAYERS <= len(layers) <= MANY_LAYERS:
        return []
    heights = z_mm[[layer[0] for layer in layers]]
    steps = np.diff(heights)
    spacing = slice_spacing_mm or float(np.median(heights[2:] - heights[:-2]))
    even = steps.max() <= EVEN * steps.min()
    usual = spacing if slice_spacing_mm or even else float(np.percentile(steps, 75))
    near = NEAR_SHARE * usual
    short = steps <= near
    if not short.any():
        return []
    one_plane = np.flatnonzero(steps <= SHIFTS[0] * spacing).tolist()
    repeated = sum(_repeats(layers[k], layers[k + 1], boxes, loops) for k in one_plane)
    if one_plane and repeated >= 0.5 * len(one_plane):
        return []  # copies on their own plane
    beside = np.append(short, False) | np.append([False], short)
    found = [
        (p, q)
        for q in range(len(layers))
        for p in _below(heights, q, spacing)
        if (beside[p] or beside[q]) and _repeats(layers[p], layers[q], boxes, loops)
    ]
    pairs = _of_one_shift(found, heights)
    dropped = _dropped(pairs, heights)
    kept = [i for i in range(len(layers)) if i not in dropped]
    left = np.diff(heights[kept]) <= near
    if not dropped or left.sum() > (1 - MOST) * short.sum():
        return []
    if even and not _change(kept, layers, boxes):
        return []
    return [i for q in sorted(dropped) for i in layers[q]]


def _layers(column: Sequence[int], z_mm: FloatArray) -> list[list[int]]:
    layers: list[list[int]] = []
    for i in column:
        if layers and z_mm[i] - z_mm[layers[-1][0]] <= SAME_HEIGHT_MM:
            layers[-1].append(i)
        else:
            layers.append([i])
    return layers


def _below(heights: FloatArray, q: int, spacing: float) -> range:
    low, high = SHIFTS
    first = int(np.searchsorted(heights, heights[q] - high * spacing))
    last = int(np.searchsorted(heights, heights[q] - low * spacing))
    return range(first, last)


def _repeats(
    one: Sequence[int], other: Sequence[int], boxes: FloatArray, loops: Sequence[FloatArray]
) -> bool:
    """Tell whether two layers hold the same outlines."""
    return len(one) == len(other) and all(
        any(
            np.abs(boxes[i] - boxes[j]).max() <= COPY_MM
            and pair_of(loops[i], loops[j]).relation is ContourRelation.COPY
            for i in one
        )
        for j in other
    )


def _of_one_shift(found: list[tuple[int, int]], heights: FloatArray) -> list[tuple[int, int]]:
    """Return the pairs of the shift that most have."""
    shifts = np.array([heights[q] - heights[p] for p, q in found])
    if not shifts.size:
        return []
    ordered = np.sort(shifts)
    first = np.searchsorted(ordered, shifts - SAME_SHIFT_MM)
    last = np.searchsorted(ordered, shifts + SAME_SHIFT_MM, side="right")
    best = np.abs(shifts - shifts[int((last - first).argmax())]) <= SAME_SHIFT_MM
    return [pair for pair, own in zip(found, best.tolist(), strict=True) if own]


def _dropped(pairs: list[tuple[int, int]], heights: FloatArray) -> set[int]:
    """Return the upper or the lower layers of pairs, whichever leaves the more even stack."""
    upper: set[int] = set()
    for p, q in pairs:
        if p not in upper:
            upper.add(q)
    lower: set[int] = set()
    for p, q in reversed(pairs):
        if q not in lower:
            lower.add(p)
    return min((upper, lower), key=lambda gone: _unevenness(gone, heights))


def _unevenness(gone: set[int], heights: FloatArray) -> float:
    left = np.diff(np.delete(heights, sorted(gone)))
    return round(float(left.std()), 3) if left.size else 0.0


def _change(kept: Sequence[int], layers: Sequence[Sequence[int]], boxes: FloatArray) -> bool:
    """Tell whether the layers that stay mostly differ from each other.

    Evenly spaced layers that all are alike are a straight tube on slices of its own.
    """
    around = np.array(
        [[*boxes[layers[k], :2].min(axis=0), *boxes[layers[k], 2:].max(axis=0)] for k in kept]
    )
    apart = np.abs(np.diff(around, axis=0)).max(axis=1)
    return bool((apart > COPY_MM).mean() >= MOST)
