"""One dose limit held against one case: its values, what they mean, and how they read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, computed_field

from sbrt_qa.dosimetry.metric_meaning import Direction, Meaning
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import MetricSpec, meaning_of, metric_of
from sbrt_qa.errors import MetricError, visible
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.body_outline import is_outline_name
from sbrt_qa.model.outcome import Band, Driver, Reason, ReasonCode, Verdict
from sbrt_qa.model.target_kind import is_target_name
from sbrt_qa.protocol.wording import (
    DRIVERS,
    MOST_DECIMALS,
    USUAL_DECIMALS,
    bound_text,
    rounded,
    side_of,
    unit_text,
    yes_or_no,
)

Ends = tuple[float, float, Driver]
"""An interval in the JSON form: low, high, and what widens it most."""


def ends_of(band: Band | None) -> Ends | None:
    """Return an interval as the JSON form has it."""
    return None if band is None else (band.low, band.high, band.driver)


def _interval(ends: object) -> object:
    """Return what the JSON form has for an interval as one; everything else as it is."""
    if not isinstance(ends, list | tuple) or len(ends) != 3:
        return ends
    return {"low": ends[0], "high": ends[1], "driver": ends[2]}


Interval = Annotated[
    Band | None,
    BeforeValidator(_interval),
    PlainSerializer(ends_of, return_type=Ends | None),
]
"""An interval that is a list in the JSON form."""


@dataclass(frozen=True, slots=True)
class StructureMatch:
    """Which structures of the plan stand for a name of the protocol, and by which rule.

    ``plan_names`` are ROI names as written in the file, in the order in which the expression uses
    them; ``rule`` is a short phrase such as ``exact name``, ``alias (zh)``, ``user map`` or
    ``Liver - CTV (no GTV in the plan)``. ``part`` tells that they are only a part of what is meant.
    """

    protocol_name: str
    plan_names: tuple[str, ...]
    roi_numbers: tuple[int, ...]
    rule: str
    part: bool = False


@dataclass(frozen=True, slots=True)
class ConstraintResult:
    """One dose limit held against one case.

    Parameters
    ----------
    id, structure, metric, op, priority, source, confidence
        From the protocol. ``op`` is ``<=``, ``<``, ``>=``, ``>``, ``==`` or ``report``.
    match
        The structures used; None when none could be found.
    value, unit
        The metric; ``value`` is None when ``reason`` is given, unless that says that the value
        is not relied on.
    reason
        Why there is no value, or why it is not relied on.
    per_protocol_limit, minor_limit
        Bounds, in ``unit``. Without a minor limit see ``beyond``.
    beyond
        Verdict beyond the last bound.
    margin
        Distance to the per-protocol limit in ``unit``: positive inside, negative outside.
    verdict
        Never per protocol without a value.
    counts
        Whether the verdict takes part in the verdict of the case.
    note
        One sentence for the reader, possibly empty.
    band
        Its uncertainty: where the true value may lie, given the file, in ``unit``; None when
        intervals were not asked for or there is none.
    borderline
        Whether the verdict changes within the uncertainty.
    spread
        What other planning systems would print, the uncertainty included; None as `band`.
    depends_on_convention
        Whether the verdict changes within the spread and not within the uncertainty.
    target
        Display key of the target that this row is about where a limit has a row for each of several
        targets; ``structure`` is the same then. Empty for all other rows.
    undrawn
        Why there is no contour, where the value is the highest that the structure could have
        wherever it lies; None for all other rows.
    doubtful_contour
        What is asked of the contours that the row rests on, by a check of the group ``contours``;
        empty where nothing is. The verdict stays what it is.
    """

    id: str
    structure: str
    metric: str
    op: str
    match: StructureMatch | None
    value: float | None
    unit: str
    reason: Reason | None
    per_protocol_limit: float | None
    minor_limit: float | None
    beyond: Verdict
    margin: float | None
    verdict: Verdict
    priority: int
    counts: bool
    source: tuple[str, ...]
    confidence: str
    note: str = ""
    band: Band | None = None
    borderline: bool = False
    target: str = ""
    undrawn: Reason | None = None
    spread: Interval = None
    depends_on_convention: bool = False
    doubtful_contour: str = ""

    def __post_init__(self) -> None:
        if self.is_relied_on and (self.value is None) == (self.reason is None):
            msg = f"{self.id}: exactly one of value and reason must be given"
            raise ValueError(msg)
        if self.reason is not None and self.verdict is Verdict.PER_PROTOCOL:
            msg = f"{self.id}: a limit without a value cannot be per protocol"
            raise ValueError(msg)
        if self.band is None and self.borderline:
            msg = f"{self.id}: only a band can make a verdict borderline"
            raise ValueError(msg)
        if self.depends_on_convention and (self.spread is None or self.borderline):
            msg = f"{self.id}: a spread, and no more, makes a verdict depend on the convention"
            raise ValueError(msg)

    @property
    def is_relied_on(self) -> bool:
        """Whether nothing disowns what the value was computed from."""
        return self.reason is None or self.reason.code is not ReasonCode.NOT_RELIED_ON

    @property
    def wherever(self) -> bool:
        """Whether the structure is not drawn, and the value one that it has at most."""
        return self.undrawn is not None

    @property
    def key(self) -> str:
        """What tells this row from all others of a review: its id, and the ROI of its target."""
        roi = self.match.roi_numbers[0] if self.target and self.match else None
        return self.id if roi is None else f"{self.id}#{roi}"

    @property
    def of(self) -> str:
        """Structure of the protocol that the row is about, whatever the plan calls it."""
        return self.match.protocol_name if self.target and self.match else self.structure

    @computed_field  # type: ignore[prop-decorator]
    @property
    def uncertainty(self) -> Ends | None:
        """Where the true value may lie and what widens that most: `band` under its own name."""
        return ends_of(self.band)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def borderline_text(self) -> str:
        """One sentence on a verdict that changes within its uncertainty; empty for any other."""
        return _borderline_text(self)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def convention_text(self) -> str:
        """One sentence on a verdict that depends on the convention; empty for any other."""
        return _convention_text(self)


def worst_first(result: ConstraintResult) -> tuple[bool, int, int]:
    """Sort key: what decides stands first, then what is worst, then the higher priority."""
    return (not result.counts, -result.verdict.rank, result.priority)


def spec_of(result: ConstraintResult) -> MetricSpec | None:
    """Return the metric of a limit, read; None for one that this version does not know."""
    try:
        return parse_metric(result.metric)
    except MetricError:
        return None


def meaning_in(result: ConstraintResult) -> Meaning | None:
    """Return what the values of a limit mean; None for a metric this version does not know."""
    spec = spec_of(result)
    return None if spec is None else meaning_of(spec)


def direction_of(result: ConstraintResult) -> Direction | None:
    """Return what is wrong where a limit is missed.

    None for what is only reported, and for a metric that this version does not know.
    """
    spec = spec_of(result)
    if spec is None:
        return None
    limit = result.per_protocol_limit
    return meaning_of(spec).direction(spec, result.op, limit, result.value)


def rests_on_dose(result: ConstraintResult) -> bool:
    """Tell whether a value needs the dose; one of an unknown metric is taken to need it."""
    spec = spec_of(result)
    return spec is None or metric_of(spec).needs_dose


def about_target(result: ConstraintResult) -> bool:
    """Tell whether a limit is of a target: by the name that the protocol gives the structure."""
    return is_target_name(result.of)


def about_body(result: ConstraintResult) -> bool:
    """Tell whether a limit is of the body, or of what is left of it without something else."""
    return is_outline_name(result.of.partition("-")[0])


def value_text(result: ConstraintResult) -> str:
    """Return the value with its unit; empty without a value, yes or no where it is one of them."""
    if result.value is None:
        return ""
    if result.unit == "bool":
        return yes_or_no(result.value)
    return rounded(result.value, _limits(result)) + unit_text(result.unit)


def shown_bound(result: ConstraintResult, bound: float | None) -> float | None:
    """Return a bound as it is shown: to two decimals, unless the value would then change its side.

    Bounds between the rows of a table have many decimals that nobody stated.
    """
    if bound is None:
        return None
    short = round(bound, USUAL_DECIMALS)
    if result.value is None:
        return short
    shown = float(rounded(result.value, _limits(result)))
    return short if side_of(shown, short) == side_of(result.value, bound) else bound


def ends_text(result: ConstraintResult, band: Band | None) -> tuple[str, ...]:
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
        if all(side_of(end, n) == side_of(true, n) for end, true in pairs for n in known):
            break
    return tuple(f"{end:.{decimals}f}" for end in ends)


def _outwards(ends: tuple[float, float], parts: int) -> tuple[float, float]:
    """Return the ends in whole parts of one, the lower rounded down and the upper up."""
    low, high = (round(end * parts, 6) for end in ends)  # 1.53 times 100 is below 153
    return math.floor(low) / parts, math.ceil(high) / parts


def structure_text(result: ConstraintResult) -> str:
    """Return the structure of the protocol, and those of the plan where they differ."""
    names = [visible(name) for name in result.match.plan_names] if result.match else []
    wanted = visible(result.structure)
    return wanted if names == [wanted] else f"{wanted} → {', '.join(names) or '–'}"


def _borderline_text(result: ConstraintResult) -> str:
    """Return one sentence on a verdict that changes within its uncertainty; empty for others."""
    if not result.borderline or result.band is None:
        return ""
    return say(
        "{0}: {1} {2} is {3}, uncertainty {4}{5}, limit {6}{7}: {8}.",
        *_numbers(result, result.band),
        DRIVERS[result.band.driver],
    )


def _convention_text(result: ConstraintResult) -> str:
    """Return one sentence on a verdict that depends on the convention; empty for any other."""
    if not result.depends_on_convention or result.spread is None:
        return ""
    return say(
        "{0}: {1} {2} is {3}, other planning systems would print {4}{5}, limit {6}{7}: {8}.",
        *_numbers(result, result.spread),
        DRIVERS[result.spread.driver],
    )


def _numbers(result: ConstraintResult, interval: Band) -> tuple[str, ...]:
    unit = unit_text(result.unit)
    worst = shown_bound(result, result.minor_limit)
    return (
        visible(result.id),
        structure_text(result),
        visible(result.metric),
        value_text(result),
        "–".join(ends_text(result, interval)),
        unit,
        _bound_text(result, unit),
        "" if worst is None else f" (minor to {worst:g}{unit})",
    )


def _bound_text(result: ConstraintResult, unit: str) -> str:
    bound = shown_bound(result, result.per_protocol_limit)
    if result.unit == "bool" and bound is not None:
        return yes_or_no(bound)
    return bound_text(result.op, bound, unit)


def _limits(result: ConstraintResult) -> tuple[float | None, float | None]:
    return result.per_protocol_limit, result.minor_limit
