"""Deviation of the plan against outcome, safe from immortal time: counted from the last fraction.

Only subjects of the SBRT arm who finished have a class. Who had the event, died or was lost before
the last fraction is left out and counted: time from randomisation would hand those who finished
time in which they could not die. Exploratory: nobody was randomised to a deviation.
"""

from __future__ import annotations

from dataclasses import dataclass

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.trial.analysis_set import AnalysisSet
from sbrt_qa.trial.anchor_days import fraction_days
from sbrt_qa.trial.endpoints import Censored

MAJOR, OTHER = "major", "per protocol or minor"


@dataclass(frozen=True, slots=True)
class LandmarkTime:
    """The time of a subject from its last fraction.

    `cause` is 0 censored, 1 the event, 2 a competing death; `group` is `MAJOR` or `OTHER`.
    """

    subject: str
    verdict: str
    group: str
    days: float
    cause: int
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LandmarkSet:
    """All times of an endpoint, and who is left out for which reason."""

    endpoint: str
    times: tuple[LandmarkTime, ...]
    left_out: tuple[tuple[str, str], ...]


def landmark_set(found: AnalysisSet, endpoint: str) -> LandmarkSet:
    """Return the times of an endpoint from the last fraction on."""
    times: list[LandmarkTime] = []
    left_out: list[tuple[str, str]] = []
    for one in found.endpoints.get(endpoint, ()):
        plan = found.treated.get(one.subject)
        if plan is None:
            continue  # of the control arm
        why = _left_out(found, one.subject, plan.verdict)
        days = fraction_days(found.cut, one.subject)
        if not why and (one.end is None or one.code is None):
            why = say("the endpoint is not evaluable")
        if not why and one.end is not None and one.end <= days[-1].last:
            happened = one.code in (Censored.EVENT, Censored.COMPETING_DEATH)
            why = (
                say("event before the last fraction")
                if happened
                else say("not followed beyond the last fraction")
            )
        if why or one.end is None:
            left_out.append((one.subject, why))
            continue
        group = MAJOR if plan.verdict == Verdict.MAJOR else OTHER
        sources = plan.plan.sources if plan.plan else ()
        length = float((one.end - days[-1].last).days)
        times.append(
            LandmarkTime(one.subject, str(plan.verdict), group, length, one.cause, sources)
        )
    return LandmarkSet(endpoint, tuple(times), tuple(left_out))


def _left_out(found: AnalysisSet, subject: str, verdict: str) -> str:
    days = fraction_days(found.cut, subject)
    course = found.cut.course(subject)
    if not days:
        return say("no fraction was given")
    if course is not None and course.yes("completed") is False:
        return say("SBRT was not completed")
    if verdict == Verdict.NOT_EVALUABLE:
        return say("the plan is not evaluable")
    return ""
