"""CSV of targets: one row = one structure of one plan that is, or might be, a target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.as_csv import HEAD_COLUMNS, Cell, head_cells, write_table, yes
from sbrt_qa.reports.registry import Page

if TYPE_CHECKING:
    from sbrt_qa.review.case_review import CaseReview, TargetSummary

COLUMNS = (
    *HEAD_COLUMNS, "target", "roi_number", "kind", "role", "why", "prescription_gy",
    "own_prescription", "volume_cc", "mean_gy", "coverage_percent", "near_minimum_percent",
    "hot_spot_percent", "conformity", "verdict",
    "draft",
)  # fmt: skip


def render_reviews(reviews: Sequence[CaseReview], page: Page) -> str:
    """Return one row per target and plan."""
    return write_table(COLUMNS, target_rows(reviews, page))


def target_rows(reviews: Sequence[CaseReview], page: Page) -> Iterator[dict[str, Cell]]:
    """Yield the rows of `render_reviews` by the names of their columns."""
    for review in reviews:
        for one in review.targets:
            yield head_cells(review, page) | _row(one)


def _row(one: TargetSummary) -> dict[str, Cell]:
    given = one.prescription_gy
    return {
        "target": one.name, "roi_number": one.roi_number, "kind": one.kind, "role": one.role,
        "why": one.why, "prescription_gy": None if isinstance(given, Reason) else given,
        "own_prescription": yes(one.own_prescription), "volume_cc": one.volume_cc,
        "mean_gy": one.mean_gy, "coverage_percent": one.coverage_percent,
        "near_minimum_percent": one.near_minimum_percent,
        "hot_spot_percent": one.hot_spot_percent,
        "conformity": "; ".join(
            f"{name} {v:g}" + (f" of {one.of_union[name]}" if name in one.of_union else "")
            for name, v in one.conformity.items()
        ),
        "verdict": one.verdict or "",
    }  # fmt: skip
