"""Excel workbooks: a sheet for each table. Cells keep their type; nothing is taken for a date."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import Any, Final

from sbrt_qa.errors import InputError, UsageError, visible
from sbrt_qa.i18n.phrase import say
from sbrt_qa.trial.assemble import MOST_BYTES, MOST_ROWS
from sbrt_qa.trial.problem import Problem
from sbrt_qa.trial.readers.source_table import SourceTable

MOST_MEMBERS: Final = 2000


def read_excel(content: bytes, name: str) -> tuple[SourceTable, ...]:
    """Return each sheet.

    A cell of a number stays a number: 46027 is never a day, unless Excel types it so. Formulas are
    read by the values that were saved with them, which is noted; merged cells are refused.

    Raises
    ------
    UsageError
        The library that reads workbooks is not installed.
    InputError
        It is no workbook, too large, or declares a document type.
    """
    _refuse_unsafe(content, visible(name))
    try:
        from openpyxl import load_workbook
    except ModuleNotFoundError:
        advice = "Install it: pip install 'sbrt-qa[excel]'"
        raise UsageError("reading Excel needs openpyxl", advice=advice) from None
    try:
        book = load_workbook(io.BytesIO(content), data_only=True)
        formulas = load_workbook(io.BytesIO(content), data_only=False)
    except Exception as error:
        raise InputError("no Excel workbook that can be read", where=visible(name)) from error
    return tuple(_sheet(sheet, formulas[sheet.title], visible(name)) for sheet in book.worksheets)


def _refuse_unsafe(content: bytes, name: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            members = packed.infolist()
            size = sum(member.file_size for member in members)
            if size > MOST_BYTES or len(members) > MOST_MEMBERS:
                raise InputError("the workbook is too large", where=name)
            for member in members:
                with packed.open(member) as stream:
                    start = stream.read(4096)
                if member.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in start:
                    raise InputError("the workbook declares a document type", where=name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise InputError("no Excel workbook", where=name) from error


def _sheet(sheet: Any, formulas: Any, name: str) -> SourceTable:  # noqa: ANN401 - of openpyxl
    where = f"{name}[{visible(sheet.title)}]"
    problems = []
    if sheet.merged_cells.ranges:
        what = say("merged cells: which row their value is of is not known")
        problems.append(Problem("MERGED_CELLS", "E", what, "", where, table=sheet.title))
    if sheet.max_row > MOST_ROWS:
        raise InputError("more rows than are read", where=where, expected=f"at most {MOST_ROWS}")
    hidden = [n for n, row in sheet.row_dimensions.items() if row.hidden]
    if hidden:
        what = say("hidden rows, which are read as any other")
        problems.append(Problem("HIDDEN_ROWS", "I", what, "", where, hidden[0], table=sheet.title))
    rows = list(sheet.iter_rows())
    if not rows:
        return SourceTable(sheet.title.lower(), where, (), (), tuple(problems))
    header = [excel_text(cell.value).strip() for cell in rows[0]]
    used = [i for i, text in enumerate(header) if text]
    found = []
    for row in rows[1:]:
        cells = {header[i]: excel_text(row[i].value) for i in used}
        if any(cells.values()):
            found.append((row[0].row, cells))
    problems += _formulas(formulas, where)
    columns = tuple(header[i] for i in used)
    return SourceTable(sheet.title.lower(), where, columns, tuple(found), tuple(problems))


def _formulas(sheet: Any, where: str) -> list[Problem]:  # noqa: ANN401 - of openpyxl
    for row in sheet.iter_rows():
        for cell in row:
            if cell.data_type == "f":
                what = say("formulas, of which the saved values are read")
                return [Problem("FORMULAS", "I", what, "", where, cell.row)]
    return []


def excel_text(value: object) -> str:
    """Return the text of a cell by its type."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat()
    if isinstance(value, dt.time):
        return value.strftime("%H:%M")
    if isinstance(value, float):
        return f"{value:.12g}"
    return str(value)
