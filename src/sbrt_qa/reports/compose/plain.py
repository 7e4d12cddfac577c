"""One limit in plain words: what the structure gets, what it may get, by how much it is over."""

from __future__ import annotations

from typing import Final

from sbrt_qa.dosimetry.metric_meaning import Direction, Portion, Quantity
from sbrt_qa.dosimetry.metric_registry import MetricSpec, meaning_of
from sbrt_qa.errors import visible
from sbrt_qa.evidence.evidence import DrawnCurve, Evidence
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.outcome import Driver, Verdict
from sbrt_qa.protocol.limit_result import (
    ConstraintResult,
    direction_of,
    shown_bound,
    spec_of,
    value_text,
)
from sbrt_qa.reports.compose.distances import other_distance
from sbrt_qa.reports.compose.limit_points import volume_at_cc
from sbrt_qa.reports.compose.verdict_words import distance_text, interval_text, number_text

_BOUNDS: Final = {
    "<=": msg("{bound} at most is per protocol"),
    "<": msg("less than {bound} is per protocol"),
    ">=": msg("{bound} at least is per protocol"),
    ">": msg("more than {bound} is per protocol"),
    "==": msg("{bound} is per protocol"),
}

_MINORS: Final = {
    "<=": msg("up to {minor} is a minor deviation"),
    "<": msg("less than {minor} is a minor deviation"),
    ">=": msg("down to {minor} is a minor deviation"),
    ">": msg("more than {minor} is a minor deviation"),
}

DRIVERS: Final = {
    Driver.END_CAPS: msg("how far the structure goes beyond its end slices"),
    Driver.BETWEEN_PLANES: msg("how the structure runs between slices"),
    Driver.OVERLAPS: msg("how contours that overlap on a slice combine"),
    Driver.OUTSIDE_GRID: msg("whether what lies outside the dose grid counts"),
    Driver.GAPS: msg("whether the structure goes on where slices are missing"),
    Driver.VOXELS: msg("where the structure ends within the voxels of its segmentation"),
    Driver.DOSE_INTERPOLATION: msg("how the dose runs between voxels"),
    Driver.GRID: msg("how far apart the voxels of the dose are"),
    Driver.NOISE: msg("what the noise of the dose does"),
    Driver.QUADRATURE: msg("how densely the structure is scanned"),
}


def statement(result: ConstraintResult, words: Words) -> str:
    """Return value, bound and bound of minor as one sentence."""
    parts = [_what(result, words), _bound(result, words), _minor(result, words)]
    return words(msg("; ")).join(part for part in parts if part) + words(msg("."))


def excess(
    result: ConstraintResult,
    evidence: Evidence | None,
    words: Words,
    rx_gy: float | None = None,
) -> str:
    """Return by how much a limit is missed, and what this means in volume, or in dose."""
    if result.margin is None or result.per_protocol_limit is None or result.unit == "bool":
        return ""
    parts = [_distance(result, words)]
    if result.verdict is Verdict.MAJOR and result.minor_limit not in (
        None,
        result.per_protocol_limit,
    ):
        parts.append(_beyond_minor(result, words))
    sentence = words(msg(", ")).join(parts) + words(msg("."))
    other = _volume(result, evidence, words) or other_distance(result, evidence, rx_gy, words)
    return words.run(sentence, other)


def unsure(result: ConstraintResult, words: Words) -> str:
    """Return what a borderline verdict means; empty for any other."""
    if not result.borderline or result.band is None:
        return ""
    if result.unit == "bool":
        text = msg(
            "Borderline: what the file leaves open decides between yes and no, most of all "
            "{driver}."
        )
        return words(text, driver=words(DRIVERS[result.band.driver]))
    return words(
        msg(
            "Borderline: by what the file leaves open the true value lies at {band}, and the "
            "verdict changes within that. What widens it most: {driver}."
        ),
        band=interval_text(result, result.band, words),
        driver=words(DRIVERS[result.band.driver]),
    )


def by_convention(result: ConstraintResult, words: Words) -> str:
    """Return what a verdict that depends on the convention means; empty for any other."""
    if not result.depends_on_convention or result.spread is None:
        return ""
    if result.unit == "bool":
        text = msg(
            "Depends on the convention: planning systems would answer yes or no, most of all by "
            "{driver}."
        )
        return words(text, driver=words(DRIVERS[result.spread.driver]))
    return words(
        msg(
            "Depends on the convention: other planning systems would print {spread}, and the "
            "verdict changes within that. What widens it most: {driver}."
        ),
        spread=interval_text(result, result.spread, words),
        driver=words(DRIVERS[result.spread.driver]),
    )


