"""What plans of a course are together: their parts, one plan, one account of their files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from sbrt_qa.dicom.link.courses import Member
from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.case import Provenance
from sbrt_qa.model.course import CoursePart, PlanRole
from sbrt_qa.model.dose_sum import read_at
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.plan import Plan, Prescription
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.model.target_kind import typed_outer
from sbrt_qa.units import gy_text

T = TypeVar("T")


def by_patient(members: Sequence[Member]) -> list[list[Member]]:
    """Put plans together that stem from one patient.

    The same name and number, or one study. A name that names nobody is that of many, so that plans
    must share a frame of reference or a structure set as well.
    """
    groups: list[list[Member]] = []
    for member in members:
        own = [g for g in groups if any(_one_patient(member, other) for other in g)]
        for group in own:
            groups.remove(group)
        groups.append([*(m for g in own for m in g), member])
    order = {id(m): i for i, m in enumerate(members)}
    return [sorted(g, key=lambda m: order[id(m)]) for g in groups]


def _one_patient(one: Member, other: Member) -> bool:
    if one.study and one.study == other.study:
        return True
    if one.patient != other.patient:
        return False
    same_frame = bool(one.frame) and one.frame == other.frame
    same_set = bool(one.structure_set) and one.structure_set == other.structure_set
    return one.names_patient or same_frame or same_set


def part_of(member: Member, role: PlanRole, why: str) -> CoursePart:
    """Return a plan as a part."""
    plan = member.plan
    stated = plan.prescription
    return CoursePart(
        member.label,
        member.file,
        member.uid,
        role,
        why,
        plan.fractions,
        stated.total_gy if isinstance(stated, Prescription) else stated,
        member.dose if isinstance(member.dose, Reason) else None,
    )


def known_fractions(fractions: int | Reason | None) -> int | None:
    """Return a number of fractions where there is one."""
    return fractions if isinstance(fractions, int) else None


def fraction_counts(plans: Sequence[Plan]) -> tuple[int, ...]:
    """Return the largest number of fractions and the sum of all; none where one is not known."""
    known = [n for p in plans if (n := known_fractions(p.fractions)) is not None]
    return tuple(dict.fromkeys((max(known), sum(known)))) if len(known) == len(plans) else ()


def method_of(known: DoseGrid | None, error_gy: float | None) -> str:
    """Say how a sum was made, and how far off it is."""
    if error_gy is None or known is None:
        return say("all parts have the same voxels, which were added")
    step = " x ".join(f"{s:g}" for s in known.spacing_mm)
    return say(
        "parts on different grids, read by cubic splines on one of {0} mm and added; measured "
        "between its voxels, the sum is within {1} Gy of that of the parts",
        step,
        f"{max(error_gy, 0.01):.2f}",
    )


def largest_difference_gy(ours: DoseGrid | None, site: DoseGrid | Reason) -> float | None:
    """Return how far a sum of the site is from ours at most; None where they have no place."""
    if ours is None or isinstance(site, Reason) or 1 in site.dose_gy.shape:
        return None
    apart = np.abs(read_at(site, (ours.z_mm, ours.y_mm, ours.x_mm)) - ours.dose_gy)
    return None if np.isnan(apart).all() else float(np.nanmax(apart))


def combined(plans: Sequence[Plan]) -> Plan:
    """Return several plans as one: what they do not share is a Reason or a list."""
    if len(plans) == 1:
        return plans[0]
    fractions = {p.fractions for p in plans if isinstance(p.fractions, int)}
    doses = {p.prescription.total_gy for p in plans if isinstance(p.prescription, Prescription)}
    counts = ", ".join(f"{p.label}: {_shown(p.fractions)}" for p in plans)
    levels = ", ".join(f"{p.label}: {_shown_dose(p)}" for p in plans)
    several = Reason(
        ReasonCode.NO_PRESCRIPTION, say("a course of {0} plans ({1})", len(plans), levels)
    )
    given = Reason(
        ReasonCode.NO_PRESCRIPTION, say("fractions of the plans of the course: {0}", counts)
    )
    first = plans[0]
    return replace(
        first,
        label=" + ".join(p.label for p in plans),
        name="",
        prescription=first.prescription if len(doses) == 1 else several,
        fractions=first.fractions if len(fractions) == 1 else given,
        beams=tuple(b for p in plans for b in p.beams),
        setup_beams=tuple(b for p in plans for b in p.setup_beams),
        dose_references=tuple(r for p in plans for r in p.dose_references),
        fraction_groups=tuple(g for p in plans for g in p.fraction_groups),
        setups=tuple(s for p in plans for s in p.setups),
        relations=tuple(r for p in plans for r in p.relations),
        is_ion=any(p.is_ion for p in plans),
    )


def _shown(fractions: int | Reason | None) -> str:
    return str(fractions) if isinstance(fractions, int) else say("unknown")


def _shown_dose(plan: Plan) -> str:
    stated = plan.prescription
    return f"{gy_text(stated.total_gy)} Gy" if isinstance(stated, Prescription) else say("unknown")


def joined_provenance(sources: Sequence[Provenance]) -> Provenance:
    """Return all that the files of several cases tell, each once."""

    def once(parts: Iterable[Sequence[T]]) -> tuple[T, ...]:
        return tuple(dict.fromkeys(one for part in parts for one in part))

    return Provenance(
        files=once(s.files for s in sources),
        links=once(s.links for s in sources),
        repairs=once(s.repairs for s in sources),
        notes=once(s.notes for s in sources),
        headers=once(s.headers for s in sources),
        unused_doses=once(s.unused_doses for s in sources),
        unread_files=once(s.unread_files for s in sources),
        clashing_files=once(s.clashing_files for s in sources),
    )


def targets_in(drawn: Iterable[StructureSet | Reason], frame: str) -> tuple[str, ...]:
    """Return which targets lie in structure sets of a frame, one sentence for each set."""
    told = []
    for one in drawn:
        if isinstance(one, Reason) or not frame or one.frame_of_reference_uid != frame:
            continue
        names = [s.name for s in typed_outer(one.structures)]
        if names:
            listed, label = ", ".join(map(quoted, names)), quoted(one.label or "RTSTRUCT")
            told.append(say("targets of another structure set, {0}: {1}", label, listed))
    return tuple(told)
