"""The log-rank test of two or more groups, stratified where asked.

Mantel 1966, Peto and Peto 1972; Kalbfleisch and Prentice, The Statistical Analysis of Failure Time
Data, section 1.5: at each time of events the events of a group are hypergeometric given the
margins. Ties are taken as they are, without an approximation.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.survival.analysis_input import (
    SubjectLabels,
    flags,
    labels,
    numbers,
    read_only,
    same_length,
    strata_of,
    times,
)
from sbrt_qa.survival.chi_square import (
    ChiSquareTest,
    chi_square_test,
    no_test,
    quadratic_form,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LogRankTest:
    """A log-rank test; made by `logrank`.

    Parameters
    ----------
    chi2, df, p
        See `ChiSquareTest`; reasons where no two groups were at risk together at an event.
    groups
        Labels of the groups, ascending; what follows is in their order.
    n
        Shape (k,): number of subjects.
    observed, expected
        Shape (k,): events, and events expected if all groups had the same hazard; weighted where
        the test is.
    variance
        Shape (k, k): covariance of observed - expected.
    one_group_strata
        Strata that hold one group only: they say nothing and contribute 0.
    """

    chi2: float | Reason
    df: int
    p: float | Reason
    groups: tuple[Hashable, ...]
    n: Floats
    observed: Floats
    expected: Floats
    variance: Floats
    one_group_strata: tuple[Hashable, ...]


def logrank(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike | Sequence[Any],
    strata: ArrayLike | Sequence[Any] | None = None,
    *,
    rho: float = 0.0,
) -> LogRankTest:
    """Test whether groups have the same hazard.

    Parameters
    ----------
    time, event
        As for `kaplan_meier`.
    group
        Shape (n,): label of each subject's group, of any type.
    strata
        Shape (n,), or (n, several): subjects are compared within a stratum only; observed minus
        expected and variances are summed over strata.
    rho
        Weight of an event: the pooled S(t-) to this power. 0 is the log-rank test, 1 that of Peto
        and Prentice (Harrington and Fleming 1982).

    Raises
    ------
    AnalysisError
        Where the columns differ in length or hold what is no time, event or label.
    """
    at, happened = times(time), flags(event)
    grouped = labels(group, "group")
    count = same_length(time=at, event=happened, group=grouped.index)
    stratum = strata_of(strata, count)
    same_length(time=at, strata=stratum.index)
    (rho,) = numbers([rho], "rho")
    k = len(grouped.names)
    observed, expected, score, variance = np.zeros(k), np.zeros(k), np.zeros(k), np.zeros((k, k))
    for place in range(len(stratum.names)):
        inside = stratum.index == place
        o, e, v = _sums(at[inside], happened[inside], grouped.index[inside], k, rho)
        observed, expected = observed + o, expected + e
        score, variance = score + (o - e), variance + v
    test = _test(score, variance, k, events=int(happened.sum()))
    n = np.bincount(grouped.index, minlength=k)
    return LogRankTest(
        test.chi2, test.df, test.p, grouped.names, read_only(n), read_only(observed),
        read_only(expected), read_only(variance), one_group_strata(grouped, stratum),
    )  # fmt: skip


def one_group_strata(grouped: SubjectLabels, stratum: SubjectLabels) -> tuple[Hashable, ...]:
    """Return the strata that hold one group only."""
    return tuple(
        name
        for place, name in enumerate(stratum.names)
        if len(set(grouped.index[stratum.index == place].tolist())) == 1
    )


def at_risk_by_group(at: Floats, index: NDArray[np.int64], k: int, asked: Floats) -> Floats:
    """Return how many of each group are at risk just before each time; shape (times, k)."""
    found = np.zeros((asked.size, k))
    for g in range(k):
        ordered = np.sort(at[index == g])
        found[:, g] = ordered.size - np.searchsorted(ordered, asked, side="left")
    return found


def events_by_group(at: Floats, index: NDArray[np.int64], k: int, asked: Floats) -> Floats:
    """Return how many of those times in each group are equal to each asked; shape (times, k)."""
    found = np.zeros((asked.size, k))
    np.add.at(found, (np.searchsorted(asked, at), index), 1.0)
    return found


def _sums(
    at: Floats, happened: NDArray[np.bool_], index: NDArray[np.int64], k: int, rho: float
) -> tuple[Floats, Floats, Floats]:
    """Return observed and expected events and their covariance within one stratum."""
    asked = np.unique(at[happened])
    risk = at_risk_by_group(at, index, k, asked)
    deaths = events_by_group(at[happened], index[happened], k, asked)
    n, d = risk.sum(axis=1), deaths.sum(axis=1)
    weight = np.concatenate(([1.0], np.cumprod((n - d) / n)[:-1])) ** rho if n.size else n
    share = risk / n[:, np.newaxis]
    spread = weight**2 * d * (n - d) / np.maximum(n - 1.0, 1.0)
    expected = (weight * d) @ share
    between = -(share * spread[:, np.newaxis]).T @ share
    np.fill_diagonal(between, 0.0)
    np.fill_diagonal(between, -between.sum(axis=1))
    return weight @ deaths, expected, between


def _test(score: Floats, variance: Floats, k: int, *, events: int) -> ChiSquareTest:
    if k < 2:
        return no_test(ReasonCode.ONE_GROUP, say("a comparison needs two groups"))
    if not events:
        return no_test(ReasonCode.NO_EVENTS, say("no events: nothing to compare"))
    chi2, df = quadratic_form(score, variance)
    if not df:
        text = say("no event at which two groups at risk could differ")
        return no_test(ReasonCode.ONE_GROUP, text)
    return chi_square_test(chi2, df)