def intervals(result: ConstraintResult, words: Words) -> tuple[str, ...]:
    """Return both intervals of a value, each with what widens it most; none where not known."""
    named = (
        (msg("Uncertainty: {ends} ({driver})."), result.band),
        (msg("Spread: {ends} ({driver})."), result.spread),
    )
    told = [
        (text, interval_text(result, one, words), words(DRIVERS[one.driver]))
        for text, one in named
        if one is not None and (result.unit != "bool" or one.low != one.high)
    ]
    if len(told) == len(named) and told[0][1:] == told[1][1:]:
        both = msg("Uncertainty and spread: {ends} ({driver}).")
        told = [(both, *told[0][1:])]
    return tuple(words(text, ends=ends, driver=driver) for text, ends, driver in told)


def _what(result: ConstraintResult, words: Words) -> str:
    spec, value = spec_of(result), words.value(value_text(result))
    if spec is None or spec.conversion is not None:
        return words(msg("{metric} is {value}"), metric=visible(result.metric), value=value)
    meaning = meaning_of(spec)
    text = meaning.says(spec, direction_of(result))
    if meaning.quantity is Quantity.DOSE and spec.unit == "%":
        value = words(msg("{percent} of the prescription"), percent=value)
    if not text:
        return words(msg("{metric} is {value}"), metric=visible(result.metric), value=value)
    return words(text, value=value, amount=amount_text(spec, words))


def amount_text(spec: MetricSpec, words: Words) -> str:
    """Return the argument of a metric; doses in % are of the prescription."""
    if spec.argument is None:
        return ""
    number = number_text(spec.argument, spec.argument_unit)
    if meaning_of(spec).quantity is Quantity.VOLUME and spec.argument_unit == "%":
        return words(msg("{percent} of the prescription"), percent=number)
    return number


def _bound(result: ConstraintResult, words: Words) -> str:
    bound = shown_bound(result, result.per_protocol_limit)
    if bound is None or result.unit == "bool" or result.op not in _BOUNDS:
        return ""
    return words(_BOUNDS[result.op], bound=number_text(bound, result.unit))


def _minor(result: ConstraintResult, words: Words) -> str:
    minor = shown_bound(result, result.minor_limit)
    same = result.minor_limit == result.per_protocol_limit
    if minor is None or same or result.op not in _MINORS:
        return ""
    return words(_MINORS[result.op], minor=number_text(minor, result.unit))


def off(result: ConstraintResult, words: Words) -> str:
    """Return the distance to a limit that is missed, and its part of the limit; empty without."""
    if result.margin is None or result.unit == "bool":
        return ""
    bound = result.per_protocol_limit or 0.0
    amount = distance_text(result.margin, result.unit, words)
    if bound and result.unit != "%":
        part = 100 * abs(result.margin) / abs(bound)
        amount += words(msg(" ({percent} %)"), percent=f"{part:.0f}")
    return amount


def _distance(result: ConstraintResult, words: Words) -> str:
    amount = off(result, words)
    if result.op in (">=", ">"):
        return words(msg("{amount} below the limit"), amount=amount)
    return words(msg("{amount} above the limit"), amount=amount)


def _beyond_minor(result: ConstraintResult, words: Words) -> str:
    off = (result.value or 0.0) - (result.minor_limit or 0.0)
    amount = distance_text(off, result.unit, words)
    return words(msg("{amount} beyond what is still minor"), amount=amount)


def _volume(result: ConstraintResult, evidence: Evidence | None, words: Words) -> str:
    """Return how much of the structure lies on the wrong side of the dose of the limit."""
    spec, limit = spec_of(result), result.per_protocol_limit
    curve = _curve(result, evidence)
    if spec is None or spec.conversion or curve is None or limit is None or spec.unit != "Gy":
        return ""
    meaning = meaning_of(spec)
    hot = direction_of(result) is Direction.TOO_HOT
    if not meaning.excess or not hot or spec.argument_unit != "cc" or evidence is None:
        return ""
    volume_cc = volume_at_cc(curve, evidence, limit)
    below = meaning.portion is Portion.COLDEST
    return words(
        meaning.excess,
        volume=f"{curve.volume_cc - volume_cc:.0f}" if below else f"{volume_cc:.2f}",
        bound=f"{limit:g} Gy",
        argument=f"{spec.amount:g}",
    )


def _curve(result: ConstraintResult, evidence: Evidence | None) -> DrawnCurve | None:
    if evidence is None or result.key not in evidence.curve_of:
        return None
    return evidence.curves[evidence.curve_of[result.key]]
