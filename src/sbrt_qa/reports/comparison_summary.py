"""What changed between two versions in a few lines, for a dashboard or a letter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sbrt_qa.compare.comparison import Area, FindingState, GammaSummary, Trend
from sbrt_qa.errors import visible
from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports import comparison_view as view
from sbrt_qa.reports.view import WORDS

if TYPE_CHECKING:
    from sbrt_qa.compare.comparison import (
        CaseComparison,
        Change,
        DoseChange,
        FindingChange,
        MetricChange,
    )

MOST = 4
"""Things of one kind that are told; of more, the first and how many there are."""

_ELSEWHERE = (Area.IDENTIFIERS, Area.STRUCTURES, Area.DOSE)
"""Areas that need no line of facts: always new, or told with their numbers."""


def summary_lines(found: CaseComparison) -> list[str]:
    """Return the verdict of the case first, then what became of it and why, a line for each kind.

    What is the same in both versions has no line.
    """
    lines = [
        f"Case: {view.case_line(found)}",
        *([f"Requested: {found.expect}; {view.headline(found)}"] if found.expect else []),
        *(f"{f.code}: {f.where}: {f.message}" for f in found.findings),
        *_findings(found.checks),
        *_limits(found.metrics),
        *_facts(found.changes),
        *_structures(found.changes),
        *_dose(found.dose),
    ]
    return [visible(line) for line in lines]


def _told(title: str, things: Sequence[str]) -> Iterator[str]:
    if things:
        more = f" and {len(things) - MOST} more" if len(things) > MOST else ""
        yield f"{title}: {'; '.join(things[:MOST])}{more}"


def _findings(checks: Sequence[FindingChange]) -> Iterator[str]:
    for state in FindingState:
        if state is not FindingState.SAME:
            told = [_finding(c) for c in checks if c.state is state]
            yield from _told(f"Findings {state}", told)


def _finding(change: FindingChange) -> str:
    message = change.shown.message.rstrip(".")
    return f"{change.shown.where}: {message} ({view.check_verdicts(change)})"


def _limits(metrics: Sequence[MetricChange]) -> Iterator[str]:
    for trend in (Trend.WORSE, Trend.BETTER):
        yield from _told(f"Limits {trend}", [_limit(m) for m in metrics if m.trend is trend])


def _limit(row: MetricChange) -> str:
    before, after, _ = view.metric_numbers(row)
    verdicts = (WORDS[v] for v in (row.before_verdict, row.after_verdict) if v)
    metric = row.metric.partition("[")[0]
    return f"{row.structure} {metric} {before} → {after} ({' → '.join(verdicts)})"


def _facts(changes: Sequence[Change]) -> Iterator[str]:
    for area in Area:
        if area not in _ELSEWHERE:
            grouped = view.grouped_changes([c for c in changes if c.area is area])
            yield from _told(area.capitalize(), [_fact(c) for c in grouped])


def _fact(change: Change) -> str:
    item = f"{change.item} " if change.item and change.item != change.what else ""
    return f"{item}{change.what} {change.before or 'none'} → {change.after or 'none'}"


def _structures(changes: Sequence[Change]) -> Iterator[str]:
    yield from _told("Structures", [_fact(c) for c in changes if c.area is Area.STRUCTURES])


def _dose(dose: DoseChange | Reason) -> Iterator[str]:
    if isinstance(dose, Reason):
        yield f"Dose: not compared, {dose.detail}"
        return
    if dose.is_same:
        return
    text = (
        f"Dose: maximum {dose.max_before_gy:.2f} → {dose.max_after_gy:.2f} Gy, differences from "
        f"{dose.largest_fall_gy:+.2f} to {dose.largest_rise_gy:+.2f} Gy, "
        f"mean {dose.mean_gy:+.2f} Gy"
    )
    gamma = dose.gamma
    if isinstance(gamma, GammaSummary):
        criteria = f"{gamma.dose_percent:g} %/{gamma.distance_mm:g} mm"
        text += f"; gamma {criteria} passes at {gamma.pass_percent:.1f} % of the voxels"
    yield text
