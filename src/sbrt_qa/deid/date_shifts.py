"""Dates moved by whole weeks, so that intervals and weekdays stay."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from sbrt_qa.deid.secret import Secret

MOST_WEEKS: Final = 520
"""Widest shift: ten years back."""

OLDEST_YEARS: Final = 89
"""Ages above are that of a group too small: they are given as this one and more (``090Y``)."""

_DATE: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_MOMENT: Final = re.compile(r"(\d{8})(\d{0,6}(?:\.\d{1,6})?)([+-]\d{4})?")
_TIME: Final = re.compile(r"\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?")
_AGE: Final = re.compile(r"(\d{3})([DWMY])")


def shift_days(secret: Secret, patient: str) -> int:
    """Return by how many days all dates of a patient move: back, by whole weeks, never 0."""
    return -7 * (1 + int(secret.digest(f"shift {patient}")[:12], 16) % MOST_WEEKS)


def moved_date(text: str, days: int) -> str:
    """Return a date (``YYYYMMDD``) moved; empty when it is none."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        return ""
    try:
        date = dt.date(*map(int, found.groups())) + dt.timedelta(days=days)
    except (ValueError, OverflowError):
        return ""
    return f"{date:%Y%m%d}" if date.year >= 1000 else ""


def moved_moment(text: str, days: int) -> str:
    """Return a date with time (DICOM DT) moved; empty when it is none."""
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        return ""
    date = moved_date(found[1], days)
    return f"{date}{found[2]}{found[3] or ''}" if date else ""


def plain_time(text: str) -> str:
    """Return a time of day (DICOM TM) as it is; empty when it is none."""
    return text.strip() if _TIME.fullmatch(text.strip()) else ""


def capped_age(text: str) -> str:
    """Return an age (DICOM AS), that of the very old as ``090Y``; empty when it is none."""
    found = _AGE.fullmatch(text.strip())
    if found is None:
        return ""
    return "090Y" if found[2] == "Y" and int(found[1]) > OLDEST_YEARS else found[0]
