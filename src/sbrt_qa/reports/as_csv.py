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
from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.registry import Page

if TYPE_CHECKING:
    from sbrt_qa.protocol.result import ConstraintResult
    from sbrt_qa.review.dvh_table import DvhTable, StructureDvh
    from sbrt_qa.review.result import CaseReview

Cell = str | int | float | bool | None

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

REVIEW_COLUMNS = (
    "subject", "plan", "case_verdict", "protocol", "protocol_version", "protocol_sha256",
    "engine_version", "constraint", "priority", "counts", "structure", "plan_structures",
    "match_rule", "metric", "value", "unit", "operator", "limit", "minor_limit", "margin",
    "verdict", "reason_code", "reason", "note", "source", "confidence",
    "other_value", "other_source", "difference", "tolerance", "agrees", "cause",
    "band_low", "band_high", "band_driver", "borderline",
    "check", "check_group", "check_title", "where", "message", "found", "expected",
    "check_tolerance", "advice",
)  # fmt: skip

DVH_COLUMNS = (
    "plan", "structure", "roi_number", "quantity", "value", "unit", "reason", "band_low",
    "band_high",
)  # fmt: skip


def render_reviews(reviews: Sequence[CaseReview], page: Page) -> str:  # noqa: ARG001
    """Return one row per limit, one per value compared with another's, one per plan check."""
    return write_rows(REVIEW_COLUMNS, (row for review in reviews for row in _review_rows(review)))


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


def _review_rows(review: CaseReview) -> Iterator[Sequence[Cell]]:
    protocol = review.protocol
    head = (
        review.subject, review.case, review.verdict, protocol.id, protocol.version,
        protocol.sha256, review.engine.version,
    )  # fmt: skip
    for c in review.constraints:
        match, reason = c.match, c.reason
        yield (
            *head, c.id, c.priority, "yes" if c.counts else "no", c.structure,
            "; ".join(match.plan_names) if match else "", match.rule if match else "",
            c.metric, c.value, c.unit, c.op, c.per_protocol_limit, c.minor_limit, c.margin,
            c.verdict, reason.code if reason else "", reason.detail if reason else "",
            c.note, "; ".join(c.source), c.confidence, *[None] * 6, *_band(c), *[None] * 9,
        )  # fmt: skip
    for row in (*review.site_values, *review.cross_check):
        reason, agrees = row.reason, row.agrees
        yield (
            *head, "", None, "", row.structure, "", "", row.metric, row.ours, row.unit, "", None,
            None, None, "", reason.code if reason else "", reason.detail if reason else "", "", "",
            "", row.other, row.source, row.difference, row.tolerance,
            "" if agrees is None else "yes" if agrees else "no", row.cause, *[None] * 13,
        )  # fmt: skip
    for f in (*review.findings, *review.passed):
        yield (
            *head, *[None] * 13, f.verdict or "", "", "", "", f.source, "", *[None] * 10, f.code,
            f.group, f.title, f.where, f.message, f.found, f.expected, f.tolerance, f.advice,
        )  # fmt: skip


def _band(c: ConstraintResult) -> tuple[Cell, Cell, Cell, Cell]:
    if c.band is None:
        return None, None, "", ""
    return c.band.low, c.band.high, c.band.driver, "yes" if c.borderline else "no"


def _quantities(row: StructureDvh) -> Iterator[tuple[Cell, ...]]:
    why, no_band = _text(row.reason), (None, None)
    yield "Volume[cc]", row.volume_cc, "cc", "" if row.volume_cc is not None else why, *no_band
    outside_cc = row.outside_dose_grid_cc
    told = "" if outside_cc is not None else why
    yield "outside_dose_grid[cc]", outside_cc, "cc", told, *no_band
    yield "Min[Gy]", row.min_gy, "Gy", why, *no_band
    yield "Mean[Gy]", row.mean_gy, "Gy", why, *no_band
    yield "Max[Gy]", row.max_gy, "Gy", why, *no_band
    for expression, metric in row.metrics.items():
        band = (metric.band.low, metric.band.high) if metric.band else no_band
        yield expression, metric.value, metric.unit, _text(metric.reason), *band
    if row.curve is not None:
        for dose_gy, volume_cc in zip(row.curve.dose_gy, row.curve.volume_cc, strict=True):
            yield f"V{dose_gy:g}Gy[cc]", volume_cc, "cc", "", *no_band


def _text(reason: Reason | None) -> str:
    return f"{reason.code}: {reason.detail}" if reason else ""
