"""Whether the beams deliver what the plan says: metersets, and monitor units per Gy."""

from __future__ import annotations

from collections.abc import Iterator

from sbrt_qa.checks.beams import name_of
from sbrt_qa.checks.registry import (
    CheckContext,
    Found,
    Group,
    Outcome,
    Passed,
    Untold,
    check,
)
from sbrt_qa.i18n.phrase import counted, say
from sbrt_qa.model.outcome import Severity
from sbrt_qa.model.plan import Plan


@check(
    "METERSET",
    title="Metersets",
    group=Group.BEAMS,
    severity=Severity.MAJOR,
    milder=(Severity.MINOR,),
    rows=(8,),
)
def metersets(context: CheckContext) -> Iterator[Outcome]:
    """Find treatment beams that would deliver nothing, or that no fraction delivers.

    Every treatment beam must be named by a fraction group, with a meterset greater than 0 in each
    that names it, and fraction groups must name no beam that is not there, and as many as they
    state. A plan without any fraction group cannot be told. What is a treatment beam is said by
    SETUP_BEAMS.
    """
    plan = context.plan
    if plan is None or not (plan.beams or plan.fraction_groups):
        return
    if not plan.fraction_groups and not any(b.in_fraction_group for b in plan.beams):
        text = say("the plan has no fraction group, so no meterset is known")
        yield Untold(say("plan"), text, say("Export the plan again, with its fraction groups."))
        return
    there = {b.number for b in (*plan.beams, *plan.setup_beams)}
    named = {n for group in plan.fraction_groups for n in group.beam_numbers}
    missing = sorted(named - there)
    if missing:
        text = say("fraction groups refer to beams that are not in the plan: {0}", _listed(missing))
        yield Found(say("plan"), text, say("Export the plan again."), _listed(missing), say("none"))
    wrong = [*_without_meterset(plan), *_other_number(plan)]
    yield from wrong
    if plan.beams and not wrong and not missing:
        total = sum(b.meterset or 0.0 for b in plan.beams)
        unit = plan.beams[0].meterset_unit or "MU"
        yield Passed(
            say("plan"),
            say("{0}, {1} {2}", counted(len(plan.beams), "beam"), f"{total:.1f}", unit),
            say("> 0 each"),
        )


def _without_meterset(plan: Plan) -> Iterator[Found]:
    advice = say("Ask the site whether the beam is treated.")
    for beam in plan.beams:
        if not beam.in_fraction_group:
            text = say("no fraction group refers to it, so it is never delivered")
            yield Found(name_of(beam), text, advice, say("in no fraction group"), say("in one"))
        elif beam.meterset is None:
            yield Found(name_of(beam), say("it states no meterset"), advice, say("nothing"), "> 0")
        elif not beam.meterset > 0:
            text = say("its meterset is {0}", f"{beam.meterset:g}")
            yield Found(name_of(beam), text, advice, f"{beam.meterset:g}", "> 0")
        elif beam.unstated_groups:
            text = say(
                "fraction group {0} refers to it without a meterset",
                _listed([*beam.unstated_groups]),
            )
            yield Found(name_of(beam), text, advice, say("nothing"), "> 0")


def _other_number(plan: Plan) -> Iterator[Found]:
    """Find fraction groups that name another number of beams than they state."""
    for group in plan.fraction_groups:
        stated_number, named = group.beams_stated, len(group.beam_numbers)
        if stated_number is not None and stated_number != named:
            text = say(
                "fraction group {0} states {1} and refers to {2}: beams may be missing",
                group.number, counted(stated_number, "beam"), named,
            )  # fmt: skip
            advice = say("Export the plan again, with all its beams.")
            expected = say("as many as stated")
            yield Found(say("plan"), text, advice, str(named), expected, severity=Severity.MINOR)


def _listed(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:10]))
    return say("{0} and more", shown) if len(numbers) > 10 else shown


@check(
    "MU_PER_GY",
    title="Monitor units per Gy",
    group=Group.BEAMS,
    source="proposal",
    rows=(33,),
)
def mu_per_gy(
    context: CheckContext, least_mu_per_gy: float = 60.0, most_mu_per_gy: float = 800.0
) -> Iterator[Outcome]:
    """Tell when the meterset of a fraction is unusually small or large for its dose.

    A few hundred MU per Gy are usual for modulated small fields, a hundred for open ones. Far less
    means that another dose was prescribed, far more that the plan is overmodulated. Plans of
    particles, whose meterset is another quantity, are not looked at.

    Parameters
    ----------
    least_mu_per_gy, most_mu_per_gy
        MU of all beams over the prescribed dose of one fraction.
    """
    plan, rx_gy, fractions = context.plan, context.prescription_gy, context.fractions
    if plan is None or rx_gy is None or fractions is None or not plan.beams:
        return
    if plan.is_ion or any(b.radiation_type not in ("", "PHOTON") for b in plan.beams):
        return
    delivered = [b.meterset for b in plan.beams]
    if any(m is None for m in delivered) or {b.meterset_unit for b in plan.beams} - {"MU", ""}:
        return
    ratio = sum(m or 0.0 for m in delivered) / (rx_gy / fractions)
    expected = say("{0} to {1} MU/Gy", f"{least_mu_per_gy:g}", f"{most_mu_per_gy:g}")
    if least_mu_per_gy <= ratio <= most_mu_per_gy:
        yield Passed(say("plan"), f"{ratio:.0f} MU/Gy", expected)
    else:
        text = say("{0} MU per prescribed Gy", f"{ratio:.0f}")
        yield Found(
            say("plan"),
            text,
            say("Check prescription and metersets."),
            f"{ratio:.0f} MU/Gy",
            expected,
        )
