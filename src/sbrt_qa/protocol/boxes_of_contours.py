"""Boxes around contours: whether two structures can meet at all."""

from __future__ import annotations

from typing import Final

import numpy as np

from sbrt_qa.model.structure import Structure

NEAR_MM: Final = 5.0
"""How far boxes of contours are widened, for ends beyond their planes."""


def boxes_apart(one: Structure, other: Structure, margin_mm: float = NEAR_MM) -> bool:
    """Tell whether two structures cannot meet: their boxes, widened, do not overlap."""
    (a, b), (c, d) = box_of(one, margin_mm), box_of(other, margin_mm)
    return bool((b < c).any() or (d < a).any())


def box_of(structure: Structure, margin_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest x, y, z (mm) of contours, widened by a margin."""
    low = np.min([c.xy_mm.min(axis=0) for c in structure.contours], axis=0) - margin_mm
    high = np.max([c.xy_mm.max(axis=0) for c in structure.contours], axis=0) + margin_mm
    z = structure.contours[0].z_mm - margin_mm, structure.contours[-1].z_mm + margin_mm
    return np.array([*low, z[0]]), np.array([*high, z[1]])
