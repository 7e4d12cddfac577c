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
    from sbrt_qa.compare.comparison import CaseComparison


def render_comparison(found: CaseComparison, page: Page) -> str:
    """Return what changed, structures, dose and limits side by side, and the findings."""
    parts: list[RenderableType] = [
        _text(found.after.protocol.standing),
        Text("─" * page.width, "dim"),
        label_grid(words.header_lines(found)),
        Text(),
        Text(words.case_line(found), COLOURS[found.after.verdict]),
        Text(words.headline(found), COLOURS[found.verdict]),
        *section("About the comparison", _findings(found)),
        *section("What changed", _changes(found)),
        *section("Findings of the plan", _checks(found)),
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


def _checks(found: CaseComparison) -> Iterator[RenderableType]:
    """Yield a table of findings that are not the same, and one line for those that are."""
    told = words.checks_told(found.checks)
    if told:
        table = plain_table("what became of it", "weight", "code", "where", "finding")
        for change in told:
            shown = change.shown
            style = COLOURS[shown.verdict] if shown.verdict and change.after else "dim"
            table.add_row(
                _text(words.check_state(change)), _text(words.check_verdicts(change), style),
                _text(shown.code), _text(shown.where), _text(words.check_message(change)),
            )  # fmt: skip
        yield table
    if same := words.same_checks_line(found.checks):
        yield _text(same, "dim")


def _structures(found: CaseComparison) -> Iterator[RenderableType]:
    """Yield a table of those that differ, and lines for those that do not or are not known to."""
    differing, same, untold = words.split_structures(found.structures)
    if differing:
        compared = any(row.dice is not None for row in differing)
        table = plain_table("structure", "state")
        numbers = ("before cc", "after cc", "Dice", "mean mm", "95 % mm", "max mm")
        for name in numbers if compared else numbers[:2]:
            table.add_column(name, justify="right", no_wrap=True)
        for row in differing:
            shown = words.structure_numbers(row)
            cells = shown if compared else shown[:2]
            table.add_row(_text(row.name), words.state(row), *cells)
        yield table
        yield from (_text(f"? {line}") for line in words.structure_reasons(differing))
    yield from (_text(f"? {line}") for line in words.untold_lines(untold))
    if same:
        yield _text(f"unchanged: {', '.join(same)}", "dim")


def _limits(found: CaseComparison) -> Iterator[RenderableType]:
    """Yield a table of limits that changed, and lines for the others."""
    shown, same, silent = words.split_metrics(found.metrics)
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
    if same:
        yield _text(f"same value and verdict: {', '.join(same)}", "dim")
    if silent:
        yield _text(f"without a value in either version: {', '.join(silent)}", "dim")


def _text(text: str, style: str = "") -> Text:
    return Text(visible(text), style)
