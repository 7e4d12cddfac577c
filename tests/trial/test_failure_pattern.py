"""Where a recurrence lies in the treated dose: balls in a dose that falls from its centre."""

from __future__ import annotations

import contextlib
import io
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from sbrt_qa.cli.main import run
from sbrt_qa.dicom.read.registration_file import load_registrations
from sbrt_qa.dicom.write.common import CaseIds
from sbrt_qa.dicom.write.linked_set import CaseContent, write_case
from sbrt_qa.errors import DicomError, GeometryError, UsageError
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason, ReasonCode, Verdict
from sbrt_qa.model.plan import (
    Beam,
    DoseReference,
    FractionGroup,
    Plan,
    Prescription,
    PrescriptionSource,
)
from sbrt_qa.model.registration import (
    FrameMatrix,
    MovingFrame,
    Registration,
    RegistrationKind,
    RigidMotion,
)
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.testing.phantoms.shapes import circle
from sbrt_qa.trial.failure_case import FailureQuestion, failure_of_case
from sbrt_qa.trial.failure_pattern import FailurePattern, motions
from sbrt_qa.trial.failure_points import doses_gy, sampled
from sbrt_qa.trial.failure_registration import onto_plan
from sbrt_qa.trial.failure_schemes import (
    CentreOfMass,
    FailureClass,
    Scheme,
    by_centre,
    by_volume,
    class_of_subject,
)

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "survival" / "reference_values.json").read_text(encoding="utf-8")
)
SPHERES = REFERENCE["failure_spheres"]["rows"]
RX_GY, FIELD_MM = 50.0, 25.0
PLANNING, FOLLOW_UP, ATLAS = "1.2.3.1", "1.2.3.2", "1.2.3.3"


def ball(number: int, name: str, radius: float, x: float = 0.0, step: float = 0.5) -> Structure:
    """Return a ball; its planes lie evenly, half a step from its poles."""
    planes = np.arange(-radius + step / 2, radius, step)
    contours = tuple(Contour(float(z), circle(x, 0.0, math.sqrt(radius**2 - z**2))) for z in planes)
    return Structure(number, name, contours, "ORGAN")


def falling_dose(radius: float = FIELD_MM, frame: str = PLANNING) -> DoseGrid:
    """Return a dose of 95 % at a radius that falls by 2 % of the prescription for each mm."""
    axis = np.arange(-60.0, 61.0, 2.0)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    distance = np.sqrt(x**2 + y**2 + z**2)
    percent = np.maximum(95.0 + 2.0 * (radius - distance), 0.0)
    return DoseGrid(percent / 100.0 * RX_GY, axis, axis, axis, frame)


def treated(dose: DoseGrid | None = None) -> Case:
    plan = Plan(
        "", "LIVER50", approval="APPROVED",
        dose_references=(DoseReference(1, "SITE", "TARGET", target_prescription_gy=RX_GY),),
        fraction_groups=(FractionGroup(1, 5, (1,)),),
        prescription=Prescription(RX_GY, PrescriptionSource.TARGET_PRESCRIPTION_DOSE),
        fractions=5,
        beams=(Beam(1, "B1", isocentres_mm=((0.0, 0.0, 0.0),), gantry_deg=(0.0,), meterset=1.0),),
    )  # fmt: skip
    drawn = (ball(1, "PTV", 25.0, step=2.0), ball(2, "CTV", 20.0, step=2.0), ball(3, "Bed", 10.0))
    return Case("LIVER50", plan, StructureSet(drawn, PLANNING), dose or falling_dose())


def asked(recurrence: Structure, **question: Any) -> FailurePattern:
    """Return the pattern of a recurrence that is drawn on the planning scan itself."""
    answer = failure_of_case(
        treated(), StructureSet((recurrence,), PLANNING), (), FailureQuestion(**question)
    )
    ((_, pattern),) = answer.patterns
    assert isinstance(pattern, FailurePattern)
    return pattern


