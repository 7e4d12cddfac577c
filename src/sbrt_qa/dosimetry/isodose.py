"""Contours of equal dose on planes across the dose grid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.interpolation import (
    GridBox,
    Interpolation,
    field_at,
    field_place,
    refined,
)
from sbrt_qa.geometry.outlines import level_loops, with_keyholes
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.structure import Contour

AROUND: Final = 1
"""Voxels around the isodose that take part in its interpolation."""


def isodose_contours(dose: DoseGrid, level_gy: float, z_mm: FloatArray) -> tuple[Contour, ...]:
    """Return the contours on planes within which the dose is at least a level.

    The dose between voxels is read as the engine reads it: with a cubic spline, where it is not
    noise. An isodose that leaves the grid is closed at its edge, see :func:`leaves_grid`.

    Parameters
    ----------
    level_gy
        Greater than 0.
    z_mm
        Planes; those beyond the grid have no contour.
    """
    if not (dose.dose_gy >= level_gy).any() or min(dose.dose_gy.shape) < 2:
        return ()
    box = _box(dose, level_gy)
    place = field_place(dose, box, Interpolation.CUBIC)
    if place is None:
        whole = refined(dose, box)
        return tuple(c for z in z_mm for c in _on_plane(whole, float(z), level_gy))
    field = field_at(dose, place)
    (z0, z1), (y0, y1), (x0, x1) = (
        _within(axis, span)
        for axis, span in zip(
            (field.dose.z_mm, field.dose.y_mm, field.dose.x_mm),
            (box.z_mm, box.y_mm, box.x_mm),
            strict=True,
        )
    )
    made: list[Contour] = []
    for z in z_mm:  # one layer of voxels at a time: all of them would be large
        k = int(np.clip(np.searchsorted(field.dose.z_mm, z, side="right") - 1, z0, z1 - 1))
        made += _on_plane(field.block((k, y0, x0), (k + 1, y1, x1)), float(z), level_gy)
    return tuple(made)


def _on_plane(dose: DoseGrid, z_mm: float, level_gy: float) -> Iterator[Contour]:
    """Yield the contours on a plane; none beyond the grid."""
    if dose.z_mm[0] <= z_mm <= dose.z_mm[-1]:
        values = _plane(dose, z_mm)
        for loop in with_keyholes(level_loops(values, dose.x_mm, dose.y_mm, level_gy)):
            yield Contour(z_mm, loop)


def _within(axis_mm: FloatArray, span: tuple[float, float]) -> tuple[int, int]:
    """Return the first and the last voxel that hold a span, at least two."""
    low = int(np.clip(np.searchsorted(axis_mm, span[0], side="right") - 1, 0, axis_mm.size - 2))
    high = int(np.searchsorted(axis_mm, span[1], side="left"))
    return low, int(np.clip(high, low + 1, axis_mm.size - 1))


def leaves_grid(dose: DoseGrid, level_gy: float) -> bool:
    """Tell whether a dose reaches the edge of the grid, beyond which nobody knows it."""
    d = dose.dose_gy
    faces = (d[0], d[-1], d[:, 0], d[:, -1], d[:, :, 0], d[:, :, -1])
    return any(bool((face >= level_gy).any()) for face in faces)


def _box(dose: DoseGrid, level_gy: float) -> GridBox:
    """Return the box of all voxels that receive a dose, and of those next to them."""
    spans = []
    for n, axis in enumerate((dose.z_mm, dose.y_mm, dose.x_mm)):
        others = tuple(m for m in range(3) if m != n)
        reached = np.flatnonzero((dose.dose_gy >= level_gy).any(axis=others))
        low, high = max(reached[0] - AROUND, 0), min(reached[-1] + AROUND, axis.size - 1)
        spans.append((float(axis[low]), float(axis[high])))
    z, y, x = spans
    return GridBox(x, y, z)


def _plane(dose: DoseGrid, z_mm: float) -> FloatArray:
    """Return the dose on a plane at the grid's columns, shape ``(y, x)``."""
    k = int(np.clip(np.searchsorted(dose.z_mm, z_mm, side="right") - 1, 0, dose.z_mm.size - 2))
    part = (z_mm - dose.z_mm[k]) / (dose.z_mm[k + 1] - dose.z_mm[k])
    return np.asarray((1 - part) * dose.dose_gy[k] + part * dose.dose_gy[k + 1])
