"""What the trial's other plans reached: organs that lay no farther away and got less dose.

A plan is no example for another unless its organ lay no farther from the targets: at every
distance of the overlap-volume histogram at least as much of it lay within. What the best of those
plans reached could be reached (a bound of one organ alone, Wu 2009 and PMC3578316); how far plans
usually stay above it is the error of leaving each out in turn, and only who stays far beyond that
is named.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from sbrt_qa.review.overlap import histogram_in

if TYPE_CHECKING:
    from sbrt_qa.audit.store.connection import Database

FEWEST_PLANS: Final = 15
"""Plans of one fractionation with the organ below which nothing is said."""

FEWEST_NEARER: Final = 3
"""Plans whose organ lay no farther, below which a plan has no prediction."""

ALIKE_PERCENT: Final = 1.0
"""Percentage points by which less of an organ may lie within a distance and still be no farther."""

UNUSUAL: Final = 3.5
"""Robust standard deviations beyond the usual excess from which a plan is named."""

LEAST: Final = {"Gy": 3.0, "cGy": 300.0, "%": 5.0, "cc": 5.0}
"""Excess from which a plan may be named at all, by unit: above the 1 to 2 Gy of PMC3578316."""

LEAST_PART: Final = 0.1
"""Part of its own value that the excess must make up as well."""

NORMAL: Final = 1.4826
"""Upper quartile less median to standard deviation, of a normal distribution."""

TOO_FEW: Final = "cannot judge yet"
REACHED: Final = "as reached"
BETTER: Final = "others reached less"


class OrganReached(NamedTuple):
    """One limit of one plan, with how near its organ lay.

    `overlap` is the part of the organ (%) within each distance of
    `sbrt_qa.review.overlap.WITHIN_MM`; `example` is False where a target of the plan is a major
    deviation, so that its low doses are no example.
    """

    code: str
    site: str
    subject: str
    version: int
    plan: int
    fractionation: str
    limit: str
    structure: str
    metric: str
    unit: str
    value: float
    overlap: tuple[float, ...]
    example: bool = True


@dataclass(frozen=True, slots=True)
class HeldAgainst:
    """A limit of a plan with what others reached.

    Parameters
    ----------
    plans
        Plans of the fractionation that have the limit.
    nearer
        Of those, other subjects whose organ lay no farther away.
    reached, by
        The least value among them, and whose it is; None and empty where there are too few.
    excess
        Value less that.
    usual, error
        Median of the excess of all plans, and its 90th percentile: the error of the bound, each
        plan left out in turn.
    judged
        ``others reached less``, ``as reached``, or that it cannot be judged yet.
    """

    seen: OrganReached
    plans: int
    nearer: int
    reached: float | None
    by: str
    excess: float | None
    usual: float | None
    error: float | None
    judged: str


def judged(rows: Iterable[OrganReached]) -> tuple[HeldAgainst, ...]:
    """Judge every limit of every plan, those that others reached less in first."""
    groups: dict[tuple[str, str], list[OrganReached]] = defaultdict(list)
    for row in rows:
        groups[row.fractionation, row.limit].append(row)
    found = [one for group in groups.values() for one in _of_group(group)]
    return tuple(sorted(found, key=_order))


def _order(one: HeldAgainst) -> tuple[bool, float, str, str, int]:
    far = 0.0 if one.excess is None else one.excess
    return one.judged != BETTER, -far, one.seen.limit, one.seen.code, one.seen.plan


def _of_group(group: Sequence[OrganReached]) -> Iterator[HeldAgainst]:
    plans = len({(row.site, row.subject) for row in group})
    nearest = [_best(row, group) for row in group]
    known = [
        row.value - best.value
        for row, (best, count) in zip(group, nearest, strict=True)
        if best is not None and count >= FEWEST_NEARER
    ]
    enough = plans >= FEWEST_PLANS and len(known) >= FEWEST_PLANS // 2
    usual = float(np.median(known)) if enough else None
    error = float(np.percentile(known, 90)) if enough else None
    spread = _spread(known) if enough else 0.0
    for row, (best, count) in zip(group, nearest, strict=True):
        if usual is None or best is None or count < FEWEST_NEARER:
            yield HeldAgainst(row, plans, count, None, "", None, usual, error, TOO_FEW)
            continue
        excess = row.value - best.value
        least = max(LEAST.get(row.unit, 0.0), LEAST_PART * abs(row.value))
        far = excess > usual + UNUSUAL * spread and excess > least
        yield HeldAgainst(
            row, plans, count, best.value, best.code, excess, usual, error,
            BETTER if far else REACHED,
        )  # fmt: skip


def _spread(excess: Sequence[float]) -> float:
    """Return the robust standard deviation of the upper side: an excess is skewed to it."""
    quarter, half = np.percentile(excess, [75, 50])
    return NORMAL * float(quarter - half)


def _best(row: OrganReached, group: Sequence[OrganReached]) -> tuple[OrganReached | None, int]:
    """Return the least value among other subjects' plans whose organ lay no farther."""
    there = [
        other
        for other in group
        if (other.site, other.subject) != (row.site, row.subject)
        and other.example
        and all(
            theirs >= mine - ALIKE_PERCENT
            for theirs, mine in zip(other.overlap, row.overlap, strict=True)
        )
    ]
    subjects = {(other.site, other.subject) for other in there}
    return min(there, key=lambda other: other.value, default=None), len(subjects)


def plans_in(engine: Database, protocol: str = "") -> Iterator[OrganReached]:
    """Return the upper limits of organs in the newest review of each plan, with their overlap."""
    from sbrt_qa.audit.store.kept import reviews

    newest = {one.case_id: one for one in reviews(engine, protocol=protocol)}
    for one in newest.values():
        site, subject, version = one.code.split("/")
        number = int(version.removeprefix("v").partition(".")[0])
        document = json.loads(one.document)
        rows = document.get("constraints") or ()
        example = not any(row.get("target") and row.get("verdict") == "major" for row in rows)
        overlap = (document.get("information") or {}).get("overlap") or {}
        for row in rows:
            near = histogram_in(overlap, str(row.get("structure", "")))
            if near and _is_upper(row):
                yield OrganReached(
                    one.code, site, subject, number, one.plan, _fractionation(document),
                    str(row["id"]), str(row["structure"]), str(row.get("metric", "")),
                    str(row.get("unit", "")), float(row["value"]), near, example,
                )  # fmt: skip


def _is_upper(row: Mapping[str, Any]) -> bool:
    known = isinstance(row.get("value"), int | float) and row.get("reason") is None
    return known and row.get("op") in ("<=", "<") and row.get("unit") in LEAST


def _fractionation(document: Mapping[str, Any]) -> str:
    """Return dose and fractions of a plan, in words; plans without them are of one kind."""
    plan = document.get("plan") or {}
    return f"{plan.get('prescription_gy')} Gy in {plan.get('fractions')}"
