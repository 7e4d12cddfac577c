"""What was left out of, or filled into, the structures that limits use."""

from __future__ import annotations

from collections.abc import Iterator

from sbrt_qa.checks.registry import CheckContext, Found, Group, check
from sbrt_qa.model.outcome import Reason, Severity
from sbrt_qa.model.phrase import counted, say


@check(
    "CONTOURS_SET_ASIDE",
    title="Contours that enclose nothing",
    group=Group.STRUCTURES,
    rows=(19,),
)
def set_aside(context: CheckContext) -> Iterator[Found]:
    """Find points, open contours and the like, which take no part in the volume."""
    for key, structure in context.evaluated_structures.items():
        for aside in structure.set_aside:
            contours = counted(aside.count, "contour")
            yield Found(key, say("{0} set aside ({1}): {2}", contours, aside.kind, aside.note))


@check(
    "GAP_BRIDGED",
    title="Missing slices in a structure",
    group=Group.STRUCTURES,
    severity=Severity.MINOR,
    rows=(20,),
)
def bridged_gap(context: CheckContext) -> Iterator[Found]:
    """Find gaps of about one missing plane, through which the structure is taken to go on."""
    for key, planes_mm, _ in _gaps(context):
        if planes_mm:
            yield _found(key, planes_mm, say("taken as part of the structure"))


@check(
    "GAP_LEFT_OPEN",
    title="Structure in parts along z",
    group=Group.STRUCTURES,
    rows=(20,),
)
def open_gap(context: CheckContext) -> Iterator[Found]:
    """Find gaps too wide for one missing plane, which part the structure."""
    for key, _, planes_mm in _gaps(context):
        if planes_mm:
            yield _found(key, planes_mm, say("taken as the space between two parts"))


def _gaps(context: CheckContext) -> Iterator[tuple[str, tuple[float, ...], tuple[float, ...]]]:
    for key, structure in context.evaluated_structures.items():
        region = context.doses.region(structure)
        if not isinstance(region, Reason):
            gaps = region.solids[0].gaps
            yield key, gaps.bridged_mm, gaps.parted_mm


def _found(key: str, planes_mm: tuple[float, ...], meaning: str) -> Found:
    heights = ", ".join(f"{z:g}" for z in planes_mm)
    text = say("no plane for a while above z = {0} mm; {1}", heights, meaning)
    return Found(key, text, say("Check that no slice was forgotten."))
