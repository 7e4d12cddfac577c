"""Dose to immune cells and the liver that is left: closed forms, and a reason for each gap."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.immune_dose import edic_gy
from sbrt_qa.dosimetry.remnant_liver import body_surface_m2, dose_of_bed_gy, standard_liver_cc
from sbrt_qa.errors import UsageError
from sbrt_qa.model.body_size import BodySize
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.plan import Plan, Prescription, PrescriptionSource
from sbrt_qa.model.stated import NOTHING_STATED, UserStatements
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.information import information_of
from sbrt_qa.review.review import review_case
from sbrt_qa.review.unreviewed import unreviewed

NOT_KNOWN = Reason(ReasonCode.NO_PRESCRIPTION, "not stated")
HEIGHTS = np.arange(-50.0, 51.0, 5.0)


def box(number, name, x, y, z, kind="ORGAN"):
    """Return a box of 5 mm slices, x and y from and to, z of the first and the last contour."""
    loop = np.array([[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]]], dtype=float)
    planes = np.arange(z[0], z[1] + 1, 5.0)
    return Structure(number, name, tuple(Contour(float(h), loop) for h in planes), kind)


def case(lungs_top=20.0, fractions=5, dose_gy=10.0, image=True, stated=NOTHING_STATED):
    """Return boxes in a body; one dose everywhere."""
    drawn = (
        box(1, "External", (-100, 100), (-100, 100), (-50, 50), "EXTERNAL"),
        box(2, "Lungs", (-90, 90), (-90, -50), (0, lungs_top)),
        box(3, "Heart", (-20, 20), (-45, -5), (0, 20)),
        box(4, "Liver", (-90, -10), (0, 80), (-40, 35)),
        box(5, "Spleen", (40, 80), (40, 80), (-20, 15)),
        box(6, "CTV", (-60, -40), (30, 50), (-10, 5)),
    )
    axis = np.arange(-150.0, 151.0, 10.0)
    dose = DoseGrid(np.full((31, 31, 31), dose_gy), axis, axis, axis)
    plan = Plan(
        "1.2.3",
        "P",
        prescription=Prescription(50.0, next(iter(PrescriptionSource))),
        fractions=fractions,
    )
    series = ImageSeries(HEIGHTS, (-150.0, -150.0), (3.0, 3.0), (100, 100)) if image else None
    return Case("P", plan, StructureSet(drawn), dose, series, stated=stated)


def told(one):
    liver = load_protocol("liver_sbrt")
    return review_case(one, liver, bands=False).information


@pytest.mark.parametrize(("fractions", "expected"), [(45, 10.7500), (5, 7.9167)])
def test_edic_by_its_formula(fractions, expected):
    """BEYOND 4: all means 10 Gy, integral dose 620,000 Gy cc."""
    assert edic_gy(10, 10, 10, 620_000, fractions) == pytest.approx(expected, abs=5e-5)


def test_a_case_has_the_immune_block():
    immune = told(case())["immune"]
    body_cc = 20 * 20 * 10.5
    assert immune["integral_dose"].value == pytest.approx(10 * body_cc, rel=2e-3)
    expected = edic_gy(10, 10, 10, 10 * body_cc, 5)
    assert immune["EDIC"].value == pytest.approx(expected, rel=1e-3)
    assert immune["EDIC"].unit == "Gy"
    assert immune["EDIC"].reason is None
    assert "cc of the body as scanned" in immune["EDIC"].basis
    assert immune["mean_spleen"].value == pytest.approx(10.0)
    assert immune["spleen_V5"].value == pytest.approx(100.0)
    assert immune["scanned_length"].value == pytest.approx(100.0)


def test_lungs_that_the_image_cuts_have_no_mean_and_edic_says_so():
    immune = told(case(lungs_top=50.0))["immune"]
    assert immune["EDIC"].value is None
    assert "Lungs reaches the highest slice" in immune["EDIC"].reason.detail
    assert immune["mean_heart"].value is not None
    unseen = told(case(image=False))["immune"]["EDIC"]
    assert unseen.value is None
    assert "whether Lungs was scanned whole is not known" in unseen.reason.detail


def test_dose_beyond_the_grid_leaves_the_integral_dose_unknown():
    one = case()
    axis = np.arange(-60.0, 61.0, 10.0)
    small = replace(one, dose=DoseGrid(np.full((13, 13, 13), 10.0), axis, axis, axis))
    immune = told(small)["immune"]
    assert immune["integral_dose"].reason.code is ReasonCode.OUTSIDE_DOSE_GRID
    assert immune["EDIC"].value is None


def test_a_missing_organ_and_a_missing_number_of_fractions_are_reasons():
    one = case()
    kept = tuple(s for s in one.structures.structures if s.name != "Heart")
    without = told(replace(one, structures=StructureSet(kept)))
    assert without["immune"]["EDIC"].reason.code is ReasonCode.STRUCTURE_MISSING
    assert without["immune"]["mean_liver"].value is not None
    unknown = told(case(fractions=NOT_KNOWN))
    assert unknown["immune"]["EDIC"].value is None
    assert unknown["remnant"]["functional_loss"].value is None
    assert unknown["remnant"]["spared_15Gy"].value is not None


def test_it_is_in_the_json_also_where_nothing_was_reviewed():
    protocol = load_protocol("liver_sbrt")
    for review in (
        review_case(case(), protocol, bands=False),
        unreviewed("P", protocol, "exceeded 900 s"),
    ):
        data = json.loads(review.to_json())
        assert {"value", "unit", "reason"} <= data["information"]["immune"]["EDIC"].keys()
        assert CaseReview.from_json(review.to_json()) == review
    assert data["information"]["immune"]["EDIC"]["value"] is None
    assert data["information"]["immune"]["EDIC"]["reason"]["code"] == "not_reviewed"


@pytest.mark.parametrize(
    ("bed", "fractions", "dose"),
    [(70, 5, 21.93), (72, 5, 40.00), (66, 5, 37.65), (40, 3, 22.75), (30, 3, 18.54)],
)
def test_doses_of_beds(bed, fractions, dose):
    """BEYOND 3 and 5, alpha/beta 2 of liver and 10 of the tract."""
    alpha_beta = 2.0 if bed == 70 else 10.0
    assert dose_of_bed_gy(bed, fractions, alpha_beta) == pytest.approx(dose, abs=5e-3)


def test_the_remnant_block_adds_up():
    hot = told(case(dose_gy=25.0))["remnant"]
    liver_cc = 8 * 8 * 8.0
    ctv_cc = 2 * 2 * 2.0
    assert hot["liver_volume"].value == pytest.approx(liver_cc, rel=2e-3)
    assert hot["functional_loss"].value == pytest.approx(liver_cc, rel=2e-3)
    assert "21.93 Gy in 5 fractions" in hot["functional_loss"].basis
    assert hot["functional_remnant"].value == pytest.approx(0, abs=1e-6)
    mild = told(case(dose_gy=16.0))["remnant"]
    assert mild["spared_15Gy"].value == pytest.approx(0, abs=1e-6)
    assert mild["spared_21Gy_share"].value == pytest.approx(100)
    assert mild["functional_remnant"].value == pytest.approx(liver_cc - ctv_cc, rel=3e-3)
    assert mild["functional_loss_cirrhosis"].value == pytest.approx(liver_cc, rel=2e-3)
    assert mild["functional_remnant_share"].value is None


def test_the_share_of_the_standard_liver_needs_height_and_weight():
    assert body_surface_m2(172, 68) == pytest.approx(1.802, abs=2e-3)
    assert standard_liver_cc(172, 68) == pytest.approx(706.2 * body_surface_m2(172, 68) + 2.4)
    said = UserStatements(body=BodySize(172, 68))
    remnant = told(case(dose_gy=1.0, stated=said))["remnant"]
    left, standard = remnant["functional_remnant"].value, standard_liver_cc(172, 68)
    assert remnant["functional_remnant_share"].value == pytest.approx(100 * left / standard)
    assert "172 cm and 68 kg by the user's word" in remnant["standard_liver_volume"].basis
    assert UserStatements.of_values(said.to_values()) == said


def test_what_can_be_no_height_is_none():
    assert BodySize.of_header(1.72, 68.0) == BodySize(172.0, 68.0)
    assert BodySize.of_header(172.0, 0.0) == BodySize()
    assert BodySize.of_header(None, None) == BodySize()
    with pytest.raises(UsageError, match="not a height"):
        BodySize(1.72, 68)


def test_names_are_found_without_a_protocol_that_has_them():
    doses = CaseDoses(case())

    def none(name):
        raise UsageError(name)

    assert information_of(doses, none)["immune"]["mean_liver"].value == pytest.approx(10.0)
