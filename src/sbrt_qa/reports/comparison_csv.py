"""Two versions of a submission as CSV: one row per change, finding, number and limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sbrt_qa.compare.comparison import GammaSummary
from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.as_csv import Cell, write_rows
from sbrt_qa.reports.registry import Page

if TYPE_CHECKING:
    from sbrt_qa.compare.comparison import CaseComparison, StructureChange

COLUMNS = (
    "kind", "area", "item", "quantity", "before", "after", "difference", "unit",
    "verdict_before", "verdict_after", "state", "requested", "reason", "draft",
)  # fmt: skip


def render_comparison(found: CaseComparison, page: Page) -> str:  # noqa: ARG001
    """Return tidy rows of six kinds: case, change, finding, structure, dose, limit."""
    return write_rows(COLUMNS, comparison_rows(found))


def comparison_rows(found: CaseComparison) -> list[Sequence[Cell]]:
    """Return the cells of all rows, in the order of `COLUMNS`."""
    parts = (_case(found), _changes(found), _findings(found), _structures(found))
    draft = found.after.protocol.standing
    return [(*row, draft) for part in (*parts, _dose(found), _limits(found)) for row in part]


_ASKED = {True: "yes", False: "no", None: ""}


def _case(found: CaseComparison) -> Iterator[Sequence[Cell]]:
    before, after = found.before, found.after
    yield (
        "case", "", "", "verdict", before.case, after.case, None, "", before.verdict, after.verdict,
        found.trend, "", "",
    )  # fmt: skip


def _findings(found: CaseComparison) -> Iterator[Sequence[Cell]]:
    for c in found.checks:
        before, after = ("" if f is None else f.message for f in (c.before, c.after))
        verdicts = ("" if f is None else f.verdict or "info" for f in (c.before, c.after))
        yield (
            "finding", c.shown.group, c.shown.where, c.shown.code, before, after, None, "",
            *verdicts, c.state, _ASKED[c.expected], "",
        )  # fmt: skip


def _changes(found: CaseComparison) -> Iterator[Sequence[Cell]]:
    for c in found.changes:
        asked = _ASKED[c.expected]
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
