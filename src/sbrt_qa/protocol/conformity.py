"""Bounds by target volume, and targets too close to each other for an index of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from sbrt_qa.dosimetry.dvh import DVH
from sbrt_qa.dosimetry.surroundings import lies_apart
from sbrt_qa.errors import quoted
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.phrase import say
from sbrt_qa.model.structure import Structure, StructureSet
from sbrt_qa.protocol.expressions import Leaf, Operator, Pair, Tree
from sbrt_qa.protocol.matching import Matched
from sbrt_qa.protocol.names import is_like_target
from sbrt_qa.protocol.schema import ConformityLimit, TableRow

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

    Another PTV within the target (a crop for optimisation) is none, nor is the PTV around a GTV,
    nor any whose ROI number is `excused`.
    """
    for other in _other_targets(structures, target):
        if other.roi_number in excused:
            continue
        whole, beyond = dvh_for(Leaf(other)), _without(Leaf(other), target.tree, dvh_for)
        if isinstance(whole, Reason) or not lies_apart(beyond, whole.volume_cc):
            continue
        if not _is_target(target) and _is_within(target.tree, Leaf(other), dvh_for):
            continue
        name = quoted(other.name)
        return Reason(
            ReasonCode.NOT_APPLICABLE,
            say(
                "the plan has another target, {0}, and their isodoses cannot be told apart; map "
                "all of them to {1} to judge them as one",
                name,
                TARGET,
            ),
        )
    return None


def _other_targets(structures: StructureSet, target: Matched) -> Iterator[Structure]:
    for structure in structures.structures:
        is_target = structure.interpreted_type == TARGET or is_like_target(structure.name, TARGET)
        used = structure.roi_number in target.match.roi_numbers
        if is_target and structure.contours and not used:
            yield structure


def _is_target(target: Matched) -> bool:
    return TARGET in target.match.protocol_name


def _is_within(a: Tree[Structure], b: Tree[Structure], dvh_for: DvhOf) -> bool:
    whole = dvh_for(a)
    return not isinstance(whole, Reason) and not lies_apart(
        _without(a, b, dvh_for), whole.volume_cc
    )


def _without(a: Tree[Structure], b: Tree[Structure], dvh_for: DvhOf) -> float:
    """Return the volume of `a` outside `b`; 0 where that is empty or has no dose."""
    rest = dvh_for(Pair(Operator.WITHOUT, a, b))
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
