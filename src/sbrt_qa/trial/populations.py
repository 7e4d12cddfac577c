"""Who belongs to which population, and the numbers of the CONSORT diagram: sums of one list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.protocol.trial_rules import TrialRules
from sbrt_qa.trial.anchor_days import CHEMO
from sbrt_qa.trial.data_cut import DataCut
from sbrt_qa.trial.timeline import RuleResult
from sbrt_qa.trial.treated import TreatedPlan
from sbrt_qa.trial.trial_data import TrialRow
from sbrt_qa.trial.words_of_values import FAIL_REASONS

ARMS = ("SBRT", "CONTROL")
NONE_TREATED = "NONE"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why a subject is not in a population."""

    subject: str
    population: str
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class PopulationMember:
    """One randomised subject.

    Parameters
    ----------
    arm
        As allocated; empty where no arm is stated.
    treated
        As treated: ``SBRT``, ``CONTROL``, or ``NONE`` where no protocol dose was given.
    per_protocol
        ``Y``, ``N``, or ``U`` where a verdict that is not evaluable leaves it open.
    """

    subject: str
    site: str
    arm: str
    treated: str
    per_protocol: str

    @property
    def safety(self) -> bool:
        """Whether it got at least one dose of the protocol's treatment."""
        return self.treated != NONE_TREATED


@dataclass(frozen=True, slots=True)
class PopulationLists:
    """All randomised subjects, and who is left out of what."""

    members: tuple[PopulationMember, ...]
    exclusions: tuple[Exclusion, ...]
    by_subject: Mapping[str, PopulationMember] = field(default_factory=dict)


def treated_as(cut: DataCut, row: TrialRow) -> str:
    """Return what a subject was treated with: fractions make it SBRT, whatever its arm."""
    if cut.fractions(row.subject):
        return "SBRT"
    if cut.data.of_subject("cycles", row.subject):
        return "CONTROL"
    stated = row.text("arm_treated")
    return stated if stated in ARMS else NONE_TREATED


def populations(
    cut: DataCut,
    rules: TrialRules,
    results: Sequence[RuleResult],
    treated: Mapping[str, TreatedPlan],
) -> PopulationLists:
    """Return the populations of all randomised subjects."""
    by_subject: dict[str, list[RuleResult]] = {}
    for result in results:
        by_subject.setdefault(result.subject, []).append(result)
    members, exclusions = [], []
    for row in cut.randomised:
        out = list(_exclusions(cut, rules, row, by_subject.get(row.subject, ()), treated))
        certain = [one for one in out if one.population == "PP"]
        per_protocol = "N" if certain else "U" if out else "Y"
        as_treated = treated_as(cut, row)
        if as_treated == NONE_TREATED:
            reason = say("no dose of the protocol's treatment")
            out.append(Exclusion(row.subject, "SAFETY", "NO_TREATMENT", reason))
        if not row.text("arm"):
            out.append(Exclusion(row.subject, "BY_ARM", "ARM_MISSING", say("arm missing")))
        site = row.text("site")
        members.append(
            PopulationMember(row.subject, site, row.text("arm"), as_treated, per_protocol)
        )
        exclusions += out
    listed = tuple(members)
    return PopulationLists(listed, tuple(exclusions), {one.subject: one for one in listed})


def _exclusions(
    cut: DataCut,
    rules: TrialRules,
    row: TrialRow,
    results: Iterable[RuleResult],
    treated: Mapping[str, TreatedPlan],
) -> Iterable[Exclusion]:
    counted = rules.populations.priorities if rules.populations else (1, 2)
    for result in results:
        if result.priority not in counted:
            continue
        if result.verdict == Verdict.MAJOR:
            yield Exclusion(row.subject, "PP", result.rule, say("major deviation"))
        elif result.verdict == Verdict.NOT_EVALUABLE:
            yield Exclusion(row.subject, "PP_UNCLEAR", result.rule, result.reason)
    least = rules.populations.min_cycles if rules.populations else 0
    cycles = sum(r.text("agent") in CHEMO for r in cut.data.of_subject("cycles", row.subject))
    if cycles < least:
        yield Exclusion(row.subject, "PP", "MIN_CYCLES", say("fewer than {0} cycles", least))
    if row.text("arm") == "CONTROL" and cut.fractions(row.subject):
        yield Exclusion(row.subject, "PP", "CROSSOVER", say("irradiated in the control arm"))
    if row.text("arm") == "SBRT":
        yield from _of_radiotherapy(cut, row, treated)


