"""Which limits apply to a plan, by its fractions and its dose, and what each is held against."""

from __future__ import annotations

from dataclasses import dataclass

from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import counted, joined, say
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid, DoseType
from sbrt_qa.model.outcome import Finding, Reason, ReasonCode, Verdict
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.boxes_of_contours import boxes_apart
from sbrt_qa.protocol.conditions import holds, parse_condition, same_prescription
from sbrt_qa.protocol.definition import Constraint, Protocol
from sbrt_qa.protocol.expressions import Combined, Leaf, Operator, Tree
from sbrt_qa.protocol.matching import ABSENT, Matched, Matcher
from sbrt_qa.protocol.plan_targets import prescribed_gy
from sbrt_qa.protocol.variables.registry import Facts, facts_stated
from sbrt_qa.units import gy_text

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
    allowed = levels_told(protocol) or ", ".join(option.id for option in protocol.options)
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


def levels_told(protocol: Protocol) -> str:
    """Return the doses that a protocol allows, by number of fractions; empty where it names none.

    ``50, 45 Gy in 5 fractions; 54 Gy in 3 fractions``: for readers, who know no ids of levels.
    """
    doses: dict[int, list[str]] = {}
    for level in protocol.prescriptions:
        doses.setdefault(level.fractions, []).append(gy_text(level.total_gy))
    told = (
        say("{0} Gy in {1}", ", ".join(dict.fromkeys(gy)), counted(fractions, "fraction"))
        for fractions, gy in doses.items()
    )
    return joined("; ", told)


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


@dataclass(frozen=True, slots=True)
class Held:
    """One target that a limit is held against.

    Parameters
    ----------
    found
        What is computed.
    structure, target
        What the row is called: the limit's own structure where there is one target of it, the
        target's key where there are several. `target` is empty for the only one.
    note
        What was left out, if anything.
    """

    found: Matched
    structure: str
    target: str = ""
    note: str = ""


def held_of(
    protocol: Protocol, constraint: Constraint, matcher: Matcher | Reason, case: Case
) -> list[Held]:
    """Return the judged targets that a limit is held against; none for a limit of anything else.

    A limit that names another target in ``otherwise`` is held against both: the coverage of a CTV
    is asked for where there is a GTV, too.
    """
    kinds = {s.name for s in protocol.structures if s.kind == "target"}
    named = [n for n in (constraint.structure, constraint.otherwise) if n in kinds]
    if constraint.structure not in kinds or isinstance(matcher, Reason):
        return []
    found: list[Held] = []
    for kind in named:
        each = matcher.each(kind)
        if protocol.targets.judge == "union" and len(each) > 1:
            together = matcher.find(kind)
            each = (together,) if isinstance(together, Matched) else ()
        if not each:
            continue
        note = ""
        if kind != constraint.structure and not found:
            own_one = matcher.find(constraint.structure)
            if len(each) < 2 or isinstance(own_one, Matched) or own_one.code not in ABSENT:
                return []  # the matcher says what is missing, and the one that stands in for it
            note = say("no {0} in the plan", constraint.structure)
        own = kind == constraint.structure
        for one in each:
            key = kind if len(each) == 1 else matcher.name_of(one)
            target = "" if own and len(each) == 1 else key
            found.append(_without_boosts(Held(one, key, target, note), constraint, each, case))
    return found


def _without_boosts(
    held: Held, constraint: Constraint, each: tuple[Matched, ...], case: Case
) -> Held:
    """Take targets of a higher dose out of one that holds them, where a hot spot is limited."""
    if constraint.op not in ("<=", "<"):
        return held
    own = prescribed_gy(case, held.found.match.roi_numbers)
    tree: Tree[Structure] = held.found.tree
    names = []
    for other in each:
        dose = prescribed_gy(case, other.match.roi_numbers)
        higher = isinstance(own, float | int) and isinstance(dose, float | int) and dose > own
        if not higher or not isinstance(other.tree, Leaf) or not isinstance(held.found.tree, Leaf):
            continue
        if not boxes_apart(held.found.tree.value, other.tree.value):
            tree = Combined(Operator.WITHOUT, tree, other.tree)
            names.append(quoted(other.tree.value.name))
    if not names:
        return held
    without = say("without {0}, to which a higher dose is prescribed", joined(", ", names))
    note = joined("; ", (held.note, without))
    return Held(Matched(held.found.match, tree), held.structure, held.target, note)
