"""Whether plan, structures, dose and image belong together: frames, references, ages, approval."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, check
from sbrt_qa.i18n.phrase import say, stated
from sbrt_qa.model.header import ObjectHeader, Stamp
from sbrt_qa.model.outcome import Severity

EXPORT_AGAIN: Final = say("Export plan, structure set and dose of one state of the plan together.")


def _of(context: CheckContext, modality: str) -> tuple[ObjectHeader, ...]:
    return tuple(h for h in context.case.provenance.headers if h.modality == modality)


@check(
    "FRAME_OF_REFERENCE",
    title="Frame of reference",
    group=Group.LINKS,
    severity=Severity.BLOCK,
    milder=(Severity.INFO,),
    rows=(1,),
)
def one_frame(context: CheckContext) -> Iterator[Outcome]:
    """Find objects that lie in different frames of reference.

    Image, structure set, plan and dose must share one Frame of Reference UID, or their coordinates
    mean different places. A plan need not state one.
    """
    headers = [h for h in context.case.provenance.headers if h.modality != "RTRECORD"]
    frames: dict[str, list[ObjectHeader]] = {}
    for header in headers:
        frames.setdefault(header.frame_of_reference_uid, []).append(header)
    for header in frames.pop("", []):
        if header.modality != "RTPLAN":
            yield Found(header.name, say("states no frame of reference"), severity=Severity.INFO)
    if len(frames) > 1:
        groups = " | ".join(", ".join(h.name for h in same) for same in frames.values())
        found = say("{0} frames: {1}", len(frames), groups)
        text = say("the objects lie in different frames of reference")
        yield Found(
            say("case"), say("{0} ({1})", text, found), EXPORT_AGAIN, found, say("one frame")
        )
    elif frames and len(headers) > 1:
        (same,) = frames.values()
        yield Passed(
            say("case"), say("one frame for {0}", ", ".join(h.name for h in same)), say("one frame")
        )


class _Reference(NamedTuple):
    source: ObjectHeader
    what: str
    named: tuple[str, ...]
    there: str


@check(
    "LINK_DANGLING",
    title="References between objects",
    group=Group.LINKS,
    severity=Severity.BLOCK,
    rows=(2,),
)
def dangling(context: CheckContext) -> Iterator[Outcome]:
    """Find an object that refers to another plan, structure set or image than the one beside it.

    A dose names its plan, a plan its structure set, a structure set its images, each by UID. Where
    a reference names something else than what was given, the two may be of different states of the
    plan, even if they lie in one frame of reference. An object that refers to nothing at all is
    told by LINK_GUESSED.
    """
    for reference in _references(context):
        where = say("{0} → {1}", reference.source.name, reference.what)
        if not reference.named:
            continue
        if reference.there in reference.named:
            yield Passed(where, say("named by its UID"), say("the object given"))
        else:
            text = say("it refers to another {0} than the one given", reference.what)
            yield Found(where, text, EXPORT_AGAIN, say("another UID"), say("the object given"))


def _references(context: CheckContext) -> Iterator[_Reference]:
    plans, sets = _of(context, "RTPLAN"), _of(context, "RTSTRUCT")
    for dose in _of(context, "RTDOSE"):
        if plans:
            yield _Reference(dose, say("plan"), dose.plan_uids, plans[0].sop_instance_uid)
        if sets:
            uids = dose.structure_set_uids
            yield _Reference(dose, say("structure set"), uids, sets[0].sop_instance_uid)
    for plan in plans:
        if sets:
            uids = plan.structure_set_uids
            yield _Reference(plan, say("structure set"), uids, sets[0].sop_instance_uid)
    for drawn in sets:
        for image in _of(context, "CT"):
            yield _Reference(drawn, say("image series"), drawn.series_uids, image.series_uid)


@check(
    "DOSE_STALE",
    title="Age of the dose",
    group=Group.LINKS,
    severity=Severity.MAJOR,
    milder=(Severity.INFO,),
    rows=(4,),
)
def stale_dose(
    context: CheckContext, slack_min: float = 2.0, late_days: float = 180.0
) -> Iterator[Outcome]:
    """Find a plan or structure set that was changed after its dose was calculated.

    Compares the plan's and the structure set's own date and time with the creation of the dose. A
    dose is written when it is exported, so it can only come out too new: what is found is real, and
    a dose that passes may be stale all the same. Whole days are compared where a time of day is
    missing, and nothing where a date is, as after de-identification. Of a structure set that the
    plan names by its UID a newer date is information: it is the one that was planned on.

    Parameters
    ----------
    slack_min
        Minutes by which clocks may differ.
    late_days
        Days after the plan from which on a dose is told: it may be of a later state.
    """
    for dose in _of(context, "RTDOSE"):
        for other in (*_of(context, "RTPLAN"), *_of(context, "RTSTRUCT")):
            where = f"{other.name} → {dose.name}"
            if dose.created_at is None or other.stated_at is None:
                text = say("they do not both state a date")
                yield Found(where, text, severity=Severity.INFO)
                continue
            found = _in_order(where, other.stated_at, dose.created_at, slack_min)
            yield _as_information(found) if _is_named(context, other) else found
            days = other.stated_at.minutes_until(dose.created_at) / 1440
            if days > late_days and other.modality == "RTPLAN":
                text = say("the dose was written {0} days after the plan", f"{days:.0f}")
                advice = say("Check that they belong together.")
                yield Found(where, text, advice, severity=Severity.INFO)


def _in_order(where: str, first: Stamp, second: Stamp, slack_min: float) -> Outcome:
    minutes = first.minutes_until(second)
    expected, tolerance = say("dose after it"), say("{0} min", f"{slack_min:g}")
    if minutes >= -slack_min:
        return Passed(where, say("dose {0} later", _span(minutes)), expected, tolerance)
    text = say("it was changed {0} after the dose was written", _span(-minutes))
    advice = say("Calculate the dose again, or export the state that it belongs to.")
    return Found(where, text, advice, say("dose {0} earlier", _span(-minutes)), expected, tolerance)


@check(
    "STRUCTURES_NEWER",
    title="Age of the structures",
    group=Group.LINKS,
    severity=Severity.MINOR,
    milder=(Severity.INFO,),
    rows=(4,),
)
def structures_newer(context: CheckContext, slack_min: float = 2.0) -> Iterator[Outcome]:
    """Find a structure set that was changed after its plan.

    Contours that were drawn after the plan, such as rings for evaluation, are harmless; a target or
    an organ that was changed is not. Some systems give every export a new structure set date: of
    a structure set that the plan names by its UID it is information.

    Parameters
    ----------
    slack_min
        Minutes by which clocks may differ.
    """
    for plan in _of(context, "RTPLAN"):
        for drawn in _of(context, "RTSTRUCT"):
            if plan.stated_at is None or drawn.stated_at is None:
                continue
            minutes = drawn.stated_at.minutes_until(plan.stated_at)
            where, expected = f"{drawn.name} → {plan.name}", say("plan after structures")
            tolerance = say("{0} min", f"{slack_min:g}")
            if minutes >= -slack_min:
                yield Passed(where, say("plan {0} later", _span(minutes)), expected, tolerance)
            else:
                text = say("the structures were changed {0} after the plan", _span(-minutes))
                advice = say("Ask the site what was changed.")
                found = Found(
                    where,
                    text,
                    advice,
                    say("plan {0} earlier", _span(-minutes)),
                    expected,
                    tolerance,
                )
                yield _as_information(found) if _is_named(context, drawn) else found


def _is_named(context: CheckContext, drawn: ObjectHeader) -> bool:
    """Tell whether a plan names this very structure set."""
    return drawn.modality == "RTSTRUCT" and any(
        drawn.sop_instance_uid in plan.structure_set_uids for plan in _of(context, "RTPLAN")
    )


def _as_information(outcome: Outcome) -> Outcome:
    return outcome._replace(severity=Severity.INFO) if isinstance(outcome, Found) else outcome


def _span(minutes: float) -> str:
    minutes = max(minutes, 0.0)
    if minutes >= 2 * 1440:
        return say("{0} days", f"{minutes / 1440:.0f}")
    if minutes >= 2 * 60:
        return say("{0} h", f"{minutes / 60:.0f}")
    return say("{0} min", f"{minutes:.0f}")


_REJECTED: Final = {
    "RTSTRUCT": say("the structure set is marked as rejected"),
    "RTDOSE": say("the dose is marked as rejected"),
}


@check(
    "PLAN_NOT_APPROVED",
    title="Approval of the plan",
    group=Group.LINKS,
    severity=Severity.MINOR,
    milder=(Severity.INFO,),
    rows=(5,),
)
def approval(context: CheckContext) -> Iterator[Outcome]:
    """Find a plan that is not approved, which may change before it is treated, or rejected parts.

    Approval Status (300E,0002) of the plan. A plan that does not state one is told as information.
    A structure set or dose needs no approval of its own, but must not be REJECTED.
    """
    for modality, text in _REJECTED.items():
        for header in _of(context, modality):
            if header.approval == "REJECTED":
                yield Found(header.name, text, EXPORT_AGAIN)
    if context.plan is None:
        return
    status = context.plan.approval
    if status == "APPROVED":
        yield Passed(say("plan"), say("approved"), say("approved"))
    elif status:
        found = stated(status.lower())
        text = say("the plan is {0}", found)
        yield Found(say("plan"), text, say("Submit the approved plan."), found, say("approved"))
    else:
        yield Found(say("plan"), say("the plan states no approval"), severity=Severity.INFO)


@check(
    "PATIENT_POSITION",
    title="Patient position of image and plan",
    group=Group.LINKS,
    severity=Severity.BLOCK,
    rows=(13,),
)
def patient_position(context: CheckContext) -> Iterator[Outcome]:
    """Find a plan for another patient position than the image was taken in."""
    setups = context.plan.setups if context.plan else ()
    planned = dict.fromkeys(s.position for s in setups if s.position)
    image = context.case.image.patient_position if context.case.image else ""
    if len(planned) > 1:
        text = say("the beams have different patient positions ({0})", ", ".join(planned))
        yield Found(
            say("plan"), text, say("Ask the site."), ", ".join(planned), say("one position")
        )
    elif planned and image:
        (position,) = planned
        if position == image:
            yield Passed(say("image → plan"), position, image)
        else:
            text = say("the image is {0}, the plan {1}", image, position)
            yield Found(say("image → plan"), text, EXPORT_AGAIN, position, image)
