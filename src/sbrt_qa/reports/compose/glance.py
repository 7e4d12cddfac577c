"""Everything that decides against a plan, one row each: what a reader must know from page one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sbrt_qa.reports.page import CheckRow, Concern, Glance, Glimpse, PageMark


def glance(concerns: Sequence[Concern], apart: Sequence[CheckRow]) -> tuple[Glance, ...]:
    """Return structures with deviations, and what else checks found, worst first.

    Parameters
    ----------
    apart
        Checks that decide and are about none of these structures.
    """
    rows = [_of_concern(concern, n) for n, concern in enumerate(concerns)]
    rows += [Glance(c.mark, c.where or c.title, (_of_check(c),), c.advice) for c in apart]
    return tuple(sorted(rows, key=lambda row: -_rank(row.mark)))


def _of_concern(concern: Concern, number: int) -> Glance:
    return Glance(
        mark=concern.mark,
        title=concern.title,
        glimpses=tuple(_glimpses(concern)),
        action=concern.actions[0] if concern.actions else "",
        concern=number,
    )


def _glimpses(concern: Concern) -> Iterator[Glimpse]:
    for d in concern.deviations:
        yield Glimpse(d.mark, d.metric, d.value, d.bound, d.off, d.borderline)
    for check in concern.checks:
        yield _of_check(check)


def _of_check(check: CheckRow) -> Glimpse:
    return Glimpse(check.mark, "", check.message or check.found, "", "")


def _rank(mark: PageMark) -> int:
    return mark.verdict.rank if mark.verdict else -1
