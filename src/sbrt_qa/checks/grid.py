"""Whether the dose grid is fine, wide and of the kind that limits need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, check
from sbrt_qa.geometry.margins import Extent, extent_of
from sbrt_qa.geometry.regions import cells_of
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
    sides = [round(s, 3) for s in dose.spacing_mm]
    found, expected = " x ".join(f"{s:g}" for s in sides) + " mm", f"<= {per_protocol_mm:g} mm"
    if max(sides) <= per_protocol_mm:
        yield Passed("dose", found, expected, f"minor <= {minor_mm:g} mm")
        return
    severity = Severity.MINOR if max(sides) <= minor_mm else None
    text = f"voxels of {found}"
    advice = "Calculate the dose again on a finer grid."
    yield Found("dose", text, advice, found, expected, f"minor <= {minor_mm:g} mm", severity)


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
        text = f"planes are {low:g} to {high:g} mm apart"
        found = f"{low:g} to {high:g} mm"
        yield Found("dose", text, "Check that no plane is missing.", found, "even planes")
    else:
        yield Passed("dose", f"every {high:g} mm", "even planes", f"{tolerance_mm:g} mm")


@check(
    "DOSE_TYPE",
    title="Kind of dose",
    group=Group.GRID,
    severity=Severity.BLOCK,
    milder=(Severity.INFO,),
    rows=(3,),
)
def dose_type(context: CheckContext) -> Iterator[Outcome]:
    """Find a dose that is not the physical dose of the whole plan in Gy.

    Dose Type must be PHYSICAL and Dose Summation Type PLAN; all beams added up here count as the
    plan, with a word. Doses in relative units or without a scaling are refused when they are read.
    """
    dose = _dose(context)
    if dose is None:
        return
    found, expected = f"{dose.dose_type}, {dose.summation}", "PHYSICAL, PLAN"
    if dose.dose_type is not DoseType.PHYSICAL:
        advice = "Export the physical dose."
        yield Found("dose", f"its type is {dose.dose_type}", advice, found, expected)
    elif dose.summation in (Summation.PLAN, Summation.MULTI_PLAN):
        yield Passed("dose", found, expected)
    elif dose.summation is Summation.SUMMED_BEAMS:
        text = "the doses of all beams, added up here"
        yield Found("dose", text, found=found, expected=expected, severity=Severity.INFO)
    else:
        yield Found("dose", f"it is a sum of {dose.summation}", "", found, expected)


@check("DOSE_UNUSED", title="Number of doses", group=Group.GRID, rows=(3,))
def unused_doses(context: CheckContext) -> Iterator[Outcome]:
    """Tell of further doses of the plan that were not used."""
    unused = context.case.provenance.unused_doses
    if unused:
        yield Found("dose", f"doses of this plan that were not used: {', '.join(unused)}")
    elif _dose(context) is not None:
        yield Passed("dose", "one dose", "one dose")


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
    because somebody gave densities to structures; WATER is wrong. Few systems write nothing.
    """
    dose = _dose(context)
    if dose is None:
        return
    stated = ", ".join(dose.heterogeneity)
    if "WATER" in dose.heterogeneity:
        advice = "Calculate the dose again with heterogeneity correction."
        yield Found("dose", "the dose was calculated in water", advice, stated, "IMAGE")
    elif "ROI_OVERRIDE" in dose.heterogeneity:
        text = "densities of structures were overridden"
        advice = "Ask which, see DENSITY_OVERRIDE."
        yield Found("dose", text, advice, stated, "IMAGE", severity=Severity.INFO)
    elif stated:
        yield Passed("dose", stated, "IMAGE")
    else:
        text = "the dose does not state its heterogeneity correction"
        yield Found("dose", text, severity=Severity.INFO)


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
    found = ", ".join(f"{side} {mm:.0f}" for side, mm in room.items()) + " mm"
    expected = f"{margin_mm:g} mm, or to the end of the body"
    if not short:
        yield Passed("PTV", found, expected, "0.5 mm")
        return
    cut = any(mm < 0 for mm in short.values())
    text = "the dose grid ends within the PTV" if cut else (
        f"the dose grid ends {min(short.values()):.0f} mm from the PTV ({', '.join(short)})"
    )  # fmt: skip
    severity = None if cut else Severity.MINOR
    advice = "Calculate the dose on a larger grid."
    yield Found("PTV", text, advice, found, expected, "0.5 mm", severity)


def _room(dose: DoseGrid, own: Extent) -> dict[str, float]:
    """Return how far the dose is known beyond each side of a box."""
    x, y, z = dose.x_mm, dose.y_mm, dose.z_mm
    return {
        "right": own.x_low - float(x[0]), "left": float(x[-1]) - own.x_high,
        "anterior": own.y_low - float(y[0]), "posterior": float(y[-1]) - own.y_high,
        "inferior": own.z_low - float(z[0]), "superior": float(z[-1]) - own.z_high,
    }  # fmt: skip


def _wanted(context: CheckContext, own: Extent, margin_mm: float) -> dict[str, float]:
    """Return how far it must be known on each side: the margin, or less where the body ends."""
    sides = ("right", "left", "anterior", "posterior", "inferior", "superior")
    body = context.body_extent
    if body is None:
        return dict.fromkeys(sides, margin_mm)
    ends = (
        own.x_low - body.x_low, body.x_high - own.x_high, own.y_low - body.y_low,
        body.y_high - own.y_high, own.z_low - body.z_low, body.z_high - own.z_high,
    )  # fmt: skip
    return {side: min(margin_mm, max(end, 0.0)) for side, end in zip(sides, ends, strict=True)}


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
        more = f"; and {len(differing) - SHOWN} more" if len(differing) > SHOWN else ""
        text = f"{len(differing)} values differ: {'; '.join(differing[:SHOWN])}{more}"
        yield Found("dose", text, "Look at the table of both values.")
    else:
        yield Passed("dose", "all within tolerance", "our values")
