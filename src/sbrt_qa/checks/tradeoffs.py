"""Why a plan falls short: organs at their limits, and the level that the liver allows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from sbrt_qa.checks.registry import (
    CheckContext,
    Found,
    Group,
    Outcome,
    Passed,
    Untold,
    check,
)
from sbrt_qa.dosimetry.metric_meaning import ABOVE, Direction
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import meaning_of
from sbrt_qa.geometry.margins import gap_mm, vertices
from sbrt_qa.geometry.regions import cells_of
from sbrt_qa.i18n.phrase import joined, say
from sbrt_qa.model.outcome import Reason, Severity, Verdict
from sbrt_qa.protocol.conditions import parse_condition, same_prescription
from sbrt_qa.protocol.limit_result import ConstraintResult, about_target, direction_of

LOOKED_AT: Final = 20_000
"""Vertices of an organ at most."""

NO_LEVEL: Final = say("Another plan is needed that spares more of it, or ask the trial office.")


@check(
    "OAR_DRIVEN",
    title="Coverage and organs at their limits",
    group=Group.PRESCRIPTION,
    source="NRG-BR001 planning priorities",
    rows=(7,),
)
def oar_driven(
    context: CheckContext, at_limit_part: float = 0.95, near_mm: float = 10.0
) -> Iterator[Outcome]:
    """Explain low coverage of a target by an organ that stands at its limit beside it.

    Limits of serial organs, of priority 1, outrank coverage: a plan that gave up coverage to keep
    the duodenum within its limit did what it should, and a reviewer wants to know. Where coverage
    is low and no organ is near its limit, that is said as well; where no limit of an organ was
    judged, that it cannot be told. The verdicts of the limits stay as they are.

    Parameters
    ----------
    at_limit_part
        Part of its per-protocol limit from which an organ stands at it.
    near_mm
        Distance to the PTV up to which an organ can be the reason.
    """
    low = [r for r in context.results if _is_low_coverage(r)]
    if not low:
        return
    shown = joined(", ", (say("{0} {1} {2}", r.structure, r.metric, _value(r)) for r in low))
    if not any(_is_judged_organ(r) for r in context.results):
        text = say("coverage is low ({0}), and no limit of an organ was judged", shown)
        yield Untold("PTV", text)
        return
    drivers = dict(_drivers(context, at_limit_part, near_mm))
    if drivers:
        text = say("coverage is low ({0}) while {1}", shown, joined("; ", drivers.values()))
        advice = say("Coverage was probably given up to spare it: the reviewer decides.")
        yield Found("PTV", text, advice, found=", ".join(drivers))
    else:
        text = say(
            "coverage is low ({0}), and no organ of priority 1 near the PTV is at its limit", shown
        )
        yield Found("PTV", text, say("Ask the site why."))


def _is_low_coverage(r: ConstraintResult) -> bool:
    wrong = r.verdict in (Verdict.MINOR, Verdict.MAJOR)
    cold = direction_of(r) is Direction.TOO_COLD
    return wrong and cold and r.unit == "%" and about_target(r)


def _is_judged_organ(r: ConstraintResult) -> bool:
    """Tell whether a result is that of an organ's upper limit of priority 1, with a value."""
    bounded = direction_of(r) is Direction.TOO_HOT and r.priority == 1 and r.counts
    return not about_target(r) and bounded and r.value is not None


def _value(r: ConstraintResult) -> str:
    return say("{0} {1} of {2} {3}", f"{r.value:.1f}", r.unit, r.op, f"{r.per_protocol_limit:g}")


def _drivers(
    context: CheckContext, at_limit_part: float, near_mm: float
) -> Iterator[tuple[str, str]]:
    """Yield organs at their limits, and where they lie and what they have."""
    target = context.region("PTV")
    if isinstance(target, Reason):
        return
    cells = cells_of(target)
    told: set[str] = set()
    close = [(part, r) for r in context.results if (part := _closeness(r)) >= at_limit_part]
    for _, r in sorted(close, key=lambda row: row[0], reverse=True):
        if r.structure in told:
            continue
        structure = context.one(r.structure)
        organ = context.doses.region(structure) if structure else None
        if structure is None or organ is None or isinstance(organ, Reason):
            continue
        gap = gap_mm(cells, cells_of(organ), vertices(structure, LOOKED_AT))
        if gap <= near_mm:
            told.add(r.structure)
            place = say("in contact with the PTV")
            if gap >= 0.5:
                place = say("{0} mm from the PTV", f"{gap:.0f}")
            yield r.structure, say("{0}, {1}, has {2} {3}", r.structure, place, r.metric, _value(r))


def _closeness(r: ConstraintResult) -> float:
    """Return the value as a part of its limit, for upper limits of priority 1; else 0."""
    bounded = r.op in ABOVE and direction_of(r) is Direction.TOO_HOT
    if (
        not bounded
        or r.priority != 1
        or not r.counts
        or r.value is None
        or not r.per_protocol_limit
    ):
        return 0.0
    return r.value / r.per_protocol_limit


class _Level(NamedTuple):
    total_gy: float
    limit_gy: float


