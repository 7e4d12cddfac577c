"""The planning image: geometry at once, pixels only when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sbrt_qa.errors import GeometryError
from sbrt_qa.model.body_size import BodySize
from sbrt_qa.model.grid import FloatArray, frozen_array


def _no_pixels() -> npt.NDArray[np.int16]:
    raise GeometryError("this image series carries no pixels")


@dataclass(frozen=True, slots=True, eq=False)
class ImageSeries:
    """An axial CT series sorted by z (LPS, mm).

    Parameters
    ----------
    z_mm
        Slice positions, strictly ascending.
    origin_mm
        (x, y) of the centre of the first pixel.
    spacing_mm
        (x, y) pixel spacing.
    shape
        (rows, columns) = (ny, nx).
    modality, series_uid, frame_of_reference_uid, patient_position
        As written.
    gantry_tilt_deg
        Gantry/Detector Tilt (0018,1120), None if not stated.
    body
        Height and weight of the patient, as far as the header of the first slice states them.
    load_hu
        Called on demand; returns Hounsfield units, shape ``(nz, ny, nx)``.
    load_slice
        Called with the index of a slice; returns it alone, shape ``(ny, nx)``. None where only the
        whole can be had.
    """

    z_mm: FloatArray
    origin_mm: tuple[float, float]
    spacing_mm: tuple[float, float]
    shape: tuple[int, int]
    series_uid: str = ""
    frame_of_reference_uid: str = ""
    modality: str = "CT"
    patient_position: str = ""
    gantry_tilt_deg: float | None = None
    sop_instance_uids: tuple[str, ...] = ()
    body: BodySize = field(default_factory=BodySize)
    load_hu: Callable[[], npt.NDArray[np.int16]] = field(default=_no_pixels, repr=False)
    load_slice: Callable[[int], npt.NDArray[np.int16]] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "z_mm", frozen_array(self.z_mm))
        if self.z_mm.size == 0 or (np.diff(self.z_mm) <= 0).any():
            raise GeometryError("image slices must be present and strictly ascending in z")
        if min(self.spacing_mm) <= 0 or min(self.shape) <= 0:
            raise GeometryError("image spacing and shape must be positive")

    @property
    def slice_spacing_mm(self) -> float:
        """Most usual distance between neighbouring slices; 0 for a single slice."""
        return float(np.median(np.diff(self.z_mm))) if self.z_mm.size > 1 else 0.0

    def slices_hu(self, wanted: Sequence[int]) -> Iterator[npt.NDArray[np.int16]]:
        """Yield some slices in Hounsfield units one by one, shape ``(ny, nx)`` each.

        Raises
        ------
        GeometryError, DicomError
            There are no pixels, or they cannot be read.
        """
        load = self.load_slice or self.load_hu().__getitem__
        return (load(index) for index in wanted)
