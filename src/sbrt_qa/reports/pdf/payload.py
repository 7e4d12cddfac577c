"""The report as plain data for the typesetter: texts that the fonts show, pictures by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Final

from sbrt_qa.reports.page import Report, Table
from sbrt_qa.reports.pdf.glyphs import breakable, printable
from sbrt_qa.reports.pdf.labels import labels
from sbrt_qa.reports.words import Words, msg

WHOLE: Final = frozenset({"verdict", "language", "curve", "place"})
"""Fields that the layout decides on; they are not shown and stay as they are."""

KIND: Final = 1
"""Column of the kind in the table of files."""

MOST_ALIKE: Final = 8
"""Files of one kind that are listed one by one."""


def payload(report: Report, pictures: Mapping[str, object]) -> str:
    """Return the report, its labels and its pictures as JSON.

    The typesetter reads values from it; no text of it is ever read as markup.
    """
    report = replace(report, inputs=_folded(report.inputs, Words(report.language)))
    texts = {
        name: _texts(value, lambda text: breakable(printable(text)), name)
        for name, value in asdict(report).items()
    }
    shown = {key: printable(text) for key, text in labels(report.language).items()}
    data = texts | {"labels": shown, "pictures": pictures}
    return json.dumps(data, ensure_ascii=False)


def _folded(files: Table, words: Words) -> Table:
    """Return the table of files with the slices of an image in one row."""
    kinds = [row[KIND] for row in files.rows]
    many = {kind for kind in kinds if kinds.count(kind) > MOST_ALIKE}
    rows: list[tuple[str, ...]] = []
    for row in files.rows:
        if row[KIND] not in many:
            rows.append(row)
        elif row[KIND] not in {r[KIND] for r in rows}:
            count = kinds.count(row[KIND])
            told = words(msg("{count} files, each in the attached JSON"), count=count)
            rows.append((f"{row[0]} …", row[KIND], told, ""))
    return replace(files, rows=tuple(rows))


def _texts(value: object, change: Callable[[str], str], name: str = "") -> object:
    """Return nested values with every text changed but those of the fields in `WHOLE`."""
    if isinstance(value, dict):
        return {key: _texts(part, change, key) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_texts(part, change, name) for part in value]
    if isinstance(value, str) and name not in WHOLE:
        return change(value)
    return value
