"""A second lesion in the synthetic liver, and fields that cover it beside the first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sbrt_qa.testing.phantoms.liver_dose import LEAKAGE, FieldOpening
from sbrt_qa.testing.phantoms.liver_solids import Point, Tube, smooth_tube


@dataclass(frozen=True, slots=True)
class SecondLesion:
    """A lesion, and where the fields look for it.

    Parameters
    ----------
    bed
        The lesion (CTV): points ``(x, y, z, radius)`` in mm along its length.
    missed_by_mm
        From where it lies to where the fields aim, (x, y, z); 0 where they cover it.
    """

    bed: tuple[tuple[float, float, float, float], ...]
    missed_by_mm: Point = (0.0, 0.0, 0.0)

    @property
    def ctv(self) -> Tube:
        """The lesion as a solid."""
        return smooth_tube(self.bed)

    @property
    def aimed(self) -> Tube:
        """The lesion as the fields see it."""
        return Tube(self.ctv.points_mm + np.asarray(self.missed_by_mm), self.ctv.radii_mm)


def merged(first: FieldOpening, second: FieldOpening, share: float) -> FieldOpening:
    """Open one field to two targets, the second, which is sealed, with a `share` of its fluence."""
    fluence = first.fluence + share * second.fluence
    return FieldOpening(fluence, np.maximum(first.edge_mm, second.edge_mm))


def sealed(opened: FieldOpening) -> FieldOpening:
    """Return an opening without the leakage beside it, which another counts already."""
    return FieldOpening(opened.fluence - LEAKAGE, opened.edge_mm)
