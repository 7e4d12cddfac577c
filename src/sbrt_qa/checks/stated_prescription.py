"""Whether a prescription that the user states is what the plan says itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, check
from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import counted, joined, say
from sbrt_qa.model.outcome import Reason, Severity
from sbrt_qa.model.plan import OwnWord, Prescription
from sbrt_qa.model.stated_rx import StatedRx
from sbrt_qa.model.user_rx import rois_of

SAME: Final = 0.005
"""Relative difference up to which two doses are the same."""


@check(
    "RX_STATED_BY_USER",
    title="Prescription stated by the user",
    group=Group.PRESCRIPTION,
    severity=Severity.MINOR,
    milder=(Severity.INFO,),
    source="proposal",
    rows=(6,),
)
def rx_stated(context: CheckContext) -> Iterator[Outcome]:
    """Compare the prescription that the user states with what the plan says itself.

    The user's word decides. Where the plan says otherwise that is a minor deviation, with both
    values; where it says nothing, information. A target that is not drawn is told, and what was
    stated of it is not used.
    """
    plan = context.plan
    own = None if plan is None else plan.own
    if own is None:
        return
    for one in context.case.stated.rx:
        numbers = rois_of(one.target, context.case.structures)
        if not numbers and not isinstance(context.case.structures, Reason):
            text = say(
                "the user states a prescription of {0}, which is not contoured", quoted(one.target)
            )
            yield Found(say("plan"), text, say("Check the name."), one.text, say("a structure"))
            continue
        yield from _compared(one, own, numbers)


def _compared(one: StatedRx, own: OwnWord, numbers: tuple[int, ...]) -> Iterator[Outcome]:
    doses_gy = _own_doses_gy(own, numbers)
    planned = own.fractions if isinstance(own.fractions, int) else None
    told = joined(", ", (
        *(f"{d:g} Gy" for d in doses_gy),
        *([counted(planned, "fraction")] if planned is not None else []),
    ))  # fmt: skip
    another_dose = bool(doses_gy) and all(abs(d - one.total_gy) > SAME * d for d in doses_gy)
    another_number = None not in (planned, one.fractions) and planned != one.fractions
    where = quoted(one.target)
    if another_dose or another_number:
        text = say("the user states {0}, the plan says {1}", one.text, told)
        yield Found(where, text, say("Ask the site which one is meant."), one.text, told)
    elif not doses_gy or (planned is None and one.fractions is not None):
        text = say("stated by the user: {0}; the plan says {1}", one.text, told or say("nothing"))
        yield Found(where, text, found=one.text, expected=told, severity=Severity.INFO)
    else:
        yield Passed(where, one.text, told)


def _own_doses_gy(own: OwnWord, numbers: tuple[int, ...]) -> list[float]:
    """Return the doses that the plan itself prescribes to a target, else to the plan."""
    doses = [
        r.target_prescription_gy
        for r in own.dose_references
        if r.roi_number in numbers and r.target_prescription_gy
    ]
    if not doses and isinstance(own.prescription, Prescription):
        return [own.prescription.total_gy]
    return doses
