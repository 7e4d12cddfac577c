"""Written objects: complete, linked, exact within what they promise, and the same every time."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from sbrt_qa.dicom.write.common import CaseIds, number
from sbrt_qa.dicom.write.linked_set import CaseContent, write_case
from sbrt_qa.dicom.write.rtdose_file import Offsets, RtDoseOptions, dose_scaling, write_rtdose
from sbrt_qa.dicom.write.rtplan_file import Aperture
from sbrt_qa.dicom.write.rtstruct_file import RtStructOptions, contour_text, write_rtstruct
from sbrt_qa.errors import DicomError, GeometryError
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.plan import Beam, DoseReference, FractionGroup, Plan
from sbrt_qa.model.structure import Contour, Structure, StructureSet

IDS = CaseIds(seed="test", subject="T-01")
SQUARE = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, -10.004], [0.0, -10.0]])


def content() -> CaseContent:
    z_mm = np.array([-3.0, 0.0, 3.0])
    contours = tuple(Contour(z, SQUARE) for z in z_mm)
    structures = (
        Structure(3, "Leber links", contours, "ORGAN"),
        Structure(7, "肝", contours[:1], "ORGAN"),
        Structure(9, "empty", (), "AVOIDANCE"),
    )
    x_mm, y_mm = np.arange(5) * 2.5 - 5, np.arange(4) * 2.0 - 3
    dose = np.linspace(0, 61.7, 60).reshape(3, 4, 5)
    return CaseContent(
        structures=StructureSet(structures, label="TEST"),
        dose=DoseGrid(dose, x_mm, y_mm, z_mm),
        plan=plan(),
        image=ImageSeries(z_mm, (-5.0, -4.0), (2.0, 1.5), (6, 7)),
        hu=(np.arange(126).reshape(3, 6, 7) * 20 - 1000).astype(np.int16),
        apertures={1: Aperture((-20, 22), (-30, 30), (-30, 0, 30), (-20, -18, 21, 22))},
    )


def plan() -> Plan:
    beam = Beam(
        1,
        "B1",
        machine="LINAC",
        nominal_energies=(6.0,),
        fluence_mode="FFF",
        isocentres_mm=((1.5, -2.25, 0.1),),
        gantry_deg=(181.5,),
        meterset=512.3,
        dose_gy=10.0,
    )
    return Plan(
        "",
        "LIVER50",
        approval="APPROVED",
        dose_references=(DoseReference(1, "SITE", "TARGET", target_prescription_gy=50.0),),
        fraction_groups=(FractionGroup(1, 5, (1,)),),
        beams=(beam,),
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("case")
    write_case(content(), folder, IDS)
    return {path.stem: pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))}


def test_a_case_is_linked_by_uids(written):
    plan, dose, structures = written["RTPLAN"], written["RTDOSE"], written["RTSTRUCT"]
    slices = [written[f"CT_{i:03d}"] for i in (1, 2, 3)]
    assert dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == plan.SOPInstanceUID
    for source in (plan, dose):
        referenced = source.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID
        assert referenced == structures.SOPInstanceUID
    study = structures.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    series = study.RTReferencedSeriesSequence[0]
    assert series.SeriesInstanceUID == slices[0].SeriesInstanceUID
    images = [i.ReferencedSOPInstanceUID for i in series.ContourImageSequence]
    assert images == [s.SOPInstanceUID for s in slices]
    contour = structures.ROIContourSequence[0].ContourSequence[1]
    assert contour.ContourImageSequence[0].ReferencedSOPInstanceUID == slices[1].SOPInstanceUID
    assert {d.FrameOfReferenceUID for d in written.values()} == {IDS.frame_uid}
    assert {d.StudyInstanceUID for d in written.values()} == {IDS.study_uid}
    assert len({d.SOPInstanceUID for d in written.values()}) == len(written)


def test_every_file_is_a_complete_part_10_file(written):
    for dataset in written.values():
        assert dataset.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID
        assert dataset.SpecificCharacterSet == "ISO_IR 192"
        assert dataset.ClinicalTrialSubjectID == "T-01"
        for uid in (dataset.SOPInstanceUID, dataset.SeriesInstanceUID):
            assert uid.is_valid
            assert uid.startswith("2.25.")


TYPE_1_AND_2 = {
    "RTPLAN": "RTPlanLabel RTPlanDate RTPlanTime RTPlanGeometry ApprovalStatus ReviewDate "
    "ReviewTime ReviewerName FractionGroupSequence PatientSetupSequence BeamSequence",
    "RTDOSE": "SamplesPerPixel PhotometricInterpretation BitsAllocated BitsStored HighBit "
    "PixelRepresentation DoseUnits DoseType DoseSummationType DoseGridScaling PixelData "
    "GridFrameOffsetVector FrameIncrementPointer NumberOfFrames InstanceNumber SliceThickness",
    "RTSTRUCT": "StructureSetLabel StructureSetDate StructureSetTime ApprovalStatus "
    "ReferencedFrameOfReferenceSequence StructureSetROISequence ROIContourSequence "
    "RTROIObservationsSequence",
    "CT_001": "ImageType AcquisitionNumber InstanceNumber KVP PatientPosition RescaleSlope "
    "RescaleIntercept RescaleType SliceThickness PixelSpacing PixelData",
}
EVERYWHERE = (
    "PatientName PatientID PatientBirthDate PatientSex StudyDate StudyTime StudyID "
    "AccessionNumber ReferringPhysicianName SeriesNumber Modality Manufacturer "
    "PositionReferenceIndicator OperatorsName"
)


@pytest.mark.parametrize("stem", TYPE_1_AND_2)
def test_required_attributes_are_present(written, stem):
    required = f"{TYPE_1_AND_2[stem]} {EVERYWHERE}".split()
    assert [k for k in required if k not in written[stem]] == []


def test_contours_come_back(written):
    dataset = written["RTSTRUCT"]
    assert [r.ROIName for r in dataset.StructureSetROISequence] == ["Leber links", "肝", "empty"]
    assert [len(r.get("ContourSequence", [])) for r in dataset.ROIContourSequence] == [3, 1, 0]
    contour = dataset.ROIContourSequence[0].ContourSequence[2]
    assert contour.NumberOfContourPoints == 4
    points = np.array(contour.ContourData, dtype=float).reshape(-1, 3)
    assert points[:, 2].tolist() == [3.0] * 4
    assert np.abs(points[:, :2] - SQUARE).max() <= 0.005


def test_contour_text_has_no_minus_zero():
    text = contour_text(Contour(1.5, np.array([[-0.001, 1.0], [2.0, 0.0], [1.0, -3.456]])))
    assert text == r"0.00\1.00\1.5\2.00\0.00\1.5\1.00\-3.46\1.5"


def test_a_contour_too_long_for_explicit_vr_is_written_implicit(tmp_path):
    """A DS value has a 16-bit length in explicit VR; 64 kB are some 3000 points."""
    angle = np.linspace(0, 2 * np.pi, 6000, endpoint=False)
    circle = 100 * np.column_stack([np.cos(angle), np.sin(angle)])
    structures = StructureSet((Structure(1, "Liver", (Contour(0.0, circle),)),))
    write_rtstruct(structures, tmp_path / "rs.dcm", IDS, options=RtStructOptions(decimals=4))
    read = pydicom.dcmread(tmp_path / "rs.dcm")
    assert read.file_meta.TransferSyntaxUID == ImplicitVRLittleEndian
    data = read.ROIContourSequence[0].ContourSequence[0].ContourData
    assert np.array(data, dtype=float).reshape(-1, 3)[:, :2] == pytest.approx(circle, abs=6e-5)


@pytest.mark.parametrize("bits", [16, 32])
def test_dose_comes_back_within_a_ten_thousandth_of_its_maximum(tmp_path, bits):
    dose = content().dose
    write_rtdose(dose, tmp_path / "rd.dcm", IDS, options=RtDoseOptions(bits=bits))
    read = pydicom.dcmread(tmp_path / "rd.dcm")
    values = read.pixel_array * float(read.DoseGridScaling)
    assert np.abs(values - dose.dose_gy).max() < 1e-4 * dose.max_gy
    assert [float(v) for v in read.ImagePositionPatient] == [-5.0, -3.0, -3.0]
    assert [float(v) for v in read.PixelSpacing] == [2.0, 2.5]  # row (y) spacing first


@pytest.mark.parametrize(
    ("offsets", "expected"), [(Offsets.RELATIVE, [0, 3, 6]), (Offsets.ABSOLUTE, [-3, 0, 3])]
)
def test_both_forms_of_the_frame_offsets(tmp_path, offsets, expected):
    write_rtdose(content().dose, tmp_path / "rd.dcm", IDS, options=RtDoseOptions(offsets=offsets))
    read = pydicom.dcmread(tmp_path / "rd.dcm")
    assert [float(v) for v in read.GridFrameOffsetVector] == expected
    assert float(read.ImagePositionPatient[2]) == -3


@pytest.mark.parametrize(
    ("max_gy", "bits", "expected"),
    [(65.5, 16, "0.001"), (65.6, 16, "0.002"), (131.1, 16, "0.005"), (0.0, 16, "1")],
)
def test_dose_scaling_is_short_and_holds_the_maximum(max_gy, bits, expected):
    assert dose_scaling(max_gy, bits) == Decimal(expected)


@pytest.mark.parametrize("max_gy", [1e-3, 0.7, 12.0, 55.5, 66.0, 132.0, 3e4])
@pytest.mark.parametrize("bits", [16, 32])
def test_dose_scaling_loses_less_than_a_ten_thousandth(max_gy, bits):
    scaling = dose_scaling(max_gy, bits)
    assert max_gy <= float(scaling) * (2**bits - 1)
    assert float(scaling) / 2 < 1e-4 * max_gy
    assert len(str(scaling)) <= 16


def test_plan_comes_back(written):
    dataset = written["RTPLAN"]
    group, beam = dataset.FractionGroupSequence[0], dataset.BeamSequence[0]
    point = beam.ControlPointSequence[0]
    assert float(dataset.DoseReferenceSequence[0].TargetPrescriptionDose) == 50
    assert int(group.NumberOfFractionsPlanned) == 5
    assert float(group.ReferencedBeamSequence[0].BeamMeterset) == 512.3
    assert [float(v) for v in point.IsocenterPosition] == [1.5, -2.25, 0.1]
    assert float(point.GantryAngle) == 181.5
    assert beam.PrimaryFluenceModeSequence[0].FluenceModeID == "FFF"
    leaves = point.BeamLimitingDevicePositionSequence[2]
    assert [float(v) for v in leaves.LeafJawPositions] == [-20, -18, 21, 22]


def test_image_comes_back(written):
    hu = content().hu
    for index in range(3):
        read = written[f"CT_{index + 1:03d}"]
        values = read.pixel_array * float(read.RescaleSlope) + float(read.RescaleIntercept)
        assert (values == hu[index]).all()
        assert float(read.ImagePositionPatient[2]) == 3 * (index - 1)
        assert [float(v) for v in read.PixelSpacing] == [1.5, 2.0]


def digests(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*.dcm")}


def test_writing_twice_gives_the_same_bytes(tmp_path):
    for run in ("a", "b"):
        write_case(content(), tmp_path / run, IDS)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    write_case(content(), tmp_path / "c", replace(IDS, seed="other"))
    assert not set(digests(tmp_path / "a").values()) & set(digests(tmp_path / "c").values())


@pytest.mark.parametrize(
    ("value", "text"),
    [(5.0, "5"), (-0.0, "0"), (0.1, "0.1"), (-1.5, "-1.5"), (1 / 3, "0.33333333333333")],
)
def test_decimal_strings(value, text):
    assert number(value) == text


@pytest.mark.parametrize("value", [math.pi * 10**e for e in range(-12, 13)])
def test_decimal_strings_fit_sixteen_characters(value):
    for signed in (value, -value):
        assert len(number(signed)) <= 16
        assert float(number(signed)) == pytest.approx(signed, rel=1e-9)


def test_a_grid_of_one_plane_is_refused(tmp_path):
    axis = np.arange(3.0)
    flat = DoseGrid(np.ones((1, 3, 3)), axis, axis, [0.0])
    with pytest.raises(GeometryError, match="at least two planes"):
        write_rtdose(flat, tmp_path / "rd.dcm", IDS)


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DicomError, match="cannot be made"):
        write_case(content(), tmp_path / "file" / "case", IDS)


def test_a_beam_without_isocentre_is_refused(tmp_path):
    lost = replace(plan(), beams=(replace(plan().beams[0], isocentres_mm=()),))
    with pytest.raises(GeometryError, match="without an isocentre"):
        write_case(CaseContent(plan=lost), tmp_path, IDS)


def test_an_aperture_needs_both_ends_of_each_leaf_pair():
    with pytest.raises(GeometryError, match="two leaf positions per pair"):
        Aperture(boundaries_mm=(-5, 0, 5), leaves_mm=(1, 2))
