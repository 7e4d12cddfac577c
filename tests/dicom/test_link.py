"""Which objects form a case: by UID, by a stated guess, or not at all."""

from __future__ import annotations

import builders as b
import numpy as np
import pytest

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.model.case import LinkKind
from sbrt_qa.model.grid import DoseGrid, Summation
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.plan import Plan
from sbrt_qa.model.structure import StructureSet


def one(folder):
    (case,) = load_cases(folder)
    return case


def kinds(case):
    return {(k.source, k.target): k.kind for k in case.provenance.links}


def test_everything_linked_by_uid(tmp_path):
    case = one(b.save_case(tmp_path))
    assert case.label == "plan"
    assert isinstance(case.plan, Plan)
    assert isinstance(case.structures, StructureSet)
    assert isinstance(case.dose, DoseGrid)
    assert kinds(case) == {
        ("RD.dcm", "RP.dcm"): LinkKind.BY_UID,
        ("RP.dcm", "RS.dcm"): LinkKind.BY_UID,
    }
    assert [f.modality for f in case.provenance.files] == ["RTPLAN", "RTSTRUCT", "RTDOSE"]
    assert not case.provenance.repairs
    assert not case.provenance.notes


def test_case_45_dose_without_plan_loads_unlinked(tmp_path):
    case = one(b.save_case(tmp_path, RP=None, RD=b.dose(plan=None)))
    assert isinstance(case.dose, DoseGrid)
    assert case.plan == Reason(ReasonCode.REFERENCE_MISSING, "no plan among the files")
    assert kinds(case)["RD.dcm", "RTPLAN"] is LinkKind.UNLINKED
    assert kinds(case)["RD.dcm", "RS.dcm"] is LinkKind.BY_FRAME_OF_REFERENCE


def test_case_46_missing_references_fall_back_on_the_frame_of_reference(tmp_path):
    case = one(b.save_case(tmp_path, RP=b.plan(structures=None), RD=b.dose(plan=None)))
    assert isinstance(case.dose, DoseGrid)
    assert isinstance(case.structures, StructureSet)
    assert set(kinds(case).values()) == {LinkKind.BY_FRAME_OF_REFERENCE}
    assert all("a guess" in k.note for k in case.provenance.links)


def test_case_46_without_frames_the_same_patient_and_study_decide(tmp_path):
    case = one(b.save_case(tmp_path, RP=b.plan(frame=None), RD=b.dose(plan=None, frame=None)))
    assert isinstance(case.dose, DoseGrid)
    assert "patient and study" in case.provenance.links[0].note


def test_dose_of_a_plan_that_is_not_here_is_not_given_to_another(tmp_path):
    planned, dosed = load_cases(b.save_case(tmp_path, RD=b.dose(plan="1.2.3.99")))
    assert planned.dose.code is ReasonCode.NO_DOSE
    assert isinstance(dosed.plan, Reason)
    assert isinstance(dosed.dose, DoseGrid)
    assert isinstance(dosed.structures, StructureSet)


def test_case_47_plan_dose_is_preferred_over_beam_and_fraction_doses(tmp_path):
    b.save(b.dose(uid="1.2.3.31", summation="BEAM", beams=(1,)), tmp_path / "A.dcm")
    b.save(b.dose(uid="1.2.3.32", summation="FRACTION"), tmp_path / "B.dcm")
    b.save(b.dose(uid="1.2.3.33", summation="MULTI_PLAN"), tmp_path / "C.dcm")
    case = one(b.save_case(tmp_path))
    assert case.dose.summation is Summation.PLAN
    assert "not used: A.dcm, B.dcm, C.dcm" in " ".join(case.provenance.notes)


def test_case_47_two_plan_doses_are_ambiguous_and_both_named(tmp_path):
    b.save(b.dose(uid="1.2.3.31", scaling="0.002"), tmp_path / "other.dcm")
    case = one(b.save_case(tmp_path))
    assert case.dose.code is ReasonCode.DOSE_UNUSABLE
    assert "'RD.dcm', 'other.dcm'" in case.dose.detail


def beams(tmp_path, first, second):
    b.save(first, tmp_path / "B1.dcm")
    b.save(second, tmp_path / "B2.dcm")
    return one(b.save_case(tmp_path, RD=None)).dose


def beam_dose(number, **keywords):
    numbers = {"uid": f"1.2.3.3{number}", "beams": (number,)} | keywords
    return b.dose(summation="BEAM", **numbers)


def test_case_48_complete_beam_doses_are_summed(tmp_path):
    dose = beams(tmp_path, beam_dose(1), beam_dose(2, scaling="0.002"))
    assert dose.summation is Summation.SUMMED_BEAMS
    assert np.allclose(dose.dose_gy, 3.0)


