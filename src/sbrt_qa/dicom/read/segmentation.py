"""DICOM SEG to structures: every segment becomes the outlines of its pixels, slice by slice.

Segments are drawn on a grid of voxels (PS3.3 A.51, C.8.20): what lies within a voxel the file does
not say. Each structure therefore keeps the size of its voxels, and its values an uncertainty of
half of one. Binary segments and label maps are read. A fractional segment is read where it holds
nothing but none and all; from which part on a voxel belongs is in no file. What does not say where
it lies, or lies oblique to the patient, is refused and says so.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from sbrt_qa.dicom.files.dataset import parse
from sbrt_qa.dicom.files.guarded import Budget
from sbrt_qa.dicom.read.coordinates import SAME_PLACE_MM, to_patient_axes
from sbrt_qa.dicom.read.segmentation_frames import SegmentFrame, frames_of, masks_of
from sbrt_qa.dicom.text.elements import Item, translated
from sbrt_qa.errors import DicomError, GeometryError, quoted
from sbrt_qa.geometry.pixel_outlines import Mask, pixel_outlines
from sbrt_qa.i18n.phrase import counted, said, say
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Contour, Structure, StructureSet, VoxelSize

MOST_OUTLINES: Final = 5_000
"""Outlines of one segment on one slice; organs have a few, noise has thousands."""

MOST_CORNERS: Final = 5_000_000
"""Corners of all outlines of a file; forty organs on pixels of 1 mm have 500,000."""

MOST_VOXELS: Final = 2**28
"""Voxels of a segment on slices that are not axial, which is turned as a whole."""


@dataclass(slots=True)
class _Segment:
    """What is known of one segment while frames are read."""

    number: int
    name: str
    raw_name: bytes = b""
    problem: str = ""
    seen: dict[float, str] = field(default_factory=dict)
    contours: list[Contour] = field(default_factory=list)
    slabs: list[tuple[SegmentFrame, Mask]] = field(default_factory=list)
    corners: int = 0
    frames: int = 0


def read_segmentation(root: Item, read: Callable[[], bytes]) -> StructureSet:
    """Read all segments; one that cannot be read does not stop the others.

    Parameters
    ----------
    root
        The dataset without its pixels.
    read
        Reads the bytes of the file once more.

    Raises
    ------
    DicomError
        The file is no segmentation that can be read: no geometry, oblique, tiles of a microscope,
        too large, or its pixels are not what it says.
    """
    segments = _segments(root)
    if not segments:
        raise DicomError("the segmentation describes no segment", where=root.where)
    try:
        frames = frames_of(root)
    except GeometryError as error:
        raise DicomError(said(error), where=root.where) from error
    with translated(root.where, "the pixels of the segmentation cannot be read"):
        whole = parse(read(), Budget(root.where), with_pixels=True)
    nameless: Counter[int] = Counter()
    for frame, number, mask in masks_of(Item.root(whole, root.where, root.log), frames):
        segment = segments.get(number)
        if segment is None:
            nameless[number] += int(isinstance(mask, str) or mask.any())
        elif isinstance(mask, str):
            segment.problem = segment.problem or mask
        elif not segment.problem:
            _add(segment, frame, mask)
    _refuse_flood(segments.values(), root.where)
    for number in sorted(n for n, times in nameless.items() if times):
        root.log.note(
            say("{0}: segment {1} has pixels and no name, and is left out", root.where, number)
        )
    size = _voxel_size(frames)
    made = tuple(_structure(root, one, size, frames) for one in segments.values())
    root.log.note(_told(root.where, made, size))
    label = root.text("ContentLabel") or root.text("SeriesDescription")
    return StructureSet(made, root.uid("FrameOfReferenceUID"), label, root.code("ContentDate"))


def _segments(root: Item) -> dict[int, _Segment]:
    """Return the segments that the file describes, by number; 0 is the background."""
    found: dict[int, _Segment] = {}
    for item in root.items("SegmentSequence"):
        number = item.integer("SegmentNumber")
        name = item.text("SegmentLabel") or _meaning(item)
        if number is None:
            root.log.note(
                say("{0}: {1} has no segment number and was left out", root.where, quoted(name))
            )
        elif number in found:
            found[number].problem = say(
                "segment number {0} names {1} and {2}",
                number, quoted(found[number].name), quoted(name),
            )  # fmt: skip
        elif number > 0:
            raw = item.raw("SegmentLabel").strip(b" \0")
            found[number] = _Segment(number, name, b"" if raw.isascii() else raw)
    return found


def _meaning(item: Item) -> str:
    """Return what a segment without a label is, from its coded type."""
    coded = item.items("SegmentedPropertyTypeCodeSequence")
    return coded[0].text("CodeMeaning") if coded else ""


def _add(segment: _Segment, frame: SegmentFrame, mask: Mask) -> None:
    """Add a frame to a segment; two of one place must be alike."""
    place = round(frame.along_mm, 3)
    shown = hashlib.sha256(np.packbits(mask).tobytes()).hexdigest()
    known = segment.seen.setdefault(place, shown)
    if known != shown:
        segment.problem = say("two frames at one place differ")
    if known != shown or len(segment.seen) == segment.frames:
        return
    segment.frames = len(segment.seen)
    if not mask.any():
        return
    if frame.geometry.frame.axis != 2:
        segment.slabs.append((frame, mask))
        if len(segment.slabs) * mask.size > MOST_VOXELS:
            segment.problem = say("it has more than {0} voxels", f"{MOST_VOXELS:,}")
        return
    turned, x_mm, y_mm, _ = to_patient_axes(mask[None], frame.geometry, np.array([frame.along_mm]))
    _draw(segment, turned[0].astype(bool), x_mm, y_mm, frame.along_mm)


def _draw(segment: _Segment, mask: Mask, x_mm: FloatArray, y_mm: FloatArray, z_mm: float) -> None:
    """Add the outlines of one axial slice; a segment that is noise becomes a problem."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    try:
        loops = pixel_outlines(box)
        if len(loops) > MOST_OUTLINES:
            segment.problem = say("{0} outlines on one slice are no organ", f"{len(loops):,}")
            return
        steps = _step_mm(x_mm), _step_mm(y_mm)
        first = x_mm[0] + (columns[0] - 0.5) * steps[0], y_mm[0] + (rows[0] - 0.5) * steps[1]
        segment.contours += [Contour(z_mm, loop * np.array(steps) + first) for loop in loops]
    except GeometryError as error:
        segment.problem = said(error)
        return
    segment.corners += sum(map(len, loops))
    if segment.corners > MOST_CORNERS:
        segment.problem = say("its outlines have more than {0} corners", f"{MOST_CORNERS:,}")


