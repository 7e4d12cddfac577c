"""The headers of the objects of a case, as its provenance keeps them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from sbrt_qa.dicom.files.collect import FoundObject, read_or_why
from sbrt_qa.dicom.link.linking import LinkedCase
from sbrt_qa.dicom.read.headers import read_header, read_image_header
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.case import LinkKind
from sbrt_qa.model.header import ObjectHeader


def headers_of(used: Sequence[FoundObject]) -> tuple[ObjectHeader, ...]:
    """Return the header of each object, one for all slices of an image."""
    usable = [one for one in used if not one.problem]
    _note_contradictions(usable)
    images = [one for one in usable if one.modality == "CT"]
    readers: list[tuple[FoundObject, Callable[[], ObjectHeader]]] = [
        (one, partial(read_header, one, usable[0])) for one in usable if one.modality != "CT"
    ]
    if images:
        readers.append((images[0], partial(read_image_header, images, usable[0])))
    headers = []
    for one, read in readers:
        header = read_or_why(one, read)
        if isinstance(header, str):
            one.root.log.note(say("its header cannot be read: {0}", header))
        else:
            headers.append(header)
    return tuple(headers)


def _note_contradictions(usable: Sequence[FoundObject]) -> None:
    """Note files that name another object in their file meta, and objects of several studies."""
    for one in usable:
        meta = getattr(one.root.dataset, "file_meta", None)
        stated = str((meta or {}).get("MediaStorageSOPInstanceUID", "") or "").strip(" \0")
        if stated and one.source.sop_instance_uid and stated != one.source.sop_instance_uid:
            one.root.log.note(
                say(
                    "{0}: its file meta names another SOP Instance UID than the object: it was "
                    "changed after it was written",
                    one.name,
                )
            )
    drawn = [one for one in usable if one.modality in ("RTPLAN", "RTSTRUCT", "RTDOSE")]
    if len({one.study_uid for one in drawn if one.study_uid}) > 1:
        names = ", ".join(one.name for one in drawn)
        drawn[0].root.log.note(say("plan, structures and dose are of several studies: {0}", names))


def with_named_images(
    headers: tuple[ObjectHeader, ...], linked: LinkedCase
) -> tuple[ObjectHeader, ...]:
    """Let a structure set refer to the series whose slices its contours name, listed or not."""
    named = [k.source for k in linked.links if k.target == "CT" and k.kind is LinkKind.BY_UID]
    uids = tuple(dict.fromkeys(one.series_uid for one in linked.images))
    return tuple(
        replace(h, series_uids=tuple(dict.fromkeys((*h.series_uids, *uids))))
        if h.name in named
        else h
        for h in headers
    )
