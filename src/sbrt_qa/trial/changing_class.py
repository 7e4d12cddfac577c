"""Deviation as a covariate that changes: nobody has a class before the last fraction.

The other way around immortal time, beside the landmark: time runs from randomisation, and until
the last fraction a subject is in neither class. Exploratory.
"""

from __future__ import annotations

from dataclasses import dataclass

from sbrt_qa.model.outcome import Verdict
from sbrt_qa.trial.analysis_set import AnalysisSet
from sbrt_qa.trial.anchor_days import fraction_days


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A stretch of a subject's time, in days from randomisation.

    Parameters
    ----------
    event
        Whether it ends in the event of the endpoint.
    finished, major
        Whether radiotherapy is over in it, and the treated plan deviates majorly.
    """

    subject: str
    start: float
    stop: float
    event: bool
    finished: bool
    major: bool


def class_rows(found: AnalysisSet, endpoint: str) -> tuple[ClassRow, ...]:
    """Return the rows of the SBRT arm; who never finished stays in no class to the end.

    Left out is who has no time of the endpoint, and who finished by a plan that is not evaluable.
    """
    rows: list[ClassRow] = []
    for one in found.endpoints.get(endpoint, ()):
        plan = found.treated.get(one.subject)
        if plan is None or not one.time_days or one.start is None:
            continue
        stop = one.time_days
        course, days = found.cut.course(one.subject), fraction_days(found.cut, one.subject)
        done = bool(days) and not (course is not None and course.yes("completed") is False)
        turn = float((days[-1].last - one.start).days) if done else stop
        if done and turn < stop and plan.verdict == Verdict.NOT_EVALUABLE:
            continue
        major = plan.verdict == Verdict.MAJOR
        if not done or turn >= stop:
            rows.append(ClassRow(one.subject, 0.0, stop, one.event, finished=False, major=False))
            continue
        if turn > 0:
            rows.append(ClassRow(one.subject, 0.0, turn, event=False, finished=False, major=False))
        rows.append(
            ClassRow(one.subject, max(turn, 0.0), stop, one.event, finished=True, major=major)
        )
    return tuple(rows)
