"""CSV, for spreadsheets and statistics: tidy, one row = one value; RFC 4180.

A spreadsheet runs a cell that starts like a formula, so such a text gets a leading apostrophe;
numbers never do.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from sbrt_qa.errors import visible
from sbrt_qa.model.outcome import Finding, Reason
from sbrt_qa.protocol.result import ConstraintResult
from sbrt_qa.reports.registry import Page

if TYPE_CHECKING:
    from sbrt_qa.review.dvh_table import DvhTable, StructureDvh
    from sbrt_qa.review.result import CaseReview
    from sbrt_qa.review.second_opinion import Comparison

Cell = str | int | float | bool | None

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

REVIEW_COLUMNS = (
    "subject", "plan", "case_verdict", "protocol", "protocol_version", "protocol_sha256",
    "engine_version", "constraint", "priority", "counts", "structure", "plan_structures",
    "match_rule", "metric", "value", "unit", "operator", "limit", "minor_limit", "margin",
    "verdict", "reason_code", "reason", "note", "source", "confidence",
    "other_value", "other_source", "difference", "tolerance", "agrees", "cause",
    "band_low", "band_high", "band_driver", "borderline", "borderline_text",
    "row", "check", "group", "where", "title", "message", "advice", "found", "expected", "accepted",
)  # fmt: skip

DVH_COLUMNS = (
    "plan", "structure", "roi_number", "quantity", "value", "unit", "reason", "band_low",
    "band_high", "band_driver",
)  # fmt: skip


def render_reviews(reviews: Sequence[CaseReview], page: Page) -> str:  # noqa: ARG001
    """Return one row per limit and plan, per value compared with another's, and per plan check.

    The column `row` says which: limit, comparison, finding or passed.
    """
    rows = (row for review in reviews for row in _review_rows(review))
    return write_rows(REVIEW_COLUMNS, ([row.get(name) for name in REVIEW_COLUMNS] for row in rows))


def render_dvh(table: DvhTable, page: Page) -> str:  # noqa: ARG001
    """Return one row per structure and quantity; a point of a curve is the metric ``V12Gy[cc]``."""
    rows = (
        (table.case, key, structure.roi_number, *quantity)
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


def _review_rows(review: CaseReview) -> Iterator[dict[str, Cell]]:
    protocol = review.protocol
    head: dict[str, Cell] = {
        "subject": review.subject, "plan": review.case, "case_verdict": review.verdict,
        "protocol": protocol.id, "protocol_version": protocol.version,
        "protocol_sha256": protocol.sha256, "engine_version": review.engine.version,
    }  # fmt: skip
    for limit in review.constraints:
        yield head | _limit_row(limit)
    for comparison in (*review.site_values, *review.cross_check):
        yield head | _comparison_row(comparison)
    for kind, findings in (("finding", review.findings), ("passed", review.passed)):
        for finding in findings:
            yield head | {"row": kind} | _check_row(finding)


def _limit_row(c: ConstraintResult) -> dict[str, Cell]:
    match, band = c.match, c.band
    return {
        "row": "limit", "constraint": c.id, "priority": c.priority, "counts": _yes(c.counts),
        "structure": c.structure, "plan_structures": "; ".join(match.plan_names) if match else "",
        "match_rule": match.rule if match else "", "metric": c.metric, "value": c.value,
        "unit": c.unit, "operator": c.op, "limit": c.per_protocol_limit,
        "minor_limit": c.minor_limit, "margin": c.margin, "verdict": c.verdict, "note": c.note,
        "source": "; ".join(c.source), "confidence": c.confidence, **_reason_cells(c.reason),
        "band_low": band.low if band else None, "band_high": band.high if band else None,
        "band_driver": band.driver if band else "",
        "borderline": _yes(c.borderline) if band else "", "borderline_text": c.borderline_text,
    }  # fmt: skip


def _comparison_row(row: Comparison) -> dict[str, Cell]:
    return {
        "row": "comparison", "structure": row.structure, "metric": row.metric, "value": row.ours,
        "unit": row.unit, **_reason_cells(row.reason), "other_value": row.other,
        "other_source": row.source, "difference": row.difference, "tolerance": row.tolerance,
        "agrees": "" if row.agrees is None else _yes(row.agrees), "cause": row.cause,
    }  # fmt: skip


def _check_row(f: Finding) -> dict[str, Cell]:
    return {
        "check": f.code, "group": f.group, "verdict": f.verdict or "", "where": f.where,
        "title": f.title,
        "message": f.message, "advice": f.advice, "found": f.found, "expected": f.expected,
        "accepted": f.tolerance, "source": f.source,
    }  # fmt: skip


def _reason_cells(reason: Reason | None) -> dict[str, Cell]:
    return {"reason_code": reason.code, "reason": reason.detail} if reason else {}


def _yes(flag: bool) -> str:  # noqa: FBT001
    return "yes" if flag else "no"


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
