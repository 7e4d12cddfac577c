"""The dose-volume histogram as a value, and the two questions it answers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sbrt_qa.geometry.slabs import DEFAULT_CONVENTION, Convention
from sbrt_qa.model.grid import FloatArray, frozen_array

ROUNDING = 1e-9
"""Part of the volume by which two sums of the same volume may differ."""

OUTSIDE_TOLERANCE = 0.01
"""Part of a structure that may lie outside the dose grid before its metrics are not evaluable."""


@dataclass(frozen=True, slots=True, eq=False)
class DVH:
    """Dose-volume histogram of a region.

    Parameters
    ----------
    volume_cc
        Volume of the whole region, inside and outside the dose grid.
    outside_grid_cc
        The part of it where there is no dose. It is in no bin.
    dose_gy
        Bin edges, strictly ascending.
    cumulative_cc
        Volume that receives at least the dose of each edge; starts at the volume inside the grid,
        never rises. Exact at the edges, linear between them.
    min_gy, mean_gy, max_gy
        Of the part inside the grid; extremes are those of the interpolated dose, not of a bin.
    quadrature_error
        Largest difference between the curves of two interleaved halves of the scan lines, as a
        fraction of the volume: more than the error of the two together.
    convention
        How the contours were read.
    """

    volume_cc: float
    outside_grid_cc: float
    dose_gy: FloatArray
    cumulative_cc: FloatArray
    min_gy: float
    mean_gy: float
    max_gy: float
    quadrature_error: float = 0.0
    convention: Convention = DEFAULT_CONVENTION

    def __post_init__(self) -> None:
        for name in ("volume_cc", "outside_grid_cc", "min_gy", "mean_gy", "max_gy"):
            object.__setattr__(self, name, float(getattr(self, name)))
        object.__setattr__(self, "dose_gy", frozen_array(self.dose_gy))
        object.__setattr__(self, "cumulative_cc", frozen_array(self.cumulative_cc))
        if self.dose_gy.shape != self.cumulative_cc.shape or self.dose_gy.ndim != 1:
            msg = "dose edges and cumulative volumes must be two equally long rows"
            raise ValueError(msg)
        if not np.isfinite(self.cumulative_cc).all() or (np.diff(self.cumulative_cc) > 0).any():
            msg = "a cumulative histogram is finite and never rises"
            raise ValueError(msg)
        if not self.min_gy <= self.mean_gy <= self.max_gy:
            msg = f"min {self.min_gy}, mean {self.mean_gy}, max {self.max_gy} are out of order"
            raise ValueError(msg)

    @property
    def inside_grid_cc(self) -> float:
        """Volume that has a dose."""
        return float(self.cumulative_cc[0])

    @property
    def outside_fraction(self) -> float:
        """Part of the volume that has no dose, 0 to 1."""
        return self.outside_grid_cc / self.volume_cc

    @property
    def is_whole(self) -> bool:
        """Whether so little of the volume has no dose that its metrics are evaluable."""
        return self.outside_fraction <= OUTSIDE_TOLERANCE

    def volume_at_dose_cc(self, dose_gy: float) -> float:
        """Return the volume that receives at least `dose_gy`, counting only what has a dose."""
        if dose_gy <= self.min_gy:
            return self.inside_grid_cc
        if dose_gy > self.max_gy:
            return 0.0
        return float(np.interp(dose_gy, self.dose_gy, self.cumulative_cc))

    def volumes_at_doses_cc(self, doses_gy: FloatArray) -> FloatArray:
        """Return the volume at each of several doses, see :meth:`volume_at_dose_cc`."""
        volumes = np.asarray(np.interp(doses_gy, self.dose_gy, self.cumulative_cc), np.float64)
        volumes[doses_gy <= self.min_gy] = self.inside_grid_cc
        volumes[doses_gy > self.max_gy] = 0.0
        return volumes

    def dose_at_volume_gy(self, volume_cc: float) -> float:
        """Return the highest dose that at least `volume_cc` receives.

        For 0 that is the maximum, for everything that has a dose the minimum.

        Raises
        ------
        ValueError
            More volume than has a dose was asked for.
        """
        if not 0 <= volume_cc <= self.inside_grid_cc * (1 + ROUNDING):
            msg = f"{volume_cc} cc asked of {self.inside_grid_cc} cc that have a dose"
            raise ValueError(msg)
        if volume_cc >= self.inside_grid_cc:
            return self.min_gy
        falling = self.cumulative_cc[::-1]
        upper = int(np.searchsorted(falling, volume_cc, side="left"))
        i = self.dose_gy.size - 1 - upper
        if i + 1 >= self.dose_gy.size:
            return self.max_gy
        step = self.cumulative_cc[i] - self.cumulative_cc[i + 1]
        part = (self.cumulative_cc[i] - volume_cc) / step if step > 0 else 0.0
        dose = self.dose_gy[i] + part * (self.dose_gy[i + 1] - self.dose_gy[i])
        return float(min(max(dose, self.min_gy), self.max_gy))

    def cumulative(self, bin_gy: float = 0.01) -> tuple[FloatArray, FloatArray]:
        """Return edges from 0 Gy in steps of `bin_gy` past the maximum, and the volumes there.

        Raises
        ------
        ValueError
            The bin width is not a finite number above 0, or makes more than a million bins.
        """
        if not 0 < bin_gy < math.inf or self.max_gy / bin_gy > 1e6:
            msg = f"a bin width of {bin_gy} Gy cannot be used up to {self.max_gy} Gy"
            raise ValueError(msg)
        edges = np.array(np.arange(int(self.max_gy / bin_gy) + 2) * float(bin_gy))
        return edges, self.volumes_at_doses_cc(edges)

    def differential(self, bin_gy: float = 0.01) -> tuple[FloatArray, FloatArray]:
        """Return the same edges and the volume within each bin (one fewer than edges)."""
        edges, volumes = self.cumulative(bin_gy)
        return edges, -np.diff(volumes)


def dvh_of_sums(
    volume_cc: float,
    inside_cc: float,
    curve: tuple[FloatArray, FloatArray],
    doses_gy: tuple[float, float, float],
    quadrature_error: float,
    convention: Convention,
) -> DVH:
    """Return a DVH from sums and differences of several.

    A sum of curves that fall need not fall everywhere, and differences of nearly equal numbers may
    lie below 0: what rises, and what lies outside 0 to the volume with a dose, is cut.

    Parameters
    ----------
    volume_cc, inside_cc
        All of the volume, and that which has a dose.
    curve
        Dose edges from 0 in Gy, and the summed volumes at them in cc.
    doses_gy
        Lowest, mean and highest dose; the mean is kept between the others.
    """
    edges, summed = curve
    volumes = np.clip(summed, 0.0, inside_cc)
    volumes[0] = inside_cc
    low, mean, high = doses_gy
    return DVH(
        volume_cc=volume_cc,
        outside_grid_cc=volume_cc - inside_cc,
        dose_gy=edges,
        cumulative_cc=np.minimum.accumulate(volumes),
        min_gy=low,
        mean_gy=min(max(mean, low), high),
        max_gy=high,
        quadrature_error=quadrature_error,
        convention=convention,
    )
