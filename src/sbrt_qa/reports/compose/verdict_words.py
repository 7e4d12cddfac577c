"""Verdicts and numbers in words."""

from __future__ import annotations

from typing import Final

from sbrt_qa.errors import visible
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.outcome import Band, Verdict
from sbrt_qa.protocol.limit_result import ConstraintResult, ends_text, shown_bound
from sbrt_qa.protocol.wording import OPERATORS, rounded, unit_text, yes_or_no
from sbrt_qa.reports.compose.organ_names import named
from sbrt_qa.reports.page import PageMark

WORDS: Final = {
    Verdict.PER_PROTOCOL: msg("per protocol"),
    Verdict.MINOR: msg("minor"),
    Verdict.MAJOR: msg("MAJOR"),
    Verdict.NOT_EVALUABLE: msg("not evaluable"),
}

SIGNS: Final = {
    Verdict.PER_PROTOCOL: "✓",
    Verdict.MINOR: "△",
    Verdict.MAJOR: "✕",
    Verdict.NOT_EVALUABLE: "?",
}


ALWAYS_MAJOR: Final = msg("always major")
NEVER_MAJOR: Final = msg("never major")
"""What stands for the bound of a minor deviation where a limit has none."""


def mark_of(verdict: Verdict | None, words: Words) -> PageMark:
    """Return a verdict as sign and word; None is information."""
    if verdict is None:
        return PageMark(None, "·", words(msg("information")))
    return PageMark(verdict, SIGNS[verdict], words(WORDS[verdict]))


def limit_mark(result: ConstraintResult, words: Words) -> PageMark:
    """Return the verdict of a limit, or that its value is not relied on, or reported only."""
    if result.is_relied_on and result.op == "report" and result.verdict is Verdict.PER_PROTOCOL:
        return PageMark(result.verdict, "·", words(msg("reported only")))
    if result.is_relied_on:
        return mark_of(result.verdict, words)
    return PageMark(result.verdict, SIGNS[result.verdict], words(msg("not relied on")))


def number_text(value: float, unit: str) -> str:
    """Return a bound or a difference with its unit, as short as it is."""
    return f"{value:.6g}{unit_text(unit)}"


def distance_text(value: float, unit: str, words: Words) -> str:
    """Return a distance with its unit; one of parts of a whole is in percentage points.

    It has the decimals of the values that it lies between, so that a reader can add it up.
    """
    number = rounded(abs(value), (0.0,))
    if unit == "%":
        return words(msg("{number} percentage points"), number=number)
    return number + unit_text(unit)


def bound_text(result: ConstraintResult, words: Words) -> str:
    """Return the bound of per protocol with its operator."""
    bound = shown_bound(result, result.per_protocol_limit)
    if bound is None:
        return words(msg("report")) if result.op == "report" else words(msg("by volume"))
    if result.unit == "bool":
        return words(yes_or_no(bound))
    return f"{OPERATORS.get(result.op, result.op)} {number_text(bound, result.unit)}"


def minor_text(result: ConstraintResult, words: Words) -> str:
    """Return the bound of minor, or that missing the limit is never, or always, major."""
    minor = shown_bound(result, result.minor_limit)
    if minor is not None and result.minor_limit == result.per_protocol_limit:
        return words(ALWAYS_MAJOR)
    return minor_bound(result.per_protocol_limit, minor, result.beyond, words, result.unit)


def minor_bound(
    bound: float | None, minor: float | None, beyond: str, words: Words, unit: str = ""
) -> str:
    """Return a bound of minor as a protocol states it; empty where nothing is per protocol."""
    if bound is None:
        return ""
    if minor is None:
        return words(ALWAYS_MAJOR if beyond == Verdict.MAJOR else NEVER_MAJOR)
    return number_text(minor, unit) if unit else f"{minor:g}"


def structure_text(result: ConstraintResult, words: Words) -> str:
    """Return the structure of the protocol, and those of the plan where they differ."""
    names = [visible(name) for name in result.match.plan_names] if result.match else []
    wanted, same = named(result.structure, words), [visible(result.structure)]
    return wanted if names == same or not names else f"{wanted} → {', '.join(names)}"


def interval_text(result: ConstraintResult, band: Band, words: Words) -> str:
    """Return one of the intervals of a value, from its lower to its higher end; or both answers."""
    if result.unit == "bool":
        return words(msg("yes or no"))
    low, high = ends_text(result, band)
    return words(msg("{low} to {high}"), low=low, high=high) + unit_text(result.unit)


def margin_text(result: ConstraintResult) -> str:
    """Return the signed distance to the bound of per protocol; yes and no lie at no distance."""
    if result.margin is None or result.unit == "bool":
        return ""
    return rounded(result.margin + 0.0, (0.0,), signed=True)


def percent_text(result: ConstraintResult) -> str:
    """Return the distance in % of the bound, signed as the margin; empty where it means nothing."""
    bound = result.per_protocol_limit
    if result.margin is None or not bound or result.unit == "bool":
        return ""
    return f"{100 * result.margin / abs(bound):+.1f} %"