@pytest.mark.parametrize(
    "second", [beam_dose(2, beams=(1,)), beam_dose(2, beams=()), beam_dose(2, beams=(3,))]
)
def test_case_48_incomplete_or_doubled_beam_doses_are_refused(tmp_path, second):
    dose = beams(tmp_path, beam_dose(1), second)
    assert dose.code is ReasonCode.DOSE_UNUSABLE
    assert "expected [1, 2], each once" in dose.detail


def test_case_48_setup_beams_need_no_dose(tmp_path):
    plan = b.plan(beams=[b.beam(1), b.beam(2), b.beam(3, "SETUP")])
    b.save(beam_dose(1), tmp_path / "B1.dcm")
    b.save(beam_dose(2), tmp_path / "B2.dcm")
    assert one(b.save_case(tmp_path, RP=plan, RD=None)).dose.summation is Summation.SUMMED_BEAMS


def ramp(**keywords):
    """Stored dose that rises by 100 per column of 5 mm: 20 mGy per mm once scaled."""
    shape = keywords.pop("shape", (5, 11, 9))
    start, step = keywords.get("position", (-20.0,))[0], keywords.get("spacing", (4.0, 5.0))[1]
    values = np.broadcast_to(20 * (start + step * np.arange(shape[2]) + 40), shape)
    return b.dose(np.rint(values).astype(np.uint16), summation="BEAM", **keywords)


def test_case_50_beam_doses_on_different_grids_are_summed_on_the_finest(tmp_path):
    fine = ramp(
        uid="1.2.3.32", beams=(2,), position=(-18.5, -19.0, -9.0), spacing=(2.0, 2.5),
        shape=(9, 20, 15), offsets=(2.0 * np.arange(9)).tolist(), scaling="0.002",
    )  # fmt: skip
    b.save(ramp(uid="1.2.3.31", beams=(1,)), tmp_path / "B1.dcm")
    b.save(fine, tmp_path / "B2.dcm")
    case = one(b.save_case(tmp_path, RD=None))
    dose = case.dose
    assert dose.summation is Summation.SUMMED_BEAMS
    assert dose.spacing_mm == (2.5, 2.0, 2.0)
    assert (dose.x_mm[0], dose.x_mm[-1]) == (-18.5, 16.5)
    expected = 3 * 0.02 * (dose.x_mm + 40)
    assert np.allclose(dose.dose_gy, expected, atol=2e-3)
    (repair,) = case.provenance.repairs
    assert (repair.quirk, repair.where) == ("different-beam-grids", "B1.dcm + B2.dcm")


def test_case_50_only_the_part_that_all_grids_cover_is_summed(tmp_path):
    dose = beams(tmp_path, beam_dose(1), beam_dose(2, position=(-11.0, -20.0, -10.0)))
    assert (dose.x_mm[0], dose.x_mm[-1]) == (-10.0, 20.0)
    assert np.allclose(dose.dose_gy, 2.0)


@pytest.mark.parametrize(
    "other",
    [
        beam_dose(2, position=(500.0, -20.0, -10.0)),
        beam_dose(2, frame="1.2.3.101"),
    ],
    ids=["apart", "another frame"],
)
def test_case_50_doses_that_cannot_be_added_are_refused_and_named(tmp_path, other):
    dose = beams(tmp_path, beam_dose(1), other)
    assert dose.code is ReasonCode.DOSE_UNUSABLE
    assert "cannot be brought onto one: 'B1.dcm', 'B2.dcm'" in dose.detail


def test_case_51_two_plans_on_one_structure_set_are_two_cases(tmp_path):
    b.save(b.plan(uid="1.2.3.11", label="second"), tmp_path / "RP2.dcm")
    b.save(b.dose(uid="1.2.3.31", plan="1.2.3.11", scaling="0.002"), tmp_path / "RD2.dcm")
    first, second = load_cases(b.save_case(tmp_path))
    assert (first.label, second.label) == ("plan", "second")
    assert first.structures is second.structures
    assert (first.dose.max_gy, second.dose.max_gy) == pytest.approx((1.0, 2.0))


def test_case_52_the_referenced_structure_set_is_used(tmp_path):
    b.save(b.structure_set(uid="1.2.3.21"), tmp_path / "A.dcm")
    case, rest = load_cases(b.save_case(tmp_path))
    assert kinds(case)["RP.dcm", "RS.dcm"] is LinkKind.BY_UID
    assert rest.label == "A.dcm"


