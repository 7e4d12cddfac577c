"""Fisher's exact test of two proportions, with the conditional odds ratio.

Fisher 1935; Agresti, Categorical Data Analysis, section 3.5: given all margins of the two by two
table, the count x1 is (noncentral) hypergeometric. The p-value adds up all counts that are no more
probable than the one observed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from sbrt_qa.errors import AnalysisError
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.survival.analysis_input import counts, normal_quantile

Floats = NDArray[np.float64]

_EQUAL: Final = 1e-7
"""Relative difference up to which two probabilities count as equal, as R has it."""

_FARTHEST: Final = 700.0
"""Largest logarithm of an odds ratio that is looked at."""


@dataclass(frozen=True, slots=True)
class ExactTable:
    """A two by two table; made by `fisher_exact`.

    Parameters
    ----------
    p
        Two-sided probability.
    odds_ratio
        Conditional maximum likelihood estimate; a Reason where it is infinite or undefined.
    low, high
        Exact limits of the odds ratio; a side that is open has a Reason.
    level
        Confidence of the limits.
    """

    p: float | Reason
    odds_ratio: float | Reason
    low: float | Reason
    high: float | Reason
    level: float


def fisher_exact(x1: int, n1: int, x2: int, n2: int, *, level: float = 0.95) -> ExactTable:
    """Test whether x1 of n1 and x2 of n2 come from the same proportion.

    Raises
    ------
    AnalysisError
        Where one is no count, or an x is larger than its n.
    """
    x1, n1, x2, n2 = counts(x1=x1, n1=n1, x2=x2, n2=n2)
    if x1 > n1 or x2 > n2:
        raise AnalysisError("more had it than there are", got=f"{x1} of {n1}, {x2} of {n2}")
    tail = (1.0 - level) / 2.0
    normal_quantile(level)
    if n1 == 0 or n2 == 0:
        nobody = Reason(ReasonCode.NOBODY, say("nobody is in this group"))
        return ExactTable(nobody, nobody, nobody, nobody, level)
    had = x1 + x2
    support = np.arange(max(0, had - n2), min(n1, had) + 1)
    log_mass = _log_choose(n1, support) + _log_choose(n2, had - support)

    def mass(log_odds: float) -> Floats:
        told = log_mass + support * log_odds
        told = np.exp(told - told.max())
        return np.asarray(told / told.sum())

    null = mass(0.0)
    observed = null[support == x1][0]
    p = min(1.0, math.fsum(null[null <= observed * (1.0 + _EQUAL)]))
    undefined = Reason(ReasonCode.NOT_ESTIMABLE, say("the ratio has no finite value"))
    if support.size == 1:
        return ExactTable(p, undefined, undefined, undefined, level)
    at_low, at_high = x1 == support[0], x1 == support[-1]
    ratio = undefined if at_high else 0.0
    if not at_low and not at_high:
        ratio = _solve(lambda b: float(support @ mass(b)) - x1)
    low = _solve(lambda b: math.fsum(mass(b)[support >= x1]) - tail)
    high = _solve(lambda b: tail - math.fsum(mass(b)[support <= x1]))
    return ExactTable(p, ratio, 0.0 if at_low else low, undefined if at_high else high, level)


def _log_choose(n: int, k: NDArray[np.int64]) -> Floats:
    return np.asarray(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))


def _solve(rising: Callable[[float], float]) -> float:
    """Return the odds ratio at which a function that rises with its logarithm is zero."""
    if rising(-_FARTHEST) >= 0 or rising(_FARTHEST) <= 0:
        return 0.0
    return math.exp(optimize.brentq(rising, -_FARTHEST, _FARTHEST, xtol=1e-14, rtol=8.9e-16))
