"""What a picture needs beyond the review: dose, contours, image, curves, and where limits fail.

Made by `sbrt_qa.evidence.gather` from the same DVHs that the review used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sbrt_qa.compare.comparison import CaseComparison
from sbrt_qa.dosimetry.histogram import OUTSIDE_TOLERANCE, ROUNDING
from sbrt_qa.model.grid import DoseGrid, FloatArray, frozen_array
from sbrt_qa.model.patient import DocumentPatient
from sbrt_qa.model.structure import Structure
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.submission import Occasion

HuArray = npt.NDArray[np.int16]

Point = tuple[float, float, float]
"""(x, y, z) in mm."""


@dataclass(frozen=True, slots=True, eq=False)
class DrawnCurve:
    """The cumulative histogram of one structure, or of structures combined.

    Parameters
    ----------
    key
        Key of the structure in the plan, or the protocol's expression such as ``Liver-GTV``.
    roi_numbers
        The ROIs it is made of.
    volume_cc
        Volume inside and outside the dose grid.
    at_dose_cc
        Volume that receives at least each dose of `Evidence.dose_axis_gy`: the engine's own value
        there, not one that was drawn.
    min_gy, mean_gy, max_gy
        Of the part inside the grid.
    """

    key: str
    roi_numbers: tuple[int, ...]
    volume_cc: float
    at_dose_cc: FloatArray
    min_gy: float
    mean_gy: float
    max_gy: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "at_dose_cc", frozen_array(self.at_dose_cc))

    @property
    def is_whole(self) -> bool:
        """Whether so little of the structure has no dose that its metrics are evaluable."""
        outside_cc = self.volume_cc - float(self.at_dose_cc[0]) if self.at_dose_cc.size else 0.0
        return outside_cc <= OUTSIDE_TOLERANCE * self.volume_cc * (1 + ROUNDING)


@dataclass(frozen=True, slots=True, eq=False)
class CtStack:
    """The planning image: Hounsfield units ``[z, y, x]`` at voxel centres, axes ascending.

    `series_uid` says which image it is; it is empty where that is not known.
    """

    hu: HuArray
    x_mm: FloatArray
    y_mm: FloatArray
    z_mm: FloatArray
    series_uid: str = ""

    def __post_init__(self) -> None:
        for name in ("x_mm", "y_mm", "z_mm"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))
        if self.hu.shape != (self.z_mm.size, self.y_mm.size, self.x_mm.size):
            msg = f"an image of shape {self.hu.shape} does not fit its axes"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class SlicePlace:
    """Where one limit fails.

    Parameters
    ----------
    limit
        Id of the limit.
    point_mm
        The hottest point of the region concerned, or the coldest where dose is missing; of a limit
        about a volume, that on the slice on which most lies on the wrong side of the level.
    dose_gy
        The trilinear dose there.
    level_gy
        Dose that the limit is about: what may not be exceeded, or has to be reached.
    too_hot
        False where dose is missing.
    around
        Whether it is what lies around the structure that is wrong.
    """

    limit: str
    point_mm: Point
    dose_gy: float
    level_gy: float
    too_hot: bool
    around: bool = False

    @property
    def slice_mm(self) -> float:
        """Height of the slice that shows it."""
        return self.point_mm[2]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Everything that can be drawn of one reviewed case.

    Parameters
    ----------
    structures
        By key, see `StructureSet.keys`; contours as in the file.
    dose
        The dose grid, None when there is none.
    image
        None when there is none, it cannot be read, or it is in another frame of reference.
    dose_axis_gy
        Common doses of all curves, evenly spaced from 0.
    curves
        By key: structures of the plan in file order, then combinations that limits use.
    curve_of
        Key of the curve by id of the limit, where there is one.
    places
        By id of the limit, for limits that are exceeded.
    hottest
        The hottest voxel of the dose grid and its dose in Gy.
    planes, gaps
        By key of the structure: contour planes, and gaps between them that are wider than usual.
    notes
        Why something is not shown.
    plan_colours
        Draw structures in the colours that the structure set has for them, where it has any.
    """

    structures: Mapping[str, Structure]
    dose: DoseGrid | None
    image: CtStack | None
    dose_axis_gy: FloatArray
    curves: Mapping[str, DrawnCurve]
    curve_of: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, SlicePlace] = field(default_factory=dict)
    hottest: tuple[Point, float] | None = None
    planes: Mapping[str, int] = field(default_factory=dict)
    gaps: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    plan_colours: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "dose_axis_gy", frozen_array(self.dose_axis_gy))

    @property
    def slices_mm(self) -> FloatArray:
        """Heights of the slices to show: those of the image, else of the dose, else none."""
        if self.image is not None:
            return self.image.z_mm
        return np.zeros(0) if self.dose is None else self.dose.z_mm


@dataclass(frozen=True, slots=True, eq=False)
class Reviewed:
    """A review with its evidence; without, where the case is no longer at hand.

    `patient` is whom DICOM documents may name; None leaves it to the subject code. `comparison` is
    what a resubmission changes beside the submission before, where there was one. `occasion` is
    what is known of the submission and of the report itself.
    """

    review: CaseReview
    evidence: Evidence | None = None
    patient: DocumentPatient | None = None
    comparison: CaseComparison | None = None
    occasion: Occasion = field(default_factory=Occasion)
