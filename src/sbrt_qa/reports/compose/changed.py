"""What a resubmission changed, as tables: what stayed the same is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sbrt_qa.errors import visible
from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.comparison_view import dose_lines, grouped_changes, metric_numbers
from sbrt_qa.reports.compose.marks import mark_of
from sbrt_qa.reports.page import Mark, Table
from sbrt_qa.reports.words import Words, msg
from sbrt_qa.review.comparison import CaseComparison, MetricChange, Trend

TRENDS: Final = {
    Trend.SAME: msg("same verdict"),
    Trend.BETTER: msg("better"),
    Trend.WORSE: msg("worse"),
    Trend.OTHER_LIMITS: msg("applies to one of both"),
}

SMALLEST: Final = 5e-4
"""Relative difference of values from which on a limit is shown: less is not seen in its digits."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What a resubmission changed: verdicts of both, limits with another value, other things.

    A table is None where there is nothing to put into it.
    """

    before: Mark
    after: Mark
    limits: Table | None
    others: Table | None
    notes: tuple[str, ...]


def changed(found: CaseComparison, words: Words) -> Changed:
    """Return what changed from the submission before to this one."""
    limits = tuple(_limit(row, words) for row in found.metrics if _differs(row))
    others = tuple(_others(found, words))
    return Changed(
        before=mark_of(found.before.verdict, words),
        after=mark_of(found.after.verdict, words),
        limits=Table(tuple(words(text) for text in LIMIT_HEADS), limits) if limits else None,
        others=Table(tuple(words(text) for text in OTHER_HEADS), others) if others else None,
        notes=tuple(_notes(found, words)),
    )


LIMIT_HEADS: Final = (
    msg("limit"), msg("structure"), msg("metric"), msg("before"), msg("now"), msg("difference"),
    msg("verdict before"), msg("verdict now"), msg("change"),
)  # fmt: skip

OTHER_HEADS: Final = (msg("part"), msg("where"), msg("what"), msg("before"), msg("now"))


def _differs(row: MetricChange) -> bool:
    if row.trend is not Trend.SAME or (row.before is None) is not (row.after is None):
        return True
    if row.before is None or row.after is None:
        return False
    return abs(row.after - row.before) > SMALLEST * max(abs(row.after), abs(row.before))


def _limit(row: MetricChange, words: Words) -> tuple[str, ...]:
    verdicts = (row.before_verdict, row.after_verdict)
    marks = ("" if v is None else f"{(m := mark_of(v, words)).sign} {m.word}" for v in verdicts)
    told = (row.id, row.structure, row.metric, *metric_numbers(row))
    return (*map(visible, told), *marks, words(TRENDS[row.trend]))


def _others(found: CaseComparison, words: Words) -> Iterator[tuple[str, ...]]:
    for one in grouped_changes(found.changes):
        told = (str(one.area), one.item, one.what, one.before, one.after)
        yield tuple(words.sentence(visible(text)) for text in told)


def _notes(found: CaseComparison, words: Words) -> Iterator[str]:
    if not isinstance(found.dose, Reason):
        yield from (words.sentence(visible(line)) for line in dose_lines(found.dose))
    else:
        yield words.sentence(visible(found.dose.detail))
    for finding in found.findings:
        yield words.sentence(visible(finding.message))
