"""What the plots of a trial show beside the numbers: lines of a funnel, groups in time, bands.

A plot that would say more than so few submissions can is not made: `TooFew` says what it needs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from sbrt_qa.audit.statistics import (
    ALARM,
    PASSED,
    WATCH,
    FunnelPoint,
    Rate,
    Submitted,
    funnel,
    rate,
)
from sbrt_qa.model.grid import FloatArray

FEWEST_SITES: Final = 3
"""Sites below which comparing each with all says nothing: two are each other's only measure."""

GROUP: Final = 10
"""Submissions that make up one point of a chart of the pass rate, at least."""

MOST_GROUPS: Final = 40
"""Points of such a chart; more submissions make larger groups."""

FEWEST_GROUPS: Final = 2

MOST_LINE_POINTS: Final = 160

FEWEST_FOR: Final = {0.05: 20, 0.25: 4, 0.5: 1, 0.75: 4, 0.95: 20}
"""Curves needed for a quantile: fewer than 20 have none of their own beyond the 5 % at an end."""


@dataclass(frozen=True, slots=True)
class TooFew:
    """Why there is no plot: it needs so many of something, and there are fewer."""

    needed: int
    there: int


@dataclass(frozen=True, slots=True, eq=False)
class FunnelLines:
    """Limits of a funnel plot by number of submissions, as parts of 1, and all sites' rate."""

    expected: float
    of: tuple[int, ...]
    low: FloatArray
    high: FloatArray
    low_alarm: FloatArray
    high_alarm: FloatArray


def funnel_lines(rows: Sequence[Rate]) -> FunnelLines | TooFew:
    """Return the limits within which sites of any size lie when all are alike.

    They are exact quantiles of the binomial distribution about the rate of all sites together, not
    smoothed: small sites show the steps that whole numbers make.
    """
    if len(rows) < FEWEST_SITES:
        return TooFew(FEWEST_SITES, len(rows))
    most = math.ceil(1.08 * max(row.of for row in rows)) + 1
    expected = sum(row.count for row in rows) / sum(row.of for row in rows)
    spaced = np.unique(np.linspace(1, most, min(most, MOST_LINE_POINTS)).round().astype(int))
    ends = []
    for part in (WATCH, ALARM):
        tail = (1 - part) / 2
        ends += [stats.binom.ppf(q, spaced, expected) / spaced for q in (tail, 1 - tail)]
    return FunnelLines(expected, tuple(int(n) for n in spaced), *ends)


@dataclass(frozen=True, slots=True)
class ChartGroup:
    """Submissions that came one after the other: first and last date, and their pass rate."""

    begin: str
    end: str
    point: FunnelPoint


def pass_chart(rows: Iterable[Submitted]) -> tuple[ChartGroup, ...] | TooFew:
    """Return a p-chart: the pass rate of consecutive submissions, against that of all.

    Submissions stand in the order in which they were received. Limits are those of a funnel, exact
    binomial; the last group may be smaller and has wider ones.
    """
    ordered = sorted(rows, key=lambda r: (r.received, r.site, r.subject, r.order))
    if len(ordered) < FEWEST_GROUPS * GROUP:
        return TooFew(FEWEST_GROUPS * GROUP, len(ordered))
    size = max(GROUP, math.ceil(len(ordered) / MOST_GROUPS))
    parts = [ordered[at : at + size] for at in range(0, len(ordered), size)]
    found = []
    for n, part in enumerate(parts):
        name = f"{n * size + 1}–{n * size + len(part)}"
        found.append(rate(name, sum(row.verdict in PASSED for row in part), len(part)))
    return tuple(
        ChartGroup(part[0].received[:10], part[-1].received[:10], point)
        for part, point in zip(parts, funnel(found), strict=True)
    )


def enough_for(quantile: float, curves: int) -> bool:
    """Tell whether so many curves have a quantile of their own (`FEWEST_FOR`)."""
    return curves >= FEWEST_FOR[quantile]


def relative_curve(dose_gy: FloatArray, cumulative_cc: FloatArray, axis: FloatArray) -> FloatArray:
    """Return the volume of a cumulative histogram in percent at doses of an axis.

    Below its first edge a curve is whole, beyond its last empty. A structure without volume has
    none anywhere.
    """
    if cumulative_cc[0] <= 0:
        return np.zeros_like(axis)
    part = 100 * cumulative_cc / cumulative_cc[0]
    return np.asarray(np.interp(axis, dose_gy, part, left=100.0, right=0.0))
