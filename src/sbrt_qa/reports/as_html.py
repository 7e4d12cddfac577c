"""HTML: one file that opens anywhere, offline, and prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sbrt_qa.reports.html.html_page import page

if TYPE_CHECKING:
    from sbrt_qa.evidence.evidence import Reviewed


def render_report(reviewed: Reviewed, language: str) -> bytes:
    """Return the page of one case."""
    return page(reviewed, language)
