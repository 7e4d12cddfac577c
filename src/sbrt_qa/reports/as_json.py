"""JSON, for programs: the versioned form of the results, unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sbrt_qa.reports.registry import Page

if TYPE_CHECKING:
    from sbrt_qa.review.dvh_table import DvhTable
    from sbrt_qa.review.result import CaseReview


def render_reviews(reviews: Sequence[CaseReview], page: Page) -> str:  # noqa: ARG001
    """Return a JSON list, one element per case."""
    return "[\n" + ",\n".join(review.to_json(indent=2) for review in reviews) + "\n]\n"


def render_dvh(table: DvhTable, page: Page) -> str:  # noqa: ARG001
    """Return one JSON object."""
    return table.to_json() + "\n"
