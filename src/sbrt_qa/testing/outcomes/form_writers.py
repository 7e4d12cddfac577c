"""The synthetic trial in the five forms of offices: CSV, REDCap, ODM, Excel, SAS transport."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import quoteattr

from sbrt_qa.testing.outcomes.written_trial import Row, Tables
from sbrt_qa.trial.canonical import TABLES, ColumnSpec
from sbrt_qa.trial.sas_transport import XptTable, XptValue, XptVariable, write_xpt

Files = dict[str, bytes]
ARMS: Final = {"SBRT": "1", "CONTROL": "2"}
"""How REDCap codes the arms; its mapping file says so."""

REDCAP_MAPPING: Final = """schema: sbrt_qa.mapping/1
tables:
  subjects:
    values:
      arm: {"1": SBRT, "2": CONTROL}
"""

AUDIT_RECORD: Final = (
    '<AuditRecord><UserRef UserOID="USR.DATA.ENTRY"/><LocationRef LocationOID="LOC.1"/>'
    "<DateTimeStamp>2024-06-30T12:00:00</DateTimeStamp></AuditRecord>"
)
"""Who entered a row, as exports of data systems say; it must be stored nowhere."""

_NUMBER: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


def as_csv(tables: Tables) -> Files:
    """Return a canonical CSV file for each table."""
    made = {}
    for name, rows in tables.items():
        columns = _columns(name, rows)
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([column.name for column in columns])
        writer.writerows([row.get(column.name, "") for column in columns] for row in rows)
        made[f"csv/{name}.csv"] = out.getvalue().encode()
    return made


def _columns(table: str, rows: list[Row]) -> list[ColumnSpec]:
    used = {name for row in rows for name in row}
    return [c for c in TABLES[table].columns if c.required or c.name in used]


def as_redcap(tables: Tables) -> Files:
    """Return a REDCap export of raw data, with the mapping of its codes."""
    fields = [
        (name, column) for name, rows in tables.items()
        for column in _columns(name, rows) if column.name != "subject"
    ]  # fmt: skip
    covers = ("liver", "abdomen", "chest", "pelvis")
    header = ["record_id", "redcap_event_name", "redcap_repeat_instrument",
              "redcap_repeat_instance", "redcap_data_access_group"]  # fmt: skip
    names = []
    for table, column in fields:
        if column.kind == "subset":
            names += [f"{table}_{column.name}___{word}" for word in covers]
        else:
            names.append(f"{table}_{column.name}")
    out = io.StringIO()
    writer = csv.DictWriter(out, header + names, lineterminator="\r\n", restval="")
    writer.writeheader()
    for table, rows in tables.items():
        repeats = len(TABLES[table].key) > 1
        counts: dict[str, int] = {}
        for row in rows:
            subject = row["subject"]
            counts[subject] = counts.get(subject, 0) + 1
            cells = {"record_id": subject, "redcap_event_name": "trial_arm_1"}
            if repeats or counts[subject] > 1:
                cells |= {"redcap_repeat_instrument": table,
                          "redcap_repeat_instance": str(counts[subject])}  # fmt: skip
            writer.writerow(cells | _redcap_cells(table, row, covers))
    return {"redcap.csv": b"\xef\xbb\xbf" + out.getvalue().encode(),
            "redcap_mapping.yaml": REDCAP_MAPPING.encode()}  # fmt: skip


def _redcap_cells(table: str, row: Row, covers: tuple[str, ...]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for name, text in row.items():
        if name == "subject":
            continue
        if name == "covers":
            ticked = text.split(";")
            cells |= {f"{table}_covers___{word}": str(int(word in ticked)) for word in covers}
        else:
            cells[f"{table}_{name}"] = ARMS.get(text, text) if name == "arm" else text
    return cells


def as_odm(tables: Tables) -> Files:
    """Return an ODM-XML snapshot with the audit records that such exports have."""
    by_subject: dict[str, list[tuple[str, Row]]] = {}
    for table, rows in tables.items():
        for row in rows:
            by_subject.setdefault(row.get("subject", "-"), []).append((table, row))
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" ODMVersion="1.3.2" FileType="Snapshot" '
        'FileOID="sample" CreationDateTime="2024-07-01T00:00:00">',
        '<ClinicalData StudyOID="S.SAMPLE" MetaDataVersionOID="1">',
    ]
    for subject, owned in by_subject.items():
        if subject == "-":
            continue
        lines += [f"<SubjectData SubjectKey={quoteattr(subject)}>",
                  '<StudyEventData StudyEventOID="SE.ALL"><FormData FormOID="F.ALL">']  # fmt: skip
        counts: dict[str, int] = {}
        for table, row in owned:
            counts[table] = counts.get(table, 0) + 1
            lines.append(
                f'<ItemGroupData ItemGroupOID="IG.{table.upper()}" '
                f'ItemGroupRepeatKey="{counts[table]}" TransactionType="Insert">'
            )
            lines += [
                f'<ItemData ItemOID="IT.{table.upper()}.{name.upper()}" Value={quoteattr(text)}/>'
                for name, text in row.items() if name != "subject"
            ]  # fmt: skip
            lines += [AUDIT_RECORD, "</ItemGroupData>"]
        lines.append("</FormData></StudyEventData></SubjectData>")
    lines.append("</ClinicalData></ODM>\n")
    return {"odm.xml": "\n".join(lines).encode()}


def as_excel(tables: Tables) -> Files:
    """Return a workbook with a sheet for each table; days and numbers are typed cells.

    Raises
    ------
    ModuleNotFoundError
        The library that writes workbooks is not installed.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, rows in tables.items():
        columns = _columns(name, rows)
        sheet = book.create_sheet(name)
        sheet.append([column.name for column in columns])
        for row in rows:
            sheet.append([_typed(column, row.get(column.name, "")) for column in columns])
    fixed = dt.datetime(2024, 7, 1)
    book.properties.created = book.properties.modified = fixed
    out = io.BytesIO()
    book.save(out)
    return {"excel.xlsx": _without_times(out.getvalue())}


