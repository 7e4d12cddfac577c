"""CT slices to an image series: geometry at once, pixels when asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.dicom.coordinates import SAME_PLACE_MM, PlaneGeometry, plane_geometry, to_patient_axes
from sbrt_qa.dicom.elements import Item, translated
from sbrt_qa.dicom.guarded import Budget
from sbrt_qa.dicom.quirks import Log
from sbrt_qa.dicom.read import parse, warnings_as_notes
from sbrt_qa.errors import DicomError, GeometryError
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.phrase import say

GAP_FACTOR: Final = 1.5
"""A step larger than this many usual steps means that slices are missing."""

MAX_SIDE: Final = 8192
"""Most pixels along one side of a slice; a lying header must not allocate."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One image file: its header, its fingerprint, and what reads its bytes once more."""

    root: Item
    sha256: str
    read: Callable[[], bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A slice with its geometry."""

    image: Slice
    uid: str
    geometry: PlaneGeometry
    shape: tuple[int, int]

    @property
    def z_mm(self) -> float:
        return self.geometry.position_mm[2]


def read_image(slices: Sequence[Slice], log: Log) -> ImageSeries | None:
    """Build a series from the slices of one Series Instance UID.

    Slices at one place are used once; gaps are noted. A series that cannot be laid out along z
    (tilted gantry, mixed geometry) is None with a note: a case works without an image.
    """
    try:
        return _series(slices, log)
    except (GeometryError, DicomError) as error:
        log.note(say("the image series cannot be used: {0}", error))
        return None


def _series(slices: Sequence[Slice], log: Log) -> ImageSeries:
    placed = _distinct(sorted((_placed(s) for s in slices), key=lambda p: p.z_mm), log)
    first, root = placed[0], slices[0].root
    if any((p.geometry.row, p.geometry.column, p.shape) != _kind(first) for p in placed):
        raise GeometryError("its slices differ in orientation or size")
    z_mm = np.array([p.z_mm for p in placed])
    _note_gaps(z_mm, log)
    blank = np.broadcast_to(np.int16(0), (1, *first.shape))
    _, x_mm, y_mm, _ = to_patient_axes(blank, first.geometry, np.zeros(1))
    return ImageSeries(
        z_mm=z_mm,
        origin_mm=(float(x_mm[0]), float(y_mm[0])),
        spacing_mm=_spacing_xy_mm(first.geometry),
        shape=(y_mm.size, x_mm.size),
        series_uid=root.uid("SeriesInstanceUID"),
        frame_of_reference_uid=root.uid("FrameOfReferenceUID"),
        modality=root.code("Modality"),
        patient_position=root.code("PatientPosition"),
        gantry_tilt_deg=root.number("GantryDetectorTilt"),
        sop_instance_uids=tuple(p.uid for p in placed),
        load_hu=_pixel_loader(placed, z_mm),
    )


def _kind(placed: _Placed) -> tuple[object, ...]:
    return (placed.geometry.row, placed.geometry.column, placed.shape)


def _placed(image: Slice) -> _Placed:
    root = image.root
    geometry = plane_geometry(
        root.numbers("ImagePositionPatient"),
        root.numbers("ImageOrientationPatient"),
        root.numbers("PixelSpacing"),
    )
    if geometry.frame.axis != 2:
        raise GeometryError("its slices are not axial")
    rows, columns = root.integer("Rows"), root.integer("Columns")
    if not rows or not columns or min(rows, columns) < 1:
        raise GeometryError("a slice states no size")
    if max(rows, columns) > MAX_SIDE:
        raise GeometryError(f"a slice of {rows} x {columns} pixels is too large")
    return _Placed(image, root.uid("SOPInstanceUID"), geometry, (rows, columns))


def _distinct(placed: Sequence[_Placed], log: Log) -> list[_Placed]:
    kept: list[_Placed] = []
    for one in placed:
        if kept and one.z_mm - kept[-1].z_mm < SAME_PLACE_MM:
            log.note(
                say("several image slices at z = {0} mm: only the first is used", f"{one.z_mm:g}")
            )
        else:
            kept.append(one)
    return kept


def _note_gaps(z_mm: FloatArray, log: Log) -> None:
    steps = np.diff(z_mm)
    if steps.size < 2:
        return
    usual = float(np.median(steps))
    for index in np.flatnonzero(steps > GAP_FACTOR * usual):
        log.note(
            say(
                "image slices missing between z = {0} and {1} mm (usual step {2} mm)",
                f"{z_mm[index]:g}",
                f"{z_mm[index + 1]:g}",
                f"{usual:g}",
            )
        )


def _spacing_xy_mm(geometry: PlaneGeometry) -> tuple[float, float]:
    between_rows, between_columns = geometry.spacing_mm
    return (
        (between_columns, between_rows)
        if geometry.column.axis == 0
        else (
            between_rows,
            between_columns,
        )
    )


def _pixel_loader(
    placed: Sequence[_Placed], z_mm: FloatArray
) -> Callable[[], npt.NDArray[np.int16]]:
    def load() -> npt.NDArray[np.int16]:
        with warnings_as_notes("CT", Log()):  # too late for the provenance; the pixels count
            stack = np.stack([_hounsfield(p) for p in placed])
        turned, *_ = to_patient_axes(stack, placed[0].geometry, z_mm)
        return np.ascontiguousarray(turned, dtype=np.int16)

    return load


def _hounsfield(placed: _Placed) -> npt.NDArray[np.int16]:
    where = placed.image.root.where
    data = placed.image.read()
    if hashlib.sha256(data).hexdigest() != placed.image.sha256:
        raise DicomError("the image changed after it was first read", where=where)
    with translated(where, "the image's pixels cannot be read"):
        dataset = parse(data, Budget(where), with_pixels=True)
        root = Item(dataset, where)
        slope, intercept = root.number("RescaleSlope"), root.number("RescaleIntercept")
        stored = dataset.pixel_array.astype(np.float64)
        if stored.shape != placed.shape:
            raise DicomError("the image has more or fewer pixels than it says", where=where)
        hu = stored * (1.0 if slope is None else slope) + (intercept or 0.0)
        return np.clip(np.rint(hu), -32768, 32767).astype(np.int16)
