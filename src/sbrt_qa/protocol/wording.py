"""A result in words and rounded numbers, decided once for whoever shows or stores it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Band, Driver

if TYPE_CHECKING:
    from sbrt_qa.protocol.evaluated_limit import EvaluatedLimit

DRIVERS: Final = {
    Driver.END_CAPS: say("how far the structure goes beyond its end planes decides"),
    Driver.BETWEEN_PLANES: say("how the structure runs between its planes decides"),
    Driver.OVERLAPS: say("how contours that overlap on a plane combine decides"),
    Driver.OUTSIDE_GRID: say("whether what lies outside the dose grid counts decides"),
    Driver.GAPS: say("whether the structure goes on where slices are missing decides"),
    Driver.VOXELS: say("where the structure ends within the voxels of its segmentation decides"),
    Driver.DOSE_INTERPOLATION: say("how dose is read between voxels decides"),
    Driver.GRID: say("how far apart the voxels of the dose are decides"),
    Driver.QUADRATURE: say("it lies closer to the limit than the numbers are exact"),
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


def value_text(result: EvaluatedLimit) -> str:
    """Return the value with its unit; empty without a value."""
    if result.value is None:
        return ""
    if result.unit == "bool":
        return f"{result.value:g}"
    return rounded(result.value, _limits(result)) + unit_text(result.unit)


def shown_bound(result: EvaluatedLimit, bound: float | None) -> float | None:
    """Return a bound as it is shown: to two decimals, unless the value would then change its side.

    Bounds between the rows of a table have many decimals that nobody stated.
    """
    if bound is None:
        return None
    short = round(bound, USUAL_DECIMALS)
    if result.value is None:
        return short
    shown = float(rounded(result.value, _limits(result)))
    return short if _side(shown, short) == _side(result.value, bound) else bound


def band_text(result: EvaluatedLimit) -> str:
    """Return the ends of the uncertainty; empty when none is known."""
    return "–".join(band_ends(result))


def spread_text(result: EvaluatedLimit) -> str:
    """Return the ends of the spread; empty when none is known."""
    return "–".join(spread_ends(result))


def band_ends(result: EvaluatedLimit) -> tuple[str, ...]:
    """Return the ends of the uncertainty; empty when none is known. See `ends_text`."""
    return ends_text(result, result.band)


def spread_ends(result: EvaluatedLimit) -> tuple[str, ...]:
    """Return the ends of the spread; empty when none is known. See `ends_text`."""
    return ends_text(result, result.spread)


def ends_text(result: EvaluatedLimit, band: Band | None) -> tuple[str, ...]:
    """Return the ends of an interval with equally many decimals; empty without one.

    They are rounded outwards, so that the interval as shown holds the interval, and with as many
    decimals as keep each on its side of every limit.
    """
    if band is None:
        return ()
    exact = (band.low, band.high)
    known = [limit for limit in _limits(result) if limit is not None]
    for decimals in range(USUAL_DECIMALS, MOST_DECIMALS + 1):
        ends = _outwards(exact, 10**decimals)
        pairs = [(end, true) for end, true in zip(ends, exact, strict=True)]
        if all(_side(end, n) == _side(true, n) for end, true in pairs for n in known):
            break
    return tuple(f"{end:.{decimals}f}" for end in ends)


def _outwards(ends: tuple[float, float], parts: int) -> tuple[float, float]:
    """Return the ends in whole parts of one, the lower rounded down and the upper up."""
    low, high = (round(end * parts, 6) for end in ends)  # 1.53 times 100 is below 153
    return math.floor(low) / parts, math.ceil(high) / parts


def structure_text(result: EvaluatedLimit) -> str:
    """Return the structure of the protocol, and those of the plan where they differ."""
    names = [visible(name) for name in result.match.plan_names] if result.match else []
    wanted = visible(result.structure)
    return wanted if names == [wanted] else f"{wanted} → {', '.join(names) or '–'}"


def borderline_text(result: EvaluatedLimit) -> str:
    """Return one sentence on a verdict that changes within its uncertainty; empty for others."""
    if not result.borderline or result.band is None:
        return ""
    return say(
        "{0}: {1} {2} is {3}, uncertainty {4}{5}, limit {6}{7}: {8}.",
        *_numbers(result, band_text(result)),
        DRIVERS[result.band.driver],
    )


def convention_text(result: EvaluatedLimit) -> str:
    """Return one sentence on a verdict that depends on the convention; empty for any other."""
    if not result.depends_on_convention or result.spread is None:
        return ""
    return say(
        "{0}: {1} {2} is {3}, other planning systems would print {4}{5}, limit {6}{7}: {8}.",
        *_numbers(result, spread_text(result)),
        DRIVERS[result.spread.driver],
    )


def _numbers(result: EvaluatedLimit, interval: str) -> tuple[str, ...]:
    unit = unit_text(result.unit)
    worst = shown_bound(result, result.minor_limit)
    return (
        visible(result.id),
        structure_text(result),
        visible(result.metric),
        value_text(result),
        interval,
        unit,
        bound_text(result.op, shown_bound(result, result.per_protocol_limit), unit),
        "" if worst is None else f" (minor to {worst:g}{unit})",
    )


def _limits(result: EvaluatedLimit) -> tuple[float | None, float | None]:
    return result.per_protocol_limit, result.minor_limit


def _side(value: float, limit: float) -> int:
    return int(value > limit) - int(value < limit)
