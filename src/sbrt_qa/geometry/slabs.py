"""What a stack of contours means between and beyond its planes.

Contours say where a structure is on a few planes and nothing in between. Planning systems fill the
gaps differently, so the choice is explicit, recorded with every result, and made only here.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.phrase import joined, say, stated

BRIDGE_FACTOR = 2.5
"""A gap up to this many usual spacings is bridged (one missing slice); a wider one parts."""

WIDE_FACTOR = 1.5
"""A gap beyond this many usual spacings is worth telling the reader about."""

DEFAULT_THICKNESS_MM = 3.0
"""Thickness of a lone plane when neither the image nor the structure set gives a slice spacing."""


HALF = 0.5
"""Usual reach of a flat end, in gaps: half a slice."""

LONE = 0.25
"""Least reach, in gaps, of each end of a loop that is drawn on one plane only. A slice of an image
is an average over its thickness, and shows what fills at least half of it."""


class Between(enum.StrEnum):
    """What lies between two planes."""

    SLAB = "slab"
    """Each plane's polygons reach half-way to its neighbours, unchanged."""
    MORPH = "morph"
    """They also change size and place on the way, along a parabola through their neighbours."""


class Ends(enum.StrEnum):
    """How far a structure reaches beyond its first and last plane."""

    NONE = "none"
    """Not at all; a loop on one plane only keeps half a slice."""
    HALF_SLICE = "half_slice"
    """Half the distance to the neighbouring plane."""
    TAPERED = "tapered"
    """To where its sections shrink to nothing, if that is before the next plane; else half-way."""


@dataclass(frozen=True, slots=True)
class Convention:
    """One way of reading a stack of contours.

    ``flat_low`` and ``flat_high`` are how far an end that does not taper reaches below and above,
    in gaps to the neighbouring plane: the plane beyond shows nothing, so anything from 0 to 1
    agrees with the file; from a quarter on where there is no other plane, see `LONE`.
    """

    between: Between = Between.MORPH
    ends: Ends = Ends.TAPERED
    flat_low: float = HALF
    flat_high: float = HALF

    def __post_init__(self) -> None:
        for reach in self.flat_ends:
            if not 0 <= reach <= 1:
                msg = f"an end reaches from 0 to 1 gaps beyond its plane, not {reach}"
                raise ValueError(msg)

    @property
    def flat_ends(self) -> tuple[float, float]:
        """Reach of flat ends below and above, in gaps."""
        return self.flat_low, self.flat_high

    @property
    def in_words(self) -> str:
        """The choices in words."""
        between = say("between planes: {0}", stated(self.between))
        beyond = say("beyond the end planes: {0}", stated(self.ends))
        if self.flat_ends != (HALF, HALF):
            beyond = say(
                "{0}, flat ends {1} of a gap below and {2} above",
                beyond, f"{self.flat_low:g}", f"{self.flat_high:g}",
            )  # fmt: skip
        return joined("; ", (between, beyond))

    def __str__(self) -> str:
        return self.in_words


DEFAULT_CONVENTION = Convention()


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """The spaces between neighbouring planes.

    Parameters
    ----------
    width_mm
        Shape ``(planes - 1,)``.
    joined
        Whether the planes on both sides belong to one body.
    usual_mm
        The spacing that counts as no gap.
    bridged_mm, parted_mm
        z of the plane below each unusually wide gap that is filled, or left open.
    """

    width_mm: FloatArray
    joined: npt.NDArray[np.bool_]
    usual_mm: float
    bridged_mm: tuple[float, ...] = ()
    parted_mm: tuple[float, ...] = ()


def gaps_between(z_mm: FloatArray, slice_spacing_mm: float | None = None) -> Gaps:
    """Decide which neighbouring planes belong together.

    Parameters
    ----------
    z_mm
        Plane positions, ascending.
    slice_spacing_mm
        Spacing of the image slices, or of the structure set's other planes. It is the thickness
        of a lone plane, and decides whether two planes belong together.
    """
    width = np.diff(z_mm)
    usual = usual_gap_mm(width, slice_spacing_mm)
    joined = width <= BRIDGE_FACTOR * usual
    wide = width > WIDE_FACTOR * usual
    return Gaps(
        width_mm=width,
        joined=joined,
        usual_mm=usual,
        bridged_mm=tuple(float(v) for v in z_mm[:-1][joined & wide]),
        parted_mm=tuple(float(v) for v in z_mm[:-1][~joined]),
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
