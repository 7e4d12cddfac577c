"""The frames of a DICOM SEG: where each lies, which segment it shows, and its pixels one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.dicom.files.dataset import is_compressed
from sbrt_qa.dicom.read.coordinates import PlaneGeometry, plane_geometry
from sbrt_qa.dicom.text.elements import Item, translated
from sbrt_qa.errors import DicomError, GeometryError
from sbrt_qa.geometry.pixel_outlines import Mask
from sbrt_qa.i18n.phrase import say

LABEL_MAP_CLASS: Final = "1.2.840.10008.5.1.4.1.1.66.7"

MOST_FRAMES: Final = 50_000
"""Frames of one file; a hundred organs on 300 slices are 30,000."""

MOST_SIDE: Final = 8192
"""Pixels along one side of a frame."""

MOST_PIXELS: Final = 2**32
"""Pixels of all frames together: 16,000 frames of 512 x 512."""

Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class SegmentFrame:
    """One frame.

    Parameters
    ----------
    geometry
        Where its pixels lie.
    segment
        The segment it shows; None in a label map, whose pixels say so.
    thickness_mm, between_mm
        Slice Thickness and Spacing Between Slices, 0 where they are not stated.
    """

    geometry: PlaneGeometry
    segment: int | None
    thickness_mm: float = 0.0
    between_mm: float = 0.0

    @property
    def along_mm(self) -> float:
        """Its place along the axis across its plane."""
        return self.geometry.position_mm[self.geometry.frame.axis]


def is_label_map(root: Item) -> bool:
    """Tell whether pixels are numbers of segments."""
    return root.code("SegmentationType") == "LABELMAP" or root.uid("SOPClassUID") == LABEL_MAP_CLASS


def frames_of(root: Item) -> list[SegmentFrame]:
    """Return all frames, before any pixel is looked at.

    Raises
    ------
    DicomError
        There are too many, or not as many as the file says, or one does not say what it shows.
    GeometryError
        One does not say where it lies, lies oblique, or lies otherwise than the others.
    """
    count, items = _count(root), root.items("PerFrameFunctionalGroupsSequence")
    if len(items) != count:
        raise DicomError(
            "the segmentation does not say of each frame where it lies", where=root.where,
            got=f"{len(items)} places", expected=f"{count} frames",
        )  # fmt: skip
    shared = root.items("SharedFunctionalGroupsSequence")
    groups = _Groups(shared[0] if shared else None)
    frames = [_frame(root, groups, item) for item in items]
    first = frames[0].geometry
    for one in frames:
        same = (one.geometry.frame, one.geometry.row, one.geometry.column, one.geometry.spacing_mm)
        if same != (first.frame, first.row, first.column, first.spacing_mm):
            raise GeometryError("frames of the segmentation differ in orientation or pixel spacing")
    places = {round(one.along_mm, 3) for one in frames}
    if is_label_map(root) and len(places) < len(frames):
        raise GeometryError("two frames of the label map lie at one place")
    return frames


def _count(root: Item) -> int:
    count = root.integer("NumberOfFrames") or 1
    rows, columns = root.integer("Rows") or 0, root.integer("Columns") or 0
    if not (2 <= rows <= MOST_SIDE and 2 <= columns <= MOST_SIDE and 1 <= count <= MOST_FRAMES):
        raise DicomError(
            "the segmentation has no size that is read", where=root.where,
            got=f"{count} frames of {rows} x {columns}",
            expected=f"at most {MOST_FRAMES:,} frames of {MOST_SIDE} x {MOST_SIDE}",
        )  # fmt: skip
    if count * rows * columns > MOST_PIXELS:
        raise DicomError(
            "the segmentation is too large", where=root.where,
            got=f"{count * rows * columns:,} pixels", expected=f"at most {MOST_PIXELS:,}",
        )  # fmt: skip
    return count


@dataclass(frozen=True, slots=True)
class _Groups:
    """Finds a functional group of a frame: its own, else that of all."""

    shared: Item | None

    def of(self, frame: Item, keyword: str) -> Item | None:
        own = frame.items(keyword)
        if own:
            return own[0]
        common = self.shared.items(keyword) if self.shared else ()
        return common[0] if common else None


def _frame(root: Item, groups: _Groups, item: Item) -> SegmentFrame:
    place = groups.of(item, "PlanePositionSequence")
    turned = groups.of(item, "PlaneOrientationSequence")
    measured = groups.of(item, "PixelMeasuresSequence")
    if place is None or turned is None or measured is None:
        raise GeometryError("the segmentation does not say where its frames lie in the patient")
    geometry = plane_geometry(
        place.numbers("ImagePositionPatient"),
        turned.numbers("ImageOrientationPatient"),
        measured.numbers("PixelSpacing"),
    )
    number = None
    if not is_label_map(root):
        named = groups.of(item, "SegmentIdentificationSequence")
        number = named.integer("ReferencedSegmentNumber") if named else None
        if number is None:
            raise DicomError("a frame does not say which segment it shows", where=root.where)
    thick, between = measured.number("SliceThickness"), measured.number("SpacingBetweenSlices")
    return SegmentFrame(geometry, number, max(thick or 0.0, 0.0), abs(between or 0.0))


def masks_of(
    root: Item, frames: Sequence[SegmentFrame]
) -> Iterator[tuple[SegmentFrame, int, Mask | str]]:
    """Yield each frame with a segment's number and its mask [row, column], or why there is none.

    Raises
    ------
    DicomError
        There are fewer pixels than the file says, or they are stored in a form that is not read.
    """
    if is_label_map(root):
        for frame, pixels in zip(frames, _pixels(root, len(frames)), strict=True):
            for number in np.unique(pixels).tolist():
                if number:
                    yield frame, int(number), pixels == number
        return
    kind = root.code("SegmentationType")
    if kind not in ("BINARY", "FRACTIONAL"):
        raise DicomError(
            "the segmentation is of a type that is not read", where=root.where,
            got=root.shown("SegmentationType"), expected="BINARY, FRACTIONAL or LABELMAP",
        )  # fmt: skip
    highest = root.integer("MaximumFractionalValue") if kind == "FRACTIONAL" else 1
    for frame, pixels in zip(frames, _pixels(root, len(frames)), strict=True):
        number = frame.segment or 0
        if kind == "FRACTIONAL" and not np.isin(pixels, (0, highest or 255)).all():
            yield frame, number, _in_parts(root)
        else:
            yield frame, number, pixels > 0


def _in_parts(root: Item) -> str:
    if root.code("SegmentationFractionalType") == "PROBABILITY":
        return say(
            "its voxels hold probabilities; from which probability on a voxel belongs is not in "
            "the file"
        )
    return say(
        "its voxels hold fractions; from which fraction on a voxel belongs is not in the file"
    )


def _pixels(root: Item, count: int) -> Iterator[Pixels]:
    """Yield the stored values of each frame [row, column], one frame in memory at a time."""
    rows, columns = root.integer("Rows") or 0, root.integer("Columns") or 0
    bits = root.integer("BitsAllocated")
    if bits not in (1, 8, 16) or (root.integer("SamplesPerPixel") or 1) != 1:
        raise DicomError(
            "the pixels of the segmentation are stored in a form that is not read",
            where=root.where, got=f"{root.shown('BitsAllocated')} bits",
        )  # fmt: skip
    syntax = str(getattr(root.dataset, "file_meta", {}).get("TransferSyntaxUID", "") or "")
    if is_compressed(syntax):
        yield from _unpacked(root, (rows, columns), count)
        return
    data = root.raw("PixelData")
    size = rows * columns
    needed = (count * size * bits + 7) // 8
    if len(data) < needed or (bits == 16 and syntax == "1.2.840.10008.1.2.2"):
        raise DicomError(
            "the segmentation has fewer pixels than it says, or in an order that is not read",
            where=root.where, got=f"{len(data):,} bytes", expected=f"{needed:,} bytes",
        )  # fmt: skip
    for index in range(count):
        yield _native(data, index * size, size, bits).reshape(rows, columns)


def _native(data: bytes, first: int, size: int, bits: int) -> Pixels:
    """Return values of one frame that starts at a place, counted in pixels; bits go low first."""
    if bits == 1:
        low, high = first // 8, (first + size + 7) // 8
        part = np.frombuffer(data, np.uint8, high - low, low)
        return np.unpackbits(part, bitorder="little")[first - 8 * low :][:size]
    if bits == 16:
        return np.frombuffer(data, "<u2", size, 2 * first)
    return np.frombuffer(data, np.uint8, size, first)


def _unpacked(root: Item, shape: tuple[int, int], count: int) -> Iterator[Pixels]:
    from pydicom.pixels.utils import iter_pixels  # start-up: only packed pixels need it

    found = 0
    with translated(root.where, "the pixels of the segmentation cannot be read"):
        for pixels in iter_pixels(root.dataset, raw=True):
            if pixels.shape != shape or found == count:
                break
            found += 1
            yield pixels
    if found != count:
        raise DicomError(
            "the segmentation has more or fewer pixels than it says", where=root.where,
            got=f"{found} frames", expected=f"{count}",
        )  # fmt: skip
