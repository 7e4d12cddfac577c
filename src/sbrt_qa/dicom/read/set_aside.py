"""What contours that are set aside may have enclosed: lines drawn around something, lost planes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from sbrt_qa.model.grid import FloatArray

MIN_VERTICES: Final = 3
"""Points that enclose an area, at least."""

ON_PLANE_MM: Final = 0.5
"""Contours nearer than this along z lie on one slice."""

LEAST_AREA_MM2: Final = 1.0
"""Area that a line encloses which may have been meant as an outline."""


def lost_of(aside: Sequence[FloatArray], planes_mm: FloatArray) -> int:
    """Return how many contours that were set aside may have enclosed volume."""
    lines = [points for points in aside if len(points) >= MIN_VERTICES]
    around = sum(_encloses(points) for points in lines)
    rest = [float(p[:, 2].mean()) for p in aside if 0 < len(p) < MIN_VERTICES]
    alone = [z for z in rest if not (np.abs(planes_mm - z) <= ON_PLANE_MM).any()]
    return around + (len(alone) if len({round(z, 1) for z in alone}) > 1 else 0)


def _encloses(points: FloatArray) -> bool:
    x, y = points[:, 0] - points[0, 0], points[:, 1] - points[0, 1]
    area = abs(float(np.dot(x, np.roll(y, -1)) - np.dot(np.roll(x, -1), y))) / 2
    return area >= LEAST_AREA_MM2
