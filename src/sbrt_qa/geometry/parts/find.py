"""The parts of a structure, with their sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sbrt_qa.geometry._kernels import loop_facts
from sbrt_qa.geometry.parts._kernels import join
from sbrt_qa.geometry.planes import IntArray
from sbrt_qa.geometry.solids import Solid
from sbrt_qa.units import cc_from_mm3


@dataclass(frozen=True, slots=True)
class SolidPart:
    """One connected part.

    Parameters
    ----------
    volume_cc
        Area of its contours times the thickness of their planes; holes subtracted.
    planes
        Number of planes it is on.
    centre_mm
        Mean of its outlines' centres (x, y, z).
    """

    volume_cc: float
    planes: int
    centre_mm: tuple[float, float, float]


def parts_of(solid: Solid) -> tuple[SolidPart, ...]:
    """Return the connected parts of a structure, largest first.

    Contours on neighbouring planes that belong together (see `slabs`) are of one part where they
    have a point in common, seen from above; so are contours within a plane.
    """
    stack = solid.stack
    moments, boxes, depth = loop_facts(stack.xy_mm, stack.loop_start, stack.plane_start)
    owner: IntArray = stack.body.copy()
    join(stack.xy_mm, stack.loop_start, stack.plane_start, solid.gaps.joined, boxes, owner)
    plane = np.repeat(np.arange(stack.z_mm.size), np.diff(stack.plane_start))
    signed = np.where(depth % 2 == 0, 1.0, -1.0) * moments[:, 4] * _thickness_mm(solid)[plane]
    found = []
    for root in np.unique(owner):
        mine = owner == root
        outer = mine & (depth % 2 == 0)
        centre = moments[outer, :2].mean(axis=0)
        z_mm = float(stack.z_mm[plane[outer]].mean())
        volume = cc_from_mm3(float(signed[mine].sum()))
        at = (float(centre[0]), float(centre[1]), z_mm)
        found.append(SolidPart(volume, int(np.unique(plane[mine]).size), at))
    return tuple(sorted(found, key=lambda part: -part.volume_cc))


def _thickness_mm(solid: Solid) -> np.ndarray:
    """Return half the joined gaps on both sides of each plane; at an end, the same as inside."""
    half = np.where(solid.gaps.joined, solid.gaps.width_mm, np.nan) / 2
    below, above = np.concatenate([[np.nan], half]), np.concatenate([half, [np.nan]])
    alone = solid.gaps.usual_mm / 2
    below, above = np.where(np.isnan(below), above, below), np.where(np.isnan(above), below, above)
    return np.where(np.isnan(below), alone, below) + np.where(np.isnan(above), alone, above)
