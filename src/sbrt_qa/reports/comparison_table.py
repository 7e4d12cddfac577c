"""Two versions of a submission, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sbrt_qa.errors import visible
from sbrt_qa.reports import comparison_view as words
from sbrt_qa.reports.as_table import COLOURS, label_grid, plain_table, print_to_text, section
from sbrt_qa.reports.registry import Page
from sbrt_qa.reports.view import NOT_FOR_TREATMENT, SIGNS, finding_text, verdict_text

if TYPE_CHECKING:
    from sbrt_qa.review.comparison import CaseComparison


def render_comparison(found: CaseComparison, page: Page) -> str:
    """Return what changed, structures, dose and limits side by side, and the findings."""
    verdict = Text(words.headline(found), COLOURS[found.verdict])
    parts: list[RenderableType] = [
        Text("─" * page.width, "dim"),
        label_grid(words.header_lines(found)),
        Text(),
        verdict,
        *section("Findings", _findings(found)),
        *section("What changed", _changes(found)),
        *section("Structures", _structures(found)),
        *section("Dose, later minus earlier", map(_text, words.dose_lines(found.dose))),
        *section("Limits", _limits(found)),
        Text(),
        *(_text(line, "dim") for line in words.origin_lines(found)),
        Text(NOT_FOR_TREATMENT, "dim"),
        Text(),
    ]
    return print_to_text(parts, page)


def _findings(found: CaseComparison) -> Iterator[Text]:
    for f in found.findings:
        sign = SIGNS[f.verdict] if f.verdict else "·"
        style = COLOURS[f.verdict] if f.verdict else ""
        yield Text.assemble((f"{sign} ", style), finding_text(f))


def _changes(found: CaseComparison) -> Iterator[Table]:
    if not found.changes:
        return
    table = plain_table("area", "item", "what", "before", "after")
    if found.expect:
        table.add_column("requested", no_wrap=True)
    for change in words.grouped_changes(found.changes):
        cells = (change.area, change.item, change.what, change.before, change.after)
        shown = [_text(cell) for cell in cells]
        table.add_row(*shown, *([words.requested(change)] if found.expect else []))
    yield table


def _structures(found: CaseComparison) -> Iterator[RenderableType]:
    """Yield a table of those that differ, and one line for those that do not."""
    differing, same = words.split_structures(found.structures)
    if differing:
        table = plain_table("structure", "state")
        for name in ("before cc", "after cc", "Dice", "mean mm", "95 % mm", "max mm"):
            table.add_column(name, justify="right", no_wrap=True)
        for row in differing:
            table.add_row(_text(row.name), words.state(row), *words.structure_numbers(row))
        yield table
        yield from (_text(f"? {line}") for line in words.structure_reasons(differing))
    if same:
        yield _text(f"unchanged: {', '.join(same)}", "dim")


def _limits(found: CaseComparison) -> Iterator[RenderableType]:
    """Yield a table of limits with a value, and one line for those without any."""
    shown, silent = words.split_metrics(found.metrics)
    table = plain_table("id", "structure", "metric")
    for name in ("before", "after", "difference"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("verdict before", "after", ""):
        table.add_column(name, no_wrap=True)
    for row in shown:
        verdicts = [
            Text("no such limit", "dim") if v is None else Text(verdict_text(v), COLOURS[v])
            for v in (row.before_verdict, row.after_verdict)
        ]
        cells = (row.id, row.structure, row.metric)
        table.add_row(*map(_text, cells), *words.metric_numbers(row), *verdicts, words.trend(row))
    if shown:
        yield table
    if silent:
        yield _text(f"without a value in either version: {', '.join(silent)}", "dim")


def _text(text: str, style: str = "") -> Text:
    return Text(visible(text), style)
