"""What each view of a DVH is about, and how much of how far it moves a value counts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final, NamedTuple

from sbrt_qa.dosimetry.cut_off import OF_GOING_ON, OF_ROUNDER
from sbrt_qa.model.outcome import Driver, Measured, Outcome


class View(NamedTuple):
    """What a view is about; views of the same `aspect` are alternatives.

    A `convention` is what some planning system does; it widens the spread only. Of how far another
    view moves a value a `share` counts in the uncertainty: some lie much farther from the usual
    reading than the truth does, and beyond some the truth lies now and then. The spread takes all
    of it, and no less.
    """

    driver: Driver
    aspect: str
    convention: bool = False
    share: float = 1.0

    def counted(self, value: Outcome, other: Outcome) -> Outcome:
        """Return what a value in this view counts as in the uncertainty of `value`."""
        if not isinstance(value, Measured) or not isinstance(other, Measured):
            return other
        if self.share == 1.0 or value.unit == "bool":
            return other
        moved_by = self.share * (other.value - value.value)
        return dataclasses.replace(other, value=value.value + moved_by)


OF_LINEAR: Final = 0.1
"""Share of the trilinear reading. Its error falls with the square of the spacing of the voxels,
that of a spline with its fourth power: what lies between both is mostly the first one's error."""

OF_NO_ENDS: Final = 0.5
"""Share of a structure that stops at its last planes though its sections shrink towards them."""

OF_SHAPES: Final = 2.6
"""Part that a straight wall between planes and ends of half a slice count: the truth of a cone that
lies, or of another body that does not shrink evenly towards its ends, is well beyond them."""

OF_STEADY: Final = 0.2
"""The same, where the sections of a structure tell of one another (`steady_sections`)."""

OF_STEADY_NO_ENDS: Final = 0.05
"""The same of a structure that stops at its last planes."""

STEADY: Final = ", steady"
"""End of the name of a view that says the same of a structure with steady sections."""

VIEWS: Final[Mapping[str, View]] = {
    "linear": View(Driver.DOSE_INTERPOLATION, "dose", share=OF_LINEAR),
    "unheld": View(Driver.DOSE_INTERPOLATION, "dose"),
    "ever finer": View(Driver.GRID, "dose"),
    "ever finer, unheld": View(Driver.DOSE_INTERPOLATION, "dose"),
    "slab": View(Driver.BETWEEN_PLANES, "shape", share=OF_SHAPES),
    "half slice": View(Driver.END_CAPS, "shape", share=OF_SHAPES),
    "no ends": View(Driver.END_CAPS, "shape", share=OF_NO_ENDS),
    "slab, steady": View(Driver.BETWEEN_PLANES, "shape", share=OF_STEADY),
    "half slice, steady": View(Driver.END_CAPS, "shape", share=OF_STEADY),
    "no ends, steady": View(Driver.END_CAPS, "shape", share=OF_STEADY_NO_ENDS),
    "low end none": View(Driver.END_CAPS, "low end"),
    "low end whole": View(Driver.END_CAPS, "low end"),
    "high end none": View(Driver.END_CAPS, "high end"),
    "high end whole": View(Driver.END_CAPS, "high end"),
    "overlaps united": View(Driver.OVERLAPS, "overlaps"),
    "overlaps even-odd": View(Driver.OVERLAPS, "overlaps"),
    "thin walls filled": View(Driver.OVERLAPS, "overlaps"),
    "gaps filled": View(Driver.GAPS, "gaps"),
    "gaps open": View(Driver.GAPS, "gaps"),
    "voxels smaller": View(Driver.VOXELS, "voxels"),
    "voxels larger": View(Driver.VOXELS, "voxels"),
    "outside left out": View(Driver.OUTSIDE_GRID, "outside", convention=True),
    "noise lower": View(Driver.NOISE, "noise"),
    "noise higher": View(Driver.NOISE, "noise"),
    "dose goes on": View(Driver.DOSE_INTERPOLATION, "where dose ends", share=OF_GOING_ON),
    "dose ends early": View(Driver.DOSE_INTERPOLATION, "where dose ends"),
    "dose rounder": View(Driver.DOSE_INTERPOLATION, "dose", share=OF_ROUNDER),
    "curve lower": View(Driver.QUADRATURE, "curve"),
    "curve higher": View(Driver.QUADRATURE, "curve"),
    "volume lower": View(Driver.QUADRATURE, "volume"),
    "volume higher": View(Driver.QUADRATURE, "volume"),
}
"""All views by name."""

EACH_END: Final = tuple(name for name, view in VIEWS.items() if view.aspect.endswith(" end"))
"""The views of one end."""

SHAPES: Final = tuple(name.removesuffix(STEADY) for name in VIEWS if name.endswith(STEADY))
"""Views of the shape, by their usual names."""


def variants(name: str) -> tuple[str, ...]:
    """Return all names under which a view of another structure says the same."""
    usual = name.removesuffix(STEADY)
    return (usual, usual + STEADY) if usual in SHAPES else (name,)


def at_a_distance(view: View) -> View:
    """Return how a view counts for what is measured at a distance from a structure.

    A tip that lies a little farther out moves a dose beyond it by the whole of that, however evenly
    sections shrink towards it.
    """
    usual = {OF_STEADY: OF_SHAPES, OF_STEADY_NO_ENDS: OF_NO_ENDS}
    return view._replace(share=usual.get(view.share, view.share))
