"""A result in words and rounded numbers, decided once for whoever shows or stores it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sbrt_qa.errors import visible
from sbrt_qa.model.outcome import Driver

if TYPE_CHECKING:
    from sbrt_qa.protocol.result import ConstraintResult

DRIVERS: Final = {
    Driver.END_CAPS: "how far the structure goes beyond its end planes decides",
    Driver.BETWEEN_PLANES: "how the structure runs between its planes decides",
    Driver.DOSE_INTERPOLATION: "how dose is read between voxels decides",
    Driver.GRID: "how far apart the voxels of the dose are decides",
    Driver.QUADRATURE: "it lies closer to the limit than the numbers are exact",
}
"""What makes a verdict borderline, as the end of a sentence."""

OPERATORS: Final = {"<=": "≤", ">=": "≥", "<": "<", ">": ">", "==": "="}
UNITLESS: Final = ("1", "bool")

USUAL_DECIMALS: Final = 2
MOST_DECIMALS: Final = 6


def rounded(value: float, limits: tuple[float | None, ...] = (), *, signed: bool = False) -> str:
    """Round for reading, with as many decimals as keep the number on its side of every limit.

    12.004 against a limit of 12 stays 12.004: "12.00 > 12" would read like a mistake.
    """
    known = [limit for limit in limits if limit is not None]
    decimals = USUAL_DECIMALS
    while decimals < MOST_DECIMALS and any(
        _side(round(value, decimals), limit) != _side(value, limit) for limit in known
    ):
        decimals += 1
    return f"{value:{'+' if signed else ''}.{decimals}f}"


def bound_text(op: str, bound: float | None, unit: str = "") -> str:
    """Return a bound with its operator, ``≤ 13 Gy``; ``report`` where nothing is compared.

    A bound that depends on a target whose volume is not known is ``by volume``.
    """
    if bound is None:
        return "report" if op == "report" else "by volume"
    return f"{OPERATORS.get(op, op)} {bound:g}{unit}"


def unit_text(unit: str) -> str:
    """Return a unit to put behind a number, with the blank before it; empty without one."""
    return "" if unit in UNITLESS else f" {visible(unit)}"


def value_text(result: ConstraintResult) -> str:
    """Return the value with its unit; empty without a value."""
    if result.value is None:
        return ""
    if result.unit == "bool":
        return f"{result.value:g}"
    return rounded(result.value, _limits(result)) + unit_text(result.unit)


def band_text(result: ConstraintResult) -> str:
    """Return the ends of a band, rounded so that each stays on its side of every limit."""
    if result.band is None:
        return ""
    low, high = (rounded(end, _limits(result)) for end in (result.band.low, result.band.high))
    return f"{low}–{high}"


def structure_text(result: ConstraintResult) -> str:
    """Return the structure of the protocol, and those of the plan where they differ."""
    names = [visible(name) for name in result.match.plan_names] if result.match else []
    wanted = visible(result.structure)
    return wanted if names == [wanted] else f"{wanted} → {', '.join(names) or '–'}"


def borderline_text(result: ConstraintResult) -> str:
    """Return one sentence on a verdict that changes within its band; empty for any other."""
    if not result.borderline or result.band is None:
        return ""
    unit = unit_text(result.unit)
    minor = "" if result.minor_limit is None else f" (minor to {result.minor_limit:g}{unit})"
    bound = bound_text(result.op, result.per_protocol_limit, unit)
    return (
        f"{visible(result.id)}: {structure_text(result)} {visible(result.metric)} is "
        f"{value_text(result)}, band {band_text(result)}{unit}, limit {bound}{minor}: "
        f"{DRIVERS[result.band.driver]}."
    )


def _limits(result: ConstraintResult) -> tuple[float | None, float | None]:
    return result.per_protocol_limit, result.minor_limit


def _side(value: float, limit: float) -> int:
    return int(value > limit) - int(value < limit)
