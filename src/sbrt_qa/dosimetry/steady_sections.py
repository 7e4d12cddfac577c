"""Whether the sections of a structure tell of one another, so that it is known between its planes.

Where a structure runs between two planes is read off a parabola through its sections. How well
parabolas describe it, its own planes tell: each is predicted from its neighbours, once by a line
through the next two and once by the cubic through the next four. Of sections that change evenly the
cubic leaves next to nothing; of those that do not it leaves a good part of what the line does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from sbrt_qa.geometry._kernels import loop_facts
from sbrt_qa.geometry.planes import PlaneStack
from sbrt_qa.geometry.regions import Region
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.remembered import remembered

MOST_LEFT: Final = 0.05
"""Part of what lines leave of steady sections that cubics may leave. Balls have none, bodies whose
sections turn sharply somewhere, as where one end of a cone that lies is left behind, 0.15 on."""

FEWEST_PLANES: Final = 5
"""Planes of a column, at least: fewer tell nothing of what lies between them."""

EXACT: Final = 1e-4
"""Part of a volume that lines leave of sections that do not change, by rounding."""

LINE: Final = (-1, 1)
CUBIC: Final = (-2, -1, 1, 2)


@remembered
def is_steady(region: Region) -> bool:
    """Tell whether size, place and shape of the sections of a region change evenly everywhere."""
    return all(_is_steady(solid.stack) for solid in region.solids)


def _is_steady(stack: PlaneStack) -> bool:
    sections = _sections(stack)
    by_lines = by_cubics = volume = 0.0
    for first, end in zip(stack.column_start[:-1], stack.column_start[1:], strict=True):
        if end - first < FEWEST_PLANES:
            return False
        z, of = stack.z_mm[first:end], sections[first:end]
        height = np.gradient(z)
        volume += float((of[:, 0] * height).sum())
        by_lines += float((_left(z, of, LINE) * height).sum())
        by_cubics += float((_left(z, of, CUBIC) * height).sum())
    return by_cubics <= MOST_LEFT * (by_lines + EXACT * volume)


def _sections(stack: PlaneStack) -> FloatArray:
    """Return area, centre x and y, and variances along x and y of every plane, shape ``(n, 5)``."""
    x, y, x_variance, y_variance, area = loop_facts(
        stack.xy_mm, stack.loop_start, stack.plane_start
    )[0].T
    total = np.maximum(np.add.reduceat(area, stack.plane_start[:-1]), 1e-300)

    def mean(values: FloatArray) -> FloatArray:
        return np.asarray(np.add.reduceat(area * values, stack.plane_start[:-1]) / total)

    middle_x, middle_y = mean(x), mean(y)
    return np.column_stack(
        [
            total,
            middle_x,
            middle_y,
            mean(x_variance + x**2) - middle_x**2,
            mean(y_variance + y**2) - middle_y**2,
        ]
    )


def _left(z_mm: FloatArray, sections: FloatArray, near: Sequence[int]) -> FloatArray:
    """Return what predicting each plane from others `near` it leaves, as an area; 0 at the ends."""
    reach = max(near)
    here = np.arange(reach, z_mm.size - reach)
    predicted = np.zeros((here.size, sections.shape[1]))
    for i in near:
        weight = np.ones(here.size)
        for j in near:
            if j != i:
                weight *= (z_mm[here] - z_mm[here + j]) / (z_mm[here + i] - z_mm[here + j])
        predicted += weight[:, np.newaxis] * sections[here + i]
    # What a section is moved or drawn out by counts as the area that this sweeps, roughly.
    area, side = sections[here, 0], math.sqrt(float(sections[:, 0].mean()))
    unit = np.column_stack([np.ones(here.size), *[area / side] * 2, *[4 * area / side**2] * 2])
    left = np.zeros(z_mm.size)
    left[here] = (np.abs(sections[here] - predicted) * unit).sum(axis=1)
    return left
