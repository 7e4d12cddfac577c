"""The trilinear interpolant of a dose grid at single points."""

from __future__ import annotations

import numpy as np

from sbrt_qa.geometry.planes import IntArray
from sbrt_qa.model.grid import DoseGrid, FloatArray


def dose_at(dose: DoseGrid, points_mm: FloatArray) -> FloatArray:
    """Return the dose at points, rows of (x, y, z); those outside get that of the nearest face.

    Every axis of the grid has at least two voxels.
    """
    axes = (dose.z_mm, dose.y_mm, dose.x_mm)
    places = [_place(axis, points_mm[:, 2 - n]) for n, axis in enumerate(axes)]
    total = np.zeros(points_mm.shape[0])
    for corner in range(8):
        index, weight = [], np.ones(points_mm.shape[0])
        for n, (cell, part) in enumerate(places):
            upper = corner >> n & 1
            index.append(cell + upper)
            weight = weight * (part if upper else 1 - part)
        total += weight * dose.dose_gy[tuple(index)]
    return total


def _place(axis_mm: FloatArray, value_mm: FloatArray) -> tuple[IntArray, FloatArray]:
    cell = np.clip(np.searchsorted(axis_mm, value_mm, side="right") - 1, 0, axis_mm.size - 2)
    part = (value_mm - axis_mm[cell]) / (axis_mm[cell + 1] - axis_mm[cell])
    return cell, np.clip(part, 0.0, 1.0)
