"""Events by person-time: exact intervals of a rate, and the ratio of two rates."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from sbrt_qa.errors import AnalysisError
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.survival.analysis_input import counts, normal_quantile, times
from sbrt_qa.survival.proportions import IntervalEstimate, clopper_pearson


@dataclass(frozen=True, slots=True)
class RateRatio:
    """The ratio of two rates; made by `rate_ratio`.

    Parameters
    ----------
    value
        The first rate by the second.
    low, high
        Exact limits, from the binomial distribution of the events given their sum; a side that is
        open has a Reason.
    p
        Two-sided probability if both rates were the same: of all splits of the events that are no
        more probable than the one observed.
    level
        Confidence of the limits.
    """

    value: float | Reason
    low: float | Reason
    high: float | Reason
    p: float | Reason
    level: float


def poisson_rate(events: int, person_time: float, *, level: float = 0.95) -> IntervalEstimate:
    """Return events by person-time with the exact interval of Garwood 1936 (Biometrika 28:437).

    Raises
    ------
    AnalysisError
        Where events is no count or person-time is negative or not finite; also for events in no
        time at all.
    """
    (x,) = counts(events=events)
    t = _person_time(x, person_time)
    normal_quantile(level)
    tail = (1.0 - level) / 2.0
    if t == 0:
        reason = Reason(ReasonCode.NOBODY, say("nobody was at risk"))
        return IntervalEstimate(reason, reason, reason, level)
    low = 0.0 if x == 0 else float(special.gammaincinv(x, tail)) / t
    return IntervalEstimate(x / t, low, float(special.gammaincinv(x + 1, 1.0 - tail)) / t, level)


def rate_ratio(
    events1: int, time1: float, events2: int, time2: float, *, level: float = 0.95
) -> RateRatio:
    """Return the ratio of two rates with its exact interval.

    Given the sum of events, those of the first are binomial with share r t1 / (r t1 + t2).

    Raises
    ------
    AnalysisError
        As `poisson_rate`, for either rate.
    """
    x1, x2 = counts(events1=events1, events2=events2)
    t1, t2 = _person_time(x1, time1), _person_time(x2, time2)
    normal_quantile(level)
    if t1 == 0 or t2 == 0:
        nobody = Reason(ReasonCode.NOBODY, say("nobody was at risk"))
        return RateRatio(nobody, nobody, nobody, nobody, level)
    if x1 + x2 == 0:
        none = Reason(ReasonCode.NO_EVENTS, say("no events: nothing to compare"))
        return RateRatio(none, none, none, none, level)
    share = clopper_pearson(x1, x1 + x2, level=level)
    infinite = Reason(ReasonCode.NOT_ESTIMABLE, say("the ratio has no finite value"))
    low, high = (
        infinite if isinstance(q, Reason) or q >= 1.0 else q / (1.0 - q) * t2 / t1
        for q in share.interval
    )
    value = infinite if x2 == 0 else (x1 / t1) / (x2 / t2)
    return RateRatio(value, low, high, _binomial_p(x1, x1 + x2, t1 / (t1 + t2)), level)


def _person_time(x: int, person_time: float) -> float:
    t = float(times([person_time], "person_time")[0])
    if t == 0 and x:
        raise AnalysisError("events, but nobody at risk", where="person_time", got=f"{x} events")
    return t


def _binomial_p(x: int, n: int, share: float) -> float:
    k = np.arange(n + 1)
    log_mass = (
        special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
        + k * math.log(share) + (n - k) * math.log1p(-share)
    )  # fmt: skip
    mass = np.exp(log_mass)
    return min(1.0, math.fsum(mass[mass <= mass[x] * (1.0 + 1e-7)]))
