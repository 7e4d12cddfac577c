"""HTML: one file that opens anywhere, offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sbrt_qa.reports.compose.report import compose

if TYPE_CHECKING:
    from sbrt_qa.review.evidence import Reviewed


def render_report(reviewed: Reviewed, language: str) -> bytes:
    """Return the page of one case."""
    report = compose(reviewed.review, reviewed.evidence, language)
    return report.headline.encode()
