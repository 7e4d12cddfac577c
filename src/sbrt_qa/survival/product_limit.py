"""The Kaplan-Meier estimate of survival, its intervals and its quantiles.

Kaplan and Meier 1958 (J Am Stat Assoc 53:457): S(t) is the product of (1 - d/n) over the times of
events up to t. Who is censored at a time is still at risk at it. Greenwood 1926: the variance of
log S(t) is the sum of d / (n (n - d)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sbrt_qa.errors import AnalysisError, quoted
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.survival.analysis_input import (
    flags,
    normal_quantile,
    numbers,
    read_only,
    same_length,
    times,
)

Floats = NDArray[np.float64]
Transform = Literal["log-log", "log", "plain"]

_LARGEST: Final = 700.0
"""Exponent that no number to its power is told apart from 0 at."""

LEVEL_TOLERANCE: Final = 1e-9
"""How near a curve counts as being exactly at a level: a quantile is then a midpoint."""


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalCurve:
    """A Kaplan-Meier curve; made by `kaplan_meier`.

    Parameters
    ----------
    time
        Shape (k,): the different observed times, ascending.
    at_risk, events, censored
        Shape (k,): numbers just before, at, and at that time.
    survival
        Shape (k,): S(t) from that time on, until the next.
    log_variance
        Shape (k,): Greenwood's variance of log S(t); infinite where S(t) is 0.
    conf
        Scale on which intervals are symmetric.
    level
        Confidence of the intervals.
    """

    time: Floats
    at_risk: Floats
    events: Floats
    censored: Floats
    survival: Floats
    log_variance: Floats
    conf: Transform
    level: float

    @property
    def n(self) -> int:
        """Number of subjects."""
        return int(self.at_risk[0]) if self.time.size else 0

    @property
    def n_events(self) -> int:
        """Number of events."""
        return int(self.events.sum())

    def at_risk_at(self, t: float) -> int:
        """Return how many were still followed up just before a time."""
        place = int(np.searchsorted(self.time, _asked_time(t), side="left"))
        return int(self.at_risk[place]) if place < self.time.size else 0

    def survival_at(self, t: float) -> float | Reason:
        """Return S(t); a Reason beyond the last observed time, where nobody is at risk."""
        place = self._place(t)
        if isinstance(place, Reason):
            return place
        return 1.0 if place < 0 else float(self.survival[place])

    def se_at(self, t: float) -> float | Reason:
        """Return Greenwood's standard error of S(t); a Reason where S(t) is 1 or 0."""
        found = self._point(t)
        return found if isinstance(found, Reason) else found[0] * math.sqrt(found[1])

    def interval_at(self, t: float) -> tuple[float, float] | Reason:
        """Return the lower and upper limit of S(t); a Reason where S(t) is 1 or 0."""
        found = self._point(t)
        return found if isinstance(found, Reason) else self._limits(*found)

    @property
    def median(self) -> float | Reason:
        """The time by which half had the event; see `quantile`."""
        return self.quantile(0.5)

    @property
    def median_interval(self) -> tuple[float | Reason, float | Reason]:
        """Limits of the median; see `quantile_interval`."""
        return self.quantile_interval(0.5)

    def quantile(self, p: float) -> float | Reason:
        """Return the smallest time at which S(t) <= 1 - p.

        Where S(t) equals 1 - p along a step, the midpoint of the step, as R and SAS have it: up to
        the next event, or to the last observed time.

        Raises
        ------
        AnalysisError
            `p` is not between 0 and 1.
        """
        _check_probability(p)
        jumps = self.events > 0
        return self._crossing(self.time[jumps], self.survival[jumps], p)

    def quantile_interval(self, p: float) -> tuple[float | Reason, float | Reason]:
        """Return where the limits of S(t) cross 1 - p (Brookmeyer and Crowley 1982).

        A side that is open has a Reason.

        Raises
        ------
        AnalysisError
            `p` is not between 0 and 1.
        """
        _check_probability(p)
        jumps = np.flatnonzero(self.events > 0)
        bands = [self._limits_at(int(i)) for i in jumps]
        known = [i for i, band in enumerate(bands) if band is not None]
        at = self.time[jumps[known]]
        low, high = ([band[side] for band in bands if band is not None] for side in (0, 1))
        return self._crossing(at, np.array(low), p), self._crossing(at, np.array(high), p)

    def band(self) -> tuple[tuple[float, float, float], ...]:
        """Return time, lower and upper limit at each time where there is an interval."""
        found = ((float(t), self._limits_at(i)) for i, t in enumerate(self.time))
        return tuple((t, *limits) for t, limits in found if limits is not None)

    def _place(self, t: float) -> int | Reason:
        asked = _asked_time(t)
        if not self.time.size:
            return Reason(ReasonCode.NOBODY, say("nobody is in this group"))
        if asked > self.time[-1]:
            last = f"{self.time[-1]:g}"
            return Reason(
                ReasonCode.BEYOND_FOLLOW_UP, say("the last one was followed up to {0}", last)
            )
        return int(np.searchsorted(self.time, asked, side="right")) - 1

    def _point(self, t: float) -> tuple[float, float] | Reason:
        place = self._place(t)
        if isinstance(place, Reason):
            return place
        if place < 0 or self.survival[place] in (0.0, 1.0):
            text = say("where all or none had the event, a curve tells no uncertainty")
            return Reason(ReasonCode.NOT_ESTIMABLE, text)
        return float(self.survival[place]), float(self.log_variance[place])

    def _limits_at(self, place: int) -> tuple[float, float] | None:
        s = float(self.survival[place])
        return None if s in (0.0, 1.0) else self._limits(s, float(self.log_variance[place]))

    def _limits(self, s: float, log_variance: float) -> tuple[float, float]:
        return transformed_limits(s, math.sqrt(log_variance), self.conf, self.level)

    def _crossing(self, at: Floats, curve: Floats, p: float) -> float | Reason:
        wanted = 1.0 - p
        below = np.flatnonzero(curve <= wanted + LEVEL_TOLERANCE)
        if not below.size:
            text = say("not reached: the curve stays above {0}", f"{wanted:.3g}")
            return Reason(ReasonCode.NOT_REACHED, text)
        first = int(below[0])
        if abs(curve[first] - wanted) > LEVEL_TOLERANCE:
            return float(at[first])
        lower = np.flatnonzero(curve < curve[first] - LEVEL_TOLERANCE)
        end = at[lower[0]] if lower.size else self.time[-1]
        return float(at[first] + end) / 2.0