def _step_mm(axis_mm: FloatArray) -> float:
    return float(axis_mm[1] - axis_mm[0])


def _refuse_flood(segments: Iterable[_Segment], where: str) -> None:
    total = sum(one.corners for one in segments)
    if total > MOST_CORNERS:
        raise DicomError(
            "the outlines of the segmentation have too many corners", where=where,
            got=f"{total:,}", expected=f"at most {MOST_CORNERS:,}",
        )  # fmt: skip


def _voxel_size(frames: Sequence[SegmentFrame]) -> VoxelSize:
    """Return the size of a voxel along x, y and z."""
    first = frames[0].geometry
    places = np.unique([round(f.along_mm, 3) for f in frames])
    steps = np.diff(places)
    steps = steps[steps > SAME_PLACE_MM]
    between = float(steps.min()) if steps.size else frames[0].thickness_mm
    if frames[0].between_mm and steps.size:
        between = min(between, frames[0].between_mm)
    size = [0.0, 0.0, 0.0]
    size[first.frame.axis] = between or 0.0
    size[first.row.axis], size[first.column.axis] = first.spacing_mm
    return VoxelSize(*size)


def _structure(
    root: Item, segment: _Segment, size: VoxelSize, frames: Sequence[SegmentFrame]
) -> Structure:
    if segment.slabs and not segment.problem:
        _draw_turned(segment, frames)
    problem = None
    if segment.problem:
        text = say("{0} (segment {1} of {2}): {3}",
            quoted(segment.name), segment.number, root.where, segment.problem,
        )  # fmt: skip
        problem = Reason(ReasonCode.STRUCTURE_UNREADABLE, text)
    return Structure(
        roi_number=segment.number,
        name=segment.name,
        contours=() if problem else tuple(segment.contours),
        problem=problem,
        raw_name=segment.raw_name,
        voxels=size,
    )


def _draw_turned(segment: _Segment, frames: Sequence[SegmentFrame]) -> None:
    """Turn slices that are not axial into axial ones, voxel for voxel."""
    places = np.unique([round(f.along_mm, 3) for f in frames])
    steps = np.diff(places)
    if not steps.size or np.ptp(steps) > SAME_PLACE_MM * 2:
        segment.problem = say("its slices are not axial, and not evenly spaced")
        return
    by_place = {round(f.along_mm, 3): mask for f, mask in segment.slabs}
    low, high = min(by_place), max(by_place)
    used = places[(places >= low) & (places <= high)]
    if used.size * segment.slabs[0][1].size > MOST_VOXELS:
        segment.problem = say("it has more than {0} voxels", f"{MOST_VOXELS:,}")
        return
    blank = np.zeros_like(segment.slabs[0][1])
    stack = np.stack([by_place.get(float(place), blank) for place in used])
    turned, x_mm, y_mm, z_mm = to_patient_axes(stack, segment.slabs[0][0].geometry, used)
    if min(turned.shape) < 2:  # one voxel thick along x or y: its width is that of a slice
        step = float(steps[0])
        x_mm = x_mm if x_mm.size > 1 else np.array([x_mm[0], x_mm[0] + step])
        y_mm = y_mm if y_mm.size > 1 else np.array([y_mm[0], y_mm[0] + step])
    for plane, z in zip(turned, z_mm, strict=True):
        if plane.any():
            _draw(segment, plane.astype(bool), x_mm, y_mm, float(z))


def _told(where: str, made: Sequence[Structure], size: VoxelSize) -> str:
    """Say what was read, and what its grid leaves open."""
    return say(
        "{0}: {1} of a segmentation, read along the edges of voxels of {2}; where an organ ends "
        "within a voxel is not in the file, and is part of the uncertainty",
        where, counted(len(made), "structure"), size.in_words,
    )  # fmt: skip
