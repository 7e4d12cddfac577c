"""Segmentations as another program writes them: highdicom, from masks on the slices of an image."""

from __future__ import annotations

from collections.abc import Sequence

import builders as b
import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

Kind = hd.seg.SegmentationTypeValues


def source(
    heights: Sequence[float] = (0.0, 2.0, 4.0),
    side: int = 40,
    spacing: float = 1.0,
    position: Sequence[float] | None = None,
    orientation: Sequence[float] = (1, 0, 0, 0, 1, 0),
) -> list[Dataset]:
    """Return image slices around the origin, unless told otherwise."""
    images = []
    for index, z in enumerate(heights):
        one = b.ct_slice(z)
        low = -side * spacing / 2
        one.Rows = one.Columns = side
        one.PixelSpacing = [spacing, spacing]
        one.ImagePositionPatient = [low, low, z] if position is None else [*position, z]
        one.ImageOrientationPatient = list(orientation)
        one.SOPInstanceUID = f"1.2.3.41.{index}"
        one.SliceThickness = heights[1] - heights[0] if len(heights) > 1 else 2.0
        one.StudyID, one.StudyDate, one.StudyTime = "1", "20200101", "120000"
        one.AccessionNumber, one.ReferringPhysicianName = "", ""
        one.PatientBirthDate, one.PatientSex = "", ""
        one.SeriesNumber, one.InstanceNumber = 1, index + 1
        one.file_meta = b.FileMetaDataset()
        one.file_meta.TransferSyntaxUID = b.ExplicitVRLittleEndian
        images.append(one)
    return images


def segmentation(
    masks: np.ndarray,
    names: Sequence[str] = ("Liver",),
    images: Sequence[Dataset] | None = None,
    kind: Kind = Kind.BINARY,
    uid: str = "1.2.3.12",
    **more: object,
) -> Dataset:
    """Return a segmentation of masks [slice, row, column] or [slice, row, column, segment]."""
    images = images or source(tuple(2.0 * k for k in range(masks.shape[0])), masks.shape[1])
    described = [
        hd.seg.SegmentDescription(
            segment_number=number,
            segment_label=name,
            segmented_property_category=codes.SCT.Organ,
            segmented_property_type=codes.SCT.Liver,
            algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, name in enumerate(names, 1)
    ]
    return hd.seg.Segmentation(
        source_images=list(images),
        pixel_array=masks,
        segmentation_type=kind,
        segment_descriptions=described,
        series_instance_uid="1.2.3.43",
        series_number=2,
        sop_instance_uid=uid,
        instance_number=1,
        manufacturer="m",
        manufacturer_model_name="n",
        software_versions="1",
        device_serial_number="1",
        **more,
    )


def ball(
    radius_mm: float, side: int, heights: Sequence[float], spacing: float, rule_mm: float = 0.0
) -> np.ndarray:
    """Return the pixels of a ball at the origin, by their centres or a point farther in or out."""
    axis = -side * spacing / 2 + spacing * np.arange(side)
    z, y, x = np.meshgrid(np.asarray(heights), axis, axis, indexing="ij")
    from_axis = np.maximum(np.hypot(x, y) - rule_mm, 0.0)
    return (from_axis**2 + z**2 <= radius_mm**2).astype(np.uint8)


def cylinder(radius_mm: float, half_mm: float, side: int, heights, spacing: float) -> np.ndarray:
    """Return the pixels of a cylinder along z at the origin whose centres lie inside."""
    axis = -side * spacing / 2 + spacing * np.arange(side)
    z, y, x = np.meshgrid(np.asarray(heights), axis, axis, indexing="ij")
    return ((x**2 + y**2 <= radius_mm**2) & (np.abs(z) <= half_mm)).astype(np.uint8)
