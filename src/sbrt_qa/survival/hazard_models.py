"""Cox's proportional hazards model: hazard ratios with their uncertainty, or why there are none.

The fit is Newton's on the partial likelihood, see `partial_likelihood`. Where a covariate splits
those with events from all others at risk, such as a group without events, the likelihood has no
maximum: the hazard ratio is not estimable, and what is left is a bound from the profile of the
likelihood on one side, and Firth's estimate, which is always finite.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from sbrt_qa.errors import AnalysisError, quoted
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
from sbrt_qa.survival.ascent import Height, highest
from sbrt_qa.survival.chi_square import ChiSquareTest, chi_square_test, no_test
from sbrt_qa.survival.partial_likelihood import (
    Likelihood,
    RiskSets,
    Ties,
    likelihood,
    risk_sets,
)
from sbrt_qa.survival.wald_ratios import WaldRatios

Floats = NDArray[np.float64]

MOST_STEPS: Final = 60
"""How many Newton steps a fit may take; where the likelihood has a maximum, ten are plenty."""

SMALLEST_GAIN: Final = 1e-20
"""Newton decrement, squared, at which a fit is at the maximum."""

_FAR_WEIGHTS: Final = 40.0
"""Logarithm of how much less the others weigh where a likelihood is taken to be at its limit."""

_LARGEST_EXPONENT: Final = 600.0
"""Logarithm of the largest ratio of weights that is computed with."""

_RANK: Final = 1e-10
"""Share of the largest eigenvalue below which an information counts as singular."""


@dataclass(frozen=True, slots=True)
class HazardBound:
    """What is known of a hazard ratio that cannot be estimated: it lies on one side of a bound.

    Parameters
    ----------
    hazard_ratio
        The bound.
    is_upper
        Whether the ratio is below the bound; else above.
    level
        One-sided confidence.
    """

    hazard_ratio: float
    is_upper: bool
    level: float


@dataclass(frozen=True, slots=True, eq=False)
class HazardModel(WaldRatios):
    """A fitted model; made by `cox` or `firth_cox`.

    Parameters
    ----------
    coef, se
        Shape (p,): logarithms of hazard ratios and their standard errors, or why there are none.
    covariance
        Shape (p, p): inverse of the information.
    log_likelihood
        Of the model without covariates, and of the fitted one.
    likelihood_ratio, wald, score
        Tests that all coefficients are 0; the score test holds also where nothing can be fitted.
    n, n_events
        Numbers of subjects and events.
    ties
        How tied events were taken.
    bound
        Where one covariate has no estimate because its likelihood rises without end.
    level
        Confidence of the intervals.
    """

    coef: Floats | Reason
    se: Floats | Reason
    covariance: Floats | Reason
    log_likelihood: tuple[float, float] | Reason
    likelihood_ratio: ChiSquareTest
    wald: ChiSquareTest
    score: ChiSquareTest
    n: int
    n_events: int
    ties: Ties
    bound: HazardBound | None
    level: float


@dataclass(frozen=True, slots=True, eq=False)
class _Data:
    sets: tuple[RiskSets, ...]
    n: int
    n_events: int
    p: int


def cox(
    time: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    strata: ArrayLike | Sequence[Any] | None = None,
    ties: Ties = "efron",
    *,
    level: float = 0.95,
) -> HazardModel:
    """Fit a proportional hazards model.

    Parameters
    ----------
    time, event
        As for `kaplan_meier`.
    covariates
        Shape (n, p), or (n,) for a single one; finite numbers.
    strata
        Shape (n,), or (n, several): strata with a baseline hazard of their own.
    ties
        ``efron``, ``breslow`` or ``exact`` (discrete).
    level
        Confidence of the intervals.

    Raises
    ------
    AnalysisError
        Where the columns differ in length or hold what they must not.
    """
    data = _data(time, event, covariates, strata, ties, level)
    why = _unfit(data, ties)
    if why is not None:
        return _without_estimate(data, ties, level, why)
    start = likelihood(data.sets, np.zeros(data.p), ties)
    beta = _maximum(lambda b: likelihood(data.sets, b, ties), data.p)
    if beta is None:
        text = say("the likelihood rises without end: the covariates separate the events")
        return _without_estimate(data, ties, level, Reason(ReasonCode.NOT_ESTIMABLE, text))
    end = likelihood(data.sets, beta, ties)
    covariance = np.linalg.inv(end.information)
    ratio = 2.0 * (end.log - start.log)
    return HazardModel(
        read_only(beta), read_only(np.sqrt(np.diag(covariance))), read_only(covariance),
        (start.log, end.log), chi_square_test(ratio, data.p),
        chi_square_test(float(beta @ end.information @ beta), data.p), _score_test(start),
        data.n, data.n_events, ties, None, level,
    )  # fmt: skip


def firth_cox(
    time: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    strata: ArrayLike | Sequence[Any] | None = None,
    *,
    level: float = 0.95,
) -> HazardModel:
    """Fit with Firth's penalty, half the logarithm of the information: always finite.

    Heinze and Schemper 2001 (Biometrics 57:114). Ties after Breslow, as their program has them. The
    likelihood ratio is that of the penalised likelihoods.

    Raises
    ------
    AnalysisError
        As `cox`.
    """
    data = _data(time, event, covariates, strata, "breslow", level)
    why = _uninformative(data, "breslow")
    if why is not None:
        return _without_estimate(data, "breslow", level, why)
    reach = np.abs(np.concatenate([one.x for one in data.sets])).max(axis=0)
    found = highest(lambda b: _penalised(data.sets, b), np.zeros(data.p), reach)
    if found is None:
        text = say("the fit does not settle")
        return _without_estimate(data, "breslow", level, Reason(ReasonCode.NOT_ESTIMABLE, text))
    beta, start = found[0], _penalised(data.sets, np.zeros(data.p))
    end = _penalised(data.sets, beta)
    covariance = np.linalg.inv(end.information)
    return HazardModel(
        read_only(beta), read_only(np.sqrt(np.diag(covariance))), read_only(covariance),
        (start.log, end.log), chi_square_test(2.0 * (end.log - start.log), data.p),
        chi_square_test(float(beta @ end.information @ beta), data.p),
        _score_test(likelihood(data.sets, np.zeros(data.p), "breslow")),
        data.n, data.n_events, "breslow", None, level,
    )  # fmt: skip


def _data(
    time: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    strata: ArrayLike | Sequence[Any] | None,
    ties: Ties,
    level: float,
) -> _Data:
    if ties not in get_args(Ties):
        told = ", ".join(get_args(Ties))
        raise AnalysisError("no such way to take ties", got=quoted(ties), expected=told)
    normal_quantile(level)
    at, happened, x = times(time), flags(event), columns(covariates)
    count = same_length(time=at, event=happened, covariates=x)
    stratum = strata_of(strata, count)
    same_length(time=at, strata=stratum.index)
    if count:
        order = np.lexsort(x.T)  # a sum that the order of the rows cannot change
        x = x - x[order].mean(axis=0)
    sets = tuple(
        risk_sets(at[inside], happened[inside], x[inside])
        for inside in (stratum.index == place for place in range(len(stratum.names)))
    )
    return _Data(sets, count, int(happened.sum()), x.shape[1])


def _unfit(data: _Data, ties: Ties) -> Reason | None:
    """Return why no maximum is looked for."""
    why = _uninformative(data, ties)
    if why is None and any(_separates(data.sets, i) for i in range(data.p)):
        text = say("not estimable: at every event a covariate is at its end among those at risk")
        why = Reason(ReasonCode.NOT_ESTIMABLE, text)
    return why


def _uninformative(data: _Data, ties: Ties) -> Reason | None:
    if not data.n_events:
        return Reason(ReasonCode.NO_EVENTS, say("no events: nothing to compare"))
    information = likelihood(data.sets, np.zeros(data.p), ties).information
    scale = np.sqrt(np.diag(information))
    if (scale == 0).any():
        text = say("a covariate is the same for all who were at risk together")
        return Reason(ReasonCode.ONE_GROUP, text)
    if np.linalg.eigvalsh(information / np.outer(scale, scale))[0] < _RANK:
        return Reason(ReasonCode.NOT_ESTIMABLE, say("covariates follow from each other"))
    return None


def _separates(sets: tuple[RiskSets, ...], covariate: int) -> bool:
    """Tell whether a covariate is the largest at risk at every event, or the smallest."""
    ends = []
    for sign in (1.0, -1.0):
        at_end = True
        for one in sets:
            if one.event_rows.size:
                x = sign * one.x[:, covariate]
                at_end &= bool((x[one.event_rows] >= np.maximum.accumulate(x)[one.end - 1]).all())
        ends.append(at_end)
    return any(ends)


def _maximum(at: Callable[[Floats], Likelihood], p: int) -> Floats | None:
    """Return where a likelihood is largest: Newton's steps, halved where they lead down."""
    beta = np.zeros(p)
    here = at(beta)
    for _ in range(MOST_STEPS):
        try:
            step = np.linalg.solve(here.information, here.score)
        except np.linalg.LinAlgError:
            return None
        if not np.isfinite(step).all():
            return None
        if float(step @ here.score) < SMALLEST_GAIN:
            return beta
        there = at(beta + step)
        while there.log < here.log - 1e-12 * abs(here.log) and np.abs(step).max() > 0:
            step = step / 2.0
            there = at(beta + step)
        beta, here = beta + step, there
    return None


