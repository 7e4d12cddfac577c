"""What may settle a deviation, as medicine: each limit's sentence follows from its volume.

A limit of the dose to at most half a cubic centimetre is a maximum: its isodose is brought off the
organ. A limit of a larger volume is met by making that volume smaller, never by keeping its dose
out of the whole organ. Coverage of the target gives way only to a serial organ of priority 1 that
touches it, with what that costs; lower priorities never cost coverage.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sbrt_qa.dosimetry.metric_registry import MetricSpec
from sbrt_qa.errors import visible
from sbrt_qa.model.outcome import Finding
from sbrt_qa.model.phrase import Phrase
from sbrt_qa.protocol.result import ConstraintResult
from sbrt_qa.protocol.wording import value_text
from sbrt_qa.reports.compose.curves import volume_at_cc
from sbrt_qa.reports.compose.marks import number_text
from sbrt_qa.reports.compose.meaning import INDICES, TARGETS, is_cold, is_maximum
from sbrt_qa.reports.compose.organs import ORGANS, named
from sbrt_qa.reports.compose.plain import spec_of
from sbrt_qa.reports.words import Words, msg
from sbrt_qa.review.evidence import Evidence
from sbrt_qa.review.result import CaseReview, PlanSummary

OAR_DRIVEN: Final = "OAR_DRIVEN"
"""Check that explains a gap in the target by organs at their limits; it names them."""

COVERAGE_COST: Final = "COVERAGE_COST"
"""Check that estimates the coverage that bringing a dose off a touching organ would cost."""

PRESCRIPTION: Final = "prescription"
"""Group of the checks that speak of the prescribed dose."""

DECIDING: Final = 2
"""Lowest priority for which the dose of a whole plan may be stepped down."""

OFF: Final = msg(
    "Bring the {dose} isodose off {structure}: at most {allowed} cc may get more; {volume} cc do."
)
OFF_WHOLLY: Final = msg("Bring the {dose} isodose off {structure}: no part of it may get more.")
OFF_UNCOUNTED: Final = msg(
    "Bring the {dose} isodose off {structure}: at most {allowed} cc may get more."
)
SMALLER: Final = msg("At most {allowed} of {structure} may get more than {dose}; {volume} do.")
SMALLER_UNCOUNTED: Final = msg("At most {allowed} of {structure} may get more than {dose}.")
LESS_VOLUME: Final = msg("At most {bound} of {structure} may get {dose} or more; {value} do.")
LESS_BED: Final = msg(
    "Less than {bound} of {structure} may get a BED{alpha_beta} of {dose} or more; {value} do."
)
LOWER_MEAN: Final = msg(
    "Lower the mean dose of {structure} from {value} to {bound} at most: fewer beams through it, "
    "tighter fields."
)
SPARE: Final = msg("At least {needed} of {structure} must stay below {dose}; {volume} do.")
SPARE_UNCOUNTED: Final = msg(
    "At least {needed} of {structure} must stay below {dose}; as planned they get up to {value}."
)
SPARED: Final = msg("At least {bound} of {structure} must get less than {dose}; {value} do.")
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

COVERAGE_FIRST: Final = msg("Coverage of the target comes before this limit of {structure}.")

STEP_DOWN: Final = msg(
    "By scaling the whole dose alone it would be met at {dose}, a level of the protocol ({factor} "
    "of the dose); the target would get as much less."
)
STEP_DOWN_DECIDING: Final = msg(
    "By scaling the whole dose alone the limits of priority 1 and 2 would be met at {dose}, a "
    "level of the protocol ({factor} of the dose); the target would get as much less."
)
NO_LEVEL: Final = msg(
    "Scaling the whole dose is no way out: no level of the protocol is as low as {dose}."
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
    advice = [words.sentence(f.advice) for f in findings if f.advice]
    beside = at_their_limits(review)
    ordered = sorted(_tightest(results), key=_volume_asked_cc)
    general = [text for r in ordered if (text := action(r, evidence, beside, words))]
    leveled = any(f.group == PRESCRIPTION for f in findings)
    scaling = [] if leveled else list(_scaling(results, review, words))
    if general:
        general[0] = " ".join([general[0], *coverage_first(results, words)])
    costs = _costs(results, review, words)
    return tuple(dict.fromkeys([*advice, *general, *costs, *scaling]))


def _tightest(results: Sequence[ConstraintResult]) -> list[ConstraintResult]:
    """Return the limits, of several upper limits of one metric only the lowest: it settles all."""
    return [
        r
        for r in results
        if not any(
            (o.structure, o.metric, o.op) == (r.structure, r.metric, r.op)
            and r.op in ("<=", "<")
            and (o.per_protocol_limit or 0.0) < (r.per_protocol_limit or 0.0)
            for o in results
        )
    ]


def coverage_first(results: Sequence[ConstraintResult], words: Words) -> tuple[str, ...]:
    """Return that coverage comes before the limits of one organ, where none of them decides."""
    organs = [r for r in results if not TARGETS.match(r.of) and not _around(r)]
    if not organs or min(r.priority for r in organs) <= DECIDING:
        return ()
    return (words(COVERAGE_FIRST, structure=named(organs[0].structure, words)),)


def _around(result: ConstraintResult) -> bool:
    """Tell whether a limit is about the dose around a target, whatever organ is there."""
    spec = spec_of(result)
    return result.structure.startswith("External") or (spec is not None and spec.kind in INDICES)


def action(
    result: ConstraintResult, evidence: Evidence | None, beside: Sequence[str], words: Words
) -> str:
    """Return what settles one limit; empty for a metric that this version does not know.

    Parameters
    ----------
    beside
        Organs at their limits beside a target with a gap.
    """
    spec = spec_of(result)
    if spec is None:
        return ""
    if _around(result) or spec.kind == "GlobalMaxInPTV":
        return words(SHAPE)
    if TARGETS.match(result.of):
        return _for_target(result, spec, beside, words)
    return _for_organ(result, spec, evidence, words)


def at_their_limits(review: CaseReview) -> tuple[str, ...]:
    """Return the organs that a check found at their limits beside a target with a gap."""
    found = (f.found.split(", ") for f in review.findings if f.code == OAR_DRIVEN and f.found)
    return tuple(name for names in found for name in names)


def _volume_asked_cc(result: ConstraintResult) -> float:
    """Return the volume of a dose limit, small ones first; limits of other kinds come last."""
    spec = spec_of(result)
    if spec is None or not (is_maximum(spec) or spec.argument_unit == "cc"):
        return float("inf")
    return spec.argument or 0.0


def _for_target(
    result: ConstraintResult, spec: MetricSpec, beside: Sequence[str], words: Words
) -> str:
    if not is_cold(result):
        return words(COOL)
    if is_maximum(spec):
        return words(STEEPEN)
    if beside:
        return words(RAISE_BESIDE, organs=", ".join(visible(name) for name in beside))
    return words(RAISE)


def _for_organ(
    result: ConstraintResult, spec: MetricSpec, evidence: Evidence | None, words: Words
) -> str:
    name, bound = named(result.structure, words), result.per_protocol_limit
    if bound is not None and spec.kind == "V" and spec.conversion is not None:
        return _of_bed(result, spec, words)
    if bound is None or spec.conversion is not None or spec.unit not in ("Gy", "cc", "%"):
        return words(LOWER, structure=name)
    dose = number_text(bound, spec.unit)
    if spec.kind in ("D", "Max") and spec.unit == "Gy":
        counted = _volume_above(result, bound, evidence)
        if is_maximum(spec):
            return _off(spec, name, dose, counted, words)
        allowed = number_text(spec.amount, spec.argument_unit)
        if counted is None or spec.argument_unit != "cc":
            return words(SMALLER_UNCOUNTED, allowed=allowed, structure=name, dose=dose)
        volume = f"{counted:.3g} cc"
        return words(SMALLER, allowed=allowed, structure=name, dose=dose, volume=volume)
    return _of_volumes(result, spec, evidence, words) or words(LOWER, structure=name)


def _of_bed(result: ConstraintResult, spec: MetricSpec, words: Words) -> str:
    """Return the sentence of a volume at a biologically effective dose."""
    name, conversion = named(result.structure, words), spec.conversion
    if conversion is None or conversion.per_fraction_gy is not None:
        return words(LOWER, structure=name)
    return words(
        LESS_BED, bound=number_text(result.per_protocol_limit or 0.0, spec.unit), structure=name,
        alpha_beta=f"{conversion.alpha_beta_gy:g}", dose=number_text(spec.amount, "Gy"),
        value=value_text(result),
    )  # fmt: skip


def _off(
    spec: MetricSpec, structure: str, dose: str, counted_cc: float | None, words: Words
) -> str:
    if spec.argument is None:
        return words(OFF_WHOLLY, dose=dose, structure=structure)
    allowed = f"{spec.amount:g}"
    if counted_cc is None:
        return words(OFF_UNCOUNTED, dose=dose, structure=structure, allowed=allowed)
    volume = f"{counted_cc:.2f}"
    return words(OFF, dose=dose, structure=structure, allowed=allowed, volume=volume)


def _of_volumes(
    result: ConstraintResult, spec: MetricSpec, evidence: Evidence | None, words: Words
) -> str:
    """Return the sentence of a limit of a volume or a mean dose; empty for any other."""
    name, bound = named(result.structure, words), result.per_protocol_limit or 0.0
    limit, value = number_text(bound, spec.unit), value_text(result)
    if spec.kind == "Mean":
        return words(LOWER_MEAN, structure=name, value=value, bound=limit)
    if spec.kind == "DC" and spec.unit == "Gy":
        needed = number_text(spec.amount, spec.argument_unit)
        above = _volume_above(result, bound, evidence)
        whole = _whole_cc(result, evidence)
        if above is None or whole is None or spec.argument_unit != "cc":
            return words(SPARE_UNCOUNTED, needed=needed, structure=name, dose=limit, value=value)
        volume = f"{whole - above:.0f} cc"
        return words(SPARE, needed=needed, structure=name, dose=limit, volume=volume)
    if spec.kind in ("V", "CV") and spec.argument_unit == "Gy":
        text = LESS_VOLUME if spec.kind == "V" else SPARED
        dose = number_text(spec.amount, "Gy")
        return words(text, bound=limit, structure=name, dose=dose, value=value)
    return ""


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


def _factor(result: ConstraintResult) -> float | None:
    """Return what part of its dose meets a limit; None where doses do not simply scale."""
    spec, limit, value = spec_of(result), result.per_protocol_limit, result.value
    if spec is None or spec.conversion is not None or not limit or not value:
        return None
    scales = spec.kind in ("D", "DC", "Mean", "Max") and spec.unit in ("Gy", "cGy")
    return limit / value if scales and result.op in ("<=", "<") and value > limit else None
