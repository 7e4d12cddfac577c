"""The largest value of a penalised likelihood, by Newton's steps on its score.

The penalty has no simple second derivative, so the curvature is that of the score, from central
differences; where that does not lead up, the information without penalty takes its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_STEPS: Final = 200
"""How many steps an ascent may take; ten are plenty."""

SMALLEST_GAIN: Final = 1e-14
"""Newton decrement, squared, whose step is the last one: what is left then is beyond a double."""

LONGEST_STEP: Final = 5.0
"""How much a step may change the linear predictor of a subject."""

_CERTAIN: Final = 1e-10
"""Newton decrement, squared, below which a step is taken although rounding may hide its gain."""

_HALVINGS: Final = 60
"""How often a step that leads down is halved before the place counts as the top."""

_DIFFERENCE: Final = 1e-5
"""By how much the linear predictor of a subject is changed to see how the score changes."""


@dataclass(frozen=True, slots=True, eq=False)
class Height:
    """A likelihood at one place.

    Parameters
    ----------
    log
        Its logarithm; minus infinity where it cannot be computed.
    score
        Shape (p,): the gradient.
    information
        Shape (p, p): curvature without penalty.
    """

    log: float
    score: Floats
    information: Floats


def highest(
    at: Callable[[Floats], Height], start: Floats, reach: Floats, fixed: int | None = None
) -> tuple[Floats, float] | None:
    """Return the place where a likelihood is largest, and its logarithm there.

    Parameters
    ----------
    at
        The likelihood at a place.
    start
        Shape (p,): where to begin.
    reach
        Shape (p,): the largest size of each covariate, by which steps are measured.
    fixed
        A coefficient that stays as it is.

    Returns
    -------
    None where the ascent does not settle.
    """
    free = [j for j in range(start.size) if j != fixed]
    beta, here = start, at(start)
    if not free or here.log == -np.inf:
        return beta, here.log
    for _ in range(MOST_STEPS):
        step = np.zeros_like(beta)
        step[free] = _step(at, beta, here, free, reach)
        if not np.isfinite(step).all():
            return None
        gain = float(step @ here.score)
        if gain < SMALLEST_GAIN:
            return beta + step, at(beta + step).log
        step *= min(1.0, LONGEST_STEP / float(np.abs(step * reach).sum() or 1.0))
        there = at(beta + step)
        halvings = 0
        while there.log < here.log and gain > _CERTAIN and halvings < _HALVINGS:
            step, halvings = step / 2.0, halvings + 1
            there = at(beta + step)
        if there.log < here.log and gain > _CERTAIN:
            return beta, here.log
        beta, here = beta + step, there
    return None


def _step(
    at: Callable[[Floats], Height], beta: Floats, here: Height, free: list[int], reach: Floats
) -> Floats:
    """Return Newton's step of the free coefficients: one that leads up."""
    width = np.diag(_DIFFERENCE / reach)[free]
    change = np.array([at(beta - w).score[free] - at(beta + w).score[free] for w in width])
    curvature = change / (2.0 * _DIFFERENCE / reach[free])[:, np.newaxis]
    gradient = here.score[free]
    for one in ((curvature + curvature.T) / 2.0, here.information[np.ix_(free, free)]):
        try:
            np.linalg.cholesky(one)
            return np.asarray(np.linalg.solve(one, gradient))
        except np.linalg.LinAlgError:
            continue
    return np.asarray(gradient / np.abs(gradient).max())
