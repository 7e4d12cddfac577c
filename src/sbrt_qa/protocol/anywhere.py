"""Limits of an organ that is not drawn, met wherever it lies.

An organ that nobody drew may lie anywhere in the body but within drawn organs that hold nothing
else. No volume v of it can get more than the hottest v of that room. Where even this keeps the
limit, the organ cannot break it, and no contour is needed to know that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from sbrt_qa.dosimetry import metrics
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_meaning import Bounded, Portion
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, meaning_of
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode, Verdict
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.definition import Constraint, Protocol
from sbrt_qa.protocol.expressions import Combined, Leaf, Operator, Tree
from sbrt_qa.protocol.grading import grade
from sbrt_qa.protocol.matching import Matched, Matcher
from sbrt_qa.protocol.structure_def import StructureDef

MOST_TAKEN: Final = 6
"""Organs that are taken away from the body, those that get most; fewer make the room larger."""

OUTSIDE_FACTOR: Final = 10.0
"""How many times the highest dose on the faces of the grid the dose beyond them may be.

A photon beam that enters through a face has more dose upstream. From 30 cm deep to its maximum a
beam of 6 MV grows about fourfold by absorption and twofold by distance; ten is an assumption on the
safe side of that. A limit that needs more than that to be known is not evaluable.
"""

SAFELY: Final = 1.02
"""By how much the highest possible value must stay below a limit: more than dose between voxels and
contours in another reading move it."""

NOT_BOUNDED: Final = Reason(
    ReasonCode.NOT_APPLICABLE, say("no bound of this metric holds wherever the organ lies")
)


def room_of(
    protocol: Protocol,
    organ: StructureDef,
    matcher: Matcher,
    dvh_for: Callable[[Tree[Structure]], DVH | Reason],
) -> Tree[Structure] | Reason:
    """Return where an organ that is not drawn may lie: the body without drawn solid organs.

    Where the protocol does not say within which solid organs it may lie, none is taken away.
    """
    body = matcher.body()
    if isinstance(body, Reason):
        return body
    tree = body.tree
    if organ.may_lie_in is None:
        return tree
    taken: list[tuple[float, Leaf[Structure]]] = []
    for other in protocol.structures:
        if not other.solid or other.name in (organ.name, *organ.may_lie_in):
            continue
        found = matcher.find(other.name)
        if not isinstance(found, Matched) or not isinstance(found.tree, Leaf):
            continue
        dvh = dvh_for(found.tree)
        if isinstance(dvh, DVH):
            taken.append((dvh.max_gy, found.tree))
    for _, leaf in sorted(taken, key=lambda t: -t[0])[:MOST_TAKEN]:
        tree = Combined(Operator.WITHOUT, tree, leaf)
    return tree


def highest_possible(
    spec: MetricSpec, room: DVH, context: MetricContext, edge_max_gy: float
) -> Outcome:
    """Return the highest value of a metric that an organ within a room could have.

    Doses near the maximum of a volume are bounded by the hottest volume of the room; a mean, and a
    dose at a part of the organ, by the room's maximum; a part of a volume by 0 or not at all. Where
    the room leaves the dose grid, all of the organ may get `OUTSIDE_FACTOR` times what the faces of
    the grid have.
    """
    meaning = meaning_of(spec)
    if meaning.bounded is None:
        return NOT_BOUNDED
    outside_gy = OUTSIDE_FACTOR * edge_max_gy if room.outside_grid_cc > 0 else 0.0
    inside = _inside(room)
    if meaning.bounded is Bounded.BY_VOLUME:
        return _volume(spec, inside, context, outside_gy)
    if meaning.portion is Portion.HOTTEST and spec.argument_unit == "cc":
        volume_cc = min(spec.amount, inside.volume_cc)
        found = metrics.evaluate(replace(spec, argument=volume_cc), inside, context)
    else:
        found = metrics.evaluate(_maximum(spec), inside, context)
    if not isinstance(found, Measured):
        return found
    beyond = metrics.evaluate(_maximum(spec), _flat(outside_gy), context)
    return max(found, beyond, key=lambda m: m.value) if isinstance(beyond, Measured) else beyond


def by_maximum(
    spec: MetricSpec, max_gy: float, context: MetricContext, edge_max_gy: float
) -> Outcome:
    """Return the highest value that anything could have where no outline bounds its volume.

    What the grid has, and what may lie beyond its faces, is all one knows: a volume at a dose is
    bounded only where nothing gets the dose.
    """
    highest = max(max_gy, OUTSIDE_FACTOR * edge_max_gy)
    found = highest_possible(spec, _flat(highest), context, 0.0)
    by_volume = meaning_of(spec).bounded is Bounded.BY_VOLUME
    if by_volume and isinstance(found, Measured) and found.value > 0:
        return NOT_BOUNDED
    return found


def is_met(limit: Constraint, highest: Outcome) -> bool:
    """Tell whether an upper limit is `SAFELY` per protocol at the highest possible value."""
    if limit.op not in ("<=", "<") or isinstance(highest, Reason):
        return False
    more = Measured(SAFELY * highest.value, highest.unit)
    return grade(limit, more).verdict is Verdict.PER_PROTOCOL


def _volume(spec: MetricSpec, room: DVH, context: MetricContext, outside_gy: float) -> Outcome:
    """Bound a volume at a dose: by that of the room; a part of the organ only where that is 0."""
    beyond = metrics.evaluate(spec, _flat(outside_gy), context)
    if isinstance(beyond, Reason) or beyond.value > 0:
        return NOT_BOUNDED if isinstance(beyond, Measured) else beyond
    found = metrics.evaluate(spec, room, context)
    if isinstance(found, Measured) and found.unit != "cc" and found.value > 0:
        return NOT_BOUNDED
    return found


def _inside(room: DVH) -> DVH:
    """Return the part of the room that has a dose."""
    return replace(room, volume_cc=room.inside_grid_cc, outside_grid_cc=0.0)


def _flat(dose_gy: float) -> DVH:
    """Return the histogram of a volume that gets one dose."""
    edges = np.array([dose_gy, dose_gy + 1e-9])
    return DVH(1.0, 0.0, edges, np.array([1.0, 0.0]), dose_gy, dose_gy, dose_gy)


def _maximum(spec: MetricSpec) -> MetricSpec:
    """Return the metric of the maximum on the scale of another."""
    return replace(parse_metric(f"Max[{spec.unit}]"), conversion=spec.conversion)
