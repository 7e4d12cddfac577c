"""From tables of texts to the data of a trial: types, keys, and what is wrong with them.

Every form that data may come in becomes :class:`TextTable` first, so all forms are held to the same
rules here and come out with the same hash.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sbrt_qa.errors import InputError, quoted, visible
from sbrt_qa.i18n.phrase import joined, say
from sbrt_qa.trial.canonical import TABLES, ColumnSpec, TableSpec
from sbrt_qa.trial.cells import MissingCell, Value, parse_cell
from sbrt_qa.trial.identifying import identifying_columns, identifying_text
from sbrt_qa.trial.partial_dates import Order, PartialDate
from sbrt_qa.trial.problem import Problem
from sbrt_qa.trial.trial_data import TrialRow

MOST_ROWS: Final = 1_000_000
MOST_BYTES: Final = 200_000_000
"""Limits of an import."""


@dataclass(frozen=True, slots=True)
class TextTable:
    """One canonical table as it came.

    Parameters
    ----------
    table
        Its canonical name, which `TABLES` must know for its rows to be read.
    file
        What its place is called in messages.
    columns
        Names in the header, in order.
    rows
        By the line of the file: the texts by column; a column that is absent is empty.
    order
        How days written with signs between are read.
    problems
        What the reader of its form found.
    """

    table: str
    file: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, str]], ...]
    order: Order = ""
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Found:
    """What comes out: rows, and problems with them."""

    rows: list[TrialRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    blocked_subjects: set[str] = field(default_factory=set)
    kept_out: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Assembled:
    """Rows that can be read, and what is wrong with the others.

    `blocked_subjects` are those whose row of ``subjects`` cannot be used: they are known, and not
    analysed. `kept_out` names subject and table of every row that was left out.
    """

    rows: tuple[TrialRow, ...]
    problems: tuple[Problem, ...]
    blocked_subjects: frozenset[str]
    kept_out: frozenset[tuple[str, str]] = frozenset()


def assemble(tables: Sequence[TextTable], today: dt.date) -> Assembled:
    """Read tables of texts.

    Raises
    ------
    InputError
        A column or a text would tell who a patient is, or there are more rows than are read.
        Nothing is repeated of what it says.
    """
    if sum(len(one.rows) for one in tables) > MOST_ROWS:
        raise InputError("more rows than are read", expected=f"at most {MOST_ROWS}")
    for one in tables:
        _refuse_identifying(one)
    found = _Found()
    for one in tables:
        found.problems.extend(one.problems)
        spec = TABLES.get(one.table)
        if spec is None and not one.table:
            continue
        if spec is None:
            found.problems.append(_unknown_table(one))
        elif one.columns and _columns_fit(one, spec, found.problems):
            _read_table(one, spec, today, found)
    _drop_doubles(found)
    return Assembled(
        tuple(found.rows),
        tuple(found.problems),
        frozenset(found.blocked_subjects),
        frozenset(found.kept_out),
    )


def _refuse_identifying(one: TextTable) -> None:
    advice = "Leave it out at the source; the data of a trial go by subject codes alone."
    if names := identifying_columns(one.columns):
        what = "a column would tell who a patient is, so nothing was taken"
        raise InputError(what, where=visible(one.file), got=quoted(names[0]), advice=advice)
    spec = TABLES.get(one.table)
    texts = [c.name for c in spec.columns if c.kind in ("text", "code")] if spec else []
    for line, cells in one.rows:
        for name in texts:
            if (text := cells.get(name, "")) and len(text) > 5 and (kind := identifying_text(text)):
                what = f"a text looks like {_A[kind]} {kind}, so nothing was taken"
                where = f"{visible(one.file)}:{line}:{name}"
                raise InputError(what, where=where, advice=advice)


_A: Final = {"identity number": "an", "telephone number": "a", "mail address": "a"}


def _unknown_table(one: TextTable) -> Problem:
    close = difflib.get_close_matches(one.table, TABLES, 1, 0.5)
    advice = say("Is it {0}?", close[0]) if close else say("Tables: {0}", ", ".join(TABLES))
    return Problem("UNKNOWN_TABLE", "E", say("there is no table of this name"), advice, one.file)


def _columns_fit(one: TextTable, spec: TableSpec, problems: list[Problem]) -> bool:
    known = [column.name for column in spec.columns]
    unknown = [name for name in one.columns if name not in known]
    for name in unknown:
        close = difflib.get_close_matches(name, known, 1, 0.4)
        advice = say("Is it {0}?", close[0]) if close else say("Columns: {0}", ", ".join(known))
        what = say("the table has no column {0}", quoted(name))
        problems.append(Problem("UNKNOWN_COLUMN", "E", what, advice, one.file, 1, table=one.table))
    absent = [c.name for c in spec.columns if c.required and c.name not in one.columns]
    for name in absent:
        what = say("the column {0} is needed and not there", name)
        problems.append(Problem("MISSING_COLUMN", "E", what, "", one.file, 1, name, one.table))
    twice = {name for name in one.columns if one.columns.count(name) > 1}
    for name in sorted(twice):
        what = say("the column {0} stands there twice", quoted(name))
        problems.append(Problem("COLUMN_TWICE", "E", what, "", one.file, 1, table=one.table))
    return not (unknown or absent or twice)


def _read_table(one: TextTable, spec: TableSpec, today: dt.date, found: _Found) -> None:
    unmapped: dict[str, dict[str, int]] = {}
    for line, cells in one.rows:
        row, problems = _read_row(one, spec, line, cells, today, unmapped)
        found.problems.extend(problems)
        if row is not None:
            found.rows.append(row)
            continue
        found.kept_out.add((cells.get("subject", "").strip(), spec.name))
        if spec.name == "subjects" and cells.get("subject", "").strip():
            found.blocked_subjects.add(cells["subject"].strip())
    for name, texts in unmapped.items():
        words = ", ".join(spec.column(name).words)
        shown = ", ".join(quoted(text) for text in sorted(texts))
        hints = joined("; ", [hint for text in sorted(texts) if (hint := _hint(spec, name, text))])
        what = say("texts that the column does not know ({0}): {1}", words, shown)
        advice = hints or say("Map them under values of the mapping, or correct them.")
        line = min(texts.values())
        found.problems.append(Problem(
            "UNMAPPED", "E", what, advice, one.file, line, name, one.table, blocks=True
        ))  # fmt: skip


def _hint(spec: TableSpec, name: str, text: str) -> str:
    try:
        parse_cell(spec.column(name), text)
    except ValueError as error:
        _, perhaps, word = str(error).partition("map it, perhaps to ")
        return say("map {0} to {1}", quoted(text), word) if perhaps else ""
    return ""


def _read_row(
    one: TextTable,
    spec: TableSpec,
    line: int,
    cells: Mapping[str, str],
    today: dt.date,
    unmapped: dict[str, dict[str, int]],
) -> tuple[TrialRow | None, list[Problem]]:
    values: dict[str, Value] = {}
    missing: dict[str, str] = {}
    problems: list[Problem] = []
    sound = True
    subject, site = cells.get("subject", "").strip(), cells.get("site", "").strip()

    def tell(code: str, what: str, column: str, advice: str = "") -> None:
        owner = site if spec.name in ("subjects", "sites") else ""
        problems.append(Problem(
            code, "E", what, advice, one.file, line, column, spec.name, owner,
            visible(subject)[:64], blocks=True,
        ))  # fmt: skip

    for column in spec.columns:
        text = cells.get(column.name, "")
        try:
            value = parse_cell(column, text, one.order)
        except ValueError as error:
            sound = False
            if column.kind == "enum":
                unmapped.setdefault(column.name, {}).setdefault(text, line)
            else:
                tell(_code_of(column), say("{0}: {1}", quoted(text), *error.args), column.name)
            continue
        if isinstance(value, MissingCell):
            if value.why:
                missing[column.name] = value.why
            if column.required:
                sound = False
                tell("REQUIRED", say("{0} is needed and missing", column.name), column.name)
        elif _is_future(value, today):
            sound = False
            tell("IN_THE_FUTURE", say("{0} is after the day of the import", text), column.name)
        else:
            values[column.name] = value
    return (TrialRow(spec.name, values, missing, one.file, line) if sound else None), problems


def _is_future(value: Value, today: dt.date) -> bool:
    if isinstance(value, PartialDate):
        return value.first > today
    return isinstance(value, dt.date) and value > today


def _code_of(column: ColumnSpec) -> str:
    return {"date": "DATE", "pdate": "DATE", "instant": "DATE", "time": "TIME", "code": "CODE"}.get(
        column.kind, "VALUE"
    )


def _drop_doubles(found: _Found) -> None:
    """Keep one of identical rows, and none of rows of one key that say different things."""
    by_key: dict[tuple[str, tuple[str, ...]], list[TrialRow]] = {}
    for row in found.rows:
        by_key.setdefault((row.table, row.key), []).append(row)
    kept: list[TrialRow] = []
    for (table, key), rows in by_key.items():
        if len(rows) == 1 or all(row == rows[0] for row in rows):
            kept.append(rows[0])
            for row in rows[1:]:
                what = say("the same row as line {0}", rows[0].line)
                found.problems.append(_of_row(row, "REPEATED_ROW", "I", what))
            continue
        found.kept_out.add((rows[0].subject, table))
        if table == "subjects":
            found.blocked_subjects.add(rows[0].subject)
        lines = ", ".join(f"{row.file}:{row.line}" for row in rows)
        for row in rows:
            what = say("several rows of the key {0} that differ: {1}", " ".join(key), lines)
            found.problems.append(_of_row(row, "DUPLICATE_KEY", "E", what, blocks=True))
    found.rows[:] = kept


def _of_row(row: TrialRow, code: str, level: str, what: str, *, blocks: bool = False) -> Problem:
    return Problem(
        code, level, what, "", row.file, row.line, "", row.table,  # type: ignore[arg-type]
        row.text("site") if row.table == "subjects" else "", row.subject, blocks,
    )  # fmt: skip
