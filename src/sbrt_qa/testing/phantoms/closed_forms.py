"""The true DVH of a shape in a dose field, and the contours a planning system would store of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.structure import Contour, Structure
from sbrt_qa.testing.phantoms.dose_fields import Field
from sbrt_qa.testing.phantoms.shapes import PhantomShape
from sbrt_qa.units import cc_from_mm3

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)


@dataclass(frozen=True, slots=True)
class Truth:
    """What a perfect tool would say."""

    shape: PhantomShape
    field: Field

    @property
    def volume_cc(self) -> float:
        """Volume of the shape."""
        return cc_from_mm3(self.shape.volume_beyond(0, self.shape.extent(0)[0]))

    @property
    def min_gy(self) -> float:
        """Lowest dose on the shape."""
        return self.field.range_gy(self.shape)[0]

    @property
    def max_gy(self) -> float:
        """Highest dose on the shape."""
        return self.field.range_gy(self.shape)[1]

    @property
    def mean_gy(self) -> float:
        """Integral of the cumulative histogram over dose, by Gauss-Legendre quadrature."""
        low, high = self.field.range_gy(self.shape)
        half = (high - low) / 2
        volumes = [self.volume_at_dose_cc(low + half * (n + 1)) for n in _NODES]
        return low + float(np.dot(_WEIGHTS, volumes)) * half / self.volume_cc

    def volume_at_dose_cc(self, dose_gy: float) -> float:
        """Volume that receives at least a dose."""
        return cc_from_mm3(self.field.volume_at_least(self.shape, dose_gy))

    def dose_at_volume_gy(self, volume_cc: float) -> float:
        """Highest dose that at least a volume receives."""
        low, high = self.field.range_gy(self.shape)
        if volume_cc >= self.volume_at_dose_cc(low) or high - low < 1e-12:
            return low

        def excess(dose_gy: float) -> float:
            return self.volume_at_dose_cc(dose_gy) - volume_cc

        return high if excess(high) >= 0 else float(brentq(excess, low, high, xtol=1e-9))


def contour(
    shape: PhantomShape, z_mm: FloatArray, *, number: int = 1, name: str = "ROI"
) -> Structure:
    """Draw a shape on the planes that meet it."""
    drawn = [Contour(float(z), loop) for z in z_mm for loop in shape.sections(float(z))]
    return Structure(number, name, tuple(drawn))
