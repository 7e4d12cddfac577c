"""A dose blurred by random shifts: its convolution with a normal density, axis by axis."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.setup_errors import Vector

NARROW = 0.7
"""Standard deviation, in voxels, below which three weights of the same variance are taken."""

REACH = 4.0
"""Standard deviations up to which a normal density counts."""


def blurred(dose: DoseGrid, sd_mm: Vector) -> DoseGrid:
    """Return the mean of a dose over normal shifts with a standard deviation per axis (x, y, z).

    Beyond its ends the grid goes on with its outermost values. Planes at uneven heights keep their
    places, each weighted by the part of the axis that it stands for.
    """
    values = dose.dose_gy
    places = (dose.z_mm, dose.y_mm, dose.x_mm)
    for axis, (at, sd) in enumerate(zip(places, sd_mm[::-1], strict=True)):
        if sd > 0 and at.size > 1:
            values = _along(values, axis, _weights(at, sd))
    return dataclasses.replace(dose, dose_gy=values)


def _along(values: FloatArray, axis: int, weights: FloatArray) -> FloatArray:
    moved = np.moveaxis(values, axis, 0)
    mixed = np.tensordot(weights, moved, axes=(1, 0))
    return np.ascontiguousarray(np.moveaxis(mixed, 0, axis))


def _weights(at_mm: FloatArray, sd_mm: float) -> FloatArray:
    """Return how much each place (column) adds to each place (row); rows add up to 1."""
    n, step = at_mm.size, float(np.diff(at_mm).mean())
    if sd_mm < NARROW * step:
        side = sd_mm**2 / (2 * step**2)
        weights = (1 - 2 * side) * np.eye(n) + side * (np.eye(n, k=1) + np.eye(n, k=-1))
        weights[0, 0] += side
        weights[-1, -1] += side
        return np.asarray(weights)
    # What lies nearest to a place is a stretch of the axis; the outermost stretches have no end.
    ends = np.concatenate([[-math.inf], (at_mm[1:] + at_mm[:-1]) / 2, [math.inf]])
    # A stretch adds the variance of its own width, step^2 / 12, which is taken off beforehand.
    inner = math.sqrt(sd_mm**2 - step**2 / 12)
    z = (ends[None, :] - at_mm[:, None]) / (inner * math.sqrt(2))
    below = 0.5 * (1 + np.vectorize(math.erf)(z))
    return np.asarray(np.diff(below, axis=1))
