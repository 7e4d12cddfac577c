"""Limits of a course: organs on the sum of its parts, targets on their own plans."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from tests.dicom import builders as b
from tests.review import course_files as f

from sbrt_qa import load_cases, load_protocol, review_case
from sbrt_qa.model.course import CourseDecision
from sbrt_qa.model.outcome import ReasonCode, Verdict
from sbrt_qa.model.stated import NOTHING_STATED, UserStatements
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.course_rows import split, worse_with_dose


def reviews(
    folder: Path, *objects: Dataset, stated: UserStatements = NOTHING_STATED, text: str = f.PROTOCOL
) -> tuple[CaseReview, ...]:
    rules = load_protocol(f.protocol(folder, text))
    f.save(folder / "case", *objects)
    return tuple(
        review_case(case, rules, bands=False) for case in load_cases(folder / "case", stated)
    )


def rows(review: CaseReview, id_: str) -> list[ConstraintResult]:
    return [c for c in review.constraints if c.id == id_]


def row(review: CaseReview, id_: str) -> ConstraintResult:
    (found,) = rows(review, id_)
    return found


def codes(review: CaseReview) -> dict[str, Verdict | None]:
    return {c.code: c.verdict for c in review.findings}


def two(**elements: object) -> list[Dataset]:
    return [
        f.drawn(), f.plan(f.P1, "A", **elements), f.plan(f.P2, "B", **elements),
        f.dose(f.D1, f.P1, f.field(-1)), f.dose(f.D2, f.P2, f.field(1)),
    ]  # fmt: skip


def unapproved() -> list[Dataset]:
    """Two plans of two places of which nothing tells whether they are parts."""
    objects = two()
    for plan in objects[1:3]:
        plan.ApprovalStatus = "UNAPPROVED"
    return objects


COURSE = UserStatements(course="A+B")


def test_case_120__organ_limits_hold_for_the_sum(tmp_path: Path) -> None:
    (review,) = reviews(tmp_path, *two())
    assert review.case == "A + B"
    assert row(review, "ORGAN").value == pytest.approx(18, abs=0.01)
    assert review.course is not None
    assert review.course.decision is CourseDecision.PARTS


def test_both_numbers_of_fractions__are_judged_and_the_worse_verdict_stands(tmp_path: Path) -> None:
    """18 Gy are within 20 Gy of 5 fractions, and beyond 17.5 Gy of 10."""
    (review,) = reviews(tmp_path, *two())
    assert row(review, "ORGAN").verdict is Verdict.PER_PROTOCOL
    assert row(review, "ORGAN_MANY").verdict is Verdict.MAJOR
    assert "held against 10 fractions" in row(review, "ORGAN_MANY").note
    assert review.verdict is Verdict.MAJOR
    message = next(x.message for x in review.findings if x.code == "COURSE_OF_PLANS")
    assert "5 fractions" in message
    assert "10 fractions" in message


def test_coverage__is_that_of_each_targets_own_plan(tmp_path: Path) -> None:
    (review,) = reviews(tmp_path, *two())
    found = {c.match.plan_names: c for c in rows(review, "COVER") if c.match}
    assert set(found) == {("PTV_L",), ("PTV_R",)}
    assert {c.key for c in found.values()} == {"COVER#1", "COVER#2"}
    assert all(c.value == pytest.approx(100) for c in found.values())


def test_coverage__is_not_helped_by_the_other_plan(tmp_path: Path) -> None:
    """Plan B gives its target 47 Gy; with the 9 Gy of plan A it would be 56 Gy of 50."""
    objects = two()
    objects[-1] = f.dose(f.D2, f.P2, f.field(1, high=47.0))
    (review,) = reviews(tmp_path, *objects)
    found = {c.match.plan_names: c for c in rows(review, "COVER") if c.match}
    assert found[("PTV_R",)].verdict is Verdict.MAJOR
    assert found[("PTV_L",)].verdict is Verdict.PER_PROTOCOL


def test_hot_spots_of_targets__hold_for_the_sum(tmp_path: Path) -> None:
    text = f.PROTOCOL.replace("aliases: {en: [PTV_L, PTV_R]}", "aliases: {en: [PTV_L]}")
    (review,) = reviews(tmp_path, *two(), text=text)
    for hot in rows(review, "HOT"):
        assert hot.value == pytest.approx(69, abs=0.01)
        assert hot.verdict is Verdict.MINOR


def test_eqd2__is_shown_voxel_by_voxel(tmp_path: Path) -> None:
    """18 (3.6 + 3) / 5 = 23.76 Gy in 5 fractions, and 2 x 9 (1.8 + 3) / 5 = 17.28 Gy in 10."""
    (review,) = reviews(tmp_path, *two())
    note = row(review, "ORGAN").note
    assert "alpha/beta 3 Gy" in note
    assert "23.76 Gy if given on the same days, 17.28 Gy if not" in note


@pytest.mark.parametrize(
    ("x_mm", "z_mm"),
    [
        (np.arange(-39.0, 42.0, 3.0), np.arange(-18.0, 19.0, 3.0)),
        (np.arange(-38.0, 43.0, 4.0), np.arange(-19.0, 20.0, 4.0)),
        (np.arange(-40.0, 41.0, 2.0), np.arange(-20.0, 21.0, 2.5)),
    ],
    ids=["3 mm", "shifted by 2 mm", "finer"],
)
def test_sum_on_other_grids__closed_form(
    tmp_path: Path, x_mm: np.ndarray, z_mm: np.ndarray
) -> None:
    """The organ lies in the flat parts of both doses, so that it has 18 Gy whatever the grids."""
    objects = two()
    objects[-1] = f.dose(f.D2, f.P2, f.field(1, x_mm), x_mm=x_mm, z_mm=z_mm)
    (review,) = reviews(tmp_path, *objects)
    assert row(review, "ORGAN").value == pytest.approx(18, abs=0.25)
    assert review.course is not None
    assert review.course.sum_error_gy is not None
    assert "measured between its voxels" in review.course.sum_method


SHORT = np.arange(-20.0, -3.0, 4.0)
"""Planes of a dose that ends inside the organ."""


def test_grid_that_ends_in_an_organ__is_never_taken_for_zero(tmp_path: Path) -> None:
    objects = two()
    objects[-1] = f.dose(f.D2, f.P2, f.field(1), z_mm=SHORT)
    text = f.PROTOCOL.replace("per_protocol: 17,", "per_protocol: 30,").replace("17.5", "35")
    (review,) = reviews(tmp_path, *objects, stated=COURSE, text=text)
    for id_ in ("ORGAN", "ORGAN_MANY"):
        assert row(review, id_).verdict is Verdict.NOT_EVALUABLE
        assert row(review, id_).value is None


def test_grid_that_ends_in_an_organ__breaks_what_it_already_breaks(tmp_path: Path) -> None:
    objects = two()
    objects[-1] = f.dose(f.D2, f.P2, f.field(1), z_mm=SHORT)
    (review,) = reviews(tmp_path, *objects, stated=COURSE)
    assert row(review, "ORGAN_MANY").verdict is Verdict.MAJOR
    assert row(review, "ORGAN_MANY").value == pytest.approx(18, abs=0.25)
    assert "at least" in row(review, "ORGAN_MANY").note


def test_part_without_a_dose__is_not_evaluable_unless_broken_already(tmp_path: Path) -> None:
    (review,) = reviews(tmp_path, *two()[:-1], stated=COURSE)
    assert row(review, "ORGAN").reason is not None
    assert row(review, "ORGAN").reason.code is ReasonCode.COURSE_UNKNOWN
    assert "known is 9" in row(review, "ORGAN").reason.detail
    assert codes(review)["COURSE_INCOMPLETE"] is Verdict.NOT_EVALUABLE


def test_part_without_a_dose__broken_already(tmp_path: Path) -> None:
    objects = two()[:-1]
    objects[-1] = f.dose(f.D1, f.P1, f.field(-1, low=30.0))
    (review,) = reviews(tmp_path, *objects, stated=COURSE)
    assert row(review, "ORGAN").verdict is Verdict.MAJOR


def test_plans_that_nothing_tells__are_not_evaluable_and_asked_about(tmp_path: Path) -> None:
    objects = [f.drawn(f.LEFT, f.ORGAN), *two()[1:]]
    objects[-1] = f.dose(f.D2, f.P2, f.field(-1, low=8.0))
    found = reviews(tmp_path, *objects)
    assert [r.case for r in found] == ["A", "B"]
    for review in found:
        assert review.verdict is Verdict.NOT_EVALUABLE
        assert codes(review)["COURSE_UNTOLD"] is Verdict.NOT_EVALUABLE
        asked = next(x for x in review.findings if x.code == "COURSE_UNTOLD")
        assert "--course" in asked.advice
        assert "--alternatives" in asked.advice
        assert "with the others it would be 17" in row(review, "ORGAN").reason.detail  # type: ignore[union-attr]
    assert all(c.value is not None for c in rows(found[0], "COVER") if c.match)


def _prescribing(objects: list[Dataset], *numbers: int) -> list[Dataset]:
    for one, number in zip(objects[1:3], numbers, strict=True):
        target = b.target(1, 50.0, kind="VOLUME", ReferencedROINumber=number)
        one.DoseReferenceSequence = Items([target])
    return objects


@pytest.mark.parametrize("numbers", [(), (1, 2)], ids=["by dose", "by ROI number"])
def test_untold_plans__are_not_broken_by_each_others_targets(
    tmp_path: Path, numbers: tuple[int, ...]
) -> None:
    """Neither is approved, so nothing tells whether the two that treat two places are parts."""
    objects = unapproved()
    found = reviews(tmp_path, *(_prescribing(objects, *numbers) if numbers else objects))
    for review, own, other in zip(found, ("PTV_L", "PTV_R"), ("PTV_R", "PTV_L"), strict=True):
        cover = {c.match.plan_names: c for c in rows(review, "COVER") if c.match}
        assert cover[(own,)].verdict is Verdict.PER_PROTOCOL
        assert cover[(other,)].verdict is Verdict.NOT_EVALUABLE
        reason = cover[(other,)].reason
        assert reason is not None
        assert reason.code is ReasonCode.COURSE_UNKNOWN
        assert f"a target of '{'B' if own == 'PTV_L' else 'A'}'" in reason.detail
        assert review.verdict is Verdict.NOT_EVALUABLE


def test_untold_plans__a_target_that_its_own_plan_misses_is_broken(tmp_path: Path) -> None:
    """Plan B prescribes to PTV_R and gives it 47 of 50 Gy: broken there, and not judged with A."""
    objects = _prescribing(unapproved(), 1, 2)
    objects[-1] = f.dose(f.D2, f.P2, f.field(1, high=47.0))
    first, second = reviews(tmp_path, *objects)
    broken = {c.match.plan_names: c.verdict for c in rows(second, "COVER") if c.match}
    assert broken[("PTV_R",)] is Verdict.MAJOR
    assert second.verdict is Verdict.MAJOR
    assert first.verdict is Verdict.NOT_EVALUABLE


def test_untold_plans__a_target_that_no_plan_treats_is_broken(tmp_path: Path) -> None:
    objects = unapproved()
    objects[-1] = f.dose(f.D2, f.P2, f.field(-1, high=58.0))
    for review in reviews(tmp_path, *objects):
        cover = {c.match.plan_names: c.verdict for c in rows(review, "COVER") if c.match}
        assert cover[("PTV_R",)] is Verdict.MAJOR


def test_untold_plans__a_dose_that_is_missing_may_treat_the_target(tmp_path: Path) -> None:
    """Plan B has no dose: PTV_R, which A does not treat, may be its target."""
    first, second = reviews(tmp_path, *unapproved()[:-1])
    cover = {c.match.plan_names: c.verdict for c in rows(first, "COVER") if c.match}
    assert cover[("PTV_L",)] is Verdict.PER_PROTOCOL
    assert cover[("PTV_R",)] is Verdict.NOT_EVALUABLE
    assert row(first, "ORGAN").verdict is Verdict.NOT_EVALUABLE
    assert all(c.verdict is Verdict.NOT_EVALUABLE for c in second.constraints)


def test_plan_named_alone_by_the_user__is_judged_without_the_other(tmp_path: Path) -> None:
    objects = [f.drawn(f.LEFT, f.ORGAN), *two()[1:]]
    (review,) = reviews(tmp_path, *objects, stated=UserStatements(course="A"))
    assert review.verdict is Verdict.PER_PROTOCOL
    assert row(review, "ORGAN").value == pytest.approx(9)
    (told,) = [x for x in review.findings if x.code == "COURSE_OF_PLANS"]
    assert "left out" in told.message
    assert "'B'" in told.message
    assert review.course is not None
    assert review.course.said_by == "user"


def test_the_users_word__makes_them_alternatives(tmp_path: Path) -> None:
    objects = two()
    objects[-1] = f.dose(f.D2, f.P2, f.field(-1, low=8.0))
    found = reviews(tmp_path, *objects, stated=UserStatements(alternatives=True))
    assert [row(r, "ORGAN").value for r in found] == [pytest.approx(9), pytest.approx(8)]
    assert all(r.course is not None and r.course.said_by == "user" for r in found)


def test_case_121__a_plan_dose_of_two_plans_is_never_per_protocol(tmp_path: Path) -> None:
    objects = [f.drawn(f.LEFT, f.ORGAN), f.plan(f.P1, "A"), f.plan(f.P2, "B"),
               f.dose(f.D1, (f.P1, f.P2), f.field(-1))]  # fmt: skip
    (review,) = reviews(tmp_path, *objects)
    assert codes(review)["DOSE_OF_SEVERAL_PLANS"] is Verdict.MINOR
    assert row(review, "COVER").value is None
    assert row(review, "ORGAN").value == pytest.approx(9)
    assert review.verdict is Verdict.NOT_EVALUABLE


def test_target_that_even_the_sum_does_not_cover__is_broken(tmp_path: Path) -> None:
    objects = [f.drawn(f.LEFT, f.ORGAN), f.plan(f.P1, "A"), f.plan(f.P2, "B"),
               f.dose(f.D1, (f.P1, f.P2), f.field(-1, high=40.0),
                      summation="MULTI_PLAN")]  # fmt: skip
    (review,) = reviews(tmp_path, *objects)
    assert row(review, "COVER").verdict is Verdict.MAJOR
    assert "not even the sum" in row(review, "COVER").note


@pytest.mark.parametrize("intent", ["VERIFICATION", "MACHINE_QA", "SERVICE", "RESEARCH"])
def test_case_152__a_plan_that_treats_nobody_is_blocked(tmp_path: Path, intent: str) -> None:
    objects = [f.drawn(f.LEFT, f.ORGAN), f.plan(f.P1, "A", PlanIntent=intent),
               f.dose(f.D1, f.P1, f.field(-1))]  # fmt: skip
    (review,) = reviews(tmp_path, *objects)
    code = "PLAN_NOT_FOR_TREATMENT" if intent == "RESEARCH" else "PLAN_INTENT"
    assert codes(review)[code] is Verdict.NOT_EVALUABLE
    assert review.verdict is not Verdict.PER_PROTOCOL


def test_case_123__a_verification_plan_beside_does_not_count(tmp_path: Path) -> None:
    sound = [f.drawn(f.LEFT, f.ORGAN), f.plan(f.P1, "A"), f.dose(f.D1, f.P1, f.field(-1))]
    checking = [f.plan(f.P2, "QA", PlanIntent="VERIFICATION", structures=None),
                f.dose(f.D2, f.P2, f.field(-1))]  # fmt: skip
    (tmp_path / "alone").mkdir()
    (alone,) = reviews(tmp_path / "alone", *sound)
    (review,) = reviews(tmp_path, *sound, *checking)
    assert review.verdict is alone.verdict is Verdict.PER_PROTOCOL
    assert codes(review)["PLAN_NOT_FOR_TREATMENT"] is None
    assert [c.value for c in review.constraints] == [c.value for c in alone.constraints]


def test_another_frame__leaves_organs_open_and_targets_judged(tmp_path: Path) -> None:
    objects = [
        f.drawn(f.LEFT, f.ORGAN), f.plan(f.P1, "A"), f.dose(f.D1, f.P1, f.field(-1)),
        f.drawn(f.RIGHT, f.ORGAN, uid=f.OTHER_SET, frame=f.OTHER_FRAME),
        f.plan(f.P2, "B", frame=f.OTHER_FRAME, structures=f.OTHER_SET),
        f.dose(f.D2, f.P2, f.field(1), frame=f.OTHER_FRAME),
    ]  # fmt: skip
    found = reviews(tmp_path, *objects)
    for review in found:
        assert row(review, "ORGAN").verdict is Verdict.NOT_EVALUABLE
        assert row(review, "COVER").verdict is Verdict.PER_PROTOCOL
        assert codes(review)["COURSE_INCOMPLETE"] is Verdict.NOT_EVALUABLE


def _with_levels(*levels: tuple[int | None, float]) -> Dataset:
    targets = [
        b.target(i, gy, kind="VOLUME", ReferencedROINumber=number)
        for i, (number, gy) in enumerate(levels, 1)
    ]
    return f.plan(f.P1, "A", targets=targets)


def test_case_124__a_target_is_held_against_the_dose_of_its_roi_number(tmp_path: Path) -> None:
    """PTV_L gets 45 Gy and is prescribed 40 Gy; another target is prescribed 50 Gy."""
    objects = [f.drawn(f.LEFT, f.ORGAN, (4, "Boost", -30, -26, "PTV")),
               _with_levels((4, 50.0), (1, 40.0)),
               f.dose(f.D1, f.P1, f.field(-1, high=45.0))]  # fmt: skip
    (review,) = reviews(tmp_path, *objects)
    found = [c for c in rows(review, "COVER") if c.match and c.match.plan_names == ("PTV_L",)]
    assert found[0].value == pytest.approx(100)
    text = next(x.message for x in review.findings if x.code == "PRESCRIPTION_LEVELS")
    assert "50 Gy to 'Boost'" in text
    assert "40 Gy to 'PTV_L'" in text


def test_case_124__without_numbers_it_says_that_there_are_two_levels(tmp_path: Path) -> None:
    objects = [f.drawn(f.LEFT, f.ORGAN), _with_levels((None, 50.0), (None, 40.0)),
               f.dose(f.D1, f.P1, f.field(-1, high=45.0))]  # fmt: skip
    (review,) = reviews(tmp_path, *objects)
    assert row(review, "COVER").value == pytest.approx(0)
    text = next(x.message for x in review.findings if x.code == "PRESCRIPTION_LEVELS")
    assert "50 Gy, 40 Gy" in text


def test_case_124__a_level_beside_the_protocols_own_is_information(tmp_path: Path) -> None:
    """60 Gy to a boost is no level of the protocol; 50 Gy to the target is."""
    objects = [f.drawn(f.LEFT, f.ORGAN, (4, "Boost", -30, -26, "PTV")),
               _with_levels((4, 60.0), (1, 50.0)), f.dose(f.D1, f.P1, f.field(-1))]  # fmt: skip
    (review,) = reviews(tmp_path, *objects)
    assert "RX_NOT_IN_PROTOCOL" not in codes(review)
    assert row(review, "ORGAN").verdict is Verdict.PER_PROTOCOL


def test_course__survives_the_json_form(tmp_path: Path) -> None:
    (review,) = reviews(tmp_path, *two())
    assert CaseReview.from_json(review.to_json()).course == review.course


@pytest.mark.parametrize(
    ("metric", "op", "worse"),
    [
        ("Mean[Gy]", "<=", True), ("V20Gy[%]", "<", True), ("D0.1cc[Gy]", "<=", True),
        ("CV15Gy[cc]", ">=", True), ("V100%[%]", ">=", False), ("D95%[%]", ">", False),
        ("CV95%[%]", "<=", False), ("Volume[cc]", ">=", None), ("Mean[Gy]", "report", None),
    ],
)  # fmt: skip
def test_what_more_dose_does_to_a_limit(metric: str, op: str, worse: bool | None) -> None:
    assert worse_with_dose(metric, op) is worse


def test_limits_are_split__each_once(tmp_path: Path) -> None:
    rules = load_protocol("liver_sbrt")
    shared, own = split(rules)
    both = [c.id for p in (shared, own) for c in p.all_constraints]
    assert sorted(both) == sorted(c.id for c in rules.all_constraints)
    assert all(c.op != ">=" or "CV" in c.metric for c in shared.targets.limits)
