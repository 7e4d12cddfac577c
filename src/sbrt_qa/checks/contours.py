"""What was left out of, joined to, or read in one of two ways in the structures that limits use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, check
from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.overlaps.resolve import Doubt, Unclear
from sbrt_qa.geometry.planes import PlaneStack
from sbrt_qa.i18n.phrase import counted, joined, say
from sbrt_qa.model.outcome import Reason, Severity

SHOWN: Final = 5
"""Heights that one finding lists."""


@check(
    "CONTOURS_SET_ASIDE",
    title="Contours that enclose nothing",
    group=Group.STRUCTURES,
    severity=Severity.MINOR,
    milder=(Severity.INFO,),
    rows=(19,),
)
def set_aside(context: CheckContext) -> Iterator[Found]:
    """Find points, open contours and the like, which take no part in the volume.

    Open lines that enclose an area, and what is left of contours on several planes that have no
    other, may have been part of the structure: without them it is too small, which is minor.
    """
    for key, structure in context.evaluated_structures.items():
        for aside in structure.set_aside:
            contours = counted(aside.count, "contour")
            text = say("{0} set aside ({1}): {2}", contours, aside.kind, aside.note)
            if not aside.lost:
                yield Found(key, text, severity=Severity.INFO)
                continue
            lost = counted(aside.lost, "contour")
            text = say("{0}; {1} may have been part of the structure, which lacks it", text, lost)
            yield Found(key, text, say("Ask the site to export it with closed contours."), lost)


@check(
    "CONTOUR_TWICE",
    title="Contours drawn twice",
    group=Group.STRUCTURES,
    severity=Severity.MINOR,
    milder=(Severity.INFO,),
    rows=(20,),
)
def contour_twice(context: CheckContext) -> Iterator[Outcome]:
    """Find second copies of a contour on its plane, of which one is left out.

    Two contours are one outline when they are nowhere farther from each other than 0.3 mm and less
    than a fifth of the area lies in one only, whatever their vertices, their direction or their
    first point. Under the even-odd rule a copy would turn the organ inside out. In structures that
    no limit uses it is information.
    """
    sound = 0
    for key, stack in _stacks(context):
        if not stack.duplicates:
            sound += 1
            continue
        copies = counted(stack.duplicates, "contour")
        text = say(
            "{0} drawn or exported twice, counted once: on {1} at z = {2} mm",
            copies, counted(len(stack.copied_mm), "plane"), _heights(stack.copied_mm),
        )  # fmt: skip
        limited = context.structures[key].roi_number in context.evaluated
        advice = say(
            "Ask the site to remove the second copy and to check that nothing else is duplicated."
        )
        severity = None if limited else Severity.INFO
        yield Found(key, text, advice, copies, say("each once"), severity=severity)
    if sound:
        yield Passed(counted(sound, "structure"), say("none"), say("each once"))


@check(
    "CONTOUR_NEARLY_TWICE",
    title="Second copy or thin wall",
    group=Group.STRUCTURES,
    severity=Severity.MINOR,
    rows=(20,),
)
def contour_nearly_twice(context: CheckContext) -> Iterator[Found]:
    """Find contours that may be second copies of others, or holes behind a thin wall.

    They are too unlike for a copy and too near for a wall. Values take them for one outline; the
    band holds both readings.
    """
    yield from _unclear(
        context,
        Doubt.COPY_OR_WALL,
        say("two contours may be one outline twice, or the two sides of a thin wall"),
        say(
            "Ask the site which one is meant; the second contour should be removed if it is a copy."
        ),
    )


@check(
    "WALL_THIN",
    title="Implausibly thin walls",
    group=Group.STRUCTURES,
    severity=Severity.MINOR,
    rows=(20,),
)
def wall_thin(context: CheckContext) -> Iterator[Found]:
    """Find an outline with a hole that leaves a wall of 1.5 mm or less, where a limit uses it.

    Nobody draws such a wall on slices with pixels of a millimetre; a second version of the outline,
    a millimetre smaller or larger, looks the same and would make an organ hollow. Values take it
    for a wall; the band holds the structure without it.
    """
    yield from _unclear(
        context,
        Doubt.THIN_WALL,
        say("an outline and a hole leave only a thin wall, or are two versions of one outline"),
        say("Ask the site which is meant; the second contour is to be removed if it is older."),
    )


@check(
    "CONTOURS_CROSS",
    title="Contours that cross",
    group=Group.STRUCTURES,
    severity=Severity.MINOR,
    rows=(20,),
)
def contours_cross(context: CheckContext) -> Iterator[Found]:
    """Find contours of one structure that cross on a plane, or one that crosses itself.

    What lies in both may belong to the structure (union) or not (even-odd rule). Two parts that
    overlap are taken as one area; a much smaller contour that lies inside another but for a little
    is taken for a hole. The points of an outline that crosses itself like an 8 may stand in a wrong
    order: it may have enclosed as much as their hull. The band holds both readings.
    """
    yield from _unclear(
        context,
        Doubt.CROSSING,
        say("contours cross each other or themselves: a part may belong to the structure or not"),
        say("Ask the site to draw the contours as one outline."),
    )


@check(
    "PLANES_JOINED",
    title="Contours beside their plane",
    group=Group.STRUCTURES,
    severity=Severity.MINOR,
    milder=(Severity.INFO,),
    rows=(20,),
)
def planes_joined(context: CheckContext, beside_mm: float = 0.01) -> Iterator[Found]:
    """Find contours far from the slice they name; tell of those moved, or beside slices.

    Contours lie in one plane when they name the same image slice, else when they are nearer than a
    tenth of the spacing. Contours that lie beside the slices of the image are computed where they
    are, and shown on the nearest slice; structures taken over from another image lie so. A contour
    that names a slice farther away than half the spacing may lie at a wrong height.

    Parameters
    ----------
    beside_mm
        Nearer than this a contour lies on its slice.
    """
    if (off := _beside_slices(context, beside_mm)) is not None:
        yield off
    yield from _far_from_named(context)
    for key, stack in _stacks(context):
        count, most_mm = stack.moved
        if count and context.structures[key].roi_number in context.evaluated:
            text = say(
                "{0} moved onto the plane of others, by at most {1} mm",
                counted(count, "contour"), f"{most_mm:.2g}",
            )  # fmt: skip
            yield Found(key, text, severity=Severity.INFO)


@check(
    "GAP_BRIDGED",
    title="Missing slices in a structure",
    group=Group.STRUCTURES,
    severity=Severity.MINOR,
    rows=(20,),
)
def bridged_gap(context: CheckContext) -> Iterator[Found]:
    """Find gaps of about one missing plane, through which the structure is taken to go on.

    The band holds what the structure would be with the gap left open.
    """
    for key, planes_mm, _ in _gaps(context):
        if planes_mm:
            yield _found(key, planes_mm, say("taken as part of the structure"))


@check(
    "GAP_LEFT_OPEN",
    title="Structure in parts along z",
    group=Group.STRUCTURES,
    severity=Severity.MINOR,
    rows=(20,),
)
def open_gap(context: CheckContext) -> Iterator[Found]:
    """Find gaps too wide for one missing plane, through which the structure may go on.

    They part the structure; the band holds what it would be if the gap were filled. Parts whose
    sections do not lie above each other, that shrink to nothing, or are more than 50 mm apart are
    two bodies, and the space between them is no gap.
    """
    for key, _, planes_mm in _gaps(context):
        if planes_mm:
            yield _found(key, planes_mm, say("taken as the space between two parts"))


def _stacks(context: CheckContext) -> Iterator[tuple[str, PlaneStack]]:
    """Yield the planes of all structures that have contours."""
    for key, structure in context.structures.items():
        if structure.contours:
            try:
                stack = context.doses.stack(structure, context.doses.convention.overlaps)
            except GeometryError:
                continue
            yield key, stack


def _beside_slices(context: CheckContext, beside_mm: float) -> Found | None:
    """Tell how far contours lie from the slices of the image, within the scan, all in one."""
    image = context.case.image
    if image is None or image.z_mm.size < 2:
        return None
    slices, reach_mm = np.sort(image.z_mm), image.slice_spacing_mm / 2
    most_mm, keys = 0.0, []
    for key, structure in context.structures.items():
        z_mm = np.array([c.z_mm for c in structure.contours])
        z_mm = z_mm[(z_mm > slices[0] - reach_mm) & (z_mm < slices[-1] + reach_mm)]
        if not z_mm.size or structure.roi_number not in context.evaluated:
            continue
        above = np.clip(np.searchsorted(slices, z_mm), 1, slices.size - 1)
        off_mm = np.minimum(np.abs(z_mm - slices[above - 1]), np.abs(z_mm - slices[above]))
        if off_mm.max() > beside_mm:
            keys.append(key)
            most_mm = max(most_mm, float(off_mm.max()))
    if not keys:
        return None
    shown = joined(", ", keys[:SHOWN])
    count = counted(len(keys), "structure")
    text = say(
        "contours of {0} lie beside the slices of the image, by at most {1} mm; slices lie {2} mm "
        "apart: {3}",
        count, f"{most_mm:.2g}", f"{image.slice_spacing_mm:g}", shown,
    )  # fmt: skip
    advice = say("Pictures show them on the nearest slice; check that the image is theirs.")
    return Found(say("structure set"), text, advice, severity=Severity.INFO)


def _far_from_named(context: CheckContext) -> Iterator[Found]:
    """Find structures with contours at another height than the image slice that they name."""
    image = context.case.image
    if image is None or image.z_mm.size < 2:
        return
    height_mm = dict(zip(image.sop_instance_uids, image.z_mm.tolist(), strict=False))
    most_mm, keys = 0.0, []
    for key, structure in context.structures.items():
        if structure.roi_number not in context.evaluated:
            continue
        named = [(z, height_mm[uid]) for z, uid in structure.slices_named if uid in height_mm]
        away_mm = max((abs(z_mm - slice_mm) for z_mm, slice_mm in named), default=0.0)
        if away_mm > image.slice_spacing_mm / 2:
            keys.append(key)
            most_mm = max(most_mm, away_mm)
    if keys:
        text = say(
            "contours of {0} name an image slice that lies elsewhere, by at most {1} mm: {2}",
            counted(len(keys), "structure"), f"{most_mm:.2g}", joined(", ", keys[:SHOWN]),
        )  # fmt: skip
        advice = say("Ask the site at which height they were drawn, and to export them again.")
        off, expected = say("{0} mm off", f"{most_mm:.2g}"), say("on the slice")
        yield Found(say("structure set"), text, advice, off, expected)


def _unclear(context: CheckContext, doubt: Doubt, message: str, advice: str) -> Iterator[Found]:
    for key, stack in _stacks(context):
        here = [u for u in (*stack.unclear, *stack.thin) if u.doubt is doubt]
        if here and context.structures[key].roi_number in context.evaluated:
            worst = max(here, key=lambda u: u.share)
            text = say(
                "{0}: {1} % of the area ({2} mm2) at z = {3} mm; {4} in all, at z = {5} mm",
                message, f"{100 * worst.share:.3g}", f"{worst.area_mm2:.3g}",
                f"{worst.z_mm:g}", _planes_of(here), _heights([u.z_mm for u in here]),
            )  # fmt: skip
            yield Found(key, text, advice, say("{0} %", f"{100 * worst.share:.3g}"), "0 %")


def _planes_of(here: Sequence[Unclear]) -> str:
    return counted(len({u.z_mm for u in here}), "plane")


def _heights(z_mm: Sequence[float]) -> str:
    heights = [f"{z:g}" for z in dict.fromkeys(z_mm)]
    shown = joined(", ", heights[:SHOWN])
    return say("{0} and {1} more", shown, len(heights) - SHOWN) if len(heights) > SHOWN else shown


def _gaps(context: CheckContext) -> Iterator[tuple[str, tuple[float, ...], tuple[float, ...]]]:
    for key, structure in context.evaluated_structures.items():
        region = context.doses.region(structure)
        if not isinstance(region, Reason):
            gaps = [solid.gaps for solid in region.solids]
            bridged = tuple(z for g in gaps for z in g.bridged_mm)
            yield key, bridged, tuple(z for g in gaps for z in g.parted_mm)


def _found(key: str, planes_mm: tuple[float, ...], meaning: str) -> Found:
    text = say("no contour on several slices above z = {0} mm; {1}", _heights(planes_mm), meaning)
    return Found(key, text, say("Check that no slice was left out."))
