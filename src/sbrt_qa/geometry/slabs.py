"""What a stack of contours means between and beyond its planes.

Contours say where a structure is on a few planes and nothing in between. Planning systems fill the
gaps differently, so the choice is explicit, recorded with every result, and made only here.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.i18n.phrase import joined, say, stated
from sbrt_qa.model.grid import FloatArray

BRIDGE_FACTOR = 2.5
"""A gap up to this many usual spacings is bridged (one missing slice); a wider one parts."""

WIDE_FACTOR = 1.5
"""A gap beyond this many usual spacings is worth telling the reader about."""

FAR_APART_MM: Final = 6.0
"""Planes up to this apart are drawn on purpose, on image slices however fine."""

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


class Overlaps(enum.StrEnum):
    """How contours combine that cross, or that may be one outline twice."""

    LIKELY = "likely"
    """As is most likely: two versions of one outline, and parts that overlap, are one area; a much
    smaller contour that lies within another but for a little is a hole."""
    UNION = "union"
    """What lies in any of them belongs to the structure."""
    EVEN_ODD = "even_odd"
    """What lies in both does not."""
    SOLID = "solid"
    """As is most likely, and walls thinner than anybody draws are none: what they enclose is
    filled."""


class Missing(enum.StrEnum):
    """What lies where planes are missing and the structure may plausibly go on."""

    USUAL = "usual"
    """One missing slice is filled, a wider gap left open."""
    FILLED = "filled"
    """The structure goes on through every such gap."""
    OPEN = "open"
    """It ends on both sides of every such gap."""


class Voxels(enum.StrEnum):
    """Where a structure that a segmentation holds as voxels ends within its outer ones."""

    AS_GIVEN = "as_given"
    """At their edges."""
    SMALLER = "smaller"
    """At the centres of its own outer voxels."""
    LARGER = "larger"
    """At the centres of the voxels around it."""


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
    overlaps: Overlaps = Overlaps.LIKELY
    missing: Missing = Missing.USUAL
    voxels: Voxels = Voxels.AS_GIVEN

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
    """The spaces between neighbouring planes of a stack, column after column.

    Parameters
    ----------
    width_mm
        Shape ``(planes - 1,)``; between two columns not a number.
    joined
        Whether the planes on both sides belong to one body; never between two columns.
    usual_mm
        For each plane, the spacing that counts as no gap; shape ``(planes,)``.
    bridged_mm, parted_mm
        z of the plane below each unusually wide gap that is filled, or left open.
    """

    width_mm: FloatArray
    joined: npt.NDArray[np.bool_]
    usual_mm: FloatArray
    bridged_mm: tuple[float, ...] = ()
    parted_mm: tuple[float, ...] = ()

    @property
    def doubtful(self) -> bool:
        """Whether the structure may go on through a gap, or may not."""
        return bool(self.bridged_mm or self.parted_mm)


def gaps_between(
    z_mm: FloatArray,
    slice_spacing_mm: float | None = None,
    *,
    continued: npt.NDArray[np.bool_] | None = None,
    missing: Missing = Missing.USUAL,
) -> Gaps:
    """Decide which neighbouring planes of one column belong together.

    A gap is unusually wide in comparison with those below and those above it, so that parts drawn
    at different spacings each keep their own.

    Parameters
    ----------
    z_mm
        Plane positions, ascending.
    slice_spacing_mm
        Spacing of the image slices, or of the structure set's other planes. It is the thickness
        of a lone plane, and decides whether two planes belong together.
    continued
        For each gap, whether a structure may plausibly go on through it. A wide gap where none may
        is the space between two bodies, and told by nobody. All, where it is not given.
    missing
        Whether gaps are filled.
    """
    width = np.diff(z_mm)
    plausible = np.ones(width.size, dtype=bool) if continued is None else continued
    usual, least = _usual_mm(width, slice_spacing_mm)
    # A gap is looked at when it is wide in comparison with the least spacing that may be meant, and
    # filled when it is at most `BRIDGE_FACTOR` times what is usual beside it.
    wide = width > WIDE_FACTOR * least
    doubtful = wide & plausible
    joined = width <= BRIDGE_FACTOR * usual
    # Readings for bands fill, or leave open, every gap about which one may think differently.
    if missing is not Missing.USUAL:
        joined = np.where(doubtful, missing is Missing.FILLED, joined)
    # Where no structure can go on, a wide gap is the space between two bodies in every reading.
    joined &= plausible | ~wide
    return Gaps(
        width_mm=width,
        joined=joined,
        usual_mm=_by_plane(usual, slice_spacing_mm),
        bridged_mm=tuple(float(v) for v in z_mm[:-1][joined & doubtful]),
        parted_mm=tuple(float(v) for v in z_mm[:-1][~joined & doubtful]),
    )


NEAR_GAPS: Final = 3
"""Gaps on each side of one that say what is usual there."""


def _usual_mm(width: FloatArray, slice_spacing_mm: float | None) -> tuple[FloatArray, FloatArray]:
    """Return for each gap the spacing that is usual around it, and the least that may be meant.

    Of few planes only the image knows what is usual: up to three may all be too far apart.
    """
    # Evenly drawn, as nearly always: one number serves all gaps.
    if width.size >= NEAR_GAPS and width.max() <= WIDE_FACTOR * width.min():
        even = np.full(width.size, float(np.median(width)))
        return even, _least_meant(width, even, slice_spacing_mm)
    known = slice_spacing_mm if slice_spacing_mm and slice_spacing_mm > 0 else None
    # The larger of the medians of three gaps below and three above: at a change of spacing from 2
    # to 5 mm the first gap of 5 mm is usual, because it is so above. The lower of two middle
    # values, so that one missing slice among few planes does not become the rule.
    usual = np.array(
        [
            max(_middle(width[max(i - NEAR_GAPS, 0) : i]), _middle(width[i + 1 :][:NEAR_GAPS]))
            for i in range(width.size)
        ]
    )
    # Two planes know nothing of a usual spacing; the image does.
    if width.size == 1:
        usual = width.copy()
        if known is not None and width[0] > BRIDGE_FACTOR * known:
            usual[0] = known
    # With up to three planes every gap may miss a slice, so the image (or 3 mm) is the measure.
    least = usual
    if 0 < width.size < NEAR_GAPS:
        few = known or DEFAULT_THICKNESS_MM
        least = np.where(width > BRIDGE_FACTOR * few, np.minimum(usual, few), usual)
    return usual, _least_meant(width, least, slice_spacing_mm)


def _least_meant(
    width: FloatArray, least: FloatArray, slice_spacing_mm: float | None
) -> FloatArray:
    """Return the least spacing that may be meant, where the image has slices in between.

    Planes far apart on fine slices are missing some, however evenly they lie.
    """
    if not slice_spacing_mm or slice_spacing_mm <= 0:
        return least
    far = width > max(BRIDGE_FACTOR * slice_spacing_mm, FAR_APART_MM)
    return np.where(far, np.minimum(least, slice_spacing_mm), least)


def _middle(values: FloatArray) -> float:
    """Return the lower of the two middle values; 0 for none."""
    return float(np.sort(values)[(values.size - 1) // 2]) if values.size else 0.0


def _by_plane(usual: FloatArray, slice_spacing_mm: float | None) -> FloatArray:
    if usual.size == 0:
        known = slice_spacing_mm if slice_spacing_mm and slice_spacing_mm > 0 else None
        return np.array([known or DEFAULT_THICKNESS_MM])
    # A plane between two spacings belongs to the finer one: what it shows is at least as thick.
    return np.asarray(np.minimum(np.append(usual, usual[-1]), np.append(usual[:1], usual)))
