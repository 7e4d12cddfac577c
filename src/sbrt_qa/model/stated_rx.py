"""Prescriptions that the user states by hand, as texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.units import DOSE_UNITS_GY

MOST_GY: Final = 200.0
"""Total dose that can be stated; more is a slip of the pen, such as Gy for cGy."""

MOST_FRACTIONS: Final = 100

EXAMPLE: Final = 'Example: --rx "PTV=50Gy/5".'

_DOSE: Final = re.compile(
    r"(\d{1,6}(?:\.\d{1,4})?)\s*(c?Gy)(?:\s*/\s*(\d{1,4})\s*(?:fx)?)?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class StatedRx:
    """A target, its total dose in Gy, and the number of fractions where it was stated."""

    target: str
    total_gy: float
    fractions: int | None = None

    @property
    def text(self) -> str:
        """The statement as a user would write it."""
        given = "" if self.fractions is None else f"/{self.fractions}"
        return f"{self.target}={self.total_gy:g}Gy{given}"


def read_rx(texts: Sequence[str]) -> tuple[StatedRx, ...]:
    """Read ``TARGET=DOSE UNIT[/FRACTIONS]``, such as ``PTV=50Gy/5`` or ``PTV=5000 cGy/5``.

    Raises
    ------
    UsageError
        A text does not have this form, a number cannot be, or two texts contradict each other.
    """
    found: dict[str, StatedRx] = {}
    for text in texts:
        one = _read(text)
        if found.setdefault(folded(one.target), one) != one:
            got = quoted(f"{found[folded(one.target)].text} and {one.text}")
            raise UsageError("--rx states two prescriptions of one target", got=got)
    numbers = {one.fractions for one in found.values()} - {None}
    if len(numbers) > 1:
        got = quoted(" and ".join(one.text for one in found.values()))
        raise UsageError("--rx states different numbers of fractions of one plan", got=got)
    return tuple(found.values())


def _read(text: str) -> StatedRx:
    target, equals, dose = (part.strip() for part in text.rpartition("="))
    found = _DOSE.fullmatch(dose)
    if not (target and equals and found):
        raise UsageError(
            "--rx needs a target, a dose with its unit, and a number of fractions",
            got=quoted(text),
            expected="TARGET=DOSE(Gy or cGy)/FRACTIONS",
            advice=EXAMPLE,
        )
    total_gy = float(found[1]) * DOSE_UNITS_GY[found[2].upper()]
    fractions = int(found[3]) if found[3] else None
    if not 0 < total_gy <= MOST_GY or fractions == 0 or (fractions or 1) > MOST_FRACTIONS:
        raise UsageError(
            "--rx states what cannot be prescribed",
            got=quoted(text),
            expected=f"up to {MOST_GY:g} Gy in 1 to {MOST_FRACTIONS} fractions",
            advice=EXAMPLE,
        )
    return StatedRx(target, round(total_gy, 6), fractions)


def folded(name: str) -> str:
    """Return the name of a target without case and extra blanks."""
    return " ".join(name.casefold().split())
