"""Ratios of hazards, their limits and probabilities, from coefficients and standard errors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sbrt_qa.model.outcome import Reason
from sbrt_qa.survival.analysis_input import normal_quantile, ratio_limits, ratio_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class WaldRatios:
    """What every fitted model of hazards tells of one covariate (Wald)."""

    __slots__ = ()

    coef: NDArray[np.float64] | Reason
    se: NDArray[np.float64] | Reason
    level: float

    def hazard_ratio(self, covariate: int = 0) -> float | Reason:
        """Return the ratio of hazards of one unit of a covariate."""
        return self.coef if isinstance(self.coef, Reason) else ratio_of(self.coef[covariate])

    def interval(self, covariate: int = 0) -> tuple[float, float] | Reason:
        """Return the limits of a ratio."""
        if isinstance(self.coef, Reason):
            return self.coef
        if isinstance(self.se, Reason):
            return self.se
        width = normal_quantile(self.level) * float(self.se[covariate])
        return ratio_limits(float(self.coef[covariate]), width)

    def p(self, covariate: int = 0) -> float | Reason:
        """Return the two-sided probability of a coefficient."""
        if isinstance(self.coef, Reason):
            return self.coef
        if isinstance(self.se, Reason):
            return self.se
        return math.erfc(abs(self.coef[covariate] / self.se[covariate]) / math.sqrt(2.0))
