"""The targets of a plan at a glance, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sbrt_qa.checks.disowned import disowning
from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metrics import evaluate
from sbrt_qa.model.outcome import CasePart, Finding, Measured, Reason, Verdict, worst
from sbrt_qa.model.target_kind import TYPES
from sbrt_qa.protocol.lesions import Lesion, Lesions, TargetRole
from sbrt_qa.protocol.limit_result import ConstraintResult, meaning_in
from sbrt_qa.protocol.plan_targets import own_doses, prescribed_gy
from sbrt_qa.review.case_review import CaseReview, TargetSummary

SHOWN: Final = {
    "coverage_percent": parse_metric("V100%[%]"),
    "near_minimum_percent": parse_metric("D98%[%]"),
    "hot_spot_percent": parse_metric("D0.03cc[%]"),
}
"""What is shown of every target, whatever the protocol asks for."""


def target_summaries(
    doses: CaseDoses, lesions: Lesions, results: Sequence[ConstraintResult]
) -> tuple[TargetSummary, ...]:
    """Return a summary of every target, in file order."""
    return tuple(_summary(doses, one, results) for one in lesions.all)


def _summary(doses: CaseDoses, one: Lesion, results: Sequence[ConstraintResult]) -> TargetSummary:
    number = one.roi_number
    made = TargetSummary(one.key, number, one.kind, str(one.role), one.why)
    structure = structures_of(doses.case)[one.key]
    if one.role is TargetRole.EMPTY:
        return made
    volume = doses.volume_cc(structure)
    rx_gy = prescribed_gy(doses.case, (number,))
    made = replace(
        made,
        prescription_gy=rx_gy,
        own_prescription=number in own_doses(doses.case),
        volume_cc=None if isinstance(volume, Reason) else volume,
    )
    dvh = doses.dvh(structure)
    if not isinstance(dvh, Reason):
        context = replace(doses.metric_context, prescription_gy=rx_gy)
        found = {name: evaluate(spec, dvh, context) for name, spec in SHOWN.items()}
        values = {name: v.value for name, v in found.items() if isinstance(v, Measured)}
        made = replace(made, mean_gy=dvh.mean_gy if dvh.is_whole else None, **values)  # type: ignore[arg-type]
    if one.role is not TargetRole.JUDGED:
        return made
    return with_verdict(made, results)


def with_verdict(made: TargetSummary, results: Sequence[ConstraintResult]) -> TargetSummary:
    """Return the summary of a judged target with what the limits say of it."""
    number = made.roi_number
    if made.role != TargetRole.JUDGED:
        return made
    about = [
        r for r in results
        if r.match and number in r.match.roi_numbers
        and r.match.protocol_name in (made.kind, *TYPES)
    ]  # fmt: skip
    counting = [r.verdict for r in about if r.counts]
    own_last = sorted(about, key=lambda r: r.match is not None and r.match.roi_numbers[0] == number)
    shown = {
        r.metric: r for r in own_last if r.value is not None and r.is_relied_on and _is_index(r)
    }
    indices = {metric: r.value for metric, r in shown.items() if r.value is not None}
    unions = {m: r.target for m, r in shown.items() if r.match and len(r.match.roi_numbers) > 1}
    verdict = worst(counting) if counting else Verdict.NOT_EVALUABLE
    return replace(made, conformity=indices, of_union=unions, verdict=verdict if about else None)


def _is_index(result: ConstraintResult) -> bool:
    meaning = meaning_in(result)
    return meaning is not None and meaning.of_surroundings


def targets_relied_on(
    targets: Sequence[TargetSummary], findings: Sequence[Finding]
) -> tuple[TargetSummary, ...]:
    """Return targets as they are to be shown: without doses where a finding disowns these."""
    parts = {f.disowns for f in disowning(findings)}
    if not parts:
        return tuple(targets)
    none = dict.fromkeys(("mean_gy", *SHOWN))
    return tuple(
        replace(
            one,
            **none,  # type: ignore[arg-type]
            volume_cc=None if CasePart.STRUCTURES in parts else one.volume_cc,
            conformity={},
            of_union={},
        )
        for one in targets
    )


def lesions_in(review: CaseReview) -> Lesions:
    """Return the targets as a review was made with them."""
    return Lesions(
        tuple(
            Lesion(t.name, t.roi_number, t.kind, TargetRole(t.role), t.why) for t in review.targets
        )
    )
