"""CSV of values from elsewhere: one row = one metric of one plan beside the other's value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sbrt_qa.reports.as_csv import HEAD_COLUMNS, Cell, head_cells, reason_cells, write_table, yes
from sbrt_qa.reports.registry import Page

if TYPE_CHECKING:
    from sbrt_qa.review.case_review import CaseReview
    from sbrt_qa.second_opinion.second_opinion import Comparison

COLUMNS = (
    *HEAD_COLUMNS, "structure", "metric", "unit", "value", "other_value", "other_source",
    "difference", "tolerance", "agrees", "cause", "verdict_by_other", "reason_code", "reason",
    "draft",
)  # fmt: skip


def render_reviews(reviews: Sequence[CaseReview], page: Page) -> str:
    """Return one row per value of the site or of a second engine."""
    rows = (
        head_cells(review, page) | _row(comparison)
        for review in reviews
        for comparison in (*review.site_values, *review.cross_check)
    )
    return write_table(COLUMNS, rows)


def _row(row: Comparison) -> dict[str, Cell]:
    return {
        "structure": row.structure, "metric": row.metric, "unit": row.unit, "value": row.ours,
        "other_value": row.other, "other_source": row.source, "difference": row.difference,
        "tolerance": row.tolerance, "agrees": "" if row.agrees is None else yes(row.agrees),
        "cause": row.cause, "verdict_by_other": row.verdict_text, **reason_cells(row.reason),
    }  # fmt: skip
