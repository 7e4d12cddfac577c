"""Whether the dose grid is fine, wide and of the kind that limits need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, Untold, check
from sbrt_qa.errors import quoted
from sbrt_qa.geometry.margins import Extent, extent_of
from sbrt_qa.geometry.regions import cells_of
from sbrt_qa.i18n.phrase import joined, say
from sbrt_qa.model.grid import DoseGrid, DoseType, Summation
from sbrt_qa.model.outcome import Reason, Severity

SHOWN: Final = 4
"""Values that one finding lists."""

TG101: Final = "AAPM TG-101 (recalled); bounds proposed"


def _dose(context: CheckContext) -> DoseGrid | None:
    return None if isinstance(context.case.dose, Reason) else context.case.dose


@check(
    "DOSE_GRID_SPACING",
    title="Spacing of the dose grid",
    group=Group.GRID,
    severity=Severity.MAJOR,
    milder=(Severity.MINOR,),
    source=TG101,
    rows=(15,),
)
def spacing(
    context: CheckContext, per_protocol_mm: float = 2.0, minor_mm: float = 3.0
) -> Iterator[Outcome]:
    """Find a dose grid too coarse for steep dose.

    The widest spacing along x, y and z counts. TG-101 recommends 2 mm or less.

    Parameters
    ----------
    per_protocol_mm, minor_mm
        Largest spacing per protocol, and as a minor deviation; both belong to the better side.
    """
    dose = _dose(context)
    if dose is None:
        return
    if 1 in dose.dose_gy.shape:
        yield Untold(say("dose"), say("the dose has one plane only, and holds no volume"))
        return
    sides = [round(s, 3) for s in dose.spacing_mm]
    found, expected = " × ".join(f"{s:g}" for s in sides) + " mm", f"<= {per_protocol_mm:g} mm"
    if max(sides) <= per_protocol_mm:
        yield Passed(say("dose"), found, expected, say("minor <= {0} mm", f"{minor_mm:g}"))
        return
    severity = Severity.MINOR if max(sides) <= minor_mm else None
    text = say("voxels of {0}", found)
    advice = say("Calculate the dose again on a finer grid.")
    yield Found(
        say("dose"),
        text,
        advice,
        found,
        expected,
        say("minor <= {0} mm", f"{minor_mm:g}"),
        severity,
    )


@check(
    "DOSE_GRID_UNEVEN",
    title="Planes of the dose grid",
    group=Group.GRID,
    severity=Severity.MINOR,
    rows=(15,),
)
def uneven(context: CheckContext, tolerance_mm: float = 0.01) -> Iterator[Outcome]:
    """Find a dose grid whose planes are not evenly spaced: planes may have been lost.

    Parameters
    ----------
    tolerance_mm
        Difference of two gaps that is still even.
    """
    dose = _dose(context)
    if dose is None or dose.z_mm.size < 3:
        return
    gaps = np.diff(dose.z_mm)
    low, high = float(gaps.min()), float(gaps.max())
    if high - low > tolerance_mm:
        text = say("planes are {0} to {1} mm apart", f"{low:g}", f"{high:g}")
        found = say("{0} to {1} mm", f"{low:g}", f"{high:g}")
        yield Found(
            say("dose"), text, say("Check that no plane is missing."), found, say("even planes")
        )
    else:
        yield Passed(
            say("dose"),
            say("every {0} mm", f"{high:g}"),
            say("even planes"),
            f"{tolerance_mm:g} mm",
        )


@check(
    "DOSE_TYPE",
    title="Type of dose",
    group=Group.GRID,
    severity=Severity.BLOCK,
    milder=(Severity.INFO, Severity.MINOR),
    rows=(3,),
)
def dose_type(context: CheckContext) -> Iterator[Outcome]:
    """Find a dose that is not the physical dose of the whole plan in Gy.

    Dose Type must be PHYSICAL and Dose Summation Type PLAN; all beams added up here count as the
    plan, with a word. Doses in relative units or without a scaling are refused when they are read.
    A dose that a registration moved (Spatial Transform of Dose) is not the one that was calculated:
    minor, as values are those of another place by as much as the registration is wrong.
    """
    dose = _dose(context)
    if dose is None:
        return
    if dose.spatial_transform not in ("", "NONE"):
        text = say(
            "a registration moved the dose: Spatial Transform of Dose {0}",
            quoted(dose.spatial_transform),
        )
        advice = say("Export the dose as it was calculated, on the planning image.")
        yield Found(
            say("dose"), text, advice, dose.spatial_transform, "NONE", severity=Severity.MINOR
        )
    found, expected = f"{dose.dose_type}, {dose.summation}", "PHYSICAL, PLAN"
    if dose.dose_type is not DoseType.PHYSICAL:
        advice = say("Export the physical dose.")
        yield Found(say("dose"), say("its type is {0}", dose.dose_type), advice, found, expected)
    elif dose.stands_for_plan:
        text = say("taken for the dose of the plan, see DOSE_CHOICE")
        yield Found(say("dose"), text, found=found, expected=expected, severity=Severity.INFO)
    elif dose.summation in (Summation.PLAN, Summation.MULTI_PLAN):
        yield Passed(say("dose"), found, expected)
    elif dose.summation is Summation.SUMMED_BEAMS:
        text = say("the doses of all beams, added up here")
        yield Found(say("dose"), text, found=found, expected=expected, severity=Severity.INFO)
    else:
        yield Found(say("dose"), say("it is a sum of {0}", dose.summation), "", found, expected)


@check("DOSE_CHOICE", title="Choice of the dose", group=Group.GRID, rows=(3,))
def dose_choice(context: CheckContext) -> Iterator[Outcome]:
    """Tell how the dose was chosen, where several were there or the file says something else.

    Dose Type, then Dose Summation Type, then the fraction groups of the plan decide.
    """
    for decision in context.case.provenance.dose_decisions:
        yield Found(say("dose"), decision)


@check(
    "DOSE_STATED",
    title="Type of dose stated by the user",
    group=Group.GRID,
    severity=Severity.MINOR,
    milder=(Severity.INFO,),
    source="proposed bounds",
    rows=(3,),
)
def dose_stated(context: CheckContext) -> Iterator[Outcome]:
    """Tell that the user states what the dose holds; against what the file states it is minor."""
    dose = _dose(context)
    if dose is None or not dose.taken_as:
        return
    found = say("Dose Summation Type {0}", dose.summation)
    if context.case.provenance.dose_against_file:
        text = say("{0}; the file states otherwise", dose.taken_as)
        yield Found(say("dose"), text, say("Ask the site what the dose holds."), found)
    else:
        yield Found(say("dose"), dose.taken_as, found=found, severity=Severity.INFO)


@check(
    "DOSE_PARTS_DIFFER",
    title="Dose of the plan and of its beams",
    group=Group.GRID,
    severity=Severity.MINOR,
    source="proposed bounds",
    rows=(3,),
)
def parts_differ(context: CheckContext) -> Iterator[Outcome]:
    """Find a dose of the plan that is not the sum of the doses of its beams, beside it.

    Compared are 95 % of the voxels where either is high; 3 % of the maximum may be noise. Beams
    that add up to one fraction of the plan agree. Values are those of the dose of the plan.
    """
    for doubt in context.case.provenance.dose_doubts:
        advice = say("Ask the site which is right; one of them may be of another calculation.")
        yield Found(say("dose"), doubt, advice)


@check("DOSE_UNUSED", title="Number of doses", group=Group.GRID, rows=(3,))
def unused_doses(context: CheckContext) -> Iterator[Outcome]:
    """Tell of further doses of the plan that were not used."""
    unused = context.case.provenance.unused_doses
    if unused:
        yield Found(
            say("dose"), say("doses of this plan that were not used: {0}", ", ".join(unused))
        )
    elif _dose(context) is not None:
        yield Passed(say("dose"), say("one dose"), say("one dose"))


@check(
    "HETEROGENEITY",
    title="Heterogeneity correction",
    group=Group.GRID,
    severity=Severity.MAJOR,
    milder=(Severity.INFO,),
    source="AAPM TG-101 (recalled)",
    rows=(14,),
)
def heterogeneity(context: CheckContext) -> Iterator[Outcome]:
    """Find a dose calculated in water instead of the patient.

    Tissue Heterogeneity Correction (3004,0014): IMAGE is as it should be; ROI_OVERRIDE is told,
    because somebody gave densities to structures; WATER is wrong. Few systems write nothing; that
    and any other term are told.
    """
    dose = _dose(context)
    if dose is None:
        return
    stated = ", ".join(dose.heterogeneity)
    if "WATER" in dose.heterogeneity:
        advice = say("Calculate the dose again with heterogeneity correction.")
        yield Found(say("dose"), say("the dose was calculated in water"), advice, stated, "IMAGE")
    elif "ROI_OVERRIDE" in dose.heterogeneity:
        text = say("densities of structures were overridden")
        advice = say("Ask the site which ones; see DENSITY_OVERRIDE.")
        yield Found(say("dose"), text, advice, stated, "IMAGE", severity=Severity.INFO)
    elif set(dose.heterogeneity) - {"IMAGE"}:
        text = say("{0} is no heterogeneity correction that DICOM knows", quoted(stated))
        advice = say("Ask the site whether the dose was calculated in the patient.")
        yield Found(say("dose"), text, advice, stated, "IMAGE", severity=Severity.INFO)
    elif stated:
        yield Passed(say("dose"), stated, "IMAGE")
    else:
        text = say("the dose does not state its heterogeneity correction")
        yield Found(say("dose"), text, severity=Severity.INFO)


@check(
    "DOSE_GRID_MARGIN",
    title="Dose grid around the target",
    group=Group.GRID,
    severity=Severity.MAJOR,
    milder=(Severity.MINOR,),
    rows=(16,),
)
def grid_margin(context: CheckContext, margin_mm: float = 20.0) -> Iterator[Outcome]:
    """Find a dose grid that does not hold the PTV and a margin around it.

    The margin is needed only inside the body. Where the body has no outline it is needed
    everywhere. A grid that cuts the PTV is a major deviation; one that cuts the margin is a minor
    one.

    Parameters
    ----------
    margin_mm
        Dose around the PTV that must be known.
    """
    dose, target = _dose(context), context.region("PTV")
    if dose is None or isinstance(target, Reason):
        return
    own = extent_of(cells_of(target))
    room = _room(dose, own)
    wanted = _wanted(context, own, margin_mm)
    short = {side: room[side] for side, mm in wanted.items() if room[side] < mm - 0.5}
    found = say(
        "right {0}, left {1}, anterior {2}, posterior {3}, inferior {4}, superior {5} mm",
        *(f"{mm:.0f}" for mm in room.values()),
    )
    expected = say("{0} mm, or to the end of the body", f"{margin_mm:g}")
    if not short:
        yield Passed("PTV", found, expected, "0.5 mm")
        return
    cut = any(mm < 0 for mm in short.values())
    nearest, sides = f"{min(short.values()):.0f}", joined(", ", short)
    text = say("the dose grid ends {0} mm from the PTV ({1})", nearest, sides)
    if cut:
        text = say("the dose grid ends within the PTV")
    severity = None if cut else Severity.MINOR
    advice = say("Calculate the dose on a larger grid.")
    yield Found("PTV", text, advice, found, expected, "0.5 mm", severity)


SIDES: Final = (
    say("right"), say("left"), say("anterior"), say("posterior"), say("inferior"), say("superior"),
)  # fmt: skip


def _room(dose: DoseGrid, own: Extent) -> dict[str, float]:
    """Return how far the dose is known beyond each side of a box."""
    x, y, z = dose.x_mm, dose.y_mm, dose.z_mm
    room_mm = (
        own.x_low - float(x[0]), float(x[-1]) - own.x_high,
        own.y_low - float(y[0]), float(y[-1]) - own.y_high,
        own.z_low - float(z[0]), float(z[-1]) - own.z_high,
    )  # fmt: skip
    return dict(zip(SIDES, room_mm, strict=True))


def _wanted(context: CheckContext, own: Extent, margin_mm: float) -> dict[str, float]:
    """Return how far it must be known on each side: the margin, or less where the body ends."""
    body = context.body_extent
    if body is None:
        return dict.fromkeys(SIDES, margin_mm)
    ends = (
        own.x_low - body.x_low, body.x_high - own.x_high, own.y_low - body.y_low,
        body.y_high - own.y_high, own.z_low - body.z_low, body.z_high - own.z_high,
    )  # fmt: skip
    return {side: min(margin_mm, max(end, 0.0)) for side, end in zip(SIDES, ends, strict=True)}


@check(
    "STORED_DVH_DIFFERS",
    title="Stored DVHs and ours",
    group=Group.GRID,
    source="proposed tolerances, see docs/conventions.md",
    rows=(30,),
)
def stored_dvh(context: CheckContext) -> Iterator[Outcome]:
    """Tell where the DVHs that the planning system stored with the dose differ from ours.

    Volume, mean, maximum and the metrics that limits ask for. The values stand beside each other in
    the report, with the tolerance and the likely cause. The limits always use our value.
    """
    differing = context.site_differences
    if differing is None:
        return
    if differing:
        more = say("; and {0} more", len(differing) - SHOWN) if len(differing) > SHOWN else ""
        text = say("{0} values differ: {1}{2}", len(differing), "; ".join(differing[:SHOWN]), more)
        yield Found(say("dose"), text, say("Compare both values in the table."))
    else:
        yield Passed(say("dose"), say("all within tolerance"), say("our values"))
