"""The parts of a case in words, one line each. Text from files is not yet made visible here."""

from __future__ import annotations

from sbrt_qa.i18n.phrase import counted
from sbrt_qa.model.course import Course, Part, Role
from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.beam_list import beams_text
from sbrt_qa.review.case_review import DoseSummary, ImageSummary, PlanSummary


def part_lines(
    plan: PlanSummary | Reason,
    dose: DoseSummary | Reason,
    structure_set: str | Reason,
    structures: int,
    image: ImageSummary | None,
) -> list[tuple[str, str]]:
    """Return pairs of label and text; a part that is missing says why."""
    return [
        *_plan_lines(plan),
        ("Dose", _dose_text(dose)),
        ("Structures", _structures_text(structure_set, structures)),
        ("Image", _image_text(image)),
    ]


def course_text(course: Course) -> str:
    """Return how a plan belongs to others, and why, in one sentence."""
    named = ", ".join(
        f"{p.label or 'a plan that is not here'} ({_part_text(p)})" for p in course.parts
    )
    word = ", as stated by the user" if course.said_by == "user" else ""
    counts = " and ".join(str(n) for n in course.fraction_counts)
    held = f" · limits for {counts} fractions" if len(course.fraction_counts) > 1 else ""
    why = f" · because {course.why}" if course.why else ""
    return f"{course.decision}{word}: {named}{held}{why}"


def _part_text(part: Part) -> str:
    facts = [str(part.role)]
    if isinstance(part.prescription_gy, float | int):
        facts.append(f"{part.prescription_gy:g} Gy")
    if isinstance(part.fractions, int):
        facts.append(counted(part.fractions, "fraction"))
    if part.dose is not None and part.role in (Role.PART, Role.UNTOLD):
        facts.append("no dose")
    return ", ".join(facts)


def _structures_text(label: str | Reason, count: int) -> str:
    if isinstance(label, Reason):
        return label.detail
    number = counted(count, "structure")
    return f"{label} · {number}" if label else number


def _plan_lines(plan: PlanSummary | Reason) -> list[tuple[str, str]]:
    if isinstance(plan, Reason):
        return [("Prescribed", plan.detail)]
    beams = beams_text(plan)
    lines = [("Prescribed", _prescription_text(plan)), ("Delivery", _delivery_text(plan))]
    return [*lines, ("Beams", beams)] if beams else lines


def _prescription_text(plan: PlanSummary) -> str:
    dose, fractions = plan.prescription_gy, plan.fractions
    given = fractions if isinstance(fractions, Reason) else counted(fractions, "fraction")
    if isinstance(dose, Reason) or isinstance(given, Reason):
        told = f"{dose:g} Gy" if isinstance(dose, float | int) else dose.detail
        text = f"{told}; {given.detail if isinstance(given, Reason) else given}"
    else:
        text = f"{dose:g} Gy in {given}"
    source = plan.prescription_source
    if plan.rx_stated:
        source = f"{source}: {', '.join(plan.rx_stated)}"
    return f"{text} ({source})" if source else text


def _delivery_text(plan: PlanSummary) -> str:
    energies = ", ".join(plan.energies)
    beams = counted(plan.beams, "beam")
    setup = f"{plan.setup_beams} not treating" if plan.setup_beams else ""
    meterset = f"{plan.meterset:.1f} {plan.meterset_unit}" if plan.meterset is not None else ""
    parts = [", ".join(plan.machines), energies, ", ".join(plan.techniques), beams, setup, meterset]
    return " · ".join(part for part in parts if part)


def _dose_text(dose: DoseSummary | Reason) -> str:
    if isinstance(dose, Reason):
        return dose.detail
    voxels = " × ".join(str(n) for n in dose.voxels)
    kind = f"{dose.summation.lower()}, {dose.dose_type.lower()}"
    kind += f" · {dose.taken_as}" if dose.taken_as else ""
    return f"{voxels} voxels of {dose.spacing_text} mm · maximum {dose.max_gy:.2f} Gy · {kind}"


def _image_text(image: ImageSummary | None) -> str:
    if image is None:
        return "none"
    every = f" every {image.slice_spacing_mm:g} mm" if image.slices > 1 else ""
    return f"{image.modality} · {counted(image.slices, 'slice')}{every}"
