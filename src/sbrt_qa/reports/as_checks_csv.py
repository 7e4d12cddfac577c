"""CSV of plan checks: one row = one check of one object of one plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sbrt_qa.model.outcome import Finding
from sbrt_qa.reports.as_csv import HEAD_COLUMNS, Cell, head_cells, write_table
from sbrt_qa.reports.registry import Page

if TYPE_CHECKING:
    from sbrt_qa.review.case_review import CaseReview

COLUMNS = (
    *HEAD_COLUMNS, "check", "group", "title", "where", "outcome", "verdict", "message", "advice",
    "found", "expected", "tolerance", "source", "draft",
)  # fmt: skip


def render_reviews(reviews: Sequence[CaseReview], page: Page) -> str:
    """Return one row per check and object; `outcome` is found, passed or not told."""
    rows = (
        head_cells(review, page) | {"outcome": outcome} | _row(finding)
        for review in reviews
        for outcome, findings in (
            ("found", review.findings),
            ("passed", review.passed),
            ("not told", review.not_told),
        )
        for finding in findings
    )
    return write_table(COLUMNS, rows)


def _row(f: Finding) -> dict[str, Cell]:
    return {
        "check": f.code, "group": f.group, "title": f.title, "where": f.where,
        "verdict": f.verdict or "", "message": f.message, "advice": f.advice, "found": f.found,
        "expected": f.expected, "tolerance": f.tolerance, "source": f.source,
    }  # fmt: skip
