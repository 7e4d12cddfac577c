"""Gamma, slow and obvious: what the compiled one must equal."""

from __future__ import annotations

import numpy as np

from sbrt_qa.dosimetry.gamma import COARSE, FINE, GammaCriteria, search_order
from sbrt_qa.dosimetry.sampling import dose_at
from sbrt_qa.model.grid import DoseGrid, FloatArray


def gamma_at(
    point_mm: FloatArray, wanted_gy: float, evaluated: DoseGrid, unit_gy: float, c: GammaCriteria
) -> float:
    """Return gamma at one point (z, y, x): every place is looked at, in both rounds."""
    step = c.distance_mm / COARSE
    offsets, _ = search_order(c.cap)
    first = _squares(point_mm, wanted_gy, evaluated, (offsets.astype(float) * step, unit_gy), c)
    if first.min() >= c.cap**2:
        return c.cap
    around = np.stack(np.meshgrid(*[np.arange(-FINE, FINE + 1) / FINE] * 3, indexing="ij"), axis=-1)
    places = np.asarray((offsets[first.argmin()] + around.reshape(-1, 3)) * step, dtype=np.float64)
    second = _squares(point_mm, wanted_gy, evaluated, (places, unit_gy), c)
    return float(np.sqrt(min(first.min(), second.min())))


def _squares(
    point_mm: FloatArray,
    wanted_gy: float,
    evaluated: DoseGrid,
    search: tuple[FloatArray, float],
    criteria: GammaCriteria,
) -> FloatArray:
    """Return squared gamma at every place around a point; infinite beyond the grid."""
    places, unit_gy = search
    at = point_mm + places
    axes = (evaluated.z_mm, evaluated.y_mm, evaluated.x_mm)
    outside = np.zeros(len(at), dtype=np.bool_)
    for n, axis in enumerate(axes):
        outside |= (at[:, n] < axis[0]) | (at[:, n] > axis[-1])
    off = (dose_at(evaluated, at[:, ::-1]) - wanted_gy) / unit_gy
    away = (places**2).sum(axis=1) / criteria.distance_mm**2
    return np.where(outside, np.inf, away + off**2)
