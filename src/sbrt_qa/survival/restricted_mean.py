"""Restricted mean survival time: the area under the curve up to a time.

Royston and Parmar 2013 (BMC Med Res Methodol 13:152); Klein and Moeschberger, Survival Analysis,
section 4.5: the variance is the sum of A(t)^2 d / (n (n - d)) over the times of events up to tau,
where A(t) is the area under the curve from t to tau.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sbrt_qa.errors import AnalysisError
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.survival.analysis_input import (
    flags,
    labels,
    normal_quantile,
    numbers,
    same_length,
    times,
)
from sbrt_qa.survival.product_limit import EstimatedDifference, kaplan_meier, wald_difference

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RestrictedMean:
    """A restricted mean survival time; made by `rmst`.

    Parameters
    ----------
    value, se
        In the unit of time; no standard error where nothing happened before tau.
    tau
        Upper end of the area.
    largest_tau
        The last observed time, beyond which no area is known; None where nobody was observed.
    level
        Confidence of the interval.
    """

    value: float | Reason
    se: float | Reason
    tau: float
    largest_tau: float | None
    level: float

    @property
    def interval(self) -> tuple[float, float] | Reason:
        """Limits from the normal distribution."""
        if isinstance(self.value, Reason):
            return self.value
        if isinstance(self.se, Reason):
            return self.se
        width = normal_quantile(self.level) * self.se
        return self.value - width, self.value + width


def rmst(time: ArrayLike, event: ArrayLike, tau: float, *, level: float = 0.95) -> RestrictedMean:
    """Estimate the mean time without event up to tau.

    Beyond the last observed time nothing is known: a larger tau has a Reason that names it.

    Raises
    ------
    AnalysisError
        Where tau is not positive, or the columns differ in length or hold what is no time or event.
    """
    end = float(numbers([tau], "tau")[0])
    if end <= 0:
        raise AnalysisError("no upper end of an area", where="tau", got=str(tau), expected="> 0")
    curve = kaplan_meier(time, event, level=level)
    if not curve.time.size:
        nobody = Reason(ReasonCode.NOBODY, say("nobody is in this group"))
        return RestrictedMean(nobody, nobody, end, None, level)
    largest = float(curve.time[-1])
    if end > largest:
        text = say("the largest tau is {0}: nobody was followed up longer", f"{largest:g}")
        beyond = Reason(ReasonCode.BEYOND_FOLLOW_UP, text)
        return RestrictedMean(beyond, beyond, end, largest, level)
    used = (curve.events > 0) & (curve.time < end)
    at, n, d = curve.time[used], curve.at_risk[used], curve.events[used]
    edges = np.concatenate(([0.0], at, [end]))
    areas = np.concatenate(([1.0], curve.survival[used])) * np.diff(edges)
    value = math.fsum(areas)
    if not at.size:
        none = Reason(ReasonCode.NO_EVENTS, say("no events before {0}", f"{end:g}"))
        return RestrictedMean(value, none, end, largest, level)
    after = np.cumsum(areas[::-1])[::-1][1:]
    some_left = n > d  # where nobody is left, the area after is exactly 0
    terms = after[some_left] ** 2 * d[some_left] / (n[some_left] * (n[some_left] - d[some_left]))
    return RestrictedMean(value, math.sqrt(math.fsum(terms)), end, largest, level)


@dataclass(frozen=True, slots=True)
class RestrictedMeanComparison:
    """Restricted means of two groups; made by `rmst_comparison`.

    Parameters
    ----------
    groups
        The two labels, ascending.
    tau
        Upper end of both areas.
    means
        The two means, in the order of the groups.
    difference
        The second minus the first.
    ratio, ratio_low, ratio_high
        The second by the first, with limits by the delta method on the logarithm.
    """

    groups: tuple[Hashable, Hashable]
    tau: float
    means: tuple[RestrictedMean, RestrictedMean]
    difference: EstimatedDifference
    ratio: float | Reason
    ratio_low: float | Reason
    ratio_high: float | Reason


def rmst_comparison(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike | Sequence[Any],
    tau: float | None = None,
    *,
    horizon: float | None = None,
    level: float = 0.95,
) -> RestrictedMeanComparison | Reason:
    """Compare the mean times without event of two groups.

    Parameters
    ----------
    tau
        Upper end; by default the smaller of the groups' largest observed times, and at most
        `horizon`. A tau beyond the shorter group is refused with the largest legal one.

    Returns
    -------
    A Reason where there are not two groups, or where tau is too large.
    """
    at, happened, grouped = times(time), flags(event), labels(group, "group")
    if len(grouped.names) != 2:
        text = say("a comparison needs two groups, got {0}", len(grouped.names))
        return Reason(ReasonCode.ONE_GROUP, text)
    same_length(time=at, event=happened, group=grouped.index)
    parts = [grouped.index == place for place in (0, 1)]
    largest = min(float(at[part].max()) for part in parts)
    end = min(largest, largest if horizon is None else horizon) if tau is None else tau
    means = tuple(rmst(at[part], happened[part], end, level=level) for part in parts)
    if end > largest:
        text = say("the largest tau is {0}: nobody was followed up longer", f"{largest:g}")
        return Reason(ReasonCode.BEYOND_FOLLOW_UP, text)
    first, second = means
    difference = wald_difference((second.value, first.value), (second.se, first.se), level)
    return RestrictedMeanComparison(
        (grouped.names[0], grouped.names[1]), end, (first, second), difference,
        *_ratio(second, first, level),
    )  # fmt: skip


def _ratio(
    above: RestrictedMean, below: RestrictedMean, level: float
) -> tuple[float | Reason, float | Reason, float | Reason]:
    a, b = above.value, below.value
    if isinstance(a, Reason):
        return a, a, a
    if isinstance(b, Reason):
        return b, b, b
    if isinstance(above.se, Reason):
        return a / b, above.se, above.se
    if isinstance(below.se, Reason):
        return a / b, below.se, below.se
    width = normal_quantile(level) * math.hypot(above.se / a, below.se / b)
    return a / b, a / b * math.exp(-width), a / b * math.exp(width)
