"""REDCap's CSV export: one row for each event and instance, all instruments side by side.

Repeating rows leave the fields of other instruments blank, which deletes nothing. A field goes by
the name of its table and column, ``surgery_date``, unless a mapping says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sbrt_qa.errors import InputError, visible
from sbrt_qa.trial.canonical import TABLES
from sbrt_qa.trial.readers.csv_tables import read_csv_rows
from sbrt_qa.trial.readers.source_table import SourceTable

RECORD: Final = "record_id"
INSTRUMENT: Final = "redcap_repeat_instrument"
OWN: Final = (
    RECORD, "redcap_event_name", INSTRUMENT, "redcap_repeat_instance", "redcap_data_access_group",
)  # fmt: skip
LABELS: Final = ("Record ID", "Event Name", "Repeat Instrument", "Repeat Instance")
"""How the same columns are called in an export of labels."""


def is_redcap(header: str) -> bool:
    """Tell whether the first line of a CSV file is of a REDCap export, raw or of labels."""
    names = [name.strip().strip('"') for name in header.split(",")]
    return RECORD in names or bool(set(LABELS) & set(names))


def read_redcap(content: bytes, name: str) -> tuple[SourceTable, ...]:
    """Return each table of an export.

    Raises
    ------
    InputError
        It is an export of labels, or no CSV.
    """
    header, rows, problems = read_csv_rows(content, name)
    if RECORD not in header or set(LABELS) & set(header):
        raise InputError(
            "this is an export of labels, and words cannot be told from codes in it",
            where=visible(name),
            advice="Export again: Data Exports, CSV / Microsoft Excel (raw data).",
        )
    tables = []
    for table in TABLES:
        fields = [n for n in header if _column(n, table) and n not in OWN]
        found = [
            (line, _cells(cells, fields, table))
            for line, cells in rows
            if _is_of(cells, fields, table)
        ]
        if fields:
            columns = tuple(dict.fromkeys(["subject", *(_column(f, table) for f in fields)]))
            tables.append(SourceTable(table, visible(name), columns, tuple(found), problems))
            problems = ()
    return tuple(tables)


def _column(field: str, table: str) -> str:
    """Return the column that a field is of; of a checkbox without its choice."""
    plain = field.partition("___")[0]
    known = {c.name for c in TABLES[table].columns}
    rest = plain.removeprefix(f"{table}_")
    return rest if rest != plain and rest in known else ""


def _is_of(cells: Mapping[str, str], fields: list[str], table: str) -> bool:
    instrument = cells.get(INSTRUMENT, "").strip()
    if instrument:
        return instrument == table
    return any(cells[field].strip() for field in fields)


def _cells(cells: Mapping[str, str], fields: list[str], table: str) -> dict[str, str]:
    found = {"subject": cells[RECORD]}
    boxes: dict[str, list[tuple[str, str]]] = {}
    for field in fields:
        column = _column(field, table)
        _, checkbox, choice = field.partition("___")
        if checkbox:
            boxes.setdefault(column, []).append((choice, cells[field].strip()))
        else:
            found[column] = cells[field]
    for column, ticks in boxes.items():
        found[column] = _ticked(ticks)
    return found


def _ticked(ticks: list[tuple[str, str]]) -> str:
    """Return what is ticked; ``none`` where nothing is, and nothing where nobody was asked."""
    if not any(tick for _, tick in ticks):
        return ""
    return ";".join(choice for choice, tick in ticks if tick == "1") or "none"
