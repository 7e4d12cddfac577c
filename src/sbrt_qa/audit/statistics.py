"""What many submissions add up to: rates with exact intervals, outliers, charts.

A plan *passes* when its verdict is per protocol; it is *approved* when it is per protocol or minor.
Intervals are Clopper-Pearson, which never claim more than was seen. Everything is computed by scipy
or numpy; formulas that neither has stand with their source.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from sbrt_qa.model.grid import FloatArray

LEVEL: Final = 0.95
APPROVED: Final = frozenset({"per_protocol", "minor"})
PASSED: Final = frozenset({"per_protocol"})

WATCH, ALARM = 0.95, 0.998
"""Parts of sites that lie within the two pairs of funnel limits when all sites are alike."""

ROBUST_Z: Final = 3.5
"""Modified z-score beyond which a value is unlike the others (Iglewicz and Hoaglin 1993)."""

FEWEST: Final = 8
"""Values below which nothing can be said to be unlike the others."""

SAME: Final = 1e-6
"""Spread, as a part of the median, below which values are the same but for rounding."""

MOVING_RANGE: Final = 1.128
"""Mean range of two normal values, in standard deviations (d2 for n = 2)."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """One submission: whose, which, when (``YYYY-MM-DD...``), and how it came out."""

    site: str
    subject: str
    order: tuple[int, int]
    received: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Judged:
    """One limit's result that counts; ``value`` is None where it could not be evaluated."""

    code: str
    site: str
    limit: str
    received: str
    verdict: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Rate:
    """A part of a whole with its exact interval, 0 to 1."""

    group: str
    count: int
    of: int
    share: float
    low: float
    high: float


def rate(group: str, count: int, of: int, level: float = LEVEL) -> Rate:
    """Return a rate with its Clopper-Pearson interval.

    Raises
    ------
    ValueError
        It is of nothing.
    """
    found = stats.binomtest(count, of).proportion_ci(level, method="exact")
    return Rate(group, count, of, count / of, float(found.low), float(found.high))


def rates(pairs: Iterable[tuple[str, bool]]) -> tuple[Rate, ...]:
    """Return the rate of each group, in order of groups, from (group, yes or no)."""
    count: Counter[str] = Counter()
    of: Counter[str] = Counter()
    for group, yes in pairs:
        of[group] += 1
        count[group] += yes
    return tuple(rate(group, count[group], of[group]) for group in sorted(of))


def pass_rates(rows: Iterable[Submitted], by: Callable[[Submitted], str]) -> tuple[Rate, ...]:
    """Return how many submissions pass, by any grouping."""
    return rates((by(row), row.verdict in PASSED) for row in rows)


def period(received: str, months: int = 1) -> str:
    """Return the month (``2026-03``) or, for 3 months, the quarter (``2026-Q1``) of a date."""
    year, month = received[:4], int(received[5:7] or 1)
    return f"{year}-Q{(month - 1) // 3 + 1}" if months == 3 else f"{year}-{month:02d}"


def limit_rates(rows: Iterable[Judged]) -> tuple[Rate, ...]:
    """Return how often each limit is not met, worst first; not evaluable counts as not met."""
    found = rates((row.limit, row.verdict not in PASSED) for row in rows)
    return tuple(sorted(found, key=lambda r: (-r.share, r.group)))


# --- subjects ---------------------------------------------------------------------------------


def by_subject(rows: Iterable[Submitted]) -> dict[tuple[str, str], list[Submitted]]:
    """Return the submissions of each subject in their order."""
    found: dict[tuple[str, str], list[Submitted]] = defaultdict(list)
    for row in rows:
        found[row.site, row.subject].append(row)
    return {key: sorted(each, key=lambda r: r.order) for key, each in found.items()}


def first_pass(rows: Iterable[Submitted]) -> tuple[Rate, ...]:
    """Return by site how many subjects were approved with their first submission."""
    firsts = (each[0] for each in by_subject(rows).values())
    return rates((row.site, row.verdict in APPROVED) for row in firsts)


def until_approval(rows: Iterable[Submitted]) -> dict[int, int]:
    """Return how many subjects were approved with their n-th submission; 0 for not yet."""
    counts: Counter[int] = Counter()
    for each in by_subject(rows).values():
        at = (n for n, row in enumerate(each, 1) if row.verdict in APPROVED)
        counts[next(at, 0)] += 1
    return dict(sorted(counts.items()))


# --- sites and time ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FunnelPoint:
    """A site beside the limits for its size: ``signal`` is empty, ``watch`` or ``alarm``."""

    site: str
    count: int
    of: int
    low: float
    high: float
    low_alarm: float
    high_alarm: float
    signal: str


