"""RTDOSE to a dose grid in Gy with ascending patient axes, or a refusal that says why."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.dicom.files.dataset import Opened, is_compressed
from sbrt_qa.dicom.quirks import DOSE_UNITS, FIRST_OFFSET, FRAME_OFFSETS, ReadOffsets
from sbrt_qa.dicom.read.coordinates import frame_positions_mm, plane_geometry, to_patient_axes
from sbrt_qa.dicom.read.oblique import DOSE_AXES, ObliqueDose
from sbrt_qa.dicom.text.elements import Item, translated
from sbrt_qa.errors import DicomError, GeometryError, quoted
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.grid import DoseGrid, DoseType, FloatArray, Summation
from sbrt_qa.units import DOSE_UNITS_GY

MAX_DOSE_GY: Final = 100_000.0
"""Highest dose of a voxel: far beyond what is planned, next to brachytherapy sources too."""

ALONG_Z: Final = 0.01
"""How far a normal may be from the z axis, as 1 - cosine, for offsets to be places along z."""

MAX_VOXELS: Final = 2**27
"""Largest grid that is read (512 x 512 x 512), so that a lying header allocates nothing."""

BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
RLE: Final = "1.2.840.10008.1.2.5"


@dataclass(frozen=True, slots=True)
class _Layout:
    """How voxels are stored: (frames, rows, columns), bytes each, and whether signed."""

    shape: tuple[int, int, int]
    item_bytes: int
    signed: bool

    @property
    def voxels(self) -> int:
        return math.prod(self.shape)


def read_dose(opened: Opened) -> DoseGrid:
    """Read one dose grid.

    Raises
    ------
    DicomError
        The grid has no safe meaning in Gy: relative units, no scaling, pixels cut off...
    """
    root = opened.root
    factor = _gy_per_unit(root)
    scaling = root.number("DoseGridScaling")
    if scaling is None or scaling <= 0:
        raise _refused(root, "Dose Grid Scaling is unusable", root.shown("DoseGridScaling"))
    _refuse_second_scaling(root, scaling)
    if root.code("DoseType") == DoseType.ERROR:
        raise _refused(root, "the grid holds dose errors, not dose", "Dose Type ERROR")
    layout = _layout(root)
    try:
        stored = DOSE_AXES.mend(_stored(opened, layout), root.where, root.log)
        geometry = plane_geometry(stored.position_mm, stored.orientation, stored.spacing_mm)
        frames_mm = frame_positions_mm(geometry, stored.offsets_mm)
        voxels, x_mm, y_mm, z_mm = to_patient_axes(stored.voxels, geometry, frames_mm)
        dose_gy = _scaled(voxels, scaling, factor)
        _refuse_absurd(root, dose_gy)
        return DoseGrid(
            dose_gy,
            x_mm,
            y_mm,
            z_mm,
            frame_of_reference_uid=root.uid("FrameOfReferenceUID"),
            summation=summation(root),
            dose_type=_dose_type(root),
            heterogeneity=root.codes("TissueHeterogeneityCorrection"),
            spatial_transform=root.code("SpatialTransformOfDose"),
        )
    except GeometryError as error:
        raise DicomError(f"the dose grid cannot be used: {error}", where=root.where) from error


def summation(root: Item) -> Summation:
    """Return what the dose is a sum of; anything unknown is OTHER."""
    code = root.code("DoseSummationType")
    known = {Summation.PLAN, Summation.MULTI_PLAN, Summation.FRACTION, Summation.BEAM}
    return Summation(code) if code in known else Summation.OTHER


def _dose_type(root: Item) -> DoseType:
    code = root.code("DoseType")
    return DoseType(code) if code in set(DoseType) else DoseType.UNKNOWN


def _refused(root: Item, what: str, got: str, expected: str = "") -> DicomError:
    return DicomError(what, where=root.where, got=got, expected=expected)


def _gy_per_unit(root: Item) -> float:
    units = DOSE_UNITS.mend(root.code("DoseUnits"), root.where, root.log)
    if units == "RELATIVE":
        raise _refused(root, "the dose is relative and has no value in Gy", "Dose Units RELATIVE")
    if units not in DOSE_UNITS_GY:
        raise _refused(root, "unknown Dose Units", quoted(units), " or ".join(DOSE_UNITS_GY))
    return DOSE_UNITS_GY[units]


def _refuse_second_scaling(root: Item, scaling: float) -> None:
    """Check that nothing but Dose Grid Scaling scales the stored values.

    The Modality LUT module may stand in an RTDOSE too. A copy of Dose Grid Scaling in it, as some
    programs write for image viewers, and one that changes nothing are no second scaling.
    """
    if root.has("ModalityLUTSequence"):
        raise _refused(root, "a table beside Dose Grid Scaling changes the dose", "Modality LUT")
    slope, intercept = _rescaling(root, "RescaleSlope", 1.0), _rescaling(root, "RescaleIntercept")
    if slope not in (1.0, scaling) or intercept != 0.0:
        got = f"slope {root.shown('RescaleSlope')}, intercept {root.shown('RescaleIntercept')}"
        raise _refused(root, "a rescaling beside Dose Grid Scaling contradicts it", got)


def _rescaling(root: Item, keyword: str, neutral: float = 0.0) -> float | None:
    """Return a number of the Modality LUT module; None where it is there and cannot be read."""
    return root.number(keyword) if root.raw(keyword).strip(b" \0") else neutral


def _layout(root: Item) -> _Layout:
    frames = root.integer("NumberOfFrames") if root.raw("NumberOfFrames").strip(b" \0") else 1
    sizes = (frames, root.integer("Rows"), root.integer("Columns"))
    if any(n is None or n < 1 for n in sizes):
        raise _refused(root, "frames, rows and columns must be at least 1", str(sizes))
    shape = tuple(n for n in sizes if n is not None)
    bits = root.integer("BitsAllocated")
    if bits not in (16, 32) or root.integer("BitsStored") not in (bits, None):
        got = f"{root.integer('BitsStored')} of {bits} bits"
        raise _refused(root, "unsupported dose samples", got, "16 of 16 or 32 of 32 bits")
    if root.integer("SamplesPerPixel") not in (1, None):
        raise _refused(root, "a dose has one sample per voxel", root.shown("SamplesPerPixel"))
    signed = root.integer("PixelRepresentation") == 1
    layout = _Layout((shape[0], shape[1], shape[2]), bits // 8, signed)
    if layout.voxels > MAX_VOXELS:
        raise _refused(
            root, "the dose grid is too large", f"{shape} voxels", f"{MAX_VOXELS} voxels"
        )
    return layout


def _offsets_mm(root: Item, frames: int) -> FloatArray:
    """Frame offsets; a single frame may do without."""
    values = root.numbers("GridFrameOffsetVector")
    if values is None:
        if frames > 1 or root.raw("GridFrameOffsetVector"):
            got = root.shown("GridFrameOffsetVector")
            raise _refused(root, "Grid Frame Offset Vector is missing or broken", got)
        return np.zeros(1)
    given = ReadOffsets(values, frames, _first_z_mm(root))
    given = FRAME_OFFSETS.mend(given, root.where, root.log)
    offsets = FIRST_OFFSET.mend(given, root.where, root.log).values_mm
    if len(offsets) != frames:
        raise _refused(
            root, "frames and frame offsets disagree", f"{len(offsets)} offsets", f"{frames}"
        )
    return np.array(offsets)


def _first_z_mm(root: Item) -> float | None:
    """Return the patient z of the first frame where frames are stacked along z, else None."""
    position, cosines = (
        root.numbers("ImagePositionPatient"),
        root.numbers("ImageOrientationPatient"),
    )
    if position is None or len(position) != 3 or cosines is None or len(cosines) != 6:
        return None
    normal_z = cosines[0] * cosines[4] - cosines[1] * cosines[3]
    return position[2] if abs(normal_z) > 1 - ALONG_Z else None


def _stored(opened: Opened, layout: _Layout) -> ObliqueDose:
    """Voxels and geometry as the file has them."""
    root = opened.root
    return ObliqueDose(
        voxels=_pixels(opened, layout),
        position_mm=root.numbers("ImagePositionPatient"),
        orientation=root.numbers("ImageOrientationPatient"),
        spacing_mm=root.numbers("PixelSpacing"),
        offsets_mm=_offsets_mm(root, layout.shape[0]),
    )


def _pixels(opened: Opened, layout: _Layout) -> npt.NDArray[np.generic]:
    """Return stored values, shape (frames, rows, columns)."""
    root = opened.root
    if not root.raw("PixelData"):
        raise DicomError("the dose file carries no pixel data", where=root.where)
    if is_compressed(opened.transfer_syntax):
        return _decompressed(opened, layout)
    raw = root.raw("PixelData")
    needed = layout.voxels * layout.item_bytes
    if len(raw) < needed:
        raise _refused(root, "the pixel data is cut off", f"{len(raw)} bytes", f"{needed} bytes")
    if len(raw) - needed >= needed // layout.shape[0]:
        got = f"{len(raw)} bytes"
        raise _refused(root, "the pixel data has more frames than stated", got, f"{needed} bytes")
    if len(raw) > needed + needed % 2:
        root.log.note(
            say("{0}: {1} bytes behind the last frame are not used", root.where, len(raw) - needed)
        )
    order = ">" if opened.transfer_syntax == BIG_ENDIAN else "<"
    kind = f"{order}{'i' if layout.signed else 'u'}{layout.item_bytes}"
    return np.frombuffer(raw, dtype=kind, count=layout.voxels).reshape(layout.shape)


def _decompressed(opened: Opened, layout: _Layout) -> npt.NDArray[np.generic]:
    root = opened.root
    if opened.transfer_syntax != RLE:
        got = f"transfer syntax {quoted(opened.transfer_syntax)}"
        raise _refused(root, "compressed pixel data that is not supported", got, "RLE or native")
    with translated(root.where, "the compressed pixel data cannot be decoded"):
        pixels: npt.NDArray[np.generic] = root.dataset.pixel_array
    if pixels.size != layout.voxels:
        raise _refused(
            root, "the decoded pixel data is cut off", f"{pixels.size} voxels", f"{layout.voxels}"
        )
    return pixels.reshape(layout.shape)


def _refuse_absurd(root: Item, dose_gy: FloatArray) -> None:
    """Check that no voxel holds a dose that nobody plans; what is not finite is told elsewhere."""
    highest = float(dose_gy.max(initial=0.0))
    if MAX_DOSE_GY < highest < math.inf:
        raise _refused(
            root, "no plan gives such a dose", f"{highest:.3g} Gy", f"at most {MAX_DOSE_GY:g} Gy"
        )


def _scaled(stored: npt.NDArray[np.generic], scaling: float, factor: float) -> FloatArray:
    dose_gy = stored.astype(np.float64, order="C")
    dose_gy *= scaling
    if factor != 1.0:
        dose_gy *= factor
    return dose_gy
