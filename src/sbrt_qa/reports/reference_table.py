"""A case beside a second structure set, as a table, CSV rows or JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from sbrt_qa.errors import visible
from sbrt_qa.i18n.words import Words
from sbrt_qa.model.outcome import Reason, Verdict
from sbrt_qa.reports.compose.verdict_words import mark_of

if TYPE_CHECKING:
    from sbrt_qa.compare.reference_set import ReferenceComparison, ReferenceRow, ReferenceVerdict

SCHEMA: Final = "sbrt_qa.reference/1"

HEADS: Final = (
    "structure", "volume cc", "reference cc", "Dice", "surface Dice 1 mm", "2 mm", "3 mm",
    "Hausdorff 95 % mm", "Hausdorff mm", "mean mm", "added path mm", "of mm", "reason",
)  # fmt: skip


def reference_cells(row: ReferenceRow) -> tuple[str, ...]:
    """Return one structure as cells below `HEADS`."""
    name, found = visible(row.reference), row.agreement
    if isinstance(found, Reason):
        return (name, *[""] * 11, visible(found.detail))
    near = (f"{found.surface_dice[t]:.3f}" for t in ("1", "2", "3"))
    return (
        name, f"{found.volume_cc:.2f}", f"{found.reference_cc:.2f}", f"{found.dice:.3f}", *near,
        f"{found.hausdorff95_mm:.2f}", f"{found.hausdorff_mm:.2f}", f"{found.mean_mm:.2f}",
        f"{found.added_path_mm:.0f}", f"{found.path_mm:.0f}", "",
    )  # fmt: skip


def limit_line(one: ReferenceVerdict) -> str:
    """Return one limit whose verdict changes, in a line."""
    values = ["–" if v is None else f"{v:.2f}" for v in (one.value, one.reference_value)]
    told = f"{verdict_text(one.verdict)} {values[0]} → {verdict_text(one.reference_verdict)}"
    return visible(f"{one.limit} {one.structure} {one.metric}: {told} {values[1]} {one.unit}")


def text_of(found: ReferenceComparison) -> str:
    """Return the comparison as lines of text."""
    rows = [HEADS, *(reference_cells(row) for row in found.rows)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEADS))]
    lines = [f"Plan {visible(found.case)}: contours beside a reference", ""]
    lines += [
        "  ".join(
            cell.ljust(width) if n in (0, 12) else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    changed = [one for one in found.limits if one.changes]
    lines += ["", f"Verdict: {verdict_text(found.verdict)} with the contours of the case, "
              f"{verdict_text(found.reference_verdict)} with those of the reference."]  # fmt: skip
    lines += [f"{len(changed)} of {len(found.limits)} limits change their verdict."]
    lines += [f"  {limit_line(one)}" for one in changed]
    if found.only_drawn:
        names = ", ".join(map(visible, found.only_drawn))
        lines += [f"Not in the reference, so the case's own contours stand: {names}."]
    return "\n".join(lines) + "\n"


def json_of(found: ReferenceComparison) -> str:
    """Return the comparison as JSON."""
    limits = [asdict(one) | {"changes": one.changes} for one in found.limits]
    return json.dumps({"schema": SCHEMA} | asdict(found) | {"limits": limits}, indent=2) + "\n"


def verdict_text(verdict: Verdict) -> str:
    """Return sign and word of a verdict."""
    mark = mark_of(verdict, Words())
    return f"{mark.sign} {mark.word}"
