"""Every target is judged, and organs that are not drawn are bounded.

Held against spheres and boxes in fields whose volumes have closed forms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import ReasonCode, Verdict
from sbrt_qa.model.plan import DoseReference, Plan, Prescription, PrescriptionSource
from sbrt_qa.model.stated import UserStatements
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.protocol_files import load_protocol, parse_protocol
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.review import review_case

PP, MAJOR, NE = Verdict.PER_PROTOCOL, Verdict.MAJOR, Verdict.NOT_EVALUABLE

RULES = """
schema: sbrt_qa.protocol/1
id: small
version: "1"
effective: 2010-01-01
title: small
statement: for tests
sources:
  T: {citation: none, read_as: made up}
confidence_terms: {proposal: made up}
prescriptions:
  - {id: 50Gy/5fx, total_gy: 50, fractions: 5}
targets:
  judge: JUDGE
  limits:
  - {id: V100, structure: PTV, metric: "V100%[%]", op: ">=", per_protocol: 95, minor: 90,
     priority: 1, source: [T], confidence: proposal}
  - {id: HOT, structure: PTV, metric: "D0.03cc[%]", op: "<=", per_protocol: 140, priority: 2,
     source: [T], confidence: proposal}
conformity:
  - {id: R100, metric: R100, meaning: spill, op: "<=", per_protocol: 8, priority: 4, source: [T],
     confidence: proposal}
  - {id: R50, metric: R50, meaning: spill, op: "<=", per_protocol: 8, priority: 4, source: [T],
     confidence: proposal}
options:
  - id: any
    when: fractions >= 1
    constraints:
      - {id: ORGAN, structure: Esophagus, metric: "METRIC", op: "<=", per_protocol: LIMIT,
         priority: 1, source: [T], confidence: proposal}
structures:
  - {name: PTV, kind: target, needed: always}
  - {name: GTV, kind: target, needed: optional}
  - {name: Liver, kind: organ, needed: optional, solid: true}
  - {name: Esophagus, kind: organ, needed: near 30mm, may_lie_in: []}
  - {name: External, kind: external, needed: always}
