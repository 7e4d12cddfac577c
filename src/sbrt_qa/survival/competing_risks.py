"""Cumulative incidence of one of several causes, with the others competing.

Aalen and Johansen 1978 (Scand J Stat 5:141): with S the survival from all causes,
F_c(t) = sum of S(s-) d_c(s) / n(s) over times s up to t. The incidences of all causes and S add up
to 1. One minus Kaplan-Meier with the other causes censored would be larger: it is no incidence.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sbrt_qa.errors import AnalysisError, quoted
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.survival.analysis_input import (
    CENSORED,
    causes,
    normal_quantile,
    read_only,
    same_length,
    times,
)
from sbrt_qa.survival.product_limit import transformed_limits

Floats = NDArray[np.float64]
Variance = Literal["aalen", "delta"]
IncidenceScale = Literal["log-log", "log"]


@dataclass(frozen=True, slots=True, eq=False)
class CumulativeIncidence:
    """Incidences of all causes in one group; made by `cumulative_incidence`.

    Parameters
    ----------
    time
        Shape (k,): the different observed times, ascending.
    at_risk
        Shape (k,): number just before that time.
    causes
        Labels of the causes that were seen, ascending.
    events
        Shape (k, causes): events of each cause at that time.
    incidence
        Shape (k, causes): incidence from that time on, until the next.
    survival
        Shape (k,): share free of any cause from that time on.
    variance
        Which estimate of the variance the intervals use.
    conf
        Scale on which the intervals are symmetric.
    level
        Confidence of the intervals.
    """

    time: Floats
    at_risk: Floats
    causes: tuple[Hashable, ...]
    events: Floats
    incidence: Floats
    survival: Floats
    variance: Variance
    conf: IncidenceScale
    level: float

    @property
    def n(self) -> int:
        """Number of subjects."""
        return int(self.at_risk[0]) if self.time.size else 0

    def incidence_at(self, cause: Hashable, t: float) -> float | Reason:
        """Return F(t) of a cause: 0 for one that was not seen; a Reason beyond the follow-up.

        Raises
        ------
        AnalysisError
            For 0, which is no cause.
        """
        place, column = self._place(t), self._column(cause)
        if isinstance(place, Reason):
            return place
        return 0.0 if column is None or place < 0 else float(self.incidence[place, column])

    def survival_at(self, t: float) -> float | Reason:
        """Return the share free of any cause at a time; a Reason beyond the follow-up."""
        place = self._place(t)
        if isinstance(place, Reason):
            return place
        return 1.0 if place < 0 else float(self.survival[place])

    def se_at(self, cause: Hashable, t: float) -> float | Reason:
        """Return the standard error of F(t); a Reason where F(t) is 0.

        Raises
        ------
        AnalysisError
            The cause is 0, which means censored.
        """
        place, column = self._place(t), self._column(cause)
        if isinstance(place, Reason):
            return place
        if column is None or place < 0 or self.incidence[place, column] == 0:
            return Reason(ReasonCode.NO_EVENTS, say("no events of this cause up to {0}", f"{t:g}"))
        until = slice(0, place + 1)
        estimate = _aalen if self.variance == "aalen" else _delta
        return math.sqrt(
            estimate(
                self.at_risk[until],
                self.events[until, column],
                self.events[until].sum(axis=1),
                self.incidence[until, column],
                self.survival[until],
            )
        )

    def interval_at(self, cause: Hashable, t: float) -> tuple[float, float] | Reason:
        """Return the limits of F(t); a Reason where F(t) is 0 or 1."""
        value, se = self.incidence_at(cause, t), self.se_at(cause, t)
        if isinstance(value, Reason):
            return value
        if isinstance(se, Reason):
            return se
        if value >= 1.0 - _ROUNDED:
            text = say("where all or none had the event, a curve tells no uncertainty")
            return Reason(ReasonCode.NOT_ESTIMABLE, text)
        if self.conf == "log":
            width = normal_quantile(self.level) * se / value
            return value * math.exp(-width), min(1.0, value * math.exp(width))
        return transformed_limits(value, se / value, "log-log", self.level)

    def _place(self, t: float) -> int | Reason:
        asked = float(times([t], "t")[0])
        if not self.time.size:
            return Reason(ReasonCode.NOBODY, say("nobody is in this group"))
        if asked > self.time[-1]:
            last = f"{self.time[-1]:g}"
            return Reason(
                ReasonCode.BEYOND_FOLLOW_UP, say("the last one was followed up to {0}", last)
            )
        return int(np.searchsorted(self.time, asked, side="right")) - 1

    def _column(self, cause: Hashable) -> int | None:
        if cause == CENSORED:
            raise AnalysisError("0 means censored, and is no cause", where="cause")
        return self.causes.index(cause) if cause in self.causes else None


_ROUNDED: Final = 1e-12
"""How far below 1 a sum of shares may end that is 1."""


def cumulative_incidence(
    time: ArrayLike,
    cause: ArrayLike | Sequence[Any],
    *,
    variance: Variance = "aalen",
    conf: IncidenceScale = "log-log",
    level: float = 0.95,
) -> CumulativeIncidence:
    """Estimate the cumulative incidence of each cause.

    Parameters
    ----------
    time
        As for `kaplan_meier`.
    cause
        Shape (n,): label of the cause, of any type; 0 is censored.
    variance
        ``aalen``: from counting processes, with a correction for ties, as cmprsk has it;
        ``delta``: by the delta method, as R's survfit has it (Marubini and Valsecchi 1995).
    conf
        Scale on which intervals are symmetric: ``log-log`` of the incidence, or ``log``.
    level
        Confidence of the intervals.

    Raises
    ------
    AnalysisError
        Where the columns differ in length or hold what is no time or cause.
    """
    if variance not in get_args(Variance):
        raise AnalysisError("no such variance", got=quoted(variance), expected="aalen, delta")
    if conf not in get_args(IncidenceScale):
        raise AnalysisError("no such scale of intervals", got=quoted(conf), expected="log-log, log")
    normal_quantile(level)
    at, what = times(time), causes(cause)
    same_length(time=at, cause=what.index)
    distinct, place = np.unique(at, return_inverse=True)
    table = np.zeros((distinct.size, len(what.names)))
    np.add.at(table, (place, what.index), 1.0)
    events = table[:, 1:]
    at_risk = at.size - np.concatenate(([0.0], np.cumsum(table.sum(axis=1))[:-1]))[: distinct.size]
    survival = np.cumprod((at_risk - events.sum(axis=1)) / at_risk)
    before = np.concatenate(([1.0], survival[:-1]))[: distinct.size]
    incidence = np.cumsum((before / at_risk)[:, np.newaxis] * events, axis=0)
    return CumulativeIncidence(
        read_only(distinct), read_only(at_risk), what.names[1:], read_only(events),
        read_only(incidence), read_only(survival), variance, conf, level,
    )  # fmt: skip


def tie_factor(d: Floats, n: Floats) -> Floats:
    """Return 1 - (d-1)/(n-1), what ties take from a variance; 1 for single events."""
    return np.asarray(1.0 - np.maximum(d - 1.0, 0.0) / np.maximum(n - 1.0, 1.0))


def _aalen(n: Floats, of_cause: Floats, of_any: Floats, f: Floats, s: Floats) -> float:
    """Return the variance of the last F from those of the counting processes (Aalen 1978).

    An event at s moves F(t) by S(s-)/n times 1 - (F(t)-F(s))/S(s) if it is of the cause, and by
    minus the second term if it is of another.
    """
    before = np.concatenate(([1.0], s[:-1]))
    lost = np.divide(f[-1] - f, s, out=np.zeros_like(f), where=s > 0)
    other = of_any - of_cause
    unit = (before / n) ** 2
    return math.fsum(unit * of_cause * tie_factor(of_cause, n) * (1.0 - lost) ** 2) + math.fsum(
        unit * other * tie_factor(other, n) * lost**2
    )


def _delta(n: Floats, of_cause: Floats, of_any: Floats, f: Floats, s: Floats) -> float:
    """Return the variance of the last F by the delta method."""
    before = np.concatenate(([1.0], s[:-1]))
    left = n > of_any  # where nobody is left, F does not rise any more: the term is 0
    gap = f[-1] - f
    greenwood = np.divide(of_any, n * (n - of_any), out=np.zeros_like(f), where=left)
    return (
        math.fsum(gap**2 * greenwood)
        + math.fsum(before**2 * (n - of_cause) / n * of_cause / n**2)
        - 2.0 * math.fsum(gap * before * of_cause / n**2)
    )
