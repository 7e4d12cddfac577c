"""What is said of the case and of the method, as labels and texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import Phrase, counted
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.course import Course, CoursePart, PlanRole
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.plan import BeamKind, PrescriptionSource
from sbrt_qa.reports.compose.beam_list import beams_text
from sbrt_qa.reports.compose.codes import dose_kind_text, position_text, technique_text
from sbrt_qa.reports.page import Fact
from sbrt_qa.review.case_review import (
    CaseReview,
    DoseSummary,
    ImageSummary,
    PlanSummary,
    ProtocolUsed,
)
from sbrt_qa.review.submission import Occasion
from sbrt_qa.units import gy_text

SHOWN: Final = 12
"""Digits of a hash that are shown where the whole one stands elsewhere."""


ROLES: Final = {
    PlanRole.PART: msg("part"),
    PlanRole.ALTERNATIVE: msg("alternative"),
    PlanRole.UNTOLD: msg("part or alternative"),
    PlanRole.ELSEWHERE: msg("in another frame of reference"),
    PlanRole.NOT_HERE: msg("not among the files"),
    PlanRole.LEFT_OUT: msg("left out, as stated by the user"),
    PlanRole.VERIFICATION: msg("not for treatment"),
}
"""What a plan is in a course, in words."""


def facts(review: CaseReview, occasion: Occasion, words: Words) -> tuple[Fact, ...]:
    """Return submission, plan, delivery, dose, structures, image, protocol, and this report."""
    protocol = review.protocol
    version = words(
        msg("{id} version {version}"), id=visible(protocol.id), version=visible(protocol.version)
    )
    version += f" · SHA-256 {visible(protocol.sha256[:SHOWN])}"
    return (
        Fact(words(msg("Subject")), _submission(review, occasion, words)),
        Fact(words(msg("Plan")), _label(review, occasion, words)),
        *part_facts(
            review.plan,
            review.dose,
            review.structure_set,
            len(review.structures),
            review.image,
            words,
            course=review.course,
        ),
        *(Fact(words(msg("Stated by the user")), words.sentence(text)) for text in review.stated),
        Fact(words(msg("Protocol")), version),
        Fact(words(msg("Report")), _report(review, occasion, words)),
    )


BRIEF: Final = (
    msg("Subject"), msg("Plan"), msg("Prescribed"), msg("Stated by the user"), msg("Protocol"),
    msg("Report"),
)  # fmt: skip
"""What page one says of a plan; the rest is for the physicist."""


def brief(told: Sequence[Fact], words: Words) -> tuple[Fact, ...]:
    """Return the facts for page one."""
    labels = {words(label) for label in BRIEF}
    return tuple(fact for fact in told if fact.label in labels)


def _submission(review: CaseReview, occasion: Occasion, words: Words) -> str:
    parts = [visible(review.subject) or words(msg("no code stated"))]
    if occasion.site:
        parts.append(words(msg("site {code}"), code=visible(occasion.site)))
    if occasion.submission:
        parts.append(words(msg("submission {number}"), number=visible(occasion.submission)))
    return " · ".join(parts)


def _report(review: CaseReview, occasion: Occasion, words: Words) -> str:
    """Return when it was made and of which review, and whether the engine was tested here."""
    parts = [words(msg("made on {date}"), date=occasion.written)] if occasion.written else []
    parts.append(words(msg("review {hash}"), hash=review.sha256[:SHOWN]))
    if occasion.head:
        parts.append(words(msg("after event {head} of the audit"), head=visible(occasion.head)))
    if not review.engine.self_test:
        parts.append(words(msg("no self-test recorded")))
    return " · ".join(parts)


def self_test_text(self_test: str, words: Words) -> str:
    """Return which self-test stands behind the numbers, or that there is none."""
    return visible(self_test) or words(
        msg("No self-test recorded. To test this version on this machine, run sbrt-qa selftest.")
    )


def methods(review: CaseReview, words: Words) -> tuple[Fact, ...]:
    """Return what made the numbers."""
    engine, protocol = review.engine, review.protocol
    self_test = self_test_text(engine.self_test, words)
    return (
        Fact(words(msg("Engine")), f"sbrt_qa {visible(engine.version)}"),
        Fact(words(msg("Conventions")), words.sentence(engine.convention)),
        Fact(
            words(msg("Histogram")),
            words(
                msg("Exact along rows of the dose grid, with 5000 steps of dose; extremes are "
                    "computed, not sampled. Volume outside the dose grid is in no curve.")
            ),
        ),
        Fact(words(msg("Self-test")), self_test),
        Fact(words(msg("Protocol")), _version(protocol, words)),
        *_rules(protocol, words),
        Fact(words(msg("Protocol file")), f"SHA-256 {visible(protocol.sha256)}"),
        Fact(words(msg("Review")), f"SHA-256 {review.sha256}"),
        Fact(words(msg("Verdicts")), words(
            msg("Worst of all limits of priority 1 and 2 and of all checks; priority 3 makes a "
                "case minor at most, priority 4 is only reported. Not evaluable is never passed.")
        )),
    )  # fmt: skip


def _rules(protocol: ProtocolUsed, words: Words) -> Iterator[Fact]:
    """Yield which rules of the liver are in force."""
    if protocol.liver_rule:
        yield Fact(words(msg("Rule for the liver")), words.sentence(protocol.liver_rule))
    if protocol.remnant_rule:
        yield Fact(words(msg("Remnant rule")), words.sentence(protocol.remnant_rule))


def _version(protocol: ProtocolUsed, words: Words) -> str:
    """Return id, version, from when it holds, and why it was used."""
    parts = [f"{visible(protocol.id)} {visible(protocol.version)}"]
    if protocol.effective:
        parts.append(words(msg("in force from {date}"), date=visible(protocol.effective)))
    if protocol.chosen:
        parts.append(words.sentence(protocol.chosen))
    return " · ".join(parts)


def part_facts(
    plan: PlanSummary | Reason,
    dose: DoseSummary | Reason,
    structure_set: str | Reason,
    structures: int,
    image: ImageSummary | None,
    words: Words,
    *,
    course: Course | None = None,
    all_beams: bool = False,
) -> Iterator[Fact]:
    """Yield prescription, delivery, course, dose, structures and image; what is missing says why.

    Parameters
    ----------
    structures
        Their number.
    all_beams
        List the beams of a plan of which all treat, too.
    """
    if isinstance(plan, Reason):
        yield Fact(words(msg("Prescribed")), words.sentence(plan.detail))
    else:
        yield Fact(words(msg("Prescribed")), _prescribed(plan, words))
        yield Fact(words(msg("Delivery")), _delivery(plan, words))
        odd = any(beam.kind != BeamKind.TREATMENT for beam in plan.beams_taken)
        if (all_beams or odd) and (beams := beams_text(plan)):
            yield Fact(words(msg("Beams")), words.sentence(beams))
    if course is not None:
        yield Fact(words(msg("Course")), course_text(course, words))
    yield Fact(words(msg("Dose")), _dose(dose, words))
    yield Fact(words(msg("Structures")), _structures(structure_set, structures, words))
    yield Fact(words(msg("Image")), _image(image, words))


def course_text(course: Course, words: Words) -> str:
    """Return the plans of a course, what each is, and who says so."""
    told = [_part(part, words) for part in course.parts]
    if course.said_by == "user":
        told.append(words(msg("as stated by the user")))
    if len(course.fraction_counts) > 1:
        same, apart = course.fraction_counts
        told.append(
            words(msg("limits for {same} and for {apart} fractions"), same=same, apart=apart)
        )
    told += [words.sentence(text) for text in (course.why, course.sum_method) if text]
    return " · ".join(told)


def _part(part: CoursePart, words: Words) -> str:
    told = [words(ROLES[part.role])]
    if isinstance(part.prescription_gy, float | int):
        told.append(f"{gy_text(part.prescription_gy)} Gy")
    if isinstance(part.fractions, int):
        told.append(words.value(counted(part.fractions, "fraction")))
    if part.dose is not None and part.role in (PlanRole.PART, PlanRole.UNTOLD):
        told.append(words(msg("no dose")))
    label = visible(part.label) or words(msg("a plan that is not here"))
    return f"{label}: {', '.join(told)}"


def _label(review: CaseReview, occasion: Occasion, words: Words) -> str:
    parts = [visible(review.case) or words(msg("(no label)"))]
    if isinstance(review.plan, PlanSummary):
        told = (review.plan.approval.lower(), review.plan.intent.lower())
        parts += [words.sentence(part) for part in told if part]
    if occasion.planned:
        parts.append(words(msg("planned on {date}"), date=occasion.planned))
    return " · ".join(parts)


def _prescribed(plan: PlanSummary, words: Words) -> str:
    dose, fractions = plan.prescription_gy, plan.fractions
    usual = plan.prescription_source == PrescriptionSource.TARGET_PRESCRIPTION_DOSE
    source = "" if usual else words.sentence(plan.prescription_source)
    if plan.rx_stated:
        source = words(msg("stated by the user: {rx}"), rx=visible(", ".join(plan.rx_stated)))
    given = fractions if isinstance(fractions, Reason) else counted(fractions, "fraction")
    if isinstance(dose, Reason) or isinstance(given, Reason):
        known = [dose if isinstance(dose, Reason) else f"{gy_text(dose)} Gy", given]
        if (groups := _listed(fractions)) and groups <= _listed(dose):
            known.pop()
        parts = [words.sentence(x.detail if isinstance(x, Reason) else x) for x in known]
        return " · ".join(filter(None, (words(msg("; ")).join(parts), source)))
    text = words(msg("{dose} Gy in {fractions}"), dose=gy_text(dose), fractions=words.value(given))
    per = ""
    if isinstance(fractions, int) and fractions:
        per = words(msg("{dose} Gy per fraction"), dose=gy_text(dose / fractions))
    return " · ".join(filter(None, (text, per, source)))


def _listed(reason: object) -> set[str]:
    """Return the fraction groups that a reason lists, by their numbers."""
    detail = reason.detail if isinstance(reason, Reason) else ""
    held = detail.values if isinstance(detail, Phrase) else ()
    members = [one for group in held if isinstance(group, Phrase) for one in group.values]
    return {one.values[0] for one in members if isinstance(one, Phrase) and one.values}


def _delivery(plan: PlanSummary, words: Words) -> str:
    energies = ", ".join(words.sentence(e) for e in plan.energies)
    beams = words.sentence(counted(plan.beams, "beam"))
    others = counted(plan.setup_beams, "beam that does not treat", "beams that do not treat")
    setup = words.sentence(others) if plan.setup_beams else ""
    meterset = ""
    if plan.meterset is not None:
        meterset = f"{plan.meterset:.1f} {visible(plan.meterset_unit)}"
    machines = visible(", ".join(plan.machines))
    techniques = words(msg("; ")).join(technique_text(t, words) for t in plan.techniques)
    position = position_text(plan.patient_position, words)
    parts = (machines, energies, techniques, beams, setup, meterset, position)
    return " · ".join(part for part in parts if part)


def _dose(dose: DoseSummary | Reason, words: Words) -> str:
    if isinstance(dose, Reason):
        return words.sentence(dose.detail)
    shown = words(
        msg("{voxels} voxels of {spacing} mm · maximum {maximum} Gy · {kind}"),
        voxels=" × ".join(str(n) for n in dose.voxels),
        spacing=dose.spacing_text,
        maximum=f"{dose.max_gy:.2f}",
        kind=dose_kind_text(dose.summation, dose.dose_type, words),
    )
    return f"{shown} · {words.sentence(dose.taken_as)}" if dose.taken_as else shown


def _structures(label: str | Reason, structures: int, words: Words) -> str:
    if isinstance(label, Reason):
        return words.sentence(label.detail)
    number = words.sentence(counted(structures, "structure"))
    return f"{visible(label)} · {number}" if label else number


def _image(image: ImageSummary | None, words: Words) -> str:
    if image is None:
        return words(msg("none"))
    kind, slices = visible(image.modality), words.sentence(counted(image.slices, "slice"))
    if image.slices == 1:
        return f"{kind} · {slices}"
    step = f"{image.slice_spacing_mm:g}"
    return words(msg("{kind} · {slices} every {step} mm"), kind=kind, slices=slices, step=step)
