"""Dates in texts, whosever they are: a true one in a label undoes the shift of all others."""

from __future__ import annotations

import re
from typing import Final

_MONTH: Final = r"(?:0?[1-9]|1[0-2])"
_DAY: Final = r"(?:0?[1-9]|[12]\d|3[01])"
_YEAR: Final = r"(?:19|20)\d\d"
_MARK: Final = r"\s*[-./_年月]\s*"

_DATES: Final = (
    rf"(?<!\d){_YEAR}{_MARK}{_MONTH}{_MARK}{_DAY}(?!\d)",
    rf"(?<!\d){_YEAR}[-./_ ]?(?:0[1-9]|1[0-2])[-./_ ]?(?:0[1-9]|[12]\d|3[01])(?!\d)",
    rf"(?<!\d)(?:{_DAY}{_MARK}{_MONTH}|{_MONTH}{_MARK}{_DAY}){_MARK}{_YEAR}(?!\d)",
    rf"(?<!\d){_YEAR}[-./](?:0[1-9]|1[0-2])(?!\d)",
    rf"(?<!\d)(?:0[1-9]|1[0-2])[-./]{_YEAR}(?!\d)",
    rf"(?:\d\d)\s*年\s*{_MONTH}|{_MONTH}\s*月\s*{_DAY}",
)
_IN_ANY_ORDER: Final = re.compile(r"(?<![\d.])(\d\d)([-./])(\d\d)\2(\d\d)(?![\d.])")
_ONE: Final = re.compile("|".join(_DATES))


def holds_a_date(text: str) -> bool:
    """Tell whether a text holds a date, with a year of four digits or as three pairs of digits.

    Numbers beside each other with nothing that dates have between them, such as ``10 20 30``, are
    none; nor is a year alone, which may be a dose in cGy.
    """
    if _ONE.search(text):
        return True
    return any(
        _fits(a, b) or _fits(b, a) or _fits(b, c)
        for a, _, b, c in (found.groups() for found in _IN_ANY_ORDER.finditer(text))
    )


def _fits(month: str, day: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31
