"""RTSTRUCT to structures: contours from their raw bytes, every oddity named.

The ROI number is the key; names come from the Structure Set ROI Sequence alone. What would let a
structure shrink in silence (a contour that cannot be read) makes the whole structure unreadable;
what never had a volume (points, open lines, fewer than three vertices) is set aside and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from sbrt_qa.dicom.quirks import (
    CONTOUR_TYPE,
    CONTOUR_Z,
    PLANE_TOLERANCE_MM,
    PLANES,
    SPREAD_MM,
    Spread,
)
from sbrt_qa.dicom.read.set_aside import MIN_VERTICES, lost_of
from sbrt_qa.dicom.text.decimal_text import BadDecimal, each_parsed
from sbrt_qa.dicom.text.elements import Item
from sbrt_qa.errors import DicomError, GeometryError, quoted
from sbrt_qa.i18n.phrase import said, say
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import (
    Contour,
    ContourKind,
    DensityOverride,
    SetAside,
    Structure,
    StructureSet,
)

RGB, HIGHEST = 3, 255
"""Values of a colour, and the highest of each."""

MAX_VERTICES: Final = 1_000_000
"""Most vertices of one contour; one drawn at every 0.01 mm of its outline has 100,000."""

MOVED_MM: Final = 0.01
"""Contour Offset Vector beyond which a contour would lie elsewhere than its points."""

_LINES: Final = (
    ContourKind.OPEN_PLANAR,
    ContourKind.OPEN_NONPLANAR,
    ContourKind.CLOSED_PLANAR,
    ContourKind.CLOSED_PLANAR_XOR,
)

_CLOSED: Final = (ContourKind.CLOSED_PLANAR, ContourKind.CLOSED_PLANAR_XOR)


@dataclass(frozen=True, slots=True)
class _RawContour:
    """One contour item as found: its place in the sequence, kind, declared points and text."""

    index: int
    kind: ContourKind
    declared: int | None
    text: bytes
    item: Item


@dataclass(slots=True)
class _Roi:
    """What is known of one ROI before it becomes a Structure."""

    number: int
    name: str
    frame_uid: str
    raw_name: bytes = b""
    contour_items: list[Item] = field(default_factory=list)
    problem: str = ""
    colour: str = ""


class _ContourError(Exception):
    """A contour with no safe reading; the message is for the reason."""


def read_structure_set(root: Item) -> StructureSet:
    """Read all structures; one bad ROI does not stop the others.

    Raises
    ------
    DicomError
        The structure set itself cannot be read.
    """
    for keyword in ("StructureSetROISequence", "ROIContourSequence"):
        if not root.has(keyword):
            root.log.note(say("{0}: has no {1}", root.where, keyword))
    rois = _rois(root)
    frame_uid = main_frame(root)
    types, overrides = _interpreted_types(root), _overrides(root)
    read = [
        replace(
            _structure(root, roi, types.get(roi.number, ""), frame_uid),
            overrides=overrides.get(roi.number, ()),
        )
        for roi in rois.values()
    ]
    structures = _snap_planes(root, read)
    label, date = root.text("StructureSetLabel"), root.code("StructureSetDate")
    return StructureSet(structures, frame_uid, label, date)


def main_frame(root: Item) -> str:
    """Return the frame of reference that most ROIs use, else the one the set refers to."""
    used = Counter(
        uid
        for roi in root.items("StructureSetROISequence")
        if (uid := roi.uid("ReferencedFrameOfReferenceUID"))
    )
    referenced = root.uids("ReferencedFrameOfReferenceSequence/FrameOfReferenceUID")
    candidates = [uid for uid, _ in used.most_common(1)]
    return next(iter([*candidates, *referenced, root.uid("FrameOfReferenceUID")]), "")


def _rois(root: Item) -> dict[int, _Roi]:
    """ROIs by number, in file order, with the contour items that refer to them."""
    rois: dict[int, _Roi] = {}
    for item in root.items("StructureSetROISequence"):
        number = item.integer("ROINumber")
        name = item.text("ROIName", f"{root.where} ROI {number}")
        if number is None:
            root.log.note(
                say("{0}: {1} has no ROI number and was left out", root.where, quoted(name))
            )
        elif number in rois:
            other = rois[number].name
            rois[number].problem = f"ROI number {number} names {quoted(other)} and {quoted(name)}"
        else:
            frame_uid = item.uid("ReferencedFrameOfReferenceUID")
            rois[number] = _Roi(number, name, frame_uid, _if_not_plain(item.raw("ROIName")))
    for item in root.items("ROIContourSequence"):
        number = item.integer("ReferencedROINumber")
        if number is None:
            root.log.note(say("{0}: contours without an ROI number were left out", root.where))
            continue
        if number not in rois:
            root.log.note(say("{0}: ROI {1} has contours but no name", root.where, number))
            rois[number] = _Roi(number, "", "")
        rois[number].contour_items.append(item)
        rois[number].colour = rois[number].colour or _colour(item)
    return rois


def _colour(item: Item) -> str:
    """Return a colour of a screen as ``#rrggbb``; empty where it is none: nothing rests on it."""
    try:
        values = [int(part) for part in item.codes("ROIDisplayColor")]
    except ValueError:
        return ""
    known = len(values) == RGB and all(0 <= value <= HIGHEST for value in values)
    return "#" + bytes(values).hex() if known else ""


