"""Rows of plain cells as a table, CSV, JSON or Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from sbrt_qa.errors import UsageError, visible
from sbrt_qa.reports.as_csv import safe_cell
from sbrt_qa.reports.as_table import plain_table, print_to_text
from sbrt_qa.reports.registry import Page

Row = Mapping[str, Any]


def render_rows(rows: Iterable[Row], name: str, page: Page) -> str:
    """Return rows as a ``table``, ``csv`` or ``json``; columns are those of the first row."""
    listed = list(rows)
    if name == "json":
        return json.dumps(listed, indent=2, ensure_ascii=True) + "\n"
    columns = list(listed[0]) if listed else []
    if name == "csv":
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(columns)
        writer.writerows([safe_cell(row[c]) for c in columns] for row in listed)
        return out.getvalue()
    table = plain_table(*columns)
    for row in listed:
        table.add_row(*(Text(_shown(row[c])) for c in columns))
    return print_to_text([table], page) if listed else "nothing\n"


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else visible(str(value))


def write_parquet(rows: Iterable[Row], path: Path, batch: int = 50_000) -> int:
    """Write rows as Parquet, batch by batch, and return their number.

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
    writer, count, part = None, 0, list[Row]()

    def flush(part: Sequence[Row], writer: Any) -> Any:  # noqa: ANN401 - of pyarrow
        table = pa.Table.from_pylist([dict(r) for r in part], writer.schema if writer else None)
        if writer is None:
            table = table.cast(pa.schema([_never_null(pa, f) for f in table.schema]))
            writer = pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
        return writer

    for row in rows:
        part.append(row)
        count += 1
        if len(part) >= batch:
            writer, part = flush(part, writer), []
    if part or writer is None:
        writer = flush(part, writer)
    writer.close()
    return count


def _never_null(pa: Any, column: Any) -> Any:  # noqa: ANN401 - of pyarrow
    """Give a column that is empty so far the type of a text."""
    return column.with_type(pa.string()) if pa.types.is_null(column.type) else column
