"""When the first severe event came: times to it with death competing, and person-time until it."""

from __future__ import annotations

from collections.abc import Sequence

from sbrt_qa.trial.data_cut import DataCut
from sbrt_qa.trial.data_rules import randomised_on
from sbrt_qa.trial.endpoints import Censored, EndpointTime
from sbrt_qa.trial.partial_dates import PartialDate
from sbrt_qa.trial.toxicity_events import (
    REGISTERED_GRADES,
    ToxicEvent,
    toxic_events,
    treatment_span,
)
from sbrt_qa.trial.trial_data import TrialRow

SEVERE = REGISTERED_GRADES[0]


def severe_onsets(cut: DataCut, subjects: Sequence[TrialRow]) -> tuple[EndpointTime, ...]:
    """Return the time from randomisation to the first event of grade 3 or more that counts.

    Death first competes; without either the time ends at the last day known alive. Subjects who
    were never treated have none.
    """
    found = []
    for row in subjects:
        origin, span = randomised_on(row), treatment_span(cut, row)
        if origin is None or span.first_dose is None:
            continue
        starts = [
            days.first for event in toxic_events(cut, row)
            if event.counts and event.grade >= SEVERE
            and (days := _start(cut, row.subject, event)) is not None
        ]  # fmt: skip
        death = cut.death(row.subject)
        end = cut.last_alive(row.subject) or origin
        code = Censored.DATA_CUT
        if death is not None:
            end, code = death.first, Censored.COMPETING_DEATH
        if starts and min(starts) <= end:
            end, code = min(starts), Censored.EVENT
        days_from = max((end - origin).days, 0.5 if code is Censored.EVENT else 0)
        found.append(EndpointTime("SEVERE", row.subject, origin, end, float(days_from), code))
    return tuple(found)


def _start(cut: DataCut, subject: str, event: ToxicEvent) -> PartialDate | None:
    rows = cut.data.of_subject("adverse_events", subject)
    return next((r.days("start") for r in rows if r.whole("ae") == event.number), None)
