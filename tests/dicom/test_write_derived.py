"""Exported structure sets: what refers to what, what other programs make of them, round trips."""

from __future__ import annotations

import shutil
import subprocess
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from sbrt_qa import load_cases, load_protocol
from sbrt_qa.dicom.text.elements import Item
from sbrt_qa.dicom.write.anchors import Anchor, anchor_of
from sbrt_qa.dicom.write.derived_file import WritingTime, WrittenRoi, write_derived
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.errors import DicomError, UsageError
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Contour, Structure
from sbrt_qa.review.derived_structures import Derived, Wanted, derive
from sbrt_qa.review.dvh_table import dvh

from . import standard_tables

SAMPLE = Path(__file__).parents[2] / "sample_dicom" / "minor"
WANTED = Wanted(("Liver-GTV", "Liver", "Kidney_L + Kidney_R"), ("50Gy", "50%"), ("20mm",))
PROTOCOL = load_protocol("liver_sbrt")


@pytest.fixture(scope="module")
def case() -> Case:
    return load_cases(SAMPLE)[0]


@pytest.fixture(scope="module")
def anchor(case: Case) -> Anchor:
    return anchor_of(case, [SAMPLE])


@pytest.fixture(scope="module")
def made(case: Case) -> tuple[Derived, ...]:
    return derive(case, WANTED, case.image.z_mm, PROTOCOL)


@pytest.fixture(scope="module")
def written(anchor: Anchor, made: tuple[Derived, ...], tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("export") / "rs.dcm"
    rois = [WrittenRoi(d.structure, d.description) for d in made]
    write_derived(rois, anchor, path, WritingTime("20260110", "101500"))
    return path


def read_back(path: Path, case: Case) -> Case:
    """Read the exported set as one of the case's own."""
    found = load_cases(path)[0]
    return replace(case, structures=found.structures)


def test_it_is_read_back_to_the_same_volumes(
    case: Case, made: tuple[Derived, ...], written: Path
) -> None:
    again = read_back(written, case)
    doses = CaseDoses(again)
    for one in made:
        there = again.structures.keys()[one.structure.name]
        assert doses.volume_cc(there) == pytest.approx(one.volume_cc, rel=0.002)
        if one.made_from_cc is not None:
            assert doses.volume_cc(there) == pytest.approx(one.made_from_cc, rel=0.01)


def test_an_isodose_has_the_volume_that_receives_its_dose(case: Case, written: Path) -> None:
    """V50Gy of the body by the engine, and the volume of the exported contours."""
    body = dvh(case, ["External"], ["V50Gy[cc]", "V25Gy[cc]"]).structures["External"].metrics
    again = read_back(written, case)
    doses, keys = CaseDoses(again), again.structures.keys()
    for name, metric in (("Isodose_50Gy", "V50Gy[cc]"), ("Isodose_50pct", "V25Gy[cc]")):
        assert doses.volume_cc(keys[name]) == pytest.approx(body[metric].value, rel=0.01)
    inside = dvh(again, ["Isodose_50Gy"]).structures["Isodose_50Gy"]
    assert inside.min_gy == pytest.approx(50.0, abs=1.0)


def test_a_ring_lies_beside_its_target(case: Case, written: Path) -> None:
    """What both hold is what slices of 3 mm leave open at the target's ends."""
    again = read_back(written, case)
    ring = CaseDoses(again).region(again.structures.keys()["Ring_PTV_20mm"])
    target = CaseDoses(case).region(case.structures.keys()["PTV"])
    doses = CaseDoses(case)
    whole, common = (doses.dvh_of(k, lambda r=r: r) for k, r in (("r", ring), ("c", ring & target)))
    assert common.volume_cc < 0.01 * whole.volume_cc


def test_references_lead_to_the_images(case: Case, written: Path) -> None:
    found = pydicom.dcmread(written)
    first = pydicom.dcmread(next(iter(sorted((SAMPLE / "CT").iterdir()))))
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert found[keyword].value == first[keyword].value
    assert found.SeriesInstanceUID not in (first.SeriesInstanceUID, "")
    frame = found.ReferencedFrameOfReferenceSequence[0]
    series = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
    assert series.SeriesInstanceUID == case.image.series_uid
    listed = [i.ReferencedSOPInstanceUID for i in series.ContourImageSequence]
    assert tuple(listed) == case.image.sop_instance_uids
    heights = dict(zip(listed, case.image.z_mm, strict=True))
    for roi in found.ROIContourSequence:
        for contour in roi.ContourSequence:
            assert contour.ContourGeometricType == "CLOSED_PLANAR"
            image = contour.ContourImageSequence[0].ReferencedSOPInstanceUID
            assert {float(z) for z in contour.ContourData[2::3]} == {heights[image]}
    kinds = [r.RTROIInterpretedType for r in found.RTROIObservationsSequence]
    assert kinds == ["ORGAN", "ORGAN", "ORGAN", "DOSE_REGION", "DOSE_REGION", "CONTROL"]
    assert found.ApprovalStatus == "UNAPPROVED"
    assert (found.StructureSetDate, found.StructureSetTime) == ("20260110", "101500")


def test_the_same_structures_make_the_same_file(
    anchor: Anchor, made: tuple[Derived, ...], written: Path, tmp_path: Path
) -> None:
    rois = [WrittenRoi(d.structure, d.description) for d in made]
    write_derived(rois, anchor, tmp_path / "a.dcm", WritingTime("20260110", "101500"))
    assert (tmp_path / "a.dcm").read_bytes() == written.read_bytes()
    write_derived(rois[:1], anchor, tmp_path / "b.dcm")
    assert (
        pydicom.dcmread(tmp_path / "b.dcm").SOPInstanceUID
        != pydicom.dcmread(written).SOPInstanceUID
    )


def test_a_validator_finds_no_error(written: Path) -> None:
    """dciodvfy of dicom3tools checks the object against its definition in the standard."""
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy (Debian package dicom3tools) is not installed")
    ran = subprocess.run([program, str(written)], capture_output=True, text=True, check=False)
    assert "RTStructureSet" in ran.stderr
    assert "Error" not in ran.stderr
    assert ran.returncode == 0


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        (None, "Passed"),
        ("StructureSetLabel", "Failed"),
        ("StructureSetROISequence.ROIName", "Failed"),
        ("PatientID", "Failed"),
    ],
)
def test_a_second_validator_finds_no_error(written: Path, spoil: str | None, status: str) -> None:
    """dicom-validator, with the standard's tables from highdicom; a spoiled file it does find."""
    validator = pytest.importorskip(
        "dicom_validator.validator.iod_validator", reason="dicom-validator is not installed"
    )
    tables = standard_tables.tables()
    if tables is None:
        pytest.skip("highdicom, whose tables of the standard are used, is not installed")
    dataset = pydicom.dcmread(written)
    if spoil:
        *outer, keyword = spoil.split(".")
        delattr(dataset[outer[0]][0] if outer else dataset, keyword)
    found = validator.IODValidator(dataset, tables).validate()
    assert found.status.name == status, found.module_errors