def funnel(rows: Sequence[Rate]) -> tuple[FunnelPoint, ...]:
    """Compare each site with all sites together, by exact binomial limits (Spiegelhalter 2005)."""
    total = sum(row.of for row in rows)
    expected = sum(row.count for row in rows) / total if total else 0.0
    return tuple(_point(row, expected) for row in rows)


def _point(row: Rate, expected: float) -> FunnelPoint:
    watch, alarm = (_binomial_limits(row.of, expected, part) for part in (WATCH, ALARM))
    signal = "" if watch[0] <= row.count <= watch[1] else "watch"
    if not alarm[0] <= row.count <= alarm[1]:
        signal = "alarm"
    low, high, low_alarm, high_alarm = (end / row.of for end in (*watch, *alarm))
    return FunnelPoint(row.group, row.count, row.of, low, high, low_alarm, high_alarm, signal)


def _binomial_limits(of: int, expected: float, part: float) -> tuple[int, int]:
    tail = (1 - part) / 2
    low, high = stats.binom.ppf([tail, 1 - tail], of, expected)
    return int(low), int(high)


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """One value of a control chart; ``signal`` where it lies outside three standard deviations."""

    code: str
    value: float
    centre: float
    low: float
    high: float
    signal: bool


def control_chart(values: Sequence[tuple[str, float]]) -> tuple[ChartPoint, ...]:
    """Return an individuals chart (Shewhart) of values in order of time; none of fewer than two.

    The standard deviation is the mean moving range over `MOVING_RANGE`.
    """
    if len(values) < 2:
        return ()
    numbers = np.array([value for _, value in values])
    centre = float(numbers.mean())
    reach = 3 * float(np.abs(np.diff(numbers)).mean()) / MOVING_RANGE
    low, high = centre - reach, centre + reach
    return tuple(
        ChartPoint(code, value, centre, low, high, not low <= value <= high)
        for code, value in values
    )


# --- values -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outlier:
    """A value unlike those of the other plans: its modified z-score, and the median of all."""

    code: str
    limit: str
    value: float
    median: float
    score: float


def outliers(rows: Iterable[Judged]) -> tuple[Outlier, ...]:
    """Return values whose modified z-score exceeds `ROBUST_Z`, farthest first.

    Limits of fewer than `FEWEST` values, or whose values are mostly the same, tell nothing.
    """
    by_limit: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for row in rows:
        if row.value is not None:
            by_limit[row.limit].append((row.code, row.value))
    found = [one for limit, values in by_limit.items() for one in _unlike(limit, values)]
    return tuple(sorted(found, key=lambda o: -abs(o.score)))


def no_outliers_because(numbers: FloatArray) -> str:
    """Return why values cannot be unlike the others: ``few``, ``same``, or empty if they can."""
    if numbers.size < FEWEST:
        return "few"
    spread = float(stats.median_abs_deviation(numbers, scale="normal"))
    return "same" if spread <= SAME * max(abs(float(np.median(numbers))), 1.0) else ""


def _unlike(limit: str, values: Sequence[tuple[str, float]]) -> Iterable[Outlier]:
    numbers = np.array([value for _, value in values])
    if no_outliers_because(numbers):
        return
    spread = float(stats.median_abs_deviation(numbers, scale="normal"))
    median = float(np.median(numbers))
    for code, value in values:
        score = (value - median) / spread
        if abs(score) > ROBUST_Z:
            yield Outlier(code, limit, value, median, score)


@dataclass(frozen=True, slots=True, eq=False)
class DvhBand:
    """Curves of a population: relative volume (%) by dose, at each quantile."""

    structure: str
    plans: int
    dose_gy: FloatArray
    volume_percent: Mapping[float, FloatArray]


def dvh_band(
    structure: str,
    curves: Iterable[tuple[FloatArray, FloatArray]],
    quantiles: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95),
    step_gy: float = 0.5,
) -> DvhBand | None:
    """Return quantiles of cumulative histograms on one dose axis; None without any.

    Parameters
    ----------
    curves
        Bin edges (Gy) and cumulative volumes (cc); below its first edge a curve is whole.
    """
    relative = [(dose, 100 * volume / volume[0]) for dose, volume in curves if volume[0] > 0]
    if not relative:
        return None
    highest = max(float(dose[-1]) for dose, _ in relative)
    axis = np.arange(0.0, highest + step_gy, step_gy)
    rows = np.array([np.interp(axis, dose, part, left=100.0, right=0.0) for dose, part in relative])
    found = np.quantile(rows, quantiles, axis=0)
    levels = {q: np.asarray(row) for q, row in zip(quantiles, found, strict=True)}
    return DvhBand(structure, len(relative), axis, levels)
