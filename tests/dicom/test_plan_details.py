"""Control points, openings, headers, overrides and treatment records, as files have them."""

from __future__ import annotations

import datetime as dt

import builders as b
import numpy as np
import pytest
from pydicom.dataset import Dataset

from sbrt_qa.dicom.files.dataset import open_bytes
from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dicom.read.rtplan import read_plan
from sbrt_qa.dicom.read.rtrecord import in_time, read_session
from sbrt_qa.errors import DicomError
from sbrt_qa.model.delivery import Session
from sbrt_qa.model.header import Stamp
from sbrt_qa.model.opening import SHUT, LeafBank, opening_of

LEAVES = [-20, -5, -5, -20, 20, 5, 15, -20]
"""Four pairs of 10 mm: 40, 10, 20 and 0 mm open."""


def device(kind: str, values: list[float]) -> Dataset:
    return b.item(RTBeamLimitingDeviceType=kind, LeafJawPositions=values)


def point(weight: float, *devices: Dataset, **elements: object) -> Dataset:
    made = b.item(CumulativeMetersetWeight=weight, **elements)
    if devices:
        made.BeamLimitingDevicePositionSequence = list(devices)
    return made


def beam(*points: Dataset, boundaries=(-20, -10, 0, 10, 20), kind="MLCX", **elements) -> Dataset:
    made = b.beam(1)
    made.ControlPointSequence = list(points)
    made.BeamLimitingDeviceSequence = [
        b.item(RTBeamLimitingDeviceType="ASYMX"),
        b.item(RTBeamLimitingDeviceType=kind, LeafPositionBoundaries=list(boundaries)),
    ]
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def read_beam(tmp_path, made: Dataset):
    plan = b.plan()
    plan.BeamSequence = [made]
    path = b.save(plan, tmp_path / "RP.dcm")
    return read_plan(open_bytes(path.read_bytes(), path.name).root).beams[0]


def test_openings_are_what_jaws_and_leaves_leave(tmp_path) -> None:
    """The jaws cut the first pair to 25 mm and the third in half; one point restates nothing."""
    first = point(
        0.0, device("ASYMX", [-10, 15]), device("ASYMY", [-20, 5]), device("MLCX", LEAVES)
    )
    read = read_beam(tmp_path, beam(first, point(0.5), point(1.0, device("ASYMX", [-20, 20]))))
    areas = [p.opening.area_mm2 for p in read.points]
    assert areas == pytest.approx([25 * 10 + 10 * 10 + 20 * 5] * 2 + [40 * 10 + 10 * 10 + 20 * 5])
    assert (read.points[0].opening.x_mm, read.points[0].opening.y_mm) == (25.0, 25.0)
    assert [p.weight for p in read.points] == [0.0, 0.5, 1.0]


def test_leaves_that_move_along_y_are_turned(tmp_path) -> None:
    first = point(0.0, device("ASYMY", [-10, 15]), device("MLCY", LEAVES))
    opening = read_beam(tmp_path, beam(first, kind="MLCY")).points[0].opening
    assert opening.area_mm2 == pytest.approx(25 * 10 + 10 * 10 + 20 * 10)
    assert (opening.x_mm, opening.y_mm) == (30.0, 25.0)


@pytest.mark.parametrize(
    "broken",
    [
        [device("ASYMX", [-10, 10]), device("MLCX", LEAVES[:-1])],
        [device("MLCX", LEAVES), device("MLCY", LEAVES)],
        [],
    ],
)
def test_an_opening_that_is_not_described_is_none(tmp_path, broken) -> None:
    assert read_beam(tmp_path, beam(point(0.0, *broken))).points[0].opening is None


def test_jaws_alone_are_an_opening(tmp_path) -> None:
    first = point(0.0, device("X", [-10, 10]), device("Y", [-5, 15]))
    assert read_beam(tmp_path, beam(first)).points[0].opening.equivalent_square_mm == 20.0


def test_two_banks_above_each_other_are_open_where_both_are() -> None:
    low, high = np.full(2, -10.0), np.full(2, 10.0)
    banks = [
        LeafBank(np.array([-10.0, 0.0, 10.0]), low, high),
        LeafBank(np.array([-15.0, -5.0, 5.0]), low + np.array([0, 15]), high),
    ]
    both = opening_of((-100, 100), (-100, 100), banks)
    assert both.area_mm2 == pytest.approx(20 * 5 + 5 * 5 + 5 * 5)
    assert opening_of((0, 0), (-5, 5)) == SHUT


