"""How long the office had a submission: gross, net of what waits for the site, on working days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

WITH_SITE: Final = frozenset({"incomplete", "queried"})
"""States in which the site has the next word; the office's clock stands still."""

AT_REST: Final = frozenset({
    "accepted", "accepted with deviation", "rejected", "withdrawn", "resubmitted",
})  # fmt: skip
"""States in which nobody has to do anything; no clock runs."""

DUE_DAYS: Final[Mapping[str, int]] = {
    "pre-treatment": 2, "timely retrospective": 7, "retrospective": 28, "benchmark case": 28,
}  # fmt: skip
"""Days from the receipt to the due date by type of review, as long as a trial says nothing."""

HOUR: Final = timedelta(hours=1)
SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Turnaround:
    """Hours that a submission took, or has taken until now.

    Parameters
    ----------
    gross
        All in which it was open.
    site
        Of those, the hours in which the site had the next word.
    net
        The rest: the office's.
    working
        Of the net hours, those on working days (in UTC): Monday to Friday and no holiday.
    """

    gross: float
    site: float
    net: float
    working: float


def turnaround(
    begin: str, steps: Sequence[tuple[str, str]], now: str, holidays: Iterable[str] = ()
) -> Turnaround:
    """Return how long a submission took.

    Parameters
    ----------
    begin
        When it was received, UTC (ISO 8601).
    steps
        States that it came into, each with the time, oldest first. Before the first it waited for
        the office.
    now
        Until when one that is open is told.
    holidays
        Dates (ISO 8601) on which the office does not work.
    """
    free = frozenset(date.fromisoformat(one) for one in holidays)
    gross = site = working = timedelta()
    for state, since, until in _spans(begin, steps, now):
        if state in AT_REST:
            continue
        gross += until - since
        if state in WITH_SITE:
            site += until - since
        else:
            working += working_time(since, until, free)
    parts = (gross, site, gross - site, working)
    return Turnaround(*(round(one / HOUR, 2) for one in parts))


def _spans(
    begin: str, steps: Sequence[tuple[str, str]], now: str
) -> Iterator[tuple[str, datetime, datetime]]:
    """Yield states with when they began and ended; a clock that went back gives empty ones."""
    state, since = "", datetime.fromisoformat(begin)
    for following, at in (*steps, ("", now)):
        until = max(since, datetime.fromisoformat(at))
        yield state, since, until
        state, since = following, until


def working_time(since: datetime, until: datetime, free: frozenset[date]) -> timedelta:
    """Return how much of a span lies on Mondays to Fridays (UTC) that are no holidays."""
    total = timedelta()
    since, until = since.astimezone(UTC), until.astimezone(UTC)
    day = since.date()
    while day <= until.date():
        if day.weekday() < SATURDAY and day not in free:
            start = datetime.combine(day, time(), UTC)
            total += max(min(until, start + timedelta(days=1)) - max(since, start), timedelta())
        day += timedelta(days=1)
    return total


def usual_due(received: str, days: Mapping[str, int], kind: str) -> str:
    """Return by when a submission is due where nobody said; empty where that is not known."""
    try:
        found = datetime.fromisoformat(received) + timedelta(days=days[kind])
    except (ValueError, KeyError):
        return ""
    return found.isoformat(timespec="seconds").replace("+00:00", "Z")