def _interpreted_types(root: Item) -> dict[int, str]:
    types: dict[int, str] = {}
    for item in root.items("RTROIObservationsSequence"):
        number, kind = item.integer("ReferencedROINumber"), item.code("RTROIInterpretedType")
        if number is not None and kind:
            types.setdefault(number, kind)
    return types


def _overrides(root: Item) -> dict[int, tuple[DensityOverride, ...]]:
    """Return the physical properties given to ROIs, by number."""
    found: dict[int, tuple[DensityOverride, ...]] = {}
    for item in root.items("RTROIObservationsSequence"):
        number = item.integer("ReferencedROINumber")
        given = [
            DensityOverride(one.code("ROIPhysicalProperty"), one.number("ROIPhysicalPropertyValue"))
            for one in item.items("ROIPhysicalPropertiesSequence")
        ]
        if number is not None and given:
            found[number] = (*found.get(number, ()), *given)
    return found


def _structure(root: Item, roi: _Roi, interpreted_type: str, frame_uid: str) -> Structure:
    """One ROI; anything wrong with it becomes its problem."""
    problem = roi.problem
    if roi.frame_uid and roi.frame_uid != frame_uid:
        problem = say(
            "{0} lies in another frame of reference than most structures", quoted(roi.name)
        )
    contours: list[Contour] = []
    set_aside: tuple[SetAside, ...] = ()
    named: tuple[tuple[float, str], ...] = ()
    if not problem:
        try:
            contours, set_aside, named = _contours(root, roi)
        except (_ContourError, DicomError) as refused:
            why = said(refused) if isinstance(refused, DicomError) else refused.args[0]
            problem = say("{0} (ROI {1}): {2}", quoted(roi.name), roi.number, why)
    return Structure(
        roi_number=roi.number,
        name=roi.name,
        contours=tuple(contours) if not problem else (),
        interpreted_type=interpreted_type,
        set_aside=set_aside,
        slices_named=named,
        problem=Reason(ReasonCode.STRUCTURE_UNREADABLE, problem) if problem else None,
        raw_name=roi.raw_name,
        colour=roi.colour,
    )


def _if_not_plain(raw: bytes) -> bytes:
    raw = raw.strip(b" \0")
    return b"" if raw.isascii() and b"\x1b" not in raw else raw


def _contours(
    root: Item, roi: _Roi
) -> tuple[list[Contour], tuple[SetAside, ...], tuple[tuple[float, str], ...]]:
    where = f"{root.where} {quoted(roi.name)} (ROI {roi.number})"
    raw = _raw_contours(root, roi, where)
    closed = [c for c in raw if c.kind in _CLOSED]
    aside: dict[tuple[ContourKind, str], list[FloatArray]] = {}
    others = [c for c in raw if c.kind not in _CLOSED]
    for found, values in zip(others, each_parsed([c.text for c in others]), strict=True):
        points = np.empty((0, 3))
        if not isinstance(values, BadDecimal) and values.size % 3 == 0:
            points = values.reshape(-1, 3)
        aside.setdefault((found.kind, say("no closed contour")), []).append(points)
    contours = []
    for found, values in zip(closed, each_parsed([c.text for c in closed]), strict=True):
        points = _points(found, values)
        if len(points) < MIN_VERTICES:
            why = say("fewer than {0} vertices", MIN_VERTICES)
            aside.setdefault((found.kind, why), []).append(points)
        else:
            contours.append((found, _contour(found, points), _spread_mm(points)))
    uneven = [spread for _, _, spread in contours if spread > PLANE_TOLERANCE_MM]
    if uneven:
        CONTOUR_Z.mend(Spread(len(uneven), max(uneven)), where, root.log)
    planes = np.array([contour.z_mm for _, contour, _ in contours])
    left_out = tuple(
        SetAside(kind, len(left), note, lost_of(left, planes) if kind in _LINES else 0)
        for (kind, note), left in aside.items()
    )
    read = [(raw, contour) for raw, contour, _ in contours]
    return _with_images(read), left_out, _slices_named(read)


NEAR_SHARE: Final = 0.6
"""Part of the usual step along z below which it matters which image slice a contour names."""


IMAGE_OF_CONTOUR: Final = "ContourImageSequence/ReferencedSOPInstanceUID"

NAMED: Final = 5
"""Contours of a structure whose image slice is looked at: what names wrong ones names many."""


