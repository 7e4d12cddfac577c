"""Numbers of a valid protocol that are rarely meant: units mixed up, operators turned round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sbrt_qa.dosimetry.metric_meaning import (
    BELOW,
    Extreme,
    Meaning,
    Portion,
    Quantity,
    in_gy,
)
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import MetricSpec, meaning_of
from sbrt_qa.errors import quoted
from sbrt_qa.protocol.conditions import parse_condition
from sbrt_qa.protocol.definition import ConformityLimit, Constraint, Protocol

LEAST_GY: Final = 1.0
"""A bound or a dose level below it is rarely a limit of a whole course."""
MOST_GY: Final = 150.0
"""No course prescribes more, so that a larger number is likely in cGy."""
MOST_PER_FRACTION_GY: Final = 35.0
"""The highest dose of one fraction that trials of SBRT have used is 34 Gy."""

WHOLE_PERCENT: Final = 100.0
COVERAGE_PERCENT: Final = 80.0
"""From this part of a target on, the dose to its hottest part is a matter of coverage."""


def implausible(protocol: Protocol) -> Iterator[str]:
    """Yield a line for every number that is likely a slip; the file is valid all the same."""
    yield from _levels(protocol)
    for limit in protocol.all_constraints:
        if limit.metric not in protocol.planned_metrics:
            yield from _limit(protocol, limit, parse_metric(limit.metric))
    if indices := [c.id for c in protocol.conformity if _needs_body(protocol, c)]:
        yield (
            f"{', '.join(indices[:6])}: indices within the patient's outline, but no structure is "
            "of kind external, so that only a structure typed EXTERNAL in the file can be used"
        )


def _levels(protocol: Protocol) -> Iterator[str]:
    conditions = [parse_condition(option.when) for option in protocol.options]
    for level in protocol.prescriptions:
        if level.total_gy > MOST_GY:
            yield f"{level.id}: total_gy is {level.total_gy:g} Gy: was cGy meant?"
        elif level.total_gy / level.fractions > MOST_PER_FRACTION_GY:
            each = level.total_gy / level.fractions
            yield f"{level.id}: {each:g} Gy in one fraction: are dose and fractions right?"
        elif level.total_gy / level.fractions < LEAST_GY:
            yield f"{level.id}: total_gy is {level.total_gy:g} Gy: is this the dose of the course?"
        facts = {"fractions": float(level.fractions), "prescription_gy": level.total_gy}
        known = [
            all(c.name not in facts or c.holds(facts[c.name]) for c in one) for one in conditions
        ]
        if known and not any(known):
            yield f"{level.id}: no option holds for it, so that no organ limit applies"


def _limit(protocol: Protocol, limit: Constraint, spec: MetricSpec) -> Iterator[str]:
    if spec.argument_unit == "Gy" and spec.argument is not None:
        yield from _dose_level(limit, spec.argument)
    for key in ("per_protocol", "minor"):
        value: float | None = getattr(limit, key)
        if value is not None:
            yield from _bound(limit, spec, key, value)
    yield from _direction(protocol, limit, spec)


def _dose_level(limit: Constraint, level_gy: float) -> Iterator[str]:
    asked = f"{limit.id}: {limit.metric} asks for the volume of {level_gy:g} Gy"
    if level_gy < LEAST_GY:
        yield f"{asked}: were {level_gy * 100:g} Gy meant, not cGy?"
    elif level_gy > MOST_GY:
        yield f"{asked}: was cGy meant?"


def _bound(limit: Constraint, spec: MetricSpec, key: str, value: float) -> Iterator[str]:
    told = f"{limit.id}: {key} is {value:g} {spec.unit}"
    meaning = meaning_of(spec)
    if meaning.scales(spec):
        value_gy = in_gy(value, spec.unit, None) or 0.0
        if value_gy > MOST_GY:
            yield f"{told}: was cGy meant?"
        elif value_gy < LEAST_GY:
            yield f"{told}: is the unit right?"
    elif value > meaning.highest(spec):
        yield f"{told}: more than there can be"
    elif spec.unit == "%" and limit.op in BELOW and 0 < value <= 1:
        yield f"{told}: was {value * 100:g} % meant?"


def _direction(protocol: Protocol, limit: Constraint, spec: MetricSpec) -> Iterator[str]:
    kind = next((s.kind for s in protocol.structures if s.name == limit.structure), None)
    turned = {"<=": ">=", "<": ">", ">=": "<=", ">": "<"}.get(limit.op, "")
    meaning = meaning_of(spec)
    if kind == "target" and meaning.worse_with_dose(limit.op) and _is_coverage(spec, meaning):
        what = "an upper bound on the coverage of"
    elif kind == "organ" and meaning.worse_with_dose(limit.op) is False:
        what = "a lower bound on the dose of the organ"
    else:
        return
    yield f'{limit.id}: {what} {quoted(limit.structure)}: was "{turned}" meant?'


def _is_coverage(spec: MetricSpec, meaning: Meaning) -> bool:
    """Tell whether more of a metric is better for a target: V100%, V90%, D95%, D98%, Min."""
    if meaning.extreme is Extreme.LOWEST:
        return True
    if spec.argument_unit != "%" or spec.argument is None:
        return False
    if meaning.quantity is Quantity.VOLUME:
        return spec.argument <= WHOLE_PERCENT
    return meaning.portion is Portion.HOTTEST and spec.argument >= COVERAGE_PERCENT


def _needs_body(protocol: Protocol, limit: ConformityLimit) -> bool:
    if protocol.outline_name or limit.metric in protocol.planned_metrics:
        return False
    meaning = meaning_of(parse_metric(limit.metric))
    return meaning.of_surroundings or meaning.isodose_percent is not None
