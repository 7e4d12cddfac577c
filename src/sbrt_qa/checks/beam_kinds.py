"""What the beams of a plan are, whether one of them treats, and what the plan is meant for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sbrt_qa.checks.beams import name_of
from sbrt_qa.checks.registry import CHECKS, CheckContext, Found, Group, Outcome, Passed, check
from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import counted, say, stated
from sbrt_qa.model.beam_kind import TREATING_TYPES
from sbrt_qa.model.outcome import Severity
from sbrt_qa.model.plan import Plan

NOT_FOR_PATIENTS: Final = ("VERIFICATION", "MACHINE_QA", "SERVICE")
"""Plan Intents (300A,000A) of plans that treat nobody."""


@check(
    "NOTHING_TO_DELIVER",
    title="Beams that treat",
    group=Group.BEAMS,
    severity=Severity.BLOCK,
    rows=(8,),
)
def nothing_to_deliver(context: CheckContext) -> Iterator[Outcome]:
    """Find a plan in which no beam treats: its dose cannot be of this plan.

    The checks of beams have then nothing to look at, and how many is told. A plan of brachytherapy
    has application setups instead of beams; this program does not judge them.
    """
    plan = context.plan
    if plan is None:
        return
    if plan.beams:
        yield Passed(say("plan"), counted(len(plan.beams), "beam"), say("one at least"))
        return
    text = say(
        "nothing to deliver: {0}; {1} not made",
        _why_nothing(plan),
        counted(_not_made(context), "beam check"),
    )
    advice = say("Export the plan again with its beams, or leave it out.")
    yield Found(say("plan"), text, advice, counted(0, "beam"), say("one at least"))


def _why_nothing(plan: Plan) -> str:
    if plan.applications:
        return say(
            "the plan has {0} of brachytherapy, which is not judged, and no beam",
            counted(plan.applications, "application setup"),
        )
    if plan.setup_beams:
        return say("none of its {0} treats", counted(len(plan.setup_beams), "beam"))
    return say("the plan has no beam")


def _not_made(context: CheckContext) -> int:
    """Return how many checks of beams have nothing to look at."""
    others = (
        c for c in CHECKS.values() if c.group is Group.BEAMS and c.code != "NOTHING_TO_DELIVER"
    )
    return sum(next(c.examine(context), None) is None for c in others)


@check(
    "PLAN_INTENT",
    title="Intent of the plan",
    group=Group.PRESCRIPTION,
    severity=Severity.BLOCK,
    milder=(Severity.INFO,),
    source="DICOM PS3.3 C.8.8.9",
    rows=(3,),
)
def plan_intent(context: CheckContext) -> Iterator[Outcome]:
    """Find a plan that is meant for a phantom or a machine, not for the patient.

    Plan Intent (300A,000A) VERIFICATION, MACHINE_QA and SERVICE say so: the limits of a patient
    mean nothing for such a plan. RESEARCH is information. Silent where no intent is stated.
    """
    plan = context.plan
    if plan is None or not plan.intent:
        return
    intent, expected = quoted(plan.intent), say("a plan for the patient")
    if plan.intent in NOT_FOR_PATIENTS:
        text = say("the plan's intent is {0}: it is not for treating the patient", intent)
        advice = say("Send the plan that is used for treatment; this one is for measurements.")
        yield Found(say("plan"), text, advice, intent, expected)
    elif plan.intent == "RESEARCH":
        text = say("the plan's intent is {0}", intent)
        yield Found(say("plan"), text, found=intent, expected=expected, severity=Severity.INFO)
    else:
        yield Passed(say("plan"), stated(plan.intent.lower()), expected)


@check(
    "SETUP_BEAMS",
    title="Beams that do not treat",
    group=Group.BEAMS,
    severity=Severity.MINOR,
    milder=(Severity.INFO,),
    rows=(8,),
)
def setup_beams(context: CheckContext, most_mu: float = 20.0) -> Iterator[Outcome]:
    """Tell what the beams are that do not treat, and find one that would deliver much.

    Setup and imaging fields, positions that an optimiser left at zero, and placeholders are told
    from treatment beams by delivery type, energy, opening, meterset, stated dose and name together.
    A field that is declared to be for setup or imaging and has a small meterset is information: its
    dose may be in no dose grid. With a large one it may be a treatment beam under a wrong type. A
    field that is declared a treatment beam and was taken for another is told with the reason.

    Parameters
    ----------
    most_mu
        Meterset that a setup or imaging field may have.
    """
    for beam in context.plan.setup_beams if context.plan else ():
        kind = say("taken for: {0}", stated(beam.kind))
        if beam.meterset:
            text = say(
                "not for treatment ({0}), with a meterset of {1}", kind, f"{beam.meterset:g}"
            )
            much = beam.meterset > most_mu
            advice = say("Ask whether its dose was counted.")
            if much:
                advice = say(
                    "Ask the site whether this is a treatment beam with a wrong delivery type."
                )
            severity = None if much else Severity.INFO
            amount, most = f"{beam.meterset:g}", say("at most {0}", f"{most_mu:g}")
            yield Found(name_of(beam), text, advice, amount, most, severity=severity)
        elif beam.delivery_type in TREATING_TYPES and beam.why:
            text = say("exported as a treatment beam, {0}: {1}", kind, beam.why)
            yield Found(name_of(beam), text, found=kind, severity=Severity.INFO)
        else:
            yield Passed(name_of(beam), kind, say("no meterset"))
