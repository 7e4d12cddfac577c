"""Whether the beams are complete, and of one kind: metersets, energies, machines, techniques."""

from __future__ import annotations

from collections.abc import Iterator

from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, check
from sbrt_qa.errors import quoted
from sbrt_qa.model.energy import energy_texts
from sbrt_qa.model.outcome import Severity
from sbrt_qa.model.plan import Beam, Plan
from sbrt_qa.units import counted


def name_of(beam: Beam) -> str:
    """Return what a beam is called in findings."""
    return f"beam {beam.number}" if not beam.name else f"beam {beam.number} {quoted(beam.name)}"


@check(
    "METERSET",
    title="Metersets",
    group=Group.BEAMS,
    severity=Severity.MAJOR,
    rows=(8,),
)
def metersets(context: CheckContext) -> Iterator[Outcome]:
    """Find treatment beams that would deliver nothing, or that no fraction delivers.

    Every treatment beam must be named by a fraction group, with a meterset greater than 0, and
    fraction groups must name no beam that is not there.
    """
    plan = context.plan
    if plan is None or not (plan.beams or plan.fraction_groups):
        return
    there = {b.number for b in (*plan.beams, *plan.setup_beams)}
    named = {n for group in plan.fraction_groups for n in group.beam_numbers}
    missing = sorted(named - there)
    if missing:
        text = f"fraction groups name beams that are not there: {_listed(missing)}"
        yield Found("plan", text, "Export the plan again.", _listed(missing), "none")
    wrong = list(_without_meterset(plan))
    yield from wrong
    if plan.beams and not wrong and not missing:
        total = sum(b.meterset or 0.0 for b in plan.beams)
        unit = plan.beams[0].meterset_unit or "MU"
        yield Passed("plan", f"{counted(len(plan.beams), 'beam')}, {total:.1f} {unit}", "> 0 each")


def _without_meterset(plan: Plan) -> Iterator[Found]:
    advice = "Ask the site whether the beam is treated."
    for beam in plan.beams:
        if not beam.in_fraction_group:
            text = "no fraction group names it, so that it is never delivered"
            yield Found(name_of(beam), text, advice, "in no fraction group", "in one")
        elif beam.meterset is None:
            yield Found(name_of(beam), "it states no meterset", advice, "nothing", "> 0")
        elif not beam.meterset > 0:
            text = f"its meterset is {beam.meterset:g}"
            yield Found(name_of(beam), text, advice, f"{beam.meterset:g}", "> 0")


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:10])) + (" and more" if len(numbers) > 10 else "")


@check(
    "BEAM_ENERGY",
    title="Radiation and energy",
    group=Group.BEAMS,
    severity=Severity.MINOR,
    source="AAPM TG-101 (recalled)",
    rows=(9,),
)
def energies(
    context: CheckContext,
    radiation: tuple[str, ...] = ("PHOTON",),
    least_mv: float = 6.0,
    most_mv: float = 10.0,
) -> Iterator[Outcome]:
    """Find beams of another radiation, or of an energy that the protocol does not want.

    6 to 10 MV with or without flattening filter; from 15 MV on penumbra and neutrons speak against
    it.

    Parameters
    ----------
    radiation
        Radiation types (300A,00C6) that are allowed.
    least_mv, most_mv
        Nominal energies that are allowed, MV.
    """
    beams = context.plan.beams if context.plan else ()
    seen: dict[str, list[Beam]] = {}
    expected = f"{' or '.join(radiation).lower()} {least_mv:g} to {most_mv:g} MV"
    for beam in beams:
        energy = " ".join(energy_texts([beam]))
        if not energy:
            continue
        what = f"{beam.radiation_type.lower()} {energy}".strip()
        wrong = (beam.radiation_type and beam.radiation_type not in radiation) or not all(
            least_mv <= e <= most_mv for e in beam.nominal_energies
        )
        if wrong:
            yield Found(name_of(beam), f"it is {what}", "Ask the site why.", what, expected)
        else:
            seen.setdefault(what, []).append(beam)
    for what, same in seen.items():
        yield Passed(counted(len(same), "beam"), what, expected)


