"""Whether a recurrence lies in the treated field, by three published schemes.

The bounds are data; none of them is decisive by itself: the protocol names the scheme that is.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode


class FailureClass(enum.StrEnum):
    """Where a recurrence lies, by the dose it lies in."""

    CENTRAL = "central"
    IN_FIELD = "in-field"
    MARGINAL = "marginal"
    OUT_OF_FIELD = "out-of-field"


class Scheme(enum.StrEnum):
    """A published way to tell them apart."""

    DAWSON = "dawson"
    """Dawson 2000: by the share of the recurrence inside the 95 % isodose, three classes."""
    LEE = "lee"
    """Lee 1999: the same share, four classes."""
    CENTRE = "centre"
    """After Due 2014: by the centre of mass, from which a recurrence may have grown."""


SOURCES: Final = {
    Scheme.DAWSON: "Dawson 2000 (Int J Radiat Oncol Biol Phys 46:1117)",
    Scheme.LEE: "Lee 1999 (Int J Radiat Oncol Biol Phys 43:79)",
    Scheme.CENTRE: "after Due 2014 (Radiother Oncol 111:360); the bounds are proposed",
}

DEFAULT_SCHEME: Final = Scheme.DAWSON

FIELD_PERCENT: Final = 95.0
"""Isodose, in percent of the prescription, that stands for the field."""

NEAR_PTV_MM: Final = 10.0
"""How far beyond the PTV a centre of mass is still marginal; proposed."""

IN_ORDER: Final = (
    FailureClass.CENTRAL,
    FailureClass.IN_FIELD,
    FailureClass.MARGINAL,
    FailureClass.OUT_OF_FIELD,
)
"""From the middle of the field outwards: of several recurrences of one scan the first counts."""


@dataclass(frozen=True, slots=True)
class CentreOfMass:
    """What is known of the centre of mass of a recurrence.

    Parameters
    ----------
    dose_percent
        Dose there, in percent of the prescription.
    to_ctv_mm, to_ptv_mm
        Distance to the surface, negative inside; None where the plan has no such structure.
    """

    dose_percent: float
    to_ctv_mm: float | None = None
    to_ptv_mm: float | None = None


def by_volume(inside_95: float, *, four_classes: bool = False) -> FailureClass:
    """Return the class by the share of a recurrence, 0 to 1, inside the 95 % isodose."""
    if inside_95 >= 0.95:
        return FailureClass.CENTRAL if four_classes else FailureClass.IN_FIELD
    if four_classes and inside_95 >= 0.80:
        return FailureClass.IN_FIELD
    return FailureClass.MARGINAL if inside_95 >= 0.20 else FailureClass.OUT_OF_FIELD


def by_centre(centre: CentreOfMass) -> FailureClass:
    """Return the class by the centre of mass."""
    if centre.dose_percent >= FIELD_PERCENT or (centre.to_ctv_mm or 0.0) < 0:
        return FailureClass.IN_FIELD
    near = centre.to_ptv_mm is not None and centre.to_ptv_mm <= NEAR_PTV_MM
    if near or centre.dose_percent >= 50.0:
        return FailureClass.MARGINAL
    return FailureClass.OUT_OF_FIELD


def classes_of(inside_95: float, centre: CentreOfMass) -> dict[Scheme, FailureClass]:
    """Return the class by every scheme."""
    return {
        Scheme.DAWSON: by_volume(inside_95),
        Scheme.LEE: by_volume(inside_95, four_classes=True),
        Scheme.CENTRE: by_centre(centre),
    }


def agree(classes: dict[Scheme, FailureClass]) -> bool:
    """Tell whether the schemes agree; central is a part of in-field."""
    told = {
        FailureClass.IN_FIELD if one is FailureClass.CENTRAL else one for one in classes.values()
    }
    return len(told) == 1


@dataclass(frozen=True, slots=True)
class Stability:
    """How a class holds when the registration is a little off.

    Parameters
    ----------
    chosen
        The class as registered.
    counts
        How often each class came out when the recurrence was moved, in the order of `IN_ORDER`.
    """

    chosen: FailureClass
    counts: tuple[tuple[FailureClass, int], ...]

    @property
    def is_stable(self) -> bool:
        """Whether every motion gave the same class."""
        return all(one is self.chosen for one, _ in self.counts)

    @property
    def sentence(self) -> str:
        """The class in words, with those that it may as well be."""
        total = sum(count for _, count in self.counts)
        if self.is_stable:
            return say("{0} (the same in all {1})", self.chosen, total)
        others = ", ".join(
            say("{0} in {1} of {2}", one, count, total)
            for one, count in self.counts
            if one is not self.chosen
        )
        return say("{0} ({1})", self.chosen, others)


def stability_of(chosen: FailureClass, moved: Sequence[FailureClass]) -> Stability:
    """Return how a class holds, from the classes after each motion."""
    counts = tuple((one, moved.count(one)) for one in IN_ORDER if one in moved)
    return Stability(chosen, counts)


def class_of_subject(
    recurrences: Sequence[tuple[int, FailureClass | Reason]],
) -> FailureClass | Reason:
    """Return the class of a subject from recurrences, each with the number of its scan.

    Those outside the liver (not applicable) have no class and count for none. The first scan that
    shows any other decides; of several on it, the one nearest to the middle of the
    field. A recurrence of that scan without a class leaves the subject without one, unless another
    is in-field already.
    """
    counted = [
        (scan, one)
        for scan, one in recurrences
        if not (isinstance(one, Reason) and one.code is ReasonCode.NOT_APPLICABLE)
    ]
    if not counted:
        return Reason(ReasonCode.NOT_APPLICABLE, say("no recurrence in the liver"))
    first = min(scan for scan, _ in counted)
    told = [one for scan, one in counted if scan == first]
    known = [one for one in IN_ORDER if one in told]
    unknown = [one for one in told if isinstance(one, Reason)]
    if unknown and not (known and known[0] in IN_ORDER[:2]):
        return unknown[0]
    return known[0]
