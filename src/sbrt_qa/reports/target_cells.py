"""The targets of a plan as cells: one row each, the same in every format that people read."""

from __future__ import annotations

from typing import Final

from sbrt_qa.errors import visible
from sbrt_qa.model.outcome import Reason
from sbrt_qa.review.case_review import TargetSummary

HEADS: Final = (
    "target", "kind", "role", "prescribed", "volume", "coverage", "near minimum", "hot spot",
    "conformity", "verdict",
)  # fmt: skip
"""Columns; `coverage` is V100 %, `near minimum` D98 %, `hot spot` D0.03cc, in % of what is
prescribed to the target."""


def target_cells(one: TargetSummary) -> tuple[str, ...]:
    """Return the cells of one target but its verdict; empty where nothing is known."""
    given = one.prescription_gy
    dose = "" if given is None or isinstance(given, Reason) else f"{given:g} Gy"
    return (
        visible(one.name),
        visible(one.kind),
        one.role,
        f"{dose} *" if dose and one.own_prescription else dose,
        "" if one.volume_cc is None else f"{one.volume_cc:.2f} cc",
        *map(_percent, (one.coverage_percent, one.near_minimum_percent, one.hot_spot_percent)),
        ", ".join(_index(one, name, v) for name, v in one.conformity.items()),
    )


def _index(one: TargetSummary, name: str, value: float) -> str:
    """Return an index; that of a union with its targets in brackets."""
    union = one.of_union.get(name, "")
    return f"{name.partition('[')[0]} {value:.2f}" + (f" ({visible(union)})" if union else "")


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} %"
