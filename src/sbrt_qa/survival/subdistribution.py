"""Fine and Gray's model: ratios of the hazard of the subdistribution of one cause.

Fine and Gray 1999 (J Am Stat Assoc 94:496). Who had another event stays at risk with the weight
G(t-)/G(T-), G the Kaplan-Meier estimate of not being censored; ties after Breslow. The variance is
theirs, with the part that comes from estimating G, as cmprsk's ``crr`` prints it. The ratio says
how a covariate goes with the cumulative incidence; it is no ratio of rates among those at risk, so
the cause-specific ratios of all causes stand beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sbrt_qa.errors import AnalysisError, quoted
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.survival.analysis_input import (
    CENSORED,
    causes,
    columns,
    no_spread,
    normal_quantile,
    read_only,
    same_length,
    times,
)
from sbrt_qa.survival.wald_ratios import WaldRatios

Floats = NDArray[np.float64]

MOST_STEPS: Final = 60
"""Newton steps that a fit may take."""

SMALLEST_GAIN: Final = 1e-20
"""Newton decrement, squared, at which a fit is at the maximum."""

_NO_SPREAD: Final = 1e-20
"""Share of the variance by the information, below which the one of Fine and Gray counts as 0."""

_FAR: Final = 30.0
"""A log ratio between the ends of a covariate beyond which the likelihood has no maximum."""


@dataclass(frozen=True, slots=True, eq=False)
class SubdistributionModel(WaldRatios):
    """A fitted model; made by `fine_gray`.

    Parameters
    ----------
    coef, se
        Shape (p,): logarithms of the ratios and their standard errors, or why there are none.
    covariance
        Shape (p, p), after Fine and Gray.
    cause
        The cause that is modelled.
    n, n_events
        Numbers of subjects, and of events of that cause.
    level
        Confidence of the intervals.
    """

    coef: Floats | Reason
    se: Floats | Reason
    covariance: Floats | Reason
    cause: Any
    n: int
    n_events: int
    level: float


@dataclass(frozen=True, slots=True, eq=False)
class _Weighted:
    """Subjects by event times of the cause: weights at risk, and who had the event.

    Parameters
    ----------
    x
        Shape (n, p).
    weight
        Shape (n, m): weight of each subject at each time.
    place
        Shape (n,): index of the time of a subject's event of the cause, -1 for none.
    """

    at: Floats
    x: Floats
    weight: Floats
    place: NDArray[np.int64]
    when: Floats
    other: NDArray[np.bool_]
    censored: NDArray[np.bool_]


def fine_gray(
    time: ArrayLike,
    cause: ArrayLike | Sequence[Any],
    covariates: ArrayLike,
    of_cause: Any = 1,  # noqa: ANN401 - labels are of any type
    *,
    level: float = 0.95,
) -> SubdistributionModel:
    """Fit the subdistribution hazards of one cause.

    Parameters
    ----------
    time
        Shape (n,), not negative.
    cause
        Shape (n,): 0 for censored, any other label for what happened.
    covariates
        Shape (n, p), or (n,) for a single one.
    of_cause
        Label of the cause that is modelled.
    level
        Confidence of the intervals.

    Returns
    -------
    With Reasons for numbers where nobody is there, no event of the cause, or no maximum.

    Raises
    ------
    AnalysisError
        Where the columns differ in length or hold what they must not, or the cause is 0.
    """
    normal_quantile(level)
    at, what, x = times(time), causes(cause), columns(covariates)
    count = same_length(time=at, cause=what.index, covariates=x)
    if of_cause == CENSORED:
        raise AnalysisError("0 is no cause", where="of_cause", got=quoted(of_cause))
    place = what.names.index(of_cause) if of_cause in what.names else -1
    events = int((what.index == place).sum())

    def without(code: ReasonCode, text: str) -> SubdistributionModel:
        why = Reason(code, text)
        return SubdistributionModel(why, why, why, of_cause, count, events, level)

    if not count:
        return without(ReasonCode.NOBODY, say("nobody is in this group"))
    if not events:
        return without(ReasonCode.NO_EVENTS, say("no events: nothing to compare"))
    order = np.lexsort((*x.T, what.index, at))  # a sum that the order of the rows cannot change
    data = _weighted(at[order], what.index[order], place, x[order] - x[order].mean(axis=0))
    beta, information = _maximum(data)
    if beta is None or information is None:
        text = say("not estimable: at every event a covariate is at its end among those at risk")
        return without(ReasonCode.NOT_ESTIMABLE, text)
    inverse = np.linalg.inv(information)
    parts = _influence(data, beta)
    covariance = inverse @ (parts.T @ parts) @ inverse
    if (np.diag(covariance) <= _NO_SPREAD * np.diag(inverse)).any():
        why = no_spread()
        return SubdistributionModel(read_only(beta), why, why, of_cause, count, events, level)
    return SubdistributionModel(
        read_only(beta), read_only(np.sqrt(np.diag(covariance))), read_only(covariance),
        of_cause, count, events, level,
    )  # fmt: skip


def _weighted(at: Floats, what: NDArray[np.int64], place: int, x: Floats) -> _Weighted:
    mine, censored = what == place, what == 0
    other = ~mine & ~censored
    when = np.unique(at[mine])
    steps, surviving = _uncensored(at, censored)

    def before(t: Floats) -> Floats:
        return np.asarray(surviving[np.searchsorted(steps, t, side="left")])

    weight = (at[:, np.newaxis] >= when).astype(float)
    gone = other[:, np.newaxis] & (at[:, np.newaxis] < when)
    share = before(when)[np.newaxis, :] / np.maximum(before(at), 1e-300)[:, np.newaxis]
    weight = np.where(gone, share, weight)
    index = np.where(mine, np.searchsorted(when, at), -1)
    return _Weighted(at, x, weight, index, when, other, censored)


def _uncensored(at: Floats, censored: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return the times of censoring, and G before the first, then from each on."""
    steps, d = np.unique(at[censored], return_counts=True)
    n = at.size - np.searchsorted(np.sort(at), steps, side="left")
    return steps, np.concatenate(([1.0], np.cumprod((n - d) / n)))


