"""What a stack of contours means between and beyond its planes.

Contours say where a structure is on a few planes and nothing in between. Planning systems fill the
gaps differently, so the choice is explicit, recorded with every result, and made only here.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from sbrt_qa.geometry.planes import PlaneStack
from sbrt_qa.model.grid import FloatArray

BRIDGE_FACTOR = 2.5
"""A gap up to this many usual spacings is bridged (one missing slice); a wider one parts."""

DEFAULT_THICKNESS_MM = 3.0
"""Thickness of a lone plane when neither the image nor the structure set gives a slice spacing."""


class Ends(enum.StrEnum):
    """How far a structure reaches beyond its first and last plane."""

    HALF_SLICE = "half_slice"
    """Half the distance to the neighbouring plane."""
    NONE = "none"
    """Not at all."""


class Between(enum.StrEnum):
    """What lies between two planes."""

    SLAB = "slab"
    """Each plane's polygon reaches half-way to its neighbours."""


@dataclass(frozen=True, slots=True)
class Convention:
    """One way of reading a stack of contours."""

    between: Between = Between.SLAB
    ends: Ends = Ends.HALF_SLICE

    def __str__(self) -> str:
        return f"between planes: {self.between}; beyond the end planes: {self.ends}"


DEFAULT_CONVENTION = Convention()


@dataclass(frozen=True, slots=True, eq=False)
class Slabs:
    """Extent of each plane in z.

    Parameters
    ----------
    low_mm, high_mm
        Plane ``p`` fills ``low_mm[p] <= z < high_mm[p]``.
    bridged_mm, parted_mm
        Positions (z of the plane below) of gaps wider than usual that were filled, or left open.
    """

    low_mm: FloatArray
    high_mm: FloatArray
    bridged_mm: tuple[float, ...] = ()
    parted_mm: tuple[float, ...] = ()


def make_slabs(
    stack: PlaneStack,
    convention: Convention = DEFAULT_CONVENTION,
    slice_spacing_mm: float | None = None,
) -> Slabs:
    """Give every plane its extent in z.

    Parameters
    ----------
    stack
        The planes.
    convention
        How to read them.
    slice_spacing_mm
        Spacing of the image slices, or of the structure set's other planes. It is the thickness
        of a lone plane, and decides whether two planes belong together.
    """
    z = stack.z_mm
    gaps = np.diff(z)
    usual = usual_gap_mm(gaps, slice_spacing_mm)
    joined = gaps <= BRIDGE_FACTOR * usual
    half = np.where(joined, gaps / 2, 0.0)
    below, above = np.concatenate([[np.nan], half]), np.concatenate([half, [np.nan]])
    starts = np.concatenate([[True], ~joined])
    stops = np.concatenate([~joined, [True]])
    cap_below = np.where(stops, usual / 2, above)
    cap_above = np.where(starts, usual / 2, below)
    reach = 1.0 if convention.ends is Ends.HALF_SLICE else 0.0
    low = z - np.where(starts, reach * np.minimum(cap_below, BRIDGE_FACTOR * usual / 2), below)
    high = z + np.where(stops, reach * np.minimum(cap_above, BRIDGE_FACTOR * usual / 2), above)
    wide = gaps > 1.5 * usual
    return Slabs(
        low_mm=low,
        high_mm=high,
        bridged_mm=tuple(float(v) for v in z[:-1][joined & wide]),
        parted_mm=tuple(float(v) for v in z[:-1][~joined]),
    )


def usual_gap_mm(gaps_mm: FloatArray, slice_spacing_mm: float | None) -> float:
    """Return the spacing that counts as no gap.

    The median of the structure's own gaps; for fewer than three planes, which have no usual gap of
    their own, the image's slice spacing unless the one gap is about as small.
    """
    known = slice_spacing_mm if slice_spacing_mm and slice_spacing_mm > 0 else None
    if gaps_mm.size == 0:
        return known or DEFAULT_THICKNESS_MM
    usual = float(np.median(gaps_mm))
    if gaps_mm.size == 1 and known is not None and usual > BRIDGE_FACTOR * known:
        return known
    return usual