def _slices_named(contours: list[tuple[_RawContour, Contour]]) -> tuple[tuple[float, str], ...]:
    """Return the height of a few contours, and the UID of the image slice that each names."""
    some = contours[:: max(len(contours) // NAMED, 1)][: NAMED + 1]
    named = ((c.z_mm, next(iter(raw.item.uids(IMAGE_OF_CONTOUR)), "")) for raw, c in some)
    return tuple((z_mm, uid) for z_mm, uid in named if uid)


def _with_images(contours: list[tuple[_RawContour, Contour]]) -> list[Contour]:
    """Add the image slices that contours name, where some lie nearer to each other than usual."""
    steps = np.diff(np.unique([contour.z_mm for _, contour in contours]))
    steps = steps[steps > PLANE_TOLERANCE_MM]
    if steps.size < 2 or steps.min() > NEAR_SHARE * steps.max():
        return [contour for _, contour in contours]
    return [
        replace(contour, image_uid=next(iter(raw.item.uids(IMAGE_OF_CONTOUR)), ""))
        for raw, contour in contours
    ]


def _spread_mm(points: FloatArray) -> float:
    return float(np.ptp(points[:, 2]))


def _raw_contours(root: Item, roi: _Roi, where: str) -> list[_RawContour]:
    items = [c for parent in roi.contour_items for c in parent.items("ContourSequence")]
    raw = []
    for index, item in enumerate(items, start=1):
        kind = CONTOUR_TYPE.mend(item.code("ContourGeometricType"), where, root.log)
        declared = item.integer("NumberOfContourPoints")
        text = item.raw("ContourData")
        _refuse_too_many(text, index)
        _refuse_moved(item, index)
        raw.append(_RawContour(index, ContourKind(kind), declared, text, item))
    return raw


def _refuse_too_many(text: bytes, index: int) -> None:
    """Count numbers before anything is made of them."""
    most = 3 * MAX_VERTICES
    if len(text) > 2 * most and (count := text.count(b"\\") + 1) > most:
        raise _ContourError(
            say(
                "contour {0} has {1} points; at most {2} are read",
                index,
                f"{count // 3:,}",
                f"{MAX_VERTICES:,}",
            )
        )


def _refuse_moved(item: Item, index: int) -> None:
    """Check that a contour lies where its points say: zeros are what systems write."""
    if not item.raw("ContourOffsetVector").strip(b" \0"):
        return
    offset = item.numbers("ContourOffsetVector")
    if offset is None or max(map(abs, offset), default=0.0) > MOVED_MM:
        raise _ContourError(
            say(
                "contour {0} states an offset of its points, {1}, which systems read differently",
                index, item.shown("ContourOffsetVector"),
            )
        )  # fmt: skip


def _points(found: _RawContour, values: FloatArray | BadDecimal) -> FloatArray:
    """Vertices as (n, 3), checked against what the file declares."""
    if isinstance(values, BadDecimal):
        raise _ContourError(
            say(
                "contour {0}, number {1} is {2}, not a plain decimal number",
                found.index, values.position + 1, quoted(values.text),
            )
        )  # fmt: skip
    if values.size % 3:
        raise _ContourError(
            say("contour {0} has {1} numbers, not a multiple of 3", found.index, values.size)
        )
    points = values.reshape(-1, 3)
    if found.declared is not None and found.declared != len(points):
        raise _ContourError(
            say(
                "contour {0} declares {1} points but has {2}",
                found.index, found.declared, len(points),
            )
        )  # fmt: skip
    return points


def _contour(found: _RawContour, points: FloatArray) -> Contour:
    low, high = float(points[:, 2].min()), float(points[:, 2].max())
    if high - low > SPREAD_MM:
        raise _ContourError(
            say(
                "contour {0} is not axial: {1}, its z runs from {2} to {3} mm",
                found.index, _lie(points), f"{low:g}", f"{high:g}",
            )
        )  # fmt: skip
    try:
        return Contour(0.5 * (low + high), points[:, :2])
    except GeometryError as error:
        raise _ContourError(say("contour {0}: {1}", found.index, said(error))) from error


def _lie(points: FloatArray) -> str:
    """Say how the best plane through the points of a contour lies in the patient."""
    scaled = points / np.abs(points).max()
    _, spread, axes = np.linalg.svd(scaled - scaled.mean(axis=0), full_matrices=False)
    if spread[1] <= 1e-6 * spread[0]:
        return say("its points lie on one line")
    across = np.abs(axes[2])
    if across[:2].max() > np.cos(np.radians(1)):
        return (say("it is sagittal"), say("it is coronal"))[int(across.argmax())]
    tilt_deg = np.degrees(np.arccos(min(across[2], 1.0)))
    return say("its plane is tilted by {0} degrees", f"{tilt_deg:.3g}")


def _snap_planes(root: Item, structures: Sequence[Structure]) -> tuple[Structure, ...]:
    """Give all contours of one plane the same z, over the whole structure set."""
    as_found = {c.z_mm: c.z_mm for s in structures for c in s.contours}
    planes = PLANES.mend(as_found, root.where, root.log)
    return tuple(structures if planes is as_found else (_moved(s, planes) for s in structures))


def _moved(structure: Structure, planes: dict[float, float]) -> Structure:
    moved = tuple(replace(c, z_mm=planes[c.z_mm]) for c in structure.contours)
    return replace(structure, contours=moved)