@pytest.mark.parametrize("row", SPHERES, ids=lambda r: f"r{r['r_mm']} d{r['d_mm']}")
def test_t79__balls_have_the_share_and_the_class_of_the_closed_form(row: dict[str, Any]) -> None:
    step = 0.5 if row["r_mm"] <= 10 else 1.0
    pattern = asked(ball(1, "REC", row["r_mm"], row["d_mm"], step), error_mm=5.0)
    assert pattern.inside_percent[95.0] == pytest.approx(row["fraction"], abs=0.01)
    assert pattern.classes[Scheme.DAWSON] == row["dawson"]
    assert pattern.classes[Scheme.LEE] == row["lee"]
    told = {str(one) for one, _ in pattern.stability[Scheme.DAWSON].counts}
    assert told <= {*row["classes_within_5mm"], row["dawson"]}
    assert {row["dawson"]} == set(row["classes_within_5mm"]) or not set(
        row["classes_within_5mm"]
    ) - told
    volume = 4.0 / 3.0 * math.pi * row["r_mm"] ** 3 / 1000.0
    assert pattern.volume_cc == pytest.approx(volume, rel=0.01)


def test_t79__at_18_mm_the_class_is_marginal_and_unstable() -> None:
    pattern = asked(ball(1, "REC", 10.0, 18.0))
    stability = pattern.stability[Scheme.DAWSON]
    assert pattern.failure_class is FailureClass.MARGINAL
    assert not stability.is_stable
    assert sum(count for _, count in stability.counts) == 32
    assert "in-field in" in stability.sentence
    assert "of 32" in stability.sentence
    found = {one.code: one for one in pattern.findings}
    assert found["CLASS_UNSTABLE"].verdict is Verdict.MINOR
    assert stability.counts[0][0] is FailureClass.IN_FIELD


def test_measures_of_a_ball_in_the_middle() -> None:
    pattern = asked(ball(1, "REC", 10.0), bed="Bed")
    assert pattern.failure_class is FailureClass.IN_FIELD
    assert pattern.stability[Scheme.DAWSON].is_stable
    assert pattern.doses_gy["centre"] == pytest.approx(72.5, abs=0.7)
    assert pattern.doses_gy["min"] == pytest.approx(62.5, abs=0.3)
    # the mean distance from the centre of a ball is 3/4 of its radius; between voxels, a cone of
    # dose is read a little too low
    assert pattern.doses_gy["mean"] == pytest.approx(72.5 - 7.5 - 0.1, abs=0.05)
    # 98 % of a ball lie within the cube root of 0.98 of its radius
    edge = 10.0 * 0.98 ** (1 / 3)
    assert pattern.doses_gy["D98"] == pytest.approx(72.5 - edge, abs=0.1)
    lowest = pattern.doses_gy["min"]
    assert pattern.eqd2_gy["min"] == pytest.approx(lowest * (lowest / 5 + 10) / 12, rel=1e-9)
    # planes 2 mm apart make steps at the poles of a ball
    assert pattern.distances_mm["centre_to_ptv"] == pytest.approx(-25.0, abs=1.0)
    assert pattern.distances_mm["centre_to_ctv"] == pytest.approx(-20.0, abs=1.0)
    assert pattern.distances_mm["centre_to_isodose_95"] == pytest.approx(-25.0, abs=0.2)
    assert pattern.distances_mm["recurrence_to_bed"] == 0.0
    assert pattern.overlap["CTV"] == 1.0
    assert pattern.outside_grid == 0.0


def test_distances_of_a_ball_outside() -> None:
    pattern = asked(ball(1, "REC", 5.0, 45.0), bed="Bed")
    assert pattern.failure_class is FailureClass.OUT_OF_FIELD
    assert pattern.distances_mm["centre_to_ptv"] == pytest.approx(20.0, abs=0.4)
    assert pattern.distances_mm["centre_to_isodose_95"] == pytest.approx(20.0, abs=0.3)
    assert pattern.distances_mm["recurrence_to_bed"] == pytest.approx(30.0, abs=0.4)
    assert pattern.classes[Scheme.CENTRE] is FailureClass.MARGINAL  # 55 % of the prescription
    assert "SCHEMES_DISAGREE" in {one.code for one in pattern.findings}
    assert pattern.overlap["PTV"] == 0.0


def test_a_banana_is_told_by_its_deepest_point_too() -> None:
    """The centre of mass of a bent recurrence lies outside it; its deepest point does not."""
    angles = np.linspace(0.0, math.pi, 60)
    outer = np.stack([20 * np.cos(angles), 20 * np.sin(angles)], axis=1)
    inner = np.stack([12 * np.cos(angles), 12 * np.sin(angles)], axis=1)[::-1]
    bent = np.concatenate((outer, inner))
    structure = Structure(1, "REC", tuple(Contour(z, bent) for z in np.arange(-4.0, 5.0, 1.0)))
    volume = sampled(structure)
    assert not isinstance(volume, Reason)
    distance = math.hypot(*volume.deepest_mm[:2])
    assert 12.0 < distance < 20.0
    assert math.hypot(*volume.centre_mm[:2]) < 12.0