"""

X = np.arange(-100.0, 101.0, 2.5)
RADIUS_MM = 15.0
LEFT, RIGHT = (-40.0, 0.0, 0.0), (40.0, 0.0, 0.0)


def rules(judge: str = "each", metric: str = "D5cc[Gy]", limit: float = 100.0) -> Protocol:
    text = RULES.replace("JUDGE", judge).replace("METRIC", metric).replace("LIMIT", f"{limit}")
    return parse_protocol(text.encode(), "small")


def ball(
    number: int, name: str, centre: Sequence[float], radius_mm: float = RADIUS_MM, kind: str = ""
) -> Structure:
    angle = np.linspace(0, 2 * np.pi, 181)[:-1]
    planes = np.arange(-radius_mm + 0.5, radius_mm, 1.0)
    contours = []
    for z in planes:
        r = math.sqrt(radius_mm**2 - z**2)
        xy = np.c_[centre[0] + r * np.cos(angle), centre[1] + r * np.sin(angle)]
        contours.append(Contour(float(centre[2] + z), xy))
    return Structure(number, name, tuple(contours), kind)


def box(number: int, name: str, x: tuple[float, float], half_mm: float) -> Structure:
    """Return a cuboid of sides x, 2 half and 2 half, drawn so that it ends there along z."""
    h = half_mm
    corners = np.array([[x[0], -h], [x[1], -h], [x[1], h], [x[0], h]])
    planes = np.arange(-h + 1.0, h, 2.0)
    return Structure(number, name, tuple(Contour(float(z), corners) for z in planes))


BODY = replace(box(9, "External", (-80.0, 80.0), 40.0), interpreted_type="EXTERNAL")
PTV = ball(1, "PTV", LEFT, kind="PTV")
SECOND = ball(2, "PTV2", RIGHT)


def along_x(at_0_gy: float, slope: float) -> DoseGrid:
    """Return a dose that rises evenly along x, Gy per mm, and is never negative."""
    line = np.maximum(at_0_gy + slope * X, 0.0)
    return DoseGrid(np.broadcast_to(line, (X.size, X.size, X.size)).copy(), X, X, X)


def two_levels(left_gy: float, right_gy: float) -> DoseGrid:
    line = np.where(X < 0, left_gy, right_gy)
    return DoseGrid(np.broadcast_to(line, (X.size, X.size, X.size)).copy(), X, X, X)


def case(
    *structures: Structure,
    dose: DoseGrid,
    own: dict[int, float] | None = None,
    prescribed_gy: float = 50.0,
    **stated: object,
) -> Case:
    references = tuple(
        DoseReference(i, "SITE", "TARGET", roi_number=roi, target_prescription_gy=gy)
        for i, (roi, gy) in enumerate((own or {}).items())
    )
    rx = Prescription(prescribed_gy, PrescriptionSource.TARGET_PRESCRIPTION_DOSE)
    plan = Plan("1.2.3", "test", prescription=rx, fractions=5, dose_references=references)
    said = UserStatements(**stated)  # type: ignore[arg-type]
    return Case("test", plan, StructureSet((*structures, BODY)), dose, stated=said)


def reviewed(tried: Case, protocol: Protocol | None = None) -> CaseReview:
    return review_case(tried, protocol or rules(), bands=False)


def rows(review: CaseReview, name: str = "V100") -> dict[str, Verdict]:
    return {r.structure: r.verdict for r in review.constraints if r.id == name}


def role(review: CaseReview, name: str) -> str:
    return next(t.role for t in review.targets if t.name == name)


def told(review: CaseReview, code: str) -> list[str]:
    return [f.where for f in review.findings if f.code == code]


def cap_percent(height_mm: float) -> float:
    """Part of a ball beyond a plane: pi h^2 (3 R - h) / 3 of 4 pi R^3 / 3."""
    return 100 * height_mm**2 * (3 * RADIUS_MM - height_mm) / (4 * RADIUS_MM**3)


def test_the_coverage_of_each_of_two_balls_is_that_of_its_cap() -> None:
    """50 Gy lie at x = -33 mm: of the left ball the cap beyond has it, and all of the right."""
    found = reviewed(case(PTV, SECOND, dose=along_x(66.5, 0.5)))
    value = {r.structure: r.value for r in found.constraints if r.id == "V100"}
    assert value["PTV"] == pytest.approx(cap_percent(RADIUS_MM - 7.0), abs=0.3)
    assert value["PTV2"] == pytest.approx(100.0)
    assert rows(found) == {"PTV": MAJOR, "PTV2": PP}


@pytest.mark.parametrize(
    ("one", "other"),
    [("PTV", "PTV2"), ("PTV_5000", "PTV_seg4"), ("PTV1", "PTV_boost"), ("PTV 1", "ptv 2")],
)
@pytest.mark.parametrize("kind", ["", "ORGAN", "PTV"])
def test_a_second_target_at_1_gy_is_major(one: str, other: str, kind: str) -> None:
    first, second = (replace(s, name=n) for s, n in ((PTV, one), (SECOND, other)))
    found = reviewed(case(first, replace(second, interpreted_type=kind), dose=two_levels(55, 1)))
    assert rows(found) == {one: PP, other: MAJOR}
    assert found.verdict is MAJOR


def test_a_target_by_its_type_alone_is_judged() -> None:
    region = replace(SECOND, name="Region", interpreted_type="PTV")
    assert rows(reviewed(case(PTV, region, dose=two_levels(55, 1))))["Region"] is MAJOR


@pytest.mark.parametrize(("gets_gy", "asked"), [(0.3, True), (0.7, True), (1.0, False)])
def test_a_target_by_its_type_alone_that_gets_nothing_is_asked_about(gets_gy, asked) -> None:
    wires = replace(SECOND, name="Borders", interpreted_type="PTV")
    found = reviewed(case(PTV, wires, dose=two_levels(55, gets_gy)))
    assert (told(found, "TARGET_UNJUDGED") == ["Borders"]) is asked
    if asked:
        (one,) = [f for f in found.findings if f.code == "TARGET_UNJUDGED"]
        assert f"it receives at most {gets_gy:g} Gy of 50 Gy" in one.message
        assert "--not-a-target" in one.advice
        assert "Borders" not in rows(found)
        assert found.verdict is NE


def test_a_target_by_its_name_or_its_dose_that_gets_nothing_stays_major() -> None:
    for tried in (
        case(PTV, SECOND, dose=two_levels(55, 0.3)),
        case(
            PTV, replace(SECOND, name="Borders", interpreted_type="PTV"),
            dose=two_levels(55, 0.3), own={2: 50.0},
        ),
    ):  # fmt: skip
        assert MAJOR in rows(reviewed(tried)).values()


@pytest.mark.parametrize("name", ["PTV_old", "z_PTV2", "Target", "靶区"])
def test_what_only_may_be_a_target_makes_the_case_not_evaluable(name: str) -> None:
    found = reviewed(case(PTV, replace(SECOND, name=name), dose=two_levels(55, 1)))
    assert role(found, name) == "unclear"
    assert told(found, "TARGET_UNJUDGED") == [name]
    assert found.verdict in (NE, MAJOR)


def test_an_empty_target_is_named_and_not_evaluable() -> None:
    found = reviewed(case(PTV, Structure(3, "PTV3"), dose=two_levels(55, 55)))
    assert told(found, "TARGET_UNJUDGED") == ["PTV3"]
    (one,) = [f for f in found.findings if f.code == "TARGET_UNJUDGED"]
    assert "delete the empty ROI" in one.advice


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (ball(3, "PTV_copy", LEFT), "copy"),
        (ball(3, "PTV_opt", LEFT, 10.0), "helper"),
        (ball(3, "z_PTV-2mm", RIGHT, 12.0), "helper"),
        (Structure(3, "PTV_total", PTV.contours + SECOND.contours), "union"),
        (ball(3, "GTV", LEFT, 6.0), "held"),
        (ball(3, "GTV_2", (0.0, 30.0, 0.0), 6.0), "unclear"),
    ],
    ids=lambda v: v if isinstance(v, str) else v.name,
)
def test_what_contours_tell_of_targets(extra: Structure, expected: str) -> None:
    found = reviewed(case(PTV, SECOND, extra, dose=two_levels(55, 55)))
    assert role(found, extra.name) == expected
    assert (extra.name in told(found, "TARGET_NOT_OF_ITS_OWN")) is (expected != "unclear")


def test_the_user_sets_a_target_apart_and_every_result_says_so() -> None:
    apart = (("PTV2", "treated last year"),)
    found = reviewed(case(PTV, SECOND, dose=two_levels(55, 1), not_targets=apart))
    assert (role(found, "PTV2"), rows(found)) == ("set apart", {"PTV": PP})
    assert found.stated == ("PTV2 is no target of this plan (treated last year)",)
    assert CaseReview.from_json(found.to_json()) == found


def test_who_sets_the_only_target_apart_has_nothing_judged() -> None:
    found = reviewed(case(PTV, dose=two_levels(55, 55), not_targets=(("PTV", ""),)))
    assert rows(found) == {"PTV": NE}
    assert told(found, "TARGET_UNJUDGED") == ["PTV"]


def test_a_name_set_apart_that_no_target_has_is_told() -> None:
    found = reviewed(case(PTV, dose=two_levels(55, 55), not_targets=(("PTVx", ""),)))
    assert told(found, "STATEMENT_UNUSED") == ["PTVx"]


def test_one_target_of_a_kind_may_be_all_that_a_protocol_has() -> None:
    found = reviewed(case(PTV, SECOND, dose=two_levels(55, 55)), rules("one"))
    assert told(found, "TARGET_SECOND") == ["PTV"]


def test_targets_may_be_judged_as_one() -> None:
    found = reviewed(case(PTV, SECOND, dose=two_levels(55, 1)), rules("union"))
    (row,) = (r for r in found.constraints if r.id == "V100")
    assert row.value == pytest.approx(50.0, abs=0.5)


def near_minimum_rules(judge: str) -> Protocol:
    """Return the rules with a near-minimum of the GTV, or of the CTV that stands in for it."""
    limit = """
  - {id: GROSS, structure: GTV, otherwise: CTV, metric: "D98%[%]", op: ">=", per_protocol: 100,
     minor: 95, priority: 1, source: [T], confidence: proposal}
