"""Cases of single plans to cases of courses: each structure set with the dose of all parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sbrt_qa.dicom.link.course_plans import (
    by_patient,
    combined,
    fraction_counts,
    joined_provenance,
    known_fractions,
    largest_difference_gy,
    method_of,
    part_of,
    targets_in,
)
from sbrt_qa.dicom.link.courses import (
    RULES,
    Decided,
    Member,
    PlanPair,
    SharedDose,
    Word,
    adding_plans_not_in,
    decide,
    verification_of,
)
from sbrt_qa.dicom.link.plan_case import PlanCase
from sbrt_qa.errors import GeometryError, UsageError, quoted
from sbrt_qa.i18n.phrase import counted, joined, said, say
from sbrt_qa.model.case import Case
from sbrt_qa.model.course import Course, CourseDecision, CourseDoses, CoursePart, PartDose, PlanRole
from sbrt_qa.model.dose_sum import sum_of
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.stated import UserStatements

BEYOND_FRAMES: Final = ("user: alternatives", "rejected", "named predecessor")
"""Rules that hold for plans in different frames of reference as well."""


def with_courses(
    found: Sequence[PlanCase], stated: UserStatements
) -> tuple[tuple[Case, ...], tuple[str, ...]]:
    """Join the plans of each patient to courses.

    Returns
    -------
    tuple
        The cases to judge, in order, and notes on plans that do not count.

    Raises
    ------
    UsageError
        The user names a plan that is not there.
    """
    found = _with_targets_elsewhere(found)
    members = {m: one for one in found if (m := one.member) is not None}
    word = _word(stated, list(members))
    if len(members) < 2 and not any(
        one.shared or verification_of(m.plan) or adding_plans_not_in(members, m)
        for m, one in members.items()
    ):
        return tuple(one.case for one in found), ()
    made: dict[PlanCase, Case | None] = {}
    treating = [m for m in members if not verification_of(m.plan)]
    checking = [m for m in members if verification_of(m.plan)]
    for patient in by_patient(treating):
        made |= _of_patient(patient, checking, members, word)
    for m in checking:
        made[members[m]] = None if treating else _checking_alone(m, members[m].case)
    notes = tuple(
        say("{0} ({1}) is not for treatment ({2}): it is listed and does not count",
            m.file, quoted(m.label), verification_of(m.plan))
        for m in checking if treating
    )  # fmt: skip
    cases = (made.get(one, one.case) for one in found)
    return tuple(case for case in cases if case is not None), notes


def _with_targets_elsewhere(found: Sequence[PlanCase]) -> tuple[PlanCase, ...]:
    """Return cases of plans that name targets of structure sets which no plan is drawn on."""
    free = [one.case.structures for one in found if isinstance(one.case.plan, Reason)]
    told = [targets_in(free, m.frame) if (m := one.member) else () for one in found]
    return tuple(
        replace(one, case=replace(one.case, targets_elsewhere=texts)) if texts else one
        for one, texts in zip(found, told, strict=True)
    )


def _checking_alone(member: Member, case: Case) -> Case:
    """Return the case of a plan that is not for treatment, where no plan is."""
    part = part_of(member, PlanRole.VERIFICATION, verification_of(member.plan))
    return replace(case, course=Course(member.label, CourseDecision.ONE_PLAN, parts=(part,)))


def _word(stated: UserStatements, members: Sequence[Member]) -> Word:
    if not stated.course:
        return Word(alternatives=stated.alternatives)
    known = {name for m in members for name in (m.label, m.uid) if name}
    names, rest = [], stated.course.strip()
    while rest:
        name = next((n for n in sorted(known, key=len, reverse=True) if _begins(rest, n)), None)
        if name is None:
            raise UsageError(
                "--course names a plan that is not there",
                got=quoted(rest),
                expected=f"labels of plans joined by +, of {', '.join(map(quoted, sorted(known)))}",
            )
        names.append(name)
        rest = rest[len(name) :].strip().removeprefix("+").strip()
    return Word(frozenset(names))


def _begins(text: str, name: str) -> bool:
    rest = text.removeprefix(name).strip()
    return text.startswith(name) and (not rest or rest.startswith("+"))


def _of_patient(
    patient: Sequence[Member],
    checking: Sequence[Member],
    cases: dict[Member, PlanCase],
    word: Word,
) -> dict[PlanCase, Case | None]:
    """Return what becomes of the case of each plan; None where another case holds it."""
    named = [m for m in patient if word.names(m)]
    left_out = [m for m in patient if named and m not in named]
    counting = [m for m in patient if m not in left_out]
    treating = [m for m in counting if m.plan.beams or m.plan.applications]
    empty = [m for m in counting if m not in treating]
    shared = tuple({s.file: s for m in patient for s in cases[m].shared}.values())
    frames: dict[str, list[Member]] = {}
    for member in treating:
        frames.setdefault(member.frame, []).append(member)
    decided = {frame: decide(group, shared, word) for frame, group in frames.items()}
    made: dict[PlanCase, Case | None] = {cases[m]: None for m in left_out}
    for frame, one in decided.items():
        elsewhere = [
            m for other, there in decided.items() if other != frame
            for m in there.course if _counts_elsewhere(m, one.course, word)
        ]  # fmt: skip
        room = _Room(one, shared, elsewhere, empty, checking, left_out, cases)
        made |= room.cases()
    return made


def _counts_elsewhere(member: Member, here: Sequence[Member], word: Word) -> bool:
    """Tell whether a plan in another frame may add to the dose of these."""
    pairs = [PlanPair(one, member, word=word) for one in here]
    return not any(r.holds(p) for p in pairs for r in RULES if r.name in BEYOND_FRAMES)


class _Room:
    """The plans of one patient in one frame of reference, and what lies beside them."""

    def __init__(
        self,
        decided: Decided,
        shared: tuple[SharedDose, ...],
        elsewhere: Sequence[Member],
        empty: Sequence[Member],
        checking: Sequence[Member],
        left_out: Sequence[Member],
        cases: dict[Member, PlanCase],
    ) -> None:
        self.decided, self.members, self.left_out = decided, decided.course, left_out
        self.elsewhere, self.empty, self.checking = elsewhere, empty, checking
        self.of = cases
        uids = {m.uid for m in self.members}
        self.shared = tuple(s for s in shared if uids & set(s.plan_uids))
        aside = {m.uid for m in (*decided.aside, *left_out)}
        self.not_here = tuple(
            dict.fromkeys(
                uid for s in self.shared for uid in s.plan_uids if uid not in uids | aside
            )
        )
        self.named = tuple(
            dict.fromkeys(uid for m in self.members for uid in adding_plans_not_in(cases, m))
        )

    def cases(self) -> dict[PlanCase, Case | None]:
        """Return what becomes of the case of each plan."""
        aside: dict[PlanCase, Case | None] = {
            self.of[m]: self._beside(m) for m in self.decided.aside
        }
        match self.decided.decision:
            case CourseDecision.ALTERNATIVES if len(self.members) > 1:
                return aside | {self.of[m]: self._beside(m) for m in self.members}
            case CourseDecision.UNTOLD:
                return aside | {self.of[m]: self._untold(m) for m in self.members}
            case CourseDecision.PARTS:
                return aside | self._course()
        if self.not_here:
            return aside | self._course()
        return aside | {self.of[m]: self._beside(m) for m in self.members}

    # --- what is said -------------------------------------------------------------------------

    def _parts(self, role: PlanRole) -> tuple[CoursePart, ...]:
        why = self.decided.why
        beside = say("another frame of reference")
        no_beam = say("a plan without beams")
        not_named = say("the user names others as the course")
        return (
            *(part_of(m, role, why) for m in self.members),
            *(
                CoursePart("", "", uid, PlanRole.NOT_HERE, say("a dose names it"))
                for uid in self.not_here
            ),
            *(
                CoursePart("", "", uid, PlanRole.NOT_HERE, say("a plan names it"))
                for uid in self.named
                if uid not in self.not_here
            ),
            *(part_of(m, PlanRole.ALTERNATIVE, why) for m in self.decided.aside),
            *(part_of(m, PlanRole.ELSEWHERE, beside) for m in self.elsewhere),
            *(part_of(m, PlanRole.UNTOLD, no_beam) for m in self.empty),
            *(part_of(m, PlanRole.LEFT_OUT, not_named) for m in self.left_out),
            *(part_of(m, PlanRole.VERIFICATION, verification_of(m.plan)) for m in self.checking),
        )

    def _lower_bound(self, missing: Sequence[str] = ()) -> Reason | None:
        """Return why the dose may be less than what is given."""
        why: list[str] = []
        if missing:
            why.append(say("no dose of {0}", ", ".join(missing)))
        if self.named:
            count = counted(len(self.named), "plan")
            why.append(say("no dose of {0} that it names as given beside or before it", count))
        if self.elsewhere:
            names = ", ".join(quoted(m.label) for m in self.elsewhere)
            why.append(say("{0} treats in another frame of reference", names))
        if self.empty:
            names = ", ".join(quoted(m.label) for m in self.empty)
            why.append(say("it is not known what {0}, a plan without beams, delivers", names))
        if not why:
            return None
        text = say("only a lower bound of the dose of the course is known: {0}", joined("; ", why))
        return Reason(ReasonCode.COURSE_UNKNOWN, text)

    def _said_by(self) -> str:
        return "user" if self.left_out or self.decided.rule.startswith("user") else "files"

    def _base(self, label: str, decision: CourseDecision, role: PlanRole) -> Course:
        return Course(
            label=label,
            decision=decision,
            rule=self.decided.rule,
            why=self.decided.why,
            said_by=self._said_by(),
            parts=self._parts(role),
            shared_dose=tuple(s.file for s in self.shared if s.says_plan),
            copies=self.decided.copies,
        )

    # --- plans by themselves ------------------------------------------------------------------

    def _beside(self, member: Member) -> Case:
        """Return the case of a plan that is judged by itself; untouched where nothing is beside."""
        case = self.of[member].case
        several = len(self.members) > 1 or self.decided.aside
        if not (several or self.elsewhere or self.empty or self.checking or self.left_out
                or self.named):  # fmt: skip
            return case
        alone = not several
        decision = CourseDecision.ONE_PLAN if alone else CourseDecision.ALTERNATIVES
        role = PlanRole.PART if alone or len(self.members) == 1 else PlanRole.ALTERNATIVE
        course = replace(self._base(member.label, decision, role), lower_bound=self._lower_bound())
        return replace(case, course=course)

    def _untold(self, member: Member) -> Case:
        """Return the case of a plan that may be a part or an alternative."""
        others = ", ".join(quoted(m.label) for m in self.members if m is not member)
        text = say(
            "nothing tells whether {0} adds to this plan: say so with --course or --alternatives",
            others,
        )
        label = " + ".join(m.label for m in self.members)
        course = replace(
            self._base(label, CourseDecision.UNTOLD, PlanRole.UNTOLD),
            lower_bound=Reason(ReasonCode.COURSE_UNKNOWN, text),
        )
        grids = [m.dose for m in self.members if isinstance(m.dose, DoseGrid)]
        together = None
        if len(grids) == len(self.members):
            try:
                together = sum_of(grids).known
            except GeometryError:
                together = None
        case = self.of[member].case
        beside = tuple(self._drawn_as(m, member) for m in self.members if m is not member)
        doses = CourseDoses(together=together)
        return replace(case, course=course, course_doses=doses, beside=beside)

    def _drawn_as(self, member: Member, here: Member) -> Case:
        """Return the case of a plan on the structures of another.

        ROI numbers of another structure set mean nothing there.
        """
        case, drawn = self.of[member].case, self.of[here].case.structures
        same = bool(here.structure_set) and member.structure_set == here.structure_set
        plan = member.plan if same else replace(member.plan, dose_references=())
        return replace(case, structures=drawn, plan=plan, stored_dvhs=())

    # --- parts --------------------------------------------------------------------------------

    def _course(self) -> dict[PlanCase, Case | None]:
        """Return one case for each structure set, with the dose of all parts."""
        label = " + ".join(m.label for m in self.members)
        dose, doses, course = self._summed(self._base(label, CourseDecision.PARTS, PlanRole.PART))
        groups: dict[str, list[Member]] = {}
        for m in self.members:
            groups.setdefault(m.structure_set or m.uid, []).append(m)
        made: dict[PlanCase, Case | None] = {}
        for own in groups.values():
            cases = [replace(self.of[m].case, course=course) for m in own]
            first = cases[0]
            files = joined_provenance(
                [self.of[m].case.provenance for m in (*own, *(m for m in self.members
                                                             if m not in own))]
            )  # fmt: skip
            made |= dict.fromkeys((self.of[m] for m in own), None)
            made[self.of[own[0]]] = replace(
                first,
                label=" + ".join(c.label for c in cases),
                plan=combined([m.plan for m in own]),
                dose=dose,
                stored_dvhs=(),
                provenance=files,
                course_doses=doses,
                parts=tuple(cases),
                sessions=tuple(s for c in cases for s in c.sessions),
            )
        return made

    def _summed(self, course: Course) -> tuple[DoseGrid | Reason, CourseDoses, Course]:
        there = [(m, m.dose) for m in self.members if isinstance(m.dose, DoseGrid)]
        missing = [quoted(m.label) for m in self.members if isinstance(m.dose, Reason)]
        missing += [say("a plan that is not here")] * bool(self.not_here)
        wanted = {m.uid for m in self.members} | set(self.not_here)
        site = next((s for s in self.shared if wanted <= set(s.plan_uids)
                     and isinstance(s.dose, DoseGrid)), None)  # fmt: skip
        parts = tuple(
            PartDose(m.label, dose, known_fractions(m.plan.fractions)) for m, dose in there
        )
        course = replace(
            course,
            fraction_counts=()
            if self.not_here
            else fraction_counts([m.plan for m in self.members]),
        )
        if missing and site is not None and isinstance(site.dose, DoseGrid):
            how = say("the sum that the site sent, because there is {0}",
                      say("no dose of {0}", ", ".join(missing)))  # fmt: skip
            course = replace(
                course, site_sum=site.file, sum_method=how, lower_bound=self._lower_bound()
            )
            return site.dose, CourseDoses(parts), course
        course = replace(course, lower_bound=self._lower_bound(missing))
        if not there:
            none = Reason(ReasonCode.NO_DOSE, say("no part of the course has a dose"))
            return none, CourseDoses(parts), course
        try:
            total = sum_of([dose for _, dose in there])
        except GeometryError as error:
            why = Reason(ReasonCode.DOSE_UNUSABLE, said(error))
            return why, CourseDoses(parts), course
        apart = None if site is None else largest_difference_gy(total.known, site.dose)
        course = replace(
            course,
            sum_method=method_of(total.known, total.error_gy),
            sum_error_gy=total.error_gy,
            site_sum="" if site is None else site.file,
            site_sum_differs_gy=apart,
        )
        at_least = None if total.known is total.at_least else total.at_least
        nowhere = Reason(
            ReasonCode.OUTSIDE_DOSE_GRID, say("the dose grids of the parts do not overlap")
        )
        return total.known or nowhere, CourseDoses(parts, at_least), course
