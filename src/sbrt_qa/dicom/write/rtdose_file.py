"""A dose grid to RTDOSE: 16 or 32 bit, both forms of the grid frame offset vector."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

import numpy as np
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    RTDoseStorage,
    RTPlanStorage,
    RTStructureSetStorage,
)

from sbrt_qa.dicom.write.common import AXIAL, CaseIds, new_object, number, reference, save
from sbrt_qa.errors import GeometryError
from sbrt_qa.model.grid import DoseGrid

FRAME_OFFSETS: Final = Tag(0x3004, 0x000C)


class Offsets(enum.StrEnum):
    """Meaning of the grid frame offset vector (PS3.3 C.8.8.3.2): both forms are in use."""

    RELATIVE = "relative"
    ABSOLUTE = "absolute"


@dataclass(frozen=True, slots=True)
class RtDoseOptions:
    """How a dose grid is written.

    Parameters
    ----------
    bits
        Bits per voxel.
    offsets
        Form of the grid frame offset vector.
    heterogeneity
        Tissue Heterogeneity Correction (3004,0014); empty to leave it out.
    comment
        Dose Comment (3004,0006); empty to leave it out.
    gy_per_unit
        Gy per stored unit; as fine as the bits allow when None. Coarser values deflate better.
    deflated
        Whether the file is written in deflated explicit VR little endian.
    names_structures
        Whether Referenced Structure Set Sequence (300C,0060) is written. The standard keeps it for
        files with stored DVHs (RT DVH module, PS3.3 C.8.8.4); many systems write it always.
    """

    bits: Literal[16, 32] = 16
    offsets: Offsets = Offsets.RELATIVE
    heterogeneity: str = "IMAGE"
    comment: str = ""
    gy_per_unit: Decimal | None = None
    deflated: bool = False
    names_structures: bool = True


def write_rtdose(
    dose: DoseGrid, path: Path, ids: CaseIds, *, options: RtDoseOptions | None = None
) -> None:
    """Write a dose grid that refers to the plan of `ids`, and to its structure set where asked.

    Raises
    ------
    DicomError
        The file cannot be written.
    GeometryError
        The grid has fewer than two planes, so it has no frame offsets.
    """
    options = options or RtDoseOptions()
    if dose.z_mm.size < 2:
        raise GeometryError("a written dose grid needs at least two planes", got="one plane")
    dataset = new_object(
        ids,
        sop_class=RTDoseStorage,
        sop_uid=ids.rtdose_uid,
        modality="RTDOSE",
        series_uid=ids.uid("series RTDOSE"),
        number=4,
    )
    _add_geometry(dataset, dose, options)
    _add_dose(dataset, dose, options)
    dataset.ReferencedRTPlanSequence = [reference(RTPlanStorage, ids.rtplan_uid)]
    if options.names_structures:
        structures = reference(RTStructureSetStorage, ids.rtstruct_uid)
        dataset.ReferencedStructureSetSequence = [structures]
    syntax = DeflatedExplicitVRLittleEndian if options.deflated else ExplicitVRLittleEndian
    save(dataset, path, transfer_syntax=syntax)


def _add_geometry(dataset: Dataset, dose: DoseGrid, options: RtDoseOptions) -> None:
    step_x, step_y, _ = dose.spacing_mm
    first_z = float(dose.z_mm[0])
    start = first_z if options.offsets is Offsets.RELATIVE else 0.0
    dataset.InstanceNumber = 1
    dataset.ImagePositionPatient = [
        number(dose.x_mm[0]),
        number(dose.y_mm[0]),
        number(first_z),
    ]
    dataset.ImageOrientationPatient = list(AXIAL)
    dataset.PixelSpacing = [number(step_y), number(step_x)]
    dataset.SliceThickness = number(float(dose.z_mm[1]) - first_z)
    dataset.GridFrameOffsetVector = [number(round(float(z) - start, 6)) for z in dose.z_mm]
    dataset.FrameIncrementPointer = FRAME_OFFSETS
    dataset.NumberOfFrames = dose.z_mm.size
    dataset.Rows = dose.y_mm.size
    dataset.Columns = dose.x_mm.size


def _add_dose(dataset: Dataset, dose: DoseGrid, options: RtDoseOptions) -> None:
    scaling = options.gy_per_unit or dose_scaling(dose.max_gy, options.bits)
    stored = np.rint(dose.dose_gy / float(scaling)).astype(f"<u{options.bits // 8}")
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = options.bits
    dataset.BitsStored = options.bits
    dataset.HighBit = options.bits - 1
    dataset.PixelRepresentation = 0
    dataset.DoseUnits = "GY"
    dataset.DoseType = dose.dose_type.value
    dataset.DoseSummationType = dose.summation.value
    dataset.DoseGridScaling = str(scaling)
    if options.comment:
        dataset.DoseComment = options.comment
    if options.heterogeneity:
        dataset.TissueHeterogeneityCorrection = options.heterogeneity
    data = stored.tobytes()
    dataset.add_new("PixelData", "OW", data + b"\x00" if len(data) % 2 else data)


def dose_scaling(max_gy: float, bits: int) -> Decimal:
    """Gy per stored unit: the smallest of 1, 2 or 5 times a power of ten that holds `max_gy`.

    So the rounding of a stored dose is at most 1/26000 of the maximum with 16 bits (half of the
    worst case, a maximum just above 2/5 of the range), and the decimal string is short and exact.
    """
    if max_gy <= 0:
        return Decimal(1)
    steps = 2**bits - 1
    exponent = math.floor(math.log10(max_gy / steps)) - 1
    candidates = (Decimal(d).scaleb(exponent + e) for e in range(4) for d in (1, 2, 5))
    return next(c for c in candidates if max_gy / float(c) <= steps)