conformity:"""
    text = RULES.replace("\nconformity:", limit)
    text += "  - {name: CTV, kind: target, needed: optional}\n"
    text = text.replace("JUDGE", judge).replace("METRIC", "D5cc[Gy]").replace("LIMIT", "100")
    return parse_protocol(text.encode(), "small")


def test_each_of_several_targets_that_stand_in_for_another_kind_is_judged() -> None:
    """The missed one holds 1.5 % of both: D98% of their union would pass at 55 Gy."""
    large, small = ball(3, "CTV1", LEFT, 10.0), ball(4, "CTV2", RIGHT, 2.5)
    plan = case(PTV, SECOND, large, small, dose=two_levels(55, 1))
    found = reviewed(plan, near_minimum_rules("each"))
    assert rows(found, "GROSS") == {"CTV1": PP, "CTV2": MAJOR}
    by_name = {t.name: t.verdict for t in found.targets}
    assert (by_name["CTV1"], by_name["CTV2"]) == (PP, MAJOR)
    (note,) = (r.note for r in found.constraints if r.structure == "CTV2")
    assert "no GTV in the plan" in note
    alone = case(PTV, SECOND, large, dose=two_levels(55, 1))
    assert rows(reviewed(alone, near_minimum_rules("each")), "GROSS") == {"GTV": PP}
    assert rows(reviewed(plan, near_minimum_rules("union")), "GROSS") == {"GTV": PP}


def test_each_target_is_held_against_the_dose_prescribed_to_its_number() -> None:
    low = case(PTV, SECOND, dose=two_levels(55, 42), own={1: 50.0, 2: 40.0})
    assert rows(reviewed(low)) == {"PTV": PP, "PTV2": PP}
    alike = case(PTV, SECOND, dose=two_levels(55, 42))
    assert rows(reviewed(alike)) == {"PTV": PP, "PTV2": MAJOR}


def clouds(*centres: Sequence[float], peaks_gy: Sequence[float] = (100.0, 100.0)) -> DoseGrid:
    """Return doses that fall evenly from each centre to 0 at 40 mm: 50 Gy at 20, 25 Gy at 30 mm."""
    z, y, x = np.meshgrid(X, X, X, indexing="ij")
    falling = [
        peak * (1 - np.sqrt((x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2) / 40)
        for (a, b, c), peak in zip(centres, peaks_gy, strict=False)
    ]
    return DoseGrid(np.maximum.reduce([*falling, np.zeros_like(x)]), X, X, X)


def indices(review: CaseReview, name: str) -> dict[str, float | None]:
    return {r.structure: r.value for r in review.constraints if r.id == name}


def noted(review: CaseReview, name: str, structure: str) -> str:
    return next(r.note for r in review.constraints if (r.id, r.structure) == (name, structure))


BALL_MM3 = 4 / 3 * math.pi * RADIUS_MM**3


def test_isodoses_that_are_separate_give_each_lesion_the_index_it_would_have_alone() -> None:
    found = reviewed(case(PTV, SECOND, dose=clouds(LEFT, RIGHT)))
    for name, radius_mm in (("R100", 20.0), ("R50", 30.0)):
        of_each = indices(found, name)
        assert of_each == pytest.approx(
            dict.fromkeys(("PTV", "PTV2"), (radius_mm / RADIUS_MM) ** 3), rel=0.02
        )
        alone = indices(reviewed(case(PTV, dose=clouds(LEFT))), name)
        assert of_each["PTV"] == pytest.approx(alone["PTV"], rel=0.002)
    assert "separate" in noted(found, "R50", "PTV2")


def test_only_lesions_that_share_an_isodose_have_the_index_of_their_union() -> None:
    """50 mm apart the spheres of 25 Gy (30 mm) overlap by a lens, those of 50 Gy (20 mm) do not."""
    left, right = (-25.0, 0.0, 0.0), (25.0, 0.0, 0.0)
    near = ball(1, "PTV", left, kind="PTV"), ball(2, "PTV2", right)
    found = reviewed(case(*near, dose=clouds(left, right)))
    assert indices(found, "R100") == pytest.approx(
        dict.fromkeys(("PTV", "PTV2"), (20 / RADIUS_MM) ** 3), rel=0.02
    )
    cap = 30.0 - 25.0
    lens_mm3 = 2 * math.pi * cap**2 * (3 * 30.0 - cap) / 3
    shared_mm3 = 2 * 4 / 3 * math.pi * 30.0**3 - lens_mm3
    assert indices(found, "R50") == pytest.approx(
        {"PTV + PTV2": shared_mm3 / (2 * BALL_MM3)}, rel=0.02
    )
    assert "PTV, PTV2, which share the isodose of 25 Gy" in noted(found, "R50", "PTV + PTV2")


def test_ten_lesions_that_share_an_isodose_have_the_index_of_their_union() -> None:
    places = [(20.0 * (n % 5) - 40.0, 20.0 * (n // 5) - 10.0, 0.0) for n in range(10)]
    ten = [ball(10 + n, f"PTV{n}", place, 6.0) for n, place in enumerate(places, 1)]
    found = reviewed(case(*ten, dose=clouds(*places, peaks_gy=[100.0] * 10)))
    shared = indices(found, "R50")
    assert list(shared) == [" + ".join(f"PTV{n}" for n in range(1, 11))]
    assert None not in shared.values()
    unions = {t.name: t.of_union.get("R50") for t in found.targets}
    assert unions == {f"PTV{n}": next(iter(shared)) for n in range(1, 11)}


def test_a_third_lesion_far_away_keeps_its_own_index() -> None:
    left, right, high = (-50.0, 0.0, 0.0), (0.0, 0.0, 0.0), (60.0, 0.0, 0.0)
    three = ball(1, "PTV1", left), ball(2, "PTV2", right), ball(3, "PTV3", high, 10.0)
    body = replace(box(9, "External", (-98.0, 98.0), 60.0), interpreted_type="EXTERNAL")
    tried = case(*three, dose=clouds(left, right, high, peaks_gy=(100.0, 100.0, 60.0)))
    assert isinstance(tried.structures, StructureSet)
    inside = StructureSet((*three, body))
    found = indices(reviewed(replace(tried, structures=inside)), "R50")
    assert found.keys() == {"PTV1 + PTV2", "PTV3"}
    assert found["PTV3"] == pytest.approx((40 * (1 - 25 / 60) / 10) ** 3, rel=0.02)


def test_a_cold_lesion_has_no_index_and_does_not_better_that_of_the_other() -> None:
    found = reviewed(case(PTV, SECOND, dose=clouds(LEFT)))
    of_each = indices(found, "R50")
    assert of_each["PTV"] == pytest.approx((30 / RADIUS_MM) ** 3, rel=0.02)
    assert of_each["PTV2"] is None
    assert found.verdict is MAJOR


def test_dose_in_no_target_counts_with_the_nearest() -> None:
    """25 Gy lie at 20 mm around both, and at 80 / 7 mm around a spot nearer to the right one."""
    spot = (5.0, 0.0, 0.0)
    dose = clouds(LEFT, RIGHT, spot, peaks_gy=(50.0, 50.0, 35.0))
    found = indices(reviewed(case(PTV, SECOND, dose=dose)), "R50")
    own = (20 / RADIUS_MM) ** 3
    assert found["PTV"] == pytest.approx(own, rel=0.02)
    assert found["PTV2"] == pytest.approx(own + (80 / 7 / RADIUS_MM) ** 3, rel=0.02)


def test_each_index_goes_by_the_dose_prescribed_to_its_lesion() -> None:
    tried = case(PTV, SECOND, dose=clouds(LEFT, RIGHT), own={1: 50.0, 2: 40.0})
    found = indices(reviewed(tried), "R100")
    assert found["PTV"] == pytest.approx((20 / RADIUS_MM) ** 3, rel=0.02)
    assert found["PTV2"] == pytest.approx((24 / RADIUS_MM) ** 3, rel=0.02)


def test_where_the_protocol_judges_targets_as_one_so_does_the_index() -> None:
    found = indices(reviewed(case(PTV, SECOND, dose=clouds(LEFT, RIGHT)), rules("union")), "R50")
    assert found == pytest.approx({"PTV + PTV2": 8.0}, rel=0.02)


COVERED = """
  - {id: G100, structure: GTV, otherwise: CTV, metric: "V100%[%]", op: ">=", per_protocol: 95,
     minor: 90, priority: 1, source: [T], confidence: proposal}