@check(
    "LIVER_LEVEL",
    title="Prescription level that the liver allows",
    group=Group.PRESCRIPTION,
    severity=Severity.MINOR,
    milder=(Severity.INFO,),
    source="RTOG 1112 (recalled)",
    rows=(6,),
)
def liver_level(
    context: CheckContext, structure: str = "Liver-GTV", metric: str = "Mean[Gy]"
) -> Iterator[Outcome]:
    """Compare the prescribed level with the highest that the mean dose of the liver allows.

    The protocol has levels with the same fractions, each with a limit of the mean dose of its own.
    For each level the mean dose is scaled to its prescription; the highest level within its limit
    is allowed. A higher one that was prescribed is a deviation; a lower one is told. Limits of the
    same structure that the step down would not settle are named, scaled in the same way.

    Parameters
    ----------
    structure, metric
        Which limits choose the level.
    """
    mean = next(
        (r for r in context.results if (r.structure, r.metric) == (structure, metric)), None
    )
    rx_gy = context.prescription_gy
    if mean is None or not mean.value or rx_gy is None or rx_gy <= 0:
        return  # a liver without any dose says nothing of levels
    levels = sorted(_levels(context, structure, metric), reverse=True)
    if not any(same_prescription(rx_gy, level.total_gy) for level in levels):
        return
    allowed = next((v for v in levels if mean.value * v.total_gy / rx_gy <= v.limit_gy), None)
    where, found = structure, say("mean {0} Gy at {1} Gy", f"{mean.value:.1f}", f"{rx_gy:g}")
    if allowed is None:
        text = say(
            "{0} Gy was prescribed; a mean of {1} Gy allows no level",
            f"{rx_gy:g}",
            f"{mean.value:.1f}",
        )
        yield Found(where, text, NO_LEVEL, found, say("a level of the protocol"))
    elif same_prescription(rx_gy, allowed.total_gy):
        yield Passed(where, found, say("allows {0} Gy", f"{allowed.total_gy:g}"))
    else:
        scaled = mean.value * allowed.total_gy / rx_gy
        level, limit = f"{allowed.total_gy:g} Gy", say("limit {0} Gy", f"{allowed.limit_gy:g}")
        text = say(
            "{0} Gy was prescribed; a mean of {1} Gy allows {2} (scaled to it {3} Gy, {4})",
            f"{rx_gy:g}",
            f"{mean.value:.1f}",
            level,
            f"{scaled:.1f}",
            limit,
        )
        lower = rx_gy < allowed.total_gy
        advice = "" if lower else _step_down(context, mean, allowed.total_gy / rx_gy, level)
        severity = Severity.INFO if lower else None
        yield Found(where, text, advice, found, f"{allowed.total_gy:g} Gy", severity=severity)


def _step_down(context: CheckContext, mean: ConstraintResult, part: float, level: str) -> str:
    """Return what stepping down to a level does: limits that would still be missed are named."""
    left: dict[str, ConstraintResult] = {}
    for r in context.results:
        if r.structure == mean.structure and r is not mean and _missed(r, part) is not None:
            known = left.setdefault(r.metric, r)
            if (r.per_protocol_limit or 0.0) < (known.per_protocol_limit or 0.0):
                left[r.metric] = r  # two limits of one metric: the tighter settles both
    missed = joined(", ", (_scaled_text(r, part) for r in left.values()))
    if not missed:
        return say("Step down to {0}, or say why not.", level)
    return say(
        "Stepping down to {0} settles {1} but not {2}: another plan is needed that spares more "
        "of it.",
        level,
        _in_words(mean.metric),
        missed,
    )


def _in_words(metric: str) -> str:
    """Return what a metric is, as a clinician would say it."""
    spec = parse_metric(metric)
    return meaning_of(spec).called(spec) or metric


def _scaled_text(r: ConstraintResult, part: float) -> str:
    scaled, limit = (r.value or 0.0) * part, f"{r.per_protocol_limit:g}"
    return say(
        "{0} ({1} {2}, limit {3} {4})", _in_words(r.metric), f"{scaled:.1f}", r.unit, limit, r.unit
    )


def _missed(r: ConstraintResult, part: float) -> float | None:
    """Return the value in a plan scaled to a part of its dose where it still misses its limit.

    None where the limit is met, is no upper limit of a dose, or does not count.
    """
    if not r.counts or r.op not in ABOVE or r.value is None or r.per_protocol_limit is None:
        return None
    spec = parse_metric(r.metric)
    if not meaning_of(spec).scales(spec):
        return None
    scaled = r.value * part
    return scaled if scaled > r.per_protocol_limit else None


def _levels(context: CheckContext, structure: str, metric: str) -> Iterator[_Level]:
    """Yield the levels with the planned fractions that have a limit of their own."""
    if context.protocol is None:
        return
    for option in context.protocol.options:
        if not _holds(option.when, "fractions", context.fractions):
            continue
        for c in option.constraints:
            if (c.structure, c.metric) != (structure, metric) or c.per_protocol is None:
                continue
            if c.liver_rule not in ("", context.protocol.liver_rule):
                continue
            for comparison in parse_condition(c.when):
                if comparison.name == "prescription_gy" and comparison.sign == "==":
                    yield _Level(comparison.number, c.per_protocol)


def _holds(condition: str, name: str, value: float | None) -> bool:
    parts = [c for c in parse_condition(condition) if c.name == name]
    return value is not None and all(c.holds(value) for c in parts)
