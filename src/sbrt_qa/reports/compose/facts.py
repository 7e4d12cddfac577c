"""What is said of the case and of the method, as labels and texts."""

from __future__ import annotations

from collections.abc import Iterator

from sbrt_qa.errors import visible
from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.page import Fact
from sbrt_qa.reports.words import Words, msg
from sbrt_qa.review.result import (
    CaseReview,
    DoseSummary,
    ImageSummary,
    PlanSummary,
    ProtocolUsed,
)


def facts(review: CaseReview, words: Words) -> tuple[Fact, ...]:
    """Return plan, prescription, delivery, dose, structures, image and protocol."""
    protocol = review.protocol
    version = words(
        msg("{id} version {version}"), id=visible(protocol.id), version=visible(protocol.version)
    )
    return (
        *_plan_facts(review, words),
        Fact(words(msg("Dose")), _dose(review.dose, words)),
        Fact(words(msg("Structures")), _structures(review, words)),
        Fact(words(msg("Image")), _image(review.image, words)),
        Fact(words(msg("Protocol")), version),
    )


def methods(review: CaseReview, words: Words) -> tuple[Fact, ...]:
    """Return what made the numbers."""
    engine, protocol = review.engine, review.protocol
    self_test = visible(engine.self_test) or words(msg("none on this machine"))
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
        Fact(words(msg("Protocol file")), f"SHA-256 {visible(protocol.sha256)}"),
        Fact(words(msg("Verdicts")), words(
            msg("Worst of all limits of priority 1 and 2 and of all checks; priority 3 makes a "
                "case minor at most, priority 4 is only reported. Not evaluable is never passed.")
        )),
    )  # fmt: skip


def _version(protocol: ProtocolUsed, words: Words) -> str:
    """Return id, version, from when it holds, and why it was used."""
    parts = [f"{visible(protocol.id)} {visible(protocol.version)}"]
    if protocol.effective:
        parts.append(words(msg("in force from {date}"), date=visible(protocol.effective)))
    if protocol.chosen:
        parts.append(words.sentence(protocol.chosen))
    return " · ".join(parts)


def _plan_facts(review: CaseReview, words: Words) -> Iterator[Fact]:
    plan = review.plan
    yield Fact(words(msg("Plan")), _label(review, words))
    if isinstance(plan, Reason):
        yield Fact(words(msg("Prescribed")), words.sentence(plan.detail))
        return
    yield Fact(words(msg("Prescribed")), _prescribed(plan, words))
    yield Fact(words(msg("Delivery")), _delivery(plan, words))


def _label(review: CaseReview, words: Words) -> str:
    parts = [visible(review.case) or words(msg("(no label)"))]
    if review.subject:
        parts.append(words(msg("subject {code}"), code=visible(review.subject)))
    if isinstance(review.plan, PlanSummary):
        stated = (review.plan.approval.lower(), review.plan.intent.lower())
        parts += [words.sentence(part) for part in stated if part]
    return " · ".join(parts)


def _prescribed(plan: PlanSummary, words: Words) -> str:
    dose, fractions = plan.prescription_gy, plan.fractions
    if isinstance(dose, Reason) or isinstance(fractions, Reason):
        whys = [words.sentence(x.detail) if isinstance(x, Reason) else f"{x:g}"
                for x in (dose, fractions)]  # fmt: skip
        return words(msg("; ")).join(whys)
    text = words(msg("{dose} Gy in {fractions} fractions"), dose=f"{dose:g}", fractions=fractions)
    per = words(msg("{dose} Gy per fraction"), dose=f"{dose / fractions:g}") if fractions else ""
    return " · ".join(part for part in (text, per) if part)


def _delivery(plan: PlanSummary, words: Words) -> str:
    energies = ", ".join(f"{e:g} MV" for e in plan.energies_mv)
    beams = words(msg("{count} beams"), count=plan.beams)
    setup = words(msg("{count} setup beams"), count=plan.setup_beams) if plan.setup_beams else ""
    meterset = ""
    if plan.meterset is not None:
        meterset = f"{plan.meterset:.1f} {visible(plan.meterset_unit)}"
    machines, techniques = (visible(", ".join(x)) for x in (plan.machines, plan.techniques))
    parts = (machines, energies, techniques, beams, setup, meterset, visible(plan.patient_position))
    return " · ".join(part for part in parts if part)


def _dose(dose: DoseSummary | Reason, words: Words) -> str:
    if isinstance(dose, Reason):
        return words.sentence(dose.detail)
    return words(
        msg("{voxels} voxels of {spacing} mm · maximum {maximum} Gy · {kind}"),
        voxels=" × ".join(str(n) for n in dose.voxels),
        spacing=" × ".join(f"{s:g}" for s in dose.spacing_mm),
        maximum=f"{dose.max_gy:.2f}",
        kind=f"{visible(dose.summation)} {visible(dose.dose_type)}",
    )


def _structures(review: CaseReview, words: Words) -> str:
    label = review.structure_set
    if isinstance(label, Reason):
        return words.sentence(label.detail)
    counted = words(msg("{count} structures"), count=len(review.structures))
    return f"{visible(label)} · {counted}" if label else counted


def _image(image: ImageSummary | None, words: Words) -> str:
    if image is None:
        return words(msg("none"))
    return words(
        msg("{kind} · {count} slices every {step} mm"),
        kind=visible(image.modality), count=image.slices, step=f"{image.slice_spacing_mm:g}",
    )  # fmt: skip