@check(
    "FLUENCE_MODE_MIXED",
    title="Fluence modes",
    group=Group.BEAMS,
    rows=(9,),
)
def fluence_modes(context: CheckContext) -> Iterator[Outcome]:
    """Tell when beams of one machine and energy have different fluence modes.

    Flattened and unflattened beams in one plan are legal and rare; most often one was forgotten.
    Photons only: other radiation has no flattening filter.
    """
    modes: dict[tuple[str, float], set[str]] = {}
    for beam in context.plan.beams if context.plan else ():
        if beam.radiation_type in ("", "PHOTON"):
            for energy in set(beam.nominal_energies):
                modes.setdefault((beam.machine, energy), set()).add(beam.fluence_mode or "STANDARD")
    for (_, energy), found in modes.items():
        listed = " and ".join(sorted(found))
        if len(found) > 1:
            yield Found("plan", f"{energy:g} MV beams are {listed}", found=listed)
        else:
            yield Passed("plan", f"{energy:g} MV: {listed}", "one mode")


@check(
    "MACHINES",
    title="Machines",
    group=Group.BEAMS,
    severity=Severity.MINOR,
    milder=(Severity.INFO,),
    rows=(11,),
)
def machines(context: CheckContext, allowed: tuple[str, ...] = ()) -> Iterator[Outcome]:
    """Find beams that name different machines, none, or one that the site has not credentialed.

    Parameters
    ----------
    allowed
        Names of the machines that may be used; empty for any.
    """
    beams = context.plan.beams if context.plan else ()
    if not beams:
        return
    names = list(dict.fromkeys(b.machine for b in beams))
    shown = ", ".join(quoted(n) if n else "none" for n in names)
    strangers = [n for n in names if allowed and n not in allowed]
    if len(names) > 1:
        text = f"the beams name {len(names)} machines: {shown}"
        yield Found("plan", text, "Ask the site which one is used.", shown, "one machine")
    elif strangers:
        yield Found("plan", f"the machine is {shown}", "Ask the site.", shown, ", ".join(allowed))
    elif not names[0]:
        yield Found("plan", "the beams name no machine", severity=Severity.INFO)
    else:
        yield Passed("plan", shown, ", ".join(allowed) or "one machine")


@check("SETUP_BEAMS", title="Setup beams", group=Group.BEAMS, rows=(8,))
def setup_beams(context: CheckContext) -> Iterator[Outcome]:
    """Tell of setup and imaging beams that state a meterset: their dose may be in no dose grid."""
    for beam in context.plan.setup_beams if context.plan else ():
        if beam.meterset:
            kind = beam.delivery_type.lower().replace("_", " ")
            text = f"not for treatment ({kind}), with a meterset of {beam.meterset:g}"
            advice = "Ask whether its dose was counted."
            yield Found(name_of(beam), text, advice, f"{beam.meterset:g}", "0")
        else:
            yield Passed(name_of(beam), beam.delivery_type.lower(), "no meterset")


@check("BEAM_MODIFIERS", title="Wedges, boli, blocks", group=Group.BEAMS, rows=(28,))
def modifiers(context: CheckContext) -> Iterator[Outcome]:
    """Tell of wedges, boli, compensators and blocks: rare in stereotactic plans, easy to forget."""
    beams = context.plan.beams if context.plan else ()
    kinds: dict[str, list[str]] = {}
    for beam in beams:
        for modifier in beam.modifiers:
            kinds.setdefault(modifier.kind, []).append(name_of(beam))
    for kind, names in kinds.items():
        yield Found(
            ", ".join(names), f"{kind} in the beam", "Check that it is meant.", kind, "none"
        )
    if beams and not kinds:
        yield Passed("plan", "none", "none")


