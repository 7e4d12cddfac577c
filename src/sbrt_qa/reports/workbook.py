"""Tables as an Excel workbook: numbers stay numbers, and no text is ever run as a formula."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from sbrt_qa.errors import UsageError, visible

Cell = str | int | float | bool | None
Sheet = tuple[Sequence[str], Iterable[Sequence[Cell]]]
"""Names of the columns, and rows of as many cells."""

LONGEST_TEXT: Final = 32_767
MOST_ROWS: Final = 1_048_575
"""What a sheet holds beside its heading."""

WIDEST: Final = 48
MADE: Final = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""Written as the time of making, so that the same tables make the same workbook."""


def write_workbook(sheets: Mapping[str, Sheet]) -> bytes:
    """Return a workbook with one sheet per table, its heading fixed and with filters.

    Texts are stored as texts, quoted, whatever they begin with; control characters are made
    visible. What is None is an empty cell.

    Raises
    ------
    UsageError
        The library that writes workbooks is not installed, or a table has too many rows.
    """
    try:
        from openpyxl import Workbook
    except ModuleNotFoundError:
        advice = "Install it: pip install 'sbrt-qa[excel]'; or write CSV."
        raise UsageError("writing Excel needs openpyxl", advice=advice) from None
    book = Workbook()
    book.remove(book.active)
    book.properties.created = book.properties.modified = MADE
    for name, (columns, rows) in sheets.items():
        sheet = book.create_sheet(name[:31])
        _fill(sheet, columns, list(rows))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill(sheet: object, columns: Sequence[str], rows: list[Sequence[Cell]]) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.worksheet import Worksheet

    assert isinstance(sheet, Worksheet)  # noqa: S101 - for the type checker
    if len(rows) > MOST_ROWS:
        raise UsageError(
            "a sheet of Excel cannot hold the table",
            got=f"{len(rows)} rows",
            expected=f"at most {MOST_ROWS}",
            advice="Write CSV or Parquet.",
        )
    for y, row in enumerate([columns, *rows], start=1):
        for x, value in enumerate(row, start=1):
            _set(sheet.cell(y, x), value)
    for x in range(1, len(columns) + 1):
        sheet.cell(1, x).font = Font(bold=True)
        longest = max(len(str(row[x - 1])) for row in (columns, *rows))
        sheet.column_dimensions[get_column_letter(x)].width = min(longest, WIDEST) + 2
    sheet.freeze_panes = "A2"
    if columns:
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(rows) + 1}"


def _set(cell: object, value: Cell) -> None:
    if value is None or value == "":
        return
    if not isinstance(value, str):
        cell.value = value  # type: ignore[attr-defined]
        return
    text = visible(value)
    cell.value = text[: LONGEST_TEXT - 1] + "…" if len(text) > LONGEST_TEXT else text  # type: ignore[attr-defined]
    cell.data_type, cell.quotePrefix = "s", True  # type: ignore[attr-defined]
