"""Proportions and their differences, with intervals that hold also at 0 of n and n of n."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import optimize, special

from sbrt_qa.errors import AnalysisError
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.survival.analysis_input import counts, normal_quantile

_NEAR: Final = 1e-13
"""How near the observed difference a search for a limit begins."""


@dataclass(frozen=True, slots=True)
class IntervalEstimate:
    """An estimate with its interval, or why there is none.

    Parameters
    ----------
    value
        The estimate.
    low, high
        Limits of the interval; a side that is open has a Reason.
    level
        Confidence of the interval.
    """

    value: float | Reason
    low: float | Reason
    high: float | Reason
    level: float

    @property
    def interval(self) -> tuple[float | Reason, float | Reason]:
        """Both limits."""
        return self.low, self.high


def clopper_pearson(x: int, n: int, *, level: float = 0.95) -> IntervalEstimate:
    """Return x of n with the exact interval of Clopper and Pearson 1934 (Biometrika 26:404).

    Each side excludes (1 - level)/2, also at 0 of n and n of n. Of 0 nothing is known.

    Raises
    ------
    AnalysisError
        Where x or n is no count, or x is larger than n.
    """
    x, n = _x_of_n(x, n)
    tail = _tail(level)
    if n == 0:
        return _of_nobody(level)
    low = 0.0 if x == 0 else float(special.betaincinv(x, n - x + 1, tail))
    high = 1.0 if x == n else float(special.betaincinv(x + 1, n - x, 1.0 - tail))
    return IntervalEstimate(x / n, low, high, level)


def wilson(x: int, n: int, *, level: float = 0.95) -> IntervalEstimate:
    """Return x of n with the score interval of Wilson 1927 (J Am Stat Assoc 22:209).

    Raises
    ------
    AnalysisError
        As `clopper_pearson`.
    """
    x, n = _x_of_n(x, n)
    z = normal_quantile(level)
    return _of_nobody(level) if n == 0 else IntervalEstimate(x / n, *_wilson(x, n, z), level)


def newcombe(x1: int, n1: int, x2: int, n2: int, *, level: float = 0.95) -> IntervalEstimate:
    """Return x1/n1 - x2/n2 with Newcombe's hybrid score interval.

    Newcombe 1998 (Stat Med 17:873), method 10: Wilson's limits of the two proportions, combined as
    square roots of sums of squares, without a correction for continuity.

    Raises
    ------
    AnalysisError
        As `clopper_pearson`, for either proportion.
    """
    (x1, n1), (x2, n2) = _x_of_n(x1, n1), _x_of_n(x2, n2)
    z = normal_quantile(level)
    if n1 == 0 or n2 == 0:
        return _of_nobody(level)
    p1, p2 = x1 / n1, x2 / n2
    (low1, high1), (low2, high2) = _wilson(x1, n1, z), _wilson(x2, n2, z)
    low = p1 - p2 - math.hypot(p1 - low1, high2 - p2)
    high = p1 - p2 + math.hypot(high1 - p1, p2 - low2)
    return IntervalEstimate(p1 - p2, low, high, level)


def miettinen_nurminen(
    x1: int, n1: int, x2: int, n2: int, *, level: float = 0.95, correct: bool = True
) -> IntervalEstimate:
    """Return x1/n1 - x2/n2 with the score interval of Miettinen and Nurminen 1985.

    Stat Med 4:213. A difference is within the limits where (d - delta)^2 is at most z^2 V(delta),
    V from the proportions that are most likely given delta, times N/(N-1) with N = n1 + n2.

    Parameters
    ----------
    correct
        Whether to take the factor N/(N-1); without it the interval is that of Mee 1984.

    Raises
    ------
    AnalysisError
        As `clopper_pearson`, for either proportion.
    """
    (x1, n1), (x2, n2) = _x_of_n(x1, n1), _x_of_n(x2, n2)
    z = normal_quantile(level)
    if n1 == 0 or n2 == 0:
        return _of_nobody(level)
    observed = x1 / n1 - x2 / n2
    factor = z**2 * ((n1 + n2) / (n1 + n2 - 1.0) if correct else 1.0)

    def outside(delta: float) -> float:
        p2 = _most_likely(x1, n1, x2, n2, delta)
        p1 = min(max(p2 + delta, 0.0), 1.0)
        spread = p1 * (1.0 - p1) / n1 + p2 * (1.0 - p2) / n2
        return (observed - delta) ** 2 - factor * spread

    low, high = (_limit(outside, observed, end) for end in (-1.0, 1.0))
    return IntervalEstimate(observed, low, high, level)


def _limit(outside: Callable[[float], float], observed: float, end: float) -> float:
    """Return where a difference leaves the interval on the way to an end."""
    near = observed + math.copysign(_NEAR, end)
    if abs(observed) >= 1.0 and observed * end > 0:
        return end
    if outside(near) >= 0:  # nothing left in the interval on this side
        return observed
    return float(optimize.brentq(outside, near, end, xtol=1e-15, rtol=8.9e-16, maxiter=500))


def _most_likely(x1: int, n1: int, x2: int, n2: int, delta: float) -> float:
    """Return the most likely second proportion where the first is larger by delta."""
    low, high = max(0.0, -delta), min(1.0, 1.0 - delta)

    def slope(p: float) -> float:
        second = ((x2, p, 1.0), (n2 - x2, 1.0 - p, -1.0))
        first = ((x1, p + delta, 1.0), (n1 - x1, 1.0 - p - delta, -1.0))
        return math.fsum(
            sign * (count / share if share > 0 else math.inf)
            for count, share, sign in (*first, *second)
            if count
        )

    first, last = (float(np.nextafter(a, b)) for a, b in ((low, high), (high, low)))
    if first >= last or slope(first) <= 0:
        return low
    if slope(last) >= 0:
        return high
    return float(optimize.brentq(slope, first, last, xtol=1e-16, rtol=8.9e-16, maxiter=500))


def _wilson(x: int, n: int, z: float) -> tuple[float, float]:
    p = x / n
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return (0.0 if x == 0 else middle - half), (1.0 if x == n else middle + half)


def _x_of_n(x: int, n: int) -> tuple[int, int]:
    x, n = counts(x=x, n=n)
    if x > n:
        raise AnalysisError("more had it than there are", got=f"{x} of {n}")
    return x, n


def _tail(level: float) -> float:
    normal_quantile(level)
    return (1.0 - level) / 2.0


def _of_nobody(level: float) -> IntervalEstimate:
    reason = Reason(ReasonCode.NOBODY, say("nobody is in this group"))
    return IntervalEstimate(reason, reason, reason, level)