@check(
    "BREATHING",
    title="Respiratory technique",
    group=Group.BEAMS,
    severity=Severity.MINOR,
    milder=(Severity.INFO,),
    source="AAPM TG-76",
    rows=(29,),
)
def breathing(context: CheckContext, *, required: bool = False) -> Iterator[Outcome]:
    """Tell which respiratory motion compensation the plan states, and find a plan without one.

    Respiratory Motion Compensation Technique (0018,9170) in the plan's patient setups. Few planning
    systems write it, so that its absence is information unless the protocol requires it.

    Parameters
    ----------
    required
        Whether a plan must state a technique.
    """
    plan = context.plan
    if plan is None:
        return
    stated = list(dict.fromkeys(s.breathing for s in plan.setups if s.breathing))
    if stated:
        yield Passed("plan", ", ".join(stated).lower(), "a technique")
    else:
        text = "the plan states no respiratory technique"
        advice = "Ask the site how breathing is managed."
        severity = None if required else Severity.INFO
        yield Found("plan", text, advice, "nothing", "a technique", severity=severity)


@check("TECHNIQUE_MIXED", title="Techniques", group=Group.BEAMS, rows=(11,))
def techniques(context: CheckContext) -> Iterator[Outcome]:
    """Tell when static and dynamic beams are mixed in one plan."""
    beams = context.plan.beams if context.plan else ()
    kinds = list(dict.fromkeys(b.beam_type for b in beams if b.beam_type))
    listed = " and ".join(k.lower() for k in kinds)
    if len(kinds) > 1:
        yield Found("plan", f"the beams are {listed}", "Check that it is meant.", listed, "one")
    elif kinds:
        yield Passed("plan", listed, "one technique")


@check("TOLERANCE_TABLES", title="Tolerance tables", group=Group.BEAMS, rows=(11,))
def tolerance_tables(context: CheckContext) -> Iterator[Outcome]:
    """Tell when the beams of a plan refer to different tolerance tables of the machine.

    With a table that is too wide the machine treats a patient who lies wrong. Silent where no beam
    refers to one.
    """
    beams = context.plan.beams if context.plan else ()
    names = list(dict.fromkeys(b.tolerance_table for b in beams))
    shown = ", ".join(quoted(n) if n else "none" for n in names)
    if len(names) > 1:
        yield Found("plan", f"the beams refer to {shown}", "Ask the site.", shown, "one table")
    elif names and names[0]:
        yield Passed("plan", shown, "one table")


@check(
    "PLAN_IS_ION",
    title="Photons or ions",
    group=Group.BEAMS,
    severity=Severity.BLOCK,
    rows=(3, 9),
)
def ion_plan(context: CheckContext, *, allowed: bool = False) -> Iterator[Outcome]:
    """Find an ion plan: the protocol's limits are for photons.

    Parameters
    ----------
    allowed
        Whether the protocol knows ions.
    """
    if context.plan is not None and context.plan.is_ion and not allowed:
        advice = "Choose a protocol with limits for ions."
        yield Found("plan", "this is an ion plan", advice, "RT Ion Plan", "RT Plan")


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
    means that another dose was prescribed, far more that the plan is overmodulated.

    Parameters
    ----------
    least_mu_per_gy, most_mu_per_gy
        MU of all beams over the prescribed dose of one fraction.
    """
    plan, rx_gy, fractions = context.plan, context.prescription_gy, context.fractions
    if plan is None or rx_gy is None or fractions is None or not plan.beams:
        return
    metersets = [b.meterset for b in plan.beams]
    if any(m is None for m in metersets) or {b.meterset_unit for b in plan.beams} - {"MU", ""}:
        return
    ratio = sum(m or 0.0 for m in metersets) / (rx_gy / fractions)
    expected = f"{least_mu_per_gy:g} to {most_mu_per_gy:g} MU/Gy"
    if least_mu_per_gy <= ratio <= most_mu_per_gy:
        yield Passed("plan", f"{ratio:.0f} MU/Gy", expected)
    else:
        text = f"{ratio:.0f} MU per prescribed Gy"
        yield Found(
            "plan", text, "Check prescription and metersets.", f"{ratio:.0f} MU/Gy", expected
        )