def _typed(column: ColumnSpec, text: str) -> object:
    if not text:
        return None
    if column.kind in ("int", "num") and _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    if column.kind in ("date", "pdate") and _DATE.fullmatch(text):
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            return text
    return text


def _without_times(content: bytes) -> bytes:
    """Return a workbook whose members all have the same time."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as made, zipfile.ZipFile(out, "w") as packed:
        for name in made.namelist():
            member = zipfile.ZipInfo(name, (2024, 7, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            text = made.read(name)
            if name == "docProps/core.xml":
                text = re.sub(rb"\d{4}-\d\d-\d\dT[\d:]+Z", b"2024-07-01T00:00:00Z", text)
            packed.writestr(member, text)
    return out.getvalue()


def as_sas(tables: Tables) -> Files:
    """Return a SAS transport file for each table; names beyond 8 characters stand in the labels."""
    made = {}
    for name, rows in tables.items():
        columns = _columns(name, rows)
        variables = tuple(_variable(column, number, rows) for number, column in enumerate(columns))
        cells = tuple(
            tuple(_value(variable, row.get(column.name, ""))
                  for column, variable in zip(columns, variables, strict=True))
            for row in rows
        )  # fmt: skip
        made[f"xpt/{name}.xpt"] = write_xpt(XptTable(name[:8], variables, cells))
    return made


def _variable(column: ColumnSpec, number: int, rows: list[Row]) -> XptVariable:
    texts = [row[column.name] for row in rows if row.get(column.name)]
    short = column.name.upper()
    short = short if len(short) <= 8 else f"{short[:5]}{number:03d}"
    if column.kind in ("int", "num") and all(_NUMBER.fullmatch(text) for text in texts):
        return XptVariable(short, column.name, numeric=True, length=8)
    length = max((len(text.encode()) for text in texts), default=1)
    return XptVariable(short, column.name, numeric=False, length=max(length, 1))


def _value(variable: XptVariable, text: str) -> XptValue:
    if variable.numeric:
        return float(text) if text else None
    return text


WRITERS: Final[Mapping[str, str]] = {
    "csv": "csv", "redcap": "redcap.csv", "odm": "odm.xml", "xlsx": "excel.xlsx", "xpt": "xpt",
}  # fmt: skip
"""What each form is called in the sample's folder."""
