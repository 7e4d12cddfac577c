"""Oddities of RTDOSE."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from sbrt_qa.dicom.write.common import item
from sbrt_qa.testing.oddities.editing import put_raw, put_voxels, voxels
from sbrt_qa.testing.oddities.registry import Effect, oddity


@oddity("RTDOSE", Effect.NONE)
def absolute_frame_offsets(dose: Dataset) -> None:
    """Frame offsets are patient z instead of distances from the first frame."""
    start = float(dose.ImagePositionPatient[2])
    dose.GridFrameOffsetVector = [start + float(v) for v in dose.GridFrameOffsetVector]


@oddity("RTDOSE", Effect.NONE)
def frames_from_the_head_down(dose: Dataset) -> None:
    """Frames run down in z, with negative offsets."""
    offsets = [float(v) for v in dose.GridFrameOffsetVector]
    x, y, z = (float(v) for v in dose.ImagePositionPatient)
    dose.ImagePositionPatient = [x, y, z + offsets[-1] - offsets[0]]
    dose.GridFrameOffsetVector = [v - offsets[-1] for v in reversed(offsets)]
    put_voxels(dose, voxels(dose)[::-1])


@oddity("RTDOSE", Effect.NONE)
def rows_and_columns_turned_over(dose: Dataset) -> None:
    """Rows and columns run against x and y, as in a prone export."""
    x, y, z = (float(v) for v in dose.ImagePositionPatient)
    between_rows, between_columns = (float(v) for v in dose.PixelSpacing)
    last = (x + between_columns * (dose.Columns - 1), y + between_rows * (dose.Rows - 1))
    dose.ImagePositionPatient = [*last, z]
    dose.ImageOrientationPatient = [-1, 0, 0, 0, -1, 0]
    put_voxels(dose, voxels(dose)[:, ::-1, ::-1])


@oddity("RTDOSE", Effect.NONE)
def samples_of_32_bits(dose: Dataset) -> None:
    """Voxels have 32 bits."""
    put_voxels(dose, voxels(dose).astype(np.uint32))


@oddity("RTDOSE", Effect.NONE)
def slice_location_that_lies(dose: Dataset) -> None:
    """Slice Location and Slice Thickness contradict Image Position."""
    dose.SliceLocation, dose.SliceThickness = -999, 77


@oddity("RTDOSE", Effect.NONE)
def patient_position_that_lies(dose: Dataset) -> None:
    """Patient Position contradicts Image Orientation."""
    dose.PatientPosition = "FFP"


@oddity("RTDOSE", Effect.NONE)
def stored_dvh_of_something_else(dose: Dataset) -> None:
    """A stored DVH of one structure only, with figures of another dose."""
    wanted = Sequence([item(ReferencedROINumber=1, DVHROIContributionType="INCLUDED")])
    dose.DVHSequence = [
        item(
            DVHReferencedROISequence=wanted,
            DVHType="CUMULATIVE",
            DoseUnits="GY",
            DVHDoseScaling=7,
            DVHVolumeUnits="CM3",
            DVHNumberOfBins=2,
            DVHData=[1, 999, 1, 0],
        )
    ]


@oddity("RTDOSE", Effect.NONE)
def private_elements_of_odd_length(dose: Dataset) -> None:
    """Private elements with an unknown VR."""
    dose.add_new(0x30090010, "LO", "VENDOR")
    dose.add_new(0x30091001, "UN", b"\x01\x02\x03\x00")


@oddity("RTDOSE", Effect.REPAIRED, "dose-in-cgy")
def dose_in_cgy(dose: Dataset) -> None:
    """Dose Units CGY, which DICOM does not know."""
    put_raw(dose, "DoseUnits", b"CGY", "CS")
    dose.DoseGridScaling = f"{100 * float(dose.DoseGridScaling):.10g}"


@oddity("RTDOSE", Effect.REPAIRED, "unsorted-frames")
def frames_out_of_order(dose: Dataset) -> None:
    """The second and third frame have changed places."""
    values, offsets = voxels(dose).copy(), [float(v) for v in dose.GridFrameOffsetVector]
    values[[1, 2]] = values[[2, 1]]
    offsets[1], offsets[2] = offsets[2], offsets[1]
    dose.GridFrameOffsetVector = offsets
    put_voxels(dose, values)


@oddity("RTDOSE", Effect.PART_REFUSED)
def relative_dose(dose: Dataset) -> None:
    """Dose Units RELATIVE."""
    dose.DoseUnits = "RELATIVE"


@oddity("RTDOSE", Effect.PART_REFUSED)
def scaling_of_zero(dose: Dataset) -> None:
    """Dose Grid Scaling 0."""
    dose.DoseGridScaling = "0"


@oddity("RTDOSE", Effect.PART_REFUSED)
def scaling_that_is_no_number(dose: Dataset) -> None:
    """Dose Grid Scaling nan."""
    put_raw(dose, "DoseGridScaling", b"nan", "DS")


@oddity("RTDOSE", Effect.PART_REFUSED)
def pixels_cut_short(dose: Dataset) -> None:
    """Pixel Data shorter than rows, columns and frames say."""
    dose["PixelData"].value = dose.PixelData[:-100]


@oddity("RTDOSE", Effect.PART_REFUSED)
def no_frame_offsets(dose: Dataset) -> None:
    """Several frames, and nothing says where they lie."""
    del dose.GridFrameOffsetVector


@oddity("RTDOSE", Effect.PART_REFUSED)
def sheared_axes(dose: Dataset) -> None:
    """Row and column directions that are not at right angles."""
    dose.ImageOrientationPatient = [1, 0, 0, 0.1736, 0.9848, 0]
