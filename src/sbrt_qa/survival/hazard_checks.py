"""Whether hazards are proportional: a test against a coefficient that changes with time.

Grambsch and Therneau 1994 (Biometrika 81:515), as the score test of x g(t) added to the model, with
g(t) = 1 - S(t-), the pooled Kaplan-Meier estimate (the ``km`` transform of R's cox.zph).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sbrt_qa.errors import AnalysisError
from sbrt_qa.model.outcome import Reason
from sbrt_qa.survival.analysis_input import columns, flags, no_spread, strata_of, times
from sbrt_qa.survival.chi_square import ChiSquareTest, chi_square_test
from sbrt_qa.survival.hazard_models import cox
from sbrt_qa.survival.partial_likelihood import Ties, event_moments, risk_sets

Floats = NDArray[np.float64]

_NO_SPREAD: Final = 1e-10
"""Share of a variance below which what is left of it counts as nothing."""


@dataclass(frozen=True, slots=True)
class ProportionalHazardsCheck:
    """Tests of proportional hazards; made by `proportional_hazards`.

    Parameters
    ----------
    terms
        One test for each covariate, in their order.
    together
        The test of all covariates.
    """

    terms: tuple[ChiSquareTest, ...]
    together: ChiSquareTest


def proportional_hazards(
    time: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    strata: ArrayLike | Sequence[Any] | None = None,
    ties: Ties = "efron",
) -> ProportionalHazardsCheck | Reason:
    """Test whether hazard ratios stay the same over time.

    Returns
    -------
    A Reason where the model itself has no estimate.

    Raises
    ------
    AnalysisError
        As `cox`; also for exact ties, which have no moments event by event.
    """
    if ties == "exact":
        raise AnalysisError("no check of hazards with exact ties", expected="efron or breslow")
    fit = cox(time, event, covariates, strata, ties)
    if isinstance(fit.coef, Reason):
        return fit.coef
    at, happened, x = times(time), flags(event), columns(covariates)
    stratum = strata_of(strata, at.size)
    clock = _one_minus_survival(at, happened)
    p = x.shape[1]
    score, blocks = np.zeros(p), np.zeros((3, p, p))
    for place in range(len(stratum.names)):
        inside = stratum.index == place
        if happened[inside].any():
            g, residual, covariance = _at_events(
                at[inside], happened[inside], x[inside], fit.coef, ties, clock
            )
            score += (g[:, np.newaxis] * residual).sum(axis=0)
            blocks += [np.einsum("e,eij->ij", g**power, covariance) for power in (0, 1, 2)]
    return _tests(score, blocks)


def _at_events(
    at: Floats,
    happened: NDArray[np.bool_],
    x: Floats,
    coef: Floats,
    ties: Ties,
    clock: tuple[Floats, Floats],
) -> tuple[Floats, Floats, Floats]:
    """Return g(t), x minus its mean, and the covariance of x, for each event of a stratum."""
    sets = risk_sets(at, happened, x)
    _, mean, covariance = event_moments(sets, coef, ties)
    when = np.sort(at[happened])[::-1]
    g = clock[1][np.searchsorted(clock[0], when)]
    return g, sets.x[sets.event_rows] - mean, covariance


def _one_minus_survival(at: Floats, happened: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return the times of events and 1 - S just before each."""
    when, d = np.unique(at[happened], return_counts=True)
    n = at.size - np.searchsorted(np.sort(at), when, side="left")
    survival = np.cumprod((n - d) / n)
    return when, 1.0 - np.concatenate(([1.0], survival[:-1]))


def _tests(score: Floats, blocks: Floats) -> ProportionalHazardsCheck | Reason:
    zero, first, second = blocks
    inverse = np.linalg.inv(zero)
    p = score.size
    spread = second - first @ inverse @ first
    scale = np.sqrt(np.clip(np.diag(spread), 0.0, None))
    if (scale**2 <= _NO_SPREAD * np.diag(second)).any() or (
        np.linalg.cond(spread / np.outer(scale, scale)) > 1.0 / _NO_SPREAD
    ):
        return no_spread()
    terms = []
    for i in range(p):
        one = second[i, i] - first[i] @ inverse @ first[i]
        terms.append(chi_square_test(float(score[i] ** 2 / one), 1))
    together = chi_square_test(float(score @ np.linalg.solve(spread, score)), p)
    return ProportionalHazardsCheck(tuple(terms), together)