@pytest.mark.parametrize(
    ("share", "dawson", "lee"),
    [
        (1.0, "in-field", "central"), (0.95, "in-field", "central"),
        (0.9499, "marginal", "in-field"), (0.80, "marginal", "in-field"),
        (0.7999, "marginal", "marginal"), (0.20, "marginal", "marginal"),
        (0.1999, "out-of-field", "out-of-field"), (0.0, "out-of-field", "out-of-field"),
    ],
)  # fmt: skip
def test_bounds_of_the_schemes_by_volume(share: float, dawson: str, lee: str) -> None:
    assert (by_volume(share), by_volume(share, four_classes=True)) == (dawson, lee)


@pytest.mark.parametrize(
    ("centre", "expected"),
    [
        (CentreOfMass(95.0), "in-field"),
        (CentreOfMass(60.0, to_ctv_mm=-1.0), "in-field"),
        (CentreOfMass(94.9, to_ctv_mm=1.0), "marginal"),
        (CentreOfMass(50.0, 30.0, 30.0), "marginal"),
        (CentreOfMass(10.0, 12.0, 10.0), "marginal"),
        (CentreOfMass(49.9, 15.0, 10.1), "out-of-field"),
        (CentreOfMass(49.9), "out-of-field"),
    ],
)
def test_bounds_of_the_scheme_by_the_centre(centre: CentreOfMass, expected: str) -> None:
    assert by_centre(centre) == expected


def test_the_first_scan_with_a_recurrence_gives_the_class_of_the_subject() -> None:
    inside, margin, out = FailureClass.IN_FIELD, FailureClass.MARGINAL, FailureClass.OUT_OF_FIELD
    unknown = Reason(ReasonCode.REFERENCE_MISSING, "no registration")
    elsewhere = Reason(ReasonCode.NOT_APPLICABLE, "outside the liver")
    assert class_of_subject([(2, inside), (1, out), (1, margin)]) is margin
    assert class_of_subject([(1, elsewhere), (2, out)]) is out
    assert class_of_subject([(1, unknown), (1, inside)]) is inside
    assert class_of_subject([(1, unknown), (1, margin)]) is unknown
    for nothing in ([], [(1, elsewhere)]):
        told = class_of_subject(nothing)
        assert isinstance(told, Reason)
        assert told.code is ReasonCode.NOT_APPLICABLE


def rotated(angle: float, shift: tuple[float, float, float]) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    matrix[:3, 3] = shift
    return matrix


TILT = rotated(0.2, (12.0, -7.0, 30.0))


def registration(
    root: str, moving: str, *matrices: np.ndarray, kind: str = "RIGID", name: str = "REG"
) -> Registration:
    found = tuple(FrameMatrix(one, kind) for one in matrices)
    return Registration(name, root, (MovingFrame(root, ()), MovingFrame(moving, found)))


def why(*registrations: Registration, frames: tuple[str, str] = (FOLLOW_UP, PLANNING)) -> Reason:
    found = onto_plan(registrations, *frames)
    assert isinstance(found, Reason)
    return found


def test_t74__a_reflection_is_refused() -> None:
    mirrored = np.diag([-1.0, 1.0, 1.0, 1.0])
    assert "reflection" in why(registration(PLANNING, FOLLOW_UP, mirrored)).detail
    with pytest.raises(GeometryError, match="reflection"):
        RigidMotion(mirrored)


def test_t75__the_inverse_direction_gives_the_same_place() -> None:
    forward = onto_plan([registration(PLANNING, FOLLOW_UP, TILT)], FOLLOW_UP, PLANNING)
    back = onto_plan([registration(FOLLOW_UP, PLANNING, np.linalg.inv(TILT))], FOLLOW_UP, PLANNING)
    through = onto_plan(
        [Registration("REG", ATLAS, (
            MovingFrame(PLANNING, (FrameMatrix(TILT, "RIGID"),)),
            MovingFrame(FOLLOW_UP, (FrameMatrix(TILT @ TILT, "RIGID"),)),
        ))],
        FOLLOW_UP, PLANNING,
    )  # fmt: skip
    points = np.array([[0.0, 0.0, 0.0], [100.0, -50.0, 20.0]])
    wanted = points @ TILT[:3, :3].T + TILT[:3, 3]
    for one in (forward, back, through):
        assert not isinstance(one, Reason)
        assert one.motion(points) == pytest.approx(wanted, abs=1e-6)
        assert (one.found_in, one.findings) == ("REG", ())


