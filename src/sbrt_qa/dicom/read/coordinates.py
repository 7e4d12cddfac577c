"""Image planes to patient axes: from row, column and frame to ascending x, y and z (LPS).

Only Image Position, Image Orientation, Pixel Spacing and the frame offsets decide where a voxel
lies; Slice Location and Patient Position never do. Frames follow the normal of the plane, which is
row direction x column direction (DICOM PS3.3 C.8.8.3.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.errors import GeometryError
from sbrt_qa.model.grid import FloatArray

OBLIQUE_TOLERANCE: Final = 1e-4
"""Largest direction cosine off an axis that still counts as along it: 0.05 mm over 500 mm."""

ORTHONORMAL_TOLERANCE: Final = 1e-3
"""Largest departure of two direction cosines from unit vectors at right angles."""

SAME_PLACE_MM: Final = 0.01
"""Largest difference between two written positions that still mean one place."""


@dataclass(frozen=True, slots=True)
class AxisDirection:
    """One array axis laid along a patient axis: 0, 1, 2 for x, y, z; ``sign`` +1 or -1."""

    axis: int
    sign: int


@dataclass(frozen=True, slots=True)
class PlaneGeometry:
    """Where the pixels of a plane, and the planes of a stack, lie in the patient.

    Parameters
    ----------
    position_mm
        Centre of the first pixel, (x, y, z).
    frame, row, column
        Patient axes along which the frame, row and column *index* grows.
    spacing_mm
        Distance between rows and between columns, as Pixel Spacing has them.
    """

    position_mm: tuple[float, float, float]
    frame: AxisDirection
    row: AxisDirection
    column: AxisDirection
    spacing_mm: tuple[float, float]


def plane_geometry(
    position_mm: tuple[float, ...] | None,
    orientation: tuple[float, ...] | None,
    spacing_mm: tuple[float, ...] | None,
) -> PlaneGeometry:
    """Check and combine Image Position, Image Orientation and Pixel Spacing.

    Raises
    ------
    GeometryError
        One of them is absent or no sensible number, or the plane is oblique.
    """
    if position_mm is None or len(position_mm) != 3:
        raise GeometryError("Image Position (Patient) is missing or not three finite numbers")
    if orientation is None or len(orientation) != 6:
        raise GeometryError("Image Orientation (Patient) is missing or not six finite numbers")
    if spacing_mm is None or len(spacing_mm) != 2 or min(spacing_mm) <= 0:
        raise GeometryError("Pixel Spacing is missing or not two positive numbers")
    along_row, along_column = orientation[:3], orientation[3:]
    _check_right_angled(along_row, along_column)
    column, row = _direction(along_row, "row"), _direction(along_column, "column")
    frame = _direction(tuple(np.cross(along_row, along_column).tolist()), "normal")
    x, y, z = position_mm
    return PlaneGeometry((x, y, z), frame, row, column, (spacing_mm[0], spacing_mm[1]))


def _check_right_angled(row: tuple[float, ...], column: tuple[float, ...]) -> None:
    a, b = np.array(row), np.array(column)
    off = np.abs([a @ a - 1, b @ b - 1, a @ b]).max()
    if not off <= ORTHONORMAL_TOLERANCE:  # also where it is not a number
        shown = ", ".join(f"{c:.6g}" for c in (*row, *column))
        raise GeometryError(
            "the row and column directions of the image are not perpendicular unit vectors",
            got=f"({shown})",
        )


def _direction(cosines: tuple[float, ...], name: str) -> AxisDirection:
    axis = int(np.argmax(np.abs(cosines)))
    exact = np.zeros(3)
    exact[axis] = sign = 1 if cosines[axis] > 0 else -1
    if np.abs(np.asarray(cosines) - exact).max() > OBLIQUE_TOLERANCE:
        shown = ", ".join(f"{c:.6g}" for c in cosines)
        raise GeometryError(
            f"the image's {name} direction is oblique to the patient axes",
            got=f"({shown})",
            expected="a direction along x, y or z",
        )
    return AxisDirection(axis, sign)


def frame_positions_mm(geometry: PlaneGeometry, offsets_mm: FloatArray) -> FloatArray:
    """Return the place of each frame along its patient axis.

    Offsets that start at 0 are relative to the first frame; offsets that start at the first frame's
    patient z are patient z themselves, which makes sense only for planes across z.

    Raises
    ------
    GeometryError
        The offsets are neither.
    """
    start = geometry.position_mm[geometry.frame.axis]
    if offsets_mm[0] == 0.0:
        return start + geometry.frame.sign * offsets_mm
    if geometry.frame.axis == 2 and abs(offsets_mm[0] - start) <= SAME_PLACE_MM:
        return np.array(offsets_mm)
    raise GeometryError(
        "Grid Frame Offset Vector is neither relative nor absolute",
        got=f"first offset {offsets_mm[0]:g}",
        expected=f"0 or the position of the first frame, {start:g}",
    )


def to_patient_axes(
    array: npt.NDArray[np.generic], geometry: PlaneGeometry, frames_mm: FloatArray
) -> tuple[npt.NDArray[np.generic], FloatArray, FloatArray, FloatArray]:
    """Turn an array [frame, row, column] into [z, y, x] with ascending axes.

    Returns
    -------
    The array (a view where possible), then the voxel centres along x, y and z.

    Raises
    ------
    GeometryError
        Two frames share a place.
    """
    order = np.argsort(frames_mm, kind="stable")
    if (np.diff(frames_mm[order]) <= 0).any():
        raise GeometryError("two frames have the same position")
    if (np.diff(order) == -1).all() and order.size > 1:
        array = array[::-1]
    elif not (np.diff(order) == 1).all():
        array = array[order]
    centres: list[FloatArray] = [np.empty(0)] * 3
    centres[geometry.frame.axis] = frames_mm[order]
    flips = [slice(None), slice(None), slice(None)]
    directions = ((1, geometry.row), (2, geometry.column))
    for (index, direction), step in zip(directions, geometry.spacing_mm, strict=True):
        start = geometry.position_mm[direction.axis]
        line = start + direction.sign * step * np.arange(array.shape[index], dtype=np.float64)
        flips[index] = slice(None, None, direction.sign)
        centres[direction.axis] = line[:: direction.sign]
    axes = (geometry.frame.axis, geometry.row.axis, geometry.column.axis)
    turned = array[tuple(flips)].transpose([axes.index(k) for k in (2, 1, 0)])
    return turned, centres[0], centres[1], centres[2]
