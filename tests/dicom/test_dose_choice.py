"""Which dose is the plan's: types, sums, planes, fraction groups, and the user's word."""

from __future__ import annotations

import builders as b
import numpy as np
import pytest

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.model.grid import DoseGrid, Summation
from sbrt_qa.model.outcome import ReasonCode, Verdict
from sbrt_qa.model.stated import DoseIs, UserStatements
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.review.review import review_case

POINT = [0.0, 0.0, 0.0]


def one(folder, dose_is=None):
    (case,) = load_cases(folder, UserStatements(dose_is=dose_is))
    return case


def review_of(case):
    return review_case(case, load_protocol("liver_sbrt"), bands=False)


def told(case):
    return " | ".join(case.provenance.dose_decisions)


def save(folder, name, **keywords):
    return b.save(b.dose(**keywords), folder / f"{name}.dcm")


def test_case_114__physical_dose_is_used_beside_effective_and_the_other_named(tmp_path):
    save(tmp_path, "A", uid="1.2.3.31", DoseType="EFFECTIVE", scaling="0.003")
    case = one(b.save_case(tmp_path))
    assert case.dose.max_gy == 1.0
    assert "PHYSICAL and EFFECTIVE" in told(case)
    assert case.provenance.unused_doses == ("A.dcm",)


def test_an_effective_dose_alone_is_read_and_no_limit_of_physical_dose_holds_for_it(tmp_path):
    case = one(b.save_case(tmp_path, RD=b.dose(DoseType="EFFECTIVE")))
    assert case.dose.dose_type == "EFFECTIVE"
    assert told(case) == ""


@pytest.mark.parametrize(
    ("beams", "whole"),
    [((1,), False), ((2,), False), ((1, 2), True), ((1, 2, 3), True), ((), True)],
)
def test_a_plan_dose_that_names_only_some_beams_is_no_dose_of_the_plan(tmp_path, beams, whole):
    folder = b.save_case(tmp_path, RD=b.dose(beams=beams))
    case = one(folder)
    assert isinstance(case.dose, DoseGrid) == whole
    if not whole:
        assert case.dose.code is ReasonCode.DOSE_UNUSABLE
        assert f"names beam {beams[0]} only, not beam {3 - beams[0]}" in case.dose.detail
        assert one(folder, DoseIs.PLAN).dose.max_gy == 1.0


def test_a_dose_in_gy_comes_before_a_relative_one(tmp_path):
    save(tmp_path, "A", uid="1.2.3.31", units="RELATIVE")
    case = one(b.save_case(tmp_path))
    assert case.dose.max_gy == 1.0
    assert "not the relative one: 'A.dcm'" in told(case)


def test_two_plan_doses_with_the_same_values_are_one_and_others_ambiguous(tmp_path):
    save(tmp_path / "same", "A", uid="1.2.3.31")
    case = one(b.save_case(tmp_path / "same"))
    assert isinstance(case.dose, DoseGrid)
    assert "hold the same dose and count as one" in told(case)
    save(tmp_path / "other", "A", uid="1.2.3.31", scaling="0.002")
    case = one(b.save_case(tmp_path / "other"))
    assert case.dose.code is ReasonCode.DOSE_UNUSABLE
    assert "maximum 2.00 and 1.00 Gy" in case.dose.detail


def test_the_plan_dose_comes_before_its_beams_which_are_named(tmp_path):
    for number in (1, 2):
        save(tmp_path, f"B{number}", uid=f"1.2.3.3{number}", summation="BEAM", beams=(number,))
    case = one(b.save_case(tmp_path, RD=b.dose(uid="1.2.3.39", scaling="0.005")))
    assert case.dose.max_gy == 5.0
    assert "not those of parts or of several plans: 'B1.dcm', 'B2.dcm'" in told(case)


# --- planes -------------------------------------------------------------------------------------


