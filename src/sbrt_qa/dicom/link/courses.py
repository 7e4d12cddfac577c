"""How the plans of one patient belong together: a table of rules, the first that holds decides.

Two approved plans are never alternatives by themselves: nobody approves two plans to give one. So a
rule makes them parts only where something proves it, and alternatives only where a plan names the
one it replaces, at most one is approved, or the user says so. Where no rule holds it cannot be
told, and the question is asked.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import joined, say
from sbrt_qa.model.course import CourseDecision
from sbrt_qa.model.dose_sum import read_at
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.plan import Plan, Prescription

NOT_TREATING: Final = ("VERIFICATION", "MACHINE_QA", "SERVICE", "RESEARCH")
"""Plan Intents (300A,000A) of plans that treat nobody."""

UNAPPROVED: Final = ("UNAPPROVED", "REJECTED")

ADDING: Final = frozenset({"CONCURRENT", "PRIOR"})
"""RT Plan Relationships of plans that are given beside or before the one that names them."""

HOT: Final = 0.8
"""Part of its prescription above which a plan treats a place."""

SHARED: Final = 0.1
"""Part of the smaller of two treated places that may be common to both, if they are two places."""

SAME_DOSE: Final = 1e-4
"""Largest difference of two doses, as a part of the maximum, that are one dose exported twice."""


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One plan with what tells how it belongs to others.

    Parameters
    ----------
    file, plan
        Name of its file, and the plan.
    patient, study
        Key of the patient's name and number; Study Instance UID.
    frame
        Frame of reference of the plan, else of its dose or structures; empty where none says it.
    structure_set
        UID of its structure set; empty without.
    dose
        Its own dose, or why there is none.
    treated
        Whether a treatment record says that it was delivered.
    names_patient
        Whether the patient's name or number says who it is.
    """

    file: str
    plan: Plan
    patient: str
    study: str
    frame: str
    structure_set: str
    dose: DoseGrid | Reason
    treated: bool = False
    names_patient: bool = True

    @property
    def uid(self) -> str:
        """SOP Instance UID of the plan."""
        return self.plan.sop_instance_uid

    @property
    def label(self) -> str:
        """Label of the plan, else its name, else that of its file."""
        return self.plan.label or self.plan.name or self.file

    @property
    def prescription_gy(self) -> float | None:
        """Prescribed dose, where the plan states one."""
        stated = self.plan.prescription
        return stated.total_gy if isinstance(stated, Prescription) else None


@dataclass(frozen=True, slots=True, eq=False)
class SharedDose:
    """A dose that names several plans; `says_plan` where it calls itself the dose of one."""

    file: str
    plan_uids: tuple[str, ...]
    says_plan: bool
    dose: DoseGrid | Reason


@dataclass(frozen=True, slots=True)
class Word:
    """What the user said of the plans: labels or UIDs of the course, or that they compete."""

    course: frozenset[str] = frozenset()
    alternatives: bool = False

    def names(self, member: Member) -> bool:
        """Tell whether the user named a plan as a part of the course."""
        return bool(self.course & {member.label, member.uid})


class CourseRelation(enum.StrEnum):
    """How two plans belong together."""

    PARTS = "parts"
    ALTERNATIVES = "alternatives"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True, eq=False)
class PlanPair:
    """Two plans of one patient in one frame of reference."""

    one: Member
    other: Member
    shared: tuple[SharedDose, ...] = ()
    word: Word = field(default_factory=Word)

    @property
    def members(self) -> tuple[Member, Member]:
        """Both."""
        return self.one, self.other

    def named_by_user(self) -> int:
        """Return how many of the two the user named as parts of the course."""
        return sum(self.word.names(m) for m in self.members)

    def relationships(self) -> tuple[str, ...]:
        """Return what the two say they are to each other."""
        pairs = ((self.one, self.other), (self.other, self.one))
        return tuple(
            r.relationship for a, b in pairs for r in a.plan.relations
            if r.sop_instance_uid == b.uid
        )  # fmt: skip

    def apart(self) -> bool | None:
        """Tell whether the two treat different places; None where a dose or the frame is missing.

        Each treats where it gives 80 % of its prescription, or of its maximum without one.
        """
        a, b = self.one.dose, self.other.dose
        if (
            isinstance(a, Reason)
            or isinstance(b, Reason)
            or 1 in (*a.dose_gy.shape, *b.dose_gy.shape)
        ):
            return None
        hot_a, hot_b = _hot(self.one, a), _hot(self.other, b)
        there = np.nan_to_num(read_at(b, (a.z_mm, a.y_mm, a.x_mm))) >= hot_b
        mine = a.dose_gy >= hot_a
        common = float((mine & there).sum()) * _voxel_cc(a)
        smaller = min(
            float(mine.sum()) * _voxel_cc(a), float((b.dose_gy >= hot_b).sum()) * _voxel_cc(b)
        )
        return None if smaller <= 0 else common <= SHARED * smaller

    def same_dose(self) -> bool:
        """Tell whether the two have one and the same dose."""
        a, b = self.one.dose, self.other.dose
        if isinstance(a, Reason) or isinstance(b, Reason) or a.dose_gy.shape != b.dose_gy.shape:
            return False
        return bool(np.abs(a.dose_gy - b.dose_gy).max() <= SAME_DOSE * max(a.max_gy, b.max_gy))


