"""Dates of birth in texts: in any order of day, month and year, with words for months."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Final

from sbrt_qa.deid.spelling import folded

_MONTHS: Final = (
    "jan januar january janvier enero ene январь января янв",
    "feb februar february fevrier fev febrero февраль февраля фев",
    "mar marz maerz mrz march mars marzo март марта мар",
    "apr april avril avr abril abr апрель апреля апр",
    "may mai mayo май мая",
    "jun juni june juin junio июнь июня июн",
    "jul juli july juillet juil julio июль июля июл",
    "aug august aout agosto ago август августа авг",
    "sep sept september septembre septiembre сентябрь сентября сен",
    "oct okt oktober october octobre octubre октябрь октября окт",
    "nov november novembre noviembre ноябрь ноября ноя",
    "dec dez dezember december decembre diciembre dic декабрь декабря дек",
)
MONTH_OF: Final = {
    folded(word): number for number, words in enumerate(_MONTHS, 1) for word in words.split()
}
_TOKEN: Final = re.compile(r"\d+|[^\W\d_]+")
_ORDERS: Final = tuple(itertools.permutations(range(3)))
MAX_BETWEEN: Final = 3
"""Characters between the parts of a date."""


class BirthSearch:
    """Looks for dates of birth, as DICOM gives them: ``19630812``."""

    def __init__(self, dates: Iterable[str]) -> None:
        self._dates = []
        self._runs: set[str] = set()
        for date in dates:
            if re.fullmatch(r"\d{8}", date):
                year, month, day = date[:4], date[4:6], date[6:]
                self._dates.append((int(year), int(month), int(day)))
                for one in (year, year[2:]):
                    parts = (one, month, day)
                    self._runs |= {"".join(parts[at] for at in order) for order in _ORDERS}

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where a text holds one of the dates."""
        if not self._dates:
            return []
        tokens = list(_TOKEN.finditer(text))
        found = [*self._in_runs(tokens)]
        for three in zip(tokens, tokens[1:], tokens[2:], strict=False):
            near = all(b.start() - a.end() <= MAX_BETWEEN for a, b in itertools.pairwise(three))
            if near and any(_is(one, [t[0] for t in three]) for one in self._dates):
                found.append((three[0].start(), three[2].end()))
        return [*found, *self._with_words(text, tokens)]

    def _in_runs(self, tokens: list[re.Match[str]]) -> Iterator[tuple[int, int]]:
        for token in tokens:
            digits = token[0]
            for run in self._runs:
                whole = digits == run
                if whole or (len(run) == 8 and run in digits):
                    yield token.start(), token.end()

    def _with_words(self, text: str, tokens: list[re.Match[str]]) -> Iterator[tuple[int, int]]:
        """Yield Chinese dates, whose parts have words between them: 63年8月12日."""
        numbers = [token for token in tokens if token[0].isdigit()]
        for three in zip(numbers, numbers[1:], numbers[2:], strict=False):
            between = [text[a.end() : b.start()] for a, b in itertools.pairwise(three)]
            marks = [re.sub(r"[\W_]", "", one).casefold() for one in between]
            if set(marks) <= {"年", "月", "日", "号", "st", "nd", "rd", "th", "de"} and any(
                _is(one, [t[0] for t in three]) for one in self._dates
            ):
                yield three[0].start(), three[2].end()


def _is(date: tuple[int, int, int], parts: list[str]) -> bool:
    """Tell whether three parts of a text are year, month and day in any order."""
    year, month, day = date
    for a, b, c in itertools.permutations(parts):
        is_year = a in (str(year), f"{year % 100:02}")
        is_month = MONTH_OF.get(folded(b)) == month if not b.isdigit() else _same(b, month)
        if is_year and is_month and _same(c, day):
            return True
    return False


def _same(text: str, number: int) -> bool:
    return text.isdigit() and len(text) <= 2 and int(text) == number