def kaplan_meier(
    time: ArrayLike, event: ArrayLike, conf: Transform = "log-log", *, level: float = 0.95
) -> SurvivalCurve:
    """Estimate survival from times to an event or to censoring.

    Parameters
    ----------
    time
        Shape (n,): time to event or to the last time known without; finite, not negative.
    event
        Shape (n,): whether it is an event: bools, or 0 and 1.
    conf
        Scale on which the interval of S(t) is symmetric: ``log-log`` (as SAS LIFETEST has it),
        ``log`` (as R's survfit has it) or ``plain``; limits are kept within 0 and 1.
    level
        Confidence of the intervals.

    Raises
    ------
    AnalysisError
        Where the columns differ in length or hold what is no time or event.
    """
    if conf not in get_args(Transform):
        told = ", ".join(get_args(Transform))
        raise AnalysisError("no such scale of intervals", got=quoted(conf), expected=told)
    normal_quantile(level)
    at, happened = times(time), flags(event)
    same_length(time=at, event=happened)
    distinct, place = np.unique(at, return_inverse=True)
    total = np.bincount(place, minlength=distinct.size)
    events = np.bincount(place[happened], minlength=distinct.size)
    at_risk = at.size - np.concatenate(([0], np.cumsum(total)[:-1])) if at.size else total
    survival = np.cumprod((at_risk - events) / at_risk)
    with np.errstate(divide="ignore"):
        log_variance = np.cumsum(events / (at_risk * (at_risk - events).astype(float)))
    return SurvivalCurve(
        read_only(distinct), read_only(at_risk), read_only(events), read_only(total - events),
        read_only(survival), read_only(log_variance), conf, level,
    )  # fmt: skip


def reverse_kaplan_meier(
    time: ArrayLike, event: ArrayLike, conf: Transform = "log-log", *, level: float = 0.95
) -> SurvivalCurve:
    """Estimate follow-up: the curve of being censored, with events as its censorings.

    Its median is the median follow-up (Schemper and Smith 1996).
    """
    return kaplan_meier(time, ~flags(event), conf, level=level)


@dataclass(frozen=True, slots=True)
class EstimatedDifference:
    """A difference with its standard error and interval, or why there is none.

    Parameters
    ----------
    value, se
        The difference and its standard error.
    low, high
        Limits of the interval.
    p
        Two-sided, from the normal distribution.
    """

    value: float | Reason
    se: float | Reason
    low: float | Reason
    high: float | Reason
    p: float | Reason

    @property
    def interval(self) -> tuple[float, float] | Reason:
        """Both limits, or why there are none."""
        if isinstance(self.low, Reason):
            return self.low
        return self.high if isinstance(self.high, Reason) else (self.low, self.high)


def survival_difference(
    first: SurvivalCurve, second: SurvivalCurve, t: float
) -> EstimatedDifference:
    """Return S1(t) - S2(t) with Wald's interval from Greenwood's standard errors."""
    values = first.survival_at(t), second.survival_at(t)
    errors = first.se_at(t), second.se_at(t)
    return wald_difference(values, errors, first.level)


def wald_difference(
    values: tuple[float | Reason, float | Reason],
    errors: tuple[float | Reason, float | Reason],
    level: float,
) -> EstimatedDifference:
    """Return the difference of two independent estimates; a Reason of either is one of it."""
    a, b = values
    if isinstance(a, Reason):
        return EstimatedDifference(a, a, a, a, a)
    if isinstance(b, Reason):
        return EstimatedDifference(b, b, b, b, b)
    value = a - b
    se_a, se_b = errors
    if isinstance(se_a, Reason):
        return EstimatedDifference(value, se_a, se_a, se_a, se_a)
    if isinstance(se_b, Reason):
        return EstimatedDifference(value, se_b, se_b, se_b, se_b)
    se = math.hypot(se_a, se_b)
    z = normal_quantile(level)
    p = math.erfc(abs(value) / se / math.sqrt(2.0))
    return EstimatedDifference(value, se, value - z * se, value + z * se, p)


def transformed_limits(
    s: float, log_se: float, conf: Transform, level: float
) -> tuple[float, float]:
    """Return limits of a survival between 0 and 1 from the standard error of its logarithm."""
    z = normal_quantile(level)
    if conf == "plain":
        return max(0.0, s - z * s * log_se), min(1.0, s + z * s * log_se)
    if conf == "log":
        return s * math.exp(-z * log_se), min(1.0, s * math.exp(z * log_se))
    width = z * log_se / abs(math.log(s))
    return s ** math.exp(min(width, _LARGEST)), s ** math.exp(-width)


def _asked_time(t: float) -> float:
    return float(times([t], "t")[0])


def _check_probability(p: float) -> None:
    if not 0.0 < float(numbers([p], "p")[0]) < 1.0:
        raise AnalysisError("no probability of a quantile", got=str(p), expected="between 0 and 1")