def _hot(member: Member, dose: DoseGrid) -> float:
    """Return the dose above which a plan treats; of its maximum where that is below."""
    return HOT * min(member.prescription_gy or dose.max_gy, dose.max_gy)


def _voxel_cc(dose: DoseGrid) -> float:
    return float(np.prod(dose.spacing_mm)) / 1000


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its name, what follows where it holds, whether it does, and how it is said."""

    name: str
    relation: CourseRelation
    holds: Callable[[PlanPair], bool]
    says: Callable[[PlanPair], str]


def _approved(pair: PlanPair) -> list[str]:
    return [m.plan.approval for m in pair.members]


def _names(pair: PlanPair) -> tuple[str, str]:
    return quoted(pair.one.label), quoted(pair.other.label)


def _one_approved(pair: PlanPair) -> bool:
    states = _approved(pair)
    one = states.count("APPROVED") == 1 and any(s in UNAPPROVED for s in states)
    return one and pair.apart() is not True


def _names_both(pair: PlanPair) -> tuple[SharedDose, ...]:
    return tuple(d for d in pair.shared if {pair.one.uid, pair.other.uid} <= set(d.plan_uids))


def _replaces(pair: PlanPair) -> bool:
    named = [
        (a, b) for a, b in (pair.members, pair.members[::-1])
        for r in a.plan.relations
        if r.sop_instance_uid == b.uid and r.relationship == "PREDECESSOR"
    ]  # fmt: skip
    return bool(named) and not any(b.treated for _, b in named)


def _daily(pair: PlanPair) -> bool:
    """Tell whether both are planned for one fraction of one dose, at one place."""
    one, other = (m.prescription_gy for m in pair.members)
    single = all(m.plan.fractions == 1 for m in pair.members)
    same = one is not None and other is not None and abs(one - other) <= 0.005 * one
    return single and same and len(set(_approved(pair))) == 1 and pair.apart() is not True


def _ways(pair: PlanPair) -> str:
    return joined(", ", dict.fromkeys(r.lower() for r in pair.relationships()))


RULES: Final = (
    Rule(
        "user: course", CourseRelation.PARTS, lambda p: p.named_by_user() == 2,
        lambda p: say("the user says that {0} and {1} are parts of one course", *_names(p)),
    ),
    Rule(
        "user: alternatives", CourseRelation.ALTERNATIVES, lambda p: p.word.alternatives,
        lambda p: say("the user says that {0} and {1} are alternatives", *_names(p)),
    ),
    Rule(
        "rejected", CourseRelation.ALTERNATIVES, lambda p: "REJECTED" in _approved(p),
        lambda p: say("one of {0} and {1} was rejected", *_names(p)),
    ),
    Rule(
        "one dose names both", CourseRelation.PARTS, lambda p: bool(_names_both(p)),
        lambda p: say("the dose {0} names {1} and {2}", _names_both(p)[0].file, *_names(p)),
    ),
    Rule(
        "same dose", CourseRelation.UNTOLD, PlanPair.same_dose,
        lambda p: say("{0} and {1} have the same dose, voxel by voxel: probably one plan exported "
                      "twice", *_names(p)),
    ),
    Rule(
        "named together", CourseRelation.PARTS,
        lambda p: bool(ADDING & set(p.relationships())),
        lambda p: say("{0} and {1} name each other ({2})", *_names(p), _ways(p)),
    ),
    Rule(
        "named predecessor", CourseRelation.ALTERNATIVES, _replaces,
        lambda p: say("one of {0} and {1} names the other as its predecessor", *_names(p)),
    ),
    Rule(
        "one approved", CourseRelation.ALTERNATIVES, _one_approved,
        lambda p: say("only one of {0} and {1} is approved", *_names(p)),
    ),
    Rule(
        "one fraction each", CourseRelation.PARTS, _daily,
        lambda p: say("{0} and {1} are plans of one fraction of the same dose each", *_names(p)),
    ),
    Rule(
        "different places", CourseRelation.PARTS,
        lambda p: _approved(p) == ["APPROVED", "APPROVED"] and p.apart() is True,
        lambda p: say("{0} and {1} are both approved and treat different places", *_names(p)),
    ),
    Rule(
        "nothing tells", CourseRelation.UNTOLD, lambda _: True,
        lambda p: say("nothing tells whether {0} and {1} are parts of one course or alternatives",
                      *_names(p)),
    ),
)  # fmt: skip
"""All rules in the order in which they are asked; the last always holds."""


def relation_of(pair: PlanPair) -> Rule:
    """Return the rule that decides how two plans belong together."""
    return next(rule for rule in RULES if rule.holds(pair))


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """Plans of one frame of reference, decided.

    Parameters
    ----------
    course
        The plans that are judged together: parts, or those that nothing tells apart; one plan where
        it stands alone.
    aside
        Plans that stand in for one of them; each is judged by itself.
    decision, rule, why
        Of the whole.
    copies
        Labels of plans whose doses are the same.
    """

    course: tuple[Member, ...]
    aside: tuple[Member, ...]
    decision: CourseDecision
    rule: str = ""
    why: str = ""
    copies: tuple[str, ...] = ()


def decide(members: Sequence[Member], shared: tuple[SharedDose, ...], word: Word) -> Decided:
    """Decide how the treating plans of one patient in one frame belong together."""
    if len(members) == 1:
        return Decided(tuple(members), (), CourseDecision.ONE_PLAN)
    pairs = [
        PlanPair(one, other, shared, word)
        for i, one in enumerate(members) for other in members[i + 1 :]
    ]  # fmt: skip
    rules = {pair: relation_of(pair) for pair in pairs}
    aside = _aside(rules)
    course = tuple(m for m in members if m not in aside)
    left = {p: r for p, r in rules.items() if not set(p.members) & set(aside)}
    copies = tuple(
        dict.fromkeys(m.label for p, r in left.items() if r.name == "same dose" for m in p.members)
    )
    for relation, decision in (
        (CourseRelation.UNTOLD, CourseDecision.UNTOLD),
        (CourseRelation.ALTERNATIVES, CourseDecision.ALTERNATIVES),
        (CourseRelation.PARTS, CourseDecision.PARTS),
    ):
        found = [(p, r) for p, r in left.items() if r.relation is relation]
        if found:
            return Decided(course, aside, decision, *_said(found), copies)
    told = [(p, r) for p, r in rules.items() if r.relation is CourseRelation.ALTERNATIVES]
    return Decided(course, aside, CourseDecision.ALTERNATIVES, *_said(told))


def _said(found: Sequence[tuple[PlanPair, Rule]]) -> tuple[str, str]:
    pair, rule = found[0]
    return rule.name, joined("; ", dict.fromkeys(r.says(p) for p, r in found)) or rule.says(pair)


def _aside(rules: dict[PlanPair, Rule]) -> tuple[Member, ...]:
    """Return the plans that another one replaces, so that they count for nothing."""
    aside: dict[Member, None] = {}
    for pair, rule in rules.items():
        if rule.relation is CourseRelation.ALTERNATIVES:
            aside |= dict.fromkeys(_lesser(pair, rule))
    return tuple(aside)


def _lesser(pair: PlanPair, rule: Rule) -> tuple[Member, ...]:
    """Return which of two alternatives counts for nothing; none where either may."""
    match rule.name:
        case "rejected":
            return tuple(m for m in pair.members if m.plan.approval == "REJECTED")
        case "one approved":
            return tuple(m for m in pair.members if m.plan.approval in UNAPPROVED)
        case "named predecessor":
            uids = {
                r.sop_instance_uid for m in pair.members for r in m.plan.relations
                if r.relationship == "PREDECESSOR"
            }  # fmt: skip
            return tuple(m for m in pair.members if m.uid in uids)
    return ()


def verification_of(plan: Plan) -> str:
    """Return why a plan is not for treatment, in a sentence; empty for one that is."""
    if plan.intent in NOT_TREATING:
        return say("Plan Intent {0}", plan.intent)
    if any(r.relationship == "VERIFIED_PLAN" for r in plan.relations):
        return say("it names the plan that it verifies")
    return ""


def adding_plans_not_in(known: Iterable[Member], member: Member) -> tuple[str, ...]:
    """Return UIDs of plans that a plan names as given beside or before it, and that are not known.

    Their doses add to its own.
    """
    uids = {m.uid for m in known}
    return tuple(
        r.sop_instance_uid for r in member.plan.relations
        if r.relationship in ADDING and r.sop_instance_uid and r.sop_instance_uid not in uids
    )  # fmt: skip
