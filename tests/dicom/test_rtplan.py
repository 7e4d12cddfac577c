"""RTPLAN to plans: every form of prescription, fractions, beams."""

from __future__ import annotations

import builders as b
import pytest

from sbrt_qa.dicom.files.dataset import open_bytes
from sbrt_qa.dicom.read.rtplan import read_plan
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.plan import PrescriptionSource


def read(dataset, tmp_path):
    path = b.save(dataset, tmp_path / "RP.dcm")
    return read_plan(open_bytes(path.read_bytes(), path.name).root)


def named(*numbers):
    return [b.item(ReferencedDoseReferenceNumber=n) for n in numbers]


def organ(number, dose_gy):
    return b.item(
        DoseReferenceNumber=number,
        DoseReferenceStructureType="SITE",
        DoseReferenceType="ORGAN_AT_RISK",
        DeliveryMaximumDose=dose_gy,
    )


@pytest.mark.parametrize("kind", ["SITE", "VOLUME", "POINT", "COORDINATES"])
def test_case_57_every_form_of_dose_reference_is_read(tmp_path, kind):
    plan = read(b.plan(targets=[organ(2, 99.0), b.target(1, 45.0, kind)]), tmp_path)
    assert plan.prescription.total_gy == 45.0
    assert plan.prescription.source is PrescriptionSource.TARGET_PRESCRIPTION_DOSE
    assert len(plan.dose_references) == 2


def test_case_57_total_is_not_replaced_by_later_doses_per_beam(tmp_path):
    per_beam = [b.target(n, 14.0, "COORDINATES") for n in range(2, 7)]
    plan = read(b.plan(targets=[b.target(1, 70.0), *per_beam]), tmp_path)
    assert plan.prescription.total_gy == 70.0
    assert "highest of several target doses (70, 14 Gy)" in plan.prescription.note


def test_case_57_a_fraction_group_that_names_its_dose_reference_decides(tmp_path):
    groups = [b.fraction_group(references=named(2))]
    plan = read(b.plan(targets=[b.target(1, 70.0), b.target(2, 50.0)], groups=groups), tmp_path)
    assert plan.prescription.total_gy == 50.0


def test_case_57_target_of_a_roi_keeps_its_number(tmp_path):
    plan = read(b.plan(targets=[b.target(1, 50.0, "VOLUME", ReferencedROINumber=7)]), tmp_path)
    assert plan.prescription.roi_number == 7


@pytest.mark.parametrize("targets", [[], [b.target(1, None)], [b.target(1, 0.0)], [organ(1, 9.0)]])
def test_case_58_no_target_dose_is_a_reason(tmp_path, targets):
    plan = read(b.plan(targets=targets), tmp_path)
    assert isinstance(plan.prescription, Reason)
    assert plan.prescription.code is ReasonCode.NO_PRESCRIPTION


def test_case_58_dose_of_the_fraction_group_is_used(tmp_path):
    stated = [b.item(ReferencedDoseReferenceNumber=1, TargetPrescriptionDose=40.0)]
    groups = [b.fraction_group(references=stated)]
    plan = read(b.plan(targets=[], groups=groups), tmp_path)
    assert plan.prescription.total_gy == 40.0
    assert plan.prescription.source is PrescriptionSource.FRACTION_GROUP


def test_several_fraction_groups_with_different_prescriptions_are_a_reason(tmp_path):
    plan = read(
        b.plan(
            targets=[b.target(1, 26.0), b.target(2, 24.0)],
            groups=[
                b.fraction_group(1, 13, (1,), named(1)),
                b.fraction_group(2, 12, (2,), named(2)),
            ],
        ),
        tmp_path,
    )
    assert "group 1: 26 Gy in 13 fractions, group 2: 24 Gy" in plan.prescription.detail
    assert "group 1: 13, group 2: 12" in plan.fractions.detail


def test_a_group_of_setup_beams_alone_counts_for_nothing(tmp_path):
    plan = read(
        b.plan(
            groups=[b.fraction_group(1, 5, (1,)), b.fraction_group(2, 1, (9,))],
            beams=[b.beam(1), b.beam(9, "SETUP")],
        ),
        tmp_path,
    )
    assert plan.fractions == 5
    assert plan.prescription.total_gy == 50.0


def test_case_59_no_fraction_group_sequence(tmp_path):
    plan = read(b.plan(groups=[]), tmp_path)
    assert plan.prescription.total_gy == 50.0
    assert "no fraction group" in plan.fractions.detail
    assert len(plan.beams) == 2


@pytest.mark.parametrize(("text", "expected"), [(b"5 ", 5), (b" 5", 5), (b"5.0 ", 5)])
def test_case_60_fractions_as_any_whole_number_text(tmp_path, text, expected):
    group = b.fraction_group()
    b.raw(group, "NumberOfFractionsPlanned", text, "IS")
    assert read(b.plan(groups=[group]), tmp_path).fractions == expected


@pytest.mark.parametrize("text", [b"", b"five", b"0 ", b"-5", b"2.5 ", b"1000000000", b"nan "])
def test_case_60_fractions_that_are_no_sensible_number_are_a_reason(tmp_path, text):
    group = b.fraction_group()
    b.raw(group, "NumberOfFractionsPlanned", text, "IS")
    plan = read(b.plan(groups=[group]), tmp_path)
    assert isinstance(plan.fractions, Reason)


def test_case_61_meterset_is_matched_by_beam_number_and_setup_beams_stand_apart(tmp_path):
    plan = read(
        b.plan(
            groups=[b.fraction_group(beams=(3, 1, 2))],
            beams=[b.beam(2, "SETUP"), b.beam(1), b.beam(3)],
        ),
        tmp_path,
    )
    assert [(beam.number, beam.meterset, beam.dose_gy) for beam in plan.beams] == [
        (1, 101.0, 2.0),
        (3, 103.0, 4.0),
    ]
    assert [beam.number for beam in plan.setup_beams] == [2]


def test_case_62_beam_without_dose_or_specification_point(tmp_path):
    group = b.fraction_group(beams=())
    group.ReferencedBeamSequence = [b.item(ReferencedBeamNumber=1)]
    plan = read(b.plan(groups=[group], beams=[b.beam(1)]), tmp_path)
    assert plan.beams[0].meterset is None
    assert plan.beams[0].dose_gy is None


def test_case_63_ion_plan_beams_are_read(tmp_path):
    dataset = b.plan(beams=[])
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.481.8"
    dataset.IonBeamSequence = [b.beam(n, points="IonControlPointSequence") for n in (1, 2)]
    plan = read(dataset, tmp_path)
    assert plan.is_ion
    assert [len(plan.beams), plan.beams[0].control_points] == [2, 2]


def test_beam_details(tmp_path):
    plan = read(b.plan(), tmp_path)
    beam = plan.beams[0]
    assert (plan.label, plan.approval, plan.machines) == ("plan", "APPROVED", ("linac",))
    assert (beam.name, beam.nominal_energies, beam.gantry_deg) == ("beam 1", (6.0,), (10.0, 15.0))
    assert (beam.couch_deg, beam.collimator_deg) == ((0.0,), (30.0,))
    assert beam.isocentres_mm == ((1.0, 2.0, 3.0),)
    assert beam.meterset_unit == "MU"


def test_patient_position_only_when_all_setups_agree(tmp_path):
    one, other = b.item(PatientPosition="HFS"), b.item(PatientPosition="FFS")
    assert read(b.plan(PatientSetupSequence=[one, one]), tmp_path).patient_position == "HFS"
    assert read(b.plan(PatientSetupSequence=[one, other]), tmp_path).patient_position == ""
