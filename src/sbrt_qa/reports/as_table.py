"""Tables for the terminal: colour, word and sign; nothing of a file is taken for markup."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sbrt_qa.errors import visible
from sbrt_qa.model.outcome import Finding, Verdict
from sbrt_qa.reports import view
from sbrt_qa.reports.compose.decision import Basis, basis, headline, next_step
from sbrt_qa.reports.registry import Page
from sbrt_qa.reports.target_cells import HEADS, target_cells

if TYPE_CHECKING:
    from sbrt_qa.review.case_review import CaseReview
    from sbrt_qa.review.dvh_table import DvhTable, StructureDvh
    from sbrt_qa.second_opinion.second_opinion import Comparison

COLOURS = {
    Verdict.PER_PROTOCOL: "green",
    Verdict.MINOR: "yellow",
    Verdict.MAJOR: "bold red",
    Verdict.NOT_EVALUABLE: "magenta",
}


BOUNDLESS = 10_000
"""Columns that no table needs."""

STRUCTURE_WIDTH, METRIC_WIDTH, SOURCE_WIDTH = 20, 13, 6
"""Columns of a limit's texts at least, which fold. They are fixed: where Rich may choose between
folding columns, it cuts others."""


WIDEST_NAME = 30
"""Columns for the name of a structure; a longer one folds."""


def render_reviews(reviews: Sequence[CaseReview], page: Page) -> str:
    """Return one block per case, worst limits first, and an overview when there are several."""
    first: list[RenderableType] = [_text(line) for line in view.standing_lines(reviews)]
    parts = first + [part for review in reviews for part in _blocks(review, page)]
    if len(reviews) > 1:
        parts += [Text("─" * page.width, "dim"), *section("All plans", map(_overview, reviews))]
    return print_to_text(parts, page)


def render_dvh(table: DvhTable, page: Page) -> str:
    """Return one row per structure, metrics as further columns; curves are left to JSON and CSV."""
    grid = plain_table("structure", "ROI")
    grid.columns[0].max_width = WIDEST_NAME
    expressions = list(dict.fromkeys(e for s in table.structures.values() for e in s.metrics))
    columns = ["volume cc", "outside cc", "min Gy", "mean Gy", "max Gy", *expressions]
    for name in columns:
        grid.add_column(visible(name), justify="right", no_wrap=True)
    for key, row in table.structures.items():
        values = (_metric_cell(row, e) for e in expressions)
        grid.add_row(
            _text(key),
            "" if row.roi_number is None else str(row.roi_number),
            *_statistics(row),
            *values,
        )
    parts: list[RenderableType] = [Text(visible(table.case), "bold"), grid]
    parts += [_text(f"Stated by the user: {text}") for text in table.stated]
    parts += [_text(f"? {note}") for note in _notes(table)]
    parts += [_text(f"! {key}: {n}") for key, row in table.structures.items() for n in row.notes]
    parts += [_text(f"{name}: {validity}") for name, validity in _models(table).items()]
    parts.append(Text(f"Computed by sbrt_qa {table.engine_version}; {table.convention}.", "dim"))
    parts.append(Text(view.NOT_FOR_TREATMENT, "dim"))
    return print_to_text(parts, Page(max(page.width, _least_width(grid)), page.colour))


def _least_width(table: Table) -> int:
    """Return the columns below which Rich would cut a cell that does not fold."""
    console = _console(Page(BOUNDLESS), io.StringIO())
    return Measurement.get(console, console.options, table).maximum


def print_to_text(parts: Sequence[RenderableType], page: Page) -> str:
    """Print rich renderables to a string, with colour only where the page understands it."""
    out = io.StringIO()
    console = _console(page, out)
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))


def label_grid(lines: Sequence[tuple[str, str]]) -> Table:
    """Return labels beside texts that may fold."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in lines:
        grid.add_row(label, _text(text))
    return grid


def plain_table(*columns: str) -> Table:
    """Return an empty table of columns that fold."""
    table = _table()
    for name in columns:
        table.add_column(visible(name), overflow="fold")
    return table


def section(title: str, lines: Iterable[RenderableType]) -> Iterator[RenderableType]:
    """Yield a heading and its lines, indented; nothing when there are no lines."""
    shown = [Padding(line, (0, 0, 0, 2)) for line in lines]
    if shown:
        yield Text()
        yield Text(title, "bold")
        yield from shown


def _console(page: Page, out: io.StringIO) -> Console:
    return Console(
        file=out,
        width=page.width,
        force_terminal=page.colour,
        color_system="standard" if page.colour else None,
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )


