"""Doses of organs beside what happened to them: the pairs that a dose response is fitted to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode


@dataclass(frozen=True, slots=True)
class DosePairs:
    """Subjects with a dose and an outcome, and those left out.

    Parameters
    ----------
    subjects, doses, happened
        One of each for every subject that has both, by the code of the subject.
    left_out
        Every other subject, and why.
    """

    subjects: tuple[str, ...]
    doses: tuple[float, ...]
    happened: tuple[bool, ...]
    left_out: tuple[tuple[str, Reason], ...]


def dose_pairs(doses: Mapping[str, Outcome], outcomes: Mapping[str, bool | Reason]) -> DosePairs:
    """Return doses beside outcomes.

    Parameters
    ----------
    doses
        By subject the stored dose of the treated plan, such as the mean of the liver without GTV;
        one that has a reason instead is left out, and counted.
    outcomes
        By subject whether it happened.
    """
    kept, left_out = [], []
    missing = Reason(ReasonCode.REFERENCE_MISSING, say("no review of the treated plan is stored"))
    unseen = Reason(ReasonCode.REFERENCE_MISSING, say("nothing is known of what happened"))
    for subject in sorted(set(doses) | set(outcomes)):
        dose, outcome = doses.get(subject, missing), outcomes.get(subject, unseen)
        if not isinstance(dose, Measured):
            left_out.append((subject, dose))
        elif isinstance(outcome, Reason):
            left_out.append((subject, outcome))
        else:
            kept.append((subject, dose.value, outcome))
    subjects, values, happened = (
        (tuple(one) for one in zip(*kept, strict=True)) if kept else ((),) * 3
    )
    return DosePairs(subjects, values, happened, tuple(left_out))
