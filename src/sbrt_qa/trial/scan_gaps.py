"""The gaps between scans: between which two days an event lies, and how far apart scans are."""

from __future__ import annotations

import datetime as dt
import math
import statistics
from collections.abc import Iterable, Iterator, Mapping

from sbrt_qa.protocol.trial_rules import ScanSchedule
from sbrt_qa.trial.data_cut import DataCut
from sbrt_qa.trial.data_rules import randomised_on
from sbrt_qa.trial.endpoints import EndpointTime
from sbrt_qa.trial.partial_dates import add_months
from sbrt_qa.trial.scan_history import scans_of
from sbrt_qa.trial.trial_data import TrialRow


def median_gap(
    cut: DataCut, subjects: Iterable[str], origins: Mapping[str, dt.date | None]
) -> float | None:
    """Return the median days between adequate scans, the first counted from randomisation.

    None where there is no scan.
    """
    gaps: list[int] = []
    for subject in subjects:
        origin = origins.get(subject)
        if origin is None:
            continue
        days = [s.days.first for s in scans_of(cut.data, subject, origin) if s.adequate]
        gaps += [(b - a).days for a, b in zip([origin, *days], days, strict=False) if b > a]
    return float(statistics.median(gaps)) if gaps else None


def event_interval(cut: DataCut, one: EndpointTime, origin: dt.date | None) -> tuple[float, float]:
    """Return between which days from randomisation an event lies; infinite above without one.

    A recurrence lies between the adequate scan before and the one that shows it; a death, and what
    no scan shows, is known to the day.
    """
    at = one.time_days or 0.0
    if not one.event:
        return at, math.inf
    if one.table != "assessments" or origin is None or one.end is None:
        return at, at
    before = [
        s.days.last for s in scans_of(cut.data, one.subject, origin)
        if s.adequate and s.days.last < one.end
    ]  # fmt: skip
    last = max(before, default=origin)
    return min(max(float((last - origin).days), 0.0), at), at


def scans_due(
    cut: DataCut, subject: TrialRow, schedule: ScanSchedule | None
) -> Iterator[tuple[int, bool]]:
    """Yield the number of every scheduled scan that was due by the cut, and whether it is there.

    A scan is due once its window has passed, as long as the subject was known alive and had not
    withdrawn; any adequate scan within the window is it.
    """
    origin = randomised_on(subject)
    if origin is None or schedule is None:
        return
    death, alive = cut.death(subject.subject), cut.last_alive(subject.subject) or origin
    status = cut.data.one("status", subject.subject)
    gone = status is not None and bool(status.text("withdrawal") or status.yes("lost"))
    end = min(death.first if death else alive if gone else cut.cut, cut.cut)
    days = [s.days for s in scans_of(cut.data, subject.subject, origin) if s.adequate]
    window, until = dt.timedelta(schedule.window_days), add_months(origin, schedule.until_months)
    number, due = 1, origin + dt.timedelta(schedule.every_days)
    while due <= until and due + window <= end:
        yield number, any(d.first <= due + window and d.last >= due - window for d in days)
        number, due = number + 1, due + dt.timedelta(schedule.every_days)
