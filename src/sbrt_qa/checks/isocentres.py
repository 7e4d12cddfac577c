"""Where the beams point, from where, and through how small an opening."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from sbrt_qa.checks.beams import name_of
from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, Untold, check
from sbrt_qa.geometry.margins import centroid_mm
from sbrt_qa.geometry.regions import cells_of
from sbrt_qa.i18n.phrase import counted, joined, say
from sbrt_qa.model.outcome import Reason, Severity
from sbrt_qa.model.plan import Beam, ControlPoint

Point = tuple[float, float, float]

LEFT_AT_90: Final = {"HFS": 1, "": 1, "FFP": 1, "HFP": -1, "FFS": -1}
"""Whether the patient's left (1) or right (-1) is towards the source at gantry 90."""


def isocentres_of(beams: tuple[Beam, ...], apart_mm: float = 1.0) -> list[Point]:
    """Return where beams begin, positions closer than `apart_mm` as one; a couch may move later."""
    found: list[Point] = []
    for beam in beams:
        for point in beam.isocentres_mm[:1]:
            if all(math.dist(point, other) > apart_mm for other in found):
                found.append(point)
    return found


LEAST_NODES: Final = 10
"""Beams from which many target points mean a delivery without an isocentre."""

POINTS_PER_BEAM: Final = 1 / 3
"""Share of beams with a target point of their own from which there is no isocentre."""


def is_non_isocentric(beams: tuple[Beam, ...]) -> bool:
    """Tell whether beams have target points of their own, as the nodes of a robotic delivery do.

    A plan with a few isocentres, each of several beams, is isocentric however many beams it has.
    """
    points = isocentres_of(beams)
    return len(beams) >= LEAST_NODES and len(points) > len(beams) * POINTS_PER_BEAM


def _middle(points: list[Point]) -> Point:
    x, y, z = (sum(axis) / len(points) for axis in zip(*points, strict=True))
    return x, y, z


def _target_centre(context: CheckContext) -> Point | None:
    region = context.region("PTV")
    return None if isinstance(region, Reason) else centroid_mm(cells_of(region))


@check(
    "ISOCENTRE_COUNT",
    title="Number of isocentres",
    group=Group.BEAMS,
    severity=Severity.MINOR,
    milder=(Severity.INFO,),
    rows=(10,),
)
def isocentre_count(context: CheckContext, most: int = 1) -> Iterator[Outcome]:
    """Find more isocentres than the protocol expects, and beams without one.

    Isocentres less than 1 mm apart are one; of a beam whose couch moves, its first counts. Where
    the beams have target points of their own, as the nodes of a robotic delivery do, there is no
    isocentre to count.

    Parameters
    ----------
    most
        Isocentres that a plan may have.
    """
    beams = context.plan.beams if context.plan else ()
    found = isocentres_of(beams)
    if beams and not found:
        text = say("no beam states an isocentre, so beams and patient cannot be put together")
        yield Untold(say("plan"), text, say("Export the plan again, with its isocentre."))
        return
    for beam in beams:
        if not beam.isocentres_mm:
            advice = say("Ask the site where the isocentre of the beam is.")
            text = say("it states no isocentre")
            yield Found(name_of(beam), text, advice, say("nothing"), say("one"))
    if is_non_isocentric(beams):
        text = say(
            "non-isocentric delivery: {0} with {1}; isocentres are not counted",
            counted(len(beams), "beam"),
            counted(len(found), "target point"),
        )
        yield Found(say("plan"), text, severity=Severity.INFO)
    elif len(found) > most:
        text = say("{0} isocentres", len(found))
        advice = say("Check whether several targets are treated, or a shift was forgotten.")
        yield Found(say("plan"), text, advice, str(len(found)), say("at most {0}", most))
    elif found:
        yield Passed(say("plan"), str(len(found)), say("at most {0}", most))


