"""Two versions of a submission side by side: a pure function, no file, clock or network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.gamma import DEFAULT_CRITERIA, GammaCriteria
from sbrt_qa.dosimetry.integrate import method_text
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Finding, Reason, ReasonCode, Verdict
from sbrt_qa.model.phrase import say
from sbrt_qa.model.plan import Plan
from sbrt_qa.protocol.result import ConstraintResult
from sbrt_qa.protocol.schema import Protocol
from sbrt_qa.review.changes import changed_facts, frame_of, same_uid_other_content
from sbrt_qa.review.comparison import (
    Area,
    CaseComparison,
    Change,
    ComparedSide,
    DoseChange,
    MetricChange,
    StructureChange,
)
from sbrt_qa.review.dose_changes import compare_doses, dose_changes
from sbrt_qa.review.expectation import Expectation, Request
from sbrt_qa.review.result import CaseReview, EngineUsed
from sbrt_qa.review.review import review_case
from sbrt_qa.review.structure_changes import Volumes, compare_structures, structure_changes

UNEXPECTED_CHANGE: Final = "UNEXPECTED_CHANGE"
REQUEST_NOT_DONE: Final = "REQUEST_NOT_DONE"
SAME_UID: Final = "SAME_UID_OTHER_CONTENT"

NOT_COMPARABLE: Final = "OTHER_FRAME_OF_REFERENCE"

_PLACES: Final = (Area.STRUCTURES, Area.DOSE)
"""Areas of which nothing can be told in another frame of reference."""

_AREAS: Final = list(Area)


def compare_cases(
    before: Case,
    after: Case,
    protocol: Protocol,
    *,
    mapping: Mapping[str, str] | None = None,
    expect: Expectation | None = None,
    gamma: GammaCriteria | None = DEFAULT_CRITERIA,
    reviews: tuple[CaseReview, CaseReview] | None = None,
) -> CaseComparison:
    """Compare two versions of a submission.

    Parameters
    ----------
    before, after
        The earlier and the later version.
    protocol
        Limits that both are held against.
    mapping
        Structure name in the plan -> name in the protocol, as for `review_case`.
    expect
        The changes that were requested; without it no change counts as unexpected.
    gamma
        Criteria of gamma; None leaves it out.
    reviews
        Reviews of both versions where they are there already; then `protocol` and `mapping` are
        not used again.

    Raises
    ------
    UsageError
        The mapping leads to a name that the protocol does not have.
    """
    old, new = reviews or (
        review_case(before, protocol, mapping=mapping, bands=False),
        review_case(after, protocol, mapping=mapping, bands=False),
    )
    other_frame = _other_frame(before, after)
    doses = CaseDoses(before), CaseDoses(after)
    structures = compare_structures(*doses, (_volumes(old), _volumes(new)), other_frame=other_frame)
    dose = other_frame or compare_doses(before.dose, after.dose, gamma)
    changes = _judged(_changes(before, after, structures, dose), expect)
    return CaseComparison(
        before=_side(before, old),
        after=_side(after, new),
        changes=changes,
        structures=structures,
        dose=dose,
        metrics=tuple(_metrics(old.constraints, new.constraints)),
        findings=tuple(_findings(before, after, changes, expect)),
        expect="" if expect is None else str(expect),
        engine=EngineUsed(convention=method_text(doses[0].convention)),
    )


def _changes(
    before: Case, after: Case, structures: tuple[StructureChange, ...], dose: DoseChange | Reason
) -> list[Change]:
    there = isinstance(before.dose, DoseGrid), isinstance(after.dose, DoseGrid)
    found = [
        *changed_facts(before, after),
        *structure_changes(structures),
        *dose_changes(dose, there=there),
    ]
    return sorted(found, key=lambda c: _AREAS.index(c.area))


def _judged(changes: Sequence[Change], expect: Expectation | None) -> tuple[Change, ...]:
    if expect is None:
        return tuple(changes)
    return tuple(replace(change, expected=expect.covers(change)) for change in changes)


def _other_frame(before: Case, after: Case) -> Reason | None:
    one, other = frame_of(before), frame_of(after)
    if one and other and one != other:
        text = say("the two versions lie in different frames of reference")
        return Reason(ReasonCode.NOT_APPLICABLE, text)
    return None


def _volumes(review: CaseReview) -> Volumes:
    return {s.key: s.volume_cc for s in review.structures}


def _side(case: Case, review: CaseReview) -> ComparedSide:
    return ComparedSide(
        case=case.label,
        subject=case.subject,
        verdict=review.verdict,
        protocol=review.protocol,
        plan_uid=case.plan.sop_instance_uid if isinstance(case.plan, Plan) else "",
        files=case.provenance.files,
    )


def _metrics(
    before: Sequence[ConstraintResult], after: Sequence[ConstraintResult]
) -> Iterator[MetricChange]:
    """Pair limits by their ids; those of the later review first."""
    old, new = {r.id: r for r in before}, {r.id: r for r in after}
    for name in dict.fromkeys((*new, *old)):
        one, other = old.get(name), new.get(name)
        shown = other or one
        if shown is None:
            continue
        yield MetricChange(
            id=name,
            structure=shown.structure,
            metric=shown.metric,
            unit=shown.unit,
            before=one.value if one else None,
            after=other.value if other else None,
            before_verdict=one.verdict if one else None,
            after_verdict=other.verdict if other else None,
            before_reason=one.reason if one else None,
            after_reason=other.reason if other else None,
        )


def _findings(
    before: Case, after: Case, changes: Sequence[Change], expect: Expectation | None
) -> Iterator[Finding]:
    unexpected: dict[tuple[Area, str], list[Change]] = {}
    for change in changes:
        if change.expected is False:
            item = change.item if change.area is Area.STRUCTURES else ""
            unexpected.setdefault((change.area, item), []).append(change)
    for (area, item), group in unexpected.items():
        yield _unexpected(f"{area}: {item}" if item else str(area), group)
    other_frame = _other_frame(before, after)
    if other_frame is not None:
        yield _not_comparable(other_frame)
    for request in () if expect is None else expect.requests:
        untold = other_frame is not None and request.area in _PLACES
        if not untold and not any(request.covers(change) for change in changes):
            yield _not_done(request)
    for modality in same_uid_other_content(before, after):
        yield Finding(
            SAME_UID,
            Verdict.MINOR,
            modality,
            say("the SOP Instance UID is the same in both versions, the content is not"),
            say("A changed object needs a new UID; ask the site how it was changed."),
            title=say("same UID, other content"),
        )


def _unexpected(where: str, changes: Sequence[Change]) -> Finding:
    """Return one finding for all changes of one place that were not requested."""
    properties = ", ".join(dict.fromkeys(c.what for c in changes))
    items = list(dict.fromkeys(c.item for c in changes if c.item))
    of = say(" of {0} items", len(items)) if len(items) > 1 else ""
    return Finding(
        UNEXPECTED_CHANGE,
        Verdict.MAJOR,
        where,
        say("{0}{1} changed, which was not requested", properties, of),
        say("Ask the site why, or add it to the request."),
        title=say("change that was not requested"),
        found=changes[0].after or say("nothing"),
        expected=changes[0].before or say("nothing"),
    )


def _not_comparable(reason: Reason) -> Finding:
    return Finding(
        NOT_COMPARABLE,
        Verdict.NOT_EVALUABLE,
        say("structures, dose"),
        say("{0}: structures and dose are not compared", reason.detail),
        say("Register the images, or compare metric by metric."),
        title=say("versions that cannot be laid over each other"),
    )


def _not_done(request: Request) -> Finding:
    return Finding(
        REQUEST_NOT_DONE,
        Verdict.MAJOR,
        str(request),
        say("a requested change was not made"),
        say("Return the submission, or check the spelling of the request."),
        title=say("requested change missing"),
    )
