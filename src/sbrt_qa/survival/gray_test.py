"""Gray's test: whether groups have the same cumulative incidence of a cause.

Gray 1988 (Ann Stat 16:1141), rho = 0: at each event of the cause, its number in a group is held
against the pooled increase of the subdistribution, weighted by R_i = n_i (1 - F_i(t-)) / S_i(t-),
those of the group who have not yet had this cause. The variance follows from the martingales of the
events of the cause and of all other causes, each with what it still moves until the end.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import ReasonCode
from sbrt_qa.survival.analysis_input import (
    causes,
    labels,
    no_spread,
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
from sbrt_qa.survival.competing_risks import tie_factor
from sbrt_qa.survival.rank_tests import at_risk_by_group, events_by_group, one_group_strata

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class GrayTest:
    """Gray's tests of all causes; made by `gray`.

    Parameters
    ----------
    by_cause
        The test of each cause; that of a cause which nobody had is a Reason.
    groups
        Labels of the groups, ascending.
    one_group_strata
        Strata that hold one group only: they say nothing and contribute 0.
    """

    by_cause: Mapping[Hashable, ChiSquareTest]
    groups: tuple[Hashable, ...]
    one_group_strata: tuple[Hashable, ...]


class _Tests(dict[Hashable, ChiSquareTest]):
    """Tests by cause; of a cause that nobody had there is a Reason."""

    def __missing__(self, cause: Hashable) -> ChiSquareTest:
        text = say("nobody had an event of this cause")
        return no_test(ReasonCode.NO_EVENTS, text)


def gray(
    time: ArrayLike,
    cause: ArrayLike | Sequence[Any],
    group: ArrayLike | Sequence[Any],
    strata: ArrayLike | Sequence[Any] | None = None,
) -> GrayTest:
    """Test, for each cause, whether groups have the same cumulative incidence.

    Parameters
    ----------
    time, cause
        As for `cumulative_incidence`.
    group
        Shape (n,): label of each subject's group, of any type.
    strata
        Shape (n,), or (n, several): subjects are compared within a stratum only.

    Raises
    ------
    AnalysisError
        Where the columns differ in length or hold what is no time or label.
    """
    at, what, grouped = times(time), causes(cause), labels(group, "group")
    count = same_length(time=at, cause=what.index, group=grouped.index)
    stratum = strata_of(strata, count)
    same_length(time=at, strata=stratum.index)
    k = len(grouped.names)
    tests = _Tests()
    for one, name in enumerate(what.names[1:], start=1):
        score, variance = np.zeros(k), np.zeros((k, k))
        for place in range(len(stratum.names)):
            inside = stratum.index == place
            kind = np.where(what.index[inside] == one, 1, 2 * (what.index[inside] > 0))
            s, v = _sums(at[inside], kind, grouped.index[inside], k)
            score, variance = score + s, variance + v
        tests[name] = _test(score, variance, k)
    return GrayTest(MappingProxyType(tests), grouped.names, one_group_strata(grouped, stratum))


def _test(score: Floats, variance: Floats, k: int) -> ChiSquareTest:
    if k < 2:
        return no_test(ReasonCode.ONE_GROUP, say("a comparison needs two groups"))
    if not np.isfinite(variance).all():
        return no_test(ReasonCode.NOT_ESTIMABLE, no_spread().detail)
    chi2, df = quadratic_form(score, variance)
    if not df:
        text = say("no event at which two groups at risk could differ")
        return no_test(ReasonCode.ONE_GROUP, text)
    return chi_square_test(chi2, df)


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    """What happens in one stratum; rows are the times of events, columns the groups."""

    n: Floats
    d1: Floats
    d2: Floats
    before: Floats
    """S of the group just before."""
    after: Floats
    """S of the group from then on."""
    free: Floats
    """1 - F of the group just before."""


def _course(at: Floats, kind: NDArray[np.int64], index: NDArray[np.int64], k: int) -> _Course:
    asked = np.unique(at[kind > 0])
    n = at_risk_by_group(at, index, k, asked)
    d1, d2 = (events_by_group(at[kind == i], index[kind == i], k, asked) for i in (1, 2))
    share = np.divide(1.0, n, out=np.zeros_like(n), where=n > 0)
    left = np.divide(n - d1 - d2, n, out=np.ones_like(n), where=n > 0)
    after: Floats = np.asarray(np.cumprod(left, axis=0), dtype=float)
    first = np.ones((min(1, len(asked)), k))
    before: Floats = np.concatenate((first, after[:-1]))
    incidence = np.cumsum(before * d1 * share, axis=0)
    return _Course(n, d1, d2, before, after, np.concatenate((first, 1.0 - incidence[:-1])))


def _sums(
    at: Floats, kind: NDArray[np.int64], index: NDArray[np.int64], k: int
) -> tuple[Floats, Floats]:
    """Return the scores of the groups and their covariance within one stratum."""
    c = _course(at, kind, index, k)
    if not c.n.size:
        return np.zeros(k), np.zeros((k, k))
    here = c.n > 0
    size = np.divide(c.n, c.before, out=np.zeros_like(c.n), where=here)
    weight = size * c.free
    d1 = c.d1.sum(axis=1)
    total, whole = size.sum(axis=1), weight.sum(axis=1)
    expected = np.divide(d1, whole, out=np.zeros_like(d1), where=whole > 0)
    score = (c.d1 - expected[:, np.newaxis] * weight).sum(axis=0)
    return score, _variance(c, size, total, d1)


def _variance(c: _Course, size: Floats, total: Floats, d1: Floats) -> Floats:
    """Return the covariance of the scores; [t, i, k]: of group i, moved by an event in group k."""
    k = size.shape[1]
    share = size / total[:, np.newaxis]
    change = size[:, :, np.newaxis] * (np.eye(k) - share[:, np.newaxis, :])
    pooled = np.cumsum(d1 / total)
    free_before = 1.0 - np.concatenate(([0.0], pooled[:-1]))
    with np.errstate(divide="ignore", invalid="ignore"):  # no value: `_test` says so
        rate = d1 / (total * free_before)
        moved = np.cumsum(change * rate[:, np.newaxis, np.newaxis], axis=0)
        still = moved[-1] - moved
    part = np.divide(
        (1.0 - pooled)[:, np.newaxis], c.after, out=np.zeros_like(c.after), where=c.after > 0
    )
    here = c.n > 0
    unit = np.divide(c.before, c.n, out=np.zeros_like(c.n), where=here)
    own = change + (1.0 - part)[:, np.newaxis, :] * still
    other = part[:, np.newaxis, :] * still
    width = total[:, np.newaxis] * c.before
    tied = 1.0 - np.divide(
        np.maximum(d1 - 1.0, 0.0)[:, np.newaxis],
        width - 1.0,
        out=np.zeros_like(width),
        where=(d1[:, np.newaxis] > 1) & here,
    )
    of_cause = tied * unit * (d1 / total)[:, np.newaxis]
    of_other = np.where(c.after > 0, tie_factor(c.d2, c.n) * unit**2 * c.d2, 0.0)
    return np.asarray(
        np.einsum("tik,tjk,tk->ij", own, own, of_cause)
        + np.einsum("tik,tjk,tk->ij", other, other, of_other)
    )
