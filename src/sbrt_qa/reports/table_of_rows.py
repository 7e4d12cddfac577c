"""Rows of plain cells as a table, CSV, JSON or Parquet."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from sbrt_qa.errors import UsageError, visible
from sbrt_qa.i18n.phrase import stated
from sbrt_qa.i18n.words import SOURCE, Words, msg
from sbrt_qa.reports.as_csv import safe_cell, short_number
from sbrt_qa.reports.registry import Page
from sbrt_qa.reports.terminal import label_grid, plain_table, print_to_text
from sbrt_qa.reports.workbook import write_workbook

_TIME: Final = re.compile(r"^(\d{4}-\d\d-\d\d)T[\d:.]+Z$")
"""A time, of which a table for the eye shows the day."""

SPOKEN: Final = frozenset(
    {
        "after", "answer", "area", "before", "course", "draft", "feature", "item", "judged", "kind",
        "outcome", "reason", "signal", "state", "text", "verdict", "verdict_after",
        "verdict_before", "what",
    }
)  # fmt: skip
"""Columns whose cells are words or sentences; codes and names among them stay."""

Row = Mapping[str, Any]


Kinds = Mapping[str, str]
"""Columns in their order, each ``text``, ``count``, ``number`` or ``flag``."""


ROW_FORMATS: Final = ("table", "csv", "json", "xlsx")
"""What `render_rows` and `workbook_of_rows` write."""


def workbook_of_rows(rows: Iterable[Row], kinds: Kinds | None = None) -> bytes:
    """Return rows as a workbook with one sheet; without `kinds`, columns of the first row.

    Raises
    ------
    UsageError
        openpyxl is not installed, or there are more rows than a sheet holds.
    """
    listed = list(rows)
    columns = list(kinds or (listed[0] if listed else ()))
    cells = [[_plain(row[name]) for name in columns] for row in listed]
    return write_workbook({"rows": (columns, cells)})


def _plain(value: object) -> str | int | float | bool | None:
    return value if value is None or isinstance(value, str | int | float) else json.dumps(value)


def render_rows(rows: Iterable[Row], name: str, page: Page, kinds: Kinds | None = None) -> str:
    """Return rows as ``table``, ``csv`` or ``json``; without `kinds`, columns of the first row.

    A table is written in the language of its page, and where it has too many columns one row below
    another; CSV and JSON are for programs and stay. Numbers
    of CSV have four decimals, below one six digits; JSON has them as they are.
    """
    listed = list(rows)
    if name == "json":
        return json.dumps(listed, indent=2, ensure_ascii=True) + "\n"
    columns = list(kinds or (listed[0] if listed else ()))
    if name == "csv":
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(columns)
        writer.writerows([_csv_cell(row, c) for c in columns] for row in listed)
        return out.getvalue()
    words = Words(page.language)
    if not listed:
        return f"{words(msg('nothing'))}\n"
    if len(columns) * LEAST_COLUMN > page.width:
        return print_to_text(list(_one_below_another(listed, columns, words)), page)
    table = plain_table(*(_heading(name, words) for name in columns))
    for row in listed:
        table.add_row(*(Text(_shown(c, row[c], words)) for c in columns))
    return print_to_text([table], page)


LEAST_COLUMN: Final = 8
"""Characters that a column needs; of more columns than fit a table would break every word."""


def _one_below_another(
    rows: Iterable[Row], columns: Iterable[str], words: Words
) -> Iterator[RenderableType]:
    """Yield each row as lines of a name and a value; what is empty is left out."""
    for number, row in enumerate(rows):
        if number:
            yield Text()
        shown = ((_heading(name, words), _shown(name, row[name], words)) for name in columns)
        yield label_grid((name, value) for name, value in shown if value)


_BOUNDS: Final = ("limit", "minor_limit", "per_protocol_limit")


def _csv_cell(row: Row, name: str) -> str | int | float | bool | None:
    """Return a cell for a spreadsheet; a number is short, and stays on its side of the bounds."""
    value = row[name]
    if not isinstance(value, float):
        return safe_cell(value)
    bounds = (row.get(bound) for bound in _BOUNDS if bound != name)
    return short_number(value, [b for b in bounds if isinstance(b, int | float)])


def _heading(name: str, words: Words) -> str:
    """Return a column as scripts call it, in English; in another language what that means."""
    return name if words.language == SOURCE else words(name.replace("_", " "))


def _shown(name: str, value: object, words: Words) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return words(msg("yes")) if value else words(msg("no"))
    if name in SPOKEN and words.language != SOURCE and isinstance(value, str):
        return words.value(stated(value.replace("_", " ") if "verdict" in name else value))
    if isinstance(value, float):
        return f"{value:.6g}"
    return _TIME.sub(r"\1", visible(str(value)))


def write_parquet(rows: Iterable[Row], path: Path, kinds: Kinds, batch: int = 50_000) -> int:
    """Write rows as Parquet, batch by batch, and return their number.

    Types are those of `kinds`, whatever stands in the rows; a file without rows has them too.

    Raises
    ------
    UsageError
        pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        advice = "Install it: pip install 'sbrt-qa[parquet]'"
        raise UsageError("Parquet needs pyarrow", advice=advice) from error
    types = {"text": pa.string(), "count": pa.int64(), "number": pa.float64(), "flag": pa.bool_()}
    schema = pa.schema([(name, types[kind]) for name, kind in kinds.items()])
    count, remaining = 0, iter(rows)
    with pq.ParquetWriter(path, schema) as writer:
        while part := [dict(row) for row in itertools.islice(remaining, batch)]:
            writer.write_table(pa.Table.from_pylist(part, schema))
            count += len(part)
    return count
