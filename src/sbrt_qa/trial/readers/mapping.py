"""Mapping files: how the names and words of a source are those of the canonical tables.

``schema: sbrt_qa.mapping/1``, then ``dates`` (DMY or MDY, where days are written with signs) and
``tables``; by canonical table its ``source``, a ``where`` filter of rows, ``columns`` (canonical
name: name in the source), ``values`` (column: word of the source: canonical word) and
``constants``.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from pydantic import Field, ValidationError

from sbrt_qa.errors import InputError, ProtocolError, visible
from sbrt_qa.i18n.phrase import say
from sbrt_qa.protocol.part import FrozenPart, Name
from sbrt_qa.protocol.protocol_files import read_settings
from sbrt_qa.trial.assemble import TextTable
from sbrt_qa.trial.canonical import TABLES
from sbrt_qa.trial.partial_dates import Order
from sbrt_qa.trial.problem import Problem
from sbrt_qa.trial.readers.source_table import SourceTable

SCHEMA: Final = "sbrt_qa.mapping/1"
Scalar = str | int | float | bool


class TableMapping(FrozenPart):
    """How one canonical table comes from a source."""

    source: str = ""
    where: Mapping[str, Scalar] = Field(default_factory=dict)
    columns: Mapping[Name, str] = Field(default_factory=dict)
    values: Mapping[Name, Mapping[str, Scalar]] = Field(default_factory=dict)
    constants: Mapping[Name, Scalar] = Field(default_factory=dict)
    dates: Literal["", "DMY", "MDY"] = ""


class MappingFile(FrozenPart):
    """A mapping file; a table that it does not name comes as it is."""

    format: Literal["sbrt_qa.mapping/1"] = Field(alias="schema")
    dates: Literal["", "DMY", "MDY"] = ""
    ignore: tuple[str, ...] = ()
    tables: Mapping[Name, TableMapping] = Field(default_factory=dict)


NO_MAPPING: Final = MappingFile(schema=SCHEMA)


def read_mapping_file(content: bytes, name: str) -> MappingFile:
    """Read a mapping file.

    Raises
    ------
    InputError
        It breaks the rules, or names a table or column that is none.
    """
    try:
        data, _ = read_settings(content, name)
        found = MappingFile.model_validate(data)
    except ProtocolError as error:
        raise InputError(error.what, where=error.where, got=error.got) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        at = ".".join(map(str, first["loc"]))
        raise InputError(
            f"the mapping is not right: {visible(first['msg'])}", where=f"{visible(name)} {at}"
        ) from None
    for table, mapping in found.tables.items():
        if table not in TABLES:
            raise InputError("no such table", where=f"{visible(name)} tables.{visible(table)}")
        known = {column.name for column in TABLES[table].columns}
        for column in (*mapping.columns, *mapping.values, *mapping.constants):
            if column not in known:
                where = f"{visible(name)} tables.{table}.{visible(column)}"
                raise InputError("no such column", where=where)
    return found


def mapped(sources: Sequence[SourceTable], mapping: MappingFile) -> tuple[TextTable, ...]:
    """Return canonical tables of texts."""
    taken = {one.source.casefold() or table for table, one in mapping.tables.items()}
    found = []
    for source in sources:
        if not source.name and source.problems:
            found.append(TextTable("", source.file, (), (), "", source.problems))
        elif source.name.casefold() not in taken and source.name not in mapping.ignore:
            found.append(_as_it_is(source, mapping.dates))
    for table, one in mapping.tables.items():
        wanted = (one.source or table).casefold()
        order = one.dates or mapping.dates
        mine = [source for source in sources if source.name.casefold() == wanted]
        found += [_mapped(source, table, one, order) for source in mine]
    return tuple(found)


def _as_it_is(source: SourceTable, order: Order) -> TextTable:
    return TextTable(source.name, source.file, source.columns, source.rows, order, source.problems)


def _mapped(source: SourceTable, table: str, one: TableMapping, order: Order) -> TextTable:
    spec = TABLES[table]
    named = set(one.columns.values())
    problems = list(source.problems)
    from_column = {}
    for column in spec.columns:
        name = one.columns.get(column.name, column.name)
        if name in source.columns:
            from_column[column.name] = name
        elif column.name in one.columns:
            what = say("the source has no column {0}", name)
            problems.append(Problem("UNKNOWN_COLUMN", "E", what, "", source.file, 1, table=table))
    used = {*named, *from_column.values(), *one.where}
    left = tuple(name for name in source.columns if name not in used) if not one.columns else ()
    rows = []
    for line, cells in source.rows:
        if all(cells.get(name, "").strip() == str(text) for name, text in one.where.items()):
            rows.append((line, _row(cells, from_column, one)))
    columns = (*from_column, *(c for c in one.constants if c not in from_column), *left)
    return TextTable(table, source.file, columns, tuple(rows), order, tuple(problems))


def _row(
    cells: Mapping[str, str], from_column: Mapping[str, str], one: TableMapping
) -> dict[str, str]:
    row = {column: cells.get(name, "") for column, name in from_column.items()}
    for column, words in one.values.items():
        text = row.get(column, "")
        if text.strip() in words:
            row[column] = str(words[text.strip()])
        elif ";" in text:
            parts = [str(words.get(part.strip(), part)) for part in text.split(";")]
            row[column] = ";".join(parts)
    for column, value in one.constants.items():
        row[column] = str(value)
    return row


def suggested(sources: Sequence[SourceTable]) -> str:
    """Return the beginning of a mapping file by the likeness of names; TODO marks the rest."""
    lines = [f"schema: {SCHEMA}", 'dates: "" # DMY or MDY where days are written as 05/03/2026',
             "tables:"]  # fmt: skip
    for source in sources:
        close = difflib.get_close_matches(source.name.casefold(), TABLES, 1, 0.5)
        if not close:
            lines.append(f"  # TODO: what is {visible(source.name)}?")
            continue
        lines += [f"  {close[0]}:", f"    source: {_plain(source.name)}", "    columns:"]
        for column in TABLES[close[0]].columns:
            names = difflib.get_close_matches(column.name, source.columns, 1, 0.6)
            name = _plain(names[0]) if names else "TODO"
            mark = "" if names else f" # {'needed' if column.required else 'or leave it out'}"
            lines.append(f"      {column.name}: {name}{mark}")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return '"' + visible(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
