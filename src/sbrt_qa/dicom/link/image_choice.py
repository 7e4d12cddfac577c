"""Which image series belongs to a structure set, a dose or a plan.

The series whose slices the contours name decides; then the frame of reference in which the ROIs
lie; then what the structure set lists. Where several remain, none is taken: never simply the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sbrt_qa.dicom.files.collect import FoundObject
from sbrt_qa.dicom.read.slice_stacks import is_localizer
from sbrt_qa.dicom.text.elements import Item
from sbrt_qa.errors import DicomError
from sbrt_qa.i18n.phrase import counted, say
from sbrt_qa.model.case import Link, LinkKind

Series = Sequence[FoundObject]


@dataclass(frozen=True, slots=True, eq=False)
class ImageChoice:
    """The slices of one series and how it was found, or none and a note that says why."""

    images: tuple[FoundObject, ...] = ()
    link: Link | None = None
    note: str = ""


def choose_images(
    images: Series,
    anchor: FoundObject,
    belong: Callable[[FoundObject, FoundObject], bool],
    beside: Sequence[tuple[str, int]] = (),
) -> ImageChoice:
    """Choose the image series of an object.

    Parameters
    ----------
    images
        All CT slices.
    anchor
        The structure set; where there is none, the dose or the plan.
    belong
        Tells whether a slice and the anchor lie in one frame of reference, of one patient.
    beside
        Other kinds of images there, which are not read, with their numbers.
    """
    series = _by_series(images)
    if not series:
        return ImageChoice(note=_unread_kind(anchor, beside))
    named = Counter[str]()
    if len(series) > 1 and anchor.modality == "RTSTRUCT":
        named = _named_series(anchor, series)
    if named:
        return _by_contours(anchor, series, named)
    listed = [uid for uid in dict.fromkeys(anchor.series_uids) if uid in series]
    in_frame = [uid for uid in listed if series[uid][0].frame_uid in ("", anchor.frame_uid)]
    for uids in (in_frame, listed):
        if len(uids) == 1:
            return ImageChoice(tuple(series[uids[0]]), Link(anchor.name, "CT", LinkKind.BY_UID))
    fitting = [
        uid
        for uid in in_frame or series
        if series[uid][0].frame_uid and belong(series[uid][0], anchor)
    ]
    if len(fitting) == 1:
        note = say("a guess: the only image series of the same frame of reference")
        made = Link(anchor.name, "CT", LinkKind.BY_FRAME_OF_REFERENCE, note)
        return ImageChoice(tuple(series[fitting[0]]), made)
    why = say("several image series share") if fitting else say("no image series here has")
    return ImageChoice(
        note=say("{0}: {1} its frame of reference; no image is used", anchor.name, why)
    )


def _by_series(images: Series) -> dict[str, list[FoundObject]]:
    """Return slices by series; series of localizers only are no planning images."""
    series: dict[str, list[FoundObject]] = {}
    for image in images:
        series.setdefault(image.series_uid, []).append(image)
    return {
        uid: slices
        for uid, slices in series.items()
        if not all(is_localizer(one.root) for one in slices)
    }


def _by_contours(
    anchor: FoundObject, series: dict[str, list[FoundObject]], named: Counter[str]
) -> ImageChoice:
    """Choose the series of which contours name most slices; two alike are a note."""
    (uid, most), *others = named.most_common()
    if others and others[0][1] == most:
        note = say(
            "{0}: its contours name as many slices of one image series as of another; no image is "
            "used",
            anchor.name,
        )
        return ImageChoice(note=note)
    note = say("its contours name {0} of this series", counted(most, "slice"))
    if others:
        rest = counted(sum(number for _, number in others), "slice")
        note = say("{0}, and {1} of other series, which are not used", note, rest)
    return ImageChoice(tuple(series[uid]), Link(anchor.name, "CT", LinkKind.BY_UID, note))


def _named_series(anchor: FoundObject, series: dict[str, list[FoundObject]]) -> Counter[str]:
    """Count the slices of each series that contours name."""
    home = {one.source.sop_instance_uid: uid for uid, slices in series.items() for one in slices}
    return Counter(home[uid] for uid in images_named(anchor.root, anchor.frame_uid) if uid in home)


def images_named(root: Item, frame_uid: str) -> frozenset[str]:
    """Return the UIDs of the image slices that the contours of a structure set name.

    Only contours of ROIs in one frame of reference count, and of ROIs that state none. What cannot
    be read names nothing.
    """
    try:
        elsewhere = {
            roi.integer("ROINumber")
            for roi in root.items("StructureSetROISequence")
            if roi.uid("ReferencedFrameOfReferenceUID") not in ("", frame_uid)
        }
        return frozenset(
            uid
            for roi in root.items("ROIContourSequence")
            if roi.integer("ReferencedROINumber") not in elsewhere
            for contour in roi.items("ContourSequence")
            for uid in contour.uids("ContourImageSequence/ReferencedSOPInstanceUID")
        )
    except DicomError:
        return frozenset()


def _unread_kind(anchor: FoundObject, beside: Sequence[tuple[str, int]]) -> str:
    """Say that there are images of a kind that is not read, if so."""
    listed = ", ".join(f"{number} {kind}" for kind, number in beside)
    if not listed:
        return ""
    return say(
        "{0}: no CT series is here; images of other kinds are not read ({1})", anchor.name, listed
    )