def test_case_52_two_structure_sets_that_fit_are_ambiguous_and_both_named(tmp_path):
    b.save(b.structure_set(uid="1.2.3.21"), tmp_path / "A.dcm")
    case = one(b.save_case(tmp_path, RP=b.plan(structures=None)))
    assert case.structures.code is ReasonCode.STRUCTURE_AMBIGUOUS
    assert "'A.dcm' and 'RS.dcm'" in case.structures.detail


def test_structure_set_of_another_frame_of_reference_gives_no_dose(tmp_path):
    case = one(b.save_case(tmp_path, RD=b.dose(frame="1.2.3.101")))
    assert case.dose.code is ReasonCode.DOSE_UNREADABLE
    assert "different frames of reference" in case.dose.detail


def test_case_53_images_of_another_series_and_frame_are_not_used(tmp_path):
    for z in (0.0, 2.0):
        b.save(b.ct_slice(z, series="1.2.3.41", frame="1.2.3.101"), tmp_path / f"CT{z}.dcm")
    case = one(b.save_case(tmp_path))
    assert case.image is None
    assert any("no image is used" in note for note in case.provenance.notes)


def test_case_53_images_of_another_series_in_the_same_frame_are_a_guess(tmp_path):
    b.save(b.ct_slice(0.0, series="1.2.3.41"), tmp_path / "CT.dcm")
    case = one(b.save_case(tmp_path))
    assert kinds(case)["RS.dcm", "CT"] is LinkKind.BY_FRAME_OF_REFERENCE


def test_case_55_no_images_at_all(tmp_path):
    assert one(b.save_case(tmp_path)).image is None


def test_case_56_differing_patients_in_one_case_are_noted_without_names(tmp_path):
    structures = b.structure_set()
    structures.PatientID = "somebody-else"
    case = one(b.save_case(tmp_path, RS=structures))
    (note,) = case.provenance.notes
    assert note == "patient name or number differs between RP.dcm and RS.dcm"


def test_patients_that_share_a_frame_of_reference_are_not_mixed(tmp_path):
    """Some de-identifiers write one constant UID everywhere."""
    other = b.dose(plan=None)
    other.PatientID = other.StudyInstanceUID = "1.2.3.9"
    planned, alone = load_cases(b.save_case(tmp_path, RD=other))
    assert planned.dose.code is ReasonCode.NO_DOSE
    assert alone.structures.code is ReasonCode.STRUCTURE_MISSING


def test_files_of_one_name_in_several_folders_keep_their_own_links(tmp_path):
    b.save_case(tmp_path / "one")
    b.save_case(
        tmp_path / "two",
        RP=b.plan(uid="1.2.3.11", structures="1.2.3.21"),
        RS=b.structure_set(uid="1.2.3.21"),
        RD=b.dose(uid="1.2.3.31", plan=None),
    )
    first, second = load_cases(tmp_path)
    assert kinds(first)["one/RD.dcm", "one/RP.dcm"] is LinkKind.BY_UID
    assert kinds(second)["two/RD.dcm", "two/RP.dcm"] is LinkKind.BY_FRAME_OF_REFERENCE


def test_objects_without_a_uid_are_still_told_apart(tmp_path):
    plans = [b.plan(label=label, structures=None) for label in "AB"]
    for plan in plans:
        plan.SOPInstanceUID = ""
        b.save(plan, tmp_path / plan.RTPlanLabel, meta=False)
    assert [case.label for case in load_cases(tmp_path)] == ["A", "B"]


@pytest.mark.parametrize("part", ["RD", "RS"])
def test_a_case_may_lack_its_dose_or_structures(tmp_path, part):
    case = one(b.save_case(tmp_path, **{part: None}))
    lacking = case.dose if part == "RD" else case.structures
    expected = {"RD": ReasonCode.NO_DOSE, "RS": ReasonCode.STRUCTURE_MISSING}
    assert lacking.code is expected[part]


def test_copies_of_one_file_are_used_once_and_noted(tmp_path):
    b.save_case(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "RD copy").write_bytes((tmp_path / "RD.dcm").read_bytes())
    case = one(tmp_path)
    assert isinstance(case.dose, DoseGrid)
    assert "'RD.dcm', 'RD copy' are one object: 'RD.dcm' is used" in case.provenance.notes


def test_one_uid_with_different_content_is_refused(tmp_path):
    b.save(b.dose(scaling="0.002"), tmp_path / "RD2.dcm")
    case = one(b.save_case(tmp_path))
    assert case.dose.code is ReasonCode.NO_DOSE
    (why,) = case.provenance.unread_files
    assert "different content: none is used" in why
