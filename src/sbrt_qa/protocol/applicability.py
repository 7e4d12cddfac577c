"""Which limits apply to a plan: by its fractions and its prescribed dose."""

from __future__ import annotations

from dataclasses import dataclass

from sbrt_qa.i18n.phrase import counted, say
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid, DoseType
from sbrt_qa.model.outcome import Finding, Reason, ReasonCode, Verdict
from sbrt_qa.protocol.conditions import holds, parse_condition, same_prescription
from sbrt_qa.protocol.definition import Constraint, Protocol
from sbrt_qa.protocol.variables.registry import Facts, facts_stated

RX_NOT_IN_PROTOCOL = "RX_NOT_IN_PROTOCOL"


@dataclass(frozen=True, slots=True)
class Applicable:
    """A limit that applies; with `unknown`, it cannot be told whether it does, and why."""

    constraint: Constraint
    unknown: Reason | None = None


def facts_of(case: Case, protocol: Protocol | None = None) -> Facts:
    """Return what conditions may ask of a case; of several levels the one that a protocol knows.

    Of several levels, each prescribed to an ROI by its number, that is the highest; a lower one
    where the protocol lists that and not the highest.
    """
    facts = facts_stated(case)
    return (
        facts if protocol is None else {**facts, "prescription_gy": _level(case, facts, protocol)}
    )


def _level(case: Case, facts: Facts, protocol: Protocol) -> float | Reason:
    rx_gy, fractions = facts["prescription_gy"], facts["fractions"]
    if isinstance(case.plan, Reason) or isinstance(rx_gy, Reason) or isinstance(fractions, Reason):
        return rx_gy
    numbered = [r.roi_number for r in case.plan.dose_references if r.roi_number is not None]
    levels = {rx_gy, *(case.plan.prescribed_gy([n]) or rx_gy for n in numbered)}
    listed = [p.total_gy for p in protocol.prescriptions if p.fractions == fractions]
    known = [gy for gy in levels if any(same_prescription(gy, level) for level in listed)]
    return max(known, default=rx_gy)


def dose_problem(dose: DoseGrid | Reason) -> Reason | None:
    """Return why a dose cannot be compared with limits in Gy, if so."""
    if isinstance(dose, Reason):
        return dose
    if dose.dose_type is DoseType.EFFECTIVE:
        text = say("the dose is biologically weighted; the limits are physical dose")
        return Reason(ReasonCode.DOSE_UNUSABLE, text)
    if dose.dose_type is DoseType.ERROR:
        return Reason(
            ReasonCode.DOSE_UNUSABLE, say("the dose grid holds dose differences, not dose")
        )
    return None


def select(protocol: Protocol, facts: Facts) -> tuple[list[Applicable], list[Finding]]:
    """Return the limits that apply, and what a reviewer should know about the choice."""
    limits = _applying(protocol, protocol.targets.limits, facts)
    options = [(o, holds(parse_condition(o.when), facts)) for o in protocol.options]
    for option, chosen in options:
        if isinstance(chosen, Reason):
            limits += [Applicable(c, chosen) for c in option.constraints if _in_force(protocol, c)]
        elif chosen:
            limits += _applying(protocol, option.constraints, facts)
    fits_none = bool(options) and all(chosen is False for _, chosen in options)
    return limits, _findings(protocol, facts, fits_none=fits_none)


def _in_force(protocol: Protocol, constraint: Constraint) -> bool:
    """Tell whether a limit belongs to the rule for the liver that is in force, or to none."""
    return constraint.liver_rule in ("", protocol.liver_rule)


def _applying(
    protocol: Protocol, constraints: tuple[Constraint, ...], facts: Facts
) -> list[Applicable]:
    chosen = []
    for constraint in constraints:
        if not _in_force(protocol, constraint):
            continue
        applies = holds(parse_condition(constraint.when), facts)
        if isinstance(applies, Reason):
            chosen.append(Applicable(constraint, applies))
        elif applies:
            chosen.append(Applicable(constraint))
    return chosen


def _findings(protocol: Protocol, facts: Facts, *, fits_none: bool) -> list[Finding]:
    fractions, total_gy = facts["fractions"], facts["prescription_gy"]
    if isinstance(fractions, Reason):
        return []
    allowed = ", ".join(x.id for x in protocol.prescriptions or protocol.options)
    if fits_none:
        given = counted(int(fractions), "fraction")
        message = say("the protocol has no organ limits for {0}", given)
        return [_not_in_protocol(message, allowed)]
    if (
        not protocol.prescriptions
        or isinstance(total_gy, Reason)
        or any(
            p.fractions == fractions and same_prescription(total_gy, p.total_gy)
            for p in protocol.prescriptions
        )
    ):
        return []
    message = say(
        "{0} Gy in {1} is no prescription of the protocol",
        f"{total_gy:g}",
        counted(int(fractions), "fraction"),
    )
    return [_not_in_protocol(message, allowed)]


def _not_in_protocol(message: str, allowed: str) -> Finding:
    return Finding(
        RX_NOT_IN_PROTOCOL,
        Verdict.NOT_EVALUABLE,
        "RTPLAN",
        say("{0}; expected one of {1}", message, allowed),
        say(
            "Limits that depend on it are not applied: choose the right protocol, or ask the site."
        ),
    )