def _blocks(review: CaseReview, page: Page) -> list[RenderableType]:
    style = COLOURS[review.verdict]
    verdict = Text.assemble(
        (view.verdict_text(review.verdict), style), "  ", view.count_text(review)
    )
    limits, bands_shown = _limits(view.rows(review), page)
    return [
        Text("─" * page.width, "dim"),
        label_grid(view.header_lines(review)),
        Text(),
        verdict,
        *_basis(review),
        *section("Stated by the user", map(_text, review.stated)),
        *section("Targets", _targets(review)),
        *section("Findings", _findings(review.findings)),
        Text(),
        limits,
        Text(view.legend(review, bands_shown=bands_shown), "dim"),
        *section("Borderline", map(_text, view.borderline_lines(review))),
        *section("Depends on the convention", map(_text, view.convention_lines(review))),
        *section("Not evaluable, and why", _reasons(review)),
        *section("Plan checks without a find", _passed(review, page)),
        *section("Plan checks with nothing to look at", map(_text, view.not_told_lines(review))),
        *section("Beside the site's own values", _comparisons(review.site_values)),
        *section("Beside a second engine", _comparisons(review.cross_check)),
        *section("Names", map(_text, view.names_told(review))),
        *section("Notes on limits", map(_text, view.notes(review))),
        *section("Notes on the files", map(_text, review.notes)),
        Text(),
        *(_text(line, "dim") for line in view.origin_lines(review)),
        Text(),
    ]


def _basis(review: CaseReview) -> Iterator[Text]:
    """Yield what decides and what to do, where that is not a limit."""
    if basis(review) is not Basis.LIMITS:
        yield Text(f"{headline(review)} {next_step(review)}".strip())


def _targets(review: CaseReview) -> Iterator[RenderableType]:
    """Yield one row per target, and why one was not judged by itself."""
    if not review.targets:
        return
    grid = plain_table(*HEADS)
    for one in review.targets:
        verdict = "" if one.verdict is None else view.verdict_text(one.verdict)
        style = "" if one.verdict is None else COLOURS[one.verdict]
        grid.add_row(*map(_text, target_cells(one)), Text(verdict, style))
    yield grid
    if any(one.own_prescription for one in review.targets):
        yield _text("* the plan prescribes this dose to this very structure", "dim")
    if any(one.of_union for one in review.targets):
        yield _text("in brackets: an index of the union of these targets", "dim")


def _overview(review: CaseReview) -> Text:
    style = COLOURS[review.verdict]
    verdict = f"{view.verdict_text(review.verdict):<16}"
    return Text.assemble((verdict, style), visible(review.case), f"  {view.count_text(review)}")


def _findings(findings: Sequence[Finding]) -> Iterator[RenderableType]:
    for f in findings:
        sign = view.SIGNS[f.verdict] if f.verdict else "·"
        style = COLOURS[f.verdict] if f.verdict else ""
        heading, text = view.finding_parts(f)
        yield Text.assemble((f"{sign} {heading}", style))
        if text:
            yield Padding(Text(text), (0, 0, 0, 2))


def _passed(review: CaseReview, page: Page) -> Iterator[RenderableType]:
    """Yield how many checks of each group found nothing, or each of them with what it saw."""
    passed = review.passed
    if not page.all_checks:
        if passed:
            yield Text(view.passed_text(review))
        return
    for group in dict.fromkeys(f.group for f in passed):
        table = plain_table("check", "where", "found", "expected", "tolerance")
        for f in passed:
            if f.group == group:
                cells = (f.title, f.where, f.found or f.message, f.expected, f.tolerance)
                table.add_row(*map(_text, cells))
        yield Text(visible(group), "dim")
        yield table


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)


def _limits(rows: Sequence[view.Row], page: Page) -> tuple[Table, bool]:
    """Return the table with a column for every field where that fits, else with fewer columns.

    Beside it stands whether it shows bands.

    Rich cuts a table that cannot be folded further, and a cut number would lie.
    """
    for bands in (True, False) if any(row.uncertainty for row in rows) else (False,):
        spare = page.width - _least_width(_wide_table(rows, bands=bands))
        if spare >= 0:
            return _wide_table(rows, bands=bands, spare=spare), bands
    return _narrow_table(rows), True


