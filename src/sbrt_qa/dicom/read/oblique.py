"""Oblique dose grids, laid along the patient's axes, because the engine's scan lines follow them.

The stored dose is read by a cubic spline on a grid of about the same spacing. That grid is the
largest box along the patient's axes, around the same centre, that the stored grid holds: outside
the stored grid there is no dose, and none is made up. What the step costs is measured by reading
the new grid back at the old voxel centres.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from sbrt_qa.dicom.quirks import Mended, Stage
from sbrt_qa.dicom.read.coordinates import (
    OBLIQUE_TOLERANCE,
    ORTHONORMAL_TOLERANCE,
    SAME_PLACE_MM,
)
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.grid import UNIFORM_TOLERANCE_MM, FloatArray

LEAST_FOR_SPLINE: Final = 4
"""Voxels along each axis below which the stored dose is read linearly."""

AXIAL: Final = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)

Numbers = tuple[float, ...] | None


class ObliqueDose(NamedTuple):
    """Voxels as stored, [frame, row, column], and the file's statements on where they lie."""

    voxels: npt.NDArray[np.generic]
    position_mm: Numbers
    orientation: Numbers
    spacing_mm: Numbers
    offsets_mm: FloatArray


class _Frame(NamedTuple):
    """A right-angled grid in space; columns of `directions` are its x, y and z steps."""

    voxels: FloatArray
    centre_mm: FloatArray
    directions: FloatArray
    step_mm: FloatArray

    @property
    def half_mm(self) -> FloatArray:
        """Half the distance between the first and the last voxel centre along each step."""
        sizes = np.array(self.voxels.shape[::-1], dtype=np.float64)
        return np.asarray(0.5 * self.step_mm * (sizes - 1), dtype=np.float64)


DOSE_AXES: Stage[ObliqueDose] = Stage("dose grid orientation")


@DOSE_AXES.quirk("oblique-dose-grid", vendor="several", example="couch rotated by 5 degrees")
def lay_along_patient_axes(stored: ObliqueDose) -> Mended[ObliqueDose] | None:
    """Resample a right-angled but oblique dose grid along the patient's axes."""
    frame = _frame_of(stored)
    if frame is None:
        return None
    own = _nearest_axes(frame.directions)
    half = _largest_box(frame.directions, frame.half_mm, own)
    count = np.ceil(2 * half / frame.step_mm[own] - 1e-9).astype(int) + 1
    step = 2 * half / (count - 1)
    laid = _resampled(frame, frame.centre_mm - half, step, count)
    x, y, z = (frame.centre_mm - half).tolist()
    return Mended(
        ObliqueDose(
            laid, (x, y, z), AXIAL, (float(step[1]), float(step[0])), step[2] * np.arange(count[2])
        ),
        say("resampled along the patient's axes; {0}", _cost(frame, laid, half, step)),
    )


def _frame_of(stored: ObliqueDose) -> _Frame | None:
    """Return the grid's frame if it is oblique and right-angled, with even frames; else None."""
    position, orientation, spacing = stored.position_mm, stored.orientation, stored.spacing_mm
    if position is None or orientation is None or spacing is None or min(stored.voxels.shape) < 2:
        return None
    if (len(position), len(orientation), len(spacing)) != (3, 6, 2) or min(spacing) <= 0:
        return None
    directions = _directions(orientation)
    offsets = None if directions is None else _relative(stored, directions[:, 2], position[2])
    if directions is None or offsets is None:
        return None
    voxels = stored.voxels.astype(np.float64)
    if offsets[-1] < 0:
        voxels = voxels[::-1]
    step = np.array([spacing[1], spacing[0], np.abs(offsets[1])])
    size = np.array([voxels.shape[2] - 1, voxels.shape[1] - 1, 0])
    middle = 0.5 * (step * size) + np.array([0.0, 0.0, 0.5 * offsets[-1]])
    return _Frame(voxels, np.array(position) + directions @ middle, directions, step)


def _directions(orientation: tuple[float, ...]) -> FloatArray | None:
    """Return row, column and normal direction as columns, made exactly right-angled."""
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    gram = np.array([row @ row - 1, column @ column - 1, row @ column])
    if not np.abs(gram).max() <= ORTHONORMAL_TOLERANCE:  # also where it is not a number
        return None
    matrix = np.stack([row, column, np.cross(row, column)], axis=1)
    if np.abs(np.abs(matrix) - np.abs(np.rint(matrix))).max() <= OBLIQUE_TOLERANCE:
        return None
    left, _, right = np.linalg.svd(matrix)
    return np.asarray(left @ right, dtype=np.float64)


def _relative(stored: ObliqueDose, normal: FloatArray, z_mm: float) -> FloatArray | None:
    """Return even frame offsets from the first frame; None when they are neither."""
    offsets = stored.offsets_mm
    absolute = normal[2] > 1 - OBLIQUE_TOLERANCE and abs(offsets[0] - z_mm) <= SAME_PLACE_MM
    if offsets[0] != 0.0 and not absolute:
        return None
    even = np.linspace(offsets[0], offsets[-1], offsets.size)
    if offsets[-1] == offsets[0] or np.abs(offsets - even).max() > UNIFORM_TOLERANCE_MM:
        return None
    return np.asarray(even - even[0], dtype=np.float64)


