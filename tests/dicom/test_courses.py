"""How plans belong together: every rule by itself, and courses read from files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from tests.dicom import builders as b

from sbrt_qa.dicom.link.courses import (
    RULES,
    CourseRelation,
    Member,
    PlanPair,
    SharedDose,
    Word,
    decide,
    relation_of,
    verification_of,
)
from sbrt_qa.dicom.load import inspect, load_cases
from sbrt_qa.errors import UsageError
from sbrt_qa.i18n.words import Words
from sbrt_qa.model.case import Case
from sbrt_qa.model.course import CourseDecision, PlanRole
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.plan import Beam, Plan, PlanRelation, Prescription, PrescriptionSource
from sbrt_qa.model.stated import UserStatements
from sbrt_qa.reports.compose.facts import course_text

AXIS = np.arange(-30.0, 31.0, 3.0)


def ball(x_mm: float = 0.0, peak: float = 60.0) -> DoseGrid:
    """A dose around a point; 80 % of 50 Gy reach out about 9 mm."""
    x, y, z = AXIS[None, None, :] - x_mm, AXIS[None, :, None], AXIS[:, None, None]
    return DoseGrid(peak * np.exp(-(x**2 + y**2 + z**2) / 200.0), AXIS, AXIS, AXIS)


NO_DOSE = Reason(ReasonCode.NO_DOSE, "none")


def member(
    uid: str,
    *,
    approval: str = "APPROVED",
    fractions: int = 5,
    rx_gy: float | None = 50.0,
    dose: DoseGrid | Reason = NO_DOSE,
    relations: tuple[PlanRelation, ...] = (),
    treated: bool = False,
) -> Member:
    stated = rx_gy and Prescription(rx_gy, PrescriptionSource.TARGET_PRESCRIPTION_DOSE)
    plan = Plan(
        uid, f"plan {uid}", approval=approval, fractions=fractions,
        prescription=stated or NO_DOSE, beams=(Beam(1, "b"),), relations=relations,
    )  # fmt: skip
    return Member(f"{uid}.dcm", plan, "patient", "study", "frame", "set", dose, treated)


def names(kind: str, uid: str = "2") -> tuple[PlanRelation, ...]:
    return (PlanRelation(uid, kind),)


HERE, THERE = ball(-15), ball(15)
SUM = SharedDose("sum.dcm", ("1", "2"), says_plan=False, dose=ball())

Change = Callable[[PlanPair], PlanPair]


def pair(one: Member, other: Member, *shared: SharedDose, word: Word | None = None) -> PlanPair:
    return PlanPair(one, other, shared, word or Word())


BOTH = Word(frozenset({"plan 1", "plan 2"}))
CASES = {
    "user: course": pair(member("1"), member("2"), word=BOTH),
    "user: alternatives": pair(member("1"), member("2"), word=Word(alternatives=True)),
    "rejected": pair(member("1"), member("2", approval="REJECTED")),
    "one dose names both": pair(member("1"), member("2"), SUM),
    "same dose": pair(member("1", dose=ball()), member("2", dose=ball())),
    "named together": pair(member("1", relations=names("CONCURRENT")), member("2")),
    "named predecessor": pair(member("1", relations=names("PREDECESSOR")), member("2")),
    "one approved": pair(member("1"), member("2", approval="UNAPPROVED")),
    "one fraction each": pair(
        member("1", fractions=1, rx_gy=10.0), member("2", fractions=1, rx_gy=10.0)
    ),
    "different places": pair(member("1", dose=HERE), member("2", dose=THERE)),
    "nothing tells": pair(member("1"), member("2")),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.name)
def test_every_rule__decides_its_case(rule: object) -> None:
    found = relation_of(CASES[rule.name])  # type: ignore[attr-defined]
    assert found is rule
    assert all(m.label in str(found.says(CASES[found.name])) for m in CASES[found.name].members)


@pytest.mark.parametrize(
    ("plans", "why"),
    [
        ((member("1"), member("2")), "two approved plans of one target"),
        ((member("1", dose=ball(0)), member("2", dose=ball(1))), "two approved doses at one place"),
        ((member("1", approval=""), member("2", approval="")), "no approval stated"),
        ((member("1"), member("2", approval="")), "one approval not stated"),
        ((member("1", approval="UNAPPROVED"), member("2", approval="UNAPPROVED")), "none approved"),
        (
            (member("1", dose=HERE), member("2", dose=THERE, approval="UNAPPROVED")),
            "an unapproved plan of another place is no alternative",
        ),
        (
            (member("1", relations=names("PREDECESSOR")), member("2", treated=True)),
            "a predecessor that was delivered adds to the dose",
        ),
        ((member("1", relations=names("ALTERNATIVE")), member("2")), "both approved all the same"),
        ((member("1", fractions=1, rx_gy=10), member("2", fractions=1, rx_gy=8)), "other doses"),
        (
            (member("1", dose=ball(0)), member("2", dose=ball(0, peak=25), rx_gy=20.0)),
            "a boost on the same place: both approved, but nothing says that both are given",
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_case_120__what_nothing_tells_is_asked(plans: tuple[Member, Member], why: str) -> None:
    assert relation_of(PlanPair(*plans)).relation is CourseRelation.UNTOLD, why


def test_two_approved_plans__are_alternatives_only_by_a_name_or_the_users_word() -> None:
    by = {r.name for r in RULES if r.relation is CourseRelation.ALTERNATIVES}
    approved = {n for n in by if all(m.plan.approval == "APPROVED" for m in CASES[n].members)}
    assert approved == {"user: alternatives", "named predecessor"}


def test_three_plans__parts_and_an_unapproved_alternative_of_one() -> None:
    found = decide(
        [
            member("1", dose=HERE), member("2", dose=THERE),
            member("3", dose=ball(-14), approval="REJECTED"),
        ],
        (), Word(),
    )  # fmt: skip
    assert found.decision is CourseDecision.PARTS
    assert [m.uid for m in found.course] == ["1", "2"]
    assert [m.uid for m in found.aside] == ["3"]


def test_three_plans__one_that_nothing_tells_leaves_all_untold() -> None:
    found = decide(
        [member("1", dose=HERE), member("2", dose=THERE), member("3", dose=ball(-14))], (), Word()
    )
    assert found.decision is CourseDecision.UNTOLD
    assert len(found.course) == 3


def test_one_plan_exported_twice__is_named() -> None:
    found = decide([member("1", dose=ball()), member("2", dose=ball())], (), Word())
    assert found.decision is CourseDecision.UNTOLD
    assert found.copies == ("plan 1", "plan 2")


@pytest.mark.parametrize("intent", ["VERIFICATION", "MACHINE_QA", "SERVICE", "RESEARCH"])
def test_case_152__plans_that_treat_nobody(intent: str) -> None:
    assert intent in verification_of(replace(member("1").plan, intent=intent))


def test_case_123__a_plan_that_names_the_one_it_verifies() -> None:
    assert verification_of(member("1", relations=names("VERIFIED_PLAN")).plan)


@pytest.mark.parametrize("intent", ["", "CURATIVE", "PALLIATIVE", "PROPHYLACTIC"])
def test_plans_that_treat(intent: str) -> None:
    assert verification_of(replace(member("1").plan, intent=intent)) == ""


# --- from files -------------------------------------------------------------------------------


def values(x_mm: float, peak: float = 60.0) -> np.ndarray:
    """Stored integers (0.001 Gy) of a ball at `x_mm`, on 21 x 21 x 21 voxels of 3 mm."""
    return np.round(1000 * ball(x_mm, peak).dose_gy).astype(np.uint32)


def dose(uid: str, plan: str | tuple[str, ...], x_mm: float = 0.0, **elements: object) -> Dataset:
    plans = (plan,) if isinstance(plan, str) else plan
    made = b.dose(
        elements.pop("values", values(x_mm)), uid=uid, position=(-30, -30, -30), spacing=(3, 3),
        offsets=[3.0 * k for k in range(21)], plan=plans[0], **elements,
    )  # fmt: skip
    made.ReferencedRTPlanSequence = Items([b.reference(p) for p in plans])
    return made


def read(folder: Path, *objects: Dataset, stated: UserStatements | None = None) -> tuple[Case, ...]:
    for i, one in enumerate(objects):
        b.save(one, folder / f"{one.Modality}{i}.dcm")
    return load_cases(folder, stated or UserStatements())


P1, P2, P3 = "1.2.3.11", "1.2.3.12", "1.2.3.13"
D1, D2, D3 = "1.2.3.31", "1.2.3.32", "1.2.3.33"


def plans(*uids: str, **elements: object) -> list[Dataset]:
    return [b.plan(uid=uid, label=f"plan {uid[-1]}", **elements) for uid in uids]


def roles(case: Case) -> dict[str, PlanRole]:
    assert case.course is not None
    return {p.label: p.role for p in case.course.parts}


def test_case_120__two_places_are_one_course_with_their_sum(tmp_path: Path) -> None:
    (case,) = read(tmp_path, b.structure_set(), *plans(P1, P2), dose(D1, P1, -15), dose(D2, P2, 15))
    assert case.label == "plan 1 + plan 2"
    assert case.course is not None
    assert case.course.decision is CourseDecision.PARTS
    assert case.course.fraction_counts == (5, 10)
    assert isinstance(case.dose, DoseGrid)
    assert np.allclose(case.dose.dose_gy, (values(-15) + values(15)) / 1000)
    assert [p.label for p in case.parts] == ["plan 1", "plan 2"]


def test_single_plan__is_no_course(tmp_path: Path) -> None:
    (case,) = read(tmp_path, b.structure_set(), b.plan(), dose(D1, b.PLAN_UID))
    assert case.course is None
    assert case.parts == ()


@pytest.mark.parametrize("kind", ["CONCURRENT", "PRIOR"])
def test_plan_that_is_named_and_not_here__leaves_a_lower_bound(tmp_path: Path, kind: str) -> None:
    alone = b.plan()
    named = b.reference(P2)
    named.RTPlanRelationship = kind
    alone.ReferencedRTPlanSequence = Items([named])
    (case,) = read(tmp_path, b.structure_set(), alone, dose(D1, b.PLAN_UID))
    assert case.course is not None
    assert case.course.lower_bound is not None
    assert "no dose of 1 plan that it names" in case.course.lower_bound.detail
    assert PlanRole.NOT_HERE in {p.role for p in case.course.parts}


def test_predecessor_that_is_not_here__adds_nothing(tmp_path: Path) -> None:
    alone = b.plan()
    named = b.reference(P2)
    named.RTPlanRelationship = "PREDECESSOR"
    alone.ReferencedRTPlanSequence = Items([named])
    (case,) = read(tmp_path, b.structure_set(), alone, dose(D1, b.PLAN_UID))
    assert case.course is None


def test_two_structure_sets_of_one_frame__each_with_the_sum(tmp_path: Path) -> None:
    other = "1.2.3.21"
    found = read(
        tmp_path, b.structure_set(), b.structure_set(uid=other), *plans(P1),
        *plans(P2, structures=other), dose(D1, P1, -15), dose(D2, P2, 15),
    )  # fmt: skip
    assert [c.label for c in found] == ["plan 1", "plan 2"]
    assert {c.course.label for c in found if c.course} == {"plan 1 + plan 2"}
    assert isinstance(found[0].dose, DoseGrid)
    assert isinstance(found[1].dose, DoseGrid)
    assert np.array_equal(found[0].dose.dose_gy, found[1].dose.dose_gy)


def test_parts_on_a_structure_set_that_is_not_here__are_one_case(tmp_path: Path) -> None:
    """As real exports are: five plans that name each other, without structures and dose."""
    five = plans(P1, P2, P3, "1.2.3.14", "1.2.3.15")
    for one in five:
        others = [b.reference(p.SOPInstanceUID) for p in five if p is not one]
        for reference in others:
            reference.RTPlanRelationship = "CONCURRENT"
        one.ReferencedRTPlanSequence = Items(others)
    (case,) = read(tmp_path, *five)
    assert case.course is not None
    assert (case.course.decision, case.course.rule) == (CourseDecision.PARTS, "named together")
    assert len(case.parts) == 5
    assert "(concurrent)" in course_text(case.course, Words())


def test_two_approved_plans_of_one_place__are_asked_about(tmp_path: Path) -> None:
    found = read(tmp_path, b.structure_set(), *plans(P1, P2), dose(D1, P1), dose(D2, P2, 2))
    assert [c.course.decision for c in found if c.course] == [CourseDecision.UNTOLD] * 2
    assert all(c.course and c.course.lower_bound for c in found)


@pytest.mark.parametrize(
    ("stated", "labels"),
    [
        (UserStatements(course="plan 1 + plan 2"), ["plan 1 + plan 2"]),
        (UserStatements(course=f"{P1}+{P2}"), ["plan 1 + plan 2"]),
        (UserStatements(alternatives=True), ["plan 1", "plan 2"]),
        (UserStatements(course="plan 1"), ["plan 1"]),
    ],
)
def test_the_users_word__decides_and_is_shown(
    tmp_path: Path, stated: UserStatements, labels: list[str]
) -> None:
    found = read(
        tmp_path, b.structure_set(), *plans(P1, P2), dose(D1, P1), dose(D2, P2, 2), stated=stated
    )
    assert [c.label for c in found] == labels
    assert all(c.course and c.course.said_by == "user" for c in found)
    assert all(c.course and c.course.lower_bound is None for c in found)


def test_the_users_word__of_a_plan_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--course names a plan that is not there"):
        read(tmp_path, b.structure_set(), *plans(P1, P2), stated=UserStatements(course="plan 1+C"))


def test_course_and_alternatives__contradict() -> None:
    with pytest.raises(UsageError, match="contradict"):
        UserStatements(course="A", alternatives=True)


def test_case_121__a_plan_dose_that_names_two_plans_is_of_neither(tmp_path: Path) -> None:
    (case,) = read(tmp_path, b.structure_set(), *plans(P1, P2), dose(D1, (P1, P2)))
    assert case.course is not None
    assert case.course.shared_dose == ("RTDOSE3.dcm",)
    assert case.course.rule == "one dose names both"
    assert all(isinstance(p.dose, Reason) for p in case.parts)


def test_sum_of_the_site__stands_in_where_a_dose_is_missing(tmp_path: Path) -> None:
    (case,) = read(
        tmp_path, b.structure_set(), *plans(P1, P2), dose(D1, P1, -15),
        dose(D3, (P1, P2), values=values(-15) + values(15), summation="MULTI_PLAN"),
    )  # fmt: skip
    assert case.course is not None
    assert case.course.site_sum == "RTDOSE4.dcm"
    assert case.course.lower_bound is None
    assert "the sum that the site sent" in case.course.sum_method
    assert isinstance(case.dose, DoseGrid)
    assert np.allclose(case.dose.dose_gy, (values(-15) + values(15)) / 1000)


def test_sum_of_the_site__alone_with_two_plans(tmp_path: Path) -> None:
    (case,) = read(
        tmp_path, b.structure_set(), *plans(P1, P2), dose(D3, (P1, P2), summation="MULTI_PLAN")
    )
    assert isinstance(case.dose, DoseGrid)
    assert case.course is not None
    assert case.course.shared_dose == ()


@pytest.mark.parametrize(("scale", "differs"), [(1.0, 0.0), (1.5, 30.0)])
def test_sum_of_the_site__is_compared_with_ours(
    tmp_path: Path, scale: float, differs: float
) -> None:
    both = np.round(scale * (values(-15) + values(15).astype(float))).astype(np.uint32)
    (case,) = read(
        tmp_path, b.structure_set(), *plans(P1, P2), dose(D1, P1, -15), dose(D2, P2, 15),
        dose(D3, (P1, P2), values=both, summation="MULTI_PLAN"),
    )  # fmt: skip
    assert case.course is not None
    assert case.course.site_sum_differs_gy is not None
    assert case.course.site_sum_differs_gy == pytest.approx(differs, abs=1.5)


def test_dose_that_names_a_plan_that_is_not_here(tmp_path: Path) -> None:
    (case,) = read(
        tmp_path, b.structure_set(), *plans(P1), dose(D1, P1, -15),
        dose(D3, (P1, "1.2.3.99"), values=values(-15) + values(15), summation="MULTI_PLAN"),
    )  # fmt: skip
    assert roles(case) == {"plan 1": PlanRole.PART, "": PlanRole.NOT_HERE}
    assert isinstance(case.dose, DoseGrid)
    assert case.dose.max_gy > 60


def test_part_without_a_dose__leaves_a_lower_bound(tmp_path: Path) -> None:
    (case,) = read(
        tmp_path, b.structure_set(), *plans(P1, P2), dose(D1, P1),
        stated=UserStatements(course="plan 1+plan 2"),
    )  # fmt: skip
    assert case.course is not None
    assert case.course.lower_bound is not None
    assert "no dose of 'plan 2'" in case.course.lower_bound.detail


def test_another_frame__is_never_dropped(tmp_path: Path) -> None:
    other = "1.2.3.101"
    found = read(
        tmp_path, b.structure_set(), *plans(P1), *plans(P2, frame=other, structures="1.2.3.21"),
        b.structure_set(uid="1.2.3.21", frame=other), dose(D1, P1), dose(D2, P2, frame=other),
    )  # fmt: skip
    assert [roles(c) for c in found] == [
        {"plan 1": PlanRole.PART, "plan 2": PlanRole.ELSEWHERE},
        {"plan 2": PlanRole.PART, "plan 1": PlanRole.ELSEWHERE},
    ]
    assert all(c.course and c.course.lower_bound for c in found)


def test_case_123__a_verification_plan_is_listed_and_does_not_count(tmp_path: Path) -> None:
    checking = b.plan(
        uid=P2, label="QA_1", frame="1.2.3.109", structures=None, PlanIntent="VERIFICATION"
    )
    objects = [b.structure_set(), *plans(P1), checking, dose(D1, P1),
               dose(D2, P2, frame="1.2.3.109")]  # fmt: skip
    (case,) = read(tmp_path, *objects)
    assert roles(case) == {"plan 1": PlanRole.PART, "QA_1": PlanRole.VERIFICATION}
    assert case.course is not None
    assert case.course.lower_bound is None
    assert any("it is listed and does not count" in note for note in inspect(tmp_path).notes)


def test_case_152__a_verification_plan_alone_stays_to_be_judged(tmp_path: Path) -> None:
    (case,) = read(
        tmp_path, b.structure_set(), b.plan(PlanIntent="MACHINE_QA"), dose(D1, b.PLAN_UID)
    )
    assert roles(case) == {"plan": PlanRole.VERIFICATION}


def test_replan__is_judged_by_itself_and_so_is_its_predecessor(tmp_path: Path) -> None:
    new = plans(P2)[0]
    new.ReferencedRTPlanSequence = Items([b.reference(P1, RTPlanRelationship="PREDECESSOR")])
    found = read(tmp_path, b.structure_set(), *plans(P1), new, dose(D1, P1), dose(D2, P2, 2))
    assert [c.course.decision for c in found if c.course] == [CourseDecision.ALTERNATIVES] * 2
    assert roles(found[0]) == {"plan 2": PlanRole.PART, "plan 1": PlanRole.ALTERNATIVE}


def test_case_122__a_plan_without_beams_is_no_silent_part(tmp_path: Path) -> None:
    found = read(tmp_path, b.structure_set(), *plans(P1), *plans(P2, beams=[]), dose(D1, P1, -15))
    first = next(c for c in found if c.label == "plan 1")
    assert roles(first)["plan 2"] is PlanRole.UNTOLD
    assert first.course is not None
    assert first.course.lower_bound is not None


def test_adaptive_plans_of_one_fraction__are_parts(tmp_path: Path) -> None:
    uids = [f"1.2.3.11{k}" for k in range(5)]
    made = plans(*uids, targets=[b.target(1, 10.0)], groups=[b.fraction_group(fractions=1)])
    doses = [dose(f"1.2.3.31{k}", uid, values=values(0.1 * k, 12.0)) for k, uid in enumerate(uids)]
    (case,) = read(tmp_path, b.structure_set(), *made, *doses)
    assert case.course is not None
    assert case.course.rule == "one fraction each"
    assert case.course.fraction_counts == (1, 5)
    assert isinstance(case.dose, DoseGrid)
    assert case.dose.max_gy == pytest.approx(60, rel=0.01)


def test_two_patients__are_two_cases(tmp_path: Path) -> None:
    other = plans(P2, frame="1.2.3.101", structures="1.2.3.21")
    others = [*other, b.structure_set(uid="1.2.3.21", frame="1.2.3.101"),
              dose(D2, P2, frame="1.2.3.101")]  # fmt: skip
    for one in others:
        one.PatientID, one.PatientName, one.StudyInstanceUID = "other", "other", "1.2.3.2"
    found = read(tmp_path, b.structure_set(), *plans(P1), dose(D1, P1), *others)
    assert [c.course for c in found] == [None, None]


def _elsewhere(*objects: Dataset) -> list[Dataset]:
    for one in objects:
        one.StudyInstanceUID = "1.2.3.2"
    return list(objects)


@pytest.mark.parametrize(
    ("number", "name", "parts"),
    [
        ("Anonymous", "Anonymous", False),
        ("", "anon^", False),
        ("000000", "ANONYMIZED", False),
        ("", "", False),
        ("SBRT-04711", "Anonymous", True),
    ],
)
def test_a_name_that_names_nobody__is_not_one_patients(
    tmp_path: Path, number: str, name: str, *, parts: bool
) -> None:
    """Other study, frame and structure set: only a name or number that says who makes them one."""
    frame, drawn = "1.2.3.101", "1.2.3.21"
    others = _elsewhere(
        *plans(P2, frame=frame, structures=drawn), b.structure_set(uid=drawn, frame=frame),
        dose(D2, P2, frame=frame),
    )  # fmt: skip
    objects = [b.structure_set(), *plans(P1), dose(D1, P1), *others]
    for one in objects:
        one.PatientID, one.PatientName = number, name
    found = read(tmp_path, *objects)
    assert [c.course is not None for c in found] == [parts, parts]


def test_a_name_that_names_nobody__in_one_frame_is_one_patient(tmp_path: Path) -> None:
    objects = [b.structure_set(), *plans(P1), dose(D1, P1, -15),
               *_elsewhere(*plans(P2), dose(D2, P2, 15))]  # fmt: skip
    for one in objects:
        one.PatientID, one.PatientName = "Anonymous", "Anonymous"
    (case,) = read(tmp_path, *objects)
    assert case.course is not None
    assert case.course.decision is CourseDecision.PARTS


def test_the_users_word__leaves_a_plan_out_wherever_it_lies(tmp_path: Path) -> None:
    frame, drawn = "1.2.3.101", "1.2.3.21"
    (case,) = read(
        tmp_path, b.structure_set(), *plans(P1), dose(D1, P1),
        *plans(P2, frame=frame, structures=drawn), b.structure_set(uid=drawn, frame=frame),
        dose(D2, P2, frame=frame), *plans(P3, beams=[]), stated=UserStatements(course="plan 1"),
    )  # fmt: skip
    assert roles(case) == {
        "plan 1": PlanRole.PART,
        "plan 2": PlanRole.LEFT_OUT,
        "plan 3": PlanRole.LEFT_OUT,
    }
    assert case.course is not None
    assert case.course.said_by == "user"
    assert case.course.lower_bound is None


def test_dose_of_an_absent_plan__is_told_beside_the_plan_without_one(tmp_path: Path) -> None:
    found = read(tmp_path, b.structure_set(), *plans(P1), dose(D1, "1.2.3.99"))
    case = next(c for c in found if c.label == "plan 1")
    assert isinstance(case.dose, Reason)
    assert "'RTDOSE2.dcm'" in case.dose.detail
    assert "is it the dose of this plan?" in case.dose.detail


def test_dose_of_an_absent_plan__is_not_told_where_the_plan_has_its_own(tmp_path: Path) -> None:
    found = read(tmp_path, b.structure_set(), *plans(P1), dose(D1, P1), dose(D2, "1.2.3.99"))
    case = next(c for c in found if c.label == "plan 1")
    assert isinstance(case.dose, DoseGrid)


def test_targets_of_a_second_structure_set__are_named(tmp_path: Path) -> None:
    second = b.structure_set(b.roi(9, "PTV_2", b.stack(), "PTV"), uid="1.2.3.21")
    found = read(tmp_path, b.structure_set(), *plans(P1), dose(D1, P1), second)
    assert "PTV_2" in found[0].targets_elsewhere[0]
