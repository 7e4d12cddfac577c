"""One line per case, for a quick look at many."""

from collections.abc import Sequence

from sbrt_qa.errors import visible
from sbrt_qa.reports.registry import Page
from sbrt_qa.reports.view import count_text, verdict_text
from sbrt_qa.review.case_review import CaseReview


def render_reviews(reviews: Sequence[CaseReview], page: Page) -> str:  # noqa: ARG001
    """Return verdict, plan and counts of each case."""
    return "".join(
        f"{verdict_text(r.verdict)}  {visible(r.case)}  {count_text(r)}\n" for r in reviews
    )
