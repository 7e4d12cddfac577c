"""The anonymised exports of planning systems: every folder loads, or says in one line why not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sbrt_qa.dicom.load import inspect, load_cases
from sbrt_qa.errors import DicomError
from sbrt_qa.model.case import LinkKind
from sbrt_qa.model.grid import DoseGrid, DoseType, Summation
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import StructureSet

CASES = Path(
    os.environ.get("SBRT_QA_CASES", Path(__file__).resolve().parents[3] / "shared" / "cases")
)

pytestmark = [
    pytest.mark.real_exports,
    pytest.mark.skipif(not CASES.is_dir(), reason="the real exports are not here"),
]


def one(folder):
    (case,) = load_cases(CASES / folder)
    return case


def folders():
    top = [p for p in CASES.glob("*") if p.is_dir() and p.name != "plans_only"]
    return sorted(top + list((CASES / "plans_only").glob("*")))


@pytest.mark.parametrize("folder", folders(), ids=lambda p: p.name)
def test_every_folder_loads_or_says_why_not(folder):
    inventory = inspect(folder)
    assert inventory.cases
    for case in inventory.cases:
        assert case.label
        for part in (case.plan, case.structures, case.dose):
            assert not isinstance(part, Reason) or ("\n" not in part.detail and part.detail)


@pytest.mark.parametrize(
    ("folder", "rois", "shape", "maximum_gy"),
    [
        ("dicompyler_breast_boost", 10, (98, 129, 194), 14.680764),
        ("lung_sbrt_monaco511_imrt", 15, (177, 81, 139), 27.790479),
        ("monaco511_tg119_ffs", 5, (100, 54, 104), 185.060354),
        ("pinnacle910_hn_a", 25, (84, 84, 114), 61.396255),
        ("pinnacle910_hn_multirx", 52, (82, 74, 88), 74.278666),
        ("raystation14_proton_ramp_full", 5, (110, 107, 107), 2.210228),
    ],
)
def test_complete_exports_give_structures_and_dose(folder, rois, shape, maximum_gy):
    case = load_cases(CASES / folder)[0]
    assert isinstance(case.structures, StructureSet)
    assert isinstance(case.dose, DoseGrid)
    assert len(case.structures.structures) == rois
    assert [s.problem for s in case.structures.structures if s.problem] == []
    assert case.dose.dose_gy.shape == shape
    assert case.dose.max_gy == pytest.approx(maximum_gy, abs=1e-6)
    assert case.dose.summation is Summation.PLAN


@pytest.mark.parametrize(
    ("folder", "total_gy", "fractions"),
    [("dicompyler_breast_boost", 14.0, 7), ("plans_only/halcyon_image_beams", 50.0, 5)],
)
def test_prescriptions(folder, total_gy, fractions):
    plan = one(folder).plan
    assert plan.prescription.total_gy == total_gy
    assert plan.fractions == fractions


@pytest.mark.parametrize(
    "folder", ["pinnacle910_hn_a", "pinnacle910_hn_multirx", "monaco511_tg119_ffs"]
)
def test_a_prescription_that_is_not_stated_or_not_one_is_not_guessed(folder):
    plan = one(folder).plan
    assert plan.prescription.code is ReasonCode.NO_PRESCRIPTION


def test_case_24_points_and_tiny_contours_of_pinnacle_are_set_aside():
    case = one("pinnacle910_hn_a")
    notes = [a for s in case.structures.structures for a in s.set_aside]
    assert sum(a.count for a in notes if "vertices" in a.note) == 11


def test_case_47_and_64_plan_dose_of_a_proton_plan_is_effective():
    case = one("raystation14_proton_ramp_full")
    assert case.dose.dose_type is DoseType.EFFECTIVE
    assert case.plan.is_ion
    assert len(case.plan.beams) == 2


def test_case_46_foreign_structure_set_is_a_stated_guess():
    planned, other = load_cases(CASES / "lung_sbrt_monaco511_imrt")
    guesses = [k for k in planned.provenance.links if k.kind is LinkKind.BY_FRAME_OF_REFERENCE]
    assert [k.target for k in guesses] == ["RS_tomotherapy.dcm"]
    assert any("patient name or number differs" in n for n in planned.provenance.notes)
    assert isinstance(other.dose, Reason)


def test_case_70_monaco_without_transfer_syntax():
    assert {r.quirk for r in one("monaco511_tg119_ffs").provenance.repairs} == {"no-preamble"}


def test_case_51_two_plans_without_structures():
    cases = load_cases(CASES / "pinnacle910_two_plans_no_rs")
    assert [f.name for c in cases for f in c.provenance.files] == [
        *("RP.dcm", "RD_n1__00001.dcm"),
        *("RP_n1__00001.dcm", "RD.dcm"),
    ]
    assert {c.structures.code for c in cases} == {ReasonCode.STRUCTURE_MISSING}


def test_case_61_halcyon_image_beams_and_setup_beams_stand_apart():
    halcyon = one("plans_only/halcyon_image_beams").plan
    assert ([b.number for b in halcyon.beams], len(halcyon.setup_beams)) == ([3, 4], 2)
    eclipse = load_cases(CASES / "plans_only/eclipse_misc/VMAT_PLAN_WITH_SETUP_FIELDS.dcm")[0].plan
    assert (len(eclipse.beams), len(eclipse.setup_beams)) == (2, 3)


def test_orientation_headers_without_pixels_are_refused_with_the_reason():
    for case in load_cases(CASES / "eclipse137_orientation_headers"):
        assert case.dose.code is ReasonCode.DOSE_UNREADABLE
        assert "no pixel data" in case.dose.detail


@pytest.mark.parametrize("name", ["rtdose", "rtdose_expb", "rtdose_rle"])
def test_case_65_relative_dose_is_refused_in_every_encoding(name):
    (case,) = load_cases(CASES / "pydicom_tiny" / f"{name}.dcm")
    assert isinstance(case.dose, Reason)
    assert isinstance(case.plan, Reason)


def test_case_68_truncated_plan_is_refused():
    with pytest.raises(DicomError, match=r"cut off inside element .*976 bytes declared, 711"):
        load_cases(CASES / "pydicom_tiny" / "rtplan_truncated.dcm")
