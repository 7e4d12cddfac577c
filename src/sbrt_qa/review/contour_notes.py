"""What was left out of the contours of a structure, or read in one of two ways, in a few words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.geometry.overlaps.resolve import Doubt
from sbrt_qa.i18n.phrase import counted, say
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.structure import Structure

SHOWN = 3
"""Heights that one note lists."""


def contour_notes(doses: CaseDoses, structure: Structure) -> tuple[str, ...]:
    """Return copies, contours that cross or may be copies, and gaps; nothing of a sound structure.

    Checks of a review find the same things, and say what they mean for its verdict.
    """
    region = doses.region(structure)
    return () if isinstance(region, Reason) else tuple(_notes(doses, structure))


def _notes(doses: CaseDoses, structure: Structure) -> Iterator[str]:
    if structure.voxels is not None:
        size = structure.voxels.in_words
        yield say(
            "from a segmentation with voxels of {0}: its border is known to half of one", size
        )
    stack = doses.stack(structure, doses.convention.overlaps)
    if stack.duplicates:
        copies = counted(stack.duplicates, "contour")
        yield f"{copies} drawn or exported twice, left out once, at {_heights(stack.copied_mm)}"
    for doubt, what in (
        (Doubt.COPY_OR_WALL, "second copies or thin walls, taken for copies"),
        (Doubt.CROSSING, "contours that cross"),
        (Doubt.THIN_WALL, "walls thinner than any that is drawn, taken for walls"),
    ):
        here = [u for u in (*stack.unclear, *stack.thin) if u.doubt is doubt]
        if here:
            share = 100 * max(u.share for u in here)
            heights = _heights(u.z_mm for u in here)
            yield f"{what}: up to {share:.3g} % of the area depends on the reading, at {heights}"
    region = doses.region(structure)
    gaps = [] if isinstance(region, Reason) else [solid.gaps for solid in region.solids]
    for planes, meaning in (
        ([z for g in gaps for z in g.bridged_mm], "filled"),
        ([z for g in gaps for z in g.parted_mm], "left open"),
    ):
        if planes:
            yield f"slices missing above {_heights(planes)}: {meaning}"


def _heights(z_mm: Iterable[float]) -> str:
    heights = [f"{z:g}" for z in dict.fromkeys(z_mm)]
    more = f" and {len(heights) - SHOWN} more" if len(heights) > SHOWN else ""
    return f"z = {', '.join(heights[:SHOWN])} mm{more}"
