"""Dates of which a part may be unknown: intervals of calendar days at the site.

``2026-03`` is every day of March. What is derived from such a date is decided only where all its
days agree. Accepted are ISO dates and their beginnings, and clinical data management's
``UN-MAR-2026`` and ``UK-UNK-2026``; ``05/03/2026`` only where a mapping declares its order.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from sbrt_qa.i18n.phrase import joined, say

Order = Literal["", "DMY", "MDY"]
"""How days written with signs between are read; empty where that is not declared."""

_ISO: Final = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_NAMED: Final = re.compile(r"(\d{1,2}|UN|UK)-([A-Z]{3})-(\d{4})")
_SIGNED: Final = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
_TWO_DIGITS: Final = re.compile(r"\d{1,2}[-/.](\d{1,2}|[A-Z]{3})[-/.]\d\d", re.IGNORECASE)
_MONTHS: Final = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_UNKNOWN_MONTHS: Final = ("UNK", "UKN")
MONTHS_OF_A_YEAR: Final = 12


@dataclass(frozen=True, slots=True, order=True)
class PartialDate:
    """All days that a date may be: from `first` to `last`, both included.

    Raises
    ------
    ValueError
        `last` is before `first`.
    """

    first: dt.date
    last: dt.date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(say("a partial date ends before it begins"))

    @property
    def exact(self) -> bool:
        """Whether it is one day."""
        return self.first == self.last

    @property
    def missing_part(self) -> Literal["", "D", "M"]:
        """The largest part that is not known, as ADaM flags it: day or month; empty of a day."""
        if self.exact:
            return ""
        return (
            "D" if (self.first.year, self.first.month) == (self.last.year, self.last.month) else "M"
        )

    def __str__(self) -> str:
        """Return the shortest ISO text that means these days; ``FIRST/LAST`` of any others."""
        if self.exact:
            return self.first.isoformat()
        for text in (f"{self.first:%Y-%m}", f"{self.first:%Y}"):
            if _iso(text) == self:
                return text
        return f"{self.first.isoformat()}/{self.last.isoformat()}"

    def not_before(self, day: dt.date) -> PartialDate | None:
        """Return its days from a day on; None where all are before it."""
        return None if self.last < day else PartialDate(max(self.first, day), self.last)


def whole_day(day: dt.date) -> PartialDate:
    """Return the partial date that is one day."""
    return PartialDate(day, day)


def parse_partial(text: str, order: Order = "") -> PartialDate:
    """Read a date of which a part may be unknown.

    Parameters
    ----------
    order
        The declared order of days written as ``05/03/2026``; without it they are refused.

    Raises
    ------
    ValueError
        It is no date, or could be several; the message says which.
    """
    plain = text.strip().upper()
    found = _iso(plain) or _interval(plain) or _named(plain) or _signed(plain, order)
    if found is None and _TWO_DIGITS.fullmatch(plain):
        raise ValueError(say("a year of two digits is not read; write it with four"))
    if found is None and plain.isdigit():
        raise ValueError(say("a bare number is no date: a spreadsheet's serial number is not read"))
    if found is None:
        raise ValueError(
            say("no date; expected 2026-03-05, 2026-03, 2026, UN-MAR-2026 or UK-UNK-2026")
        )
    return found


def parse_day(text: str, order: Order = "") -> dt.date:
    """Read a date that must be one day.

    Raises
    ------
    ValueError
        It is no date, or not one day.
    """
    found = parse_partial(text, order)
    if not found.exact:
        raise ValueError(say("a part of this date is missing, and it must be complete"))
    return found.first


def add_months(day: dt.date, months: int) -> dt.date:
    """Return the calendar anniversary; the last day of a month that is too short for it."""
    year, month = divmod(day.year * MONTHS_OF_A_YEAR + day.month - 1 + months, MONTHS_OF_A_YEAR)
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(day.day, last))


def _iso(text: str) -> PartialDate | None:
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    return _span(
        int(found[1]),
        int(found[2]) if found[2] else 0,
        int(found[3]) if found[3] else 0,
        no_day=found[3] is None,
        no_month=found[2] is None,
    )


def _interval(text: str) -> PartialDate | None:
    first, slash, last = text.partition("/")
    if not slash or not (_ISO.fullmatch(first) and _ISO.fullmatch(last)):
        return None
    return PartialDate(parse_day(first), parse_day(last))


def _named(text: str) -> PartialDate | None:
    found = _NAMED.fullmatch(text)
    if found is None:
        return None
    no_month = found[2] in _UNKNOWN_MONTHS
    if not no_month and found[2] not in _MONTHS:
        raise ValueError(say("there is no month {0}", found[2]))
    no_day = not found[1].isdigit()
    if no_month and not no_day:
        raise ValueError(say("a day of an unknown month is no date"))
    month = 0 if no_month else _MONTHS[found[2]]
    day = 0 if no_day else int(found[1])
    return _span(int(found[3]), month, day, no_day=no_day, no_month=no_month)


def _signed(text: str, order: Order) -> PartialDate | None:
    found = _SIGNED.fullmatch(text)
    if found is None:
        return None
    one, two, year = int(found[1]), int(found[2]), int(found[3])
    if not order:
        readings = [_try(year, two, one), _try(year, one, two)]
        said = joined(" or ", (str(r) for r in dict.fromkeys(readings) if r)) or say("no date")
        raise ValueError(say("this could be {0}; declare DMY or MDY in the mapping", said))
    day, month = (one, two) if order == "DMY" else (two, one)
    return _span(year, month, day)


def _try(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


@lru_cache(maxsize=16384)
def _span(
    year: int, month: int, day: int, *, no_day: bool = False, no_month: bool = False
) -> PartialDate:
    try:
        if no_month:
            return PartialDate(dt.date(year, 1, 1), dt.date(year, 12, 31))
        if no_day:
            last = calendar.monthrange(year, month)[1]
            return PartialDate(dt.date(year, month, 1), dt.date(year, month, last))
        return whole_day(dt.date(year, month, day))
    except (ValueError, calendar.IllegalMonthError):
        raise ValueError(say("there is no such day in the calendar")) from None
