"""Whether the doses that the beams state fit the prescription and the dose grid."""

from __future__ import annotations

from collections.abc import Iterator

from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, check
from sbrt_qa.dosimetry.interpolation import dose_at_gy
from sbrt_qa.i18n.phrase import counted, say
from sbrt_qa.model.grid import DoseType
from sbrt_qa.model.outcome import Reason, Severity
from sbrt_qa.units import apart_from


@check(
    "BEAM_DOSE_SUM",
    title="Beam doses, prescription and dose grid",
    group=Group.PRESCRIPTION,
    severity=Severity.MAJOR,
    milder=(Severity.INFO, Severity.MINOR),
    rows=(7,),
)
def beam_dose_sum(
    context: CheckContext, minor_percent: float = 2.0, major_percent: float = 5.0
) -> Iterator[Outcome]:
    """Compare the doses of the beams times fractions with the prescription and the dose grid.

    Made where the beams do not say for which point their doses are; where they do, see
    BEAM_DOSE_AT_POINT. The sum must be the prescription, or lie between it and the dose maximum:
    stereotactic doses are prescribed to the edge of the target, and beam doses are often given for
    its middle. What counts is how far the sum lies outside that range, in per cent of the
    prescription.

    Parameters
    ----------
    minor_percent, major_percent
        Beyond the first it is minor, beyond the second major.
    """
    plan, rx_gy, fractions = context.plan, context.prescription_gy, context.fractions
    if plan is None or rx_gy is None or fractions is None or not plan.beams:
        return
    if any(b.dose_point_mm is not None for b in plan.beams):
        return
    doses = [b.dose_gy for b in plan.beams]
    known = [d for d in doses if d is not None]
    if not known:
        return
    if len(known) < len(doses):
        text = say(
            "{0} of {1} without a dose", len(doses) - len(known), counted(len(doses), "beam")
        )
        yield Found(say("plan"), text, severity=Severity.INFO)
        return
    total = sum(known) * fractions
    highest = max(context.doses.metric_context.dose_max_gy or rx_gy, rx_gy)
    outside = max(rx_gy - total, total - highest, 0.0) / rx_gy * 100
    found = f"{total:.2f} Gy"
    expected = (
        say("{0} to {1} Gy", f"{rx_gy:g}", f"{highest:.2f}") if highest > rx_gy else f"{rx_gy:g} Gy"
    )
    tolerance = f"{minor_percent:g} %"
    if outside <= minor_percent:
        yield Passed(say("plan"), found, expected, tolerance)
        return
    severity = Severity.MINOR if outside <= major_percent else None
    given = counted(fractions, "fraction")
    off = apart_from(outside, minor_percent, 1)
    text = say("the beam doses add up to {0} in {1}, {2} % off", found, given, off)
    advice = say("Check prescription, fractions and normalisation.")
    yield Found(say("plan"), text, advice, found, expected, tolerance, severity)


@check(
    "BEAM_DOSE_AT_POINT",
    title="Beam doses at their point in the dose grid",
    group=Group.PRESCRIPTION,
    severity=Severity.MAJOR,
    milder=(Severity.INFO, Severity.MINOR),
    rows=(7,),
)
def beam_dose_at_point(
    context: CheckContext, minor_percent: float = 5.0, major_percent: float = 10.0
) -> Iterator[Outcome]:
    """Compare the dose that the beams state for a common point with the dose grid at that point.

    Made where all beams give the same Beam Dose Specification Point (300A,0082) within 1 mm, and it
    lies in the dose grid. A dose that belongs to other metersets, to one fraction, or to another
    plan is found.

    Parameters
    ----------
    minor_percent, major_percent
        Of the dose in the grid; beyond the first it is minor, beyond the second major.
    """
    plan, fractions = context.plan, context.fractions
    if plan is None or fractions is None or not plan.beams:
        return
    points = {b.dose_point_mm and tuple(round(c) for c in b.dose_point_mm) for b in plan.beams}
    doses = [b.dose_gy for b in plan.beams if b.dose_gy is not None]
    at = plan.beams[0].dose_point_mm
    if len(points) != 1 or at is None or len(doses) < len(plan.beams):
        return
    dose = context.case.dose
    if isinstance(dose, Reason) or dose.dose_type is not DoseType.PHYSICAL:
        return
    there = dose_at_gy(dose, at)
    if there is None:
        text = say("the beams' dose point lies outside the dose grid")
        yield Found(say("plan"), text, severity=Severity.INFO)
        return
    total = sum(doses) * fractions
    off = abs(total - there) / max(there, 0.01) * 100
    found, expected, tolerance = f"{total:.2f} Gy", f"{there:.2f} Gy", f"{minor_percent:g} %"
    if off <= minor_percent:
        yield Passed(say("plan"), found, expected, tolerance)
        return
    severity = Severity.MINOR if off <= major_percent else None
    text = say("the beams state {0} at a point where the dose grid has {1}", found, expected)
    advice = say("Check that the dose is of this plan, and of all its fractions.")
    yield Found(say("plan"), text, advice, found, expected, tolerance, severity)