conformity:"""


def with_ctv() -> Protocol:
    """Return rules that ask for the coverage of a GTV, and of a CTV."""
    text = RULES.replace("\nconformity:", COVERED, 1).replace("JUDGE", "each")
    text = text.replace("METRIC", "D5cc[Gy]").replace("LIMIT", "100")
    text = text.replace(
        "  - {name: GTV,", "  - {name: CTV, kind: target, needed: optional}\n  - {name: GTV,"
    )
    return parse_protocol(text.encode(), "small")


def test_a_ctv_is_held_to_coverage_beside_a_gtv() -> None:
    gtv, ctv = ball(3, "GTV", RIGHT, 8.0), ball(4, "CTV", LEFT, 8.0)
    found = reviewed(case(PTV, SECOND, gtv, ctv, dose=two_levels(1, 55)), with_ctv())
    assert rows(found, "G100") == {"GTV": PP, "CTV": MAJOR}


def test_a_second_ctv_at_1_gy_is_major() -> None:
    one, other = ball(3, "CTV", RIGHT, 8.0), ball(4, "CTV2", LEFT, 8.0)
    found = reviewed(case(SECOND, one, other, dose=two_levels(1, 55)), with_ctv())
    assert rows(found, "G100") == {"CTV": PP, "CTV2": MAJOR}
    assert found.verdict is MAJOR


def ring(number: int, name: str, inner_mm: float, outer_mm: float) -> Structure:
    """Return a shell around the left target, its hole drawn as a contour of its own."""
    holes = ball(number, name, LEFT, inner_mm).contours
    return Structure(number, name, (*ball(number, name, LEFT, outer_mm).contours, *holes), "PTV")


@pytest.mark.parametrize("name", ["D2CM", "ring 1", "Shell_5mm", "zOpt"])
def test_a_ring_that_is_typed_ptv_is_no_target_of_its_own(name: str) -> None:
    found = reviewed(case(PTV, ring(3, name, 17.0, 25.0), dose=two_levels(55, 55)))
    assert role(found, name) == "helper"
    assert rows(found).keys() == {"PTV"}


def test_a_ball_typed_ptv_beside_the_target_is_no_ring() -> None:
    beside = replace(ball(3, "D2CM", RIGHT), interpreted_type="PTV")
    found = reviewed(case(PTV, beside, dose=two_levels(55, 1)))
    assert found.verdict in (MAJOR, NE)


LUNG = Path(__file__).parents[2].parent / "shared/cases/lung_sbrt_monaco511_imrt"


@pytest.mark.skipif(not LUNG.is_dir(), reason="the real exports are not here")
def test_the_rings_of_a_real_export_are_not_judged() -> None:
    """Its planner typed rings for D2cm as PTV; the targets proper are judged."""
    protocol = load_protocol("timmerman_2022")
    roles = {
        t.name: t.role
        for tried in load_cases([LUNG])
        for t in review_case(tried, protocol, bands=False).targets
    }
    rings = {name: found for name, found in roles.items() if "d2cm" in name.casefold()}
    assert rings
    assert set(rings.values()) == {"helper"}
    assert "judged" in roles.values()


def test_the_hot_spot_of_a_low_level_leaves_out_the_boost_within_it() -> None:
    """Nested levels of 40 and 50 Gy: 60 Gy at the centre, 51 Gy where the boost ends."""
    low, high = ball(1, "PTV", LEFT, 12.0), ball(2, "PTV2", LEFT, 6.0)
    found = reviewed(case(low, high, dose=clouds(LEFT, peaks_gy=(60.0,)), own={1: 40.0, 2: 50.0}))
    assert rows(found) == {"PTV": PP, "PTV2": PP}
    hot = {r.structure: r.value for r in found.constraints if r.id == "HOT"}
    assert hot["PTV"] == pytest.approx(100 * 51 / 40, rel=0.01)
    assert hot["PTV2"] == pytest.approx(100 * 60 / 50, rel=0.05)
    assert indices(found, "R100")["PTV + PTV2"] == pytest.approx((40 / 3 / 12) ** 3, rel=0.03)
    assert indices(found, "R100")["PTV2"] == pytest.approx((20 / 3 / 6) ** 3, rel=0.1)


def test_each_of_twenty_targets_is_judged() -> None:
    places = [(x, y, z) for x in range(-60, 61, 30) for y in (-20, 20) for z in (-20, 20)]
    balls = [ball(n + 20, f"PTV{n}", at, 6.0) for n, at in enumerate(places, 1)]
    found = reviewed(case(*balls, dose=along_x(66.0, 0.25)))
    of_each = rows(found)
    assert len(of_each) == len(found.targets) == 20
    cold = {b.name for b, (x, _, _) in zip(balls, places, strict=True) if x < -64 + 6}
    assert {name for name, verdict in of_each.items() if verdict is not PP} == cold
    assert all(r.value is not None or r.reason for r in found.constraints if r.id == "R50")


def test_a_target_that_leaves_the_dose_grid_is_not_evaluable() -> None:
    body = replace(box(9, "External", (-120.0, 120.0), 40.0), interpreted_type="EXTERNAL")
    outer = ball(2, "PTV2", (95.0, 0.0, 0.0))
    tried = replace(
        case(PTV, outer, dose=two_levels(55, 55)), structures=StructureSet((PTV, outer, body))
    )
    found = reviewed(tried)
    assert rows(found)["PTV2"] is NE
    assert found.verdict is NE


HOTTEST_GY = 10 + 0.1 * (80 - 5000 / (80 * 80))
"""The hottest 5 cc of the body, a slab of 80 by 80 mm at its end along x."""


@pytest.mark.parametrize(
    ("limit_gy", "met"), [(HOTTEST_GY * 1.03, True), (HOTTEST_GY * 0.99, False)]
)
def test_an_organ_that_is_not_drawn_cannot_get_more_than_the_hottest_of_the_body(
    limit_gy: float, met: bool
) -> None:
    found = reviewed(case(PTV, dose=along_x(10.0, 0.1), prescribed_gy=15.0), rules(limit=limit_gy))
    (row,) = (r for r in found.constraints if r.id == "ORGAN")
    assert row.wherever is met
    assert met or (row.verdict, row.counts) == (NE, True)
    if met:
        assert row.value == pytest.approx(HOTTEST_GY, rel=0.002)


def test_a_solid_organ_holds_no_other() -> None:
    """The liver takes the hot end of the body: the organ can lie only below x = 40 mm."""
    liver = box(5, "Liver", (40.0, 80.0), 40.0)
    limit = 10 + 0.1 * 40
    found = reviewed(
        case(PTV, liver, dose=along_x(10.0, 0.1), prescribed_gy=15.0), rules(limit=limit * 1.02)
    )
    (row,) = (r for r in found.constraints if r.id == "ORGAN")
    assert row.wherever
    assert row.value == pytest.approx(10 + 0.1 * (40 - 5000 / 6400), rel=0.005)


@pytest.mark.parametrize(
    ("metric", "limit", "met"),
    [
        ("Mean[Gy]", 18.5, True),
        ("Mean[Gy]", 17.5, False),
        ("V19Gy[%]", 1.0, True),
        ("V15Gy[%]", 50.0, False),
        ("V15Gy[cc]", 193.0 * 1.03, True),
        ("V15Gy[cc]", 185.0, False),
    ],
)
def test_other_metrics_are_bounded_or_not_evaluable(metric: str, limit: float, met: bool) -> None:
    """A mean by the maximum of 18 Gy; a part of the volume only where nothing has the dose."""
    found = reviewed(
        case(PTV, dose=along_x(10.0, 0.1), prescribed_gy=15.0), rules(metric=metric, limit=limit)
    )
    (row,) = (r for r in found.constraints if r.id == "ORGAN")
    assert row.wherever is met


def test_where_the_dose_is_not_relied_on_no_bound_is_shown_either() -> None:
    """18 Gy at most where 50 are prescribed: the organ is not drawn, and that is all there is."""
    found = reviewed(case(PTV, dose=along_x(10.0, 0.1)), rules(limit=HOTTEST_GY * 1.03))
    (row,) = (r for r in found.constraints if r.id == "ORGAN")
    assert (row.value, row.verdict, row.wherever) == (None, NE, False)
    assert row.reason is not None
    assert row.reason.code is ReasonCode.STRUCTURE_MISSING
    assert found.verdict is NE


def without_body(tried: Case) -> Case:
    assert isinstance(tried.structures, StructureSet)
    inside = tuple(s for s in tried.structures.structures if s.name != "External")
    return replace(tried, structures=StructureSet(inside))


@pytest.mark.parametrize(
    ("metric", "limit", "met"),
    [
        ("D5cc[Gy]", 110.0, True),
        ("D5cc[Gy]", 90.0, False),
        ("V101Gy[cc]", 5.0, True),
        ("V20Gy[cc]", 5.0, False),
    ],
)
def test_without_an_outline_only_the_highest_dose_bounds_an_organ(
    metric: str, limit: float, met: bool
) -> None:
    """100 Gy at most, 0 on the faces: how much volume gets 20 Gy nobody knows."""
    tried = without_body(case(PTV, dose=clouds((0.0, 0.0, 0.0))))
    found = reviewed(tried, rules(metric=metric, limit=limit))
    (row,) = (r for r in found.constraints if r.id == "ORGAN")
    assert row.wherever is met


@pytest.mark.parametrize(("limit", "met"), [(52.0, True), (49.0, False)])
@pytest.mark.parametrize("outlined", [True, False])
def test_dose_beyond_the_grid_is_bounded_only_far_below_a_limit(
    limit: float, met: bool, outlined: bool
) -> None:
    """5 Gy on the faces, hence 50 Gy beyond them where the body goes on."""
    body = replace(box(9, "External", (-130.0, 80.0), 40.0), interpreted_type="EXTERNAL")
    gy = np.full((X.size,) * 3, 5.0)
    gy[5:-5, 5:-5, 5:-5] = 4.9
    everywhere = DoseGrid(gy, X, X, X)
    tried = case(PTV, dose=everywhere, prescribed_gy=5.0)
    structures = StructureSet((PTV, body) if outlined else (PTV,))
    found = reviewed(replace(tried, structures=structures), rules(limit=limit))
    (row,) = (r for r in found.constraints if r.id == "ORGAN")
    assert row.wherever is met
    if met:
        assert row.value == pytest.approx(50.0)
        assert "beyond the dose grid" in row.note


def test_the_user_says_that_an_organ_is_far() -> None:
    found = reviewed(case(PTV, dose=two_levels(55, 55), far=("Esophagus",)), rules(limit=20))
    (row,) = (r for r in found.constraints if r.id == "ORGAN")
    assert (row.verdict, row.counts) == (NE, False)
    assert told(found, "STATED_FAR") == ["Esophagus"]
    assert found.stated == ("Esophagus lies far from the beams",)


def test_checks_look_at_every_target() -> None:
    """Nesting, margins and organs in the target are told of two lesions as of one."""
    inner = ball(3, "GTV1", LEFT, 10.0), ball(4, "GTV2", RIGHT, 10.0)
    liver = box(5, "Liver", (-70.0, 70.0), 30.0)
    found = reviewed(case(PTV, SECOND, *inner, liver, dose=two_levels(55, 55)))
    passed = {(f.code, f.where) for f in found.passed}
    assert ("TARGET_NESTING", "GTV in PTV") in passed
    margins = {where for code, where in passed if code == "TARGET_MARGIN"}
    assert margins == {"PTV around GTV1", "PTV around GTV2"}
