"""CT slices to an image series: geometry at once, pixels when asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.dicom.files.dataset import parse, warnings_as_notes
from sbrt_qa.dicom.files.guarded import Budget
from sbrt_qa.dicom.quirks import Log
from sbrt_qa.dicom.read.coordinates import PlaneGeometry, to_patient_axes
from sbrt_qa.dicom.read.slice_stacks import Named, PlacedSlice, Slice, one_stack
from sbrt_qa.dicom.text.elements import Item, translated
from sbrt_qa.errors import DicomError, GeometryError, quoted
from sbrt_qa.i18n.phrase import joined, say
from sbrt_qa.model.body_size import BodySize
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.image import ImageSeries

GAP_FACTOR: Final = 1.5
"""A step larger than this many usual steps means that slices are missing."""


def read_image(slices: Sequence[Slice], log: Log, named: Named = frozenset) -> ImageSeries | str:
    """Build a series from the slices of one Series Instance UID.

    Localizers and slices of another stack are left out, slices at one place are used once, and gaps
    are noted. For a series that cannot be laid out along z (tilted gantry, mixed geometry) the
    answer is why, which is noted as well: a case works without an image.

    Parameters
    ----------
    named
        Gives the UIDs of the slices that contours name.
    """
    try:
        return _series(slices, log, named)
    except (GeometryError, DicomError) as error:
        why = say("the image series cannot be used: {0}", error)
        log.note(why)
        return why


def _series(slices: Sequence[Slice], log: Log, named: Named) -> ImageSeries:
    placed = one_stack(slices, named, log)
    first, root = placed[0], placed[0].image.root
    z_mm = np.array([p.z_mm for p in placed])
    _note_gaps(z_mm, log)
    _note_units(placed, log)
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
        body=BodySize.of_header(root.number("PatientSize"), root.number("PatientWeight")),
        load_hu=_pixel_loader(placed, z_mm),
        load_slice=_slice_loader(placed, z_mm),
    )


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


def _note_units(placed: Sequence[PlacedSlice], log: Log) -> None:
    """Note what speaks against pixels of a CT being Hounsfield units: checks of tissue use them."""
    roots = [p.image.root for p in placed]
    if roots[0].code("Modality") != "CT":
        return
    without = sum(
        r.number("RescaleSlope") is None or r.number("RescaleIntercept") is None for r in roots
    )
    if 0 < without < len(roots):
        log.note(
            say(
                "{0} of {1} image slices state no rescale slope and intercept, unlike the others: "
                "their pixels may be no Hounsfield units",
                without,
                len(roots),
            )
        )
    others = sorted({r.code("RescaleType") for r in roots} - {"", "HU", "US"})
    if others:
        units = joined(", ", map(quoted, others))
        log.note(say("the image's pixels are stated as {0}, not as Hounsfield units", units))
    if any(r.code("PhotometricInterpretation") == "MONOCHROME1" for r in roots):
        log.note(say("the image is meant to be shown inverted (MONOCHROME1), unlike any CT"))


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
    placed: Sequence[PlacedSlice], z_mm: FloatArray
) -> Callable[[], npt.NDArray[np.int16]]:
    def load() -> npt.NDArray[np.int16]:
        with warnings_as_notes("CT", Log()):  # too late for the provenance; the pixels count
            stack = np.stack([_hounsfield(p) for p in placed])
        turned, *_ = to_patient_axes(stack, placed[0].geometry, z_mm)
        return np.ascontiguousarray(turned, dtype=np.int16)

    return load


def _slice_loader(
    placed: Sequence[PlacedSlice], z_mm: FloatArray
) -> Callable[[int], npt.NDArray[np.int16]]:
    def load(index: int) -> npt.NDArray[np.int16]:
        one = placed[index]
        with warnings_as_notes("CT", Log()):  # too late for the provenance; the pixels count
            pixels = _hounsfield(one)[None]
        turned, *_ = to_patient_axes(pixels, one.geometry, z_mm[index : index + 1])
        return np.ascontiguousarray(turned[0], dtype=np.int16)

    return load


def _hounsfield(placed: PlacedSlice) -> npt.NDArray[np.int16]:
    where = placed.image.root.where
    data = placed.image.read()
    if hashlib.sha256(data).hexdigest() != placed.image.sha256:
        raise DicomError("the image changed after it was first read", where=where)
    with translated(where, "the image's pixels cannot be read"):
        root = placed.image.root
        stored = _plain_pixels(root, placed.shape, data)
        if stored is None:
            dataset = parse(data, Budget(where), with_pixels=True)
            root, stored = Item(dataset, where), dataset.pixel_array
        slope, intercept = root.number("RescaleSlope"), root.number("RescaleIntercept")
        if stored.shape != placed.shape:
            raise DicomError("the image has more or fewer pixels than it says", where=where)
        hu = stored.astype(np.float64) * (1.0 if slope is None else slope) + (intercept or 0.0)
        return np.clip(np.rint(hu), -32768, 32767).astype(np.int16)


def _plain_pixels(
    root: Item, shape: tuple[int, int], data: bytes
) -> npt.NDArray[np.uint16] | npt.NDArray[np.int16] | None:
    """Return stored values of an image without compression whose pixels end the file.

    That is how nearly all come. Of any other None: then the whole file is parsed once more.
    """
    whole = [root.integer(keyword) for keyword in _OF_PIXELS]
    syntax = str(root.dataset.file_meta.get("TransferSyntaxUID", "") or "").strip(" \0")
    head, size = _PIXELS.get(syntax), 2 * shape[0] * shape[1]
    frames = root.integer("NumberOfFrames")
    if head is None or whole[:4] != [16, 1, *shape] or frames not in (None, 1):
        return None
    signed, bits, highest = whole[4:]
    if signed not in (0, 1) or bits is None or not 1 <= bits <= 16 or highest != bits - 1:
        return None
    begin = len(data) - size
    head += size.to_bytes(4, "little")
    if root.code("PhotometricInterpretation") != "MONOCHROME2" or not data[:begin].endswith(head):
        return None
    stored = np.frombuffer(data, dtype="<i2" if signed else "<u2", offset=begin).reshape(shape)
    # Bits above the highest stored one may hold anything; so they are pushed out.
    return stored if bits == 16 else (stored << (16 - bits)) >> (16 - bits)


_OF_PIXELS: Final = (
    "BitsAllocated", "SamplesPerPixel", "Rows", "Columns",
    "PixelRepresentation", "BitsStored", "HighBit",
)  # fmt: skip

_PIXELS: Final = {
    "1.2.840.10008.1.2": b"\xe0\x7f\x10\x00",
    "1.2.840.10008.1.2.1": b"\xe0\x7f\x10\x00OW\0\0",
}
"""Transfer syntaxes without compression, and how pixel data begin in each, before their length."""
