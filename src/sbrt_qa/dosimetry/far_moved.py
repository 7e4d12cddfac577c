"""The highest dose far from a target that has moved: what lies far is found once for all shifts.

As planned the highest dose is searched for exactly (`sbrt_qa.dosimetry.beyond`). That search takes
as long as all limits together, and a shift would change all of it. Here points are laid once on the
surface at the distance, where dose around a target is highest; each shift reads the dose there, and
at the hottest voxels beyond.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.beyond import SAME_MM, SLIT_MM, DoseNear
from sbrt_qa.dosimetry.interpolation import Interpolation
from sbrt_qa.geometry.distance import Distance, contains
from sbrt_qa.geometry.distance_map import DistanceMap
from sbrt_qa.geometry.regions import Cells
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.outcome import Reason, ReasonCode

STEP_MM: Final = 2.0
"""Spacing of the lattice whose points near the distance are moved onto it."""

BEYOND_MM: Final = 10.0
"""How far beyond the distance the map reaches; farther away is far for sure."""

AT_A_TIME: Final = 500
"""Voxels of which it is asked whether they lie in the body."""


@dataclass(frozen=True, slots=True, eq=False)
class FarPlaces:
    """What of a body lies at a distance or more from a target, both as planned.

    Parameters
    ----------
    surface_mm
        Points at the distance, in the body, shape ``(n, 3)``.
    near
        Distances from the target around it.
    body
        The body.
    distance_mm
        The distance.
    target
        The target.
    """

    surface_mm: FloatArray
    near: DistanceMap
    body: Cells
    distance_mm: float
    target: Cells

    def highest_gy(
        self, dose: DoseGrid, how: Interpolation = Interpolation.CUBIC
    ) -> float | Reason:
        """Return the highest dose there, of a dose as the patient sees it, read as `how` says.

        On the surface it is that of points about 2 mm apart; beyond, that of the voxels.
        """
        if 1 in dose.dose_gy.shape:
            what = say("the dose grid has no extent along one axis")
            return Reason(ReasonCode.DOSE_UNUSABLE, what)
        points = self.surface_mm[_within(dose, self.surface_mm)]
        read = DoseNear.around(self.target, dose, self.distance_mm, how)
        best = float(read.at(points).max(initial=-1.0))
        best = self._hottest_beyond(dose, best)
        if best < 0:
            text = say(
                "no part of the body with a dose lies {0} mm from the target",
                f"{self.distance_mm:g}",
            )
            return Reason(ReasonCode.REFERENCE_MISSING, text)
        return best

    def _hottest_beyond(self, dose: DoseGrid, best_gy: float) -> float:
        """Return the dose of the hottest voxel of the body that is far for sure, or the best."""
        z, y, x = np.nonzero(dose.dose_gy > best_gy)
        points = np.column_stack([dose.x_mm[x], dose.y_mm[y], dose.z_mm[z]])
        far = self.near.at(points) >= self.distance_mm + self.near.too_large_mm
        points, gy = points[far], dose.dose_gy[z[far], y[far], x[far]]
        order = np.argsort(gy)[::-1]
        for first in range(0, order.size, AT_A_TIME):
            some = order[first : first + AT_A_TIME]
            inside = contains(self.body, points[some])
            if inside.any():
                return float(gy[some][inside][0])
        return best_gy


def far_places(target: Cells, body: Cells, distance_mm: float) -> FarPlaces:
    """Lay points at a distance from a target.

    Raises
    ------
    GeometryError
        A region has no extent.
    """
    near = DistanceMap.around(target, distance_mm + BEYOND_MM, SLIT_MM)
    points = _lattice(near, distance_mm)
    away = Distance(target, SLIT_MM)
    apart, surface = away.nearest(points)
    close = np.abs(apart - distance_mm) < STEP_MM
    scale = distance_mm / apart[close][:, None]
    moved = surface[close] + scale * (points[close] - surface[close])
    again, _ = away.nearest(moved)
    moved = moved[again > distance_mm - SAME_MM]
    moved = moved[contains(body, moved) & ~contains(target, moved)]
    return FarPlaces(moved, near, body, distance_mm, target)


def _lattice(near: DistanceMap, distance_mm: float) -> FloatArray:
    """Return the points of a lattice that may lie within a step of the distance."""
    shape = np.array(near.distance_mm.shape[::-1])
    counts = np.ceil(shape * near.edge_mm / STEP_MM).astype(np.int64)
    axes = [low + STEP_MM * np.arange(n) for low, n in zip(near.low_mm, counts, strict=True)]
    found = near.on(*axes)
    wanted = (found > distance_mm - STEP_MM - near.too_small_mm) & (
        found < distance_mm + STEP_MM + near.too_large_mm
    )
    z, y, x = np.nonzero(wanted)
    return np.column_stack([axes[0][x], axes[1][y], axes[2][z]])


def _within(dose: DoseGrid, points_mm: FloatArray) -> np.ndarray:
    """Tell which points lie in the grid."""
    ends = [(axis[0], axis[-1]) for axis in (dose.x_mm, dose.y_mm, dose.z_mm)]
    low, high = np.array(ends).T
    return np.asarray(((points_mm >= low) & (points_mm <= high)).all(axis=1))
