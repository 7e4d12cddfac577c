"""The dose that the name of a target carries, in any spelling.

Names are free text: ``PTV_4500``, ``ptv4500``, ``PTV 45 Gy``, ``PTV45/5``, ``PTV_9x5``,
``PTV_5x9Gy``, ``PTV_50p4Gy``, ``PTV_900cGyx5``, ``靶区45戈瑞``. AAPM TG-263 writes a total of four
digits in cGy, or a dose per fraction with the number of fractions (``PTV_1000x5``); many write
totals in front of the fractions instead, so that one name can have two readings.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sbrt_qa.units import GY_PER_CGY

LEAST_TOTAL_GY, MOST_TOTAL_GY = 5.0, 100.0
"""Range in which a number without a unit is taken for a total dose; below, for an ordinal."""

LEAST_BARE_GY: Final = 20.0
"""Least number of two digits without unit or fractions that is a dose: PTV12 is the twelfth."""

YEARS: Final = range(1990, 2100)
ROUND_CGY: Final = 50
"""Four digits that may be a year are a dose only where they are round: 2000 and 2050, not 2023."""

_NUMBER: Final = r"(?<![\d.,])(\d{1,5}(?:[.,p]\d{1,3})?)"
_UNIT: Final = r"(c\s?gy|cgray|gye?|grays?|greys?|厘戈瑞|厘戈|戈瑞|戈|гр|g(?=\s*$))"
_COUNT: Final = r"(\d{1,2})(?![\d.,]|\s*c?gy)"
_FRACTIONS: Final = r"(?:\s?(?:fx|fr|fractions?|fraktionen|次|f)\b)?"

_TIMES: Final = re.compile(rf"{_NUMBER}[\s_]*{_UNIT}?[\s_]*[x×*][\s_]*{_COUNT}{_FRACTIONS}")
_COUNT_FIRST: Final = re.compile(
    rf"(?<![\d.,])(\d{{1,2}})[\s_]*(?:[x×*]|fx|次)[\s_]*{_NUMBER}[\s_]*{_UNIT}"
)
_IN: Final = re.compile(rf"{_NUMBER}[\s_]*{_UNIT}?[\s_]*(?:/|in|à|auf)[\s_]*{_COUNT}{_FRACTIONS}")
_TOTAL_AND_FRACTIONS: Final = re.compile(
    rf"{_NUMBER}[\s_]*{_UNIT}[\s_]*{_COUNT}\s?(?:fx|fr|f|fractions?|次)(?![a-z])"
)
_WITH_UNIT: Final = re.compile(rf"{_NUMBER}[\s_]*{_UNIT}(?![a-z])")
_FOUR_DIGITS: Final = re.compile(r"(?<![\d.,])(\d{4})(?![\d]|[.,]\d|\s*(?:mm|cm|cc|ml))")
_BARE: Final = re.compile(
    r"(?:(?<=tv)|(?<=tvp)|(?<=dose)|(?<=[_\s!^(])|(?<=[^\W\d_][.\-]))"
    r"(\d{2}(?:[.,]\d{1,2})?)(?![\d%]|[.,]\d|\s*(?:mm|cm|cc|ml|%))"
)
_MARGIN: Final = re.compile(
    r"[+\-]\s*\d{1,2}(?:[.,]\d)?(?![\d.,])(?:\s*(?:mm|cm)|(?!\s*[a-z厘戈г]))"
)


@dataclass(frozen=True, slots=True)
class NamedDose:
    """What a name says of dose.

    Parameters
    ----------
    text
        The words of the name that say it.
    totals_gy
        Total doses that it may mean, the likeliest first; never empty.
    fractions
        Number of fractions, where it says one.
    """

    text: str
    totals_gy: tuple[float, ...]
    fractions: int | None = None

    def agrees(self, total_gy: float, within: float) -> bool:
        """Tell whether one of its readings is a total dose, within a relative difference."""
        return any(abs(reading - total_gy) <= within * total_gy for reading in self.totals_gy)


@lru_cache(maxsize=4096)
def dose_in_name(name: str) -> NamedDose | None:
    """Return the dose that the name of a target carries; None where it carries none.

    A number with a unit is a dose wherever it stands. Without one, four digits are cGy, and two
    are Gy from `LEAST_BARE_GY` on; margins (``+5``, ``-3mm``) and volumes are no doses.
    """
    text = unicodedata.normalize("NFKC", name[:200]).casefold()
    text = _MARGIN.sub(" ", text)
    for read in (_multiplied, _divided, _with_unit, _four_digits, _two_digits):
        if found := read(text):
            return found
    return None


def _multiplied(text: str) -> NamedDose | None:
    """Read ``9Gyx5``, ``5x9Gy``, ``1000x5`` (a fraction's dose first) and ``50Gyx5`` (a total)."""
    if found := _COUNT_FIRST.search(text):
        return _made(found[0], found[2], found[3], int(found[1]), each=True)
    if found := _TIMES.search(text):
        return _made(found[0], found[1], found[2], int(found[3]), each=True)
    return None


def _divided(text: str) -> NamedDose | None:
    """Read ``45/5``, ``45Gy in 5`` and ``4500cGy_5fx``: a total in front of the fractions."""
    if found := _IN.search(text) or _TOTAL_AND_FRACTIONS.search(text):
        return _made(found[0], found[1], found[2], int(found[3]), each=False)
    return None


def _with_unit(text: str) -> NamedDose | None:
    if found := _WITH_UNIT.search(text):
        return _made(found[0], found[1], found[2], None, each=False)
    return None


def _four_digits(text: str) -> NamedDose | None:
    """Read four digits as cGy, unless they are a year."""
    for found in _FOUR_DIGITS.finditer(text):
        number = int(found[1])
        if number in YEARS and number % ROUND_CGY:
            continue
        if LEAST_TOTAL_GY <= number * GY_PER_CGY <= MOST_TOTAL_GY:
            return NamedDose(found[1], (number * GY_PER_CGY,))
    return None


def _two_digits(text: str) -> NamedDose | None:
    for found in _BARE.finditer(text):
        dose_gy = _number(found[1])
        if LEAST_BARE_GY <= dose_gy <= MOST_TOTAL_GY:
            return NamedDose(found[1], (dose_gy,))
    return None


def _made(
    text: str, number: str, unit: str | None, fractions: int | None, *, each: bool
) -> NamedDose | None:
    """Return what was read; None where no reading is a dose of a treatment."""
    dose_gy = _number(number) * _factor(unit, number)
    if not fractions:
        readings = [dose_gy]
    elif each:
        readings = [dose_gy * fractions, dose_gy]
    else:
        readings = [dose_gy]
    # a number in a name is no dose unless a treatment could have it, or it has a unit
    possible = [d for d in readings if unit or LEAST_TOTAL_GY <= d <= MOST_TOTAL_GY]
    possible = [d for d in possible if d > 0]
    return NamedDose(" ".join(text.split()), tuple(possible), fractions) if possible else None


def _factor(unit: str | None, number: str) -> float:
    if unit is None:
        return GY_PER_CGY if _number(number) > MOST_TOTAL_GY else 1.0
    centi = unit.startswith(("c", "厘"))
    return GY_PER_CGY if centi else 1.0


def _number(text: str) -> float:
    return float(text.replace(",", ".").replace("p", "."))
