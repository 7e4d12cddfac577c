"""The report as plain data for the typesetter: texts that the fonts show, pictures by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Final

from sbrt_qa.reports.compose.labels import labels
from sbrt_qa.reports.page import Report
from sbrt_qa.reports.pdf.glyphs import breakable, printable

WHOLE: Final = frozenset({"verdict", "language", "curve", "place"})
"""Fields that the layout decides on; they are not shown and stay as they are."""


def payload(report: Report, pictures: Mapping[str, object]) -> str:
    """Return the report, its labels and its pictures as JSON.

    The typesetter reads values from it; no text of it is ever read as markup.
    """
    texts = {
        name: _texts(value, lambda text: breakable(printable(text)), name)
        for name, value in asdict(report).items()
    }
    shown = {key: printable(text) for key, text in labels(report.language).items()}
    data = texts | {"labels": shown, "pictures": pictures}
    return json.dumps(data, ensure_ascii=False)


def _texts(value: object, change: Callable[[str], str], name: str = "") -> object:
    """Return nested values with every text changed but those of the fields in `WHOLE`."""
    if isinstance(value, dict):
        return {key: _texts(part, change, key) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_texts(part, change, name) for part in value]
    if isinstance(value, str) and name not in WHOLE:
        return change(value)
    return value