def test_t76__a_chain_of_two_matrices_is_applied_in_order() -> None:
    turn, shift = rotated(math.pi / 2, (0.0, 0.0, 0.0)), rotated(0.0, (10.0, 0.0, 0.0))
    found = onto_plan([registration(PLANNING, FOLLOW_UP, turn, shift)], FOLLOW_UP, PLANNING)
    assert not isinstance(found, Reason)
    # (1, 0, 0) is turned to (0, 1, 0) first, then shifted
    assert found.motion(np.array([[1.0, 0.0, 0.0]])) == pytest.approx(
        np.array([[10.0, 1.0, 0.0]]), abs=1e-9
    )


def test_t77__without_a_registration_only_one_frame_is_the_same_place() -> None:
    assert why().code is ReasonCode.REFERENCE_MISSING
    assert "no registration" in why(registration(PLANNING, ATLAS, TILT)).detail
    assert "names no frame" in why(frames=("", "")).detail
    same = onto_plan([], PLANNING, PLANNING)
    assert not isinstance(same, Reason)
    assert (same.found_in, [one.code for one in same.findings]) == ("", ["SAME_FRAME"])
    two = [registration(PLANNING, FOLLOW_UP, TILT, name=name) for name in ("A", "B")]
    assert "several" in why(*two).detail


def test_t78__a_deformable_registration_is_refused_with_a_reason() -> None:
    field = Registration("DEF", PLANNING, (), RegistrationKind.DEFORMABLE)
    assert "deformable" in why(field).detail
    assert "deformable" in why(registration(PLANNING, FOLLOW_UP, TILT), field).detail


def test_what_is_not_rigid_is_not_relied_on() -> None:
    for kind in ("RIGID_SCALE", "AFFINE", ""):
        assert "RIGID" in why(registration(PLANNING, FOLLOW_UP, TILT, kind=kind)).detail
    scaled = np.diag([1.01, 1.0, 1.0, 1.0])
    assert "scales" in why(registration(PLANNING, FOLLOW_UP, scaled)).detail
    bent = np.eye(4)
    bent[3, 0] = 0.1
    assert "last row" in why(registration(PLANNING, FOLLOW_UP, bent)).detail


def test_an_identity_between_two_scans_is_not_believed() -> None:
    found = onto_plan([registration(PLANNING, FOLLOW_UP, np.eye(4))], FOLLOW_UP, PLANNING)
    assert not isinstance(found, Reason)
    ((finding),) = found.findings
    assert (finding.code, finding.verdict) == ("IDENTITY_REGISTRATION", Verdict.NOT_EVALUABLE)


def test_a_liver_that_lands_far_away_is_told() -> None:
    case = treated()
    assert not isinstance(case.structures, Reason)
    drawn = (*case.structures.structures, ball(4, "Liver", 50.0, step=5.0))
    case = replace(case, structures=StructureSet(drawn, PLANNING))
    followed = StructureSet((ball(1, "REC", 10.0), ball(2, "Liver", 50.0, step=5.0)), FOLLOW_UP)
    far = registration(PLANNING, FOLLOW_UP, rotated(0.0, (0.0, 0.0, 120.0)))
    near = registration(PLANNING, FOLLOW_UP, rotated(0.0, (0.0, 0.0, 90.0)))
    question = FailureQuestion(("REC",))
    assert [f.code for f in failure_of_case(case, followed, [far], question).findings] == [
        "LIVER_FAR_AWAY"
    ]
    assert failure_of_case(case, followed, [near], question).findings == ()


def test_t80__outside_the_dose_grid_the_dose_counts_as_zero_and_is_told() -> None:
    pattern = asked(ball(1, "REC", 10.0, 61.0))  # the grid ends at 61 mm, half of the ball beyond
    assert pattern.outside_grid == pytest.approx(0.5, abs=0.01)
    assert pattern.doses_gy["min"] == 0.0
    assert "OUTSIDE_DOSE_GRID" in {one.code for one in pattern.findings}
    dose, outside = doses_gy(falling_dose(), np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 61.5]]))
    assert (dose[1], outside) == (0.0, 0.5)


