"""The slices of an image series that belong together: one orientation, one size, one acquisition.

Series hold more than one stack at times: a localizer among the slices, two reconstructions, two
acquisitions interleaved. The stack whose slices the contours name is the one; else the one that
holds more than half of the series. What cannot be told apart is refused, and never mixed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from sbrt_qa.dicom.files.dataset import parse
from sbrt_qa.dicom.files.guarded import Budget
from sbrt_qa.dicom.quirks import Log
from sbrt_qa.dicom.read.coordinates import SAME_PLACE_MM, PlaneGeometry, plane_geometry
from sbrt_qa.dicom.text.elements import Item
from sbrt_qa.errors import DicomError, GeometryError, quoted
from sbrt_qa.i18n.phrase import counted, said, say

MAX_SIDE: Final = 8192
"""Most pixels along one side of a slice; a lying header must not allocate."""

ACROSS_Z: Final = 0.7
"""Cosine between a slice's normal and z below which it is not even a tilted slice across z."""

ALIGNED_MM: Final = 0.05
"""Largest shift of two slices in their plane, or difference of pixel spacings, in one stack."""

SHOWN: Final = 3
"""Names of slices that a note lists."""

Named = Callable[[], frozenset[str]]
"""Gives the UIDs of the slices that contours name; asked only where it matters."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One image file: its header, its fingerprint, and what reads its bytes once more."""

    root: Item
    sha256: str
    read: Callable[[], bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PlacedSlice:
    """A slice with its geometry."""

    image: Slice
    uid: str
    geometry: PlaneGeometry
    shape: tuple[int, int]

    @property
    def z_mm(self) -> float:
        """Place along z."""
        return self.geometry.position_mm[2]


def is_localizer(root: Item) -> bool:
    """Tell whether an image is a localizer: by its Image Type, or because it lies along z."""
    if "LOCALIZER" in root.codes("ImageType"):
        return True
    cosines = root.numbers("ImageOrientationPatient")
    if cosines is None or len(cosines) != 6:
        return False
    return abs(cosines[0] * cosines[4] - cosines[1] * cosines[3]) < ACROSS_Z


def one_stack(slices: Sequence[Slice], named: Named, log: Log) -> list[PlacedSlice]:
    """Return the slices of a series that belong together, ascending in z, each place once.

    Raises
    ------
    GeometryError
        They are tilted, or nothing says which of them belong together.
    """
    localizers = [one for one in slices if is_localizer(one.root)]
    upright = [one for one in slices if not is_localizer(one.root)] or list(slices)
    if 0 < len(localizers) < len(slices):
        _note_left_out(localizers, say("localizers"), log)
    stacks = [
        part for alike in _alike(_straight(upright, named, log)) for part in _acquisitions(alike)
    ]
    stack = stacks[0] if len(stacks) == 1 else _chosen(stacks, named)
    others = [one.image for other in stacks if other is not stack for one in other]
    if others:
        _note_left_out(others, say("another stack in the same series"), log)
    return _distinct(sorted(stack, key=lambda p: p.z_mm), named, log)


def _note_left_out(slices: Sequence[Slice], what: str, log: Log) -> None:
    names = ", ".join(one.root.where for one in slices[:SHOWN])
    more = "…" if len(slices) > SHOWN else ""
    number = counted(len(slices), "image slice")
    log.note(say("{0} left out: {1} ({2}{3})", number, what, names, more))


def placed(image: Slice) -> PlacedSlice:
    """Read where a slice lies.

    Raises
    ------
    GeometryError
        It does not say so, or does not lie across z.
    """
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
    return PlacedSlice(image, root.uid("SOPInstanceUID"), geometry, (rows, columns))


def _straight(slices: Sequence[Slice], named: Named, log: Log) -> list[PlacedSlice]:
    """Place all slices; a few that do not lie straight across z are left out.

    Raises
    ------
    GeometryError
        Half of them do not, or contours name one of those.
    """
    good, bad, why = list[PlacedSlice](), list[Slice](), list[GeometryError]()
    for one in slices:
        try:
            good.append(placed(one))
        except GeometryError as error:
            bad.append(one)
            why.append(error)
    if not bad:
        return good
    if 2 * len(bad) >= len(slices) or any(one.root.uid("SOPInstanceUID") in named() for one in bad):
        raise why[0]
    _note_left_out(bad, said(why[0]), log)
    return good


def _alike(slices: Sequence[PlacedSlice]) -> list[list[PlacedSlice]]:
    """Group slices that lie above one another and are of one size and frame of reference."""
    groups: list[list[PlacedSlice]] = []
    for one in slices:
        for group in groups:
            if _fits(one, group[0]):
                group.append(one)
                break
        else:
            groups.append([one])
    return groups


def _fits(one: PlacedSlice, other: PlacedSlice) -> bool:
    a, b = one.geometry, other.geometry
    if (a.row, a.column, one.shape) != (b.row, b.column, other.shape):
        return False
    frames = {
        one.image.root.uid("FrameOfReferenceUID"),
        other.image.root.uid("FrameOfReferenceUID"),
    }
    shifts = (
        *zip(a.position_mm[:2], b.position_mm[:2], strict=True),
        *zip(a.spacing_mm, b.spacing_mm, strict=True),
    )
    return len(frames) == 1 and all(abs(p - q) <= ALIGNED_MM for p, q in shifts)


def _acquisitions(stack: list[PlacedSlice]) -> list[list[PlacedSlice]]:
    """Part a stack by acquisition, where acquisitions run over the same places."""
    runs: dict[str, list[PlacedSlice]] = {}
    for one in stack:
        runs.setdefault(one.image.root.code("AcquisitionNumber"), []).append(one)
    if len(runs) < 2:
        return [stack]
    spans = sorted((min(z), max(z)) for z in ([p.z_mm for p in run] for run in runs.values()))
    steps = np.diff(np.unique([p.z_mm for p in stack]))
    apart_mm = float(np.median(steps)) + SAME_PLACE_MM if steps.size else SAME_PLACE_MM
    reached = spans[0][1]
    for low, high in spans[1:]:
        if reached - low > apart_mm:
            return list(runs.values())
        reached = max(reached, high)
    return [stack]


def _chosen(stacks: list[list[PlacedSlice]], named: Named) -> list[PlacedSlice]:
    """Return the stack that the contours name, else the one with more than half of the slices."""
    meant = named()
    hit = [stack for stack in stacks if any(one.uid in meant for one in stack)]
    if len(hit) == 1:
        return hit[0]
    largest = max(stacks, key=len)
    if not hit and 2 * len(largest) > sum(map(len, stacks)):
        return largest
    raise GeometryError(
        "its slices differ in orientation, size, place or acquisition, and nothing says which "
        "belong together",
        got=f"{len(stacks)} stacks",
    )


def _distinct(stack: Sequence[PlacedSlice], named: Named, log: Log) -> list[PlacedSlice]:
    """Return one slice for each place: that which contours name, else the first of equal ones."""
    kept: list[PlacedSlice] = []
    for one in stack:
        if kept and one.z_mm - kept[-1].z_mm < SAME_PLACE_MM:
            kept[-1] = _one_of(kept[-1], one, named, log)
        else:
            kept.append(one)
    return kept


def _one_of(first: PlacedSlice, second: PlacedSlice, named: Named, log: Log) -> PlacedSlice:
    meant = [one for one in (first, second) if one.uid in named()]
    z = f"{first.z_mm:g}"
    if len(meant) == 1:
        log.note(say("several image slices at z = {0} mm: the one that contours name is used", z))
        return meant[0]
    if _pixels(first) != _pixels(second):
        raise GeometryError(
            "two slices with different pixels have the same position, and it is not stated "
            "which is meant",
            got=f"z = {z} mm",
        )
    log.note(say("several image slices at z = {0} mm: only the first is used", z))
    return first


def _pixels(one: PlacedSlice) -> str:
    """Return the fingerprint of what a slice shows; empty where it cannot be read."""
    where = one.image.root.where
    try:
        root = Item(parse(one.image.read(), Budget(where), with_pixels=True), where)
        return hashlib.sha256(root.raw("PixelData")).hexdigest()
    except DicomError:
        return quoted(one.uid)
