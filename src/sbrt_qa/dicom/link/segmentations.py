"""Segmentations of a case: which belong to it, and its structures with theirs.

A case has a structure set, segmentations, or both. No other object names a segmentation by its
UID, so those of the same patient and frame of reference are taken, and the link says so. An organ
that stands in two of them is there twice: both are kept under their names and numbers, so that a
limit of it is not evaluable until the user says which is meant, and a note says that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sbrt_qa.dicom.files.collect import FoundObject
from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import counted, joined, say
from sbrt_qa.model.case import Link, LinkKind
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Structure, StructureSet

SEGMENTATION = "SEG"
"""Modality of segmentations."""

Owners = Sequence[FoundObject]


def segmentations_of(
    found: Sequence[FoundObject],
    owners: Owners,
    belong: Callable[[FoundObject, FoundObject], bool],
) -> tuple[tuple[FoundObject, ...], tuple[Link, ...]]:
    """Return the segmentations that belong to a case, and how each was found.

    Parameters
    ----------
    owners
        The plan, its doses and its structure set.
    belong
        Tells whether two objects lie in one frame of reference and stem from one patient.
    """
    mine, links = [], []
    for one in found:
        frames = {o.frame_uid for o in (one, *owners)} - {""}
        fitting = [owner for owner in owners if belong(owner, one)]
        if not fitting or len(frames) > 1:
            continue
        note = say("a guess: it lies in the same frame of reference; nothing names it by its UID")
        mine.append(one)
        links.append(Link(fitting[0].name, one.name, LinkKind.BY_FRAME_OF_REFERENCE, note))
    return tuple(mine), tuple(links)


def left_out(found: Sequence[FoundObject], used: Sequence[FoundObject]) -> tuple[str, ...]:
    """Say which segmentations belong to no case."""
    return tuple(
        say(
            "{0}: a segmentation of another patient or frame of reference than the plans here; not "
            "used",
            one.name,
        )
        for one in found
        if one not in used
    )


@dataclass(frozen=True, slots=True, eq=False)
class ReadSegmentation:
    """A segmentation as it was read: the name of its file, and its structures or why not."""

    name: str
    structures: StructureSet | str


def with_segmentations(
    drawn: StructureSet | Reason,
    drawn_in: str,
    segmented: Sequence[ReadSegmentation],
    named: frozenset[int] = frozenset(),
) -> tuple[StructureSet | Reason, tuple[str, ...]]:
    """Return the structures of a case with those of its segmentations, and what is to be said.

    Segments keep their numbers as ROI numbers where these are free. Structures that cannot be told
    apart, because two structure sets would fit, stay so. What a plan says of an ROI number is about
    its structure set, never about a segment.

    Parameters
    ----------
    drawn
        The structure set of the case.
    drawn_in
        The name of its file.
    named
        ROI numbers that the plan names.
    """
    failed = [one.structures for one in segmented if isinstance(one.structures, str)]
    notes: list[str] = [say("a segmentation is not used: {0}", why) for why in failed]
    read = [(one.name, s) for one in segmented if isinstance(s := one.structures, StructureSet)]
    own = drawn.structures if isinstance(drawn, StructureSet) else ()
    if isinstance(drawn, Reason) and drawn.code is not ReasonCode.STRUCTURE_MISSING:
        return drawn, tuple(notes)
    if not read:
        if isinstance(drawn, Reason) and failed:
            return Reason(ReasonCode.STRUCTURE_UNREADABLE, failed[0]), tuple(notes)
        return drawn, tuple(notes)
    places = [(drawn_in, s) for s in own]
    for origin, (name, more) in enumerate(read, 1):
        taken = named.union(s.roi_number for _, s in places)
        places += [(name, replace(s, origin=origin)) for s in _numbered(more.structures, taken)]
    notes += _named_twice(places)
    base = drawn if isinstance(drawn, StructureSet) else read[0][1]
    return replace(base, structures=tuple(s for _, s in places)), tuple(notes)


def _numbered(more: Sequence[Structure], taken: frozenset[int]) -> list[Structure]:
    """Return structures with numbers of their own, beside those that are taken."""
    if taken.isdisjoint(s.roi_number for s in more):
        return list(more)
    first = max(taken, default=0) + 1
    return [replace(s, roi_number=first + place) for place, s in enumerate(more)]


def _named_twice(places: Sequence[tuple[str, Structure]]) -> list[str]:
    """Say which organs stand in more than one file: which of them is meant nobody chose."""
    by_name: dict[str, list[tuple[str, Structure]]] = {}
    for where, s in places:
        by_name.setdefault(folded_name(s.name), []).append((where, s))
    notes: list[str] = []
    for same in by_name.values():
        if len({where for where, _ in same}) > 1:
            listed = (f"{quoted(s.name)} #{s.roi_number} ({where})" for where, s in same)
            notes.append(
                say(
                    "one organ stands in {0}: {1}; which of them is meant is not in the files, and "
                    "its limits are not evaluable until --map says so",
                    counted(len({where for where, _ in same}), "file"),
                    joined(", ", listed),
                )
            )
    return notes


def folded_name(name: str) -> str:
    """Return a name without case, spaces and signs, as names of organs are compared."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())
