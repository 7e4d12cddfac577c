"""The dose grid: values at voxel centres, axes along the patient's, always ascending."""

from __future__ import annotations

import copy
import enum
import importlib
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sbrt_qa.errors import GeometryError

FloatArray = npt.NDArray[np.float64]

UNIFORM_TOLERANCE_MM = 1e-3
"""Largest departure of a voxel centre from even spacing that still counts as even."""


FARTHEST_MM = 100_000.0
"""Largest distance from the origin that a coordinate may have; beyond, it is not of a patient."""


class DoseType(enum.StrEnum):
    """What the dose values mean (DICOM Dose Type, 3004,0004)."""

    PHYSICAL = "PHYSICAL"
    EFFECTIVE = "EFFECTIVE"
    ERROR = "ERROR"
    UNKNOWN = "UNKNOWN"


class Summation(enum.StrEnum):
    """What the dose is a sum of (DICOM Dose Summation Type, 3004,000A)."""

    PLAN = "PLAN"
    MULTI_PLAN = "MULTI_PLAN"
    FRACTION = "FRACTION"
    BEAM = "BEAM"
    SUMMED_BEAMS = "SUMMED_BEAMS"
    OTHER = "OTHER"


def frozen_array(values: npt.ArrayLike) -> FloatArray:
    """Float64, C-contiguous, read-only; the input stays writable and is copied only if needed."""
    array = np.ascontiguousarray(values, dtype=np.float64)
    if array is values or array.base is values:
        array = array.view()
    array.flags.writeable = False
    return array


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class DoseGrid:
    """Dose on an axis-aligned grid in patient coordinates (LPS).

    Parameters
    ----------
    dose_gy
        Shape ``(nz, ny, nx)``, Gy, finite and not negative.
    x_mm, y_mm, z_mm
        Voxel centres, strictly ascending. x and y are evenly spaced; z may be uneven, as DICOM's
        grid frame offset vector allows. An axis of one voxel has no extent of its own.
    frame_of_reference_uid
        The frame in which the coordinates hold; empty when the file states none.
    summation, dose_type
        What the file says the values are.
    heterogeneity
        Tissue Heterogeneity Correction (3004,0014): IMAGE, ROI_OVERRIDE, WATER; none if not stated.
    spatial_transform
        Spatial Transform of Dose (3004,0005): RIGID or NON_RIGID where a registration moved the
        dose; NONE or empty where it lies as it was calculated.
    stands_for_plan
        Whether it was taken for the dose of the plan although its summation says otherwise.
    taken_as
        What the user states that it holds, in words; empty where nobody did.
    max_gy
        Largest voxel value, which is also the maximum of the trilinear interpolant.
    """

    dose_gy: FloatArray
    x_mm: FloatArray
    y_mm: FloatArray
    z_mm: FloatArray
    frame_of_reference_uid: str = ""
    summation: Summation = Summation.PLAN
    dose_type: DoseType = DoseType.PHYSICAL
    heterogeneity: tuple[str, ...] = ()
    spatial_transform: str = ""
    stands_for_plan: bool = False
    taken_as: str = ""
    max_gy: float = field(init=False)

    def __post_init__(self) -> None:
        for name in ("dose_gy", "x_mm", "y_mm", "z_mm"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))
        expected = (self.z_mm.size, self.y_mm.size, self.x_mm.size)
        if self.dose_gy.shape != expected or 0 in expected:
            raise GeometryError(
                "dose array and axes disagree",
                got=f"shape {self.dose_gy.shape}",
                expected=f"(z, y, x) = {expected}, none empty",
            )
        for name in ("x_mm", "y_mm", "z_mm"):
            _check_axis(name, getattr(self, name), even=name != "z_mm")
        low, high = float(self.dose_gy.min()), float(self.dose_gy.max())
        if not (np.isfinite(low) and np.isfinite(high)) or low < 0:
            raise GeometryError(
                "dose values must be finite and not negative",
                got=f"minimum {low!r}, maximum {high!r}",
            )
        object.__setattr__(self, "max_gy", high)

    def __repr__(self) -> str:
        """Return a short form: the values would fill pages."""
        nz, ny, nx = self.dose_gy.shape
        return f"<DoseGrid {nx} x {ny} x {nz} voxels, {self.summation}, up to {self.max_gy:.4g} Gy>"

    def __add__(self, other: DoseGrid) -> DoseGrid:
        """Return the sum of two doses where both have values, see `sbrt_qa.model.dose_sum`.

        Grids with the same voxels are added; others are interpolated to a common one.

        Raises
        ------
        GeometryError
            They differ in frame of reference or meaning, or have no place in common.
        """
        if not isinstance(other, DoseGrid):
            return NotImplemented  # of a Reason: it says why there is nothing to add
        # by name: the sum of grids is made of grids, so that its module imports this one
        total: DoseGrid = importlib.import_module("sbrt_qa.model.dose_sum").added(self, other)
        return total

    def __radd__(self, other: object) -> DoseGrid:
        """Begin ``sum([a.dose, b.dose])``, which starts from 0."""
        return self if isinstance(other, int) and other == 0 else NotImplemented

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel spacing (x, y, z); z is the largest gap; 0 along an axis of one voxel."""
        return (_step(self.x_mm), _step(self.y_mm), float(np.diff(self.z_mm).max(initial=0.0)))

    def moved_by(self, x_mm: float, y_mm: float, z_mm: float) -> DoseGrid:
        """Return the same values, not copied, at places moved along the axes."""
        other = copy.copy(self)
        moved = {"x_mm": x_mm, "y_mm": y_mm, "z_mm": z_mm}
        for name, by in moved.items():
            object.__setattr__(other, name, frozen_array(getattr(self, name) + by))
        return other


def _step(axis_mm: FloatArray) -> float:
    return float((axis_mm[-1] - axis_mm[0]) / (axis_mm.size - 1)) if axis_mm.size > 1 else 0.0


def _check_axis(name: str, axis_mm: FloatArray, *, even: bool) -> None:
    if not np.isfinite(axis_mm).all() or (np.diff(axis_mm) <= 0).any():
        raise GeometryError(f"{name} must be finite and strictly ascending")
    if np.abs(axis_mm[[0, -1]]).max() > FARTHEST_MM:
        raise GeometryError(f"{name} must lie within {FARTHEST_MM:g} mm of the origin")
    if even and axis_mm.size > 2:
        ideal = np.linspace(axis_mm[0], axis_mm[-1], axis_mm.size)
        if np.abs(axis_mm - ideal).max() > UNIFORM_TOLERANCE_MM:
            raise GeometryError(f"{name} must be evenly spaced")