def test_t81__a_recurrence_outside_the_liver_has_no_dose_class() -> None:
    answer = failure_of_case(
        treated(), StructureSet((ball(1, "REC", 10.0),), PLANNING), (), FailureQuestion(site="LUNG")
    )
    ((_, reason),) = answer.patterns
    assert isinstance(reason, Reason)
    assert reason.code is ReasonCode.NOT_APPLICABLE
    assert answer.verdict is Verdict.PER_PROTOCOL


def test_a_recurrence_found_late_is_told() -> None:
    late = {one.code for one in asked(ball(1, "REC", 10.0), days_since_scan=121).findings}
    early = {one.code for one in asked(ball(1, "REC", 10.0), days_since_scan=120).findings}
    assert "FOUND_LATE" in late - early
    large = asked(ball(1, "REC", 32.0, step=1.0))  # more than twice a field of radius 25
    assert "FOUND_LATE" in {one.code for one in large.findings}


def test_a_registration_may_be_off_in_32_ways() -> None:
    volume = sampled(ball(1, "REC", 10.0, 18.0))
    assert not isinstance(volume, Reason)
    ways = motions(volume, 5.0)
    assert len(ways) == 32
    shifts = [one(volume.centre_mm[np.newaxis])[0] - volume.centre_mm for one in ways]
    lengths = [float(np.linalg.norm(one)) for one in shifts]
    assert lengths == pytest.approx([5.0] * 26 + [0.0] * 6, abs=1e-9)


def test_without_a_dose_or_a_contour_there_is_a_reason() -> None:
    no_dose = Reason(ReasonCode.NO_DOSE, "no dose")
    followed = StructureSet((ball(1, "REC", 10.0),), PLANNING)
    answer = failure_of_case(replace(treated(), dose=no_dose), followed, (), FailureQuestion())
    assert answer.patterns == (("REC", no_dose),)
    assert answer.verdict is Verdict.NOT_EVALUABLE
    empty = StructureSet((Structure(1, "REC"),), PLANNING)
    ((_, reason),) = failure_of_case(treated(), empty, (), FailureQuestion()).patterns
    assert isinstance(reason, Reason)
    assert reason.code is ReasonCode.STRUCTURE_EMPTY
    with pytest.raises(UsageError, match="no such structure"):
        failure_of_case(treated(), followed, (), FailureQuestion(("GTV",)))
    two = StructureSet((ball(1, "A", 5.0), ball(2, "B", 5.0)), PLANNING)
    with pytest.raises(UsageError, match="which structure"):
        failure_of_case(treated(), two, (), FailureQuestion())


def written_registration(
    path: Path, root: str, moving: str, matrix: np.ndarray, kind: str = "RIGID", uid: str = "66.1"
) -> Path:
    """Write a Spatial Registration, as treatment planning systems do."""
    one = Dataset()
    one.FrameOfReferenceTransformationMatrix = [float(f"{v:.12g}") for v in matrix.ravel()]
    one.FrameOfReferenceTransformationMatrixType = kind
    series = Dataset()
    series.MatrixSequence = [one]
    item = Dataset()
    item.FrameOfReferenceUID = moving
    item.MatrixRegistrationSequence = [series]
    dataset = Dataset()
    dataset.SOPClassUID = f"1.2.840.10008.5.1.4.1.1.{uid}"
    dataset.SOPInstanceUID = "1.2.3.9"
    dataset.Modality = "REG"
    dataset.PatientID = "SAMPLE01"
    dataset.FrameOfReferenceUID = root
    dataset.RegistrationSequence = [item]
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str, str]:
    """Write a treated plan, and a follow-up in another frame: TILT takes it onto the plan."""
    folder = tmp_path_factory.mktemp("failure")
    case = treated()
    ids, later = CaseIds("failure plan"), CaseIds("failure follow-up")
    assert not isinstance(case.structures, Reason)
    assert not isinstance(case.plan, Reason)
    assert isinstance(case.dose, DoseGrid)
    content = CaseContent(case.structures, replace(case.dose), case.plan)
    write_case(content, folder / "plan", ids)
    centre = RigidMotion(TILT).inverse()(np.array([[18.0, 0.0, 0.0]]))[0]
    planes = np.arange(-9.75, 10.0, 0.5)
    contours = tuple(
        Contour(float(centre[2] + z), circle(centre[0], centre[1], math.sqrt(100 - z**2)))
        for z in planes
    )
    followed = StructureSet((Structure(1, "REC", contours, "ORGAN"),))
    write_case(CaseContent(followed), folder / "follow", later)
    return folder / "plan", folder / "follow" / "RTSTRUCT.dcm", ids.frame_uid, later.frame_uid


