"""An Excel workbook: the tables of the CSV formats, each on its own sheet; needs openpyxl."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from sbrt_qa.reports import as_checks_csv, as_targets_csv
from sbrt_qa.reports.as_csv import DVH_COLUMNS, REVIEW_COLUMNS, dvh_rows, review_rows
from sbrt_qa.reports.registry import Page
from sbrt_qa.reports.workbook import Cell, Sheet, write_workbook

if TYPE_CHECKING:
    from sbrt_qa.evidence.evidence import Reviewed
    from sbrt_qa.review.dvh_table import DvhTable


NUMBERS: Final = ("value", "limit", "minor_limit", "margin")


def render_report(reviewed: Reviewed, language: str) -> bytes:  # noqa: ARG001 - data stay as they are
    """Return limits, plan checks and targets of one plan as three sheets.

    Raises
    ------
    UsageError
        openpyxl is not installed.
    """
    page, reviews = Page(occasion=reviewed.occasion), [reviewed.review]
    checks = as_checks_csv.check_rows(reviews, page)
    targets = as_targets_csv.target_rows(reviews, page)
    return write_workbook(
        {
            "limits": _sheet(REVIEW_COLUMNS, review_rows(reviews, page)),
            "checks": _sheet(as_checks_csv.COLUMNS, checks),
            "targets": _sheet(as_targets_csv.COLUMNS, targets),
        }
    )


def render_dvh(table: DvhTable, page: Page) -> bytes:  # noqa: ARG001
    """Return one row per structure and quantity, as the CSV has them.

    Raises
    ------
    UsageError
        openpyxl is not installed.
    """
    return write_workbook({"dvh": _sheet(DVH_COLUMNS, dvh_rows(table))})


def _sheet(columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> Sheet:
    return columns, [[_cell(name, row.get(name)) for name in columns] for row in rows]


def _cell(name: str, value: Cell) -> Cell:
    """Return a cell; a number that the CSV writes out in full, as text, is a number here."""
    is_number = name in NUMBERS or name.endswith(("_low", "_high"))
    return float(value) if is_number and isinstance(value, str) and value else value
