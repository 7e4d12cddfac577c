"""What a resubmission changed, as tables: what stayed the same is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sbrt_qa.compare.comparison import CaseComparison, MetricChange, Trend
from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import say, stated
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.reports.compose.two_versions import (
    check_message,
    check_state,
    check_verdicts,
    checks_told,
    dose_lines,
    grouped_changes,
    metric_numbers,
    split_metrics,
)
from sbrt_qa.reports.compose.verdict_words import mark_of
from sbrt_qa.reports.page import PageMark, Table

TRENDS: Final = {
    Trend.SAME: msg("same verdict"),
    Trend.BETTER: msg("better"),
    Trend.WORSE: msg("worse"),
    Trend.OTHER_LIMITS: msg("applies to one of both"),
}


@dataclass(frozen=True, slots=True)
class Changed:
    """What a resubmission changed: verdicts of both, limits with another value, findings, others.

    A table is None where there is nothing to put into it.
    """

    before: PageMark
    after: PageMark
    limits: Table | None
    checks: Table | None
    others: Table | None
    notes: tuple[str, ...]


def changed(found: CaseComparison, words: Words) -> Changed:
    """Return what changed from the submission before to this one."""
    shown, _, _ = split_metrics(found.metrics)
    return Changed(
        before=mark_of(found.before.verdict, words),
        after=mark_of(found.after.verdict, words),
        limits=_table(LIMIT_HEADS, [_limit(row, words) for row in shown], words),
        checks=_table(CHECK_HEADS, list(_checks(found, words)), words),
        others=_table(OTHER_HEADS, list(_others(found, words)), words),
        notes=tuple(_notes(found, words)),
    )


def _table(heads: Sequence[str], rows: Sequence[tuple[str, ...]], words: Words) -> Table | None:
    return Table(tuple(words(text) for text in heads), tuple(rows)) if rows else None


LIMIT_HEADS: Final = (
    msg("limit"), msg("structure"), msg("metric"), msg("before"), msg("now"), msg("difference"),
    msg("verdict before"), msg("verdict now"), msg("change"),
)  # fmt: skip

CHECK_HEADS: Final = (msg("finding"), msg("where"), msg("what was found"), msg("change"))

OTHER_HEADS: Final = (msg("part"), msg("where"), msg("what"), msg("before"), msg("now"))


def _limit(row: MetricChange, words: Words) -> tuple[str, ...]:
    verdicts = (row.before_verdict, row.after_verdict)
    marks = ("" if v is None else f"{(m := mark_of(v, words)).sign} {m.word}" for v in verdicts)
    told = (row.id, row.structure, row.metric, *metric_numbers(row))
    return (*map(visible, told), *marks, words(TRENDS[row.trend]))


def _checks(found: CaseComparison, words: Words) -> Iterator[tuple[str, ...]]:
    for one in checks_told(found.checks):
        change = say("{0}: {1}", check_state(one), check_verdicts(one))
        told = (one.shown.code, one.shown.where, check_message(one), change)
        yield tuple(map(words.value, told))


def _others(found: CaseComparison, words: Words) -> Iterator[tuple[str, ...]]:
    for one in grouped_changes(found.changes):
        told = (stated(one.area), one.item, stated(one.what), one.before, one.after)
        yield tuple(map(words.value, told))


def _notes(found: CaseComparison, words: Words) -> Iterator[str]:
    yield from map(words, dose_lines(found.dose))
    yield from (words.sentence(finding.message) for finding in found.findings)
