"""Where a dose grid holds no dose although its neighbours do: lost planes, copies, and cuts."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.geometry.distance import contains
from sbrt_qa.geometry.regions import Cells
from sbrt_qa.model.grid import DoseGrid, FloatArray

COPY_SHARE: Final = 0.5
"""Part of the dose maximum that a plane must reach: low planes may be alike by rounding."""

MOST_COPIES: Final = 0.5
"""Part of the planes that are copies from which on the dose is the same along z by intention."""

STEP_SHARE: Final = 0.1
"""Part of the dose maximum beside a voxel without dose that no dose falls to zero from."""

DEEP_MM: Final = 10.0
"""How far from the outline of the body a voxel is inside for sure."""

MOST_POINTS: Final = 4000
"""Places that are looked up in the body; more stand for each other."""


def planes_without_dose(dose: DoseGrid) -> FloatArray:
    """Return z in mm of planes of zeros that lie between planes with dose."""
    highest = dose.dose_gy.max(axis=(1, 2))
    some = np.flatnonzero(highest > 0)
    if some.size == 0:
        return np.empty(0)
    inner = slice(some[0], some[-1] + 1)
    return np.asarray(dose.z_mm[inner][highest[inner] == 0], dtype=np.float64)


def copied_planes(dose: DoseGrid) -> FloatArray:
    """Return z in mm of planes that hold voxel by voxel what the plane below holds.

    Low planes do not count, nor does a dose that is made alike along z, nor the two planes about
    which a dose is its own mirror image. A computed dose differs from plane to plane in some of its
    voxels.
    """
    grid = dose.dose_gy
    high = grid.max(axis=(1, 2)) >= COPY_SHARE * dose.max_gy
    same = [k for k in range(1, len(grid)) if high[k] and np.array_equal(grid[k], grid[k - 1])]
    at = [k for k in same if not _is_mirrored(grid, k)]
    alike = len(same) > MOST_COPIES * max(int(high.sum()) - 1, 1)
    return np.empty(0) if alike else np.asarray(dose.z_mm[at], dtype=np.float64)


def _is_mirrored(grid: FloatArray, k: int) -> bool:
    """Tell whether the planes around the pair k - 1 and k are alike as well, and not like it."""
    if k < 2 or k + 1 >= len(grid) or np.array_equal(grid[k], grid[k + 1]):
        return False
    return np.array_equal(grid[k - 2], grid[k + 1])


def cut_in_body_cm2(dose: DoseGrid, body: Cells) -> float:
    """Return the area within the body at which a dose steps to zero from voxel to voxel, in cm2.

    Counted are faces between a voxel of zero and one of at least a tenth of the maximum, where
    all places `DEEP_MM` around lie in the body: at its outline, and outside, zeros are usual.
    """
    axes = (dose.z_mm, dose.y_mm, dose.x_mm)
    area_cm2 = 0.0
    for axis in range(3):
        faces, centres = _faces(dose, axis)
        if len(faces) == 0:
            continue
        sides = [float(np.median(np.diff(a))) for k, a in enumerate(axes) if k != axis]
        step = max(1, len(centres) // MOST_POINTS)
        deep = _deep(centres[::step], body)
        area_cm2 += deep * len(faces) * float(np.prod(sides)) / 100
    return area_cm2


def _faces(dose: DoseGrid, axis: int) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Return where the dose steps to zero along an axis: places in the grid, and (x, y, z)."""
    least = STEP_SHARE * dose.max_gy
    grid, found = dose.dose_gy, []
    # By planes: whole grids of what is lower and what is higher of two take as much as the dose.
    for k, plane in enumerate(grid):
        if axis == 0:
            pairs = (plane, grid[k + 1]) if k + 1 < len(grid) else (plane[:0], plane[:0])
        else:
            along = np.moveaxis(plane, axis - 1, 0)
            pairs = (along[:-1], along[1:])
        steps = (np.minimum(*pairs) == 0) & (np.maximum(*pairs) >= least)
        if not steps.any():
            continue
        there = np.argwhere(steps if axis == 0 else np.moveaxis(steps, 0, axis - 1))
        found.append(np.insert(there, 0, k, axis=1))
    at = np.concatenate(found) if found else np.empty((0, 3), dtype=np.int64)
    at = at[np.argsort(at[:, axis], kind="stable")]
    centres = np.column_stack([dose.x_mm[at[:, 2]], dose.y_mm[at[:, 1]], dose.z_mm[at[:, 0]]])
    return at, centres


def _deep(points_mm: FloatArray, body: Cells) -> float:
    """Return the part of places that lie well inside the body."""
    inside = contains(body, points_mm)
    for axis in range(3):
        for sign in (-1.0, 1.0):
            moved = points_mm.copy()
            moved[:, axis] += sign * DEEP_MM
            inside = inside & contains(body, moved)
    return float(np.mean(inside))
