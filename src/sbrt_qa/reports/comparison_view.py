"""A comparison of two versions as words and rounded numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sbrt_qa.errors import visible
from sbrt_qa.model.outcome import Reason
from sbrt_qa.protocol.wording import rounded
from sbrt_qa.reports.view import SIGNS, WORDS
from sbrt_qa.review.comparison import DoseChange, GammaSummary, StructureState, Trend
from sbrt_qa.units import counted

if TYPE_CHECKING:
    from sbrt_qa.review.comparison import (
        CaseComparison,
        Change,
        ComparedSide,
        MetricChange,
        StructureChange,
    )

UNKNOWN = "–"

FEW = 3
"""Items up to which each has a row of its own."""


def header_lines(found: CaseComparison) -> list[tuple[str, str]]:
    """Return what was compared, as pairs of label and text."""
    protocol = found.after.protocol
    lines = [
        ("Before", _side(found.before)),
        ("After", _side(found.after)),
        ("Protocol", f"{protocol.id} {protocol.version} · sha256 {protocol.sha256[:12]}"),
        ("Requested", found.expect or "no request was stated"),
    ]
    return [(label, visible(text)) for label, text in lines]


def headline(found: CaseComparison) -> str:
    """Return the outcome in one line."""
    number = len(found.changes)
    changes = "no change" if number == 0 else counted(number, "change")
    better, worse = (sum(m.trend == trend for m in found.metrics) for trend in ("better", "worse"))
    verdicts = f"{better} verdicts better, {worse} worse"
    sign = SIGNS[found.verdict]
    if found.only_expected_changed is None:
        return f"{sign} {changes}; {verdicts}"
    unexpected = sum(c.expected is False for c in found.changes)
    what = f"{unexpected} not requested" if unexpected else "nothing but what was requested"
    return f"{sign} {changes}, {what}; {verdicts}"


def grouped_changes(changes: Sequence[Change]) -> list[Change]:
    """Return the changes, one row for a property that changed in more than `FEW` items."""
    groups: dict[tuple[object, ...], list[Change]] = {}
    for change in changes:
        groups.setdefault((change.area, change.what, change.expected), []).append(change)
    shown: list[Change] = []
    for group in groups.values():
        shown += [_joined(group)] if len(group) > FEW else group
    return shown


def _joined(group: Sequence[Change]) -> Change:
    """Return one row for all: how many items, and their values as far as there is room."""
    return replace(
        group[0],
        item=f"{group[0].item} … {group[-1].item} ({len(group)})",
        before=_listed([c.before for c in group]),
        after=_listed([c.after for c in group]),
    )


def _listed(values: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(values))
    return ", ".join(distinct[:FEW]) + (", …" if len(distinct) > FEW else "")


def requested(change: Change) -> str:
    """Return whether a change was requested, as a sign and a word."""
    return {True: "✓ yes", False: "✕ no", None: ""}[change.expected]


def split_structures(
    rows: Sequence[StructureChange],
) -> tuple[list[StructureChange], list[str]]:
    """Return the structures that differ, and the names of those that do not."""
    differing = [row for row in rows if row.state is not StructureState.SAME]
    return differing, [row.name for row in rows if row.state is StructureState.SAME]


def structure_reasons(rows: Sequence[StructureChange]) -> list[str]:
    """Return why structures were not compared, each reason once."""
    why: dict[str, list[str]] = {}
    for row in rows:
        if row.reason is not None:
            why.setdefault(row.reason.detail, []).append(row.name)
    return [f"{', '.join(names)}: {detail}" for detail, names in why.items()]


def state(row: StructureChange) -> str:
    """Return what became of a structure."""
    text = row.state.replace("_", " ")
    return visible(f"{text} from {row.renamed_from}" if row.renamed_from else text)


def structure_numbers(row: StructureChange) -> tuple[str, ...]:
    """Return volumes, Dice coefficient and distances."""
    dice = UNKNOWN if row.dice is None else f"{row.dice:.4f}"
    volumes = (row.before_cc, row.after_cc)
    distances = (row.mean_mm, row.p95_mm, row.max_mm)
    return (*map(_number, volumes), dice, *map(_number, distances))


def dose_lines(dose: DoseChange | Reason) -> list[str]:
    """Return the difference of the doses in sentences."""
    if isinstance(dose, Reason):
        return [f"? not compared: {dose.detail}"]
    grid = "the same grid" if dose.same_grid else "another grid, interpolated to the earlier voxels"
    return [
        f"maximum {dose.max_before_gy:.2f} Gy → {dose.max_after_gy:.2f} Gy; {grid}",
        f"{dose.voxels} voxels from {dose.threshold_gy:.1f} Gy on: mean {dose.mean_gy:+.3f} Gy, "
        f"root mean square {dose.rms_gy:.3f} Gy, 95 % within {dose.p95_abs_gy:.3f} Gy, "
        f"from {dose.largest_fall_gy:+.2f} to {dose.largest_rise_gy:+.2f} Gy",
        *_gamma_lines(dose.gamma),
    ]


def _gamma_lines(gamma: GammaSummary | Reason | None) -> list[str]:
    if gamma is None:
        return []
    if isinstance(gamma, Reason):
        return [f"? gamma: {gamma.detail}"]
    selected = "" if gamma.points == gamma.candidates else f", selected from {gamma.candidates}"
    more = " or more" if gamma.highest >= gamma.capped_at else ""
    return [
        f"gamma {gamma.dose_percent:g} % of the maximum, {gamma.distance_mm:g} mm, above "
        f"{gamma.cutoff_percent:g} %: {gamma.pass_percent:.1f} % of {gamma.points} voxels"
        f"{selected} pass; mean {gamma.mean:.2f}, highest {gamma.highest:.2f}{more}"
    ]


def metric_numbers(row: MetricChange) -> tuple[str, str, str]:
    """Return both values with their unit, and the difference."""
    unit = "" if row.unit in ("1", "bool") else f" {row.unit}"
    difference = UNKNOWN if row.difference is None else rounded(row.difference + 0.0, signed=True)
    before, after = (
        UNKNOWN if v is None else f"{rounded(v)}{unit}" for v in (row.before, row.after)
    )
    return before, after, difference


def split_metrics(rows: Sequence[MetricChange]) -> tuple[list[MetricChange], list[str]]:
    """Return the limits to show, and the ids of those without a value or another verdict."""
    silent = [
        row.id
        for row in rows
        if row.before is None and row.after is None and row.trend is Trend.SAME
    ]
    return [row for row in rows if row.id not in silent], silent


def trend(row: MetricChange) -> str:
    """Return a word where the verdict changed; nothing where it did not."""
    return "" if row.trend is Trend.SAME else str(row.trend)


def origin_lines(found: CaseComparison) -> list[str]:
    """Return where the numbers come from."""
    engine = found.engine
    return [
        f"Computed by sbrt_qa {engine.version}; {engine.convention}.",
        "Dice: twice the common volume over the sum of both. mean, 95 %, max: distance between the "
        "surfaces, by area.",
    ]


def _side(side: ComparedSide) -> str:
    parts = [side.case or "(no label)", WORDS[side.verdict]]
    parts += [f"subject {side.subject}"] if side.subject else []
    return " · ".join(parts)


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f}"