def planes(folder, heights, skip=(), **keywords):
    for index, z in enumerate(heights):
        if index in skip:
            continue
        values = np.full((1, 11, 9), 100 * (index + 1), np.uint16)
        save(
            folder, f"P{index}", uid=f"1.2.3.50.{index}", values=values, offsets=None,
            position=(-20.0, -20.0, z), **keywords,
        )  # fmt: skip


@pytest.mark.parametrize(
    "heights",
    [(-10, -5, 0, 5, 10), (10, 5, 0, -5, -10), (0, -10, 5, 10, -5), (-10, -7, -4, 1, 6)],
    ids=["ascending", "descending", "shuffled", "uneven"],
)
def test_case_115__one_file_for_each_plane_is_one_grid(tmp_path, heights):
    planes(tmp_path, heights)
    case = one(b.save_case(tmp_path, RD=None))
    order = np.argsort(heights)
    assert case.dose.z_mm.tolist() == sorted(heights)
    np.testing.assert_allclose(case.dose.dose_gy[:, 0, 0], 0.1 * (order + 1))
    assert "5 files of one plane each make up one dose grid" in told(case)
    assert len([f for f in case.provenance.files if f.modality == "RTDOSE"]) == 5


def test_case_115__a_plane_that_is_missing_is_said_and_refused(tmp_path):
    planes(tmp_path, (-10, -5, 0, 5, 10, 15), skip=(2,))
    case = one(b.save_case(tmp_path, RD=None))
    assert case.dose.code is ReasonCode.DOSE_UNREADABLE
    assert "planes of the dose are missing; got none between z = -5 and 5 mm" in case.dose.detail


def test_case_115__a_plane_twice_is_dropped_and_two_that_differ_are_refused(tmp_path):
    planes(tmp_path, (-10, -5, 0, 5))
    values = np.full((1, 11, 9), 400, np.uint16)
    again = {"uid": "1.2.3.60", "offsets": None, "position": (-20.0, -20.0, 5.0)}
    save(tmp_path, "again", values=values, **again)
    assert one(b.save_case(tmp_path, RD=None)).dose.z_mm.size == 4
    save(tmp_path, "again", values=values + 1, **again)
    assert "have the same position and differ" in one(tmp_path).dose.detail


def hill(heights, factor=1.0):
    """A dose that falls off from the middle, as stored integers; the same at every height."""
    y, x = np.mgrid[-20:31:5, -20:13:4]
    values = [1000 * factor * np.exp(-(x**2 + y**2 + z**2) / 800) for z in heights]
    return np.round(values).astype(np.uint16)


def loose(folder, heights, factor=1.0):
    for index, z in enumerate(heights):
        save(
            folder, f"P{index}", uid=f"1.2.3.50.{index}", values=hill([z], factor), offsets=None,
            position=(-20.0, -20.0, z),
        )  # fmt: skip


WHOLE = np.arange(-20, 21, 2.5)


def whole(**keywords):
    keywords = {"values": hill(WHOLE), **keywords}
    return b.dose(position=(-20.0, -20.0, -20.0), offsets=list(WHOLE + 20), **keywords)


@pytest.mark.parametrize("heights", [(0,), (-10, 0, 10), (-5, 0, 5, 15), (1.0,), (-20, 20)])
def test_case_115__loose_planes_beside_the_grid_they_were_cut_from_are_told(tmp_path, heights):
    loose(tmp_path, heights)
    case = one(b.save_case(tmp_path, RD=whole()))
    assert case.dose.z_mm.size == WHOLE.size
    assert f"{len(heights)} separate dose planes hold the same dose as the grid" in told(case)
    assert len(case.provenance.unused_doses) == len(heights)


@pytest.mark.parametrize(("heights", "factor"), [((0,), 1.1), ((-10, 0, 10), 0.2), ((40,), 1.0)])
def test_case_115__loose_planes_that_say_something_else_leave_the_dose_open(
    tmp_path, heights, factor
):
    loose(tmp_path, heights, factor)
    case = one(b.save_case(tmp_path, RD=whole()))
    assert case.dose.code is ReasonCode.DOSE_UNUSABLE
    assert "nothing says which is meant" in case.dose.detail
    assert "P0.dcm" in case.dose.detail


