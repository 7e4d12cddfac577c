"""A structure's closed contours as flat arrays, plane by plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sbrt_qa.errors import GeometryError
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.structure import Contour, Structure

IntArray = npt.NDArray[np.int64]

PLANE_TOLERANCE_MM = 0.01
"""Contours closer than this in z lie in one plane: decimal strings of one slice differ by less."""


@dataclass(frozen=True, slots=True, eq=False)
class PlaneStack:
    """Polygons sorted by plane.

    Parameters
    ----------
    xy_mm
        All vertices, shape ``(n, 2)``.
    loop_start
        Vertices of loop ``i`` are ``xy_mm[loop_start[i]:loop_start[i + 1]]``.
    plane_start
        Loops of plane ``p`` are ``plane_start[p]`` to ``plane_start[p + 1]``.
    z_mm
        Plane positions, strictly ascending.
    duplicates
        Contours left out because the same plane already holds an identical one; under the even-odd
        rule a copy would turn the region inside out.
    """

    xy_mm: FloatArray
    loop_start: IntArray
    plane_start: IntArray
    z_mm: FloatArray
    duplicates: int = 0

    @property
    def n_planes(self) -> int:
        """Number of planes."""
        return int(self.z_mm.size)

    def loop_low_high_y(self) -> tuple[FloatArray, FloatArray]:
        """Return the lowest and the highest y of every loop."""
        y = np.ascontiguousarray(self.xy_mm[:, 1])
        first = self.loop_start[:-1]
        return np.minimum.reduceat(y, first), np.maximum.reduceat(y, first)


def stack_planes(structure: Structure) -> PlaneStack:
    """Sort a structure's contours into planes.

    Raises
    ------
    GeometryError
        The structure has no closed contour.
    """
    if not structure.contours:
        raise GeometryError(
            "the structure has no closed contour", where=f"ROI {structure.roi_number}"
        )
    planes, duplicates = _group(structure.contours)
    loops = [c.xy_mm for plane in planes for c in plane]
    sizes = [len(loop) for loop in loops]
    return PlaneStack(
        xy_mm=np.concatenate(loops),
        loop_start=_offsets(sizes),
        plane_start=_offsets([len(plane) for plane in planes]),
        z_mm=np.array([plane[0].z_mm for plane in planes]),
        duplicates=duplicates,
    )


def _group(contours: tuple[Contour, ...]) -> tuple[list[list[Contour]], int]:
    planes: list[list[Contour]] = []
    duplicates = 0
    for contour in contours:
        if not planes or contour.z_mm - planes[-1][0].z_mm > PLANE_TOLERANCE_MM:
            planes.append([contour])
        elif any(_same(contour, other) for other in planes[-1]):
            duplicates += 1
        else:
            planes[-1].append(contour)
    return planes, duplicates


def _same(a: Contour, b: Contour) -> bool:
    return a.xy_mm.shape == b.xy_mm.shape and np.array_equal(a.xy_mm, b.xy_mm)


def _offsets(sizes: list[int]) -> IntArray:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
