"""A dose-volume histogram as a planning system stored it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sbrt_qa.errors import GeometryError
from sbrt_qa.model.grid import FloatArray, frozen_array


@dataclass(frozen=True, slots=True, eq=False)
class StoredDvh:
    """A cumulative histogram of one structure, from the site's planning system.

    Parameters
    ----------
    roi_number
        The structure.
    dose_gy
        Bin edges from 0, strictly ascending.
    fraction
        Part of the volume, 1 to 0, that receives at least the dose of each edge; never rises.
    volume_cc
        The structure's volume, None where the file gives percentages only.
    min_gy, mean_gy, max_gy
        As stored beside the curve, None where absent or unusable.
    """

    roi_number: int
    dose_gy: FloatArray
    fraction: FloatArray
    volume_cc: float | None = None
    min_gy: float | None = None
    mean_gy: float | None = None
    max_gy: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dose_gy", frozen_array(self.dose_gy))
        object.__setattr__(self, "fraction", frozen_array(self.fraction))
        dose, part = self.dose_gy, self.fraction
        if dose.ndim != 1 or dose.shape != part.shape or dose.size < 2:
            raise GeometryError("a stored DVH needs two equally long rows of at least two values")
        if not (np.isfinite(dose).all() and np.isfinite(part).all()):
            raise GeometryError("a stored DVH holds numbers that are not finite")
        if dose[0] < 0 or (np.diff(dose) <= 0).any() or (np.diff(part) > 0).any():
            raise GeometryError("a stored DVH must have rising doses and volumes that never rise")
        if abs(part[0] - 1) > 1e-9 or part[-1] < 0:
            raise GeometryError("a stored DVH must start at the whole volume")

    @property
    def curve_max_gy(self) -> float:
        """Upper edge of the last bin that holds volume."""
        return float(self.dose_gy[min(self._last + 1, self.dose_gy.size - 1)])

    @property
    def curve_min_gy(self) -> float:
        """Highest edge that the whole volume receives."""
        return float(self.dose_gy[np.flatnonzero(self.fraction >= 1 - 1e-9)[-1]])

    @property
    def curve_mean_gy(self) -> float:
        """Mean dose: the area under the curve."""
        return float(self.dose_gy[0] + np.trapezoid(self.fraction, self.dose_gy))

    @property
    def _last(self) -> int:
        return int(np.flatnonzero(self.fraction > 0)[-1])
