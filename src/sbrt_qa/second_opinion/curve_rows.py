"""Rows of a DVH text while it is read, and the words that its readers share."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from sbrt_qa.errors import InputError, quoted

NUMBER: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?")


@dataclass(slots=True)
class CurveRows:
    """Rows of one structure, in the units of the file.

    `is_relative` are doses in per cent, of which `percent_prescribed` is the prescribed dose.
    """

    structure: str
    line: int
    plan: str = ""
    volume_cc: float | None = None
    gy_per_unit: float = 0.0
    is_percent: bool = False
    per_dose: bool = False
    cumulative: bool = True
    prescribed_gy: float | None = None
    is_relative: bool = False
    percent_prescribed: float = 100.0
    dose: list[float] = field(default_factory=list)
    volume: list[float] = field(default_factory=list)


def numbers(line: str, where: str, number: int, count: int) -> list[float]:
    """Return the numbers of a row.

    Raises
    ------
    InputError
        It does not hold just so many.
    """
    parts = line.replace(";", " ").split()
    if len(parts) != count or not all(NUMBER.fullmatch(part) for part in parts):
        raise InputError(
            "a row of the curve cannot be read", where=f"{where}, line {number}",
            got=quoted(line), expected=f"{count} numbers",
        )  # fmt: skip
    return [float(part.replace(",", ".")) for part in parts]


def gy_per_unit(text: str, where: str, number: int) -> float:
    """Return how many Gy a unit of dose is.

    Raises
    ------
    InputError
        It is neither Gy nor cGy.
    """
    unit = text.strip().lower()
    if unit not in ("gy", "cgy"):
        raise InputError(
            "the unit of dose is not told", where=f"{where}, line {number}", got=quoted(text),
            expected="Gy or cGy",
        )  # fmt: skip
    return 1.0 if unit == "gy" else 0.01


def value_of(line: str) -> str:
    """Return what stands behind the first colon."""
    return line.partition(":")[2].strip()


def first_number(text: str) -> float | None:
    """Return the number that a text begins with; None where it begins with none."""
    found = NUMBER.match(text.strip())
    return float(found[0].replace(",", ".")) if found else None