@check(
    "ISOCENTRE_FAR",
    title="Distance of the isocentre",
    group=Group.BEAMS,
    severity=Severity.MINOR,
    rows=(10,),
)
def isocentre_far(context: CheckContext, most_mm: float = 100.0) -> Iterator[Outcome]:
    """Find an isocentre far from the middle of the PTV; of target points their middle.

    Parameters
    ----------
    most_mm
        Distance to the centre of the PTV's volume that is still near.
    """
    points = isocentres_of(context.plan.beams) if context.plan else []
    centre = _target_centre(context) if points else None
    if centre is None:
        return
    beams = context.plan.beams if context.plan else ()
    for point in [_middle(points)] if is_non_isocentric(beams) else points:
        away = math.dist(point, centre)
        where, expected = say("isocentre"), say("at most {0} mm", f"{most_mm:g}")
        if away > most_mm:
            text = say("{0} mm from the centre of the PTV", f"{away:.0f}")
            yield Found(where, text, say("Check the isocentre."), f"{away:.0f} mm", expected)
        else:
            yield Passed(where, f"{away:.1f} mm", expected)


@check(
    "ISOCENTRE_OUTSIDE",
    title="Isocentre and body",
    group=Group.BEAMS,
    severity=Severity.MINOR,
    rows=(10,),
)
def isocentre_outside(context: CheckContext) -> Iterator[Outcome]:
    """Find an isocentre outside the outline of the body."""
    points = isocentres_of(context.plan.beams) if context.plan else []
    cells = context.body_cells if points else None
    if cells is None:
        return
    outside = sum(not context.in_body(point) for point in points)
    if outside:
        text = say("{0} of {1} outside the body", outside, len(points))
        found = say("{0} of {1} outside", outside, len(points))
        advice = say("Check the isocentre and the outline.")
        yield Found(say("isocentre"), text, advice, found, say("inside the body"))
    else:
        yield Passed(say("isocentre"), say("inside"), say("inside the body"))


@check("OTHER_SIDE", title="Beams through the opposite side", group=Group.BEAMS, rows=(12,))
def other_side(context: CheckContext, deep_mm: float = 50.0) -> Iterator[Outcome]:
    """Tell of coplanar beams that enter from the other side of the body than the target lies.

    Looked at where the PTV's centre is more than `deep_mm` from the middle of the body, for couch
    angles within 10 degrees of 0 and a supine or prone patient. Arcs are told only when they spend
    less than half their control points on the target's side.

    Parameters
    ----------
    deep_mm
        Distance of the target from the middle of the body, in x, from which a side is meant.
    """
    plan, cells = context.plan, context.body_cells
    centre = _target_centre(context) if plan and plan.beams else None
    if plan is None or cells is None or centre is None:
        return
    offset = centre[0] - (cells.x_low_mm + cells.x_high_mm) / 2
    if abs(offset) < deep_mm:
        return
    turned = LEFT_AT_90.get(plan.patient_position)
    if turned is None:
        return
    names = [name_of(b) for b in plan.beams if _from_other_side(b, turned * offset)]
    side = say("left") if offset > 0 else say("right")
    if names:
        text = say(
            "{0} from the other side; the target lies {1} mm to the {2}",
            counted(len(names), "beam"),
            f"{abs(offset):.0f}",
            side,
        )
        yield Found(joined(", ", names), text, say("Check that this is intended."))
    else:
        yield Passed(say("plan"), say("all from the {0} or the middle", side), say("the {0}", side))


def _from_other_side(beam: Beam, offset_mm: float) -> bool:
    """Tell whether a coplanar beam enters opposite to where the target lies, towards gantry 90."""
    couch = beam.couch_deg[0] if beam.couch_deg else 0.0
    if min(couch % 360, -couch % 360) > 10 or not beam.gantry_deg:
        return False
    angles = [p.gantry_deg for p in beam.points if p.gantry_deg is not None] or beam.gantry_deg
    sides = [math.sin(math.radians(a)) for a in angles]
    across = [s for s in sides if s * offset_mm < -math.sin(math.radians(30)) * abs(offset_mm)]
    return len(across) > len(sides) / 2


