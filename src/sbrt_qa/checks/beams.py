"""Whether the beams are complete, and of one kind: metersets, energies, machines, techniques."""

from __future__ import annotations

from collections.abc import Iterator

from sbrt_qa.checks.registry import (
    CheckContext,
    Found,
    Group,
    Outcome,
    Passed,
    Untold,
    check,
)
from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import counted, joined, say, stated
from sbrt_qa.model.energy import energy_texts
from sbrt_qa.model.outcome import Severity
from sbrt_qa.model.plan import Beam


def name_of(beam: Beam) -> str:
    """Return what a beam is called in findings."""
    return (
        say("beam {0}", beam.number)
        if not beam.name
        else say("beam {0} {1}", beam.number, quoted(beam.name))
    )


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
    """Find beams of another radiation, or of an energy that the protocol does not want, or of none.

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
    without: list[Beam] = []
    expected = say(
        "{0} to {1} MV {2}",
        f"{least_mv:g}",
        f"{most_mv:g}",
        joined(" or ", (stated(f"{r.lower()}s") for r in radiation)),
    )
    for beam in beams:
        energy = joined(" ", energy_texts([beam]))
        if not energy:
            without.append(beam)
            continue
        kind = beam.radiation_type.lower()
        what = joined(" ", (energy, stated(f"{kind}s"))) if kind else energy
        wrong = (beam.radiation_type and beam.radiation_type not in radiation) or not all(
            least_mv <= e <= most_mv for e in beam.nominal_energies if e > 0
        )
        if wrong:
            yield Found(
                name_of(beam),
                say("it treats with {0}", what),
                say("Ask the site why."),
                what,
                expected,
            )
        else:
            seen.setdefault(what, []).append(beam)
    for what, same in seen.items():
        yield Passed(counted(len(same), "beam"), what, expected)
    if without and len(without) == len(beams):
        text = say("no beam states an energy")
        yield Untold(say("plan"), text, say("Export the plan again, with its energies."))
        return
    for beam in without:
        advice = say("Ask the site which energy the beam has.")
        yield Found(name_of(beam), say("it states no energy"), advice, say("nothing"), expected)


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
            for energy in {e for e in beam.nominal_energies if e > 0}:
                modes.setdefault((beam.machine, energy), set()).add(beam.fluence_mode or "STANDARD")
    for (_, energy), found in modes.items():
        listed = joined(" and ", map(stated, sorted(found)))
        if len(found) > 1:
            yield Found(
                say("plan"), say("{0} MV beams are {1}", f"{energy:g}", listed), found=listed
            )
        else:
            yield Passed(say("plan"), say("{0} MV: {1}", f"{energy:g}", listed), say("one mode"))


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
    shown = joined(", ", (quoted(n) if n else say("none") for n in names))
    strangers = [n for n in names if allowed and n not in allowed]
    if len(names) > 1:
        text = say("the beams name {0} machines: {1}", len(names), shown)
        yield Found(
            say("plan"), text, say("Ask the site which one is used."), shown, say("one machine")
        )
    elif strangers:
        yield Found(
            say("plan"),
            say("the machine is {0}", shown),
            say("Ask the site."),
            shown,
            ", ".join(allowed),
        )
    elif not names[0]:
        yield Found(say("plan"), say("the beams name no machine"), severity=Severity.INFO)
    else:
        yield Passed(say("plan"), shown, ", ".join(allowed) or say("one machine"))


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
            ", ".join(names),
            say("{0} in the beam", kind),
            say("Check that this is intended."),
            kind,
            say("none"),
        )
    if beams and not kinds:
        yield Passed(say("plan"), say("none"), say("none"))


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
    breathing = dict.fromkeys(
        s.breathing.lower().replace("_", " ") for s in plan.setups if s.breathing
    )
    if breathing:
        told = joined(", ", map(stated, breathing))
        yield Passed(say("plan"), told, say("a technique"))
    else:
        text = say("the plan states no respiratory technique")
        advice = say("Ask the site how breathing is managed.")
        severity = None if required else Severity.INFO
        yield Found(
            say("plan"), text, advice, say("nothing"), say("a technique"), severity=severity
        )


@check("TECHNIQUE_MIXED", title="Techniques", group=Group.BEAMS, rows=(11,))
def techniques(context: CheckContext) -> Iterator[Outcome]:
    """Tell when static and dynamic beams are mixed in one plan."""
    beams = context.plan.beams if context.plan else ()
    kinds = list(dict.fromkeys(b.beam_type for b in beams if b.beam_type))
    listed = joined(" and ", (stated(k.lower()) for k in kinds))
    if len(kinds) > 1:
        yield Found(
            say("plan"),
            say("the beams are {0}", listed),
            say("Check that this is intended."),
            listed,
            say("one"),
        )
    elif kinds:
        yield Passed(say("plan"), listed, say("one technique"))


@check("TOLERANCE_TABLES", title="Tolerance tables", group=Group.BEAMS, rows=(11,))
def tolerance_tables(context: CheckContext) -> Iterator[Outcome]:
    """Tell when the beams of a plan refer to different tolerance tables of the machine.

    With a table that is too wide the machine treats a patient who lies wrong. Silent where no beam
    refers to one.
    """
    beams = context.plan.beams if context.plan else ()
    names = list(dict.fromkeys(b.tolerance_table for b in beams))
    shown = joined(", ", (quoted(n) if n else say("none") for n in names))
    if len(names) > 1:
        yield Found(
            say("plan"),
            say("the beams refer to {0}", shown),
            say("Ask the site."),
            shown,
            say("one table"),
        )
    elif names and names[0]:
        yield Passed(say("plan"), shown, say("one table"))


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
        advice = say("Choose a protocol with limits for ions.")
        yield Found(
            say("plan"), say("this is an ion plan"), advice, say("RT Ion Plan"), say("RT Plan")
        )
