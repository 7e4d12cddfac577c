"""What the endpoints of the synthetic trial must be: from what happened, not from the rows.

Independent of the engine: it goes through the latent times and the days of the scans only.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
from dataclasses import dataclass

from sbrt_qa.testing.outcomes.latent_trial import CUT, LatentSubject
from sbrt_qa.testing.outcomes.written_trial import end_of_data

LOST, CUT_CODE, HORIZON, NO_SCAN, COMPETING = 3, 2, 1, 5, 8


@dataclass(frozen=True, slots=True)
class TrueTime:
    """The true time of an endpoint: days, and the code of its end."""

    days: float
    code: int


def anniversary(day: dt.date, years: int) -> dt.date:
    """Return the same day years later; 28 February for the 29th."""
    year = day.year + years
    last = calendar.monthrange(year, day.month)[1]
    return dt.date(year, day.month, min(day.day, last))


def true_times(one: LatentSubject) -> dict[str, TrueTime]:
    """Return the true times of all endpoints of a subject without planted faults."""
    last = end_of_data(one)
    limit = (last - one.randomised).days
    scans = []
    for day in one.scan_days:
        if day >= limit:
            break
        scans.append(day)
    died = one.death <= one.lost and one.randomised + dt.timedelta(math.ceil(one.death)) <= CUT
    death = math.ceil(one.death) if died else None
    lost = not died and one.randomised + dt.timedelta(math.ceil(one.lost)) <= CUT
    any_seen = next((day for day in scans if min(one.local, one.elsewhere) <= day), None)
    local_seen = next((day for day in scans if one.local <= day), None)
    year = (anniversary(one.randomised, 1) - one.randomised).days
    three = (anniversary(one.randomised, 3) - one.randomised).days
    tail = LOST if lost else CUT_CODE
    return {
        "PFS12": _scanned(any_seen, death, scans, year, tail, 0),
        "LRFS12": _scanned(local_seen, death, scans, year, tail, COMPETING),
        "OS36": _survival(death, limit, three, tail),
    }


def _scanned(
    seen: int | None, death: int | None, scans: list[int], horizon: int, tail: int, of_death: int
) -> TrueTime:
    if seen is not None and seen <= horizon and (death is None or seen <= death):
        return TrueTime(seen, 0)
    if death is not None and death <= horizon:
        return TrueTime(death, of_death)
    if not scans:
        return TrueTime(0, NO_SCAN)
    if scans[-1] >= horizon:
        return TrueTime(horizon, HORIZON)
    return TrueTime(scans[-1], tail)


def _survival(death: int | None, limit: int, horizon: int, tail: int) -> TrueTime:
    if death is not None and death <= horizon:
        return TrueTime(death, 0)
    alive = limit if death is not None else max(limit - 1, 0)
    if alive >= horizon:
        return TrueTime(horizon, HORIZON)
    return TrueTime(alive, tail)
