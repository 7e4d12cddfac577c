"""What differs in the facts of two cases: identifiers, plan, image, treatment records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sbrt_qa.compare.comparison import Area, Change
from sbrt_qa.compare.plan_changes import Fact, differing, plan_changes
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.case import Case, SourceFile
from sbrt_qa.model.delivery import Session
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.protocol.definition import Protocol

_IMAGE: Final[tuple[Fact[ImageSeries], ...]] = (
    (say("series"), lambda i: i.series_uid),
    (say("frame of reference"), lambda i: i.frame_of_reference_uid),
    (say("slices"), lambda i: i.z_mm.size),
    (say("first slice (mm)"), lambda i: float(i.z_mm[0])),
    (say("slice spacing (mm)"), lambda i: i.slice_spacing_mm),
    (say("pixels"), lambda i: i.shape),
    (say("pixel spacing (mm)"), lambda i: i.spacing_mm),
    (say("patient position"), lambda i: i.patient_position),
)


_DELIVERY: Final[tuple[Fact[Sequence[Session]], ...]] = (
    (say("sessions recorded"), len),
    (say("days"), lambda sessions: tuple(s.began.date.isoformat() for s in sessions if s.began)),
)


def changed_facts(before: Case, after: Case, protocol: Protocol) -> Iterator[Change]:
    """Yield every fact of plan, image and treatment records that differs, and identifiers.

    Parameters
    ----------
    protocol
        Whose levels of prescription the plans are told by.
    """
    yield from _changed_uids(before, after)
    yield from plan_changes(before.plan, after.plan, protocol)
    yield from _changed_image(before, after)
    yield from differing(Area.DELIVERY, "", _DELIVERY, before.sessions, after.sessions)


def _changed_image(before: Case, after: Case) -> Iterator[Change]:
    if before.image is not None and after.image is not None:
        yield from differing(Area.IMAGE, "", _IMAGE, before.image, after.image)
        return
    if (before.image is None) != (after.image is None):
        states = ("", say("there")) if before.image is None else (say("there"), "")
        yield Change(Area.IMAGE, "", say("planning image"), *states)
    one, other = frame_of(before), frame_of(after)
    if one and other and one != other:
        yield Change(Area.IMAGE, "", say("frame of reference"), one, other)


def frame_of(case: Case) -> str:
    """Return the frame of reference of a case's coordinates; empty where it states none."""
    parts = (case.structures, case.dose, case.image, case.plan)
    for part in parts:
        if part is not None and not isinstance(part, Reason) and part.frame_of_reference_uid:
            return part.frame_of_reference_uid
    return ""


def _changed_uids(before: Case, after: Case) -> Iterator[Change]:
    for modality in ("RTPLAN", "RTSTRUCT", "RTDOSE"):
        one, other = (", ".join(_uids(c.provenance.files, modality)) for c in (before, after))
        if one != other:
            yield Change(Area.IDENTIFIERS, modality, "SOP Instance UID", one, other)
    one, other = (_label(c.structures) for c in (before, after))
    if one != other:
        yield Change(Area.IDENTIFIERS, "RTSTRUCT", say("label"), one, other)


def _uids(files: Sequence[SourceFile], modality: str) -> list[str]:
    return sorted(f.sop_instance_uid for f in files if f.modality == modality)


def same_uid_other_content(before: Case, after: Case) -> list[str]:
    """Return the modalities in which one UID names different files, in alphabetical order."""
    old = {f.sop_instance_uid: f.sha256 for f in before.provenance.files if f.sop_instance_uid}
    return sorted(
        {
            f.modality
            for f in after.provenance.files
            if old.get(f.sop_instance_uid, f.sha256) != f.sha256
        }
    )


def _label(structures: StructureSet | Reason) -> str:
    return "" if isinstance(structures, Reason) else structures.label
