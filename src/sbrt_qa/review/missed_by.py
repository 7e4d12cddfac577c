"""By how much each deviation misses its limit, in dose and in volume."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sbrt_qa.checks.context import Find
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metrics.two_distances import (
    along_its_own_axis,
    two_distances,
    volume_is_percent,
)
from sbrt_qa.errors import MetricError
from sbrt_qa.model.outcome import Reason, Verdict
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.expressions import Leaf, Tree
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.protocol.matching import Matcher
from sbrt_qa.protocol.sources import DvhSource
from sbrt_qa.protocol.tree_doses import dvh_source
from sbrt_qa.protocol.trees import trees_of
from sbrt_qa.review.information import Information, Told, information_of

MISSED: Final = (Verdict.MINOR, Verdict.MAJOR)

ALIKE: Final = 0.01
"""How far, in the unit of the limit, a distance may differ from value less bound: beyond, the curve
is not the one that the value was taken from, and nothing is told."""


def told_beside(
    doses: CaseDoses,
    protocol: Protocol,
    matcher: Matcher | Reason,
    find: Find,
    limits: Sequence[ConstraintResult],
) -> Information:
    """Return all that is told of a case beside its limits."""
    missed = missed_by(doses, protocol, matcher, limits)
    return {**information_of(doses, find), "missed_by": missed}


def missed_by(
    doses: CaseDoses,
    protocol: Protocol,
    matcher: Matcher | Reason,
    limits: Sequence[ConstraintResult],
    dvh_for: DvhSource | None = None,
) -> dict[str, Told]:
    """Return ``KEY dose`` in Gy and ``KEY volume`` in cc or % of each limit that is missed.

    Limits that are no point of a histogram (a mean, an index) have none.

    Parameters
    ----------
    dvh_for
        Gives histograms where they are not those of `doses`, as of a stored case.
    """
    missed = [r for r in limits if r.verdict in MISSED and r.value is not None and r.is_relied_on]
    dvh_for = dvh_for or dvh_source(doses)
    found: dict[str, Told] = {}
    for key, (row, tree) in trees_of(doses.case, protocol, matcher, missed):
        found |= dict(_of(key, row, tree, dvh_for(tree), doses))
    return found


def _of(
    key: str,
    row: ConstraintResult,
    tree: Tree[Structure],
    dvh: object,
    doses: CaseDoses,
) -> Iterator[tuple[str, Told]]:
    bound = row.per_protocol_limit
    try:
        spec = parse_metric(row.metric)
    except MetricError:
        return
    if not isinstance(dvh, DVH) or bound is None or row.value is None:
        return
    context = doses.context_of(tree.value) if isinstance(tree, Leaf) else doses.metric_context
    known = context.prescription_gy
    rx_gy = float(known) if isinstance(known, int | float) else None
    apart = two_distances(spec, dvh, bound, rx_gy)
    if apart is None:
        return
    own = along_its_own_axis(spec, apart, dvh.volume_cc, rx_gy)
    if abs(own - (row.value - bound)) > ALIKE:
        return
    percent = volume_is_percent(spec)
    volume = 100 * apart.volume_cc / dvh.volume_cc if percent else apart.volume_cc
    yield f"{key} dose", Told(apart.dose_gy, "Gy")
    yield f"{key} volume", Told(volume, "%" if percent else "cc")
