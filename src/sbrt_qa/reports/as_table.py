"""The composed page of a case, and a DVH table, for the terminal: colour, word and sign."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sbrt_qa.errors import visible
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.reports.compose.case_page import DISCLAIMER, UNKNOWN, compose
from sbrt_qa.reports.compose.facts import self_test_text
from sbrt_qa.reports.compose.labels import labels
from sbrt_qa.reports.page import CheckRow, Glance, LimitRow, Report
from sbrt_qa.reports.registry import Page
from sbrt_qa.reports.terminal import (
    bare_table,
    composed_table,
    label_grid,
    least_width,
    mark_style,
    mark_text,
    plain_table,
    plain_text,
    print_to_text,
    section,
)

if TYPE_CHECKING:
    from sbrt_qa.review.case_review import CaseReview
    from sbrt_qa.review.dvh_table import DvhTable, StructureDvh
    from sbrt_qa.review.submission import Occasion

STRUCTURE_WIDTH, METRIC_WIDTH, SOURCE_WIDTH, INTERVALS_WIDTH = 17, 13, 6, 30
"""Columns of a limit's texts at least, which fold. They are fixed: where Rich may choose between
folding columns, it cuts others."""

WIDEST_NAME: Final = 30
"""Columns for the name of a structure; a longer one folds."""

BORDERLINE: Final = "≈"
"""Sign of a verdict that changes within the uncertainty of its value."""

CONVENTION: Final = "~"
"""Sign of a verdict that changes only within the spread of planning systems."""

INTERVALS: Final = msg(
    "Uncertainty: where the true value may lie; ≈: the verdict changes within it. Spread: what "
    "other planning systems would print; ~: the verdict changes within that only, and depends on "
    "the convention."
)
NO_ROOM: Final = msg(
    "Uncertainty and spread have no room in this width; CSV, JSON, HTML and PDF show them. ≈: the "
    "verdict changes within the uncertainty; ~: within the spread only."
)
LIST_ALL: Final = msg("What each of them looked at: --all-checks")

NOTHING: Final = "–"

Labels = dict[str, str]


def render_reviews(reviews: Sequence[CaseReview], page: Page) -> str:
    """Return one block per case, worst limits first, and an overview when there are several."""
    told = labels(page.language)
    reports = [
        compose(one, language=page.language, occasion=_occasion(one, page)) for one in reviews
    ]
    parts: list[RenderableType] = [Text(s) for s in dict.fromkeys(r.standing for r in reports)]
    parts += [part for report in reports for part in _blocks(report, page, told)]
    if len(reports) > 1:
        parts += [Text("─" * page.width, "dim")]
        parts += section(told["all_plans"], (_overview(report) for report in reports))
    return print_to_text(parts, page)


def _occasion(review: CaseReview, page: Page) -> Occasion:
    """Return what is known of the submission; without a site, that of the review."""
    known = page.occasion or UNKNOWN
    return replace(known, site=known.site or review.site)


def _blocks(report: Report, page: Page, told: Labels) -> Iterator[RenderableType]:
    limits, intervals_shown = _limits(report.limits, page, told)
    yield Text("─" * page.width, "dim")
    yield label_grid(report.facts)
    yield Text()
    yield Text("  ").join((mark_text(report.mark), Text(report.summary)))
    yield Text(" ".join(filter(None, (report.headline, report.next_step))))
    if report.clinical:
        yield Text(report.clinical)
    if report.proposal:
        yield Text(f"{told['proposal']}: {report.proposal}")
    if report.small_liver:
        yield Text(report.small_liver)
    yield from section(told["glance"], [_glance(report.glance, told)] if report.glance else [])
    yield from section(told["targets"], composed_table(report.targets))
    yield from section(told["checks_found"], _findings(report.findings, told))
    yield from section(told["limits"], [limits] if report.limits else [])
    yield Padding(Text(_legend(report, intervals_shown=intervals_shown), "dim"), (0, 0, 0, 2))
    yield from section(told["aside"], _aside(report, told))
    yield from section(told["unsure"], map(Text, report.unsure))
    yield from section(told["by_convention"], map(Text, report.by_convention))
    yield from section(told["unknown"], _unknown(report))
    yield from section(told["checks_passed"], _passed(report, page, told))
    yield from section(told["checks_not_told"], map(Text, report.not_told))
    yield from section(told["beside"], map(Text, report.beside_brief))
    yield from section(told["site_values"], composed_table(report.site_values))
    yield from section(told["cross_check"], composed_table(report.cross_check))
    yield from section(told["names"], map(Text, report.names))
    yield from section(told["limit_notes"], _notes(report.limits))
    yield from section(told["repairs"], composed_table(report.repairs))
    yield from section(told["notes"], map(Text, report.notes))
    yield from section(told["methods"], [label_grid(report.methods)])
    yield Text()
    yield from (Text(line, "dim") for line in (report.origin, report.disclaimer) if line)
    yield Text()


def _aside(report: Report, told: Labels) -> Iterator[RenderableType]:
    """Yield every limit with the patient elsewhere, and what that means."""
    rows = [row for row in report.limits if row.aside]
    if not rows:
        return
    if report.aside:
        yield Text(report.aside, "bold")
    table = plain_table(told["structure"], told["metric"], told["value"], told["aside"])
    for row in rows:
        table.add_row(
            Text(row.structure), Text(row.metric), Text(row.value), Text("\n".join(row.aside))
        )
    yield table
    yield from (Text(note, "dim") for note in report.aside_notes)


def _overview(report: Report) -> Text:
    mark = mark_text(report.mark)
    mark.pad_right(16 - cell_len(mark.plain))
    return Text.assemble(mark, report.plan, f"  {report.summary}")


def _glance(rows: Sequence[Glance], told: Labels) -> Table:
    """Return everything that decides against the plan: a line for each limit and check."""
    table = plain_table(told["structure"], told["gets"], told["off"], told["settle"])
    for row in rows:
        values = [
            f"{g.label} {g.value} ({g.bound}){f' {BORDERLINE}' if g.borderline else ''}"
            if g.bound
            else g.value
            for g in row.glimpses
        ]
        title = Text(f"{row.mark.sign} {row.title}", mark_style(row.mark))
        off = "\n".join(g.off for g in row.glimpses if g.off)
        table.add_row(title, Text("\n".join(values)), Text(off), Text(row.action))
    return table


def _findings(rows: Sequence[CheckRow], told: Labels) -> Iterator[RenderableType]:
    for row in rows:
        heading = " · ".join(filter(None, (row.title, row.group)))
        code = f"{row.code}  " if row.code != row.title else ""
        yield Text(f"{row.mark.sign} {code}{heading}", mark_style(row.mark))
        yield Padding(Text(_finding_text(row, told)), (0, 0, 0, 2))


def _finding_text(row: CheckRow, told: Labels) -> str:
    """Return place, message with what was expected, and advice."""
    bounds = ", ".join(
        f"{word} {value}"
        for word, value in ((told["expected"], row.expected), (told["tolerance"], row.tolerance))
        if value
    )
    message = row.message or row.found
    if bounds:
        stop = message[-1:] if message.endswith((".", "。")) else ""
        message = f"{message.removesuffix(stop)} ({bounds}){stop}"
    return f"{row.where}: " * bool(row.where) + f"{message} {row.advice}".strip()


def _passed(report: Report, page: Page, told: Labels) -> Iterator[RenderableType]:
    """Yield how many checks of each group found nothing, or each of them with what it saw."""
    if not page.all_checks:
        if report.passed_counted:
            yield Text(f"{report.passed_counted}. {Words(report.language)(LIST_ALL)}")
        return
    heads = (told["check"], told["where"], told["found"], told["expected"], told["tolerance"])
    for group in dict.fromkeys(row.group for row in report.passed):
        table = plain_table(*heads)
        for row in (row for row in report.passed if row.group == group):
            cells = (row.title, row.where, row.found or row.message, row.expected, row.tolerance)
            table.add_row(*map(Text, cells))
        yield Text(group, "dim")
        yield table


def _limits(rows: Sequence[LimitRow], page: Page, told: Labels) -> tuple[Table, bool]:
    """Return the table with a column for every field where that fits, else with fewer columns.

    Beside it stands whether it shows uncertainty and spread.

    Rich cuts a table that cannot be folded further, and a cut number would lie.
    """
    width = page.width - 2
    for shown in (True, False) if any(row.intervals for row in rows) else (False,):
        spare = width - least_width(_wide_table(rows, told, intervals=shown))
        if spare >= 0:
            return _wide_table(rows, told, intervals=shown, spare=spare), shown
    return _narrow_table(rows, told), True


def _wide_table(
    rows: Sequence[LimitRow], told: Labels, *, intervals: bool, spare: int = 0
) -> Table:
    """Return the table with columns of its own width; what is spare goes to what would fold."""
    structure = min(spare, _beyond(STRUCTURE_WIDTH, (row.structure for row in rows)))
    source = min(spare - structure, _beyond(SOURCE_WIDTH, (row.source for row in rows)))
    table = bare_table()
    for name in (told["verdict"], "id", told["priority"]):
        table.add_column(name, no_wrap=True)
    table.add_column(told["structure"], overflow="fold", width=STRUCTURE_WIDTH + structure)
    table.add_column(told["metric"], overflow="fold", width=METRIC_WIDTH)
    table.add_column(told["value"], justify="right", no_wrap=True)
    if intervals:
        table.add_column(told["intervals"], overflow="fold", width=INTERVALS_WIDTH)
    for name in ("limit", "minor", "margin"):
        table.add_column(told[name], justify="right", no_wrap=True)
    table.add_column(told["source"], overflow="fold", width=SOURCE_WIDTH + source)
    for row in rows:
        value, *numbers = _number_cells(row)
        cells = [value, *([Text("\n".join(row.intervals), "dim")] if intervals else []), *numbers]
        table.add_row(
            _verdict_cell(row), Text(row.id), row.priority, Text(row.structure), Text(row.metric),
            *cells, Text(row.source),
        )  # fmt: skip
    return table


def _beyond(width: int, texts: Iterable[str]) -> int:
    """Return by how many columns the longest text exceeds a width."""
    return max(0, *(cell_len(text) - width for text in texts), 0)


def _narrow_table(rows: Sequence[LimitRow], told: Labels) -> Table:
    table = bare_table()
    table.add_column(told["verdict"], no_wrap=True)
    table.add_column(f"{told['structure']}, {told['metric']}", overflow="fold")
    for name in ("value", "limit", "minor", "margin"):
        table.add_column(told[name], justify="right", no_wrap=True)
    for row in rows:
        what = f"{row.metric}  {row.id} · {told['priority']} {row.priority} · {row.source}"
        what = " ".join((what, *row.intervals))
        limit = Text("\n").join([Text(row.structure), Text(what, "dim")])
        table.add_row(_verdict_cell(row), limit, *_number_cells(row))
    return table


def _verdict_cell(row: LimitRow) -> Text:
    mark = mark_text(row.mark)
    if row.borderline:
        mark.append(f" {BORDERLINE}")
    return mark.append(f" {CONVENTION}") if row.depends_on_convention else mark


def _number_cells(row: LimitRow) -> tuple[Text, ...]:
    value = Text(row.value or NOTHING, mark_style(row.mark))
    return (value, Text(row.bound), Text(row.minor), Text(row.margin))


def _legend(report: Report, *, intervals_shown: bool) -> str:
    """Return what the columns of the limits mean, and whether intervals had no room."""
    words = Words(report.language)
    text = report.limits_legend
    if any(row.intervals for row in report.limits):
        text += " " + words(INTERVALS if intervals_shown else NO_ROOM)
    return text


def _unknown(report: Report) -> Iterator[Text]:
    """Yield why limits are not evaluable: those that count with advice, then the others."""
    for fact in report.unknown:
        yield Text.assemble(("? ", "magenta"), f"{fact.label} ", (f"({fact.text})", "dim"))
    others: dict[str, list[str]] = {}
    for row in report.limits:
        if row.reason and not row.counts:
            others.setdefault(row.reason, []).append(row.id)
    for reason, ids in others.items():
        yield Text.assemble("· ", f"{reason} ", (f"({', '.join(ids)})", "dim"))


def _notes(rows: Sequence[LimitRow]) -> Iterator[Text]:
    """Yield the notes of the protocol, each once with the limits that it is about."""
    notes: dict[str, list[str]] = {}
    for row in rows:
        if row.note:
            notes.setdefault(row.note, []).append(row.id)
    yield from (Text(f"{', '.join(ids)}: {note}") for note, ids in notes.items())


def render_dvh(table: DvhTable, page: Page) -> str:
    """Return one row per structure, metrics as further columns; curves are left to JSON and CSV."""
    words = Words(page.language)
    grid = plain_table(words(msg("structure")), "ROI")
    grid.columns[0].max_width = WIDEST_NAME
    expressions = list(dict.fromkeys(e for s in table.structures.values() for e in s.metrics))
    heads = (
        msg("volume (cc)"), msg("outside grid (cc)"), msg("min (Gy)"), msg("mean (Gy)"),
        msg("max (Gy)"),
    )  # fmt: skip
    for name in (*map(words, heads), *expressions):
        grid.add_column(visible(name), justify="right", no_wrap=True)
    for key, row in table.structures.items():
        values = (_metric_cell(row, e, words) for e in expressions)
        number = "" if row.roi_number is None else str(row.roi_number)
        grid.add_row(plain_text(key), number, *_statistics(row), *values)
    stated = words(msg("Stated by the user"))
    parts: list[RenderableType] = [plain_text(table.case, "bold"), grid]
    parts += [Text(f"{stated}: {words.sentence(text)}") for text in table.stated]
    parts += [Text(f"? {note}") for note in _why_missing(table, words)]
    parts += [
        Text(f"! {visible(key)}: {words.sentence(note)}")
        for key, row in table.structures.items()
        for note in row.notes
    ]
    parts += [Text(f"{visible(n)}: {words.sentence(v)}") for n, v in _models(table).items()]
    made = msg("Computed by {engine}; {convention}.")
    engine = f"sbrt_qa {visible(table.engine_version)}"
    convention = words.sentence(table.convention)
    parts.append(Text(words(made, engine=engine, convention=convention), "dim"))
    tested = self_test_text(table.self_test, words)
    parts.append(Text(f"{words(msg('Self-test'))}: {tested}", "dim"))
    parts.append(Text(words(DISCLAIMER), "dim"))
    wide = Page(max(page.width, least_width(grid)), page.colour)
    return print_to_text(parts, wide)


def _statistics(row: StructureDvh) -> list[str]:
    numbers = (
        row.volume_cc, row.outside_dose_grid_cc, row.min_gy, row.mean_gy, row.max_gy,
    )  # fmt: skip
    return [NOTHING if n is None else f"{n:.2f}" for n in numbers]


def _metric_cell(row: StructureDvh, expression: str, words: Words) -> Text:
    """Return a value; below it both its intervals, if any, each with what widens it most."""
    metric = row.metrics[expression]
    if metric.value is None:
        return Text(NOTHING)
    lines = [Text(f"{metric.value:.2f}")]
    named = ((words(msg("uncertainty")), metric.band), (words(msg("spread")), metric.spread))
    for name, band in named:
        if band is not None:
            lines.append(Text(f"{name} {band.low:.2f}–{band.high:.2f}", "dim"))
            lines.append(Text(band.driver, "dim"))
    return Text("\n").join(lines)


def _models(table: DvhTable) -> dict[str, str]:
    """Return the validity of every model among the metrics."""
    metrics = (pair for row in table.structures.values() for pair in row.metrics.items())
    return {name: metric.validity for name, metric in metrics if metric.validity}


def _why_missing(table: DvhTable, words: Words) -> Iterator[str]:
    """Yield why values are missing: of a metric one line for all structures of one reason."""
    for key, row in table.structures.items():
        if row.reason:
            yield f"{visible(key)}: {words.sentence(row.reason.detail)}"
    missing: dict[tuple[str, str], list[str]] = {}
    for key, row in table.structures.items():
        for expression, metric in row.metrics.items():
            if metric.reason is not None and metric.reason != row.reason:
                detail = words.sentence(metric.reason.detail)
                missing.setdefault((expression, detail), []).append(key)
    for (expression, detail), keys in missing.items():
        yield f"{visible(', '.join(keys))} {visible(expression)}: {detail}"
