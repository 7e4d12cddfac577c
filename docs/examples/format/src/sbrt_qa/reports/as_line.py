"""One line per case, for a quick look at many."""

from collections.abc import Sequence

from sbrt_qa.reports.compose.case_page import compose
from sbrt_qa.reports.registry import Page
from sbrt_qa.review.case_review import CaseReview


def render_reviews(reviews: Sequence[CaseReview], page: Page) -> str:
    """Return verdict, plan and counts of each case."""
    reports = [compose(review, language=page.language) for review in reviews]
    return "".join(f"{r.mark.sign} {r.mark.word}  {r.plan}  {r.summary}\n" for r in reports)
