"""A registration of images: how places in one frame of reference become places in another."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.errors import GeometryError
from sbrt_qa.model.grid import FloatArray, frozen_array

ORTHONORMAL: Final = 1e-4
"""How far a rotation may be from an orthonormal matrix, in each element of R'R - 1."""

LAST_ROW: Final = 1e-6
"""How far the last row of a matrix may be from 0 0 0 1."""


class RegistrationKind(enum.StrEnum):
    """What a registration object holds."""

    SPATIAL = "spatial"
    """Matrices, as in the DICOM object Spatial Registration."""
    DEFORMABLE = "deformable"
    """A field of displacements, as in Deformable Spatial Registration."""


@dataclass(frozen=True, slots=True, eq=False)
class FrameMatrix:
    """One matrix of a registration as found, with the type that the file gives it.

    Parameters
    ----------
    values
        Shape (4, 4), finite; takes a column (x, y, z, 1) of one frame into the next.
    kind
        RIGID, RIGID_SCALE, AFFINE, or what the file says.
    """

    values: FloatArray
    kind: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen_array(self.values))
        if self.values.shape != (4, 4) or not np.isfinite(self.values).all():
            raise GeometryError("a frame of reference matrix is four by four finite numbers")


@dataclass(frozen=True, slots=True, eq=False)
class MovingFrame:
    """One item of a registration: a frame of reference, and what takes it into the registered one.

    ``matrices`` are applied in their order, the first one first.
    """

    frame_uid: str
    matrices: tuple[FrameMatrix, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """A registration object.

    Parameters
    ----------
    name
        Of its file.
    frame_uid
        The registered frame of reference, which all items are taken into.
    moving
        The items.
    kind
        Whether it is one of matrices.
    """

    name: str
    frame_uid: str
    moving: tuple[MovingFrame, ...]
    kind: RegistrationKind = RegistrationKind.SPATIAL


@dataclass(frozen=True, slots=True, eq=False)
class RigidMotion:
    """A rotation and a shift, without a reflection.

    Parameters
    ----------
    matrix
        Shape (4, 4).

    Raises
    ------
    GeometryError
        It scales, shears or reflects, or its last row is not 0 0 0 1.
    """

    matrix: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "matrix", frozen_array(self.matrix))
        if self.matrix.shape != (4, 4) or not np.isfinite(self.matrix).all():
            raise GeometryError("a rigid motion is four by four finite numbers")
        if np.abs(self.matrix[3] - (0.0, 0.0, 0.0, 1.0)).max() > LAST_ROW:
            row = " ".join(f"{v:g}" for v in self.matrix[3])
            raise GeometryError("the last row of the matrix is wrong", got=row, expected="0 0 0 1")
        rotation = self.matrix[:3, :3]
        off = float(np.abs(rotation.T @ rotation - np.eye(3)).max())
        if off > ORTHONORMAL:
            raise GeometryError("the matrix scales or shears", got=f"{off:.2g} from orthonormal")
        if np.linalg.det(rotation) < 0:
            raise GeometryError("the matrix is a reflection: left and right would be exchanged")

    def __call__(self, points_mm: FloatArray) -> FloatArray:
        """Return points, rows of (x, y, z), where they are taken to."""
        return np.asarray(points_mm @ self.matrix[:3, :3].T + self.matrix[:3, 3])

    def then(self, other: RigidMotion) -> RigidMotion:
        """Return this motion followed by another."""
        return RigidMotion(other.matrix @ self.matrix)

    def inverse(self) -> RigidMotion:
        """Return the motion back."""
        return RigidMotion(np.asarray(np.linalg.inv(self.matrix), dtype=float))


STAYS: Final = RigidMotion(np.eye(4))
"""The motion that leaves everything where it is."""
