"""Two versions of a submission as CSV: one row per change, structure number, dose number, limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.as_csv import Cell, write_rows
from sbrt_qa.reports.registry import Page
from sbrt_qa.review.comparison import GammaSummary

if TYPE_CHECKING:
    from sbrt_qa.review.comparison import CaseComparison, StructureChange

COLUMNS = (
    "kind", "area", "item", "quantity", "before", "after", "difference", "unit",
    "verdict_before", "verdict_after", "state", "requested", "reason",
)  # fmt: skip


def render_comparison(found: CaseComparison, page: Page) -> str:  # noqa: ARG001
    """Return tidy rows of four kinds: change, structure, dose, limit."""
    rows = [*_changes(found), *_structures(found), *_dose(found), *_limits(found)]
    return write_rows(COLUMNS, rows)


def _changes(found: CaseComparison) -> Iterator[Sequence[Cell]]:
    for c in found.changes:
        asked = {True: "yes", False: "no", None: ""}[c.expected]
        yield (
            "change", c.area, c.item, c.what, c.before, c.after, None, "", "", "", "", asked, "",
        )  # fmt: skip


def _structures(found: CaseComparison) -> Iterator[Sequence[Cell]]:
    for row in found.structures:
        why = row.reason.detail if row.reason else ""
        for quantity, before, after, unit in _quantities(row):
            yield (
                "structure", "structures", row.name, quantity, before, after, None, unit, "", "",
                row.state, "", why,
            )  # fmt: skip


def _quantities(
    row: StructureChange,
) -> Iterator[tuple[str, float | None, float | None, str]]:
    yield "volume", row.before_cc, row.after_cc, "cc"
    yield "dice", None, row.dice, "1"
    yield "surface_distance_mean", None, row.mean_mm, "mm"
    yield "surface_distance_p95", None, row.p95_mm, "mm"
    yield "surface_distance_max", None, row.max_mm, "mm"


def _dose(found: CaseComparison) -> Iterator[Sequence[Cell]]:
    dose = found.dose
    if isinstance(dose, Reason):
        yield _dose_row("difference", None, "", reason=dose.detail)
        return
    yield (
        "dose", "dose", "", "maximum", dose.max_before_gy, dose.max_after_gy,
        dose.max_after_gy - dose.max_before_gy, "Gy", "", "", "", "", "",
    )  # fmt: skip
    for quantity, value in (
        ("mean_difference", dose.mean_gy),
        ("rms_difference", dose.rms_gy),
        ("p95_absolute_difference", dose.p95_abs_gy),
        ("largest_rise", dose.largest_rise_gy),
        ("largest_fall", dose.largest_fall_gy),
    ):
        yield _dose_row(quantity, value, "Gy")
    if isinstance(dose.gamma, GammaSummary):
        criteria = f"gamma_{dose.gamma.dose_percent:g}%_{dose.gamma.distance_mm:g}mm"
        yield _dose_row(f"{criteria}_pass", dose.gamma.pass_percent, "%")
        yield _dose_row(f"{criteria}_mean", dose.gamma.mean, "1")
    elif dose.gamma is not None:
        yield _dose_row("gamma", None, "1", reason=dose.gamma.detail)


def _dose_row(quantity: str, value: float | None, unit: str, reason: str = "") -> Sequence[Cell]:
    return ("dose", "dose", "", quantity, None, None, value, unit, "", "", "", "", reason)


def _limits(found: CaseComparison) -> Iterator[Sequence[Cell]]:
    for m in found.metrics:
        reason = m.after_reason or m.before_reason
        yield (
            "limit", m.structure, m.id, m.metric, m.before, m.after, m.difference, m.unit,
            m.before_verdict or "", m.after_verdict or "", m.trend, "",
            reason.detail if reason else "",
        )  # fmt: skip
