"""A recurrence as evenly spaced points, and what lies where they are taken to on the plan.

A registration turns planes of contours out of the planes of the plan; points do not mind. Every
point stands for the same volume, so that a share of the points is a share of the recurrence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from sbrt_qa.dosimetry.integrate import volume_cc
from sbrt_qa.dosimetry.sampling import dose_at
from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.distance import Distance, contains
from sbrt_qa.geometry.lattice import inside
from sbrt_qa.geometry.regions import Cells, cells_of, region_of
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.registration import RigidMotion
from sbrt_qa.model.structure import Structure

POINTS: Final = 20_000
"""How many points stand for a recurrence, about."""

FEWEST_POINTS: Final = 1000
"""With fewer, shares would be rough."""

MOST_TRIED: Final = 2_000_000
"""How many points of its extent are tried at most."""

DEPTH_POINTS: Final = 40_000
"""Points of the lattice on which the deepest place is looked for."""

_G: Final = 1.2207440846057596
"""See `_even`."""


@dataclass(frozen=True, slots=True, eq=False)
class SampledVolume:
    """A structure as points.

    Parameters
    ----------
    points_mm
        Shape (n, 3): rows of (x, y, z) inside it, evenly spaced.
    deepest_mm
        Shape (3,): the point farthest from its surface.
    volume_cc
        Its volume, from the contours.
    """

    points_mm: FloatArray
    deepest_mm: FloatArray
    volume_cc: float

    @property
    def centre_mm(self) -> FloatArray:
        """Centre of mass, shape (3,)."""
        return np.asarray(self.points_mm.mean(axis=0))

    def moved(self, motion: RigidMotion) -> SampledVolume:
        """Return the same volume elsewhere."""
        return SampledVolume(
            motion(self.points_mm), motion(self.deepest_mm[np.newaxis])[0], self.volume_cc
        )


def sampled(structure: Structure) -> SampledVolume | Reason:
    """Return a structure as points, or why it has no volume."""
    if structure.problem is not None:
        return structure.problem
    if not structure.contours:
        text = say("the structure has no closed contour")
        return Reason(ReasonCode.STRUCTURE_EMPTY, text)
    try:
        region = region_of(structure)
        cells, volume = cells_of(region), volume_cc(region)
        if isinstance(volume, Reason):
            return volume
        return _sampled(cells, volume)
    except GeometryError as error:
        return Reason(ReasonCode.STRUCTURE_UNREADABLE, str(error))


def _sampled(cells: Cells, volume: float) -> SampledVolume | Reason:
    ends = np.array(
        (
            (cells.x_low_mm, cells.x_high_mm),
            (float(cells.y_low_mm.min()), float(cells.y_high_mm.max())),
            (float(cells.z_low_mm.min()), float(cells.z_high_mm.max())),
        )
    )
    low, size = ends[:, 0], ends[:, 1] - ends[:, 0]
    count = min(MOST_TRIED, max(POINTS, int(POINTS * size.prod() / (volume * 1000.0))))
    tried = low + size * _even(count)
    points = tried[contains(cells, tried)]
    if len(points) < FEWEST_POINTS:
        text = say("the structure fills too little of its extent to be sampled")
        return Reason(ReasonCode.STRUCTURE_UNREADABLE, text)
    return SampledVolume(points, _deepest(cells, low, size), volume)


def _even(count: int) -> FloatArray:
    """Return points that fill the unit cube evenly, on no lattice that a plane could run along.

    Roberts' sequence: multiples of powers of 1/g, g the real root of g^4 = g + 1, without the whole
    part.
    """
    steps = 1.0 / _G ** np.arange(1, 4)
    return np.asarray((0.5 + np.arange(1, count + 1)[:, np.newaxis] * steps) % 1.0)


def _deepest(cells: Cells, low: FloatArray, size: FloatArray) -> FloatArray:
    """Return the point of a lattice that is farthest from outside."""
    step = float((size.prod() / DEPTH_POINTS) ** (1.0 / 3.0))
    x, y, z = (_centres(float(a), float(a + b), step) for a, b in zip(low, size, strict=True))
    mask = np.pad(inside(cells, x, y, z), 1)
    spacing = [float(np.diff(axis).mean()) if axis.size > 1 else step for axis in (z, y, x)]
    depth = ndimage.distance_transform_edt(mask, spacing)[1:-1, 1:-1, 1:-1]
    k, j, i = np.unravel_index(int(depth.argmax()), depth.shape)
    return np.array([x[i], y[j], z[k]])


def _centres(low: float, high: float, step: float) -> FloatArray:
    count = max(1, round((high - low) / step))
    return np.asarray(low + (np.arange(count) + 0.5) * (high - low) / count)


def doses_gy(dose: DoseGrid, points_mm: FloatArray) -> tuple[FloatArray, float]:
    """Return the dose at points, 0 outside the grid, and the share of points outside, 0 to 1.

    The grid ends half a voxel beyond its outermost centres.
    """
    found = dose_at(dose, points_mm)
    there = np.ones(len(points_mm), dtype=bool)
    for column, axis in enumerate((dose.x_mm, dose.y_mm, dose.z_mm)):
        low = axis[0] - (axis[1] - axis[0]) / 2.0
        high = axis[-1] + (axis[-1] - axis[-2]) / 2.0
        there &= (points_mm[:, column] >= low) & (points_mm[:, column] <= high)
    return np.where(there, found, 0.0), 1.0 - float(there.mean())


def signed_distance_mm(surface: Distance, point_mm: FloatArray) -> float:
    """Return the distance of a point from a surface, negative inside."""
    asked = point_mm[np.newaxis]
    distance = float(surface.nearest(asked)[0][0])
    return -distance if contains(surface.cells, asked)[0] else distance


def nearest_mm(surface: Distance, points_mm: FloatArray) -> tuple[float, FloatArray]:
    """Return how far a set of points is from a region, 0 where it touches, and the nearest one."""
    within = contains(surface.cells, points_mm)
    if within.any():
        return 0.0, points_mm[int(np.flatnonzero(within)[0])]
    distance = surface.nearest(points_mm)[0]
    place = int(distance.argmin())
    return float(distance[place]), points_mm[place]


def distance_to_isodose_mm(dose: DoseGrid, level_gy: float, point_mm: FloatArray) -> float | Reason:
    """Return the distance of a point from an isodose, negative where the dose there is higher.

    The isodose is taken where it crosses the lines between neighbouring voxel centres.
    """
    crossings = []
    axes = (dose.z_mm, dose.y_mm, dose.x_mm)
    for n in range(3):
        low = np.moveaxis(dose.dose_gy, n, 0)[:-1]
        high = np.moveaxis(dose.dose_gy, n, 0)[1:]
        index = np.nonzero((low >= level_gy) != (high >= level_gy))
        part = (level_gy - low[index]) / (high[index] - low[index])
        others = [m for m in range(3) if m != n]
        place = np.empty((part.size, 3))
        along = axes[n]
        place[:, 2 - n] = along[index[0]] + part * (along[index[0] + 1] - along[index[0]])
        for m, held in zip(others, index[1:], strict=True):
            place[:, 2 - m] = axes[m][held]
        crossings.append(place)
    surface = np.concatenate(crossings)
    if not len(surface):
        text = say("the dose nowhere reaches {0} Gy", f"{level_gy:.1f}")
        return Reason(ReasonCode.OUTSIDE_DOSE_GRID, text)
    distance = float(cKDTree(surface).query(point_mm)[0])
    return -distance if doses_gy(dose, point_mm[np.newaxis])[0][0] >= level_gy else distance


def isodose_cc(dose: DoseGrid, level_gy: float) -> float:
    """Return the volume of an isodose, counted in voxels."""
    sizes = [np.gradient(axis) for axis in (dose.z_mm, dose.y_mm, dose.x_mm)]
    volume = np.einsum("i,j,k->ijk", *sizes)
    return float(volume[dose.dose_gy >= level_gy].sum()) / 1000.0
