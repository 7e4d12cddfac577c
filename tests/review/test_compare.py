"""Two versions of a submission: what changed, and whether it was asked for."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbrt_qa import load_protocol
from sbrt_qa.checks.registry import Group
from sbrt_qa.compare.comparison import (
    Area,
    CaseComparison,
    FindingChange,
    FindingState,
    StructureState,
    Trend,
    trend_of,
)
from sbrt_qa.compare.expectation import parse_expectation
from sbrt_qa.compare.side_by_side import compare_cases
from sbrt_qa.compare.structure_changes import dice
from sbrt_qa.compare.verdict_changes import finding_changes
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.errors import ResultError, UsageError
from sbrt_qa.model.case import Case, Provenance, SourceFile
from sbrt_qa.model.grid import DoseGrid, Summation
from sbrt_qa.model.opening import Opening
from sbrt_qa.model.outcome import Finding, Reason, ReasonCode, Verdict
from sbrt_qa.model.plan import (
    Beam,
    ControlPoint,
    DoseReference,
    Plan,
    Prescription,
    PrescriptionSource,
)
from sbrt_qa.model.structure import Contour, DensityOverride, Structure, StructureSet
from sbrt_qa.testing.phantoms.shapes import Sphere

PROTOCOL = load_protocol("liver_sbrt")
LEVEL = "level of the protocol"


def ball(number: int, name: str, radius_mm: float, x_mm: float = 0.0) -> Structure:
    sphere = Sphere((x_mm, 0.0, 0.0), radius_mm)
    planes = np.arange(-31.0, 32.0, 2.0)
    drawn = tuple(Contour(z, loop) for z in planes for loop in sphere.sections(float(z)))
    return Structure(number, name, drawn)


def hill(top_gy: float = 60.0, shift_mm: float = 0.0) -> DoseGrid:
    axis = np.arange(-50.0, 51.0, 2.5)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    dose_gy = top_gy * np.exp(-((x - shift_mm) ** 2 + y**2 + z**2) / (2 * 25.0**2))
    return DoseGrid(dose_gy, axis, axis, axis, "1.2.3")


def plan(**changes: object) -> Plan:
    beams = tuple(Beam(n, f"B{n}", "PHOTON", "TREATMENT", meterset=100.0 * n) for n in (1, 2))
    given = Prescription(50.0, PrescriptionSource.TARGET_PRESCRIPTION_DOSE)
    sound = Plan("1.2.3.4", "LIVER", prescription=given, fractions=5, beams=beams)
    return replace(sound, **changes)


def case(*structures: Structure, **changes: object) -> Case:
    usual = structures or (ball(1, "PTV", 15.0), ball(2, "Duodenum", 12.0, 32.0))
    files = (SourceFile("RTPLAN.dcm", "RTPLAN", "1.2.3.4", "a" * 64),)
    sound = Case(
        "LIVER", plan(), StructureSet(usual, "1.2.3"), hill(), provenance=Provenance(files)
    )
    return replace(sound, **changes)


def compare(before: Case, after: Case, expect: str | None = None) -> CaseComparison:
    wanted = None if expect is None else parse_expectation(expect)
    return compare_cases(before, after, PROTOCOL, expect=wanted)


def areas(found: CaseComparison) -> list[Area]:
    return list(dict.fromkeys(c.area for c in found.changes))


def test_a_case_compared_with_itself_has_no_change() -> None:
    found = compare(case(), case(), "none")
    assert found.changes == ()
    assert found.findings == ()
    assert found.only_expected_changed
    assert {s.state for s in found.structures} == {StructureState.SAME}
    assert all(m.trend is Trend.SAME and m.difference in (0.0, None) for m in found.metrics)
    assert found.dose.same_grid
    assert found.dose.rms_gy == 0


@settings(max_examples=8, deadline=None)
@given(radius=st.floats(6, 20), top=st.floats(40, 80), meterset=st.floats(1, 900))
def test_no_case_differs_from_itself(radius: float, top: float, meterset: float) -> None:
    beam = Beam(1, "B", "PHOTON", "TREATMENT", meterset=meterset)
    one = case(ball(1, "PTV", radius), dose=hill(top), plan=plan(beams=(beam,)))
    found = compare(one, one, "none")
    assert (found.changes, found.findings) == ((), ())


@pytest.mark.parametrize("shift_mm", [1.0, 3.0, 8.0])
def test_a_shifted_sphere_has_the_dice_of_its_lens(shift_mm: float) -> None:
    """Common volume of two spheres: pi (4r + d)(2r - d)^2 / 12."""
    r = 15.0
    lens = math.pi * (4 * r + shift_mm) * (2 * r - shift_mm) ** 2 / 12
    found = compare(case(), case(ball(1, "PTV", r, shift_mm), ball(2, "Duodenum", 12.0, 32.0)))
    ptv = found.structures[0]
    assert (ptv.name, ptv.state) == ("PTV", StructureState.CHANGED)
    assert ptv.dice == pytest.approx(lens / (4 / 3 * math.pi * r**3), abs=0.003)
    assert ptv.max_mm == pytest.approx(shift_mm, abs=0.2)
    assert ptv.mean_mm == pytest.approx(shift_mm / 2, rel=0.05)
    assert found.structures[1].state is StructureState.SAME
    assert areas(found) == [Area.STRUCTURES]


def test_dice_of_apart_and_nested_regions() -> None:
    doses = CaseDoses(case())
    small, large = doses.region(ball(7, "a", 10.0)), doses.region(ball(8, "b", 20.0))
    far = doses.region(ball(9, "c", 10.0, 40.0))
    assert dice(small, far) == 0.0
    assert dice(small, large) == pytest.approx(2 / 9, abs=0.002)  # 2 / (1 + 8)
    assert dice(large, large) == 1.0


def test_contours_that_are_only_rounded_are_the_same_region() -> None:
    ptv = ball(1, "PTV", 15.0)
    rounded = Structure(
        1, "PTV", tuple(Contour(c.z_mm, np.round(c.xy_mm, 1)) for c in ptv.contours)
    )
    found = compare(case(ptv), case(rounded))
    assert found.structures[0].state is StructureState.SAME
    assert 0.995 < found.structures[0].dice < 1
    assert found.changes == ()


def test_structures_that_came_went_or_got_another_name() -> None:
    old = case(ball(1, "PTV", 15.0), ball(2, "Duodenum", 12.0, 32.0), ball(3, "Liver", 20.0))
    new = case(ball(1, "PTV", 15.0), ball(2, "Duo", 12.0, 32.0), ball(4, "Heart", 9.0))
    states = {(s.renamed_from, s.name): s.state for s in compare(old, new).structures}
    assert states == {
        ("", "PTV"): StructureState.SAME,
        ("Duodenum", "Duo"): StructureState.RENAMED,
        ("", "Liver"): StructureState.REMOVED,
        ("", "Heart"): StructureState.ADDED,
    }


def test_a_scaled_dose_differs_by_the_scale() -> None:
    before, after = hill(60.0), hill(63.0)
    found = compare(case(dose=before), case(dose=after))
    counted = before.dose_gy[after.dose_gy >= 6.3] * 0.05
    assert found.dose.voxels == counted.size
    assert found.dose.mean_gy == pytest.approx(counted.mean())
    assert found.dose.largest_rise_gy == pytest.approx(3.0)
    assert found.dose.largest_fall_gy == 0.0
    assert found.dose.rms_gy == pytest.approx(np.sqrt((counted**2).mean()))
    assert areas(found) == [Area.DOSE]
    mean = next(m for m in found.metrics if m.metric == "D0.1cc[Gy]" and m.structure == "Duodenum")
    assert mean.after / mean.before == pytest.approx(1.05)


def test_gamma_of_a_scaled_dose_is_in_the_comparison() -> None:
    """2 % more everywhere lies within 3 %; 10 % more does not near the maximum."""
    near, far = (
        compare(case(dose=hill(60.0)), case(dose=hill(top))).dose.gamma for top in (61.2, 66.0)
    )
    assert (near.pass_percent, near.points) == (100.0, near.candidates)
    assert 0 < near.mean < near.highest < 0.7
    assert far.pass_percent < 100
    assert far.highest <= far.capped_at
    assert compare(case(), case()).dose.gamma.highest == 0
    without = compare_cases(case(), case(), PROTOCOL, gamma=None)
    assert without.dose.gamma is None


def test_another_grid_of_the_same_dose_differs_by_interpolation_only() -> None:
    fine_axis = np.arange(-45.0, 45.1, 1.25)
    z, y, x = np.meshgrid(fine_axis, fine_axis, fine_axis, indexing="ij")
    fine = DoseGrid(60 * np.exp(-(x**2 + y**2 + z**2) / 1250), fine_axis, fine_axis, fine_axis)
    found = compare(case(), case(dose=replace(fine, frame_of_reference_uid="1.2.3")))
    assert not found.dose.same_grid
    assert found.dose.largest_rise_gy < 1e-9  # every coarse voxel is a fine one, too
    assert [(c.area, c.item, c.what) for c in found.changes] == [
        (Area.DOSE, "grid", "voxels"),
        (Area.DOSE, "grid", "first voxel (mm)"),
    ]
    assert found.changes[0].after == "73 x 73 x 73 of 1.25 x 1.25 x 1.25 mm"


def test_voxels_beyond_a_smaller_grid_are_counted() -> None:
    """The later grid ends within the hill: what lies beyond it cannot pass."""
    axis = np.arange(-25.0, 25.1, 2.5)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    small = DoseGrid(60 * np.exp(-(x**2 + y**2 + z**2) / 1250), axis, axis, axis, "1.2.3")
    found = compare(case(), case(dose=small)).dose.gamma
    above = int(np.count_nonzero(hill().dose_gy >= 6.0))
    assert found.candidates + found.beyond == above
    assert found.candidates == np.count_nonzero(small.dose_gy >= 6.0)
    assert compare(case(), case()).dose.gamma.beyond == 0


def test_another_kind_of_dose_is_a_change() -> None:
    water = replace(hill(), heterogeneity=("WATER",), summation=Summation.BEAM)
    found = compare(case(), case(dose=water))
    told = [(c.what, c.before, c.after) for c in found.changes if c.area is Area.DOSE]
    assert told == [("sum", "PLAN", "BEAM"), ("heterogeneity correction", "", "WATER")]


def test_only_what_was_requested_may_change() -> None:
    new = case(ball(1, "PTV", 16.0), ball(2, "Duodenum", 12.0, 32.0), dose=hill(62.0))
    found = compare(case(), new, "structures:PTV,dose")
    assert found.only_expected_changed
    assert found.verdict is Verdict.PER_PROTOCOL
    found = compare(case(), new, "structures:Duodenum,dose")
    assert not found.only_expected_changed
    assert found.verdict is Verdict.MAJOR
    assert [(f.code, f.where) for f in found.findings] == [
        ("UNEXPECTED_CHANGE", "structures: PTV"),
        ("REQUEST_NOT_DONE", "structures:Duodenum"),
    ]
    assert compare(case(), new).verdict is Verdict.PER_PROTOCOL  # nothing was asked for


def without_meterset() -> Case:
    beams = (replace(plan().beams[0], meterset=0.0), plan().beams[1])
    return case(plan=plan(beams=beams))


def codes(found: CaseComparison, state: FindingState) -> set[str]:
    return {c.shown.code for c in found.checks if c.state is state}


def test_a_finding_comes_and_goes() -> None:
    """The reviewed verdict follows the plan checks, so that a comparison has to show them."""
    there = compare(case(), without_meterset())
    back = compare(without_meterset(), case())
    assert "METERSET" in codes(there, FindingState.NEW)
    assert codes(back, FindingState.GONE) == codes(there, FindingState.NEW)
    assert {c.state for c in compare(case(), case()).checks} <= {FindingState.SAME}


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        (None, Verdict.MINOR, FindingState.WORSE),
        (Verdict.MINOR, Verdict.MAJOR, FindingState.WORSE),
        (Verdict.MAJOR, Verdict.MINOR, FindingState.BETTER),
        (Verdict.NOT_EVALUABLE, Verdict.MINOR, FindingState.BETTER),
        (Verdict.MINOR, Verdict.MINOR, FindingState.SAME),
    ],
)
def test_what_became_of_a_finding(
    before: Verdict | None, after: Verdict | None, state: FindingState
) -> None:
    one, other = (Finding("A_CHECK", v, "PTV", "said") for v in (before, after))
    (change,) = finding_changes([one], [other])
    assert change.state is state


def test_findings_pair_by_code_and_place() -> None:
    first, second = Finding("A", None, "PTV", "one"), Finding("A", None, "PTV", "two")
    elsewhere = Finding("A", Verdict.MAJOR, "Liver", "one")
    pairs = finding_changes([first, second], [second, elsewhere])
    assert [(c.state, c.shown) for c in pairs] == [
        (FindingState.NEW, elsewhere),
        (FindingState.SAME, second),
        (FindingState.GONE, first),
    ]
    (changed,) = finding_changes([first], [second])
    assert changed.state is FindingState.CHANGED


def test_findings_that_list_names_pair_by_a_common_one() -> None:
    one, other = (Finding("MISSING", Verdict.MAJOR, where, "") for where in ("A, B", "B, C"))
    (pair,) = finding_changes([one], [other])
    assert pair.state is FindingState.CHANGED
    elsewhere = Finding("MISSING", Verdict.MAJOR, "D", "")
    states = [p.state for p in finding_changes([one], [elsewhere])]
    assert states == [FindingState.NEW, FindingState.GONE]


def test_a_finding_is_in_one_version_at_least() -> None:
    with pytest.raises(ValueError, match="in one version at least"):
        FindingChange(None, None)


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [("none", False), ("dose", False), ("beams", True), ("structures", False)],
)
def test_a_new_deviation_must_belong_to_what_was_requested(
    request_text: str, expected: bool
) -> None:
    finding = Finding("METERSET", Verdict.MAJOR, "beam 1", "none", group=str(Group.BEAMS))
    wanted = parse_expectation(request_text)
    assert wanted.covers_finding(FindingChange(None, finding)) is expected
    assert wanted.covers_finding(FindingChange(finding, None))
    assert wanted.covers_finding(FindingChange(None, replace(finding, verdict=None)))


def test_a_new_deviation_that_was_not_requested_is_told() -> None:
    found = compare(case(), without_meterset(), "dose")
    told = [f for f in found.findings if f.where == "findings"]
    assert "METERSET" in told[0].message
    assert not found.only_expected_changed
    assert found.trend is trend_of(found.before.verdict, found.after.verdict)
    asked = compare(case(), without_meterset(), "beams")
    assert asked.only_expected_changed


def test_versions_of_two_subjects_are_told() -> None:
    found = compare(case(subject="S-01"), case(subject="S-02"))
    assert [f.code for f in found.findings] == ["OTHER_SUBJECT"]
    assert "S-01 and S-02" in found.findings[0].message
    assert found.verdict is Verdict.NOT_EVALUABLE
    assert compare(case(subject="S-01"), case()).findings == ()


def beam_with(*areas_mm2: float) -> Beam:
    points = tuple(
        ControlPoint(weight=i / 2, opening=Opening(area, 20.0, 20.0))
        for i, area in enumerate(areas_mm2)
    )
    return Beam(1, "Arc", "PHOTON", "TREATMENT", meterset=100.0, points=points)


@pytest.mark.parametrize(
    ("areas", "expected"),
    [
        ((300.0, 400.0), []),
        ((300.01, 400.0), []),
        ((500.0, 400.0), [("mean 3.50 cm²", "mean 4.50 cm²")]),
        ((400.0, 300.0), [("mean 3.50 cm²", "mean 3.50 cm², 2 of 2 control points differ")]),
    ],
)
def test_other_openings_of_the_leaves(
    areas: tuple[float, ...], expected: list[tuple[str, str]]
) -> None:
    before = case(plan=plan(beams=(beam_with(300.0, 400.0),)))
    found = compare(before, case(plan=plan(beams=(beam_with(*areas),))))
    openings = [(c.before, c.after) for c in found.changes if c.what == "openings, weights"]
    assert openings == expected


def test_other_type_and_density_of_a_structure() -> None:
    ptv = ball(1, "PTV", 15.0)
    other = replace(
        ptv, interpreted_type="PTV", overrides=(DensityOverride("REL_ELEC_DENSITY", 1.0),)
    )
    found = compare(case(ptv), case(other))
    assert [(c.item, c.what, c.after) for c in found.changes] == [
        ("PTV", "type", "PTV"),
        ("PTV", "density override", "(REL_ELEC_DENSITY, 1)"),
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"approval": "APPROVED"}, [(Area.PLAN, "", "approval", "", "APPROVED")]),
        (
            {"fractions": 3},
            [
                (Area.PRESCRIPTION, "", "fractions", "5", "3"),
                (Area.PRESCRIPTION, "", LEVEL, "50Gy/5fx", "none of liver_sbrt"),
            ],
        ),
        (
            {"prescription_text": "5 x 10 Gy"},
            [(Area.PRESCRIPTION, "", "description", "", "5 x 10 Gy")],
        ),
        (
            {"dose_references": (DoseReference(1, "SITE", "TARGET", target_prescription_gy=50.0),)},
            [(Area.PRESCRIPTION, "dose reference 1", "dose reference 1", "", "there")],
        ),
        ({"label": "NEW"}, [(Area.IDENTIFIERS, "plan", "label", "LIVER", "NEW")]),
        (
            {"beams": (Beam(1, "B1", "PHOTON", "TREATMENT", meterset=101.5),)},
            [
                (Area.BEAMS, "B1", "meterset", "100", "101.5"),
                (Area.BEAMS, "B2", "beam 2", "there", ""),
            ],
        ),
        (
            {"prescription": Prescription(45.0, PrescriptionSource.BEAM_DOSES)},
            [
                (Area.PRESCRIPTION, "", "total dose (Gy)", "50", "45"),
                (
                    Area.PRESCRIPTION,
                    "",
                    "stated as",
                    str(PrescriptionSource.TARGET_PRESCRIPTION_DOSE),
                    str(PrescriptionSource.BEAM_DOSES),
                ),
                (Area.PRESCRIPTION, "", LEVEL, "50Gy/5fx", "45Gy/5fx"),
            ],
        ),
    ],
)
def test_facts_of_the_plan(changes: dict[str, object], expected: list[tuple[object, ...]]) -> None:
    found = compare(case(), case(plan=plan(**changes)))
    assert [(c.area, c.item, c.what, c.before, c.after) for c in found.changes] == expected


def test_a_limit_that_applies_to_one_version_only() -> None:
    found = compare(case(), case(plan=plan(fractions=3)))
    by_id = {m.id: m for m in found.metrics}
    assert by_id["DUO5_D01"].trend is Trend.OTHER_LIMITS
    assert by_id["DUO5_D01"].after_verdict is None
    assert by_id["DUO3_D01"].before_verdict is None
    assert by_id["TGT_V100"].trend is Trend.SAME


def test_a_verdict_that_got_worse() -> None:
    found = compare(case(dose=hill(80.0)), case(dose=hill(46.0)))
    coverage = next(m for m in found.metrics if m.id == "TGT_V90")
    assert coverage.after < coverage.before
    assert (coverage.after_verdict, coverage.trend) == (Verdict.MAJOR, Trend.WORSE)
    duodenum = next(m for m in found.metrics if m.id == "DUO5_D01")
    assert duodenum.trend is Trend.BETTER


def test_another_frame_of_reference_stops_what_needs_places() -> None:
    moved = replace(hill(), frame_of_reference_uid="9.9")
    structures = StructureSet((ball(1, "PTV", 15.0),), "9.9")
    found = compare(case(ball(1, "PTV", 15.0)), case(dose=moved, structures=structures))
    assert isinstance(found.dose, Reason)
    assert found.structures[0].state is StructureState.NOT_COMPARED
    assert "different frames" in found.structures[0].reason.detail
    assert [(c.area, c.what) for c in found.changes] == [(Area.IMAGE, "frame of reference")]
    assert found.verdict is Verdict.NOT_EVALUABLE
    old = case(ball(1, "PTV", 15.0))
    found = compare(old, case(dose=moved, structures=structures), "image,dose")
    assert [f.code for f in found.findings] == ["OTHER_FRAME_OF_REFERENCE"]


def test_what_was_not_requested_is_one_finding_by_area() -> None:
    beams = tuple(replace(b, meterset=50.0, couch_deg=(5.0,)) for b in plan().beams)
    found = compare(case(), case(plan=plan(beams=beams, approval="APPROVED")), "none")
    assert [(f.where, f.message) for f in found.findings] == [
        ("plan", "approval changed, which was not requested"),
        ("beams", "couch (deg), meterset of 2 items changed, which was not requested"),
    ]


def test_a_dose_that_is_missing() -> None:
    gone = Reason(ReasonCode.NO_DOSE, "no dose among the files")
    found = compare(case(), case(dose=gone))
    assert found.dose == gone
    assert [(c.area, c.after) for c in found.changes] == [(Area.DOSE, "not usable")]
    assert compare(case(dose=gone), case(dose=gone)).changes == ()


def test_one_uid_for_two_contents_is_told() -> None:
    other = (SourceFile("RTPLAN.dcm", "RTPLAN", "1.2.3.4", "b" * 64),)
    found = compare(case(), case(provenance=Provenance(other)))
    assert [(f.code, f.verdict, f.where) for f in found.findings] == [
        ("SAME_UID_OTHER_CONTENT", Verdict.MINOR, "RTPLAN")
    ]


def test_json_reads_back_to_an_equal_value() -> None:
    new = case(ball(1, "PTV", 16.0), ball(5, "Heart", 9.0), dose=hill(62.0))
    found = compare(case(), new, "structures:PTV")
    assert CaseComparison.from_json(found.to_json()) == found
    assert CaseComparison.from_json(found.to_json(indent=2)) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no json", "not a stored comparison"),
        ('{"schema": "sbrt_qa.comparison/9"}', "sbrt_qa.comparison/9"),
        ('{"schema": "sbrt_qa.comparison/1"}', "a stored comparison is broken"),
    ],
)
def test_a_stored_comparison_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(ResultError, match=message):
        CaseComparison.from_json(text)


@pytest.mark.parametrize("text", ["", "doses", "structures:", "dose,,beams", ":PTV"])
def test_an_expectation_that_names_no_part(text: str) -> None:
    with pytest.raises(UsageError, match="names no part"):
        parse_expectation(text)


def test_an_expectation_is_written_as_it_is_read() -> None:
    assert str(parse_expectation(" Dose , structures: PTV ")) == "dose,structures:PTV"
    assert str(parse_expectation("None")) == "none"
