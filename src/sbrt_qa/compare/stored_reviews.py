"""Two versions of a submission by their stored reviews, where the files are no longer at hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from sbrt_qa.compare.comparison import (
    Area,
    CaseComparison,
    Change,
    ComparedSide,
    StructureChange,
    StructureState,
)
from sbrt_qa.compare.structure_changes import structure_changes
from sbrt_qa.compare.verdict_changes import finding_changes, metric_changes
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.review.case_review import CaseReview, EngineUsed, PlanSummary, StructureSummary

SAME_VOLUME: Final = 1e-4
"""Relative difference of volumes up to which contours are not known to differ."""

BY_RECORD: Final = say(
    "compared from stored results: the files of the earlier version are not available, so "
    "contours, dose and beams are not compared"
)

_FACTS: Final = {
    say("prescription (Gy)"): (Area.PRESCRIPTION, "prescription_gy"),
    say("fractions"): (Area.PRESCRIPTION, "fractions"),
    say("stated in"): (Area.PRESCRIPTION, "prescription_source"),
    say("approval"): (Area.PLAN, "approval"),
    say("intent"): (Area.PLAN, "intent"),
    say("patient position"): (Area.PLAN, "patient_position"),
    say("treatment beams"): (Area.BEAMS, "beams"),
    say("machines"): (Area.BEAMS, "machines"),
    say("energies"): (Area.BEAMS, "energies"),
    say("techniques"): (Area.BEAMS, "techniques"),
    say("meterset per fraction"): (Area.BEAMS, "meterset"),
    say("isocentres"): (Area.BEAMS, "isocentres"),
}
"""What a review keeps of a plan, in words, with its area."""


def compare_reviews(before: CaseReview, after: CaseReview) -> CaseComparison:
    """Compare two versions of a submission as far as their reviews tell.

    Facts of the plan, volumes of structures and every limit are compared. That contours are the
    same cannot be told from equal volumes, so no structure counts as the same; nor can the doses
    be compared.
    """
    reason = Reason(ReasonCode.NOT_APPLICABLE, BY_RECORD)
    structures = tuple(_structures(before, after, reason))
    return CaseComparison(
        before=_side(before),
        after=_side(after),
        changes=(*_changes(before.plan, after.plan), *structure_changes(structures)),
        structures=structures,
        dose=reason,
        metrics=tuple(metric_changes(before.constraints, after.constraints)),
        checks=finding_changes(before.findings, after.findings),
        engine=EngineUsed(convention=after.engine.convention),
    )


def _side(review: CaseReview) -> ComparedSide:
    plan = next((f.sop_instance_uid for f in review.files if f.modality == "RTPLAN"), "")
    return ComparedSide(
        review.case, review.subject, review.verdict, review.protocol, plan, review.files
    )


def _changes(before: PlanSummary | Reason, after: PlanSummary | Reason) -> Iterator[Change]:
    if isinstance(before, Reason) or isinstance(after, Reason):
        if isinstance(before, Reason) != isinstance(after, Reason):
            yield Change(Area.PLAN, "", say("plan"), _presence(before), _presence(after))
        return
    for what, (area, name) in _FACTS.items():
        one, other = getattr(before, name), getattr(after, name)
        if one != other:
            yield Change(area, "", what, _shown(one), _shown(other))


def _presence(plan: PlanSummary | Reason) -> str:
    return "" if isinstance(plan, Reason) else plan.label or say("(no label)")


def _shown(value: object) -> str:
    if value is None or isinstance(value, Reason):
        return ""
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _structures(before: CaseReview, after: CaseReview, reason: Reason) -> Iterator[StructureChange]:
    old = {s.key: s for s in before.structures}
    new = {s.key: s for s in after.structures}
    for key in dict.fromkeys((*new, *old)):
        yield _structure(key, old.get(key), new.get(key), reason)


def _structure(
    key: str, old: StructureSummary | None, new: StructureSummary | None, reason: Reason
) -> StructureChange:
    before_cc, after_cc = (None if one is None else one.volume_cc for one in (old, new))
    state, why = StructureState.CHANGED, None
    if old is None or new is None:
        state = StructureState.ADDED if old is None else StructureState.REMOVED
    elif before_cc is None or after_cc is None or _is_same(before_cc, after_cc):
        state, why = StructureState.NOT_COMPARED, reason
    return StructureChange(key, state, before_cc=before_cc, after_cc=after_cc, reason=why)


def _is_same(one_cc: float, other_cc: float) -> bool:
    return math.isclose(one_cc, other_cc, rel_tol=SAME_VOLUME)
