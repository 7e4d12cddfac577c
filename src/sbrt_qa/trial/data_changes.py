"""What differs between two imports of a trial's data, key by key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sbrt_qa.trial.canonical import TABLES
from sbrt_qa.trial.cells import canonical_text
from sbrt_qa.trial.trial_data import TrialData, TrialRow


@dataclass(frozen=True, slots=True)
class RowChange:
    """One cell that changed; of a row that came or went one entry without a column."""

    table: str
    key: str
    what: Literal["added", "removed", "changed"]
    column: str = ""
    before: str = ""
    after: str = ""


def row_changes(before: TrialData, after: TrialData) -> tuple[RowChange, ...]:
    """Return all changes, by table and key."""
    found: list[RowChange] = []
    for table, spec in TABLES.items():
        old, new = ({row.key: row for row in data.of(table)} for data in (before, after))
        order = list(dict.fromkeys([*new, *old]))
        for key in order:
            name = " ".join(part for part in key if part)
            one, other = old.get(key), new.get(key)
            if one is None or other is None:
                found.append(RowChange(table, name, "removed" if other is None else "added"))
                continue
            for column in spec.columns:
                texts = _cell(one, column.name), _cell(other, column.name)
                if texts[0] != texts[1]:
                    found.append(RowChange(table, name, "changed", column.name, *texts))
    return tuple(found)


def _cell(row: TrialRow, column: str) -> str:
    value = row.get(column)
    return row.missing.get(column, "") if value is None else canonical_text(value)
