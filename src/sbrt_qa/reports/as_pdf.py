"""PDF: to print, to sign and to hand on. Tagged, bookmarked, searchable; fonts embedded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sbrt_qa.reports.compose.case_page import compose
from sbrt_qa.reports.pdf.pictures import draw
from sbrt_qa.reports.pdf.typeset import typeset
from sbrt_qa.reports.pdf.typeset_data import payload

if TYPE_CHECKING:
    from sbrt_qa.evidence.evidence import Reviewed


def render_report(reviewed: Reviewed, language: str) -> bytes:
    """Return the report of one case; the review as JSON is attached to it."""
    report = compose(reviewed.review, reviewed.evidence, language, reviewed.occasion)
    pictures, files = draw(reviewed, report)
    twin = {"review.json": reviewed.review.to_json()}
    return typeset({"report.json": payload(report, pictures), **files, **twin})
