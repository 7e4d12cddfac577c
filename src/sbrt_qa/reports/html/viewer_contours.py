"""Contours for the viewer: whole tenths of a mm, differences from point to point, deflated."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.structure import Structure

UNIT_MM: Final = 0.1
MOST_POINTS: Final = 45_000
"""Of all contours; above it, points of the longest spacing that is needed are left out."""

FINEST_MM: Final = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class ContourBlock:
    """Contours as the browser gets them.

    Parameters
    ----------
    planes
        By key of the structure: ``[z_mm, points, points, ...]`` for every plane.
    data
        zlib data: all points in the order of `planes`, x then y as differences from the point
        before (the first of each contour from the origin), 16-bit little-endian.
    """

    planes: dict[str, list[list[float]]]
    data: bytes


def contour_block(structures: Mapping[str, Structure]) -> ContourBlock:
    """Return the contours of all structures, points thinned as far as needed."""
    step = _step_mm(structures)
    planes: dict[str, list[list[float]]] = {}
    parts: list[Any] = []
    for key, structure in structures.items():
        by_height: dict[float, list[float]] = {}
        for contour in structure.contours:
            points = thinned(contour.xy_mm, step)
            units = np.rint(points / UNIT_MM).astype(np.int64)
            parts.append(np.diff(units, axis=0, prepend=np.zeros((1, 2), np.int64)))
            by_height.setdefault(round(contour.z_mm, 2), []).append(units.shape[0])
        planes[key] = [[z, *sizes] for z, sizes in by_height.items()]
    every = np.concatenate(parts) if parts else np.zeros((0, 2), np.int64)
    data = np.ascontiguousarray(every.astype("<i2"))
    return ContourBlock(planes, zlib.compress(data.tobytes(), 6))


def thinned(xy_mm: FloatArray, step_mm: float) -> FloatArray:
    """Return those points of a closed contour that come first after every `step_mm` of the way."""
    lengths = np.hypot(*np.diff(xy_mm, axis=0).T)
    way = np.concatenate([[0.0], np.cumsum(lengths)])
    keep = np.concatenate([[True], np.diff(np.floor(way / step_mm)) > 0])
    return np.asarray(xy_mm[keep]) if keep.sum() >= 6 else xy_mm


def _step_mm(structures: Mapping[str, Structure]) -> float:
    way = sum(
        float(np.hypot(*np.diff(c.xy_mm, axis=0).T).sum())
        for s in structures.values()
        for c in s.contours
    )
    return max(FINEST_MM, way / MOST_POINTS)
