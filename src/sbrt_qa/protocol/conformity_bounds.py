"""Bounds by target volume, and targets too close to each other for an index of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.other_targets import not_told_apart, others_around
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Structure, StructureSet
from sbrt_qa.protocol.definition import ConformityLimit, TableRow
from sbrt_qa.protocol.expressions import Combined, Leaf, Operator, Tree
from sbrt_qa.protocol.matching import Matched

TARGET = "PTV"
"""The structure whose volume tables of bounds go by."""

DvhOf = Callable[[Tree[Structure]], DVH | Reason]


def bounds_at(limit: ConformityLimit, target_cc: float) -> ConformityLimit | Reason:
    """Return a limit with the bounds for a target volume, or why its table has none."""
    if not limit.table:
        return limit
    row = _step(limit, target_cc) if limit.between_rows == "step" else _between(limit, target_cc)
    if row is None:
        return _outside(limit, target_cc)
    bounds = {"per_protocol": row.per_protocol, "minor": row.minor, "table": ()}
    return limit.model_copy(update=bounds)


def neighbour(
    structures: StructureSet,
    target: Matched,
    dvh_for: DvhOf,
    excused: frozenset[int] = frozenset(),
) -> Reason | None:
    """Return why the isodoses around a target are not its own: another PTV reaches out of it.

    None that has an ROI number of `excused` counts.
    """
    others = others_around(
        structures.structures,
        target.match.roi_numbers,
        _TargetSurroundings(target.tree, dvh_for),
        is_outer=TARGET in target.match.protocol_name,
        excused=excused,
    )
    first = next(others, None)
    return None if first is None else not_told_apart(first)


@dataclass(frozen=True, slots=True)
class _TargetSurroundings:
    target: Tree[Structure]
    dvh_for: DvhOf

    def whole_cc(self, other: Structure | None) -> float | None:
        whole = self.dvh_for(self.target if other is None else Leaf(other))
        return None if isinstance(whole, Reason) else whole.volume_cc

    def outside_cc(self, other: Structure) -> float:
        return _without(Leaf(other), self.target, self.dvh_for)

    def inside_cc(self, other: Structure) -> float:
        return _without(self.target, Leaf(other), self.dvh_for)


def _without(a: Tree[Structure], b: Tree[Structure], dvh_for: DvhOf) -> float:
    """Return the volume of `a` outside `b`; 0 where that is empty or has no dose."""
    rest = dvh_for(Combined(Operator.WITHOUT, a, b))
    return 0.0 if isinstance(rest, Reason) else rest.volume_cc


def _step(limit: ConformityLimit, target_cc: float) -> TableRow | None:
    rows = (r for r in limit.table if r.ptv_cc is None or target_cc <= r.ptv_cc)
    return next(rows, None)


def _between(limit: ConformityLimit, target_cc: float) -> TableRow | None:
    volumes = [r.ptv_cc for r in limit.table if r.ptv_cc is not None]
    if not volumes[0] <= target_cc <= volumes[-1]:
        return None
    return TableRow(
        ptv_cc=target_cc,
        per_protocol=float(np.interp(target_cc, volumes, [r.per_protocol for r in limit.table])),
        minor=float(np.interp(target_cc, volumes, [r.minor for r in limit.table])),
    )


def _outside(limit: ConformityLimit, target_cc: float) -> Reason:
    volumes = [r.ptv_cc for r in limit.table if r.ptv_cc is not None]
    high = f"{volumes[-1]:g}"
    held = say("up to {0} cc", high)
    if limit.between_rows == "linear":
        held = say("{0} to {1} cc", f"{volumes[0]:g}", high)
    return Reason(
        ReasonCode.NOT_APPLICABLE,
        say(
            "outside the table: it is for targets of {0}, this one has {1} cc",
            held,
            f"{target_cc:.1f}",
        ),
    )
