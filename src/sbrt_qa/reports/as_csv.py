"""CSV, for spreadsheets and statistics: tidy, one row = one metric of one plan; RFC 4180.

Plan checks and values from elsewhere are tables of their own: ``checks.csv``, ``compared.csv``.

A spreadsheet runs a cell that starts like a formula, so such a text gets a leading apostrophe;
numbers never do.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sbrt_qa.errors import visible
from sbrt_qa.model.outcome import Reason
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.reports.registry import Page

if TYPE_CHECKING:
    from sbrt_qa.review.case_review import CaseReview
    from sbrt_qa.review.dvh_table import DvhTable, StructureDvh

Cell = str | int | float | bool | None

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

HEAD_COLUMNS = (
    "site", "subject", "submission", "plan", "planned", "made", "case_verdict", "protocol",
    "protocol_version", "protocol_sha256", "engine_version",
)  # fmt: skip
"""What a row is about, the same in every table; days in ISO 8601, empty where not known."""

REVIEW_COLUMNS = (
    *HEAD_COLUMNS, "constraint", "priority", "counts", "structure", "plan_structures",
    "match_rule", "metric", "value", "unit", "operator", "limit", "minor_limit", "margin",
    "verdict", "band_low", "band_high", "band_driver", "borderline", "borderline_text",
    "reason_code", "reason", "note", "source", "confidence", "draft",
)  # fmt: skip

DVH_COLUMNS = (
    "plan", "structure", "roi_number", "quantity", "value", "unit", "reason", "band_low",
    "band_high", "band_driver", "stated",
)  # fmt: skip


def render_reviews(reviews: Sequence[CaseReview], page: Page) -> str:
    """Return one row per metric that a limit is about, and plan."""
    rows = ((head_cells(r, page), _limit_row(c)) for r in reviews for c in r.constraints)
    return write_table(REVIEW_COLUMNS, (head | row for head, row in rows))


def render_dvh(table: DvhTable, page: Page) -> str:  # noqa: ARG001
    """Return one row per structure and quantity; a point of a curve is the metric ``V12Gy[cc]``."""
    stated = "; ".join(table.stated)
    rows = (
        (table.case, key, structure.roi_number, *quantity, stated)
        for key, structure in table.structures.items()
        for quantity in _quantities(structure)
    )
    return write_rows(DVH_COLUMNS, rows)


def safe_cell(value: Cell) -> Cell:
    """Return a cell that no spreadsheet runs: text is made visible and never starts a formula."""
    if not isinstance(value, str):
        return value
    guard = "'" if value.startswith(_FORMULA_STARTS) else ""
    return guard + visible(value)


def write_rows(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a CSV text of cells made safe."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


def write_table(columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> str:
    """Return a CSV text of rows by the names of their columns; what is not there stays empty."""
    return write_rows(columns, ([row.get(name) for name in columns] for row in rows))


def head_cells(review: CaseReview, page: Page) -> dict[str, Cell]:
    """Return what every row of a review says: which submission, which plan, held against what."""
    protocol, known = review.protocol, page.occasion
    return {
        "site": (known.site if known else "") or review.site,
        "subject": review.subject,
        "submission": known.submission if known else "",
        "plan": review.case,
        "planned": known.planned.isoformat() if known and known.planned else "",
        "made": known.written.isoformat() if known and known.written else "",
        "case_verdict": review.verdict,
        "protocol": protocol.id,
        "protocol_version": protocol.version,
        "protocol_sha256": protocol.sha256,
        "engine_version": review.engine.version,
        "draft": protocol.standing,
    }


def reason_cells(reason: Reason | None) -> dict[str, Cell]:
    """Return why there is no value."""
    return {"reason_code": reason.code, "reason": reason.detail} if reason else {}


def yes(flag: bool) -> str:  # noqa: FBT001
    """Return yes or no."""
    return "yes" if flag else "no"


def _limit_row(c: ConstraintResult) -> dict[str, Cell]:
    match, band = c.match, c.band
    return {
        "constraint": c.id, "priority": c.priority, "counts": yes(c.counts),
        "structure": c.structure, "plan_structures": "; ".join(match.plan_names) if match else "",
        "match_rule": match.rule if match else "", "metric": c.metric, "value": c.value,
        "unit": c.unit, "operator": c.op, "limit": c.per_protocol_limit,
        "minor_limit": c.minor_limit, "margin": c.margin, "verdict": c.verdict, "note": c.note,
        "source": "; ".join(c.source), "confidence": c.confidence, **reason_cells(c.reason),
        "band_low": band.low if band else None, "band_high": band.high if band else None,
        "band_driver": band.driver if band else "",
        "borderline": yes(c.borderline) if band else "", "borderline_text": c.borderline_text,
    }  # fmt: skip


def _quantities(row: StructureDvh) -> Iterator[tuple[Cell, ...]]:
    why, no_band = _text(row.reason), (None, None, None)
    yield "Volume[cc]", row.volume_cc, "cc", "" if row.volume_cc is not None else why, *no_band
    outside_cc = row.outside_dose_grid_cc
    told = "" if outside_cc is not None else why
    yield "outside_dose_grid[cc]", outside_cc, "cc", told, *no_band
    yield "Min[Gy]", row.min_gy, "Gy", why, *no_band
    yield "Mean[Gy]", row.mean_gy, "Gy", why, *no_band
    yield "Max[Gy]", row.max_gy, "Gy", why, *no_band
    for expression, metric in row.metrics.items():
        band = metric.band
        ends = (band.low, band.high, band.driver) if band else no_band
        yield expression, metric.value, metric.unit, _text(metric.reason), *ends
    if row.curve is not None:
        for dose_gy, volume_cc in zip(row.curve.dose_gy, row.curve.volume_cc, strict=True):
            yield f"V{dose_gy:g}Gy[cc]", volume_cc, "cc", "", *no_band


def _text(reason: Reason | None) -> str:
    return f"{reason.code}: {reason.detail}" if reason else ""
