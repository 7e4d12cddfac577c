"""A label map in patient coordinates, and how any orientation of a file becomes one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.errors import InputError
from sbrt_qa.model.grid import FARTHEST_MM, FloatArray, frozen_array

LabelArray = npt.NDArray[np.int32]

MAX_VOXELS: Final = 400_000_000
MAX_SIDE: Final = 4_096
MAX_LABELS: Final = 200
"""Labels of one file; more are an image, not a label map."""

AXIS_TOLERANCE: Final = 0.1
"""Part of a voxel by which the far end of an axis may lie beside it; more is oblique."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelVolume:
    """Labels of voxels in patient coordinates (LPS, mm).

    Parameters
    ----------
    labels
        Indexed ``[z, y, x]``; 0 is nothing.
    x_mm, y_mm, z_mm
        Centres of the voxels, ascending and even.
    notes
        What had to be decided while it was read, one sentence each.
    """

    labels: LabelArray
    x_mm: FloatArray
    y_mm: FloatArray
    z_mm: FloatArray
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("x_mm", "y_mm", "z_mm"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))
        if self.labels.shape != (self.z_mm.size, self.y_mm.size, self.x_mm.size):
            msg = "labels and axes differ in size"
            raise ValueError(msg)

    @property
    def voxel_mm(self) -> tuple[float, float, float]:
        """Size of a voxel along x, y and z; along a single one as stated by its axis."""
        x, y, z = (_step(axis) for axis in (self.x_mm, self.y_mm, self.z_mm))
        return x, y, z

    @property
    def present(self) -> tuple[int, ...]:
        """Labels that occur, ascending, without 0."""
        return tuple(int(n) for n in np.unique(self.labels) if n != 0)


def _step(axis_mm: FloatArray) -> float:
    return float((axis_mm[-1] - axis_mm[0]) / (axis_mm.size - 1)) if axis_mm.size > 1 else 0.0


def check_shape(shape: tuple[int, ...], where: str) -> None:
    """Refuse sizes that no image of a patient has, before anything is read.

    Raises
    ------
    InputError
        A side is not positive or too long, or there are too many voxels.
    """
    sound = len(shape) == 3 and all(2 <= n <= MAX_SIDE for n in shape)
    voxels = 1
    for n in shape:
        voxels *= max(n, 0)
    if not sound or voxels > MAX_VOXELS:
        raise InputError(
            "the size is not that of a volume", where=where,
            got=" x ".join(map(str, shape)),
            expected=f"three sides of 2 to {MAX_SIDE}, at most {MAX_VOXELS:,} voxels",
        )  # fmt: skip


def as_labels(values: npt.NDArray[np.generic], where: str) -> LabelArray:
    """Return voxel values as labels.

    Raises
    ------
    InputError
        They are no whole numbers from 0, or there are too many of them.
    """
    numbers = np.asarray(values)
    if numbers.dtype.kind == "f":
        finite = np.isfinite(numbers).all()
        if not finite or (numbers != np.round(numbers)).any():
            raise InputError(
                "the voxels are no labels", where=where,
                got="values that are no whole numbers",
                expected="0 for nothing and a whole number for each structure",
                advice="Threshold a probability map first",
            )  # fmt: skip
    if numbers.min() < 0 or numbers.max() > np.iinfo(np.int32).max:
        raise InputError(
            "the voxels are no labels", where=where,
            got=f"values from {numbers.min()} to {numbers.max()}", expected="whole numbers from 0",
        )  # fmt: skip
    labels = numbers.astype(np.int32)
    count = (
        np.count_nonzero(np.bincount(labels.ravel()))
        if labels.max() < 1_000_000
        else MAX_LABELS + 2
    )
    if count - 1 > MAX_LABELS:
        raise InputError(
            "too many different values for a label map", where=where,
            expected=f"at most {MAX_LABELS} structures", advice="Is this an image?",
        )  # fmt: skip
    return labels


def oriented(
    labels: LabelArray, steps_mm: FloatArray, origin_mm: FloatArray, where: str,
    notes: tuple[str, ...] = (),
) -> LabelVolume:  # fmt: skip
    """Return labels along the patient's axes.

    Parameters
    ----------
    labels
        Indexed ``[i, j, k]``.
    steps_mm
        From one voxel to the next in LPS: column 0 along i, 1 along j, 2 along k.
    origin_mm
        Centre of the voxel ``[0, 0, 0]`` in LPS.

    Raises
    ------
    InputError
        The axes are oblique, sheared or without length, or lie nowhere near a patient.
    """
    if not (np.isfinite(steps_mm).all() and np.isfinite(origin_mm).all()):
        raise InputError("the orientation is not made of numbers", where=where)
    lengths = np.linalg.norm(steps_mm, axis=0)
    if (lengths < 1e-3).any() or (lengths > 100).any():
        got = " x ".join(f"{n:g} mm" for n in lengths)
        raise InputError("no size of a voxel", where=where, got=got, expected="0.001 to 100 mm")
    axis_of = [int(np.argmax(np.abs(steps_mm[:, n]))) for n in range(3)]
    off = steps_mm.copy()
    off[axis_of, range(3)] = 0.0
    extent = np.array(labels.shape) - 1
    beside = np.abs(off) * extent / lengths
    if sorted(axis_of) != [0, 1, 2] or beside.max() > AXIS_TOLERANCE:
        angle = np.degrees(np.arcsin(min(1.0, float((np.abs(off) / lengths).max()))))
        raise InputError(
            "the axes are oblique to the patient's", where=where, got=f"{angle:.2f} degrees",
            expected="axes along left-right, front-back and head-feet",
            advice="Resample the mask onto the planning CT",
        )  # fmt: skip
    own = np.argsort(axis_of)  # which index runs along x, y, z
    turned = labels.transpose(own[::-1])
    axes = []
    for axis, n in enumerate(own):
        step = float(steps_mm[axis, n])
        places = origin_mm[axis] + step * np.arange(labels.shape[n])
        if step < 0:
            turned = np.flip(turned, 2 - axis)
            places = places[::-1]
        axes.append(places)
    if max(float(np.abs(a).max()) for a in axes) > FARTHEST_MM:
        expected = f"at most {FARTHEST_MM:g} mm from the origin"
        raise InputError("the volume lies nowhere near a patient", where=where, expected=expected)
    return LabelVolume(np.ascontiguousarray(turned), axes[0], axes[1], axes[2], notes)