def test_another_program_reads_the_contours(
    case: Case, written: Path, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    """rt-utils lays the contours on the CT; its masks are coarse, so large structures only."""
    rt_utils = pytest.importorskip(
        "rt_utils", reason="rt-utils is not installed, or its OpenCV has no display libraries",
        exc_type=ImportError,
    )  # fmt: skip
    series = tmp_path / "CT"
    shutil.copytree(SAMPLE / "CT", series)
    other = rt_utils.RTStructBuilder.create_from(str(series), str(written))
    assert set(other.get_roi_names()) >= {"Liver-GTV", "Ring_PTV_20mm", "Isodose_50Gy"}
    x, y = case.image.spacing_mm
    voxel_cc = x * y * case.image.slice_spacing_mm / 1000
    again = read_back(written, case)
    doses = CaseDoses(again)
    for name in ("Liver", "Liver-GTV"):
        theirs = other.get_roi_mask_by_name(name).sum() * voxel_cc
        assert theirs == pytest.approx(doses.volume_cc(again.structures.keys()[name]), rel=0.05)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Wanted(), "nothing to export"),
        (Wanted(structures=("Lever",)), "no structure of the plan|not a structure|Lever"),
        (
            Wanted(structures=("GTV",)),
            "'GTV' cannot be made: no structure of the plan is called GTV",
        ),
        (Wanted(structures=("PTV - PTV",)), "nothing lies on the image slices"),
        (Wanted(isodoses=("fifty",)), "not an isodose"),
        (Wanted(isodoses=("0Gy",)), "not an isodose"),
        (Wanted(isodoses=("90Gy",)), "nothing lies on the image slices"),
        (Wanted(rings=("20",)), "not a ring"),
        (Wanted(rings=("500mm",)), "not a ring"),
        (Wanted(rings=("Lever:5mm",)), "Lever"),
    ],
)
def test_what_cannot_be_made(case: Case, wanted: Wanted, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        derive(case, wanted, case.image.z_mm, PROTOCOL)


def test_without_a_dose_there_is_no_isodose(case: Case) -> None:
    blind = replace(case, dose=Reason(ReasonCode.NO_DOSE, "no dose among the files"))
    with pytest.raises(UsageError, match="no dose among the files"):
        derive(blind, Wanted(isodoses=("50Gy",)), case.image.z_mm, PROTOCOL)
    assert derive(blind, Wanted(structures=("PTV",)), case.image.z_mm, PROTOCOL)


def test_names_that_a_file_cannot_hold_are_made_plain(case: Case) -> None:
    ptv = case.structures.keys()["PTV"]
    odd = replace(ptv, name="PTV\\1\x1b" + "x" * 80)
    changed = replace(case, structures=replace(case.structures, structures=(odd,)))
    (made,) = derive(changed, Wanted(structures=(odd.name,)), case.image.z_mm, PROTOCOL)
    assert made.structure.name == ("PTV/1/x1b" + "x" * 80)[:64]


def test_a_contour_off_every_slice_is_refused(anchor: Anchor, tmp_path: Path) -> None:
    square = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]])
    lost = Structure(1, "lost", (Contour(0.77, square),))
    with pytest.raises(DicomError, match=r"lies on no image slice; got z = 0\.77 mm"):
        write_derived([WrittenRoi(lost, "")], anchor, tmp_path / "rs.dcm")


