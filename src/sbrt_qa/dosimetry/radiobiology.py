"""Dose at another fractionation: BED and EQD by the linear-quadratic model, and DVH moments.

A conversion applies to every point of a structure, with its own dose per fraction, before a metric
is taken: the mean of converted doses is not the converted mean. Every conversion rises with dose,
so a histogram is converted by moving its dose axis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.model.grid import FloatArray

STEPS = 2000
"""Further edges laid between those of a histogram, so that each converted bin is straight."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)


@dataclass(frozen=True, slots=True)
class Conversion:
    """BED, or the dose in fractions of `per_fraction_gy` with the same BED.

    BED = D (1 + d / ab) and EQDx = D (d + ab) / (x + ab), with d the dose per fraction.

    Parameters
    ----------
    alpha_beta_gy
        Of the tissue, greater than 0.
    per_fraction_gy
        2 for EQD2; None for BED.
    """

    alpha_beta_gy: float
    per_fraction_gy: float | None = None

    def apply(self, dose_gy: float, fractions: float) -> float:
        """Return the equivalent of a total dose given in equal fractions."""
        return dose_gy * (self._linear + dose_gy * self._square(fractions))

    def convert(self, dvh: DVH, fractions: float) -> DVH:
        """Return the histogram of equivalent dose; the mean is that of converted doses."""
        even = np.linspace(dvh.dose_gy[0], dvh.dose_gy[-1], STEPS + 1)
        edges = np.unique(np.concatenate([dvh.dose_gy, even]))
        low, high = self.apply(dvh.min_gy, fractions), self.apply(dvh.max_gy, fractions)
        mean_square = mean_of(dvh, np.square)
        mean = self._linear * dvh.mean_gy + self._square(fractions) * mean_square
        return DVH(
            volume_cc=dvh.volume_cc,
            outside_grid_cc=dvh.outside_grid_cc,
            dose_gy=edges * (self._linear + edges * self._square(fractions)),
            cumulative_cc=np.interp(edges, dvh.dose_gy, dvh.cumulative_cc),
            min_gy=low,
            mean_gy=min(max(mean, low), high),
            max_gy=high,
            quadrature_error=dvh.quadrature_error,
            convention=dvh.convention,
        )

    @property
    def _linear(self) -> float:
        x = self.per_fraction_gy
        return 1.0 if x is None else self.alpha_beta_gy / (x + self.alpha_beta_gy)

    def _square(self, fractions: float) -> float:
        return self._linear / (self.alpha_beta_gy * fractions)


def mean_of(dvh: DVH, function: Callable[[FloatArray], FloatArray]) -> float:
    """Return the mean over the volume of a function of dose (Gy), for the part that has a dose."""
    edges = np.clip(dvh.dose_gy, dvh.min_gy, dvh.max_gy)
    volumes = np.append(-np.diff(dvh.cumulative_cc), dvh.cumulative_cc[-1])
    low, high = edges, np.append(edges[1:], edges[-1])
    dose = (low + high)[:, None] / 2 + (high - low)[:, None] / 2 * _NODES
    means = function(dose) @ _WEIGHTS / 2
    return float((volumes * means).sum() / dvh.inside_grid_cc)


def generalised_eud_gy(dvh: DVH, a: float) -> float:
    """Return gEUD = (mean of D^a)^(1/a); for a < 0 it is 0 where any dose is 0.

    Source: Niemierko, Med Phys 1999;26:1100. `a` is not 0.
    """
    scale = dvh.max_gy if a > 0 else dvh.min_gy
    if scale <= 0:
        return 0.0
    moment = mean_of(dvh, lambda dose: (dose / scale) ** a)
    return scale * float(moment ** (1 / a))
