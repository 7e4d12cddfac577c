"""Whether a dose of a fraction group is that of the whole plan: by the beam doses, or by the user.

Some systems (Pinnacle) write the dose of all fractions under Dose Summation Type FRACTION. The plan
says what its beams give at a point in one fraction; that, times the fractions, tells which it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sbrt_qa.dicom.read.regrid import at_point_gy
from sbrt_qa.i18n.phrase import counted, say
from sbrt_qa.model.grid import DoseGrid, Summation
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.plan import Plan
from sbrt_qa.model.stated import DoseIs

AGREES_PERCENT: Final = 3.0
"""Largest difference of beam doses and grid; real exports differ by 1.4 %."""

_OF_ALL: Final = (Summation.PLAN, Summation.MULTI_PLAN, Summation.SUMMED_BEAMS, Summation.BEAM)


def not_the_plans(dose: DoseGrid, plan: Plan | None) -> tuple[str, str]:
    """Say why a FRACTION dose cannot be taken for the plan's, or the decision that it is.

    Returns
    -------
    Why not, and the decision; one of them is empty.
    """
    ask = say("say what it holds: --dose-is plan, or --dose-is fraction")
    if plan is None:
        return say("a FRACTION dose, and no plan to compare it with; {0}", ask), ""
    if len(plan.fraction_groups) != 1:
        groups = counted(len(plan.fraction_groups), "fraction group")
        return say("a FRACTION dose of a plan with {0}; {1}", groups, ask), ""
    fractions = plan.fractions
    if not isinstance(fractions, int):
        return say("a FRACTION dose, and the plan states no number of fractions; {0}", ask), ""
    if fractions == 1:
        return "", say("a FRACTION dose of a plan of one fraction is the plan's")
    missing, stated_gy, there = _compared(dose, plan)
    if missing:
        return say(
            "a FRACTION dose that cannot be compared with the beam doses: {0}; {1}", missing, ask
        ), ""
    whole = stated_gy * fractions
    numbers = (f"{stated_gy:.2f}", fractions, f"{whole:.2f}", f"{there:.2f}")
    if _agree(whole, there):
        text = say(
            "a FRACTION dose, taken for the plan's: the beams state {0} Gy x {1} = {2} Gy where "
            "the grid has {3} Gy",
            *numbers,
        )
        return "", text
    hint = say(", which is one fraction") if _agree(stated_gy, there) else ""
    text = say(
        "a FRACTION dose that is not the plan's by the beam doses: they state {0} Gy x {1} = {2} "
        "Gy where the grid has {3} Gy{4}; {5}",
        *numbers, hint, ask,
    )  # fmt: skip
    return text, ""


def _compared(dose: DoseGrid, plan: Plan) -> tuple[str, float, float]:
    """Return what is missing for a comparison, the stated dose of a fraction, and the grid's."""
    beams = [beam for beam in plan.beams if beam.meterset != 0]
    if not beams:
        return say("the plan has no treatment beam"), 0.0, 0.0
    without = [str(beam.number) for beam in beams if beam.dose_gy is None]
    if without:
        return say("no beam dose for beam {0}", ", ".join(without)), 0.0, 0.0
    points = [beam.dose_point_mm for beam in beams if beam.dose_point_mm is not None]
    if len(points) < len(beams):
        return say("beams without a dose specification point"), 0.0, 0.0
    first = points[0]
    if any(max(abs(a - b) for a, b in zip(p, first, strict=True)) > 1.0 for p in points):
        return say("the beams have different dose specification points"), 0.0, 0.0
    there = at_point_gy(dose, first)
    if there is None:
        return say("the dose specification point lies outside the grid"), 0.0, 0.0
    return "", sum(beam.dose_gy or 0.0 for beam in beams), there


def _agree(stated_gy: float, there_gy: float) -> bool:
    return there_gy > 0 and abs(stated_gy / there_gy - 1) * 100 <= AGREES_PERCENT


def taken_as_stated(
    dose: DoseGrid, plan: Plan | None, dose_is: DoseIs
) -> tuple[DoseGrid | Reason, str, bool]:
    """Return a dose as the user states it, the decision, and if the file says otherwise."""
    of_all = dose.summation in _OF_ALL
    if dose_is is DoseIs.PLAN:
        text = say("the dose is that of the whole course, as stated by the user (--dose-is plan)")
        return replace(dose, stands_for_plan=True, taken_as=text), text, not of_all
    fractions = plan.fractions if plan else None
    if not isinstance(fractions, int):
        detail = say(
            "the user states the dose of one fraction, and no plan says how many there are"
        )
        return Reason(ReasonCode.DOSE_UNUSABLE, detail), detail, of_all
    text = say(
        "the dose is that of one fraction, times {0}, as stated by the user (--dose-is fraction)",
        fractions,
    )
    scaled = replace(dose, dose_gy=dose.dose_gy * fractions, stands_for_plan=True, taken_as=text)
    return scaled, text, of_all