def _wide_table(rows: Sequence[view.Row], *, bands: bool, spare: int = 0) -> Table:
    """Return the table with columns of its own width; what is spare goes to what would fold."""
    structure = min(spare, _beyond(STRUCTURE_WIDTH, (row.structure for row in rows)))
    source = min(spare - structure, _beyond(SOURCE_WIDTH, (row.source for row in rows)))
    table = _table()
    for name in ("verdict", "id", "P"):
        table.add_column(name, no_wrap=True)
    table.add_column("structure → ROI", overflow="fold", width=STRUCTURE_WIDTH + structure)
    table.add_column("metric", overflow="fold", width=METRIC_WIDTH)
    shown = ["uncertainty", "spread"] if bands else []
    for name in ("value", *shown, "limit", "minor", "margin"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("source", overflow="fold", width=SOURCE_WIDTH + source)
    for row in rows:
        intervals = (row.uncertainty, row.spread) if bands else ()
        numbers = _number_cells(row, *(Text("\n".join(lines), "dim") for lines in intervals))
        table.add_row(
            _verdict_cell(row), _text(row.id), row.priority, _text(row.structure),
            _text(row.metric), *numbers, _text(row.source),
        )  # fmt: skip
    return table


def _beyond(width: int, texts: Iterable[str]) -> int:
    """Return by how many columns the longest text exceeds a width."""
    return max(0, *(cell_len(visible(text)) - width for text in texts), 0)


def _narrow_table(rows: Sequence[view.Row]) -> Table:
    table = _table()
    table.add_column("verdict", no_wrap=True)
    table.add_column("structure → ROI, metric", overflow="fold")
    for name in ("value", "limit", "minor", "margin"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        named = (("uncertainty", row.uncertainty), ("spread", row.spread))
        told = "".join(f" · {name} {' '.join(lines)}" for name, lines in named if lines)
        what = f"{row.metric}  {row.id} · priority {row.priority}{told} · {row.source}"
        limit = Text("\n").join([_text(row.structure), _text(what, "dim")])
        table.add_row(_verdict_cell(row), limit, *_number_cells(row))
    return table


def _verdict_cell(row: view.Row) -> Text:
    if not row.is_relied_on:
        return Text(f"? {view.NOT_RELIED_ON}", COLOURS[row.verdict])
    mark = f" {view.BORDERLINE}" if row.borderline else ""
    mark += f" {view.CONVENTION}" if row.depends_on_convention else ""
    return Text(view.verdict_text(row.verdict) + mark, COLOURS[row.verdict])


def _number_cells(row: view.Row, *intervals: Text) -> tuple[Text, ...]:
    value = Text(row.value or "–", COLOURS[row.verdict])
    return (value, *intervals, Text(row.limit), Text(row.minor), Text(row.margin))


def _reasons(review: CaseReview) -> Iterator[Text]:
    for reason, ids in view.reasons_grouped(review).items():
        yield Text.assemble(("? ", "magenta"), f"{reason}: ", (", ".join(ids), "dim"))


def _comparisons(rows: Sequence[Comparison]) -> Iterator[RenderableType]:
    """Yield a table of all values, then the causes of differences, each once."""
    if not rows:
        return
    table = plain_table("structure", "metric")
    for name in ("ours", "theirs", "difference", "tolerance", ""):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(_text(row.structure), _text(row.metric), *view.comparison_cells(row))
    yield table
    for text in view.comparison_notes(rows):
        yield _text(text)


def _statistics(row: StructureDvh) -> list[str]:
    numbers = (
        row.volume_cc, row.outside_dose_grid_cc, row.min_gy, row.mean_gy, row.max_gy,
    )  # fmt: skip
    return ["–" if n is None else f"{n:.2f}" for n in numbers]


def _metric_cell(row: StructureDvh, expression: str) -> Text:
    """Return a value; below it both its intervals, if any, each with what widens it most."""
    metric = row.metrics[expression]
    if metric.value is None:
        return Text("–")
    lines = [Text(f"{metric.value:.2f}")]
    for name, band in (("uncertainty", metric.band), ("spread", metric.spread)):
        if band is not None:
            lines.append(Text(f"{name} {band.low:.2f}–{band.high:.2f}", "dim"))
            lines.append(Text(band.driver, "dim"))
    return Text("\n").join(lines)


def _models(table: DvhTable) -> dict[str, str]:
    """Return the validity of every model among the metrics."""
    metrics = (pair for row in table.structures.values() for pair in row.metrics.items())
    return {name: metric.validity for name, metric in metrics if metric.validity}


def _notes(table: DvhTable) -> list[str]:
    """Return why values are missing: of a metric one line for all structures of one reason."""
    notes = [f"{key}: {r.reason.detail}" for key, r in table.structures.items() if r.reason]
    missing: dict[tuple[str, str], list[str]] = {}
    for key, row in table.structures.items():
        for expression, metric in row.metrics.items():
            if metric.reason is not None and metric.reason != row.reason:
                missing.setdefault((expression, metric.reason.detail), []).append(key)
    return notes + [
        f"{', '.join(keys)} {expression}: {detail}"
        for (expression, detail), keys in missing.items()
    ]


def _text(text: str, style: str = "") -> Text:
    return Text(visible(text), style)
