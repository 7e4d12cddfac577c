"""Structures as a label map on the voxels of the planning image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from sbrt_qa.dicom.volumes.label_volume import LabelVolume
from sbrt_qa.dicom.volumes.mask_structures import ending_of
from sbrt_qa.dicom.volumes.metaimage_file import metaimage_bytes
from sbrt_qa.dicom.volumes.nifti_file import nifti_bytes
from sbrt_qa.errors import DicomError, UsageError, quoted
from sbrt_qa.geometry.planes import stack_planes
from sbrt_qa.geometry.rasters import CellRaster, filled
from sbrt_qa.geometry.slabs import DEFAULT_CONVENTION
from sbrt_qa.model.case import Case
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.structure import Structure

WRITERS: Final = {".nii.gz": nifti_bytes, ".mha": metaimage_bytes}
EVEN_MM: Final = 0.01
"""Largest departure of a slice from even spacing, which these formats have for all slices."""


def write_labels(structures: Sequence[Structure], case: Case, out: Path) -> tuple[str, ...]:
    """Write structures as labels 1, 2, ... in order; return what each label is.

    A voxel belongs to a structure whose outline holds its centre.

    Raises
    ------
    UsageError
        The ending is none that is written, or two structures share voxels.
    DicomError
        There is no planning image with even slices, or a structure holds no voxel's centre.
    """
    if ending_of(out) not in WRITERS:
        expected = " or ".join(WRITERS)
        raise UsageError(
            "this file of voxels is not written", got=quoted(out.name), expected=expected
        )
    image = case.image
    if image is None:
        raise DicomError("there is no planning image whose voxels could be labelled")
    spacing = image.slice_spacing_mm
    if image.z_mm.size < 2 or np.abs(np.diff(image.z_mm) - spacing).max() > EVEN_MM:
        raise DicomError("the slices of the planning image are not even", expected="one spacing")
    raster = CellRaster(image.z_mm, image.origin_mm, image.spacing_mm, image.shape)
    labels = np.zeros((image.z_mm.size, *image.shape), np.int32)
    for label, one in enumerate(structures, 1):
        stack = stack_planes(one, spacing, DEFAULT_CONVENTION.overlaps)
        inside = filled(stack, raster, spacing)
        if not inside.any():
            raise DicomError("it holds no centre of a voxel", where=quoted(one.name))
        if (labels[inside] != 0).any():
            other = structures[int(labels[inside].max()) - 1].name
            raise UsageError(
                "two structures share voxels, and a label map holds one for each",
                got=f"{quoted(other)} and {quoted(one.name)}",
                advice="Write them to files of their own",
            )
        labels[inside] = label
    volume = LabelVolume(labels, *_axes(image))
    try:
        out.write_bytes(WRITERS[ending_of(out)](volume))
    except OSError as error:
        raise DicomError("the file cannot be written", where=out.name) from error
    return tuple(f"label {n}: {one.name}" for n, one in enumerate(structures, 1))


def _axes(image: ImageSeries) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    (x0, y0), (dx, dy), (ny, nx) = image.origin_mm, image.spacing_mm, image.shape
    even = np.linspace(image.z_mm[0], image.z_mm[-1], image.z_mm.size)
    return x0 + dx * np.arange(nx), y0 + dy * np.arange(ny), even
