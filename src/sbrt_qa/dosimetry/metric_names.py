"""Metric expressions: TG-263 notation with units in and out, ``D0.03cc[Gy]``.

An expression is a registered name, an argument with its unit where the metric takes one, and the
unit of the result in brackets. Blanks do not matter; case does. A metric without an argument has a
usual unit, which may be left out. ``[%NAME]`` is per cent of the volume of structure NAME.
"""

from __future__ import annotations

import re
from typing import cast

from sbrt_qa.dosimetry import metrics
from sbrt_qa.dosimetry.metric_registry import METRICS, Metric, MetricSpec
from sbrt_qa.errors import MetricError, quoted
from sbrt_qa.units import GY_PER_CGY, Unit

_FORM = re.compile(
    r"(?P<name>[A-Za-z]+)"
    r"(?:(?P<number>\d{1,9}(?:\.\d{1,9})?)(?P<unit>%|cc|cGy|Gy))?"
    r"(?:\[(?P<out>%|cc|cGy|Gy|bool|%(?P<of>[^\[\]%]{1,64}))\])?"
)

LONGEST = 100
"""Characters of an expression; longer ones are refused unread."""


def parse_metric(text: str) -> MetricSpec:
    """Read a metric expression.

    Raises
    ------
    MetricError
        The expression is not part of the grammar; the message lists what is known.
    """
    packed = "".join(text.split()) if len(text) <= LONGEST else ""
    found = _FORM.fullmatch(packed)
    entry = METRICS.get(found["name"]) if found else None
    if found is None or entry is None:
        raise _unknown(text)
    number, unit, out = found["number"], found["unit"] or "", found["out"] or ""
    relative_to = found["of"] or ""
    _check_units(text, entry, "cGy" if unit == "cGy" else unit, "%" if relative_to else out)
    argument = float(number) if number else None
    if unit == "cGy" and argument is not None:
        argument, unit = argument * GY_PER_CGY, "Gy"
    if unit == "%" and "cc" in entry.argument_units and argument is not None and argument > 100:
        raise MetricError("more than 100 % of a volume was asked for", where=quoted(text))
    result = "%" if relative_to else (out or entry.units[0])
    return MetricSpec(packed, entry.name, argument, unit, cast("Unit", result), relative_to)


def known_metrics() -> str:
    """Return one example of every registered metric, for messages."""
    return ", ".join(METRICS[name].example for name in sorted(METRICS))


def _check_units(text: str, entry: Metric, argument_unit: str, unit: str) -> None:
    allowed = entry.argument_units + (("cGy",) if "Gy" in entry.argument_units else ())
    if bool(argument_unit) != bool(allowed) or (argument_unit and argument_unit not in allowed):
        what = f"an argument in {' or '.join(allowed)}" if allowed else "no argument"
        raise MetricError(
            f"{entry.name} takes {what}",
            where=quoted(text),
            advice=f"Example: {entry.example}",
        )
    if unit and unit not in entry.units:
        raise MetricError(
            f"{entry.name} gives {' or '.join(entry.units)}",
            where=quoted(text),
            got=f"[{unit}]",
            advice=f"Example: {entry.example}",
        )
    if not unit and entry.argument_units:
        raise MetricError(
            "the unit of the result is missing",
            where=quoted(text),
            advice=f"Example: {entry.example}",
        )


def _unknown(text: str) -> MetricError:
    return MetricError(
        "unknown metric",
        where=quoted(text),
        expected=f"one of the forms {known_metrics()}",
    )


__all__ = ["MetricSpec", "known_metrics", "metrics", "parse_metric"]
