"""Numbers, bounds and units in words, decided once for whoever shows or stores them."""

from __future__ import annotations

from typing import Final

from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Driver

DRIVERS: Final = {
    Driver.END_CAPS: say("how far the structure goes beyond its end planes decides"),
    Driver.BETWEEN_PLANES: say("how the structure runs between its planes decides"),
    Driver.OVERLAPS: say("how contours that overlap on a plane combine decides"),
    Driver.OUTSIDE_GRID: say("whether what lies outside the dose grid counts decides"),
    Driver.GAPS: say("whether the structure goes on where slices are missing decides"),
    Driver.VOXELS: say("where the structure ends within the voxels of its segmentation decides"),
    Driver.DOSE_INTERPOLATION: say("how dose is read between voxels decides"),
    Driver.GRID: say("how far apart the voxels of the dose are decides"),
    Driver.NOISE: say("the noise of the dose decides"),
    Driver.QUADRATURE: say("it lies closer to the limit than the numbers are exact"),
}
"""What makes a verdict borderline, as the end of a sentence."""

OPERATORS: Final = {"<=": "≤", ">=": "≥", "<": "<", ">": ">", "==": "="}
UNITLESS: Final = ("1", "bool")

USUAL_DECIMALS: Final = 2
MOST_DECIMALS: Final = 6


def rounded(value: float, limits: tuple[float | None, ...] = (), *, signed: bool = False) -> str:
    """Round for reading, with as many decimals as keep the number on its side of every limit.

    12.004 against a limit of 12 stays 12.004: "12.00 > 12" would read like a mistake. What not even
    `MOST_DECIMALS` tell from the limit is the limit: 30.0000000001 is 30.00.
    """
    known = [limit for limit in limits if limit is not None]
    decimals = next(
        (
            number
            for number in range(USUAL_DECIMALS, MOST_DECIMALS + 1)
            if all(side_of(round(value, number), one) == side_of(value, one) for one in known)
        ),
        USUAL_DECIMALS,
    )
    return f"{value:{'+' if signed else ''}.{decimals}f}"


def bound_text(op: str, bound: float | None, unit: str = "") -> str:
    """Return a bound with its operator, ``≤ 13 Gy``; ``report`` where nothing is compared.

    A bound that depends on a target whose volume is not known is ``by volume``.
    """
    if bound is None:
        return "report" if op == "report" else "by volume"
    return f"{OPERATORS.get(op, op)} {bound:g}{unit}"


def yes_or_no(value: float) -> str:
    """Return what a value that is true or false says."""
    return say("yes") if value else say("no")


def unit_text(unit: str) -> str:
    """Return a unit to put behind a number, with the blank before it; empty without one."""
    return "" if not unit or unit in UNITLESS else f" {visible(unit)}"


def side_of(value: float, limit: float) -> int:
    """Return on which side of a limit a value lies: 1 above, -1 below, 0 on it."""
    return int(value > limit) - int(value < limit)
