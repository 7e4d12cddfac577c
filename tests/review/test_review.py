"""A review says what the case is, what it found, and why something could not be said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sbrt_qa import load_protocol, review_case
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.view_kinds import View
from sbrt_qa.errors import UsageError
from sbrt_qa.model.case import Case, Link, LinkKind, Provenance, Repair
from sbrt_qa.model.grid import DoseGrid, DoseType
from sbrt_qa.model.outcome import Driver, Measured, Reason, ReasonCode, Verdict
from sbrt_qa.model.plan import Beam, Plan, Prescription, PrescriptionSource
from sbrt_qa.model.structure import Contour, ContourKind, SetAside, Structure, StructureSet
from sbrt_qa.protocol.grading import grade, row
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.reports.registry import Page, render_dvh
from sbrt_qa.review.case_review import CaseReview, PlanSummary
from sbrt_qa.review.dvh_table import dvh

PLANES_MM = np.arange(-15.0, 16.0, 2.5)
NO_DOSE = Reason(ReasonCode.NO_DOSE, "no dose among the files")


def box(number: int, name: str, low_mm: float, high_mm: float, **changes: object) -> Structure:
    corners = np.array([[low_mm, -20.0], [high_mm, -20.0], [high_mm, 20.0], [low_mm, 20.0]])
    planes = changes.pop("planes_mm", PLANES_MM)
    return Structure(number, name, tuple(Contour(z, corners) for z in planes), **changes)


def ramp(low: float = -50.0, high: float = 50.0) -> DoseGrid:
    """Dose that rises along x: 30 Gy at x = 0, 0.5 Gy per mm."""
    x_mm, y_mm, z_mm = (
        np.arange(low, high + 1, 2.5),
        np.arange(-30, 31, 2.5),
        np.arange(-25, 26, 2.5),
    )
    dose_gy = np.broadcast_to(30 + 0.5 * x_mm, (z_mm.size, y_mm.size, x_mm.size))
    return DoseGrid(dose_gy, x_mm, y_mm, z_mm)


def plan() -> Plan:
    beams = tuple(
        Beam(n, f"B{n}", "PHOTON", "TREATMENT", "STATIC", "LINAC", (6.0,), meterset=100.0 * n,
             meterset_unit="MU", isocentres_mm=((0.0, 0.0, 0.0),))
        for n in (1, 2)
    )  # fmt: skip
    given = Prescription(50.0, PrescriptionSource.TARGET_PRESCRIPTION_DOSE)
    return Plan("1.2.3", "LIVER50", prescription=given, fractions=5, beams=beams)


def case(*structures: Structure, **changes: object) -> Case:
    ptv, duodenum = box(1, "PTV", 40, 50), box(2, "Duodenum", -10, 10)
    parts = StructureSet((ptv, duodenum, *structures), label="SS")
    return replace(Case("LIVER50", plan(), parts, ramp()), **changes)


def review(reviewed: Case, **options: object) -> CaseReview:
    return review_case(reviewed, load_protocol("liver_sbrt"), **options)


def only(*structures: Structure) -> Case:
    return replace(case(), structures=StructureSet(structures, label="SS"))


def test_indices_of_a_structure_go_by_the_types_in_the_file() -> None:
    """Without a protocol the type EXTERNAL is the body, and other targets matter.

    The target reaches from x = 20 to 30 mm; 2 cm away, at 50 mm, the ramp has 55 Gy.
    """
    target = box(5, "a", 20, 30, interpreted_type="PTV")
    body = box(6, "b", -50, 50, interpreted_type="EXTERNAL")
    crop, other = (
        box(7, "c", 25, 30, interpreted_type="PTV"),
        box(8, "d", -40, -20, interpreted_type="PTV"),
    )
    metrics = ["R100", "D2cm[Gy]", "NTCPliverMets"]
    found = dvh(only(target, body, crop), ["a"], metrics).structures["a"].metrics
    assert found["R100"].value == pytest.approx(1.0, rel=0.02)  # 50 Gy begin at 40 mm
    assert found["D2cm[Gy]"].value == pytest.approx(55.0, abs=0.25)
    assert "not validated" in found["NTCPliverMets"].validity
    found = dvh(only(target, body, other), ["a"], metrics).structures["a"].metrics
    assert found["R100"].reason is not None
    assert "does not reach this target" in found["R100"].reason.detail
    found = dvh(only(target), ["a"], metrics).structures["a"].metrics
    assert found["R100"].reason is not None
    assert "type EXTERNAL" in found["R100"].reason.detail


def test_case_130__an_isodose_of_two_targets_is_neither_ones_without_a_protocol() -> None:
    """25 Gy begin at x = -10 mm and hold both targets; of 50 Gy, from 40 mm on, one has all."""
    body = box(6, "BODY", -50, 50)
    first, second = box(5, "PTV1", 0, 10), box(8, "PTV2", 40, 50)
    gross = box(9, "GTV1", 2, 8)
    found = dvh(only(first, second, gross, body), (), ["R50", "R100", "D2cm[%]"]).structures
    for name in ("PTV1", "PTV2", "GTV1"):
        for metric in ("R50", "D2cm[%]"):
            reason = found[name].metrics[metric].reason
            assert reason is not None
            assert "their isodoses cannot be told apart" in reason.detail
    assert found["PTV2"].metrics["R100"].value == pytest.approx(1.0, rel=0.02)
    alone = dvh(only(second, body), (), ["R100"]).structures["PTV2"].metrics["R100"].value
    assert found["PTV2"].metrics["R100"].value == pytest.approx(alone)


@pytest.mark.parametrize(
    "outlines",
    [
        (("BODY", ""),),
        (("Contour 7", "EXTERNAL"),),
        (("BODY", "ORGAN"), ("Couch", "EXTERNAL")),
    ],
)
def test_case_130__dvh_and_check_take_the_same_outline(
    outlines: tuple[tuple[str, str], ...],
) -> None:
    """By its name, else by its type; a couch that is typed EXTERNAL does not hide it."""
    drawn = [
        box(60 + n, name, -50, 50 - 5 * n, interpreted_type=kind)
        for n, (name, kind) in enumerate(outlines)
    ]
    one = case(*drawn)
    (limit,) = [c for c in review(one, bands=False).constraints if c.metric == "R50"]
    found = dvh(one, ["PTV"], ["R50"]).structures["PTV"].metrics["R50"]
    assert found.value == pytest.approx(limit.value)
    assert found.value is not None


def test_an_organ_has_no_index_and_only_the_liver_a_liver_model() -> None:
    body = box(6, "b", -50, 50, interpreted_type="EXTERNAL")
    metrics = ["R100", "NTCPliverMets"]
    found = dvh(case(body, box(7, "Liver", 0, 20)), (), metrics)
    for name in ("b", "Duodenum", "Liver"):
        reason = found.structures[name].metrics["R100"].reason
        assert reason is not None
        assert reason.detail == "not a target: no index"
    assert found.structures["PTV"].metrics["R100"].value is not None
    known = {n for n, s in found.structures.items() if s.metrics["NTCPliverMets"].value is not None}
    assert known == {"Liver"}
    text = render_dvh("table", found, Page(width=200))
    assert "Duodenum, b, Liver R100: not a target: no index" in text


@pytest.mark.parametrize("metric", ["R100", "R50", "D2cm[%]"])
def test_an_index_has_the_same_band_with_and_without_a_protocol(metric: str) -> None:
    """The body around the target is read in each view as the target is."""
    body = box(6, "BODY", -50, 50, interpreted_type="EXTERNAL")
    one = case(body)
    (limit,) = [c for c in review(one).constraints if c.metric == metric]
    found = dvh(one, ["PTV"], [metric], bands=True).structures["PTV"].metrics[metric]
    assert found.value == limit.value
    assert found.band == limit.band
    assert found.band is not None
    assert found.band.high > found.band.low


def test_a_review_summarises_the_case() -> None:
    result = review(case())
    assert isinstance(result.plan, PlanSummary)
    assert (result.plan.prescription_gy, result.plan.fractions) == (50.0, 5)
    assert (result.plan.beams, result.plan.meterset, result.plan.isocentres) == (2, 300.0, 1)
    assert result.dose.voxels == (41, 25, 21)
    assert [s.key for s in result.structures] == ["PTV", "Duodenum"]
    assert [s.matched for s in result.structures] == [("PTV",), ("Duodenum",)]
    assert result.structures[1].mean_gy == pytest.approx(30.0, rel=1e-4)
    assert result.verdict is Verdict.MAJOR
    assert result.protocol.sha256 == load_protocol("liver_sbrt").content_hash
    assert "planes" in result.engine.convention


def test_a_review_is_pure_and_reads_back() -> None:
    first, second = review(case()), review(case())
    assert first == second
    assert CaseReview.from_json(first.to_json()) == first


def test_derived_structures_are_combined_exactly() -> None:
    """The mean over Liver - GTV follows from those of Liver and of the GTV inside it."""
    liver, gtv = box(3, "Liver", -40, 20), box(4, "GTV", 0, 10)
    result = review(case(liver, gtv))
    limit = next(c for c in result.constraints if c.id == "LIV5_MEAN_50")
    assert limit.match is not None
    assert limit.match.plan_names == ("Liver", "GTV")
    by_key = {s.key: s for s in result.structures}
    whole, part = by_key["Liver"], by_key["GTV"]
    left_cc = whole.volume_cc - part.volume_cc
    expected = (whole.mean_gy * whole.volume_cc - part.mean_gy * part.volume_cc) / left_cc
    assert limit.value == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("part", ["plan", "structures", "dose"])
def test_a_missing_part_is_found_and_nothing_passes(part: str) -> None:
    result = review(case(**{part: NO_DOSE}))
    (finding,) = [f for f in result.findings if f.code == "PART_MISSING"]
    assert (finding.where, finding.message) == (part, NO_DOSE.detail)
    assert result.verdict is Verdict.NOT_EVALUABLE
    if part != "plan":
        assert {c.verdict for c in result.constraints} == {Verdict.NOT_EVALUABLE}


def test_without_dose_volumes_are_still_told() -> None:
    result = review(case(dose=NO_DOSE))
    assert result.structures[1].volume_cc == pytest.approx(26.0, rel=1e-3)
    assert result.structures[1].mean_gy is None
    assert result.structures[1].reason == NO_DOSE


def test_effective_dose_is_never_compared_with_physical_limits() -> None:
    """Case 64."""
    result = review(case(dose=replace(ramp(), dose_type=DoseType.EFFECTIVE)))
    assert result.verdict is Verdict.NOT_EVALUABLE
    assert all(c.value is None for c in result.constraints)


def test_guessed_and_missing_links_are_found() -> None:
    """Case 46."""
    links = (
        Link("RD.dcm", "RS.dcm", LinkKind.BY_FRAME_OF_REFERENCE, "the only one there"),
        Link("RD.dcm", "RP.dcm", LinkKind.UNLINKED, "it names no plan"),
        Link("RP.dcm", "RS.dcm", LinkKind.BY_UID),
    )
    result = review(case(provenance=Provenance(links=links)))
    found = {f.code: f.message for f in result.findings}
    assert "the only one there" in found["LINK_GUESSED"]
    assert found["LINK_MISSING"] == "it names no plan"


def test_repairs_are_found_once_per_kind_with_every_place() -> None:
    repairs = tuple(Repair("no-preamble", name, "read as implicit") for name in ("A", "B"))
    result = review(case(provenance=Provenance(repairs=repairs)))
    (finding,) = [f for f in result.findings if f.code == "REPAIRED"]
    assert (finding.where, finding.message) == ("A, B", "no-preamble: read as implicit")
    assert result.repairs == repairs


def test_set_aside_contours_of_evaluated_structures_are_found() -> None:
    """Case 24."""
    aside = (SetAside(ContourKind.POINT, 2, "a point encloses nothing"),)
    used = box(3, "Stomach", -30, -20, set_aside=aside)
    unused = box(4, "Marker", -30, -20, set_aside=aside)
    result = review(case(used, unused))
    assert [f.where for f in result.findings if f.code == "CONTOURS_SET_ASIDE"] == ["Stomach"]


def test_an_unreadable_roi_is_found_and_stops_nothing_else() -> None:
    """Case 30."""
    why = Reason(ReasonCode.STRUCTURE_UNREADABLE, "contour 3 holds 'nan'")
    result = review(case(Structure(3, "Stomach", problem=why)))
    (finding,) = [f for f in result.findings if f.code == "ROI_UNREADABLE"]
    assert (finding.where, finding.message) == ("Stomach", "contour 3 holds 'nan'")
    stomach = next(c for c in result.constraints if c.id == "STO5_D05")
    duodenum = next(c for c in result.constraints if c.id == "DUO5_D05")
    assert stomach.value is None
    assert duodenum.value is not None


def test_a_missing_slice_is_found() -> None:
    """Case 28."""
    holed = box(3, "Stomach", -30, -20, planes_mm=np.delete(PLANES_MM, 6))
    result = review(case(holed))
    (finding,) = [f for f in result.findings if f.code == "GAP_BRIDGED"]
    assert finding.where == "Stomach"
    assert "z = -2.5 mm" in finding.message


def test_partial_coverage_by_the_dose_grid_is_found() -> None:
    """Case 31."""
    result = review(case(dose=ramp(high=45.0)))
    (finding,) = [f for f in result.findings if f.code == "OUTSIDE_DOSE_GRID"]
    assert finding.where == "PTV"
    assert "(50 %) lie outside the dose grid" in finding.message
    cover = next(c for c in result.constraints if c.id == "TGT_V100")
    assert cover.value is None


def test_a_map_to_an_unknown_name_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="the protocol does not have"):
        review(case(), mapping={"PTV": "Livver"})


def test_each_dvh_is_computed_once() -> None:
    doses = CaseDoses(case())
    doses.prepare(case().structures.structures)
    structure = doses.case.structures.structures[0]
    assert isinstance(doses.dvh(structure), DVH)
    assert doses.dvh(structure) is doses.dvh(structure)


def test_slice_spacing_comes_from_the_other_structures_without_an_image() -> None:
    lone = box(3, "Stomach", -30, -20, planes_mm=[0.0])
    doses = CaseDoses(case(lone))
    assert doses.slice_spacing_mm == 2.5
    assert doses.volume_cc(lone) == pytest.approx(10 * 40 * 2.5 / 1000, rel=1e-6)


def test_a_structure_without_area_is_empty_not_an_error() -> None:
    line = np.array([[0.0, 0.0], [10.0, 0.0], [5.0, 0.0]])
    flat = Structure(3, "Stomach", (Contour(0.0, line), Contour(2.5, line)))
    for dose in (ramp(), NO_DOSE):
        doses = CaseDoses(case(flat, dose=dose))
        volume = doses.volume_cc(flat)
        assert isinstance(volume, Reason)
        assert volume.code is ReasonCode.STRUCTURE_EMPTY


def test_review_touches_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    protocol, reviewed = load_protocol("liver_sbrt"), case()
    review_case(reviewed, protocol)  # compiled by now
    opened: list[object] = []
    monkeypatch.setattr("builtins.open", lambda *a, **k: opened.append(a))
    review_case(reviewed, protocol)
    assert opened == []


# Bands


def duodenum_limit(reviewed: CaseReview, identity: str = "DUO5_D01"):
    return next(c for c in reviewed.constraints if c.id == identity)


def test_every_value_has_a_band_that_holds_it():
    found = [c for c in review(case()).constraints if c.value is not None and c.unit != "bool"]
    assert found
    for c in found:
        assert c.band is not None
        assert c.band.low <= c.value <= c.band.high


def test_without_bands_the_values_are_the_same_and_nothing_is_borderline():
    plain, banded = (review(case(), bands=bands) for bands in (False, True))
    assert [(c.id, c.value, c.verdict) for c in plain.constraints] == [
        (c.id, c.value, c.verdict) for c in banded.constraints
    ]
    assert not any(c.band or c.borderline for c in plain.constraints)


def at_limit(distance_gy: float) -> Case:
    """Return a case whose duodenum receives, evenly, the limit of D0.1cc plus a distance."""
    grid = ramp()
    level = np.full(grid.dose_gy.shape, 33.0 + distance_gy)
    level[0, 0, 0] = 55.0  # far from all structures: the maximum of a dose of this prescription
    return case(dose=replace(grid, dose_gy=level))


@pytest.mark.parametrize(
    ("distance_gy", "verdict", "borderline"),
    [
        (-0.5, Verdict.PER_PROTOCOL, False),
        (-0.002, Verdict.PER_PROTOCOL, True),
        (0.002, Verdict.MINOR, True),
        (0.5, Verdict.MINOR, False),
        (1.998, Verdict.MINOR, True),
        (2.002, Verdict.MAJOR, True),
    ],
)
def test_a_verdict_that_changes_within_its_band_is_borderline(distance_gy, verdict, borderline):
    limit = duodenum_limit(review(at_limit(distance_gy)))
    assert (limit.verdict, limit.borderline) == (verdict, borderline)


def test_json_names_uncertainty_and_spread_apart():
    for c in json.loads(review(case()).to_json())["constraints"]:
        if c["value"] is None or c["unit"] == "bool":
            continue
        (low, high, driver), (least, most, other) = c["uncertainty"], c["spread"]
        assert c["band"] == {"low": low, "high": high, "driver": driver}
        assert least <= low <= c["value"] <= high <= most
        assert {driver, other} <= set(Driver)


def test_a_verdict_that_changes_within_the_spread_only_depends_on_the_convention():
    rules = load_protocol("liver_sbrt").all_constraints
    rule = next(c for c in rules if c.metric == "D0.1cc[Gy]" and c.minor)
    value, spec = Measured(rule.per_protocol - 1.0, "Gy"), parse_metric(rule.metric)
    view = View(Driver.END_CAPS, "shape", convention=True)

    def held(other: View) -> ConstraintResult:
        return row(
            rule, grade(rule, value), value, match=None, counts=True, note="", spec=spec,
            seen=[(other, rule, Measured(rule.per_protocol + 0.5, "Gy"))],
        )  # fmt: skip

    found, own = held(view), held(view._replace(convention=False))
    assert (found.verdict, found.spread.driver) == (Verdict.PER_PROTOCOL, Driver.END_CAPS)
    assert (found.borderline, found.depends_on_convention) == (False, True)
    assert "other planning systems would print" in found.convention_text
    assert (own.borderline, own.depends_on_convention) == (True, False)
    assert own.band == own.spread


def test_the_json_form_keeps_bands():
    reviewed = review(at_limit(0.002))
    again = CaseReview.from_json(reviewed.to_json())
    assert again == reviewed
    assert duodenum_limit(again).borderline
