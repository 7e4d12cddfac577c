"""How well the quantities of an organ go with a name, and whether two names look exchanged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from sbrt_qa.checks.anatomy.organ_view import OrganView
from sbrt_qa.protocol.anatomy_ranges import AnatomyRanges

COMPARED: Final = (
    "volume_cc", "length_mm", "mean_hu", "spread_hu", "side", "depth", "above_liver_mm",
)  # fmt: skip
"""Quantities by which organs are told apart."""

LOGARITHMIC: Final = ("volume_cc", "length_mm", "spread_hu")
WHOLE_ONLY: Final = ("volume_cc", "length_mm")
"""Quantities that say nothing of an organ that the scan cuts."""

RELATIVE: Final = ("side", "depth", "above_liver_mm")
"""Quantities of which the difference between two organs counts as well."""

MOST: Final = 5.0
"""Most that one quantity may count, as half a square of its usual half widths."""

LEAST_GAIN: Final = 3.0
"""By how much an exchange must fit better, in the same measure."""

LEAST_SHARE: Final = 0.5
"""Part of the misfit that an exchange must take away."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """Two organs whose names look exchanged: their names, and what says so.

    ``before`` and ``after`` measure how badly they fit their names, as drawn and exchanged; `why`
    are the quantities that speak most for it.
    """

    one: str
    other: str
    before: float
    after: float
    why: tuple[str, ...]


def misfit(view: OrganView, name: str, ranges: AnatomyRanges) -> dict[str, float]:
    """Return by quantity how far an organ is from what goes by a name: 0.5 at the usual bounds."""
    found: dict[str, float] = {}
    for quantity in COMPARED:
        known, value = ranges.range_of(name, quantity), view.facts.get(quantity)
        if known is None or value is None:
            continue
        low, high = (_scaled(quantity, v) for v in known.usual)
        half = max((high - low) / 2, 1e-6)
        off = (_scaled(quantity, value) - (low + high) / 2) / half
        if quantity in WHOLE_ONLY and any(view.cut):
            off = max(off, 0.0)  # it is at least as large
        found[quantity] = min(off * off / 2, MOST)
    return found


def _scaled(quantity: str, value: float) -> float:
    return math.log(max(value, 0.5)) if quantity in LOGARITHMIC else value


def _apart(
    a: OrganView, b: OrganView, as_a: str, as_b: str, ranges: AnatomyRanges
) -> dict[str, float]:
    """Return the misfit of the differences between two organs that go by two names."""
    found: dict[str, float] = {}
    for quantity in RELATIVE:
        one, other = ranges.range_of(as_a, quantity), ranges.range_of(as_b, quantity)
        mine, theirs = a.facts.get(quantity), b.facts.get(quantity)
        if one is None or other is None or mine is None or theirs is None:
            continue
        expected = (sum(one.usual) - sum(other.usual)) / 2
        half = 0.5 * math.hypot(
            (one.usual[1] - one.usual[0]) / 2, (other.usual[1] - other.usual[0]) / 2
        )
        off = (mine - theirs - expected) / max(half, 1e-6)
        found[f"{quantity} apart"] = min(off * off / 2, MOST)
    return found


def _pair(
    a: OrganView, b: OrganView, as_a: str, as_b: str, ranges: AnatomyRanges
) -> dict[str, float]:
    """Return the misfit of two organs that go by two names, by what it is about."""
    one, other = misfit(a, as_a, ranges), misfit(b, as_b, ranges)
    return {
        **{f"{a.name} {q}": v for q, v in one.items()},
        **{f"{b.name} {q}": v for q, v in other.items()},
        **_apart(a, b, as_a, as_b, ranges),
    }


def exchanges(
    organs: Mapping[str, OrganView], ranges: AnatomyRanges, least_gain: float = LEAST_GAIN
) -> tuple[Exchange, ...]:
    """Return pairs whose exchange makes both fit much better, the clearest first, each organ once.

    What can be compared under one pair of names only takes no part.

    Parameters
    ----------
    least_gain
        By how much an exchange must fit better.
    """
    found: list[Exchange] = []
    for a, b in combinations(organs.values(), 2):
        if frozenset((a.name, b.name)) in _ALIKE:
            continue
        drawn = _pair(a, b, a.name, b.name, ranges)
        changed = _pair(a, b, b.name, a.name, ranges)
        both = drawn.keys() & changed.keys()
        before, after = (sum(m[k] for k in sorted(both)) for m in (drawn, changed))
        if before - after >= least_gain and before - after >= LEAST_SHARE * before:
            why = sorted(both, key=lambda k: changed[k] - drawn[k])[:3]
            found.append(Exchange(a.name, b.name, before, after, tuple(why)))
    taken: set[str] = set()
    kept: list[Exchange] = []
    for one in sorted(found, key=lambda e: e.after - e.before):
        if not {one.one, one.other} & taken:
            kept.append(one)
            taken |= {one.one, one.other}
    return tuple(kept)


_ALIKE: Final = frozenset(
    frozenset(pair)
    for pair in (
        ("Lungs", "Lung_L"), ("Lungs", "Lung_R"), ("GreatVes", "A_Aorta"),
        ("GreatVes", "V_Venacava_I"),
    )
)  # fmt: skip
"""Names of which one holds the other."""