def _sums(data: _Weighted, beta: Floats) -> tuple[Floats, Floats, Floats]:
    """Return at each time the sum of weights at risk, the mean of x and of its products."""
    weights = data.weight * np.exp(data.x @ beta)[:, np.newaxis]
    total = weights.sum(axis=0)
    mean = (weights.T @ data.x) / total[:, np.newaxis]
    second = np.einsum("im,ij,ik->mjk", weights, data.x, data.x, optimize=True)
    return total, mean, second / total[:, np.newaxis, np.newaxis]


def _height(data: _Weighted, beta: Floats) -> tuple[float, Floats, Floats]:
    total, mean, second = _sums(data, beta)
    has = data.place >= 0
    d = np.bincount(data.place[has], minlength=data.when.size).astype(float)
    log = float((data.x[has] @ beta).sum() - d @ np.log(total))
    score = data.x[has].sum(axis=0) - d @ mean
    spread = second - mean[:, :, np.newaxis] * mean[:, np.newaxis, :]
    return log, score, np.einsum("m,mjk->jk", d, spread)


def _maximum(data: _Weighted) -> tuple[Floats | None, Floats | None]:
    beta = np.zeros(data.x.shape[1])
    reach = np.ptp(data.x, axis=0)
    log, score, information = _height(data, beta)
    for _ in range(MOST_STEPS):
        scale = np.sqrt(np.clip(np.diag(information), 0, None))
        if (scale <= 1e-12).any() or np.linalg.cond(information / np.outer(scale, scale)) > 1e10:
            return None, None
        step = np.linalg.solve(information, score)
        if float(step @ score) < SMALLEST_GAIN:
            return beta, information
        there = _height(data, beta + step)
        while there[0] < log - 1e-12 * abs(log) and np.abs(step).max() > 1e-14:
            step = step / 2.0
            there = _height(data, beta + step)
        beta = beta + step
        if (np.abs(beta) * reach > _FAR).any():
            return None, None
        log, score, information = there
    return None, None


def _influence(data: _Weighted, beta: Floats) -> Floats:
    """Return what each subject adds to the score, with its part in the estimate of G."""
    total, mean, _ = _sums(data, beta)
    has = data.place >= 0
    d = np.bincount(data.place[has], minlength=data.when.size).astype(float)
    rate = data.weight * np.exp(data.x @ beta)[:, np.newaxis] * (d / total)
    eta = rate @ mean - data.x * rate.sum(axis=1)[:, np.newaxis]
    eta[has] += data.x[has] - mean[data.place[has]]
    steps = np.unique(data.at[data.censored])
    if not steps.size:
        return np.asarray(eta, dtype=float)
    at_risk = data.at.size - np.searchsorted(np.sort(data.at), steps, side="left")
    later = np.zeros((steps.size, data.x.shape[1]))
    for index, u in enumerate(steps):
        who, then = data.other & (data.at < u), data.when >= u
        part = rate[np.ix_(who, then)]
        later[index] = part.sum(axis=1) @ data.x[who] - part.sum(axis=0) @ mean[then]
    moved = later / at_risk[:, np.newaxis]
    d_censored = np.array([(data.at[data.censored] == u).sum() for u in steps], dtype=float)
    so_far = np.cumsum(moved * (d_censored / at_risk)[:, np.newaxis], axis=0)
    last = np.searchsorted(steps, data.at, side="right") - 1
    psi = np.where(last[:, np.newaxis] >= 0, -so_far[np.maximum(last, 0)], 0.0)
    own = np.searchsorted(steps, data.at)
    psi[data.censored] += moved[own[data.censored]]
    return np.asarray(eta + psi, dtype=float)