# --- a plan and its beams -----------------------------------------------------------------------


def with_beams(folder, shares, numbers=(1, 2), **keywords):
    for number, share in zip(numbers, shares, strict=True):
        save(
            folder, f"B{number}", uid=f"1.2.3.3{number}", summation="BEAM", beams=(number,),
            values=hill(WHOLE, share), position=(-20.0, -20.0, -20.0), offsets=list(WHOLE + 20),
            **keywords,
        )  # fmt: skip
    return one(b.save_case(folder, RD=whole(uid="1.2.3.39")))


@pytest.mark.parametrize("shares", [(0.4, 0.6), (0.4, 0.615), (0.39, 0.59)])
def test_the_dose_of_a_plan_agrees_with_the_sum_of_its_beams(tmp_path, shares):
    case = with_beams(tmp_path, shares)
    assert "the doses of its 2 beams add up to it within" in told(case)
    assert case.provenance.dose_doubts == ()


@pytest.mark.parametrize(
    ("shares", "percent"), [((0.4, 0.7), "9.1"), ((0.3, 0.5), "20"), ((0.0, 0.9), "10")]
)
def test_the_dose_of_a_plan_that_is_not_the_sum_of_its_beams_is_found(tmp_path, shares, percent):
    case = with_beams(tmp_path, shares)
    (doubt,) = case.provenance.dose_doubts
    assert f"differ by {percent} % of the higher one" in doubt
    assert case.dose.max_gy == 1.0
    (found,) = [f for f in review_of(case).findings if f.code == "DOSE_PARTS_DIFFER"]
    assert found.verdict is Verdict.MINOR


def test_beams_that_hold_one_fraction_of_the_plan_agree(tmp_path):
    fractions = one(b.save_case(tmp_path / "plan")).plan.fractions
    case = with_beams(tmp_path / "beams", (0.4 / fractions, 0.6 / fractions))
    assert fractions > 1
    assert "add up to one fraction of it" in told(case)
    assert case.provenance.dose_doubts == ()


def test_beams_that_are_not_all_are_not_compared(tmp_path):
    case = with_beams(tmp_path, (0.4,), numbers=(1,))
    assert "not those of all treatment beams of the plan, each once (beams [1]" in told(case)
    assert case.provenance.dose_doubts == ()


def test_planes_of_two_plans_are_two_grids(tmp_path):
    b.save_case(tmp_path, RD=None)
    b.save(b.plan(uid="1.2.3.11", label="other"), tmp_path / "RP2.dcm")
    planes(tmp_path, (-10, -5, 0, 5))
    for index, z in enumerate((-10, -5, 0, 5)):
        save(
            tmp_path, f"Q{index}", uid=f"1.2.3.70.{index}", plan="1.2.3.11", offsets=None,
            values=np.full((1, 11, 9), 900, np.uint16), position=(-20.0, -20.0, z),
        )  # fmt: skip
    highest = [case.dose.max_gy for case in load_cases(tmp_path)]
    assert sorted(highest) == pytest.approx([0.4, 0.9])


# --- first offset -------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [1e-9, 0.005, -0.01])
def test_case_116__a_first_offset_next_to_zero_is_relative(tmp_path, first):
    case = one(b.save_case(tmp_path, RD=b.dose(offsets=(first, 5, 10, 15, 20))))
    assert case.dose.z_mm.tolist() == [-10, -5, 0, 5, 10]
    assert [r.quirk for r in case.provenance.repairs] == ["first-offset-not-zero"]


def test_case_116__rounded_absolute_offsets_are_read_with_a_repair(tmp_path):
    dose = b.dose(position=(-20.0, -20.0, -10.03), offsets=(-10.0, -5, 0, 5, 10))
    case = one(b.save_case(tmp_path, RD=dose))
    np.testing.assert_allclose(case.dose.z_mm, [-10.03, -5.03, -0.03, 4.97, 9.97])
    assert [r.quirk for r in case.provenance.repairs] == ["rounded-absolute-offsets"]


