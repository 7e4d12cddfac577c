"""The evidence for pictures: the review's own histograms, and where limits fail."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.sampling import dose_at
from sbrt_qa.evidence.evidence import Evidence
from sbrt_qa.evidence.gather import OTHER_FRAME, TOO_SHORT, gather
from sbrt_qa.geometry.distance import contains
from sbrt_qa.geometry.regions import Region, cells_of
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.review import review_case

SAMPLE = Path(__file__).parents[2] / "sample_dicom"
PROTOCOL = load_protocol("liver_sbrt")

Made = tuple[Case, CaseDoses, CaseReview, Evidence]


@pytest.fixture(scope="module")
def made() -> Made:
    (case,) = load_cases([SAMPLE / "major"])
    doses = CaseDoses(case)
    review = review_case(case, PROTOCOL, bands=False, doses=doses)
    return case, doses, review, gather(doses, PROTOCOL, {}, review)


def test_curves_are_the_engine_s_own_values(made: Made) -> None:
    case, doses, _, evidence = made
    for key, structure in structures_of(case).items():
        dvh, curve = doses.dvh(structure), evidence.curves[key]
        assert isinstance(dvh, DVH)
        expected = [dvh.volume_at_dose_cc(d) for d in evidence.dose_axis_gy.tolist()]
        np.testing.assert_allclose(curve.at_dose_cc, expected, rtol=1e-12, atol=1e-12)
        assert (curve.volume_cc, curve.max_gy) == (dvh.volume_cc, dvh.max_gy)


def test_no_histogram_is_computed_a_second_time(made: Made) -> None:
    _, doses, review, _ = made
    known = dict(doses._dvhs)
    gather(doses, PROTOCOL, {}, review)
    assert doses._dvhs.keys() == known.keys()
    assert all(doses._dvhs[key] is known[key] for key in known)


def test_combined_structures_have_curves_by_the_protocol_s_expression(made: Made) -> None:
    *_, evidence = made
    assert evidence.curve_of["LIV5_MEAN_50"] == "Liver-GTV"
    assert evidence.curve_of["DUO5_D05"] == "Duodenum"
    assert evidence.curves["Liver-GTV"].volume_cc < evidence.curves["Liver"].volume_cc


def test_exactly_the_exceeded_limits_have_places(made: Made) -> None:
    _, _, review, evidence = made
    exceeded = {c.id for c in review.constraints if c.verdict in (Verdict.MINOR, Verdict.MAJOR)}
    assert set(evidence.places) == exceeded


def test_a_place_lies_in_its_structure_on_the_wrong_side_of_the_level(made: Made) -> None:
    case, doses, _, evidence = made
    place = evidence.places["DUO5_D05"]
    region = doses.region(structures_of(case)["Duodenum"])
    assert isinstance(region, Region)
    assert evidence.dose is not None
    point = np.array([place.point_mm])
    assert contains(cells_of(region), point).all()
    assert place.level_gy == 30
    assert place.dose_gy == pytest.approx(float(dose_at(evidence.dose, point)[0]))
    assert place.dose_gy > place.level_gy
    assert place.dose_gy == pytest.approx(evidence.curves["Duodenum"].max_gy, abs=0.6)
    assert place.slice_mm in evidence.slices_mm


def test_what_spills_is_looked_for_around_the_target(made: Made) -> None:
    case, doses, _, evidence = made
    place = evidence.places["CON_R100"]
    region = doses.region(structures_of(case)["PTV"])
    assert isinstance(region, Region)
    assert place.around
    assert place.level_gy == 50
    assert not contains(cells_of(region), np.array([place.point_mm])).any()


def test_the_hottest_voxel_is_that_of_the_grid(made: Made) -> None:
    *_, evidence = made
    assert evidence.dose is not None
    assert evidence.hottest is not None
    point, dose_gy = evidence.hottest
    assert dose_gy == evidence.dose.max_gy
    assert float(dose_at(evidence.dose, np.array([point]))[0]) == pytest.approx(dose_gy)


def test_missing_dose_is_found_where_it_is_coldest() -> None:
    (case,) = load_cases([SAMPLE / "minor"])
    doses = CaseDoses(case)
    review = review_case(case, PROTOCOL, bands=False, doses=doses)
    evidence = gather(doses, PROTOCOL, {}, review)
    place = evidence.places["TGT_V100"]
    assert not place.too_hot
    assert place.level_gy == 50
    assert place.dose_gy < 50
    assert place.dose_gy >= evidence.curves["PTV"].min_gy - 0.6


def test_case_97__an_image_of_another_frame_is_not_shown(made: Made) -> None:
    case, *_ = made
    assert case.image is not None
    other = dataclasses.replace(case.image, frame_of_reference_uid="1.2.3")
    doses = CaseDoses(dataclasses.replace(case, image=other))
    review = review_case(doses.case, PROTOCOL, bands=False, doses=doses)
    evidence = gather(doses, PROTOCOL, {}, review)
    assert evidence.image is None
    assert evidence.notes == (OTHER_FRAME,)


def test_case_55__without_an_image_there_are_the_dose_s_slices(made: Made) -> None:
    case, *_ = made
    doses = CaseDoses(dataclasses.replace(case, image=None))
    review = review_case(doses.case, PROTOCOL, bands=False, doses=doses)
    evidence = gather(doses, PROTOCOL, {}, review)
    assert evidence.dose is not None
    np.testing.assert_array_equal(evidence.slices_mm, evidence.dose.z_mm)
    assert "DUO5_D05" in evidence.places


def test_an_image_of_a_few_slices_does_not_hide_the_dose(made: Made) -> None:
    case, *_ = made
    assert case.image is not None
    short = dataclasses.replace(case.image, z_mm=case.image.z_mm[:3])
    doses = CaseDoses(dataclasses.replace(case, image=short))
    review = review_case(doses.case, PROTOCOL, bands=False, doses=doses)
    evidence = gather(doses, PROTOCOL, {}, review)
    assert evidence.image is None
    assert evidence.notes == (TOO_SHORT,)
