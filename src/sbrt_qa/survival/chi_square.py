"""The outcome of a test that refers to the chi-square distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from sbrt_qa.model.outcome import Reason, ReasonCode

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ChiSquareTest:
    """A test statistic with its degrees of freedom, or why there is none.

    Parameters
    ----------
    chi2
        The statistic.
    df
        Degrees of freedom; 0 where there is no statistic.
    p
        Probability of at least as much under the hypothesis that is tested.
    """

    chi2: float | Reason
    df: int
    p: float | Reason


def chi_square_test(chi2: float, df: int) -> ChiSquareTest:
    """Return the test with its probability, the upper tail of the chi-square distribution."""
    return ChiSquareTest(float(chi2), df, float(special.chdtrc(df, max(chi2, 0.0))))


def no_test(code: ReasonCode, detail: str) -> ChiSquareTest:
    """Return a test that could not be made."""
    reason = Reason(code, detail)
    return ChiSquareTest(reason, 0, reason)


def quadratic_form(score: Floats, variance: Floats) -> tuple[float, int]:
    """Return U' V^- U and the rank of V, where scores of connected groups sum to zero.

    Groups are connected where their covariance is not zero. Of each connected set one group says
    nothing new and is left out; a group that is connected to none was never compared, and is left
    out too. A rank of 0 says that nothing was compared.
    """
    kept: list[int] = []
    for members in connected(variance):
        kept += members[:-1]
    if not kept:
        return 0.0, 0
    part = score[kept]
    try:
        solved = np.linalg.solve(variance[np.ix_(kept, kept)], part)
    except np.linalg.LinAlgError:
        return 0.0, 0
    return float(part @ solved), len(kept)


def connected(variance: Floats) -> Sequence[list[int]]:
    """Return sets of groups that are tied together by covariances other than zero."""
    left = list(range(len(variance)))
    sets = []
    while left:
        members, front = [left[0]], [left.pop(0)]
        while front:
            near = [i for i in left if variance[front[0], i] != 0]
            left = [i for i in left if i not in near]
            members, front = members + near, front[1:] + near
        sets.append(sorted(members))
    return sets
