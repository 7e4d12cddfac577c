"""Metric expressions: TG-263 notation with units in and out, ``D0.03cc[Gy]``.

An expression is a registered name, an argument with its unit where the metric takes one, and the
unit of the result in brackets. Blanks do not matter; case does. A metric without an argument has a
usual unit, which may be left out. ``[%NAME]`` is per cent of the volume of structure NAME. A plain
number follows an underscore: ``gEUD_8[Gy]``.

``EQD2_2.5(DC700cc)[Gy]`` takes the metric in parentheses on doses converted to 2 Gy fractions with
alpha/beta 2.5 Gy, ``BED_10(V40Gy)[cc]`` on the biologically effective dose; doses inside are of
that scale as well. ``VBED10_40Gy[cc]`` is another way to write the latter.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Final, cast

from sbrt_qa.dosimetry import metrics
from sbrt_qa.dosimetry.metric_registry import METRICS, Metric, MetricSpec
from sbrt_qa.dosimetry.radiobiology import Conversion
from sbrt_qa.errors import MetricError, quoted
from sbrt_qa.model.plain_signs import plain_signs
from sbrt_qa.units import GY_PER_CGY, Unit

_NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
_OUT = r"(?:\[(?P<out>%|cc|mm|cGy|Gycc|Gy|bool|%(?P<of>[^\[\]%]{1,64}))\])?"
_PLAIN = re.compile(rf"(?P<name>\w+){_OUT}", re.ASCII)
_WITH_ARGUMENT = re.compile(
    rf"(?P<name>[A-Za-z]+)(?:(?P<number>{_NUMBER})(?P<unit>%|cc|cGy|Gy)|_(?P<plain>-?{_NUMBER}))"
    rf"{_OUT}"
)
_CONVERTED = re.compile(
    rf"(?:BED_?|EQD(?P<per>{_NUMBER})_)(?P<alpha_beta>{_NUMBER})\((?P<inner>[^()\[\]]*)\)"
    r"(?P<out>\[[^\[\]]*\])?"
)
_VBED = re.compile(rf"VBED(?P<alpha_beta>{_NUMBER})_(?P<dose>{_NUMBER}Gy)(?P<out>\[[^\[\]]*\])?")

MEANT: Final = 4
"""Metrics that a message suggests for one that cannot be read."""

_METRIC_PARTS: Final = re.compile(r"([A-Za-z]+)(\d+(?:\.\d+)?)?(%|[A-Za-z]+3?)??(?:\[(.*)\])?")
_UNITS: Final = {"cc": "cc", "ccm": "cc", "cm3": "cc", "ml": "cc", "gy": "Gy", "cgy": "cGy"}
_OTHER_METRICS: Final = {"dmax": "max", "dmin": "min", "dmean": "mean", "maximum": "max",
                         "minimum": "min", "average": "mean"}  # fmt: skip

LONGEST = 100
"""Characters of an expression; longer ones are refused unread."""

SCALES = "any of them on EQD or BED, as EQD2_2.5(DC700cc)[Gy] or BED_10(V40Gy)[cc]"


def parse_metric(text: str) -> MetricSpec:
    """Read a metric expression.

    Raises
    ------
    MetricError
        The expression is not part of the grammar; the message says what was probably meant, or
        lists what is known.
    """
    try:
        return _read(text)
    except MetricError as error:
        meant = [] if error.advice else meant_metrics(text)
        several = text.split(",") if "," in text else []
        if several and all(map(_is_metric, several)):
            advice = (
                f"Give several as a list: [{', '.join(quoted(one.strip()) for one in several)}]"
            )
        elif meant:
            advice = f"Did you mean {' or '.join(map(quoted, meant))}?"
        else:
            raise
        raise MetricError(error.what, where=error.where, got=error.got, advice=advice) from None


def _read(text: str) -> MetricSpec:
    packed = "".join(text.split()) if len(text) <= LONGEST else ""
    if short := _VBED.fullmatch(packed):
        out = short["out"] or ""
        return _converted(text, packed, short["alpha_beta"], None, f"V{short['dose']}{out}")
    if found := _CONVERTED.fullmatch(packed):
        inner = found["inner"] + (found["out"] or "")
        return _converted(text, packed, found["alpha_beta"], found["per"], inner)
    return _simple(text, packed)


def meant_metrics(text: str) -> list[str]:
    """Return metrics that a misspelt one may stand for: a unit, a point or a capital is wrong."""
    pointed = re.sub(r"(\d),(\d)", r"\1.\2", "".join(plain_signs(text).split()))
    tries = [pointed]
    if found := _METRIC_PARTS.fullmatch(pointed):
        name, number, written, result = found.groups()
        name, unit = name.casefold(), _UNITS.get((written or "").casefold(), written or "")
        name = _OTHER_METRICS.get(name, name)
        for record in [m for m in METRICS.values() if m.name.casefold() == name]:
            results = [_UNITS.get((result or "").casefold(), result)] if result else record.units
            owns = [u for u in record.argument_units if unit in ("", u)] if number else [""]
            tries += [f"{record.name}{number or ''}{u}[{out}]" for u in owns for out in results]
    return [one for one in dict.fromkeys(tries) if one != text and _is_metric(one)][:MEANT]


def _is_metric(text: str) -> bool:
    try:
        _read(text)
    except MetricError:
        return False
    return True


def known_metrics() -> str:
    """Return one example of every registered metric, for messages."""
    return ", ".join(METRICS[name].example for name in sorted(METRICS))


def _simple(text: str, packed: str) -> MetricSpec:
    plain, full = _PLAIN.fullmatch(packed), _WITH_ARGUMENT.fullmatch(packed)
    found = plain if plain and plain["name"] in METRICS else full
    if found is None or found["name"] not in METRICS:
        raise _unknown(text)
    parts = {"number": None, "unit": None, "plain": None} | found.groupdict()
    entry, unit, out = (
        METRICS[found["name"]],
        parts["unit"] or "",
        (parts["out"] or "").replace("Gycc", "Gy cc"),
    )
    number, relative_to = parts["number"] or parts["plain"], parts["of"] or ""
    if parts["plain"]:
        unit = "1"
    _check_units(text, entry, unit, "%" if relative_to else out)
    argument = float(number) if number else None
    if unit == "cGy" and argument is not None:
        argument, unit = argument * GY_PER_CGY, "Gy"
    if unit == "%" and "cc" in entry.argument_units and argument is not None and argument > 100:
        raise MetricError("more than 100 % of a volume was asked for", where=quoted(text))
    result = "%" if relative_to else (out or entry.units[0])
    return MetricSpec(packed, entry.name, argument, unit, cast("Unit", result), relative_to)


def _converted(
    text: str, packed: str, alpha_beta: str, per_fraction: str | None, inner: str
) -> MetricSpec:
    spec = _simple(text, inner)
    if not METRICS[spec.kind].convertible:
        raise MetricError(
            f"{spec.kind} is not taken on BED or EQD: it says itself which dose it uses",
            where=quoted(text),
            advice=f"Write {quoted(inner)}",
        )
    per_fraction_gy = None if per_fraction is None else float(per_fraction)
    if float(alpha_beta) <= 0 or per_fraction_gy == 0:
        raise MetricError("alpha/beta and dose per fraction are greater than 0", where=quoted(text))
    conversion = Conversion(float(alpha_beta), per_fraction_gy)
    return dataclasses.replace(spec, text=packed, conversion=conversion)


def _check_units(text: str, entry: Metric, argument_unit: str, unit: str) -> None:
    allowed = entry.argument_units + (("cGy",) if "Gy" in entry.argument_units else ())
    if bool(argument_unit) != bool(allowed) or (argument_unit and argument_unit not in allowed):
        raise MetricError(
            f"{entry.name} takes {_argument_text(allowed)}",
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
    if not unit and entry.argument_units and entry.units != ("1",):
        raise MetricError(
            "the unit of the result is missing",
            where=quoted(text),
            advice=f"Example: {entry.example}",
        )


def _argument_text(allowed: tuple[str, ...]) -> str:
    if not allowed:
        return "no argument"
    if allowed == ("1",):
        return "a number after an underscore"
    return f"an argument in {' or '.join(allowed)}"


def _unknown(text: str) -> MetricError:
    return MetricError(
        "unknown metric",
        where=quoted(text),
        expected=f"one of the forms {known_metrics()}; {SCALES}",
    )


__all__ = ["MetricSpec", "known_metrics", "meant_metrics", "metrics", "parse_metric"]
