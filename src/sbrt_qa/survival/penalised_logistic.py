"""Logistic regression with Firth's penalty, finite also where doses separate the events.

Firth 1993 (Biometrika 80:27), Heinze and Schemper 2002 (Stat Med 21:2409): the logarithm of the
likelihood plus half that of the determinant of the information X'WX, W = p(1-p). The score of
coefficient j is the sum of x_j (y - p + h (1/2 - p)), h the diagonal of the hat matrix. Intervals
and tests come from the profile of the penalised likelihood, not from standard errors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from sbrt_qa.errors import AnalysisError
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.survival.analysis_input import (
    columns,
    flags,
    normal_quantile,
    numbers,
    read_only,
    same_length,
)
from sbrt_qa.survival.ascent import Height, highest
from sbrt_qa.survival.chi_square import ChiSquareTest, chi_square_test, no_test

Floats = NDArray[np.float64]

_FARTHEST: Final = 200.0
"""How far from the estimate a limit is looked for, as a change of the logit of a subject."""

_MUCH: Final = 1e6
"""A fall of the profile that is far beyond every limit; a number that can be computed with."""

_RANK: Final = 1e-10
"""Share of the largest eigenvalue below which columns follow from each other."""


@dataclass(frozen=True, slots=True, eq=False)
class PenalisedLogistic:
    """A fitted model; made by `firth_logistic`.

    Parameters
    ----------
    coef, se
        Shape (1 + p,): the intercept first, then the covariates; standard errors from the
        information without penalty.
    log_likelihood
        Penalised, at the maximum.
    limits
        Lower and upper limit of each coefficient, from the profile of the penalised likelihood.
    tests
        Penalised likelihood ratio tests that a coefficient is 0, in the same order.
    n, n_events
        Numbers of subjects and of those with the outcome.
    level
        Confidence of the limits.
    """

    coef: Floats | Reason
    se: Floats | Reason
    log_likelihood: float | Reason
    limits: tuple[tuple[float | Reason, float | Reason], ...]
    tests: tuple[ChiSquareTest, ...]
    n: int
    n_events: int
    level: float

    def interval(self, coefficient: int) -> tuple[float, float] | Reason:
        """Return the limits of a coefficient; 0 is the intercept."""
        if isinstance(self.coef, Reason):
            return self.coef
        low, high = self.limits[coefficient]
        if isinstance(low, Reason):
            return low
        return high if isinstance(high, Reason) else (low, high)


def firth_logistic(
    outcome: ArrayLike, covariates: ArrayLike, *, level: float = 0.95
) -> PenalisedLogistic:
    """Fit the probability of an outcome, with Firth's penalty.

    Parameters
    ----------
    outcome
        Shape (n,): whether it happened: bools, or 0 and 1.
    covariates
        Shape (n, p), or (n,) for a single one, without a column for the intercept.
    level
        Confidence of the limits.

    Raises
    ------
    AnalysisError
        Where the columns differ in length or hold what they must not.
    """
    y, x = flags(outcome, "outcome").astype(float), columns(covariates)
    normal_quantile(level)
    same_length(outcome=y, covariates=x)
    order = np.lexsort((*x.T[::-1], y))
    y, x = y[order], x[order]
    why = _unfit(y, x)
    if why is not None:
        tests = (no_test(why.code, why.detail),) * (1 + x.shape[1])
        return PenalisedLogistic(why, why, why, (), tests, len(y), int(y.sum()), level)
    fitted = _Fit(y, np.column_stack((np.ones(len(y)), x)))
    beta, top = fitted.maximum(np.zeros(1 + x.shape[1]))
    covariance = np.linalg.inv(fitted.at(beta).information)
    se = np.sqrt(np.diag(covariance))
    limits = [fitted.limits(beta, j, top, float(se[j]), level) for j in range(beta.size)]
    tests = tuple(
        chi_square_test(2.0 * (top - fitted.maximum(_with(beta, j, 0.0), fixed=j)[1]), 1)
        for j in range(beta.size)
    )
    return PenalisedLogistic(
        read_only(beta), read_only(se), top, tuple(limits), tests, len(y), int(y.sum()), level,
    )  # fmt: skip


def _unfit(y: Floats, x: Floats) -> Reason | None:
    """Return why nothing is fitted."""
    if not y.size:
        return Reason(ReasonCode.NOBODY, say("nobody is in this group"))
    if not y.any():
        return Reason(ReasonCode.NO_EVENTS, say("no events: nothing to compare"))
    if y.all():
        return Reason(ReasonCode.NO_EVENTS, say("everybody had the event: nothing to compare"))
    spread = x.std(axis=0)
    if (spread <= _RANK * np.abs(x).max(axis=0)).any():
        return Reason(ReasonCode.ONE_GROUP, say("a covariate is the same for everybody"))
    scaled = (x - x.mean(axis=0)) / spread
    if np.linalg.eigvalsh(scaled.T @ scaled / len(x))[0] < _RANK:
        return Reason(ReasonCode.NOT_ESTIMABLE, say("covariates follow from each other"))
    return None


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """Outcomes and columns, the first of them ones."""

    y: Floats
    x: Floats

    def at(self, beta: Floats) -> Height:
        eta = self.x @ beta
        p = special.expit(eta)
        root = np.sqrt(p * special.expit(-eta))
        weighted = root[:, np.newaxis] * self.x
        information = weighted.T @ weighted
        sign, log_determinant = np.linalg.slogdet(information)
        if sign <= 0:  # so far out that nothing is left of the information: a step to be halved
            return Height(-math.inf, np.zeros_like(beta), information)
        hat = np.einsum("ij,ji->i", weighted, np.linalg.solve(information, weighted.T))
        log = math.fsum(special.log_expit(np.where(self.y > 0, eta, -eta)))
        score = self.x.T @ (self.y - p + hat * (0.5 - p))
        return Height(log + 0.5 * float(log_determinant), score, information)

    def maximum(self, start: Floats, fixed: int | None = None) -> tuple[Floats, float]:
        """Return the best place, one coefficient held where it is, and the likelihood there.

        Raises
        ------
        AnalysisError
            Where the fit does not settle.
        """
        found = highest(self.at, start, np.abs(self.x).max(axis=0), fixed)
        if found is None:
            raise AnalysisError("the fit of an outcome does not settle")
        return found

    def limits(
        self, beta: Floats, j: int, top: float, se: float, level: float
    ) -> tuple[float | Reason, float | Reason]:
        """Return where the profile of a coefficient falls by what the level allows."""
        low, high = (self._limit(beta, j, top, sign * se, level) for sign in (-1.0, 1.0))
        return low, high

    def _limit(
        self, beta: Floats, j: int, top: float, width: float, level: float
    ) -> float | Reason:
        allowed = normal_quantile(level) ** 2
        places = {0.0: beta}

        def beyond(step: float) -> float:
            nearest = places[min(places, key=lambda known: abs(known - step))]
            place, log = self.maximum(_with(nearest, j, float(beta[j]) + step), fixed=j)
            places[step] = place
            return min(2.0 * (top - log) - allowed, _MUCH)

        farthest = _FARTHEST / float(np.abs(self.x[:, j]).max())
        while beyond(width) < 0:
            width *= 1.5
            if abs(width) > farthest:
                text = say("the likelihood stays high without end: there is no limit on this side")
                return Reason(ReasonCode.NOT_ESTIMABLE, text)
        ends = sorted((0.0, width))
        step = optimize.brentq(beyond, *ends, xtol=1e-12 * abs(width), rtol=1e-12)
        return float(beta[j]) + float(step)


def _with(beta: Floats, j: int, value: float) -> Floats:
    changed = beta.copy()
    changed[j] = value
    return changed


@dataclass(frozen=True, slots=True)
class DoseResponse:
    """How the probability of an outcome rises with dose; made by `dose_response`.

    Parameters
    ----------
    slope, low, high
        Change of the logit for one Gy, with its profile limits.
    test
        Penalised likelihood ratio test that the slope is 0.
    d50_gy
        Dose at which half have the outcome; a Reason unless the limits of the slope exclude 0.
    centre_gy, at_centre
        A dose in the middle of the data, and the logit there.
    n, n_events
        Numbers of subjects and of those with the outcome.
    """

    slope: float | Reason
    low: float | Reason
    high: float | Reason
    test: ChiSquareTest
    d50_gy: float | Reason
    centre_gy: float | Reason
    at_centre: float | Reason
    n: int
    n_events: int

    def probability_at(self, dose_gy: float) -> float | Reason:
        """Return the fitted probability of the outcome at a dose."""
        if isinstance(self.slope, Reason):
            return self.slope
        if isinstance(self.centre_gy, Reason):
            return self.centre_gy
        if isinstance(self.at_centre, Reason):
            return self.at_centre
        asked = float(numbers([dose_gy], "dose_gy")[0])
        return float(special.expit(self.at_centre + self.slope * (asked - self.centre_gy)))


def dose_response(
    dose_gy: ArrayLike,
    outcome: ArrayLike,
    *,
    centre_gy: float | None = None,
    level: float = 0.95,
) -> DoseResponse:
    """Fit the probability of an outcome to a dose, with Firth's penalty.

    Parameters
    ----------
    dose_gy
        Shape (n,): one dose for each subject. Who has none is left out, and counted, by the caller.
    outcome
        Shape (n,): whether it happened.
    centre_gy
        The dose at which the logit is told; by default the mean.
    level
        Confidence of the limits.

    Raises
    ------
    AnalysisError
        As `firth_logistic`.
    """
    dose = numbers(dose_gy, "dose_gy")
    happened = flags(outcome, "outcome")
    same_length(dose_gy=dose, outcome=happened)
    centre = centre_gy
    if centre is None:
        centre = math.fsum(dose) / dose.size if dose.size else 0.0
    fit = firth_logistic(happened, dose - centre, level=level)
    if isinstance(fit.coef, Reason):
        why = fit.coef
        return DoseResponse(why, why, why, fit.tests[1], why, why, why, fit.n, fit.n_events)
    limits = fit.interval(1)
    at_centre, slope = (float(one) for one in fit.coef)
    if isinstance(limits, Reason):
        low: float | Reason = limits
        high: float | Reason = limits
        d50: float | Reason = limits
    else:
        low, high = limits
        text = say("no D50: the interval of the slope includes 0")
        unknown = Reason(ReasonCode.NOT_ESTIMABLE, text)
        d50 = centre - at_centre / slope if low > 0 or high < 0 else unknown
    return DoseResponse(slope, low, high, fit.tests[1], d50, centre, at_centre, fit.n, fit.n_events)
