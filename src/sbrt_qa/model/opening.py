"""The opening that jaws and leaves leave to a field, in the beam's eye view at the isocentre."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sbrt_qa.model.grid import FloatArray

Interval = tuple[float, float]
"""Low and high end, mm."""


@dataclass(frozen=True, slots=True, eq=False)
class LeafBank:
    """Pairs of leaves that move along x.

    Parameters
    ----------
    boundaries_mm
        Edges of the pairs along y, ascending; one more than there are pairs.
    low_mm, high_mm
        Ends of the leaves of each pair.
    """

    boundaries_mm: FloatArray
    low_mm: FloatArray
    high_mm: FloatArray


@dataclass(frozen=True, slots=True)
class Opening:
    """An opening: its area and its extent along x and y; all 0 when it is shut."""

    area_mm2: float
    x_mm: float
    y_mm: float

    @property
    def equivalent_square_mm(self) -> float:
        """Side of the square of the same area."""
        return math.sqrt(self.area_mm2)


SHUT = Opening(0.0, 0.0, 0.0)


def opening_of(x_mm: Interval, y_mm: Interval, banks: Sequence[LeafBank] = ()) -> Opening:
    """Return what jaws and banks of leaves leave open together.

    Parameters
    ----------
    x_mm, y_mm
        Jaws; infinite where there are none.
    banks
        Banks above each other, all along x.
    """
    edges = np.unique(np.concatenate([y_mm, *(b.boundaries_mm for b in banks)]))
    edges = edges[(edges >= y_mm[0]) & (edges <= y_mm[1]) & np.isfinite(edges)]
    if edges.size < 2:
        return SHUT
    middle = (edges[1:] + edges[:-1]) / 2
    low, high = np.full(middle.size, x_mm[0]), np.full(middle.size, x_mm[1])
    for bank in banks:
        pair = np.searchsorted(bank.boundaries_mm, middle) - 1
        within = (pair >= 0) & (pair < bank.low_mm.size)
        pair = np.clip(pair, 0, bank.low_mm.size - 1)
        low = np.maximum(low, np.where(within, bank.low_mm[pair], np.inf))
        high = np.minimum(high, np.where(within, bank.high_mm[pair], -np.inf))
    width = np.maximum(high - low, 0.0)
    open_strips = width > 0
    if not open_strips.any() or not np.isfinite(width).all():
        return SHUT
    height = np.diff(edges)
    return Opening(
        float((width * height).sum()),
        float(high[open_strips].max() - low[open_strips].min()),
        float(edges[1:][open_strips].max() - edges[:-1][open_strips].min()),
    )
