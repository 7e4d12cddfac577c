"""Two versions of a submission, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from sbrt_qa.i18n.phrase import say, stated
from sbrt_qa.i18n.words import Words
from sbrt_qa.reports.compose import two_versions as told
from sbrt_qa.reports.compose.case_page import DISCLAIMER
from sbrt_qa.reports.compose.report_tables import check_rows
from sbrt_qa.reports.compose.verdict_words import mark_of
from sbrt_qa.reports.page import Cell, Table
from sbrt_qa.reports.registry import Page
from sbrt_qa.reports.terminal import (
    COLOURS,
    composed_table,
    label_grid,
    mark_style,
    print_to_text,
    section,
)

if TYPE_CHECKING:
    from sbrt_qa.compare.comparison import CaseComparison

DICE = (
    "Dice: twice the common volume over the sum of both. mean, 95 %, max: distance between the "
    "surfaces, by area."
)


def render_comparison(found: CaseComparison, page: Page) -> str:
    """Return what changed, structures, dose and limits side by side, and the findings."""
    words = Words(page.language)
    engine = found.engine
    made = say("Computed by {0}; {1}.", f"sbrt_qa {engine.version}", engine.convention)
    parts: list[RenderableType] = [
        Text(words.sentence(found.after.protocol.standing)),
        Text("─" * page.width, "dim"),
        label_grid(
            (words(fact.label), words.value(fact.text)) for fact in told.header_facts(found)
        ),
        Text(),
        Text(words(told.case_line(found)), COLOURS[found.after.verdict]),
        Text(words(told.headline(found)), COLOURS[found.verdict]),
        *section(words(say("About the comparison")), _findings(found, words)),
        *section(words(say("What changed")), _changes(found, words)),
        *section(words(say("Findings of the plan")), _checks(found, words)),
        *section(words(say("Structures")), _structures(found, words)),
        *section(
            words(say("Dose, later minus earlier")),
            (Text(words(line)) for line in told.dose_lines(found.dose)),
        ),
        *section(words(say("Limits")), _limits(found, words)),
        Text(),
        *(Text(words(line), "dim") for line in (made, say(DICE), DISCLAIMER)),
        Text(),
    ]
    return print_to_text(parts, page)


def _findings(found: CaseComparison, words: Words) -> Iterator[Text]:
    for row in check_rows(found.findings, words, good=False):
        where = f"{row.where}: " if row.where else ""
        text = f"{row.code}  {where}{row.message} {row.advice}".rstrip()
        yield Text.assemble((f"{row.mark.sign} ", mark_style(row.mark)), text)


def _changes(found: CaseComparison, words: Words) -> Iterator[RenderableType]:
    if not found.changes:
        return
    heads = [say("area"), say("item"), say("what"), say("before"), say("after")]
    rows = [
        [
            stated(c.area),
            c.item,
            stated(c.what),
            c.before,
            c.after,
            *([told.requested(c)] if found.expect else []),
        ]
        for c in told.grouped_changes(found.changes)
    ]
    heads += [say("requested")] if found.expect else []
    yield from composed_table(_table(heads, rows, words))


def _checks(found: CaseComparison, words: Words) -> Iterator[RenderableType]:
    """Yield a table of findings that are not the same, and one line for those that are."""
    heads = [say("change"), say("severity"), say("code"), say("where"), say("finding")]
    rows = [
        [told.check_state(c), told.check_verdicts(c), c.shown.code, c.shown.where,
         told.check_message(c)]
        for c in told.checks_told(found.checks)
    ]  # fmt: skip
    yield from composed_table(_table(heads, rows, words))
    if same := told.same_checks_line(found.checks):
        yield Text(words(same), "dim")


def _structures(found: CaseComparison, words: Words) -> Iterator[RenderableType]:
    """Yield a table of those that differ, and lines for those that do not or are not known to."""
    differing, same, untold = told.split_structures(found.structures)
    if differing:
        numbers = (say("before cc"), say("after cc"), "Dice", say("mean mm"), "95 % mm",
                   say("max mm"))  # fmt: skip
        shown = 6 if any(row.dice is not None for row in differing) else 2
        heads = [say("structure"), say("state"), *numbers[:shown]]
        rows = [[r.name, told.state(r), *told.structure_numbers(r)[:shown]] for r in differing]
        yield from composed_table(_table(heads, rows, words, tuple(range(2, len(heads)))))
        yield from (Text(f"? {words(line)}") for line in told.structure_reasons(differing))
    yield from (Text(f"? {words(line)}") for line in told.untold_lines(untold))
    if same:
        yield Text(words(say("unchanged: {0}", ", ".join(same))), "dim")


def _limits(found: CaseComparison, words: Words) -> Iterator[RenderableType]:
    """Yield a table of limits that changed, and lines for the others."""
    shown, same, silent = told.split_metrics(found.metrics)
    heads = [
        "id", say("structure"), say("metric"), say("before"), say("after"), say("difference"),
        say("verdict before"), say("after"), "",
    ]  # fmt: skip
    missing = say("no such limit")
    rows: list[list[Cell]] = [
        [row.id, row.structure, row.metric, *told.metric_numbers(row),
         *(missing if v is None else mark_of(v, words)
           for v in (row.before_verdict, row.after_verdict)), told.trend(row)]
        for row in shown
    ]  # fmt: skip
    yield from composed_table(_table(heads, rows, words, (3, 4, 5)))
    if same:
        yield Text(words(say("same value and verdict: {0}", ", ".join(same))), "dim")
    if silent:
        without = say("without a value in either version: {0}", ", ".join(silent))
        yield Text(words(without), "dim")


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[Cell]], words: Words,
    numbers: tuple[int, ...] = (),
) -> Table | None:  # fmt: skip
    """Return a table in one language; None without rows."""
    cells = tuple(
        tuple(words.value(cell) if isinstance(cell, str) else cell for cell in row) for row in rows
    )
    return Table(tuple(map(words.value, heads)), cells, numbers=numbers) if rows else None