def test_the_tolerance_table_of_a_beam_by_label_or_number(tmp_path) -> None:
    plan = b.plan()
    plan.ToleranceTableSequence = [b.item(ToleranceTableNumber=1, ToleranceTableLabel="SBRT")]
    made = [beam(point(0.0), ReferencedToleranceTableNumber=n) for n in (1, 7)]
    plan.BeamSequence = [*made, beam(point(0.0))]
    path = b.save(plan, tmp_path / "RP.dcm")
    read = read_plan(open_bytes(path.read_bytes(), path.name).root).beams
    assert [one.tolerance_table for one in read] == ["SBRT", "7", ""]


def test_modifiers_and_weights_of_a_beam(tmp_path) -> None:
    made = beam(point(0.0), NumberOfWedges=1, NumberOfBoli=0, FinalCumulativeMetersetWeight=1.0)
    read = read_beam(tmp_path, made)
    assert [(m.kind, m.count) for m in read.modifiers] == [("wedge", 1)]
    assert read.final_weight == 1.0


HEAD = {"InstanceCreationDate": "20260105", "InstanceCreationTime": "121530.5"}


def headers_of(tmp_path, **elements: object):
    dose = b.dose()
    for keyword, value in (HEAD | elements).items():
        setattr(dose, keyword, value)
    (case,) = load_cases(b.save_case(tmp_path, RD=dose))
    return {h.modality: h for h in case.provenance.headers}


def test_a_header_says_when_and_to_what_it_belongs(tmp_path) -> None:
    found = headers_of(tmp_path)
    assert found["RTDOSE"].created_at == Stamp(dt.date(2026, 1, 5), dt.time(12, 15, 30))
    assert found["RTDOSE"].plan_uids == (found["RTPLAN"].sop_instance_uid,)
    assert found["RTDOSE"].same_patient_as_first


@pytest.mark.parametrize(
    ("character_set", "name", "number", "same"),
    [
        ("ISO_IR 100", "Grünwald^Ida", "N1", True),
        ("ISO_IR 192", "Grünwald^Ida", "N1", True),
        ("GB18030", "Grünwald^Ida", "N1", True),
        ("ISO_IR 192", "Grünwald^Ida^^^", "N1", True),
        ("ISO_IR 192", "Gru\u0308nwald^Ida", "N1 ", True),
        ("ISO_IR 192", "Grunwald^Ida", "N1", False),
        ("ISO_IR 192", "Grünwald^Ida", "N2", False),
        ("ISO_IR 192", "Ida^Grünwald", "N1", False),
    ],
)
def test_one_patient_is_one_in_any_character_set(tmp_path, character_set, name, number, same):
    files = {"RD": b.dose(), "RP": b.plan(), "RS": b.structure_set()}
    for key, one in files.items():
        is_other = key == "RD"
        one.SpecificCharacterSet = character_set if is_other else "ISO_IR 192"
        one.PatientName = name if is_other else "Grünwald^Ida"
        one.PatientID = number if is_other else "N1"
    (case,) = load_cases(b.save_case(tmp_path, **files))
    assert all(h.same_patient_as_first for h in case.provenance.headers) is same


def test_the_same_bytes_under_another_declaration_are_one_patient(tmp_path):
    files = {"RD": b.dose(), "RP": b.plan(), "RS": b.structure_set()}
    for key, one in files.items():
        one.SpecificCharacterSet, one.PatientName = "ISO_IR 192", "Grünwald^Ida"
        path = b.save_case(tmp_path, **files) if key == "RS" else None
    assert path is not None
    for file in path.glob("*RD*"):
        data = file.read_bytes()
        assert b"ISO_IR 192" in data
        file.write_bytes(data.replace(b"ISO_IR 192", b"ISO_IR 144"))
    (case,) = load_cases(path)
    assert all(h.same_patient_as_first for h in case.provenance.headers)


