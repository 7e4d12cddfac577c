"""What changed between two versions in a few lines, for a dashboard or a letter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sbrt_qa.compare.comparison import Area, FindingState, GammaSummary, Trend
from sbrt_qa.i18n.phrase import Phrase, joined, say, stated
from sbrt_qa.i18n.words import Words
from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.compose import two_versions as view
from sbrt_qa.reports.compose.verdict_words import WORDS

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


def summary_lines(found: CaseComparison, language: str = "en") -> list[str]:
    """Return the verdict of the case first, then what became of it and why, a line for each kind.

    What is the same in both versions has no line.
    """
    lines = [
        say("Case: {0}", view.case_line(found)),
        *([say("Requested: {0}; {1}", found.expect, view.headline(found))] if found.expect else []),
        *(say("{0}: {1}: {2}", f.code, f.where, f.message) for f in found.findings),
        *_findings(found.checks),
        *_limits(found.metrics),
        *_facts(found.changes),
        *_structures(found.changes),
        *_dose(found.dose),
    ]
    return list(map(Words(language), lines))


def _told(title: str, things: Sequence[str]) -> Iterator[Phrase]:
    if things:
        listed = joined("; ", things[:MOST])
        if len(things) > MOST:
            listed = say("{0} and {1} more", listed, len(things) - MOST)
        yield say("{0}: {1}", title, listed)


def _findings(checks: Sequence[FindingChange]) -> Iterator[Phrase]:
    for state in FindingState:
        if state is not FindingState.SAME:
            told = [_finding(c) for c in checks if c.state is state]
            yield from _told(say("Findings {0}", stated(state)), told)


def _finding(change: FindingChange) -> Phrase:
    shown = change.shown
    return say("{0}: {1} ({2})", shown.where, shown.message, view.check_verdicts(change))


def _limits(metrics: Sequence[MetricChange]) -> Iterator[Phrase]:
    for trend in (Trend.WORSE, Trend.BETTER):
        told = [_limit(m) for m in metrics if m.trend is trend]
        yield from _told(say("Limits {0}", stated(trend)), told)


def _limit(row: MetricChange) -> Phrase:
    before, after, _ = view.metric_numbers(row)
    verdicts = (stated(WORDS[v]) for v in (row.before_verdict, row.after_verdict) if v)
    metric = row.metric.partition("[")[0]
    numbers = f"{row.structure} {metric} {before} → {after}"
    return say("{0} ({1})", numbers, joined(" → ", verdicts))


def _facts(changes: Sequence[Change]) -> Iterator[Phrase]:
    for area in Area:
        if area not in _ELSEWHERE:
            grouped = view.grouped_changes([c for c in changes if c.area is area])
            yield from _told(stated(area.capitalize()), [_fact(c) for c in grouped])


def _fact(change: Change) -> str:
    item = change.item if change.item != change.what else ""
    ends = (change.before or say("none"), change.after or say("none"))
    return joined(" ", (item, change.what, say("{0} → {1}", *ends)))


def _structures(changes: Sequence[Change]) -> Iterator[Phrase]:
    told = [_fact(c) for c in changes if c.area is Area.STRUCTURES]
    yield from _told(say("Structures"), told)


def _dose(dose: DoseChange | Reason) -> Iterator[Phrase]:
    if isinstance(dose, Reason):
        yield say("Dose: not compared, {0}", dose.detail)
        return
    if dose.is_same:
        return
    text = say(
        "Dose: maximum {0} → {1} Gy, differences from {2} to {3} Gy, mean {4} Gy",
        f"{dose.max_before_gy:.2f}", f"{dose.max_after_gy:.2f}", f"{dose.largest_fall_gy:+.2f}",
        f"{dose.largest_rise_gy:+.2f}", f"{dose.mean_gy:+.2f}",
    )  # fmt: skip
    if isinstance(gamma := dose.gamma, GammaSummary):
        criteria = f"{gamma.dose_percent:g} %/{gamma.distance_mm:g} mm"
        passing = f"{gamma.pass_percent:.1f}"
        text = say("{0}; gamma {1} passes at {2} % of the voxels", text, criteria, passing)
    yield text
