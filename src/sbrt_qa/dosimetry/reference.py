"""The integration, slow and obvious: what the compiled one must equal.

Every stretch of a scan line between two dose columns holds the doses between its ends equally, so
the volume it adds below any dose is a clipped ramp. Here each ramp is evaluated at every bin edge.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sbrt_qa.geometry.scanlines import Spans
from sbrt_qa.model.grid import DoseGrid, FloatArray

Stretch = tuple[float, float, float]
"""Volume (mm3) and the doses (Gy) at both ends."""


def stretches(spans: Spans, dose: DoseGrid) -> Iterator[Stretch]:
    """Cut the spans inside the dose grid at the dose columns."""
    step = (dose.x_mm[-1] - dose.x_mm[0]) / (dose.x_mm.size - 1)
    for line in range(spans.lines.y_mm.size):
        row = _row(dose, float(spans.lines.y_mm[line]), float(spans.lines.z_mm[line]))
        if row is None:
            continue
        for s in range(spans.start[line], spans.start[line + 1]):
            low = max(float(spans.x_low_mm[s]), float(dose.x_mm[0]))
            high = min(float(spans.x_high_mm[s]), float(dose.x_mm[-1]))
            if low >= high:
                continue
            columns = dose.x_mm[0] + step * np.arange(dose.x_mm.size)
            inner = columns[(columns > low) & (columns < high)]
            x = np.concatenate([[low], inner, [high]])
            doses = np.interp(x, columns, row)
            volumes = np.diff(x) * spans.lines.weight_mm2[line]
            yield from zip(volumes.tolist(), doses[:-1].tolist(), doses[1:].tolist(), strict=True)


def _row(dose: DoseGrid, y: float, z: float) -> FloatArray | None:
    """Return the dose along x at one place between four grid rows; None outside the grid."""
    between_y, between_z = _between(dose.y_mm, y), _between(dose.z_mm, z)
    if between_y is None or between_z is None:
        return None
    (iy, fy), (iz, fz) = between_y, between_z
    grid = dose.dose_gy
    below = (1 - fy) * grid[iz, iy] + fy * grid[iz, iy + 1]
    above = (1 - fy) * grid[iz + 1, iy] + fy * grid[iz + 1, iy + 1]
    return np.asarray((1 - fz) * below + fz * above)


def _between(axis: FloatArray, value: float) -> tuple[int, float] | None:
    if not axis[0] <= value <= axis[-1]:
        return None
    cell = min(int(np.searchsorted(axis, value, side="right")) - 1, axis.size - 2)
    return cell, (value - axis[cell]) / (axis[cell + 1] - axis[cell])


def cumulative_mm3(spans: Spans, dose: DoseGrid, edges_gy: FloatArray) -> FloatArray:
    """Return the volume at or above each edge."""
    above = np.zeros(edges_gy.size)
    for volume, a, b in stretches(spans, dose):
        low, high = min(a, b), max(a, b)
        if high > low:
            above += volume * np.clip((high - edges_gy) / (high - low), 0.0, 1.0)
        else:
            above += volume * (edges_gy <= low)
    return above


def moments(spans: Spans, dose: DoseGrid) -> tuple[float, float, float, float]:
    """Return volume (mm3), mean, lowest and highest dose (Gy) met along the spans."""
    pieces = np.array(list(stretches(spans, dose)))
    volume = float(pieces[:, 0].sum())
    mean = float((pieces[:, 0] * (pieces[:, 1] + pieces[:, 2]) / 2).sum() / volume)
    return volume, mean, float(pieces[:, 1:].min()), float(pieces[:, 1:].max())
