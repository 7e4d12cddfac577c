"""CSV of plan checks: one row = one check of one object of one plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    return write_table(COLUMNS, check_rows(reviews, page))


def check_rows(reviews: Sequence[CaseReview], page: Page) -> Iterator[dict[str, Cell]]:
    """Yield the rows of `render_reviews` by the names of their columns."""
    for review in reviews:
        told = {"found": review.findings, "passed": review.passed, "not told": review.not_told}
        for outcome, findings in told.items():
            for finding in findings:
                yield head_cells(review, page) | {"outcome": outcome} | _row(finding)


def _row(f: Finding) -> dict[str, Cell]:
    return {
        "check": f.code, "group": f.group, "title": f.title, "where": f.where,
        "verdict": f.verdict or "", "message": f.message, "advice": f.advice, "found": f.found,
        "expected": f.expected, "tolerance": f.tolerance, "source": f.source,
    }  # fmt: skip