@pytest.mark.parametrize(
    ("keyword", "value", "tells"),
    [
        ("PatientBirthDate", "19610523", True),
        ("PatientBirthDate", "19000101", False),
        ("PatientBirthDate", "", False),
        ("ReferringPhysicianName", "XXXX^XX", False),
        ("ReferringPhysicianName", "Somebody", True),
        ("OtherPatientIDs", "ANONYMIZED", False),
    ],
)
def test_identifying_elements_are_named_and_dummies_are_not(
    tmp_path, keyword, value, tells
) -> None:
    found = headers_of(tmp_path, **{keyword: value})["RTDOSE"]
    assert (keyword in found.identifying) == tells
    assert value == "" or value not in repr(found.identifying)


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("SURNAME^GIVEN", True),
        ("Surname Given Middle", True),
        ("ANON^PATIENT", False),
        ("DOE^JOHN", False),
        ("SBRTQA^SAMPLE01", False),
        ("SUBJECT007", False),
        ("", False),
    ],
)
def test_a_name_that_looks_like_a_person_is_noticed(tmp_path, name: str, like: bool) -> None:
    assert headers_of(tmp_path, PatientName=name)["RTDOSE"].name_like_person == like


@pytest.mark.parametrize("date", ["20261305", "yesterday", "19010101", "2026"])
def test_a_date_that_is_none_is_not_stated(tmp_path, date) -> None:
    dose = b.raw(b.dose(), "InstanceCreationDate", date.encode(), "DA")
    (case,) = load_cases(b.save_case(tmp_path, RD=dose))
    assert [h.created_at for h in case.provenance.headers if h.modality == "RTDOSE"] == [None]


def test_identity_elements(tmp_path) -> None:
    found = headers_of(
        tmp_path,
        PatientIdentityRemoved="YES",
        DeidentificationMethod="by hand",
        BurnedInAnnotation="YES",
        ClinicalTrialSubjectID="S1",
    )["RTDOSE"]
    assert (found.identity_removed, found.says_how, found.has_subject) == ("YES", True, True)
    assert found.burned_in == "YES"


@pytest.mark.parametrize(
    ("one", "other", "minutes"),
    [
        (Stamp(dt.date(2026, 1, 5), dt.time(12)), Stamp(dt.date(2026, 1, 5), dt.time(13)), 60),
        (Stamp(dt.date(2026, 1, 5), dt.time(23)), Stamp(dt.date(2026, 1, 6), dt.time(1)), 120),
        (Stamp(dt.date(2026, 1, 5), dt.time(23)), Stamp(dt.date(2026, 1, 6)), 1440),
        (Stamp(dt.date(2026, 1, 6)), Stamp(dt.date(2026, 1, 5)), -1440),
    ],
)
def test_time_between_two_stamps(one: Stamp, other: Stamp, minutes: float) -> None:
    assert one.minutes_until(other) == minutes


def test_records_are_read_and_put_in_order(tmp_path) -> None:
    for fraction, date in ((1, "20260112"), (3, "20260116"), (2, "20260114")):
        b.save(b.record(fraction, date), tmp_path / f"A{4 - fraction}.dcm")
    (case,) = load_cases(b.save_case(tmp_path))
    assert [s.beams[0].fraction for s in case.sessions] == [1, 2, 3]
    first = case.sessions[0]
    assert first.began == Stamp(dt.date(2026, 1, 12), dt.time(9, 30))
    assert (first.beams[0].meterset_specified, first.beams[0].meterset_delivered) == (100.0, 99.5)
    assert sum(link.source.startswith("A") for link in case.provenance.links) == 3


def test_a_record_of_another_plan_is_left_alone(tmp_path) -> None:
    b.save(b.record(1, "20260112", plan="1.9.9"), tmp_path / "A.dcm")
    (case,) = load_cases(b.save_case(tmp_path))
    assert case.sessions == ()


def test_a_record_without_beams_is_refused_and_stops_nothing(tmp_path) -> None:
    broken = b.record(1, "20260112", TreatmentSessionBeamSequence=[])
    path = b.save(broken, tmp_path / "A.dcm")
    with pytest.raises(DicomError, match="no session of beams"):
        read_session(open_bytes(path.read_bytes(), path.name).root)
    (case,) = load_cases(b.save_case(tmp_path))
    assert case.sessions == ()
    assert any("not used" in note for note in case.provenance.notes)


def test_a_session_without_a_date_comes_last() -> None:
    dated = Session("b", Stamp(dt.date(2026, 1, 5)))
    assert in_time([Session("a", None), dated]) == (dated, Session("a", None))
