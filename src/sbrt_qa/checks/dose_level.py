"""Whether the dose can be the dose of this plan at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from sbrt_qa.checks.anatomy.limits_at_stake import LEAST_VOXELS, hot_places
from sbrt_qa.checks.dose_gaps import copied_planes, cut_in_body_cm2, planes_without_dose
from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, check
from sbrt_qa.dosimetry.interpolation import dose_at_gy
from sbrt_qa.dosimetry.sampling import dose_at
from sbrt_qa.geometry.distance import Distance, contains
from sbrt_qa.geometry.margins import extent_of, volume_of_cc
from sbrt_qa.geometry.regions import Cells, cells_of
from sbrt_qa.i18n.phrase import counted, say
from sbrt_qa.model.course import CourseDecision
from sbrt_qa.model.grid import DoseGrid, DoseType, FloatArray
from sbrt_qa.model.outcome import Reason, Severity
from sbrt_qa.model.target_kind import is_target

LOWEST, HIGHEST = 0.9, 2.5
"""Maxima, as parts of the prescription, outside which a dose is taken for another's.

Radiosurgery prescribes to 50 % of the maximum; no plan stays a tenth below its prescription.
"""

LIKELY: Final = (0.95, 2.0)
"""Maxima, as parts of the prescription, of which nearly all plans are."""

MULTIPLES: Final = {
    2.0: say(
        "twice the prescription at the isocentre: prescribed to the 50 % line, or a dose of two "
        "plans?"
    ),
    0.5: say("half the prescription at the isocentre: half of the fractions, or one of two plans?"),
}
"""What doses at the isocentre that are simple multiples of the prescription may come from."""

ADVICE: Final = say("Check that this is the dose of the whole plan, and its total dose.")

MOST_HOT: Final = 4000
"""Voxels that stand for a volume."""

FEWEST_FLAT: Final = 27
"""Voxels of one value, below which a maximum is no plateau."""

MOST_PLACES: Final = 5
"""Planes that a finding lists."""

EXPORT_AGAIN: Final = say("Export the dose again, calculated over the whole body.")

CUT_OFF: Final = say("Have the dose exported anew, with a scaling that holds its maximum.")


@check(
    "DOSE_FAR_FROM_PRESCRIPTION",
    title="Dose maximum and prescription",
    group=Group.PRESCRIPTION,
    severity=Severity.BLOCK,
    milder=(Severity.MAJOR,),
    rows=(3, 7),
)
def dose_far_from_prescription(
    context: CheckContext, beside_mm: float = 10.0, beside_percent: float = 20.0
) -> Iterator[Found]:
    """Find a dose whose maximum is far from the prescription: a wrong file, or a part of one.

    A likely cause is named where one factor explains it: values in cGy or mGy that are labelled Gy,
    or the dose of one fraction. Nothing that was computed from such a dose is relied on.

    Major is a dose that lies beside the target: much of the PTV gets less than 90 % of the
    prescription while as much volume away from all targets gets all of it, as with the dose of
    another plan, or one that is mirrored or shifted.

    Parameters
    ----------
    beside_mm
        Distance from every target beyond which the prescribed dose does not belong.
    beside_percent
        Both volumes, in per cent of the PTV's, from which on it is found.
    """
    known = context.doses.metric_context
    prescribed, highest = known.prescription_gy, known.dose_max_gy
    if not isinstance(prescribed, int | float) or highest is None:
        return
    if not LOWEST * prescribed <= highest <= HIGHEST * prescribed:
        yield Found(
            say("dose"),
            say(
                "maximum {0} Gy, but {1} Gy prescribed{2}",
                f"{highest:.2f}", f"{prescribed:g}", _hint(highest / prescribed, context.fractions),
            ),
            ADVICE,
        )  # fmt: skip
        return
    yield from _beside_target(context, prescribed, beside_mm, beside_percent)


def _beside_target(
    context: CheckContext, rx_gy: float, beside_mm: float, beside_percent: float
) -> Iterator[Found]:
    """Find a dose that leaves out the PTV and reaches the prescription elsewhere.

    Of a course of several plans, or of plans of which nothing tells how they belong together, the
    dose and the PTV may be of different ones.
    """
    course = context.case.course
    if course is not None and course.decision in (CourseDecision.UNTOLD, CourseDecision.PARTS):
        return
    dose, region = context.case.dose, context.region("PTV")
    if isinstance(dose, Reason) or isinstance(region, Reason):
        return
    if min(dose.dose_gy.shape) < LEAST_VOXELS:
        return
    ptv_cc, missed = volume_of_cc(region), _share_below(dose, cells_of(region), 0.9 * rx_gy)
    if missed is None or 100 * missed < beside_percent or not ptv_cc:
        return
    points, each_cc = hot_places(dose, rx_gy, MOST_HOT)
    away = np.ones(len(points), dtype=np.bool_)
    for target in (s for s in context.structures.values() if is_target(s)):
        known = context.doses.region(target)
        if not isinstance(known, Reason) and away.any():
            cells, left = cells_of(known), points[away]
            distance, _ = Distance(cells).nearest(left)
            away[away] = (distance > beside_mm) & ~contains(cells, left)
    beside = 100 * np.count_nonzero(away) * each_cc / ptv_cc
    if beside >= beside_percent:
        found = say(
            "{0} % of the PTV below 90 % of the prescription, and {1} cc at all of it more than "
            "{2} mm from every target",
            f"{100 * missed:.0f}", f"{np.count_nonzero(away) * each_cc:.0f}", f"{beside_mm:g}",
        )  # fmt: skip
        text = say("the dose lies beside the target: {0}", found)
        yield Found(say("dose"), text, ADVICE, found, severity=Severity.MAJOR)


def _share_below(dose: DoseGrid, cells: Cells, gy: float) -> float | None:
    """Return the part of the voxels in a region that get less; None where too few lie in it."""
    box = extent_of(cells)
    spans = (
        (dose.x_mm, box.x_low, box.x_high),
        (dose.y_mm, box.y_low, box.y_high),
        (dose.z_mm, box.z_low, box.z_high),
    )
    axes = [axis[(axis >= low) & (axis <= high)] for axis, low, high in spans]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    points = points[:: max(1, len(points) // MOST_HOT)]
    points = points[contains(cells, points)] if len(points) else points
    if len(points) < FEWEST_FLAT:
        return None
    return float((dose_at(dose, points) < gy).mean())


def _hint(ratio: float, fractions: int | None) -> str:
    """Return the likely cause of a dose that is `ratio` times what is prescribed; may be empty."""
    if ratio == 0:
        return say(": every value is 0")
    causes = [
        (100.0, say(": about a hundred times; cGy labelled as Gy?")),
        (1000.0, say(": about a thousand times; mGy labelled as Gy?")),
        (0.01, say(": about a hundredth; Gy labelled as cGy?")),
        (0.001, say(": about a thousandth; kGy, or a wrong scaling?")),
    ]
    if fractions and fractions > 1:
        one = counted(fractions, "fraction")
        causes.insert(0, (1 / fractions, say(": one of {0}; the dose of one fraction?", one)))
        causes.append(
            (float(fractions), say(": {0} times; multiplied by the fractions twice?", fractions))
        )
    low, high = LIKELY
    fitting = [text for factor, text in causes if low <= ratio / factor <= high]
    return fitting[0] if fitting else ""


@check(
    "DOSE_IMPLAUSIBLE",
    title="Implausible dose values",
    group=Group.GRID,
    severity=Severity.BLOCK,
    milder=(Severity.MINOR,),
    source="proposed bounds",
    rows=(3,),
)
def dose_implausible(
    context: CheckContext, most_gy: float = 500.0, cut_cm2: float = 10.0
) -> Iterator[Outcome]:
    """Find a dose that cannot be one of a treatment, whatever was prescribed.

    Every value 0, one value everywhere, a maximum that no treatment has, or planes of zeros between
    planes with dose. Nothing that was computed from such a dose is relied on. Minor are planes that
    are copies of the plane below, and a dose that steps to zero within the body, more than 1 cm
    from its outline: there it was not calculated, or was lost, and values are too low.

    Parameters
    ----------
    most_gy
        Highest maximum that is plausible.
    cut_cm2
        Area of such a step from which on it is told.
    """
    dose = context.case.dose
    if isinstance(dose, Reason):
        return
    highest, lowest = dose.max_gy, float(dose.dose_gy.min())
    found, expected = f"{highest:.2f} Gy", say("0 to {0} Gy, not one value", f"{most_gy:g}")
    if highest == 0:
        yield Found(say("dose"), say("every value of the dose is 0"), ADVICE, found, expected)
    elif highest > most_gy:
        text = say("a maximum of {0}, which no treatment has: wrong unit or scaling?", found)
        yield Found(say("dose"), text, ADVICE, found, expected)
    elif dose.dose_gy.size > 1 and np.isclose(lowest, highest, rtol=1e-6, atol=0.0):
        text = say("the dose is {0} everywhere", found)
        yield Found(say("dose"), text, ADVICE, found, expected)
    else:
        gaps = list(_gaps(context, dose, cut_cm2))
        yield from gaps
        if not gaps:
            yield Passed(say("dose"), found, expected)


def _gaps(context: CheckContext, dose: DoseGrid, cut_cm2: float) -> Iterator[Found]:
    """Find planes that were lost or copied, and a dose that ends within the body."""
    lost = planes_without_dose(dose)
    if lost.size:
        text = say(
            "{0} of zeros between planes with dose, at z = {1} mm",
            counted(lost.size, "plane"), _places(lost),
        )  # fmt: skip
        yield Found(say("dose"), text, EXPORT_AGAIN)
    copies = copied_planes(dose)
    if copies.size:
        text = say(
            "{0} the same as the plane below, voxel by voxel, at z = {1} mm",
            counted(copies.size, "plane"), _places(copies),
        )  # fmt: skip
        yield Found(say("dose"), text, EXPORT_AGAIN, severity=Severity.MINOR)
    body = context.body_cells
    cut = 0.0 if body is None or lost.size else cut_in_body_cm2(dose, body)
    if cut >= cut_cm2:
        text = say(
            "the dose steps to zero within the body, over {0} cm2: there it was not calculated, or "
            "was lost, and values of structures there are too low",
            f"{cut:.0f}",
        )
        yield Found(say("dose"), text, EXPORT_AGAIN, severity=Severity.MINOR)


def _places(z_mm: FloatArray) -> str:
    shown = ", ".join(f"{z:g}" for z in z_mm[:MOST_PLACES])
    return f"{shown}, ..." if z_mm.size > MOST_PLACES else shown


@check(
    "DOSE_TWICE",
    title="A multiple of the prescription at the isocentre",
    group=Group.PRESCRIPTION,
    source="proposed bounds",
    rows=(3, 7),
)
def dose_twice(context: CheckContext, tolerance_percent: float = 3.0) -> Iterator[Outcome]:
    """Tell of a dose that is twice the prescription at the isocentre, or half of it.

    Then the plan is prescribed to the 50 % line, or the dose is of two plans, of twice the
    fractions, or of half of them: nothing but a hint, because the first is usual in radiosurgery.

    Parameters
    ----------
    tolerance_percent
        How far from twice or half still counts.
    """
    rx_gy, dose = context.prescription_gy, context.case.dose
    if rx_gy is None or isinstance(dose, Reason) or dose.dose_type is not DoseType.PHYSICAL:
        return
    there = _at_isocentres(context, dose)
    if not there:
        return
    for factor, text in MULTIPLES.items():
        if all(abs(gy / (factor * rx_gy) - 1) * 100 <= tolerance_percent for gy in there):
            yield Found(say("dose"), text, ADVICE, f"{there[0]:.2f} Gy", f"{rx_gy:g} Gy")
            return
    yield Passed(say("dose"), f"{there[0]:.2f} Gy", f"{rx_gy:g} Gy")


def _at_isocentres(context: CheckContext, dose: DoseGrid) -> list[float]:
    """Return the dose at each isocentre of the plan that lies in the grid."""
    beams = context.plan.beams if context.plan else ()
    places = dict.fromkeys(point for beam in beams for point in beam.isocentres_mm)
    found = (dose_at_gy(dose, point) for point in places)
    return [gy for gy in found if gy is not None]


@check(
    "DOSE_CUT_OFF",
    title="Dose cut off at its highest value",
    group=Group.GRID,
    source="proposed bounds",
    rows=(3,),
)
def dose_cut_off(context: CheckContext, least_cc: float = 0.5) -> Iterator[Outcome]:
    """Tell of a dose whose highest value fills a volume: what was higher may have been cut off.

    Numbers that overflow, or an export up to a level, leave a plateau; a computed dose has its
    maximum in a voxel or a few. Whatever is as high as the plateau may have been higher. Nothing
    but a hint, because a dose made by hand, of a phantom, may be flat.

    Parameters
    ----------
    least_cc
        Volume of the voxels with exactly the highest value from which on it is told.
    """
    dose = context.case.dose
    if isinstance(dose, Reason) or dose.max_gy == 0:
        return
    voxels = int(np.count_nonzero(dose.dose_gy == dose.max_gy))
    volume_cc = voxels * float(np.prod(dose.spacing_mm)) / 1000
    found, expected = say("{0} cc at the highest value", f"{volume_cc:.2f}"), say("a few voxels")
    if voxels < FEWEST_FLAT or volume_cc < least_cc or voxels == dose.dose_gy.size:
        yield Passed(say("dose"), found, expected)
        return
    text = say(
        "{0} cc hold exactly the highest value, {1} Gy: what was higher may have been cut off, and "
        "every value as high as this may be too low",
        f"{volume_cc:.2f}", f"{dose.max_gy:.2f}",
    )  # fmt: skip
    yield Found(say("dose"), text, CUT_OFF, found, expected)
