"""The data of a trial as read: rows of canonical tables, sorted by their keys."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final

from sbrt_qa.errors import ResultError
from sbrt_qa.trial.canonical import TABLES
from sbrt_qa.trial.cells import MissingCell, Value, canonical_text, parse_cell
from sbrt_qa.trial.partial_dates import PartialDate

_PARTS: Final = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One row.

    Parameters
    ----------
    values
        By column, without those that are missing.
    missing
        Why a value is missing, by column, where a code says so.
    file, line
        Where it came from; no part of what it says.
    """

    table: str
    values: Mapping[str, Value]
    missing: Mapping[str, str] = field(default_factory=dict)
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def key(self) -> tuple[str, ...]:
        """The canonical texts of its key columns."""
        return tuple(
            canonical_text(self.values[name]) if name in self.values else ""
            for name in TABLES[self.table].key
        )

    @property
    def subject(self) -> str:
        """The code of its subject; empty where the table has none."""
        return str(self.values.get("subject", ""))

    def get(self, column: str) -> Value | None:
        """Return a value, None where it is missing."""
        return self.values.get(column)

    def text(self, column: str) -> str:
        """Return a value that is a text; empty where it is missing."""
        found = self.values.get(column)
        return found if isinstance(found, str) else ""

    def number(self, column: str) -> float | None:
        """Return a value that is a number."""
        found = self.values.get(column)
        return found if isinstance(found, int | float) and not isinstance(found, bool) else None

    def whole(self, column: str) -> int | None:
        """Return a value that is a whole number."""
        found = self.values.get(column)
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    def day(self, column: str) -> dt.date | None:
        """Return a value that is a day; of a partial date only where it is one day."""
        found = self.values.get(column)
        if isinstance(found, PartialDate):
            return found.first if found.exact else None
        return found if isinstance(found, dt.date) else None

    def days(self, column: str) -> PartialDate | None:
        """Return a value that is a date as an interval."""
        found = self.values.get(column)
        if isinstance(found, dt.date):
            return PartialDate(found, found)
        return found if isinstance(found, PartialDate) else None

    def yes(self, column: str) -> bool | None:
        """Return a value that is Y or N."""
        found = self.values.get(column)
        return found if isinstance(found, bool) else None

    def words(self, column: str) -> tuple[str, ...]:
        """Return a value that is a set of words."""
        found = self.values.get(column)
        return found if isinstance(found, tuple) else ()

    def as_json(self) -> str:
        """Return what it says, the same text for the same content."""
        texts = {name: canonical_text(value) for name, value in self.values.items()}
        data: dict[str, Any] = {"values": texts}
        if self.missing:
            data["missing"] = dict(self.missing)
        return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def row_from_json(table: str, text: str) -> TrialRow:
    """Read a row back.

    Raises
    ------
    ResultError
        It is none of this table.
    """
    try:
        data = json.loads(text)
        spec = TABLES[table]
        values: dict[str, Value] = {}
        for name, cell in data["values"].items():
            value = parse_cell(spec.column(name), cell)
            if not isinstance(value, MissingCell):
                values[name] = value
        return TrialRow(table, values, data.get("missing", {}))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ResultError("a row of the trial's data cannot be read back", where=table) from error


@dataclass(frozen=True)
class TrialData:
    """All rows of a data cut, by table, each table sorted by its keys."""

    rows: Mapping[str, tuple[TrialRow, ...]]

    def of(self, table: str) -> tuple[TrialRow, ...]:
        """Return the rows of a table."""
        return self.rows.get(table, ())

    @cached_property
    def _by_subject(self) -> dict[str, dict[str, tuple[TrialRow, ...]]]:
        found: dict[str, dict[str, list[TrialRow]]] = {}
        for table, rows in self.rows.items():
            by_subject = found.setdefault(table, {})
            for row in rows:
                by_subject.setdefault(row.subject, []).append(row)
        return {
            table: {subject: tuple(rows) for subject, rows in by_subject.items()}
            for table, by_subject in found.items()
        }

    def of_subject(self, table: str, subject: str) -> tuple[TrialRow, ...]:
        """Return the rows of a subject, in the order of their keys."""
        return self._by_subject.get(table, {}).get(subject, ())

    def one(self, table: str, subject: str) -> TrialRow | None:
        """Return the only row of a subject in a table that has one for each."""
        return next(iter(self.of_subject(table, subject)), None)

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """The codes of all subjects that have a row in ``subjects``."""
        return tuple(row.subject for row in self.of("subjects"))

    @cached_property
    def sha256(self) -> str:
        """The hash of all rows: of the content alone, whatever form it came in."""
        return rows_sha256((table, row.as_json()) for table in TABLES for row in self.of(table))

    @property
    def size(self) -> int:
        """The number of rows."""
        return sum(len(rows) for rows in self.rows.values())


def rows_sha256(texts: Iterable[tuple[str, str]]) -> str:
    """Return the hash of rows, each its table and its text, in the order of tables and keys."""
    digest = hashlib.sha256()
    for table, text in texts:
        digest.update(f"{table}\t{text}\n".encode())
    return digest.hexdigest()


def sort_key(row: TrialRow) -> tuple[tuple[tuple[int, int, str], ...], ...]:
    """Return what rows are sorted by: their keys, numbers in them by their size."""
    return tuple(_parts(text) for text in row.key)


@lru_cache(maxsize=65536)
def _parts(text: str) -> tuple[tuple[int, int, str], ...]:
    return tuple((0, int(p), p) if p.isdigit() else (1, 0, p) for p in _PARTS.split(text) if p)


def trial_data(rows: Iterable[TrialRow]) -> TrialData:
    """Return rows as the data of a trial."""
    by_table: dict[str, list[TrialRow]] = {}
    for row in rows:
        by_table.setdefault(row.table, []).append(row)
    return TrialData({
        table: tuple(sorted(by_table[table], key=sort_key)) for table in TABLES if table in by_table
    })  # fmt: skip
