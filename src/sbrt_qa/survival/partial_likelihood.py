"""The partial likelihood of Cox's model, with its derivatives.

Cox 1972 (J R Stat Soc B 34:187); ties after Efron 1977 (J Am Stat Assoc 72:557), Breslow 1974
(Biometrics 30:89), or exactly, as a discrete model (Cox 1972, section 6). With weights w = exp(x b)
of those at risk, an event contributes x b - log(sum of w), the score is x minus the weighted mean
of x, and the information the weighted covariance of x. After Efron the k-th of d tied events finds
the weights of the tied ones reduced by k/d.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ties = Literal["efron", "breslow", "exact"]


@dataclass(frozen=True, slots=True, eq=False)
class RiskSets:
    """Who was at risk at each event of one stratum; made by `risk_sets`.

    Parameters
    ----------
    x
        Shape (n, p): covariates, the latest time first, events before censorings.
    event_rows
        Shape (e,): rows of events.
    end
        Shape (e,): how many of the first rows are at risk at that event.
    tie
        Shape (e,): number of the set of tied events, from 0.
    tie_start
        Shape (t,): place in `event_rows` of the first of each tied set.
    fraction
        Shape (e,): k/d of the k-th of d tied events, k from 0.
    """

    x: Floats
    event_rows: NDArray[np.int64]
    end: NDArray[np.int64]
    tie: NDArray[np.int64]
    tie_start: NDArray[np.int64]
    fraction: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Likelihood:
    """Logarithm of the partial likelihood at one place, its gradient and negative Hessian.

    Parameters
    ----------
    log
        The logarithm.
    score
        Shape (p,).
    information
        Shape (p, p).
    third
        Shape (p, p, p): sum of third central moments, the derivative of the information; zeros
        where it was not asked for.
    """

    log: float
    score: Floats
    information: Floats
    third: Floats


def risk_sets(time: Floats, event: NDArray[np.bool_], x: Floats) -> RiskSets:
    """Return the risk sets of one stratum, in an order that the order of the rows cannot change."""
    order = np.lexsort((*x.T[::-1], ~event, -time))
    time, event, x = time[order], event[order], x[order]
    rows = np.flatnonzero(event)
    at = time[rows]
    ends = np.searchsorted(-time, -at, side="right")
    _, start, tie, size = np.unique(-at, return_index=True, return_inverse=True, return_counts=True)
    fraction = (np.arange(rows.size) - start[tie]) / size[tie]
    return RiskSets(x, rows, ends, tie, start, fraction)


def likelihood(
    sets: tuple[RiskSets, ...], beta: Floats, ties: Ties, *, third: bool = False
) -> Likelihood:
    """Return the partial likelihood of all strata at one place."""
    p = beta.size
    parts = [
        _exact(one, beta) if ties == "exact" else _moments(one, beta, ties, third=third)
        for one in sets
        if one.event_rows.size
    ]
    parts.append(Likelihood(0.0, np.zeros(p), np.zeros((p, p)), np.zeros((p, p, p))))
    return Likelihood(
        sum(one.log for one in parts),
        np.sum([one.score for one in parts], axis=0),
        np.sum([one.information for one in parts], axis=0),
        np.sum([one.third for one in parts], axis=0),
    )


def event_moments(one: RiskSets, beta: Floats, ties: Ties) -> tuple[Floats, Floats, Floats]:
    """Return log of the sum of weights, mean and covariance of x for each event of a stratum."""
    w, high = _weights(one, beta)
    x, xx = one.x, one.x[:, :, np.newaxis] * one.x[:, np.newaxis, :]
    total = _tied_sums(one, w, ties)
    mean = _tied_sums(one, w[:, np.newaxis] * x, ties) / total[:, np.newaxis]
    square = _tied_sums(one, w[:, np.newaxis, np.newaxis] * xx, ties)
    square /= total[:, np.newaxis, np.newaxis]
    outer = mean[:, :, np.newaxis] * mean[:, np.newaxis, :]
    return np.log(total) + high, mean, square - outer


def _moments(one: RiskSets, beta: Floats, ties: Ties, *, third: bool) -> Likelihood:
    p = beta.size
    if not (_tied_sums(one, _weights(one, beta)[0], ties) > 0).all():  # too far out for doubles
        return Likelihood(-np.inf, np.zeros(p), np.zeros((p, p)), np.zeros((p, p, p)))
    log_total, mean, covariance = event_moments(one, beta, ties)
    happened = one.x[one.event_rows]
    return Likelihood(
        float((happened @ beta).sum() - log_total.sum()),
        (happened - mean).sum(axis=0),
        covariance.sum(axis=0),
        _third(one, beta, ties, mean, covariance) if third else np.zeros((p, p, p)),
    )


def _third(one: RiskSets, beta: Floats, ties: Ties, mean: Floats, covariance: Floats) -> Floats:
    """Return the sum over events of E[(x-m)(x-m)(x-m)]."""
    w, _ = _weights(one, beta)
    total = _tied_sums(one, w, ties)
    cube = np.einsum("n,ni,nj,nk->nijk", w, one.x, one.x, one.x)
    raw = _tied_sums(one, cube, ties) / total[:, np.newaxis, np.newaxis, np.newaxis]
    crossed = np.einsum("eij,ek->ijk", covariance, mean)
    return np.asarray(
        raw.sum(axis=0)
        - crossed
        - crossed.transpose(0, 2, 1)
        - crossed.transpose(2, 0, 1)
        - np.einsum("ei,ej,ek->ijk", mean, mean, mean)
    )


def _weights(one: RiskSets, beta: Floats) -> tuple[Floats, float]:
    eta = one.x @ beta
    high = float(eta.max())
    return np.exp(eta - high), high


def _tied_sums(one: RiskSets, values: Floats, ties: Ties) -> Floats:
    """Return sums of values over those at risk at each event, tied events reduced by k/d."""
    sums = np.cumsum(values, axis=0)[one.end - 1]
    if ties == "breslow":
        return np.asarray(sums)
    tied = np.add.reduceat(values[one.event_rows], one.tie_start, axis=0)[one.tie]
    return np.asarray(sums - one.fraction.reshape(-1, *[1] * (values.ndim - 1)) * tied)


def _exact(one: RiskSets, beta: Floats) -> Likelihood:
    """Return the likelihood of the discrete model: of d events among all sets of d at risk.

    The sums over all sets are elementary symmetric polynomials, built up one subject at a time
    with their first and second derivatives (Gail, Lubin and Rubinstein 1981, Biometrika 68:703).
    """
    p = beta.size
    w, high = _weights(one, beta)
    log, score, information = 0.0, np.zeros(p), np.zeros((p, p))
    for start, end, d in zip(
        one.tie_start, one.end[one.tie_start], np.bincount(one.tie), strict=True
    ):
        happened = one.x[one.event_rows[start : start + d]].sum(axis=0)
        value, first, second = _symmetric(w[:end], one.x[:end], int(d))
        mean = first / value
        log += float(happened @ beta) - float(np.log(value)) - int(d) * high
        score += happened - mean
        information += second / value - np.outer(mean, mean)
    return Likelihood(log, score, information, np.zeros((p, p, p)))


def _symmetric(w: Floats, x: Floats, d: int) -> tuple[float, Floats, Floats]:
    """Return the elementary symmetric polynomial of degree d in w, and its derivatives in b."""
    p = x.shape[1]
    value, first, second = np.zeros(d + 1), np.zeros((d + 1, p)), np.zeros((d + 1, p, p))
    value[0] = 1.0
    for weight, row in zip(w, x, strict=True):
        with_row = first[:-1, :, np.newaxis] * row
        square = np.outer(row, row) * value[:-1, np.newaxis, np.newaxis]
        second[1:] += weight * (second[:-1] + with_row + with_row.transpose(0, 2, 1) + square)
        first[1:] += weight * (first[:-1] + value[:-1, np.newaxis] * row)
        value[1:] += weight * value[:-1]
    return float(value[d]), first[d], second[d]
