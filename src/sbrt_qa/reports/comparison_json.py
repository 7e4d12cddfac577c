"""Two versions of a submission as JSON, which reads back unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sbrt_qa.reports.as_json import inert
from sbrt_qa.reports.registry import Page

if TYPE_CHECKING:
    from sbrt_qa.compare.comparison import CaseComparison


def render_comparison(found: CaseComparison, page: Page) -> str:  # noqa: ARG001
    """Return one JSON object of the versioned form."""
    return inert(found.to_json(indent=2) + "\n")
