"""Recurrences in the field against the dose that the bed was given: times of those irradiated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason
from sbrt_qa.trial.analysis_set import AnalysisSet
from sbrt_qa.trial.anchor_days import fraction_days
from sbrt_qa.trial.endpoints import Censored, EndpointTime, derive
from sbrt_qa.trial.failure_schemes import FailureClass
from sbrt_qa.trial.lesion_doses import lesion_doses

INSIDE = (FailureClass.CENTRAL, FailureClass.IN_FIELD)


@dataclass(frozen=True, slots=True)
class InFieldTimes:
    """Times from the last fraction: a recurrence in the field; another one and death compete.

    Parameters
    ----------
    split_gy
        Median of the D98 of the beds; None where nobody has one.
    below, from_it
        Of subjects whose bed has a lower D98, and of those with the median or more.
    left_out
        Subjects of the arm that are in neither, and why.
    """

    split_gy: float | None
    below: tuple[EndpointTime, ...]
    from_it: tuple[EndpointTime, ...]
    left_out: tuple[tuple[str, str], ...]
    horizon_months: int = 0


def infield_times(
    found: AnalysisSet, classes: Mapping[str, FailureClass | Reason]
) -> InFieldTimes | None:
    """Return the times of those irradiated; None where the protocol has no local endpoint.

    Of several lesions the lowest D98 counts. The horizon is the longest of the protocol's.
    """
    rule = next((r for r in found.rules.endpoints if r.kind == "local_recurrence"), None)
    if rule is None:
        return None
    doses: dict[str, float] = {}
    for lesion in lesion_doses(found).lesions:
        doses[lesion.subject] = min(lesion.d98_gy, doses.get(lesion.subject, lesion.d98_gy))
    horizon = max(one.horizon_months for one in found.rules.endpoints)
    longest = rule.model_copy(update={"horizon_months": horizon})
    times: list[EndpointTime] = []
    left_out: list[tuple[str, str]] = []
    for one in derive(found.cut, found.rules, longest):
        if one.subject not in found.treated:
            continue
        made = _from_last_fraction(found, one, classes.get(one.subject), one.subject in doses)
        if isinstance(made, str):
            left_out.append((one.subject, made))
        else:
            times.append(made)
    if not times:
        return InFieldTimes(None, (), (), tuple(left_out), horizon)
    split = float(np.median([doses[one.subject] for one in times]))
    below = tuple(one for one in times if doses[one.subject] < split)
    rest = tuple(one for one in times if doses[one.subject] >= split)
    return InFieldTimes(split, below, rest, tuple(left_out), horizon)


def _from_last_fraction(
    found: AnalysisSet,
    one: EndpointTime,
    told: FailureClass | Reason | None,
    has_dose: bool,  # noqa: FBT001
) -> EndpointTime | str:
    """Return the time of a subject from its last fraction, or why it has none."""
    days = fraction_days(found.cut, one.subject)
    if not days:
        return say("no fraction was given")
    if not has_dose:
        return say("no dose of the target is known")
    if one.end is None or one.code is None:
        return say("the endpoint is not evaluable")
    if one.end <= days[-1].last:
        return say("not followed beyond the last fraction")
    code = one.code
    if code is Censored.EVENT:
        if not isinstance(told, FailureClass):
            return say("a local recurrence without a dose class")
        code = Censored.EVENT if told in INSIDE else Censored.COMPETING_DEATH
    return replace(one, time_days=float((one.end - days[-1].last).days), code=code)
