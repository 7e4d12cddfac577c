"""Goals as a plain sheet: a CSV file that opens in any spreadsheet, and holds every limit."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Final

from sbrt_qa.protocol.goals import Goal
from sbrt_qa.reports.as_csv import safe_cell
from sbrt_qa.reports.goals.goal_formats import GoalHead, Unsaid, goal_format

COLUMNS: Final = (
    "id", "structure", "other_names", "metric", "op", "per_protocol", "minor", "beyond",
    "priority", "when", "source", "note",
)  # fmt: skip


@goal_format("sheet", suffix=".csv", meaning="a table (CSV) for people, with every limit")
def write_sheet(goals: Sequence[Goal], head: GoalHead) -> tuple[str, Sequence[Unsaid]]:
    """Write every limit as a row; nothing is left out."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for goal in goals:
        bounds = ("" if b is None else f"{b:.10g}" for b in (goal.per_protocol, goal.minor))
        hindrance = f"{goal.hindrance}. " if goal.hindrance else ""
        row = (
            goal.id, goal.structure, "; ".join(goal.names), goal.metric, goal.op, *bounds,
            goal.beyond, str(goal.priority), goal.when, goal.source, hindrance + goal.note,
        )  # fmt: skip
        writer.writerow([safe_cell(" ".join(cell.split())) for cell in row])
    for remark in (head.title, *head.remarks):
        writer.writerow([f"# {remark}"])
    return text.getvalue(), ()
