"""Logistic regression of one covariate with errors that hold where subjects give several rows.

The estimate is Firth's, see `penalised_logistic`; its variance is the sandwich over clusters, Liang
and Zeger 1986 (Biometrika 73:13), times G/(G-1) for G clusters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.survival.analysis_input import flags, labels, normal_quantile, numbers, same_length
from sbrt_qa.survival.penalised_logistic import firth_logistic


@dataclass(frozen=True, slots=True)
class ClusteredSlope:
    """The change of the logit by one unit, with a robust interval; made by `clustered_logistic`.

    Parameters
    ----------
    value, se
        Slope and its standard error, or why there is none.
    low, high
        Limits (Wald).
    n, n_events, clusters
        Numbers of rows, of those with the outcome, and of clusters.
    """

    value: float | Reason
    se: float | Reason
    low: float | Reason
    high: float | Reason
    n: int
    n_events: int
    clusters: int


def clustered_logistic(
    covariate: ArrayLike,
    outcome: ArrayLike,
    cluster: ArrayLike | Sequence[Any],
    *,
    level: float = 0.95,
) -> ClusteredSlope:
    """Fit the outcome of each row to one covariate; rows of a cluster may go together.

    Returns
    -------
    With Reasons where there is no estimate, or fewer than three clusters.

    Raises
    ------
    AnalysisError
        Where the columns differ in length or hold what they must not.
    """
    z = normal_quantile(level)
    x, y, group = (
        numbers(covariate, "covariate"),
        flags(outcome, "outcome"),
        labels(cluster, "cluster"),
    )
    same_length(covariate=x, outcome=y, cluster=group.index)
    counted = (x.size, int(y.sum()), len(group.names))
    centre = math.fsum(x) / x.size if x.size else 0.0
    fit = firth_logistic(y, x - centre, level=level)
    if isinstance(fit.coef, Reason):
        why = fit.coef
        return ClusteredSlope(why, why, why, why, *counted)
    slope = float(fit.coef[1])
    if len(group.names) < 3:
        why = Reason(ReasonCode.NOT_ESTIMABLE, say("fewer than three clusters"))
        return ClusteredSlope(slope, why, why, why, *counted)
    design = np.column_stack([np.ones_like(x), x - centre])
    p = special.expit(design @ np.asarray(fit.coef))
    bread = np.linalg.inv((design * (p * (1.0 - p))[:, np.newaxis]).T @ design)
    score = design * (y - p)[:, np.newaxis]
    sums = np.zeros((len(group.names), 2))
    np.add.at(sums, group.index, score)
    g = len(group.names)
    variance = bread @ (sums.T @ sums) @ bread * g / (g - 1)
    se = math.sqrt(float(variance[1, 1]))
    return ClusteredSlope(slope, se, slope - z * se, slope + z * se, *counted)
