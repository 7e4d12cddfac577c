"""Cox's model with covariates that change: each row is a stretch of a subject's time.

Andersen and Gill 1982 (Ann Stat 10:1100). A row counts at risk at times t with start < t <= stop,
so what a subject becomes later hands it no time before. Ties after Efron. Where only the start is
late it is left truncation. Rows of one subject need no robust variance: at most one ends in an
event, and they do not overlap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from sbrt_qa.errors import AnalysisError
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.survival.analysis_input import (
    columns,
    flags,
    normal_quantile,
    read_only,
    same_length,
    strata_of,
    times,
)
from sbrt_qa.survival.wald_ratios import WaldRatios

Floats = NDArray[np.float64]

MOST_STEPS: Final = 60
SMALLEST_GAIN: Final = 1e-20
"""Newton steps, and the decrement (squared) at which a fit is at the maximum."""

_FAR: Final = 30.0
"""A log ratio between the ends of a covariate beyond which the likelihood has no maximum."""


@dataclass(frozen=True, slots=True, eq=False)
class ChangingHazardModel(WaldRatios):
    """A fitted model; made by `cox_changing`.

    Parameters
    ----------
    coef, se
        Shape (p,): logarithms of hazard ratios and their standard errors, or why there are none.
    n_rows, n_events
        Numbers of rows and of events.
    level
        Confidence of the intervals.
    """

    coef: Floats | Reason
    se: Floats | Reason
    n_rows: int
    n_events: int
    level: float


@dataclass(frozen=True, slots=True, eq=False)
class _Event:
    """The tied events of one time in one stratum: covariates at risk, and of the events."""

    at_risk: Floats
    tied: Floats


def cox_changing(
    start: ArrayLike,
    stop: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    strata: ArrayLike | Sequence[Any] | None = None,
    *,
    penalised: bool = False,
    level: float = 0.95,
) -> ChangingHazardModel:
    """Fit a model to rows (start, stop].

    Parameters
    ----------
    start, stop
        Shape (n,), not negative, start before stop.
    event
        Shape (n,): whether the row ends in the event.
    covariates
        Shape (n, p), or (n,) for a single one: as they are within the row.
    strata
        Shape (n,): strata with a baseline hazard of their own.
    penalised
        Use Firth's penalty, half the logarithm of the determinant of the information: finite also
        where no event falls into a class.
    level
        Confidence of the intervals.

    Returns
    -------
    With Reasons for numbers where there is no event, nothing to compare, or no maximum.

    Raises
    ------
    AnalysisError
        Where the columns differ in length or hold what they must not, or a row has no length.
    """
    normal_quantile(level)
    begin, end = times(start, "start"), times(stop, "stop")
    happened, x = flags(event), columns(covariates)
    count = same_length(start=begin, stop=end, event=happened, covariates=x)
    stratum = strata_of(strata, count)
    same_length(start=begin, strata=stratum.index)
    empty = np.flatnonzero(end <= begin)
    if empty.size:
        raise AnalysisError("a row ends before it begins", where=f"stop[{empty[0]}]")
    if count:
        x = x - x[np.lexsort(x.T)].mean(axis=0)
    found = _events(begin, end, happened, x, stratum.index)
    number = int(happened.sum())

    def without(code: ReasonCode, text: str) -> ChangingHazardModel:
        why = Reason(code, text)
        return ChangingHazardModel(why, why, count, number, level)

    if not number:
        return without(ReasonCode.NO_EVENTS, say("no events: nothing to compare"))
    _, _, information = _height(found, np.zeros(x.shape[1]))
    if _is_singular(information):
        text = say("a covariate is the same for all who were at risk together")
        return without(ReasonCode.ONE_GROUP, text)
    reach = np.ptp(x, axis=0)
    beta, information = _penalised(found, reach) if penalised else _maximum(found, reach)
    if beta is None:
        text = say("not estimable: at every event a covariate is at its end among those at risk")
        return without(ReasonCode.NOT_ESTIMABLE, text)
    se = np.sqrt(np.diag(np.linalg.inv(information)))
    return ChangingHazardModel(read_only(beta), read_only(se), count, number, level)


def _events(
    begin: Floats, end: Floats, happened: NDArray[np.bool_], x: Floats, stratum: NDArray[np.int64]
) -> list[_Event]:
    found = []
    for place in np.unique(stratum):
        inside = stratum == place
        for t in np.unique(end[inside & happened]):
            at_risk = inside & (begin < t) & (end >= t)
            tied = inside & happened & (end == t)
            order = np.lexsort(x[at_risk].T)  # a sum that the order of the rows cannot change
            found.append(_Event(x[at_risk][order], x[tied][np.lexsort(x[tied].T)]))
    return found


def _height(events: list[_Event], beta: Floats) -> tuple[float, Floats, Floats]:
    """Return the partial log-likelihood after Efron, its score and information."""
    p = beta.size
    log, score, information = 0.0, np.zeros(p), np.zeros((p, p))
    for one in events:
        d = one.tied.shape[0]
        log += float((one.tied @ beta).sum())
        score = score + one.tied.sum(axis=0)
        whole, part = _moments(one.at_risk, beta), _moments(one.tied, beta)
        for k in range(d):
            s0, s1, s2 = (a - k / d * b for a, b in zip(whole, part, strict=True))
            mean = s1 / s0
            log -= math.log(float(s0))
            score = score - mean
            information = information + s2 / s0 - np.outer(mean, mean)
    return log, score, information


def _moments(x: Floats, beta: Floats) -> tuple[Floats, Floats, Floats]:
    weight = np.exp(x @ beta)
    return weight.sum(), weight @ x, np.einsum("i,ij,ik->jk", weight, x, x)


def _is_singular(information: Floats) -> bool:
    scale = np.sqrt(np.clip(np.diag(information), 0.0, None))
    if (scale <= 1e-12).any():
        return True
    return bool(np.linalg.eigvalsh(information / np.outer(scale, scale))[0] < 1e-10)


def _penalised(events: list[_Event], reach: Floats) -> tuple[Floats | None, Floats]:
    """Return the maximum of the likelihood with Firth's penalty, and the information there."""

    def falling(beta: Floats) -> float:
        log, _, information = _height(events, beta)
        sign, determinant = np.linalg.slogdet(information)
        return -(log + 0.5 * determinant) if sign > 0 else math.inf

    scale = np.where(reach > 0, reach, 1.0)
    start = np.zeros(reach.size)
    options = {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 4000, "maxfev": 4000}
    found = optimize.minimize(
        lambda b: falling(b / scale), start, method="Nelder-Mead", options=options
    )
    beta = np.asarray(found.x / scale, dtype=float)
    if not found.success or (np.abs(found.x) > _FAR).any():
        return None, np.zeros((reach.size, reach.size))
    return beta, _height(events, beta)[2]


def _maximum(events: list[_Event], reach: Floats) -> tuple[Floats | None, Floats]:
    beta = np.zeros(reach.size)
    log, score, information = _height(events, beta)
    for _ in range(MOST_STEPS):
        if _is_singular(information):
            return None, information
        step = np.linalg.solve(information, score)
        if float(step @ score) < SMALLEST_GAIN:
            return beta, information
        there = _height(events, beta + step)
        while there[0] < log - 1e-12 * abs(log) and np.abs(step).max() > 1e-14:
            step = step / 2.0
            there = _height(events, beta + step)
        beta = beta + step
        if (np.abs(beta) * reach > _FAR).any():
            return None, information
        log, score, information = there
    return None, information