def test_a_first_offset_that_is_neither_stays_refused(tmp_path):
    case = one(b.save_case(tmp_path, RD=b.dose(offsets=(0.2, 5, 10, 15, 20))))
    assert "neither relative nor absolute" in case.dose.detail


# --- fractions ----------------------------------------------------------------------------------


def fraction_plan(doses=(4.0, 6.0), fractions=5, groups=1, point=POINT):
    made = []
    for number in range(1, groups + 1):
        group = b.fraction_group(number, fractions)
        for used, gy in zip(group.ReferencedBeamSequence, doses, strict=True):
            if gy is None:
                del used.BeamDose
            else:
                used.BeamDose = gy
            if point is not None:
                used.BeamDoseSpecificationPoint = point
        made.append(group)
    return b.plan(groups=made)


def fraction_dose(total_gy):
    return b.dose(summation="FRACTION", scaling=f"{total_gy / 1000:.10g}")


@pytest.mark.parametrize("total_gy", [50.0, 49.3, 51.4])
def test_case_117__a_fraction_dose_that_agrees_with_the_beam_doses_is_the_plans(tmp_path, total_gy):
    case = one(b.save_case(tmp_path, RP=fraction_plan(), RD=fraction_dose(total_gy)))
    assert case.dose.max_gy == pytest.approx(total_gy)
    assert case.dose.stands_for_plan
    assert case.dose.summation is Summation.FRACTION
    assert "10.00 Gy x 5 = 50.00 Gy where the grid has" in told(case)


@pytest.mark.parametrize(
    ("plan", "total_gy", "why"),
    [
        (fraction_plan(), 10.0, "where the grid has 10.00 Gy, which is one fraction"),
        (fraction_plan(), 30.0, "10.00 Gy x 5 = 50.00 Gy where the grid has 30.00 Gy"),
        (fraction_plan((4.0, None)), 50.0, "no beam dose for beam 2"),
        (fraction_plan(point=None), 50.0, "without a dose specification point"),
        (fraction_plan(groups=2), 50.0, "a plan with 2 fraction groups"),
        (fraction_plan(point=[0, 0, 500]), 50.0, "point lies outside the grid"),
    ],
    ids=["one fraction", "neither", "no beam dose", "no point", "two groups", "outside"],
)
def test_case_117__else_it_is_not_evaluable_and_asks(tmp_path, plan, total_gy, why):
    case = one(b.save_case(tmp_path, RP=plan, RD=fraction_dose(total_gy)))
    assert case.dose.code is ReasonCode.DOSE_UNUSABLE
    assert why in case.dose.detail
    assert "--dose-is" in case.dose.detail


@pytest.mark.parametrize(
    ("summation", "dose_is", "highest", "against"),
    [
        ("FRACTION", DoseIs.PLAN, 10.0, True),
        ("FRACTION", DoseIs.FRACTION, 50.0, False),
        ("PLAN", DoseIs.PLAN, 10.0, False),
        ("PLAN", DoseIs.FRACTION, 50.0, True),
        ("RECORD", DoseIs.PLAN, 10.0, True),
    ],
)
def test_case_117__the_users_word_decides(tmp_path, summation, dose_is, highest, against):
    dose = b.dose(summation=summation, scaling="0.01")
    case = one(b.save_case(tmp_path, RP=fraction_plan(), RD=dose), dose_is)
    assert case.dose.max_gy == pytest.approx(highest)
    assert case.provenance.dose_against_file is against
    assert f"as stated by the user (--dose-is {dose_is})" in case.dose.taken_as
    assert case.stated.dose_is is dose_is


def test_one_fraction_needs_to_know_how_many_there_are(tmp_path):
    case = one(b.save_case(tmp_path, RP=fraction_plan(fractions=None)), DoseIs.FRACTION)
    assert "no plan says how many there are" in case.dose.detail
