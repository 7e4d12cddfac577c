"""What differs in the facts of two cases: plan, prescription, beams, image, identifiers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias, TypeVar

from sbrt_qa.model.case import Case, SourceFile
from sbrt_qa.model.energy import energy_texts
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.plan import Beam, Plan, Prescription
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.review.comparison import Area, Change

T = TypeVar("T")
Fact: TypeAlias = tuple[str, Callable[[T], object]]
"""A property: its name with the unit, and how to get it."""


def _total(plan: Plan) -> object:
    given = plan.prescription
    return given.total_gy if isinstance(given, Prescription) else given


def _stated_as(plan: Plan) -> object:
    return str(plan.prescription.source) if isinstance(plan.prescription, Prescription) else None


_PLAN_IDS: Final[tuple[Fact[Plan], ...]] = (
    ("label", lambda p: p.label),
    ("name", lambda p: p.name),
)
_PLAN: Final[tuple[Fact[Plan], ...]] = (
    ("intent", lambda p: p.intent),
    ("approval", lambda p: p.approval),
    ("patient position", lambda p: p.patient_position),
    ("ion plan", lambda p: p.is_ion),
)
_PRESCRIPTION: Final[tuple[Fact[Plan], ...]] = (
    ("total dose (Gy)", _total),
    ("stated as", _stated_as),
    ("fractions", lambda p: p.fractions),
)
_BEAM: Final[tuple[Fact[Beam], ...]] = (
    ("name", lambda b: b.name),
    ("radiation", lambda b: b.radiation_type),
    ("technique", lambda b: b.beam_type),
    ("machine", lambda b: b.machine),
    ("energies", lambda b: energy_texts([b])),
    ("fluence mode", lambda b: b.fluence_mode),
    ("isocentres (mm)", lambda b: b.isocentres_mm),
    ("gantry (deg)", lambda b: b.gantry_deg),
    ("couch (deg)", lambda b: b.couch_deg),
    ("collimator (deg)", lambda b: b.collimator_deg),
    ("control points", lambda b: b.control_points),
    ("meterset", lambda b: b.meterset),
    ("meterset unit", lambda b: b.meterset_unit),
    ("beam dose (Gy)", lambda b: b.dose_gy),
)
_IMAGE: Final[tuple[Fact[ImageSeries], ...]] = (
    ("series", lambda i: i.series_uid),
    ("frame of reference", lambda i: i.frame_of_reference_uid),
    ("slices", lambda i: i.z_mm.size),
    ("first slice (mm)", lambda i: float(i.z_mm[0])),
    ("slice spacing (mm)", lambda i: i.slice_spacing_mm),
    ("pixels", lambda i: i.shape),
    ("pixel spacing (mm)", lambda i: i.spacing_mm),
    ("patient position", lambda i: i.patient_position),
)

DIGITS: Final = 6
"""Significant digits to which numbers are compared and shown."""


def changed_facts(before: Case, after: Case) -> Iterator[Change]:
    """Yield every fact of plan, prescription, beams and image that differs, and identifiers."""
    yield from _changed_uids(before, after)
    yield from _changed_plan(before.plan, after.plan)
    yield from _changed_image(before, after)


def text(value: object) -> str:
    """Return a value as text; numbers to `DIGITS` digits, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, Reason):
        return f"not known: {value.detail}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value + 0.0:.{DIGITS}g}"
    if isinstance(value, tuple):
        return ", ".join(f"({text(v)})" if isinstance(v, tuple) else text(v) for v in value)
    return str(value)


def _differing(area: Area, item: str, facts: Sequence[Fact[T]], a: T, b: T) -> Iterator[Change]:
    for what, get in facts:
        one, other = text(get(a)), text(get(b))
        if one != other:
            yield Change(area, item, what, one, other)


def _changed_plan(before: Plan | Reason, after: Plan | Reason) -> Iterator[Change]:
    if isinstance(before, Reason) or isinstance(after, Reason):
        one, other = (text(p) if isinstance(p, Reason) else "there" for p in (before, after))
        if one != other:
            yield Change(Area.PLAN, "", "plan", one, other)
        return
    yield from _differing(Area.IDENTIFIERS, "plan", _PLAN_IDS, before, after)
    yield from _differing(Area.PLAN, "", _PLAN, before, after)
    yield from _differing(Area.PRESCRIPTION, "", _PRESCRIPTION, before, after)
    yield from _changed_beams(before.beams, after.beams, "beam")
    yield from _changed_beams(before.setup_beams, after.setup_beams, "setup beam")


def _changed_beams(before: Sequence[Beam], after: Sequence[Beam], kind: str) -> Iterator[Change]:
    """Compare beams by their numbers."""
    old, new = {b.number: b for b in before}, {b.number: b for b in after}
    for number in dict.fromkeys((*old, *new)):
        one, other = old.get(number), new.get(number)
        item = (one or other or before[0]).name or f"{kind} {number}"
        if one is None or other is None:
            states = ("", "there") if one is None else ("there", "")
            yield Change(Area.BEAMS, item, f"{kind} {number}", *states)
        else:
            yield from _differing(Area.BEAMS, item, _BEAM, one, other)


def _changed_image(before: Case, after: Case) -> Iterator[Change]:
    if before.image is not None and after.image is not None:
        yield from _differing(Area.IMAGE, "", _IMAGE, before.image, after.image)
        return
    if (before.image is None) != (after.image is None):
        states = ("", "there") if before.image is None else ("there", "")
        yield Change(Area.IMAGE, "", "planning image", *states)
    one, other = frame_of(before), frame_of(after)
    if one and other and one != other:
        yield Change(Area.IMAGE, "", "frame of reference", one, other)


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
        yield Change(Area.IDENTIFIERS, "RTSTRUCT", "label", one, other)


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
