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