def _nearest_axes(directions: FloatArray) -> list[int]:
    """Return for x, y and z the grid step that points most nearly along it."""
    choices = permutations(range(3))
    return list(max(choices, key=lambda p: sum(abs(directions[a, i]) for a, i in enumerate(p))))


def _largest_box(directions: FloatArray, half_mm: FloatArray, own: list[int]) -> FloatArray:
    """Return half the sides of a box along x, y and z within a box along `directions`."""
    reach = np.abs(directions.T)
    half = half_mm[own] * (half_mm / (reach @ half_mm[own])).min()
    for axis in range(3):
        spare = half_mm - reach @ half
        used = reach[:, axis] > 1e-12
        half[axis] += max(float((spare[used] / reach[used, axis]).min()), 0.0)
    return np.asarray(half, dtype=np.float64)


def _resampled(
    frame: _Frame, first_mm: FloatArray, step_mm: FloatArray, count: npt.NDArray[np.int64]
) -> FloatArray:
    """Read a grid's spline on a grid along the patient's axes; values stay within its range."""
    import SimpleITK  # loaded only for an oblique grid

    sitk: Any = SimpleITK  # its calls are untyped
    image = sitk.GetImageFromArray(np.ascontiguousarray(frame.voxels))
    image.SetSpacing(frame.step_mm.tolist())
    image.SetDirection(frame.directions.ravel().tolist())
    image.SetOrigin((frame.centre_mm - frame.directions @ frame.half_mm).tolist())
    smooth = min(frame.voxels.shape) >= LEAST_FOR_SPLINE
    laid = sitk.Resample(
        image,
        [int(n) for n in count],
        sitk.Transform(),
        sitk.sitkBSpline if smooth else sitk.sitkLinear,
        first_mm.tolist(),
        step_mm.tolist(),
        np.eye(3).ravel().tolist(),
    )
    values = np.asarray(sitk.GetArrayFromImage(laid), dtype=np.float64)
    return np.clip(values, frame.voxels.min(), frame.voxels.max())


def _cost(frame: _Frame, laid: FloatArray, half_mm: FloatArray, step_mm: FloatArray) -> str:
    """Say what resampling changed and what the new grid does not hold."""
    largest = squares = left = 0.0
    for k, before in enumerate(frame.voxels):
        places = _places_mm(frame, k)
        inside = (np.abs(places) <= half_mm[:, None] + 1e-9).all(axis=0)
        off = _linear(laid, places[:, inside] + half_mm[:, None], step_mm) - before.ravel()[inside]
        largest = max(largest, float(np.abs(off).max(initial=0.0)))
        squares += float(off @ off)
        left = max(left, float(before.ravel()[~inside].max(initial=0.0)))
    percent = 100 / (float(frame.voxels.max()) or 1.0)
    lost = 100 * (1 - float(np.prod(half_mm) / np.prod(frame.half_mm)))
    tilt = np.degrees(np.arccos(np.abs(frame.directions).max(axis=0).clip(0, 1))).max()
    rms = np.sqrt(squares / frame.voxels.size)
    return say(
        "it was tilted by {0} degrees; at its own voxel centres the dose differs by at most {1} "
        "% of its maximum (rms {2} %); {3} % of its volume, at the corners, with up to {4} % of "
        "the maximum, is not held by the new grid and counts as outside",
        f"{tilt:.3g}",
        f"{percent * largest:.2g}",
        f"{percent * rms:.2g}",
        f"{lost:.2g}",
        f"{percent * left:.3g}",
    )


def _places_mm(frame: _Frame, k: int) -> FloatArray:
    """Return the voxel centres of frame `k` from the middle of the grid, shape (3, voxels)."""
    i, j = np.indices(frame.voxels.shape[1:], dtype=np.float64).reshape(2, -1)
    steps = np.stack([j, i, np.full_like(i, k)]) * frame.step_mm[:, None]
    return np.asarray(frame.directions @ (steps - frame.half_mm[:, None]), dtype=np.float64)


def _linear(values: FloatArray, places_mm: FloatArray, step_mm: FloatArray) -> FloatArray:
    """Trilinear interpolant at places (x, y, z) from the first voxel; held at the edges."""
    index, part = [], []
    for axis, size in zip((2, 1, 0), values.shape, strict=True):
        at = np.clip(places_mm[axis] / step_mm[axis], 0, size - 1)
        low = np.minimum(at.astype(np.int64), size - 2)
        index.append(low)
        part.append(at - low)
    total = np.zeros(places_mm.shape[1])
    for corner in np.ndindex(2, 2, 2):
        weight = np.ones_like(total)
        for far, p in zip(corner, part, strict=True):
            weight *= p if far else 1 - p
        total += weight * values[tuple(i + far for i, far in zip(index, corner, strict=True))]
    return total
