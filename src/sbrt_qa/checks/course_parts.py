"""How the plan belongs to others beside it, and what of that cannot be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sbrt_qa.checks.beam_kinds import NOT_FOR_PATIENTS
from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, Untold, check
from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import counted, joined, say
from sbrt_qa.model.course import Course, CourseDecision, CoursePart, PlanRole
from sbrt_qa.model.outcome import Severity
from sbrt_qa.units import gy_text

SOURCE: Final = "ICRU 83; AAPM TG-275"

FLAGS: Final = say(
    'Say which it is: --course "A+B" names the plans that are one course, --alternatives says that '
    "only one of them treats."
)


def _names(parts: Sequence[CoursePart]) -> str:
    named = (quoted(p.label) if p.label else say("a plan that is not here") for p in parts)
    return joined(", ", named)


def _is_own(course: Course, context: CheckContext) -> bool:
    plan = context.plan
    own = {p.sop_instance_uid for p in course.of(PlanRole.VERIFICATION)}
    return plan is not None and plan.sop_instance_uid in own


@check(
    "COURSE_OF_PLANS",
    title="Plans of one course",
    group=Group.LINKS,
    source=SOURCE,
)
def course_of_plans(context: CheckContext) -> Iterator[Outcome]:
    """Tell which plans are one course, why, and how their doses were added.

    Limits of organs and of hot spots hold for the sum; each target is held against its own plan.
    Limits depend on the number of fractions, and no file says whether the parts are given on the
    same days: both numbers are judged, and the worse verdict stands.
    """
    course = context.case.course
    if course is None:
        return
    if left_out := course.of(PlanRole.LEFT_OUT):
        text = say("left out, because the user names others as the course: {0}", _names(left_out))
        yield Found(say("course"), text, found=say("left out"))
    if course.decision not in (CourseDecision.PARTS, CourseDecision.ALTERNATIVES):
        return
    if course.decision is CourseDecision.ALTERNATIVES:
        others = [p for p in course.parts if p.role in (PlanRole.ALTERNATIVE, PlanRole.PART)]
        text = say("{0} stand beside each other: {1}", _names(others), course.why)
        yield Found(say("course"), text, found=say("alternatives"))
        return
    text = say("{0} are one course", _names(course.counting))
    if course.why:
        text = say("{0}: {1}", text, course.why)
    if course.sum_method:
        text = say("{0}; {1}", text, course.sum_method)
    if len(course.fraction_counts) > 1:
        same, apart = course.fraction_counts
        text = say(
            "{0}; limits are held against {1} (given on the same days) and {2} (on different "
            "days), and the worse verdict stands",
            text,
            counted(same, "fraction"),
            counted(apart, "fraction"),
        )
    yield Found(say("course"), text, found=counted(len(course.counting), "part"))


@check(
    "COURSE_UNTOLD",
    title="Parts or alternatives",
    group=Group.LINKS,
    severity=Severity.MAJOR,
    source=SOURCE,
)
def course_untold(context: CheckContext) -> Iterator[Outcome]:
    """Find plans beside this one of which nothing tells whether their doses add up.

    Two approved plans are never taken for alternatives by themselves. Where the files do not tell,
    limits of organs are judged as far as this plan alone breaks them; the rest is not evaluable.
    """
    course = context.case.course
    if course is None:
        return
    if course.decision is CourseDecision.UNTOLD:
        yield Untold(say("course"), course.why, FLAGS)
    without = [
        p for p in course.of(PlanRole.UNTOLD) if course.decision is not CourseDecision.UNTOLD
    ]
    if without:
        text = say("what {0}, a plan without beams, delivers", _names(without))
        yield Untold(say("course"), text, FLAGS)


@check(
    "COURSE_INCOMPLETE",
    title="Doses of all parts",
    group=Group.LINKS,
    severity=Severity.MAJOR,
    source=SOURCE,
)
def course_incomplete(context: CheckContext) -> Iterator[Outcome]:
    """Find a course of which not all doses are known, so that its sum is only a lower bound.

    The dose of a part may be missing, or lie in another frame of reference, where it cannot be
    added. A limit that is already broken is broken; others of organs are not evaluable.
    """
    course = context.case.course
    if course is None or course.decision is CourseDecision.UNTOLD:
        return
    if course.lower_bound is not None:
        advice = say(
            "Send the dose of every plan used for treatment, in one frame of reference, or "
            "their sum."
        )
        yield Untold(say("course"), course.lower_bound.detail, advice)
    elif course.decision is CourseDecision.PARTS:
        yield Passed(say("course"), say("the dose of every part is known"))


@check(
    "DOSE_OF_SEVERAL_PLANS",
    title="A plan's dose that names several plans",
    group=Group.LINKS,
    severity=Severity.MINOR,
    source=SOURCE,
)
def dose_of_several(context: CheckContext) -> Iterator[Outcome]:
    """Find a dose that calls itself the dose of one plan and names several.

    It cannot be the dose of each. It is taken for their sum: organs are judged on it, and no target
    is judged as if it were the dose of its own plan.
    """
    course = context.case.course
    for file in course.shared_dose if course else ():
        text = say("Dose Summation Type PLAN, but it names several plans: taken for their sum")
        yield Found(
            file, text, say("Export the dose of each plan, and the sum as MULTI_PLAN."),
            say("several plans"), say("one plan"),
        )  # fmt: skip


@check(
    "COURSE_SUM_DIFFERS",
    title="Sum of doses sent by the site",
    group=Group.LINKS,
    severity=Severity.MINOR,
    source=SOURCE,
)
def sum_differs(
    context: CheckContext, percent: float = 3.0, least_gy: float = 0.5
) -> Iterator[Outcome]:
    """Find a sum that the site sent and that is not the sum of the plans' doses.

    The limits are held against our sum where the dose of every part is there, else against theirs.

    Parameters
    ----------
    percent
        Difference of the maximum dose that is tolerated, in per cent.
    least_gy
        Difference in Gy that is tolerated in any case.
    """
    course, dose = context.case.course, context.doses.metric_context.dose_max_gy
    if course is None or course.site_sum_differs_gy is None:
        return
    differs, allowed = course.site_sum_differs_gy, max(percent / 100 * (dose or 0.0), least_gy)
    found, expected = f"{differs:.2f} Gy", f"<= {allowed:.2f} Gy"
    if differs > allowed:
        text = say("it differs by up to {0} from the sum of the plans' doses", found)
        yield Found(course.site_sum, text, say("Ask the site what it added."), found, expected)
    else:
        yield Passed(course.site_sum, found, expected)


@check(
    "PLAN_NOT_FOR_TREATMENT",
    title="Purpose of the plan",
    group=Group.LINKS,
    severity=Severity.BLOCK,
    milder=(Severity.INFO,),
    source="DICOM PS3.3 C.8.8.9",
)
def not_for_treatment(context: CheckContext) -> Iterator[Outcome]:
    """Find a plan that is not for treatment but for verification, QA, service or research.

    Plan Intent (300A,000A), or a plan that names the one it verifies. Beside a plan that treats it
    is listed and does not count; alone there is nothing to judge, see also PLAN_INTENT.
    """
    course, plan = context.case.course, context.plan
    if course is None:
        return
    if _is_own(course, context):
        if plan is not None and plan.intent in NOT_FOR_PATIENTS:
            return
        yield Found(
            say("plan"),
            say("the plan is not for treatment ({0})", course.of(PlanRole.VERIFICATION)[0].why),
            say("Send the plan that the patient is treated with."),
        )
        return
    for part in course.of(PlanRole.VERIFICATION):
        text = say(
            "{0} is not for treatment ({1}): it does not count", quoted(part.label), part.why
        )
        yield Found(part.file, text, severity=Severity.INFO)


@check(
    "PRESCRIPTION_LEVELS",
    title="Levels of the prescription",
    group=Group.PRESCRIPTION,
    source="ICRU 83",
    rows=(6,),
)
def prescription_levels(context: CheckContext) -> Iterator[Outcome]:
    """Tell of a plan that prescribes different doses to different targets.

    Each target is held against the dose that the plan prescribes to its ROI number. Where the plan
    gives no numbers, all targets are held against the highest dose.
    """
    plan = context.plan
    targets = [
        r for r in (plan.dose_references if plan else ())
        if r.reference_type == "TARGET" and r.target_prescription_gy
    ]  # fmt: skip
    levels = sorted({r.target_prescription_gy or 0.0 for r in targets}, reverse=True)
    if len(levels) < 2 or context.case.parts:
        return
    names = {s.roi_number: key for key, s in context.structures.items()}
    told = [
        say("{0} Gy to {1}", gy_text(r.target_prescription_gy or 0.0), quoted(names[r.roi_number]))
        for r in targets if r.roi_number in names
    ]  # fmt: skip
    listed = joined(", ", told) or ", ".join(f"{gy_text(level)} Gy" for level in levels)
    if told:
        text = say("the plan prescribes {0}: each target is held against its own dose", listed)
    else:
        text = say(
            "the plan prescribes several doses ({0}) and does not say to which targets: all are "
            "held against the highest",
            listed,
        )
    yield Found(say("plan"), text, found=listed)


@check(
    "TARGET_ELSEWHERE",
    title="Targets in another structure set",
    group=Group.LINKS,
    source="AAPM TG-275",
)
def target_elsewhere(context: CheckContext) -> Iterator[Outcome]:
    """Tell of targets in a structure set beside the plan's own, which are not judged with it."""
    for text in context.case.targets_elsewhere:
        yield Found(
            say("structures"), text, say("Ask the site whether this plan treats them, too.")
        )
