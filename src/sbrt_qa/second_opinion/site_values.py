"""The site's own numbers beside ours: DVHs stored with the dose, and a CSV that the site sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, meaning_of
from sbrt_qa.dosimetry.metrics import evaluate
from sbrt_qa.i18n.phrase import joined, say
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode, Verdict
from sbrt_qa.model.plan import Plan
from sbrt_qa.model.stored_dvh import StoredDvh
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.folding import folded
from sbrt_qa.protocol.grading import verdict_of
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.second_opinion.causes import with_tested_causes
from sbrt_qa.second_opinion.second_opinion import Comparison, held, with_causes
from sbrt_qa.second_opinion.site_csv import SiteValue

STORED: Final = "RTDOSE"
WHOLE: Final = tuple(parse_metric(text) for text in ("Volume[cc]", "Mean[Gy]", "Max[Gy]"))
"""Compared of every structure, whatever the limits ask for."""

FindDvh = Callable[[str], DVH | Reason]
"""Gives our DVH of a structure by the name that the site uses."""


def compare_stored(doses: CaseDoses, limits: Sequence[ConstraintResult]) -> tuple[Comparison, ...]:
    """Compare every metric of every structure that has a DVH stored with the dose."""
    keys = {s.roi_number: key for key, s in structures_of(doses.case).items()}
    known = {d.roi_number: d for d in doses.case.stored_dvhs if d.roi_number in keys}
    rows = [
        row
        for number, stored in known.items()
        for row in _stored_rows(doses, keys[number], number, stored, metrics_of(limits, number))
    ]
    return _explained(doses, rows)


def compare_sent(
    doses: CaseDoses, values: Sequence[SiteValue], find: FindDvh
) -> tuple[Comparison, ...]:
    """Compare the values of a CSV; a structure that is not there gives a Reason."""
    return _explained(doses, [_sent_row(doses, value, find(value.structure)) for value in values])


def with_verdicts(
    rows: Sequence[Comparison], limits: Sequence[ConstraintResult]
) -> tuple[Comparison, ...]:
    """Return rows of the site, each with the verdict that its value would change.

    Also of a row that agrees: within the tolerance a limit may still fall on the other side.
    """
    return tuple(replace(row, verdict_text=_other_verdicts(row, limits)) for row in rows)


def _other_verdicts(row: Comparison, limits: Sequence[ConstraintResult]) -> str:
    other = row.other
    if row.ours is None or other is None:
        return ""
    asked = (limit for limit in limits if limit.value is not None and _is_asked(row, limit))
    found = ((limit, verdict_of(limit, other)) for limit in asked)
    return joined("; ", [_would_be(v, limit.id) for limit, v in found if v is not limit.verdict])


def _would_be(verdict: Verdict, limit: str) -> str:
    match verdict:
        case Verdict.PER_PROTOCOL:
            return say("by the site's value this limit would be per protocol ({0})", limit)
        case Verdict.MINOR:
            return say("by the site's value this limit would be minor ({0})", limit)
        case Verdict.MAJOR:
            return say("by the site's value this limit would be major ({0})", limit)
        case Verdict.NOT_EVALUABLE:
            return say("by the site's value this limit would not be evaluable ({0})", limit)


def _is_asked(row: Comparison, limit: ConstraintResult) -> bool:
    """Tell whether a limit asks for the metric of a row, of the same structure."""
    names = limit.match.plan_names if limit.match and len(limit.match.plan_names) == 1 else ()
    same = folded(row.structure) in {folded(name) for name in (limit.structure, *names)}
    return same and limit.metric == row.metric


def structures_named(doses: CaseDoses, name: str) -> list[Structure]:
    """Return the structures of the plan with a name, else those with the same name folded."""
    there = structures_of(doses.case).items()
    exact = [s for key, s in there if name in (key, s.name)]
    return exact or [s for key, s in there if folded(name) in (folded(key), folded(s.name))]


def differing(rows: Sequence[Comparison]) -> tuple[str, ...] | None:
    """Return what differs from the DVHs stored with the dose; None where none are stored."""
    stored = [row for row in rows if row.source == STORED and row.agrees is not None]
    if not stored:
        return None
    return tuple(
        f"{row.structure} {row.metric}: {row.other:.2f} {row.unit} stored, {row.ours:.2f} ours"
        for row in stored
        if row.agrees is False
    )


def metrics_of(limits: Sequence[ConstraintResult], roi_number: int) -> tuple[MetricSpec, ...]:
    """Return the metrics that limits ask of one structure of the plan, and the usual ones."""
    asked = [
        parse_metric(limit.metric)
        for limit in limits
        if limit.value is not None and limit.match and limit.match.roi_numbers == (roi_number,)
    ]
    wanted = [spec for spec in asked if meaning_of(spec).from_histogram]
    return tuple({spec.text: spec for spec in (*WHOLE, *wanted)}.values())


def _stored_rows(
    doses: CaseDoses, key: str, number: int, stored: StoredDvh, specs: Sequence[MetricSpec]
) -> Iterator[Comparison]:
    structure = structures_of(doses.case)[key]
    ours = doses.dvh(structure)
    theirs = as_dvh(stored)
    for spec in specs:
        needs_cc = "cc" in (spec.unit, spec.argument_unit) or spec.relative_to
        if structure.roi_number != number or (stored.volume_cc is None and needs_cc):
            continue
        if isinstance(outcome := evaluate(spec, theirs, doses.metric_context), Measured):
            yield comparison(key, spec, ours, outcome, STORED, doses.metric_context)


def comparison(
    structure: str,
    spec: MetricSpec,
    dvh: DVH | Reason,
    other: Outcome,
    source: str,
    context: MetricContext,
) -> Comparison:
    """Hold another value against ours."""
    ours = dvh if isinstance(dvh, Reason) else evaluate(spec, dvh, context)
    volume_cc = None if isinstance(dvh, Reason) else dvh.volume_cc
    return held(structure, spec, ours, other, source, volume_cc, context)


def as_dvh(stored: StoredDvh) -> DVH:
    """Return a stored histogram as a DVH; of 100 cc where its volume is not known."""
    volume_cc = 100.0 if stored.volume_cc is None else stored.volume_cc
    low = stored.curve_min_gy if stored.min_gy is None else stored.min_gy
    high = stored.curve_max_gy if stored.max_gy is None else stored.max_gy
    mean = stored.curve_mean_gy if stored.mean_gy is None else stored.mean_gy
    high = max(low, high)
    cumulative = stored.fraction * volume_cc
    return DVH(volume_cc, 0.0, stored.dose_gy, cumulative, low, min(max(mean, low), high), high)


def _sent_row(doses: CaseDoses, value: SiteValue, dvh: DVH | Reason) -> Comparison:
    source = f"site file, line {value.line}"
    given = Measured(value.value, value.spec.unit)
    if value.spec.relative_to:
        why = say("a volume in per cent of another structure is not compared")
        dvh = Reason(ReasonCode.REFERENCE_MISSING, why)
    named = structures_named(doses, value.structure)
    context = doses.context_of(named[0]) if len(named) == 1 else doses.metric_context
    return comparison(value.structure, value.spec, dvh, given, source, context)


def _explained(doses: CaseDoses, rows: Sequence[Comparison]) -> tuple[Comparison, ...]:
    plan, rx_gy = doses.case.plan, doses.metric_context.prescription_gy
    fractions = plan.fractions if isinstance(plan, Plan) else None
    return with_causes(
        _tested(doses, rows),
        prescription_gy=rx_gy if isinstance(rx_gy, float | int) else None,
        fractions=fractions if isinstance(fractions, int) else None,
    )


def _tested(doses: CaseDoses, rows: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Return rows with the causes that could be shown by computing them, structure by structure."""
    tested: list[Comparison] = []
    for name, same in groupby(rows, key=lambda row: row.structure):
        named, of_one = structures_named(doses, name), list(same)
        tested += with_tested_causes(doses, named[0], of_one) if len(named) == 1 else of_one
    return tuple(tested)
