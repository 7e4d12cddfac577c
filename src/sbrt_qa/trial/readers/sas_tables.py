"""Tables from SAS transport files: numbers and days become the texts that a form would have."""

from __future__ import annotations

import datetime as dt

from sbrt_qa.trial.canonical import TABLES
from sbrt_qa.trial.sas_transport import EPOCH, XptValue, XptVariable, read_xpt

Texts = tuple[tuple[str, ...], tuple[tuple[int, dict[str, str]], ...]]
"""Columns, and by line the texts by column."""


def read_sas_texts(content: bytes, name: str) -> Texts:
    """Return columns and rows; a column goes by its label where that is a canonical name.

    Names have at most 8 characters, so long canonical names come as labels.

    Raises
    ------
    InputError
        It is no transport file.
    """
    table = read_xpt(content, name)
    columns = tuple(_name(variable) for variable in table.variables)
    rows = tuple(
        (line, {
            column: sas_text(variable, value)
            for column, variable, value in zip(columns, table.variables, row, strict=True)
        })
        for line, row in enumerate(table.rows, 1)
    )  # fmt: skip
    return columns, rows


def _name(variable: XptVariable) -> str:
    known = {c.name for spec in TABLES.values() for c in spec.columns}
    return variable.label if variable.label in known else variable.name.lower()


def sas_text(variable: XptVariable, value: XptValue) -> str:
    """Return the text of a value: a day as ISO date, a whole number without a point."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if variable.is_date:
        return (EPOCH + dt.timedelta(round(value))).isoformat()
    return f"{value:.12g}"
