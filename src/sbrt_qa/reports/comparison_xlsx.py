"""Two versions of a submission as an Excel workbook, with the rows of the CSV; needs openpyxl."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sbrt_qa.reports.comparison_csv import COLUMNS, comparison_rows
from sbrt_qa.reports.registry import Page
from sbrt_qa.reports.workbook import write_workbook

if TYPE_CHECKING:
    from sbrt_qa.compare.comparison import CaseComparison


def render_comparison(found: CaseComparison, page: Page) -> bytes:  # noqa: ARG001
    """Return one sheet; numbers are as they were computed, not rounded.

    Raises
    ------
    UsageError
        openpyxl is not installed.
    """
    return write_workbook({"compared": (COLUMNS, comparison_rows(found))})