def told(*arguments: object) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(["trial", "failure", *map(str, arguments)])
    return code, out.getvalue(), err.getvalue()


@pytest.mark.parametrize("forward", [True, False])
def test_t75__the_command_takes_the_recurrence_onto_the_plan(
    exported: tuple[Path, Path, str, str], tmp_path: Path, forward: bool
) -> None:
    plan, follow, planning, later = exported
    reg = tmp_path / "reg.dcm"
    if forward:
        written_registration(reg, planning, later, TILT)
    else:
        written_registration(reg, later, planning, np.linalg.inv(TILT))
    code, out, err = told(plan, follow, "--registration", reg, "-f", "json")
    assert (code, err) == (10, "")
    answer = json.loads(out)
    assert answer["registration"] == "reg.dcm"
    (row,) = answer["recurrences"]
    assert (row["class"], row["reason"]) == ("marginal", None)
    assert row["inside_isodose"]["95%"] == pytest.approx(0.912, abs=0.01)
    assert row["classes"] == {"dawson": "marginal", "lee": "in-field", "centre": "in-field"}
    assert not row["stability"]["dawson"]["stable"]
    assert row["distance_mm"]["centre_to_ptv"] == pytest.approx(-7.0, abs=0.4)
    code, out, _ = told(plan, follow, "--registration", reg)
    assert code == 10
    assert out.startswith("REC: marginal (in-field in ")
    assert "Dawson 2000" in out


def test_t77__the_command_says_why_there_is_no_class(
    exported: tuple[Path, Path, str, str], tmp_path: Path
) -> None:
    plan, follow, planning, later = exported
    code, out, _ = told(plan, follow)
    assert (code, "no registration" in out) == (30, True)
    deformed = written_registration(tmp_path / "d.dcm", planning, later, TILT, uid="66.3")
    code, out, _ = told(plan, follow, "--registration", deformed, "-f", "json")
    (row,) = json.loads(out)["recurrences"]
    assert (code, row["class"]) == (30, None)
    assert "deformable" in row["reason"]["detail"]
    code, out, _ = told(plan, follow, "--site", "LUNG", "--registration", deformed)
    assert (code, "outside the liver" in out) == (0, True)
    affine = written_registration(tmp_path / "a.dcm", planning, later, TILT, "AFFINE")
    assert told(plan, follow, "--registration", affine)[0] == 30
    mirrored = np.diag([1.0, 1.0, -1.0, 1.0])
    mirror = written_registration(tmp_path / "m.dcm", planning, later, mirrored)
    code, out, _ = told(plan, follow, "--registration", mirror)
    assert (code, "reflection" in out) == (30, True)


def test_the_command_refuses_what_it_cannot_mean(
    exported: tuple[Path, Path, str, str], tmp_path: Path
) -> None:
    plan, follow, planning, later = exported
    assert told(plan, follow, "--scheme", "best")[0] == 2
    assert told(plan, follow, "--error", "-1")[0] == 2
    assert told(plan, follow, "--error", "nan")[0] == 2
    assert told(plan, follow, "--site", "liver")[0] == 2
    assert told(plan, follow, "-s", "GTV")[0] == 2
    assert told(plan, follow, "-f", "yaml")[0] == 2
    assert told(plan, plan / "RTPLAN.dcm")[0] == 1
    code, _, err = told(plan, follow, "--registration", plan / "RTPLAN.dcm")
    assert (code, "no registration object" in err) == (1, True)
    short = written_registration(tmp_path / "s.dcm", planning, later, np.eye(3))
    with pytest.raises(DicomError, match="not sixteen numbers"):
        load_registrations([short])
    folder = load_registrations([tmp_path.parent / tmp_path.name, written_registration(
        tmp_path / "t.dcm", planning, later, TILT)][1:])  # fmt: skip
    assert [one.name for one in folder] == ["t.dcm"]
