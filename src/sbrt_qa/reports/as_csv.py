"""CSV, for spreadsheets and statistics: tidy, one row = one metric of one plan; RFC 4180.

Plan checks and values from elsewhere are tables of their own: ``checks.csv``, ``compared.csv``.

Numbers have four decimals, below one six digits, and more where a value would change its side of a
limit; JSON has them in full.

A spreadsheet runs a cell that starts like a formula, so such a text gets a leading apostrophe;
numbers never do.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sbrt_qa.errors import visible
from sbrt_qa.model.outcome import Band, Reason
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.reports.registry import Page

if TYPE_CHECKING:
    from sbrt_qa.review.case_review import CaseReview
    from sbrt_qa.review.dvh_table import DvhTable, StructureDvh
    from sbrt_qa.review.robustness import AtRadius, LimitRobustness

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
    "reason_code", "reason", "note", "source", "confidence", "draft", "uncertainty_low",
    "uncertainty_high", "uncertainty_driver", "spread_low", "spread_high", "spread_driver",
    "depends_on_convention", "convention_text", "doubtful_contour",
    "aside_worst", "aside_toward", "aside_verdict", "aside_flips", "chance_met", "chance_error",
)  # fmt: skip

DVH_COLUMNS = (
    "plan", "structure", "roi_number", "quantity", "value", "unit", "reason", "band_low",
    "band_high", "band_driver", "stated", "uncertainty_low", "uncertainty_high",
    "uncertainty_driver", "spread_low", "spread_high", "spread_driver",
)  # fmt: skip
"""``band_...`` is the uncertainty under its older name."""


def render_reviews(reviews: Sequence[CaseReview], page: Page) -> str:
    """Return one row per metric that a limit is about, and plan."""
    return write_table(REVIEW_COLUMNS, review_rows(reviews, page))


def review_rows(reviews: Sequence[CaseReview], page: Page) -> Iterator[dict[str, Cell]]:
    """Yield the rows of `render_reviews` by the names of their columns."""
    for r in reviews:
        for c in r.constraints:
            yield head_cells(r, page) | _limit_row(c) | aside_cells(r.robustness.get(c.key))


def render_dvh(table: DvhTable, page: Page) -> str:  # noqa: ARG001
    """Return one row per structure and quantity; a point of a curve is the metric ``V12Gy[cc]``."""
    return write_table(DVH_COLUMNS, dvh_rows(table))


def dvh_rows(table: DvhTable) -> Iterator[dict[str, Cell]]:
    """Yield the rows of `render_dvh` by the names of their columns."""
    stated = "; ".join(table.stated)
    for key, s in table.structures.items():
        head: dict[str, Cell] = {"plan": table.case, "structure": key, "roi_number": s.roi_number}
        for cells in _quantities(s):
            yield head | cells | {"stated": stated}


def short_number(value: float, apart: Sequence[float | None] = ()) -> float:
    """Return a number to four decimals, below one to six digits, or exact.

    It is exact where it would change its side of one of the numbers in `apart`.
    """
    if not math.isfinite(value):
        return value
    short = round(value, 4) if abs(value) >= 1 else float(f"{value:.6g}")
    if any(_side(short, n) != _side(value, n) for n in apart if n is not None):
        return value
    return short


def _side(value: float, bound: float) -> int:
    return (value > bound) - (value < bound)


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
    writer.writerows([safe_cell(_cell(cell)) for cell in row] for row in rows)
    return text.getvalue()


def _cell(value: Cell) -> Cell:
    """Return a number as short as the tables have it; one that is written already stays so."""
    return short_number(value) if isinstance(value, float) else value


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


def aside_cells(known: LimitRobustness | None) -> dict[str, Cell]:
    """Return a limit with the patient elsewhere, by the length of the shifts: ``3: 25.6; 5: 34.9``.

    Directions are vectors in mm to the patient's left, back and head; what is not known is ``-``.
    """
    if known is None:
        return {}
    by_radius = known.radius_mm.items()

    def each(told: Callable[[AtRadius], str]) -> str:
        return "; ".join(f"{radius}: {told(one)}" for radius, one in by_radius)

    chance = known.setup
    return {
        "aside_worst": each(lambda one: "-" if one.worst is None else f"{one.worst:.6g}"),
        "aside_toward": each(
            lambda one: " ".join(f"{v:.3g}" for v in one.shift_mm) if one.shift_mm else "-"
        ),
        "aside_verdict": each(lambda one: one.verdict),
        "aside_flips": each(lambda one: str(one.flips)),
        "chance_met": chance.chance if chance else None,
        "chance_error": chance.error if chance else None,
    }


def reason_cells(reason: Reason | None) -> dict[str, Cell]:
    """Return why there is no value."""
    return {"reason_code": reason.code, "reason": reason.detail} if reason else {}


def yes(flag: bool) -> str:  # noqa: FBT001
    """Return yes or no."""
    return "yes" if flag else "no"


def _limit_row(c: ConstraintResult) -> dict[str, Cell]:
    match = c.match
    return {
        "constraint": c.id, "priority": c.priority, "counts": yes(c.counts),
        "structure": c.structure, "plan_structures": "; ".join(match.plan_names) if match else "",
        "match_rule": match.rule if match else "", "metric": c.metric,
        "value": None if c.value is None else _apart(c.value, c),
        "unit": c.unit, "operator": c.op, "limit": c.per_protocol_limit,
        "minor_limit": c.minor_limit, "margin": c.margin, "verdict": c.verdict, "note": c.note,
        "source": "; ".join(c.source), "confidence": c.confidence, **reason_cells(c.reason),
        "borderline": yes(c.borderline) if c.band else "", "borderline_text": c.borderline_text,
        "depends_on_convention": yes(c.depends_on_convention) if c.spread else "",
        "convention_text": c.convention_text, **_intervals(c.band, c.spread, c),
        "doubtful_contour": c.doubtful_contour,
    }  # fmt: skip


def _apart(value: float, c: ConstraintResult | None) -> Cell:
    """Return a number that is on its side of the limits; as text where it has more digits."""
    if c is None:
        return short_number(value)
    short = short_number(value, (c.per_protocol_limit, c.minor_limit))
    return repr(short) if short != short_number(short) and short >= 0 else short


def _intervals(
    uncertainty: Band | None, spread: Band | None, c: ConstraintResult | None = None
) -> dict[str, Cell]:
    """Return the ends of both intervals, each with what widens it most."""
    named = {"band": uncertainty, "uncertainty": uncertainty, "spread": spread}
    cells: dict[str, Cell] = {}
    for name, band in named.items():
        if band is not None:
            cells |= {f"{name}_low": _apart(band.low, c), f"{name}_high": _apart(band.high, c)}
            cells[f"{name}_driver"] = band.driver
    return cells


def _quantities(row: StructureDvh) -> Iterator[dict[str, Cell]]:
    why = _text(row.reason)
    known = "" if row.volume_cc is not None else why
    yield _quantity("Volume[cc]", row.volume_cc, "cc", known)
    outside_cc = row.outside_dose_grid_cc
    told = "" if outside_cc is not None else why
    yield _quantity("outside_dose_grid[cc]", outside_cc, "cc", told)
    yield _quantity("Min[Gy]", row.min_gy, "Gy", why)
    yield _quantity("Mean[Gy]", row.mean_gy, "Gy", why)
    yield _quantity("Max[Gy]", row.max_gy, "Gy", why)
    for expression, metric in row.metrics.items():
        cells = _quantity(expression, metric.value, metric.unit, _text(metric.reason))
        yield cells | _intervals(metric.band, metric.spread)
    if row.curve is not None:
        for dose_gy, volume_cc in zip(row.curve.dose_gy, row.curve.volume_cc, strict=True):
            yield _quantity(f"V{dose_gy:g}Gy[cc]", volume_cc, "cc", "")


def _quantity(name: str, value: float | None, unit: str, reason: str) -> dict[str, Cell]:
    return {"quantity": name, "value": value, "unit": unit, "reason": reason}


def _text(reason: Reason | None) -> str:
    return f"{reason.code}: {reason.detail}" if reason else ""
