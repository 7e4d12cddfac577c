#!/usr/bin/env python3
"""Write docs/advice.md: what a report says of every limit that is missed, in every language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sbrt_qa import load_protocol
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.errors import MetricError
from sbrt_qa.i18n.words import Words, languages
from sbrt_qa.protocol.definition import ConformityLimit, Constraint, Protocol
from sbrt_qa.protocol.grading import beyond_of, verdict_within
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.reports.compose.advice import action, coverage_first
from sbrt_qa.reports.compose.meaning import harm

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "advice.md"

MISSED_BY = 0.2
"""Part of its bound by which each limit is missed here."""

INTRODUCTION = """# What a report advises

Every limit of `{protocol}`, missed by a fifth of its bound: why it matters, and what may settle it,
as a report says it. `scripts/make_advice_page.py` makes this page; `tests/reports/test_advice.py`
fails when it is not what the program says.

The sentence follows from the volume of the limit. A dose to at most 0.5 cc is a maximum: its
isodose is brought off the organ. A larger volume may get more, up to the volume that the limit
allows, and a report says how large it is in the plan (left out here). Coverage of the target gives
way only to a serial organ of priority 1 that touches it, with a first estimate of what that costs
(`COVERAGE_COST` in [checks](checks.md)); limits of priority 3 neither cost coverage nor dose, and
where an organ misses no other limit, the report says so. A level of the protocol that would meet a
limit is named.
"""


def missed(limit: Constraint | ConformityLimit) -> ConstraintResult | None:
    """Return a limit that is missed; None for one that is reported only or goes by a table."""
    if limit.op == "report" or limit.per_protocol is None:
        return None
    try:
        unit = parse_metric(limit.metric).unit
    except MetricError:
        return None
    lower = limit.op in (">=", ">")
    factor = 1 - MISSED_BY if lower or limit.op == "==" else 1 + MISSED_BY
    value, beyond = limit.per_protocol * factor, beyond_of(limit)
    bounds = limit.per_protocol, limit.minor
    return ConstraintResult(
        id=limit.id,
        structure=limit.structure if isinstance(limit, Constraint) else "PTV",
        metric=limit.metric,
        op=limit.op,
        match=None,
        value=value,
        unit=unit,
        reason=None,
        per_protocol_limit=limit.per_protocol,
        minor_limit=limit.minor,
        beyond=beyond,
        margin=-abs(value - limit.per_protocol),
        verdict=verdict_within(limit.op, value, *bounds, beyond),
        priority=limit.priority,
        counts=True,
        source=limit.source,
        confidence=limit.confidence,
    )


def limits(protocol: Protocol) -> Iterator[tuple[str, ConstraintResult]]:
    """Yield every limit that can be missed, under the heading of its part of the protocol."""
    parts: list[tuple[str, tuple[Constraint | ConformityLimit, ...]]] = [
        ("Targets", protocol.targets.limits),
        ("Conformity", protocol.conformity),
        *((option.id, option.constraints) for option in protocol.options),
    ]
    for heading, listed in parts:
        for limit in listed:
            if result := missed(limit):
                yield heading, result


def page() -> str:
    """Return the page."""
    protocol = load_protocol("liver_sbrt")
    text = INTRODUCTION.format(protocol=f"{protocol.id} {protocol.version}")
    told = ""
    for heading, result in limits(protocol):
        if heading != told:
            text += f"\n## {heading}\n"
            told = heading
        bound = f"{result.op} {result.per_protocol_limit:g} {result.unit}"
        text += f"\n**{result.id}**: {result.structure} {result.metric} {bound}, "
        text += f"priority {result.priority}\n"
        for language in languages():
            words = Words(language)
            why = words(harm(result)) if harm(result) else ""
            advice = " ".join([action(result, None, (), words), *coverage_first([result], words)])
            text += f"- {why} {advice}\n".replace("  ", " ")
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.name}: {page().count('**') // 2} limits")
