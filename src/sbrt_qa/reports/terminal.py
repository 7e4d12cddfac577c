"""Printing for a terminal with rich; nothing of a file is taken for markup."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich import box
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sbrt_qa.errors import visible
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.reports import page as composed
from sbrt_qa.reports.registry import Page

COLOURS: Final = {
    Verdict.PER_PROTOCOL: "green",
    Verdict.MINOR: "yellow",
    Verdict.MAJOR: "bold red",
    Verdict.NOT_EVALUABLE: "magenta",
}

BOUNDLESS: Final = 10_000
"""Columns that no table needs."""


def print_to_text(parts: Sequence[RenderableType], page: Page) -> str:
    """Print rich renderables to a string, with colour only where the page understands it."""
    out = io.StringIO()
    console = _console(page, out)
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))


def least_width(table: Table) -> int:
    """Return the columns below which Rich would cut a cell that does not fold."""
    console = _console(Page(BOUNDLESS), io.StringIO())
    return Measurement.get(console, console.options, table).maximum


def plain_text(text: str, style: str = "") -> Text:
    """Return a text of any origin, made visible."""
    return Text(visible(text), style)


def mark_text(mark: composed.PageMark) -> Text:
    """Return sign and word of a verdict in its colour."""
    return Text(f"{mark.sign} {mark.word}", mark_style(mark))


def mark_style(mark: composed.PageMark) -> str:
    """Return the colour of a verdict; none for information."""
    return COLOURS[mark.verdict] if mark.verdict else ""


def label_grid(lines: Iterable[composed.Fact | tuple[str, str]]) -> Table:
    """Return labels beside texts that may fold."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for line in lines:
        label, text = (line.label, line.text) if isinstance(line, composed.Fact) else line
        grid.add_row(visible(label), plain_text(text))
    return grid


def plain_table(*columns: str) -> Table:
    """Return an empty table of columns that fold."""
    table = bare_table()
    for name in columns:
        table.add_column(visible(name), overflow="fold")
    return table


def bare_table() -> Table:
    """Return a table without columns yet."""
    return Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)


def composed_table(table: composed.Table | None) -> Iterator[RenderableType]:
    """Yield a composed table and its notes; nothing where there is none."""
    if table is None:
        return
    shown = bare_table()
    for number, head in enumerate(table.heads):
        if number in table.numbers:
            shown.add_column(visible(head), justify="right", no_wrap=True)
        else:
            shown.add_column(visible(head), overflow="fold")
    for row in table.rows:
        shown.add_row(
            *(mark_text(c) if isinstance(c, composed.PageMark) else plain_text(c) for c in row)
        )
    if table.rows:
        yield shown
    yield from (plain_text(note, "dim") for note in table.notes)


def section(title: str, lines: Iterable[RenderableType]) -> Iterator[RenderableType]:
    """Yield a heading and its lines, indented; nothing when there are no lines."""
    shown = [Padding(line, (0, 0, 0, 2)) for line in lines]
    if shown:
        yield Text()
        yield plain_text(title, "bold")
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
