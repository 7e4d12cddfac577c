"""What ``inspect`` found, for the terminal: files, cases, links, repairs and notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import counted
from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.as_table import label_grid, print_to_text, section
from sbrt_qa.reports.case_text import course_text, part_lines
from sbrt_qa.reports.registry import Page
from sbrt_qa.review.summaries import (
    dose_summary,
    image_summary,
    plan_summary,
    structure_set_label,
)

if TYPE_CHECKING:
    from sbrt_qa.dicom.load import Inventory
    from sbrt_qa.model.case import Case

SHOWN_IGNORED = 20
"""Ignored files listed by name; the others are counted by reason."""


def render_inventory(inventory: Inventory, page: Page) -> str:
    """Return files by kind, then one block per case, then what was ignored and why."""
    kinds = Counter(file.modality for file in inventory.files)
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    objects = counted(len(inventory.files), "DICOM object")
    parts: list[RenderableType] = [_text(f"{objects}: {listed}")]
    parts += [_text(f"· {note}") for note in inventory.notes]
    for number, case in enumerate(inventory.cases, 1):
        parts += [Text(), Text(visible(f"Case {number}: {case.label or '(no label)'}"), "bold")]
        parts += [_facts(case), *_provenance(case)]
    parts += _ignored(inventory)
    return print_to_text(parts, page)


def _facts(case: Case) -> RenderableType:
    structures = case.structures
    lines = part_lines(
        plan_summary(case.plan),
        dose_summary(case.dose),
        structure_set_label(structures),
        0 if isinstance(structures, Reason) else len(structures.structures),
        image_summary(case.image),
    )
    lines += [("Course", course_text(case.course))] if case.course else []
    return Padding(label_grid(lines), (0, 0, 0, 2))


def _provenance(case: Case) -> Iterable[RenderableType]:
    source = case.provenance
    links = [
        f"{k.source} → {k.target}: {k.kind}{f' ({k.note})' if k.note else ''}" for k in source.links
    ]
    repairs = [f"{r.quirk} · {r.where}: {r.detail}" for r in source.repairs]
    for title, lines in (("links", links), ("repairs", repairs), ("notes", list(source.notes))):
        yield from _listed(title, lines)


def _listed(title: str, lines: Sequence[str]) -> Iterable[RenderableType]:
    if lines:
        yield Padding(Text(title, "dim"), (0, 0, 0, 2))
        yield from (Padding(_text(line), (0, 0, 0, 4)) for line in lines)


def _ignored(inventory: Inventory) -> list[RenderableType]:
    if not inventory.ignored:
        return []
    lines = [
        i.why if i.why.startswith(i.name) else f"{i.name}: {i.why}"
        for i in inventory.ignored[:SHOWN_IGNORED]
    ]
    hidden = Counter(i.why for i in inventory.ignored[SHOWN_IGNORED:])
    lines += [f"{count} more: {why}" for why, count in hidden.most_common()]
    return list(section("Not used", map(_text, lines)))


def _text(text: str) -> Text:
    return Text(visible(text))
