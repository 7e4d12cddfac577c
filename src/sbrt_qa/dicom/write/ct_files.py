"""An image volume to a CT series, one file per slice."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from sbrt_qa.dicom.write.common import AXIAL, CaseIds, new_object, number, save
from sbrt_qa.errors import GeometryError
from sbrt_qa.model.image import ImageSeries

INTERCEPT_HU: Final = -1024
"""Rescale intercept: stored values are Hounsfield units minus this, never negative."""

STORED_MAX: Final = 4095
"""Largest stored value, 12 bits as CT scanners use."""


def write_ct(
    image: ImageSeries, hu: npt.NDArray[np.int16], folder: Path, ids: CaseIds
) -> tuple[Path, ...]:
    """Write one file per slice, named by position in the series, and return them.

    Parameters
    ----------
    hu
        Hounsfield units, shape ``(nz, ny, nx)``; clipped to the 12-bit range -1024 .. 3071.

    Raises
    ------
    DicomError
        A file cannot be written.
    GeometryError
        `hu` and `image` disagree in shape.
    """
    expected = (image.z_mm.size, *image.shape)
    if hu.shape != expected:
        raise GeometryError(
            "pixels and image geometry disagree", got=f"{hu.shape}", expected=f"{expected}"
        )
    paths = []
    for index, z_mm in enumerate(image.z_mm):
        path = folder / f"CT_{index + 1:03d}.dcm"
        save(_slice(image, hu[index], index, float(z_mm), ids), path)
        paths.append(path)
    return tuple(paths)


def _slice(
    image: ImageSeries, hu: npt.NDArray[np.int16], index: int, z_mm: float, ids: CaseIds
) -> Dataset:
    dataset = new_object(
        ids,
        sop_class=CTImageStorage,
        sop_uid=ids.ct_uid(index),
        modality="CT",
        series_uid=ids.ct_series_uid,
        number=1,
    )
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.AcquisitionNumber = 1
    dataset.InstanceNumber = index + 1
    dataset.PatientPosition = ids.position
    dataset.KVP = "120"
    if image.gantry_tilt_deg is not None:
        dataset.GantryDetectorTilt = number(image.gantry_tilt_deg)
    dataset.SliceThickness = number(image.slice_spacing_mm) if image.z_mm.size > 1 else ""
    dataset.ImagePositionPatient = [*(number(v) for v in image.origin_mm), number(z_mm)]
    dataset.ImageOrientationPatient = list(AXIAL)
    dataset.PixelSpacing = [number(image.spacing_mm[1]), number(image.spacing_mm[0])]
    _add_pixels(dataset, hu)
    return dataset


def _add_pixels(dataset: Dataset, hu: npt.NDArray[np.int16]) -> None:
    stored = np.clip(hu.astype(np.int32) - INTERCEPT_HU, 0, STORED_MAX).astype("<u2")
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = hu.shape
    dataset.BitsAllocated = 16
    dataset.BitsStored = 12
    dataset.HighBit = 11
    dataset.PixelRepresentation = 0
    dataset.RescaleIntercept = str(INTERCEPT_HU)
    dataset.RescaleSlope = "1"
    dataset.RescaleType = "HU"
    dataset.add_new("PixelData", "OW", stored.tobytes())