@check(
    "CONTROL_POINTS",
    title="Control points",
    group=Group.BEAMS,
    severity=Severity.MINOR,
    rows=(33,),
)
def control_points(context: CheckContext, most_step_deg: float = 20.0) -> Iterator[Outcome]:
    """Find beams whose control points cannot be delivered as they stand.

    Cumulative meterset weights must begin at 0, never fall, and end at the Final Cumulative
    Meterset Weight; a beam needs at least two control points; an arc must not jump.

    Parameters
    ----------
    most_step_deg
        Gantry angle between two control points of an arc.
    """
    sound = 0
    for beam in context.plan.beams if context.plan else ():
        wrong = list(_wrong_points(beam, most_step_deg)) if beam.points else []
        sound += bool(beam.points) and not wrong
        for text in wrong:
            yield Found(
                name_of(beam),
                text,
                say("Export the plan again; ask the site if the finding persists."),
            )
    if sound:
        yield Passed(counted(sound, "beam"), say("weights rise from 0 to the end"), say("no jumps"))


def _wrong_points(beam: Beam, most_step_deg: float) -> Iterator[str]:
    if len(beam.points) < 2:
        yield say("it has one control point only")
        return
    weights = [p.weight for p in beam.points if p.weight is not None]
    if len(weights) < 2:
        return
    if weights[0] != 0:
        yield say("its meterset weights begin at {0}, not at 0", f"{weights[0]:g}")
    if any(b < a for a, b in pairwise(weights)):
        yield say("its cumulative meterset weights fall")
    final = beam.final_weight
    if final is not None and abs(weights[-1] - final) > 1e-4 * max(abs(final), 1.0):
        yield say("its meterset weights end at {0} of {1}", f"{weights[-1]:g}", f"{final:g}")
    step = _widest_step(beam.points)
    if step > most_step_deg:
        yield say("its gantry moves {0} degrees between two control points", f"{step:.0f}")


def _widest_step(points: tuple[ControlPoint, ...]) -> float:
    """Return the widest angle between two points of an arc that turns; 0 for a fixed gantry."""
    widest, before = 0.0, None
    for point in points:
        if point.gantry_deg is None:
            continue
        if before is not None:
            widest = max(widest, abs((point.gantry_deg - before + 180) % 360 - 180))
        before = point.gantry_deg
    return widest if len(points) > 2 else 0.0


@check("FIELD_SMALL", title="Small fields", group=Group.BEAMS, source="IAEA TRS-483", rows=(33,))
def small_fields(
    context: CheckContext, least_mm: float = 10.0, most_percent: float = 20.0
) -> Iterator[Outcome]:
    """Tell of beams that deliver much of their meterset through very small openings.

    The opening is what jaws and leaves leave together, as the side of the square of its area. Below
    about 1 cm output factors and commissioning decide how right the dose is. Control points count
    by the meterset up to the next.

    Parameters
    ----------
    least_mm
        Side of the square from which an opening is no longer small.
    most_percent
        Meterset through small openings that is still usual.
    """
    smallest: dict[str, float] = {}
    for beam in context.plan.beams if context.plan else ():
        shares = _shares(beam)
        if not shares:
            continue
        small = 100 * sum(w for w, side in shares if side < least_mm) / sum(w for w, _ in shares)
        smallest[name_of(beam)] = min(side for w, side in shares)
        if small > most_percent:
            text = say(
                "{0} % of its meterset through less than {1} mm", f"{small:.0f}", f"{least_mm:g}"
            )
            found = say("smallest {0} mm", f"{smallest[name_of(beam)]:.0f}")
            advice = say("Check that such fields are commissioned.")
            yield Found(name_of(beam), text, advice, found, say("at least {0} mm", f"{least_mm:g}"))
            smallest.pop(name_of(beam))
    if smallest:
        found = say("smallest {0} mm", f"{min(smallest.values()):.0f}")
        yield Passed(counted(len(smallest), "beam"), found, say("at least {0} mm", f"{least_mm:g}"))


def _shares(beam: Beam) -> list[tuple[float, float]]:
    """Return the meterset weight and the equivalent square (mm) of each open segment."""
    shares = []
    for here, after in pairwise(beam.points):
        if here.opening is None or here.weight is None or after.weight is None:
            continue
        weight, side = after.weight - here.weight, here.opening.equivalent_square_mm
        if weight > 0 and side > 0:
            shares.append((weight, side))
    return shares
