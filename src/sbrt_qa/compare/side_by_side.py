"""Two versions of a submission side by side: a pure function, no file, clock or network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sbrt_qa.compare.comparison import (
    Area,
    CaseComparison,
    Change,
    ComparedSide,
    DoseChange,
    FindingChange,
    StructureChange,
)
from sbrt_qa.compare.dose_changes import compare_doses, dose_changes
from sbrt_qa.compare.expectation import Expectation, RequestedChange
from sbrt_qa.compare.fact_changes import changed_facts, frame_of, same_uid_other_content
from sbrt_qa.compare.structure_changes import (
    Volumes,
    compare_structures,
    property_changes,
    structure_changes,
)
from sbrt_qa.compare.verdict_changes import finding_changes, metric_changes
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.gamma import DEFAULT_CRITERIA, GammaCriteria
from sbrt_qa.dosimetry.integrate import method_text
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Finding, Reason, ReasonCode, Verdict
from sbrt_qa.model.plan import Plan
from sbrt_qa.model.setup_errors import NO_SHIFTS
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.review.case_review import CaseReview, EngineUsed
from sbrt_qa.review.review import review_case

UNEXPECTED_CHANGE: Final = "UNEXPECTED_CHANGE"
REQUEST_NOT_DONE: Final = "REQUEST_NOT_DONE"
OTHER_SUBJECT: Final = "OTHER_SUBJECT"
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
        Reviews of both versions where they are there already; then `mapping` is not used, and
        `protocol` only for its levels of prescription.

    Raises
    ------
    UsageError
        The mapping leads to a name that the protocol does not have.
    """
    old, new = reviews or (
        review_case(before, protocol, mapping=mapping, bands=False, shifts=NO_SHIFTS),
        review_case(after, protocol, mapping=mapping, bands=False, shifts=NO_SHIFTS),
    )
    other_frame = _other_frame(before, after)
    doses = CaseDoses(before), CaseDoses(after)
    structures = compare_structures(*doses, (_volumes(old), _volumes(new)), other_frame=other_frame)
    dose = other_frame or compare_doses(before.dose, after.dose, gamma)
    found = (*changed_facts(before, after, protocol), *property_changes(before, after))
    changes = _judged(_in_order(before, after, found, structures, dose), expect)
    checks = _judged_checks(finding_changes(old.findings, new.findings), expect)
    return CaseComparison(
        before=_side(before, old),
        after=_side(after, new),
        changes=changes,
        structures=structures,
        dose=dose,
        metrics=tuple(metric_changes(old.constraints, new.constraints)),
        findings=tuple(_findings(before, after, (changes, checks), expect)),
        checks=checks,
        expect="" if expect is None else str(expect),
        engine=EngineUsed(convention=method_text(doses[0].convention)),
    )


def _in_order(
    before: Case,
    after: Case,
    facts: Sequence[Change],
    structures: tuple[StructureChange, ...],
    dose: DoseChange | Reason,
) -> list[Change]:
    """Return all changes in the order of their areas."""
    found = [
        *facts,
        *structure_changes(structures),
        *dose_changes(dose, before.dose, after.dose),
    ]
    return sorted(found, key=lambda c: _AREAS.index(c.area))


def _judged(changes: Sequence[Change], expect: Expectation | None) -> tuple[Change, ...]:
    if expect is None:
        return tuple(changes)
    return tuple(replace(change, expected=expect.covers(change)) for change in changes)


def _judged_checks(
    checks: tuple[FindingChange, ...], expect: Expectation | None
) -> tuple[FindingChange, ...]:
    if expect is None:
        return checks
    return tuple(replace(one, expected=expect.covers_finding(one)) for one in checks)


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


def _findings(
    before: Case,
    after: Case,
    found: tuple[Sequence[Change], Sequence[FindingChange]],
    expect: Expectation | None,
) -> Iterator[Finding]:
    changes, checks = found
    yield from _about_subjects(before, after)
    yield from _not_requested(changes)
    if unexpected := [one for one in checks if one.expected is False]:
        yield _unexpected_finding(unexpected)
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


def _about_subjects(before: Case, after: Case) -> Iterator[Finding]:
    if before.subject and after.subject and before.subject != after.subject:
        yield Finding(
            OTHER_SUBJECT,
            Verdict.NOT_EVALUABLE,
            say("subject"),
            say(
                "the two versions are of different subjects, {0} and {1}",
                before.subject,
                after.subject,
            ),
            say("Compare versions of one subject, or ask the site."),
            title=say("versions of different subjects"),
        )


def _not_requested(changes: Sequence[Change]) -> Iterator[Finding]:
    """Yield one finding for each area, and each structure, that changed unasked."""
    unexpected: dict[tuple[Area, str], list[Change]] = {}
    for change in changes:
        if change.expected is False:
            item = change.item if change.area is Area.STRUCTURES else ""
            unexpected.setdefault((change.area, item), []).append(change)
    for (area, item), group in unexpected.items():
        yield _unexpected(f"{area}: {item}" if item else str(area), group)


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


def _unexpected_finding(checks: Sequence[FindingChange]) -> Finding:
    """Return one finding for all findings that came, or became worse, unasked."""
    told = ", ".join(f"{one.shown.code} ({one.shown.where}) {one.state}" for one in checks)
    return Finding(
        UNEXPECTED_CHANGE,
        Verdict.MAJOR,
        say("findings"),
        say("{0}, although no such change was requested", told),
        say("Ask the site why, or add it to the request."),
        title=say("change that was not requested"),
    )


def _not_comparable(reason: Reason) -> Finding:
    return Finding(
        NOT_COMPARABLE,
        Verdict.NOT_EVALUABLE,
        say("structures, dose"),
        say("{0}: structures and dose are not compared", reason.detail),
        say("Register the images, or compare metric by metric."),
        title=say("versions in different frames of reference"),
    )


def _not_done(request: RequestedChange) -> Finding:
    return Finding(
        REQUEST_NOT_DONE,
        Verdict.MAJOR,
        str(request),
        say("a requested change was not made"),
        say("Return the submission, or check the spelling of the request."),
        title=say("requested change missing"),
    )
