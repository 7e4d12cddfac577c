"""Plans side by side as a tagged PDF on A4."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Final

from sbrt_qa.reports.pdf.glyphs import breakable, printable, shown
from sbrt_qa.reports.pdf.typeset import LAYOUT, typeset
from sbrt_qa.reports.plans.plans_page import PlanDrawing, PlansPage

WHOLE: Final = frozenset({"verdict", "language", "svg", "file"})
"""Fields that the layout decides on, or that are pictures; they stay as they are."""


def plans_pdf(page: PlansPage) -> bytes:
    """Return the document."""
    files: dict[str, str] = {}
    data = asdict(page)
    for kind, drawings in (("curves", page.curves), ("differences", page.differences)):
        data[kind] = [_file(kind, n, one, files) for n, one in enumerate(drawings)]
    texts = _texts(data, lambda text: breakable(printable(text)))
    layout = (LAYOUT / "plans.typ").read_text(encoding="utf-8")
    told = json.dumps(texts, ensure_ascii=False)
    return typeset({"main.typ": layout, "plans.json": told, **files})


def _file(kind: str, number: int, one: PlanDrawing, files: dict[str, str]) -> dict[str, str]:
    name = f"{kind}-{number}.svg"
    files[name] = shown(one.svg)
    return {"title": one.title, "caption": one.caption, "file": name}


def _texts(value: object, change: Callable[[str], str], name: str = "") -> object:
    """Return nested values with every text changed but those of the fields in `WHOLE`."""
    if isinstance(value, dict):
        return {key: _texts(part, change, key) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_texts(part, change, name) for part in value]
    return change(value) if isinstance(value, str) and name not in WHOLE else value