def _of_radiotherapy(
    cut: DataCut, row: TrialRow, treated: Mapping[str, TreatedPlan]
) -> Iterable[Exclusion]:
    course = cut.course(row.subject)
    if not cut.fractions(row.subject) or (course and course.yes("completed") is False):
        yield Exclusion(row.subject, "PP", "NOT_COMPLETED", say("SBRT was not completed"))
        return
    plan = treated.get(row.subject)
    if plan is None or plan.verdict == Verdict.NOT_EVALUABLE:
        reason = plan.reason if plan and plan.reason else say("the plan is not evaluable")
        yield Exclusion(row.subject, "PP_UNCLEAR", "PLAN", reason)
    elif plan.verdict == Verdict.MAJOR:
        yield Exclusion(row.subject, "PP", "PLAN", say("major deviation of the plan"))


@dataclass(frozen=True, slots=True)
class ConsortBox:
    """One box of the diagram: what it counts, by arm where it has arms, and who is in it."""

    name: str
    title: str
    subjects: tuple[str, ...]
    arm: str = ""

    @property
    def number(self) -> int:
        """How many there are."""
        return len(self.subjects)


def consort(cut: DataCut, lists: PopulationLists) -> tuple[ConsortBox, ...]:
    """Return the boxes from screening to analysis; what is left out is listed by its reason."""
    rows = cut.data.of("subjects")
    boxes = [
        ConsortBox("screened", say("screened"), (*(r.subject for r in rows), *cut.blocked_subjects))
    ]
    if cut.blocked_subjects:
        title = say("not analysed: the row of the subject cannot be used")
        boxes.append(ConsortBox("blocked", title, cut.blocked_subjects))
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row.text("screen_result") == "failed":
            reasons.setdefault(row.text("fail_reason") or "other", []).append(row.subject)
    for reason, codes in sorted(reasons.items()):
        title = say("not eligible: {0}", FAIL_REASONS.get(reason, reason))
        boxes.append(ConsortBox(f"failed:{reason}", title, tuple(codes)))
    in_trial = {one.subject for one in lists.members}
    failed = {code for codes in reasons.values() for code in codes}
    waiting = tuple(r.subject for r in rows if r.subject not in in_trial | failed)
    if waiting:
        boxes.append(ConsortBox("waiting", say("eligible, not randomised by the cut"), waiting))
    boxes.append(
        ConsortBox("randomised", say("randomised"), tuple(m.subject for m in lists.members))
    )
    without = tuple(m.subject for m in lists.members if not m.arm)
    if without:
        boxes.append(ConsortBox("arm_missing", say("arm missing"), without))
    for arm in ARMS:
        boxes += _of_arm(cut, lists, arm)
    return tuple(boxes)


def _of_arm(cut: DataCut, lists: PopulationLists, arm: str) -> list[ConsortBox]:
    mine = [m for m in lists.members if m.arm == arm]

    def box(name: str, title: str, keep: Iterable[PopulationMember]) -> ConsortBox:
        return ConsortBox(name, title, tuple(m.subject for m in keep), arm)

    lost = [m for m in mine if _status_says(cut, m.subject, "lost")]
    withdrawn = [m for m in mine if _withdrew(cut, m.subject)]
    return [
        box("allocated", say("allocated"), mine),
        box("received", say("received the allocated treatment"),
            (m for m in mine if m.treated == arm)),
        box("lost", say("lost to follow-up"), lost),
        box("withdrawn", say("withdrew consent"), withdrawn),
        box("itt", say("analysed as randomised"), mine),
        box("safety", say("safety population, as treated"),
            (m for m in lists.members if m.treated == arm)),
        box("per_protocol", say("per protocol"), (m for m in mine if m.per_protocol == "Y")),
        box("unclear", say("per protocol left open by what is not evaluable"),
            (m for m in mine if m.per_protocol == "U")),
    ]  # fmt: skip


def _status_says(cut: DataCut, subject: str, column: str) -> bool:
    row = cut.data.one("status", subject)
    return bool(row and row.yes(column))


def _withdrew(cut: DataCut, subject: str) -> bool:
    row = cut.data.one("status", subject)
    return bool(row and row.text("withdrawal") in ("follow_up", "consent_all"))
