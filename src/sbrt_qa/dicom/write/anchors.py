"""What exported structures refer to: the planning images, or what the case's own structures did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from sbrt_qa.dicom.files.collect import Collection, FoundObject, collect
from sbrt_qa.dicom.text.decimal_reference import parse_decimal
from sbrt_qa.dicom.text.elements import Item
from sbrt_qa.errors import DicomError
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.structure import StructureSet

SAME_PLANE_MM: Final = 0.01
"""Largest distance of planes that are one."""

CT_IMAGE: Final = "1.2.840.10008.5.1.4.1.1.2"
"""SOP class of a referenced image whose class is not stated."""


@dataclass(frozen=True, slots=True)
class ReferencedImage:
    """One image: SOP class and instance UID."""

    sop_class: str
    uid: str


@dataclass(frozen=True, slots=True, eq=False)
class Anchor:
    """What contours lie on, and whose they are.

    Parameters
    ----------
    header
        Object from which patient and study are copied; never shown.
    frame_uid, study_uid, series_uid
        Of the images; `series_uid` is empty where it is not known.
    images
        Every image of the series.
    planes_mm
        Where contours may lie, ascending.
    on_plane
        Index into `images` for every plane, -1 where none is known.
    """

    header: Item
    frame_uid: str
    study_uid: str
    series_uid: str
    images: tuple[ReferencedImage, ...]
    planes_mm: FloatArray
    on_plane: tuple[int, ...]

    def image_at(self, plane: int) -> ReferencedImage | None:
        """Return the image of a plane."""
        index = self.on_plane[plane]
        return self.images[index] if index >= 0 else None


def anchor_of(case: Case, sources: Sequence[Path]) -> Anchor:
    """Return what structures derived from a case refer to.

    Parameters
    ----------
    sources
        Files or folders that the case was read from.

    Raises
    ------
    DicomError
        The files are no longer there, the case has neither images nor structures, or these, or
        the dose, lie in another frame of reference than the images.
    """
    collection = collect(list(sources))
    if case.image is not None:
        _refuse_other_frames(case, case.image)
        return _of_images(case.image, collection)
    if isinstance(case.structures, StructureSet):
        return _of_structures(case, case.structures, collection)
    raise DicomError("there is nothing to refer to", expected="a planning image or a structure set")


def _refuse_other_frames(case: Case, image: ImageSeries) -> None:
    """Check that coordinates mean the same places in the image as in what is drawn on it."""
    for name, part in (("structure set", case.structures), ("dose", case.dose)):
        if isinstance(part, Reason):
            continue
        frames = {part.frame_of_reference_uid, image.frame_of_reference_uid} - {""}
        if len(frames) > 1:
            raise DicomError(
                f"the {name} lies in another frame of reference than the image",
                got="coordinates that mean other places",
                expected="one frame of reference",
                advice="Export image, structures and dose of one plan together",
            )


def _of_images(image: ImageSeries, collection: Collection) -> Anchor:
    found = {
        one.source.sop_instance_uid: one
        for one in collection.of(image.modality)
        if one.series_uid == image.series_uid and not one.problem
    }
    missing = [uid for uid in image.sop_instance_uids if uid not in found]
    if missing or not image.sop_instance_uids:
        raise DicomError(
            "the planning image is missing, so nothing can refer to it",
            got=f"{len(image.sop_instance_uids) - len(missing)} of its slices",
            expected=str(len(image.sop_instance_uids)),
            advice="Give the folder with plan, structures, dose and images",
        )
    files = [found[uid] for uid in image.sop_instance_uids]
    images = (ReferencedImage(f.root.uid("SOPClassUID"), f.source.sop_instance_uid) for f in files)
    return Anchor(
        header=files[0].root,
        frame_uid=image.frame_of_reference_uid,
        study_uid=files[0].study_uid,
        series_uid=image.series_uid,
        images=tuple(images),
        planes_mm=image.z_mm,
        on_plane=tuple(range(len(files))),
    )


def _of_structures(case: Case, structures: StructureSet, collection: Collection) -> Anchor:
    """Return what the case's own structure set refers to, plane by plane."""
    uids = {f.sop_instance_uid for f in case.provenance.files if f.modality == "RTSTRUCT"}
    own = [one for one in collection.of("RTSTRUCT") if one.source.sop_instance_uid in uids]
    if not own:
        raise DicomError(
            "the structure set is missing, so nothing can refer to it", got="another file"
        )
    root = own[0].root
    images = {i.uid: i for _, i in (*_listed(root), *_drawn_on(root))}
    planes = _planes(structures)
    order = list(images)
    nearest = {uid: z for z, image in _drawn_on(root) if (uid := image.uid)}
    on_plane = tuple(_image_of(z, nearest, order) for z in planes)
    return Anchor(
        header=root,
        frame_uid=structures.frame_of_reference_uid,
        study_uid=own[0].study_uid,
        series_uid=_series_uid(own[0]),
        images=tuple(images.values()),
        planes_mm=planes,
        on_plane=on_plane,
    )


def _series_uid(structures: FoundObject) -> str:
    return structures.series_uids[0] if len(structures.series_uids) == 1 else ""


def _planes(structures: StructureSet) -> FloatArray:
    """Return the planes of all contours, ascending."""
    heights = np.unique([c.z_mm for s in structures.structures for c in s.contours])
    if heights.size == 0:
        raise DicomError("no structure has a contour, so that no plane is known")
    return np.asarray(heights[np.concatenate([[True], np.diff(heights) > SAME_PLANE_MM])])


def _image_of(z_mm: float, drawn: dict[str, float], order: Sequence[str]) -> int:
    """Return the index of the image on which contours of a plane were drawn, -1 for none."""
    for uid, plane_mm in drawn.items():
        if abs(plane_mm - z_mm) <= SAME_PLANE_MM:
            return order.index(uid)
    return -1


def _listed(root: Item) -> Iterator[tuple[float, ReferencedImage]]:
    """Yield the images that the structure set lists; where they lie is not said there."""
    for frame in root.items("ReferencedFrameOfReferenceSequence"):
        for study in frame.items("RTReferencedStudySequence"):
            for series in study.items("RTReferencedSeriesSequence"):
                for image in series.items("ContourImageSequence"):
                    if found := _image(image):
                        yield float("nan"), found


def _drawn_on(root: Item) -> Iterator[tuple[float, ReferencedImage]]:
    """Yield the position of every contour that names its image, and that image."""
    for roi in root.items("ROIContourSequence"):
        for contour in roi.items("ContourSequence"):
            numbers = contour.raw("ContourData").split(b"\\", 3)
            z_mm = parse_decimal(numbers[2]) if len(numbers) > 2 else None
            images = contour.items("ContourImageSequence")
            if z_mm is not None and len(images) == 1 and (found := _image(images[0])):
                yield z_mm, found


def _image(item: Item) -> ReferencedImage | None:
    uid = item.uid("ReferencedSOPInstanceUID")
    return ReferencedImage(item.uid("ReferencedSOPClassUID") or CT_IMAGE, uid) if uid else None