def test_images_that_are_gone_are_told(case: Case, tmp_path: Path) -> None:
    shutil.copy(SAMPLE / "RTSTRUCT.dcm", tmp_path)
    shutil.copy(SAMPLE / "CT" / "CT_001.dcm", tmp_path)
    with pytest.raises(DicomError, match="got 1 of its slices; expected 55"):
        anchor_of(case, [tmp_path])
    with pytest.raises(DicomError, match="structure set is missing"):
        anchor_of(replace(case, image=None), [SAMPLE / "CT"])
    bare = replace(case, image=None, structures=Reason(ReasonCode.STRUCTURE_MISSING, "none"))
    with pytest.raises(DicomError, match="nothing to refer to"):
        anchor_of(bare, [SAMPLE])


def test_a_header_that_breaks_the_rules_is_copied_and_not_printed(
    case: Case, anchor: Anchor, made: tuple[Derived, ...], tmp_path: Path, capsys
) -> None:
    """In the tests a warning would be an error; on the command line it would show the header."""
    header = pydicom.dcmread(SAMPLE / "CT" / "CT_001.dcm", stop_before_pixels=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        header.StudyDate, header.StudyTime, header.PatientID = "unknown!", "99:99", "x" * 90
    odd = replace(anchor, header=Item(header, "CT_001.dcm"))
    out = tmp_path / "rs.dcm"
    write_derived([WrittenRoi(made[0].structure, "")], odd, out)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pydicom.dcmread(out)
        assert (found.StudyDate, found.PatientID) == ("unknown!", "x" * 90)
    assert capsys.readouterr() == ("", "")


def test_without_images_the_case_s_own_structures_say_where(
    case: Case, anchor: Anchor, tmp_path: Path
) -> None:
    """The same planes, images and volumes, but no slice that no contour lies on."""
    for name in ("RTPLAN.dcm", "RTSTRUCT.dcm", "RTDOSE.dcm"):
        shutil.copy(SAMPLE / name, tmp_path)
    (bare,) = load_cases(tmp_path)
    found = anchor_of(bare, [tmp_path])
    assert set(found.planes_mm) <= set(anchor.planes_mm)
    assert {i.uid for i in found.images} == {i.uid for i in anchor.images}
    assert (found.series_uid, found.study_uid) == (anchor.series_uid, anchor.study_uid)
    for plane, z_mm in enumerate(found.planes_mm):
        other = int(np.flatnonzero(anchor.planes_mm == z_mm)[0])
        assert found.image_at(plane) == anchor.image_at(other)
    made = derive(bare, Wanted(("Liver-GTV",), ("50Gy",)), found.planes_mm, PROTOCOL)
    out = tmp_path / "rs.dcm"
    write_derived([WrittenRoi(d.structure, d.description) for d in made], found, out)
    with_images = derive(case, Wanted(("Liver-GTV",), ("50Gy",)), anchor.planes_mm, PROTOCOL)
    for one, other in zip(made, with_images, strict=True):
        assert one.volume_cc == pytest.approx(other.volume_cc, rel=1e-6)
    assert pydicom.dcmread(out).FrameOfReferenceUID == case.image.frame_of_reference_uid