def _penalised(sets: tuple[RiskSets, ...], beta: Floats) -> Height:
    """Return Firth's penalised likelihood, its score, and the information without penalty."""
    plain = likelihood(sets, beta, "breslow", third=True)
    sign, log_determinant = np.linalg.slogdet(plain.information)
    if sign <= 0:  # so far out that nothing is left of the information: a step to be halved
        return Height(-math.inf, plain.score, plain.information)
    inverse = np.linalg.inv(plain.information)
    shift = 0.5 * np.einsum("ij,jik->k", inverse, plain.third)
    log = plain.log + 0.5 * float(log_determinant)
    return Height(log, plain.score + shift, plain.information)


def _score_test(start: Likelihood) -> ChiSquareTest:
    step = np.linalg.solve(start.information, start.score)
    return chi_square_test(float(start.score @ step), start.score.size)


def _without_estimate(data: _Data, ties: Ties, level: float, why: Reason) -> HazardModel:
    none = no_test(why.code, why.detail)
    ratio = score = none
    bound = None
    if why.code is ReasonCode.NOT_ESTIMABLE and _uninformative(data, ties) is None:
        start = likelihood(data.sets, np.zeros(data.p), ties)
        score = _score_test(start)
        far = _far(data, start) if data.p == 1 else None
        if far is not None:
            top = likelihood(data.sets, np.array([far]), ties).log
            ratio = chi_square_test(2.0 * (top - start.log), 1)
            bound = _bound(data, ties, far, top, level)
    return HazardModel(
        why, why, why, why, ratio, none, score, data.n, data.n_events, ties, bound, level
    )


def _far(data: _Data, start: Likelihood) -> float | None:
    """Return a coefficient so far out on the rising side that the likelihood is at its limit.

    None where neighbouring values of the covariate are too near each other for that.
    """
    x = np.unique(np.concatenate([one.x[:, 0] for one in data.sets]))
    nearest, spread = float(np.diff(x).min()), float(np.ptp(x))
    if _FAR_WEIGHTS / nearest * spread > _LARGEST_EXPONENT:
        return None
    return math.copysign(_FAR_WEIGHTS / nearest, float(start.score[0]))


def _bound(data: _Data, ties: Ties, far: float, top: float, level: float) -> HazardBound:
    """Return where the likelihood is below its limit by what the one-sided level allows."""
    floor = top - normal_quantile(2.0 * level - 1.0) ** 2 / 2.0

    def above(beta: float) -> float:
        return likelihood(data.sets, np.array([beta]), ties).log - floor

    near = 0.0
    while above(near) > 0:
        near -= math.copysign(1.0, far)
    edge = float(optimize.brentq(above, near, far, xtol=1e-12))
    return HazardBound(math.exp(edge), is_upper=far < 0, level=level)
