"""What may settle a deviation, as medicine: each limit's sentence follows from its volume.

A limit of the dose to at most half a cubic centimetre is a maximum: its isodose is brought off the
organ. A limit of a larger volume is met by making that volume smaller, never by keeping its dose
out of the whole organ. Coverage of the target gives way only to a serial organ of priority 1 that
touches it, with what that costs; lower priorities never cost coverage.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sbrt_qa.dosimetry.metric_meaning import ABOVE, Direction
from sbrt_qa.dosimetry.metric_registry import MetricSpec, meaning_of
from sbrt_qa.errors import visible
from sbrt_qa.evidence.evidence import Evidence
from sbrt_qa.i18n.phrase import Phrase
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.outcome import Finding
from sbrt_qa.protocol.limit_result import (
    ConstraintResult,
    about_body,
    about_target,
    direction_of,
    meaning_in,
    spec_of,
    value_text,
)
from sbrt_qa.reports.compose.for_readers import for_readers
from sbrt_qa.reports.compose.limit_points import volume_at_cc
from sbrt_qa.reports.compose.organ_names import ORGANS, named
from sbrt_qa.reports.compose.plain import amount_text
from sbrt_qa.reports.compose.verdict_words import number_text
from sbrt_qa.review.case_review import CaseReview, PlanSummary

OAR_DRIVEN: Final = "OAR_DRIVEN"
"""Check that explains a gap in the target by organs at their limits; it names them."""

COVERAGE_COST: Final = "COVERAGE_COST"
"""Check that estimates the coverage that bringing a dose off a touching organ would cost."""

PRESCRIPTION: Final = "prescription"
"""Group of the checks that speak of the prescribed dose."""

DECIDING: Final = 2
"""Lowest priority for which the dose of a whole plan may be stepped down."""

LOWER: Final = msg("Lower the dose of {structure}: other beam directions, tighter fields.")

SHAPE: Final = msg(
    "Shape the dose more tightly around the target: smaller field margins, more beam directions, "
    "or a stronger ring objective."
)
RAISE_BESIDE: Final = msg(
    "Raise the dose only where the limits of organs beside the target are kept, which come before "
    "coverage (at its limit: {organs}). The reviewer alone accepts the gap."
)
RAISE: Final = msg(
    "Raise the dose where the picture shows the gap. If an organ beside it forbids that, name the "
    "organ in the submission."
)
COOL: Final = msg("Lower the hot spot, or plan again with the prescription on a higher isodose.")
STEEPEN: Final = msg(
    "Prescribe to a lower isodose: with a hotter centre the dose falls more steeply at the edge."
)

EVEN: Final = msg("Plan for a more even dose in the target.")
CONTOUR: Final = msg("Check the contour of {structure}: no other dose changes its volume.")
PRESCRIBED: Final = msg(
    "It follows from the prescribed dose and the number of fractions alone: no other plan of the "
    "same prescription changes it."
)
GENERAL: Final = {
    Direction.SPILLS: SHAPE,
    Direction.MISFITS: SHAPE,
    Direction.MISPLACED: SHAPE,
    Direction.TOO_FLAT: STEEPEN,
    Direction.UNEVEN: EVEN,
    Direction.TOO_LARGE: CONTOUR,
    Direction.TOO_SMALL: CONTOUR,
}
"""What settles a limit, whatever structure it is of."""

COVERAGE_FIRST: Final = msg("Coverage of the target comes before this limit of {structure}.")

STEP_DOWN: Final = msg(
    "By scaling the whole dose alone it would be met at {dose}, a level of the protocol ({factor} "
    "of the dose); the target would get as much less."
)
STEP_DOWN_DECIDING: Final = msg(
    "By scaling the whole dose alone the limits of priority 1 and 2 would be met at {dose}, a "
    "level of the protocol ({factor} of the dose); the target would get as much less."
)
LEVEL_FOR_ALL: Final = msg(
    "Either plan again with less dose to the organs named below, or prescribe {dose}, a level of "
    "the protocol: by scaling alone every limit of priority 1 and 2 would then be met."
)
NO_LEVEL: Final = msg(
    "Scaling the whole dose is not an option: no level of the protocol is as low as {dose}."
)


def actions(
    results: Sequence[ConstraintResult],
    findings: Sequence[Finding],
    review: CaseReview,
    evidence: Evidence | None,
    words: Words,
) -> tuple[str, ...]:
    """Return what may settle the deviations of one structure.

    What a check of the plan advises comes first. Where a check spoke of the prescription, nothing
    is said of scaling: the protocol's own levels decide then.
    """
    advice = [words.sentence(for_readers(f).advice) for f in findings if f.advice]
    beside = at_their_limits(review)
    ordered = sorted(_tightest(results), key=_volume_asked_cc)
    general = [text for r in ordered if (text := action(r, evidence, beside, words))]
    leveled = any(f.group == PRESCRIPTION for f in findings)
    scaling = [] if leveled else list(_scaling(results, review, words))
    if general:
        general[0] = words.run(general[0], *coverage_first(results, words))
    costs = _costs(results, review, words)
    return tuple(dict.fromkeys([*advice, *general, *costs, *scaling]))


def _tightest(results: Sequence[ConstraintResult]) -> list[ConstraintResult]:
    """Return the limits, of several upper limits of one metric only the lowest: it settles all."""
    return [
        r
        for r in results
        if not any(
            (o.structure, o.metric, o.op) == (r.structure, r.metric, r.op)
            and r.op in ABOVE
            and (o.per_protocol_limit or 0.0) < (r.per_protocol_limit or 0.0)
            for o in results
        )
    ]


def coverage_first(results: Sequence[ConstraintResult], words: Words) -> tuple[str, ...]:
    """Return that coverage comes before the limits of one organ, where none of them decides."""
    organs = [r for r in results if not about_target(r) and not _around(r)]
    if not organs or min(r.priority for r in organs) <= DECIDING:
        return ()
    return (words(COVERAGE_FIRST, structure=named(organs[0].structure, words)),)


def _around(result: ConstraintResult) -> bool:
    """Tell whether a limit is about the dose around a target, whatever organ is there."""
    meaning = meaning_in(result)
    return about_body(result) or (meaning is not None and meaning.of_surroundings)


def action(
    result: ConstraintResult, evidence: Evidence | None, beside: Sequence[str], words: Words
) -> str:
    """Return what settles one limit; empty for a metric that this version does not know.

    Parameters
    ----------
    beside
        Organs at their limits beside a target with a gap.
    """
    spec, direction = spec_of(result), direction_of(result)
    if spec is None or direction is None:
        return ""
    structure = named(result.structure, words)
    if direction in GENERAL:
        return words(GENERAL[direction], structure=structure)
    if direction is Direction.TOO_COLD:
        return _raised(beside if about_target(result) else (), words)
    if about_body(result):
        return words(SHAPE)
    if direction is Direction.MODEL and meaning_of(spec).rises is None:
        return words(PRESCRIBED)
    if about_target(result):
        return words(COOL)
    return _for_organ(result, spec, evidence, words)


def at_their_limits(review: CaseReview) -> tuple[str, ...]:
    """Return the organs that a check found at their limits beside a target with a gap."""
    found = (f.found.split(", ") for f in review.findings if f.code == OAR_DRIVEN and f.found)
    return tuple(name for names in found for name in names)


def _volume_asked_cc(result: ConstraintResult) -> float:
    """Return the volume of a dose limit, small ones first; limits of other kinds come last."""
    spec = spec_of(result)
    if spec is None or not (meaning_of(spec).is_maximum(spec) or spec.argument_unit == "cc"):
        return float("inf")
    return spec.argument or 0.0


def _raised(beside: Sequence[str], words: Words) -> str:
    if beside:
        return words(RAISE_BESIDE, organs=", ".join(visible(name) for name in beside))
    return words(RAISE)


def _for_organ(
    result: ConstraintResult, spec: MetricSpec, evidence: Evidence | None, words: Words
) -> str:
    """Return what the metric itself advises, else the general sentence."""
    name, bound = named(result.structure, words), result.per_protocol_limit
    remedy = meaning_of(spec).remedy(spec)
    if bound is None or remedy is None:
        return words(LOWER, structure=name)
    volume_cc = _volume_above(result, bound, evidence) if remedy.counted else None
    whole_cc = _whole_cc(result, evidence)
    if remedy.below and volume_cc is not None:
        volume_cc = None if whole_cc is None else whole_cc - volume_cc
    return words(
        remedy.text if volume_cc is None else remedy.counted,
        structure=name,
        bound=number_text(bound, spec.unit),
        value=words.value(value_text(result)),
        amount=amount_text(spec, words),
        argument="" if spec.argument is None else f"{spec.argument:g}",
        alpha_beta="" if spec.conversion is None else f"{spec.conversion.alpha_beta_gy:g}",
        volume="" if volume_cc is None else remedy.shown.format(volume_cc),
    )


def _volume_above(
    result: ConstraintResult, dose_gy: float, evidence: Evidence | None
) -> float | None:
    """Return the volume of the structure that gets a dose or more; None without a curve."""
    if evidence is None or result.id not in evidence.curve_of:
        return None
    return volume_at_cc(evidence.curves[evidence.curve_of[result.id]], evidence, dose_gy)


def _whole_cc(result: ConstraintResult, evidence: Evidence | None) -> float | None:
    if evidence is None or result.id not in evidence.curve_of:
        return None
    return evidence.curves[evidence.curve_of[result.id]].volume_cc


def _costs(results: Sequence[ConstraintResult], review: CaseReview, words: Words) -> Iterator[str]:
    """Yield what giving up coverage for a serial organ of priority 1 would cost, where it may."""
    named = {r.structure for r in results if r.priority == 1}
    for finding in review.findings:
        if finding.code == COVERAGE_COST and finding.where in named:
            yield _with_names(finding.message, words)


def _with_names(message: str, words: Words) -> str:
    """Return a sentence of a check, its organs named as in the other sentences here."""
    if not isinstance(message, Phrase):
        return words.sentence(message)
    values = tuple(
        named(v, words) if isinstance(v, str) and v in ORGANS else v for v in message.values
    )
    return words.value(Phrase(message.template, values))


def _scaling(
    results: Sequence[ConstraintResult], review: CaseReview, words: Words
) -> Iterator[str]:
    """Yield the level of the protocol that settles it: doses go with the prescription.

    Only limits that decide may lower the dose of the target; optional ones never.
    """
    plan = review.plan
    if not isinstance(plan, PlanSummary) or not isinstance(plan.prescription_gy, float | int):
        return
    deciding = [r for r in results if r.priority <= DECIDING]
    factors = [f for r in deciding if (f := _factor(r)) is not None]
    if not factors or len(factors) < len(deciding):
        return
    rx_gy = plan.prescription_gy
    most_gy = min(factors) * rx_gy
    levels = [gy for gy, fractions in review.protocol.levels if fractions == plan.fractions]
    if not any(abs(gy - rx_gy) < 0.01 * rx_gy for gy in levels):
        return
    if fitting := [gy for gy in levels if gy <= most_gy]:
        level = max(fitting)
        text = STEP_DOWN if len(deciding) == len(results) else STEP_DOWN_DECIDING
        yield words(text, factor=f"{100 * level / rx_gy:.0f} %", dose=f"{level:g} Gy")
    else:
        yield words(NO_LEVEL, dose=f"{most_gy:.1f} Gy")


def level_for_all(results: Sequence[ConstraintResult], review: CaseReview, words: Words) -> str:
    """Return the level of the protocol at which every deciding limit is met; empty for none."""
    deciding = [r for r in results if r.priority <= DECIDING]
    told = _level(deciding, review)
    if told is None:
        return ""
    return words(LEVEL_FOR_ALL, dose=f"{told:g} Gy")


def _level(deciding: Sequence[ConstraintResult], review: CaseReview) -> float | None:
    plan = review.plan
    factors = [f for r in deciding if (f := _factor(r)) is not None]
    if not factors or len(factors) < len(deciding):
        return None
    if not isinstance(plan, PlanSummary) or not isinstance(plan.prescription_gy, float | int):
        return None
    rx_gy, most_gy = plan.prescription_gy, min(factors) * plan.prescription_gy
    levels = [gy for gy, fractions in review.protocol.levels if fractions == plan.fractions]
    if not any(abs(gy - rx_gy) < 0.01 * rx_gy for gy in levels):
        return None
    return max((gy for gy in levels if gy <= most_gy), default=None)


def _factor(result: ConstraintResult) -> float | None:
    """Return what part of its dose meets a limit; None where doses do not simply scale."""
    spec, limit, value = spec_of(result), result.per_protocol_limit, result.value
    if spec is None or not meaning_of(spec).scales(spec) or not limit or not value:
        return None
    return limit / value if result.op in ABOVE and value > limit else None
