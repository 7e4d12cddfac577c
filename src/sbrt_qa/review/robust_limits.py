"""Every limit with the patient elsewhere: a static dose, the structures moved as one body."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.metric_registry import metric_of
from sbrt_qa.dosimetry.moved_doses import LinesOfCase, MovedDoses
from sbrt_qa.dosimetry.on_cores import side_by_side
from sbrt_qa.dosimetry.shifts import shifts_of
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode, Verdict, worst
from sbrt_qa.model.setup_errors import Vector, radius_key
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.evaluate import Evaluation
from sbrt_qa.protocol.limit_result import ConstraintResult, spec_of
from sbrt_qa.review.robustness import AtRadius

Run: TypeAlias = Callable[[CaseDoses, Protocol], Evaluation]
"""Holds the doses of a case against the limits of a protocol, without bands."""

Rows: TypeAlias = Mapping[str, ConstraintResult]
"""Rows of one evaluation by their keys."""

AS_PLANNED: Final = say(
    "an index compares the dose with its target as planned; it is not looked at under shifts"
)
NO_ROW: Final = say("under this shift the limit has no row")


def under_shifts(
    doses: CaseDoses,
    protocol: Protocol,
    limits: Sequence[ConstraintResult],
    radii_mm: Sequence[float],
    run: Run,
) -> dict[str, dict[str, AtRadius]]:
    """Return every limit under 26 shifts of each length: by key of the limit, then of the radius.

    Parameters
    ----------
    limits
        The rows of the case as planned, values that are not relied on marked.
    """
    if not radii_mm or not any(has_value(row) for row in limits):
        return {row.key: {radius_key(r): _none(row) for r in radii_mm} for row in limits}
    asked = [(radius, shift) for radius in radii_mm for shift in shifts_of(radius)]
    found = rows_at(doses, protocol, limits, [s for _, s in asked], max(radii_mm), run)
    result: dict[str, dict[str, AtRadius]] = {row.key: {} for row in limits}
    for radius in radii_mm:
        mine = [(shift, rows) for (r, shift), rows in zip(asked, found, strict=True) if r == radius]
        for row in limits:
            result[row.key][radius_key(radius)] = _at_radius(row, mine)
    return result


def rows_at(
    doses: CaseDoses,
    protocol: Protocol,
    limits: Sequence[ConstraintResult],
    shifts_mm: Sequence[Vector],
    reach_mm: float,
    run: Run,
) -> list[Rows]:
    """Return the rows of a case under each of several shifts, by the rules of a protocol."""
    lines, exact = LinesOfCase(doses, reach_mm), _exact(limits)

    def one(shift_mm: Vector) -> Rows:
        found = run(MovedDoses(lines, shift_mm, exact), protocol)
        return {row.key: row for row in found.results}

    return side_by_side(one, shifts_mm)


def _exact(limits: Sequence[ConstraintResult]) -> frozenset[frozenset[int]]:
    """Return the structures, as sets of ROI numbers, whose lowest or highest dose is limited."""
    specs = ((row.match, spec_of(row)) for row in limits)
    return frozenset(
        frozenset(match.roi_numbers)
        for match, spec in specs
        if match is not None and spec is not None and metric_of(spec).of_extremes
    )


def has_value(row: ConstraintResult) -> bool:
    """Tell whether a limit has a value that is relied on."""
    return row.value is not None and row.is_relied_on


def _none(row: ConstraintResult, why: Reason | None = None) -> AtRadius:
    reason = why or row.reason or Reason(ReasonCode.NOT_APPLICABLE, NO_ROW)
    return AtRadius(None, None, Verdict.NOT_EVALUABLE, 0, 0, reason)


def _at_radius(row: ConstraintResult, found: Sequence[tuple[Vector, Rows]]) -> AtRadius:
    """Return one limit under the shifts of one length."""
    if not has_value(row):
        return _none(row)
    if not any(row.key in rows for _, rows in found):
        return _none(row, Reason(ReasonCode.NOT_APPLICABLE, AS_PLANNED))
    there = [(shift, rows.get(row.key)) for shift, rows in found]
    known = [(shift, r.value) for shift, r in there if r is not None and r.value is not None]
    verdicts = [Verdict.NOT_EVALUABLE if r is None else r.verdict for _, r in there]
    without = [r for _, r in there if r is None or r.value is None]
    reason = next((r.reason for r in without if r is not None and r.reason is not None), None)
    if without and reason is None:
        reason = Reason(ReasonCode.NOT_APPLICABLE, NO_ROW)
    flips = sum(
        r is not None and r.value is not None and r.verdict is not row.verdict for _, r in there
    )
    shift, value = max(known, key=lambda k: badness(row, k[1]), default=(None, None))
    told = tuple(verdicts) if flips else ()
    return AtRadius(value, shift, worst(verdicts), flips, len(without), reason, told)


def badness(row: ConstraintResult, value: float) -> float:
    """Return a number that is the larger the worse a value is for a limit."""
    if row.op in ("<=", "<"):
        return value
    if row.op in (">=", ">"):
        return -value
    planned = row.value if row.op == "report" else row.per_protocol_limit
    return abs(value - (planned or 0.0))
