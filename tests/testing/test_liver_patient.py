"""The synthetic patient is anatomically plausible and lies within its grids."""

import math

import numpy as np
import pytest

from sbrt_qa.dosimetry.interpolation import dose_at_gy
from sbrt_qa.testing.phantoms.liver_anatomy import CONTOURED, anatomy
from sbrt_qa.testing.phantoms.liver_contours import area_mm2
from sbrt_qa.testing.phantoms.liver_image import texture
from sbrt_qa.testing.phantoms.liver_patient import (
    DOSE_X_MM,
    DOSE_Y_MM,
    DOSE_Z_MM,
    IMAGE_X_MM,
    IMAGE_Y_MM,
    IMAGE_Z_MM,
    PTV_MARGIN_MM,
    SLICE_MM,
    PlanIdea,
    build,
    image_hu,
    structures,
)

IDEA = PlanIdea("TEST", ((-70, -10, -10, 13), (-60, -4, -15, 14), (-51, 2, -20, 13)))


@pytest.fixture(scope="module")
def case():
    return build(IDEA)


@pytest.fixture(scope="module")
def organs(case):
    return {s.name: s for s in case.structures.structures}


def volume_cc(structure):
    """Area of each outline times the slice distance; holes run the other way round."""
    return SLICE_MM * sum(area_mm2(c.xy_mm) for c in structure.contours) / 1000


@pytest.mark.parametrize(
    ("name", "low_cc", "high_cc"),
    [
        ("Liver", 900, 1200), ("Kidney_L", 100, 220), ("Kidney_R", 100, 220),
        ("Stomach", 100, 400), ("Duodenum", 30, 120), ("Spleen", 80, 250), ("CTV", 15, 40),
        ("Bowel_Small", 50, 400), ("Bowel_Large", 100, 500), ("Gallbladder", 5, 50),
        ("SpinalCord", 5, 30), ("GreatVes", 50, 150), ("External", 5000, 8000),
    ],
)  # fmt: skip
def test_volumes_are_plausible(organs, name, low_cc, high_cc):
    assert low_cc < volume_cc(organs[name]) < high_cc


def test_structures_have_the_names_of_tg_263(organs):
    assert set(organs) == {*CONTOURED, "CTV", "PTV"}
    assert all(len(name) <= 16 and " " not in name for name in organs)


def test_a_structure_can_be_left_out():
    left_out = PlanIdea("TEST", IDEA.bed, left_out=("Duodenum",))
    assert "Duodenum" not in {s.name for s in structures(left_out).structures}


def test_what_is_built_is_what_is_drawn(case):
    drawn = structures(IDEA)
    assert [s.name for s in drawn.structures] == [s.name for s in case.structures.structures]
    for one, other in zip(drawn.structures, case.structures.structures, strict=True):
        assert [c.z_mm for c in one.contours] == [c.z_mm for c in other.contours]


def test_left_is_left(organs):
    for name, sign in (("Kidney_L", 1), ("Spleen", 1), ("Kidney_R", -1), ("Gallbladder", -1)):
        x_mm = np.concatenate([c.xy_mm[:, 0] for c in organs[name].contours])
        assert (np.sign(x_mm) == sign).all()


def test_the_ptv_is_the_ctv_with_its_margin(organs):
    """A swept ball grows by Steiner's formula; the mean width here lies between its bounds."""
    ctv, ptv = volume_cc(organs["CTV"]), volume_cc(organs["PTV"])
    as_ball = 4 / 3 * math.pi * ((ctv * 750 / math.pi) ** (1 / 3) + PTV_MARGIN_MM) ** 3 / 1000
    assert as_ball * 0.99 < ptv < as_ball * 1.25


def test_everything_lies_within_the_dose_grid(organs):
    """Also the half slice beyond the end planes: nothing is lost at the border of the grid."""
    for structure in organs.values():
        xy_mm = np.vstack([c.xy_mm for c in structure.contours])
        z_mm = [c.z_mm for c in structure.contours]
        assert DOSE_X_MM[0] < xy_mm[:, 0].min() <= xy_mm[:, 0].max() < DOSE_X_MM[-1]
        assert DOSE_Y_MM[0] < xy_mm[:, 1].min() <= xy_mm[:, 1].max() < DOSE_Y_MM[-1]
        assert DOSE_Z_MM[0] < min(z_mm) - SLICE_MM / 2 < max(z_mm) + SLICE_MM / 2 < DOSE_Z_MM[-1]


@pytest.mark.parametrize(
    ("organ", "low_hu", "high_hu"),
    [("Liver", 90, 125), ("Lungs", -900, -700), ("Kidney_L", 60, 170), ("Spleen", 110, 130),
     ("GreatVes", 140, 170), ("SpinalCord", 25, 50)],
)  # fmt: skip
def test_hounsfield_units_are_those_of_the_organ(case, organ, low_hu, high_hu):
    solid = anatomy()[organ]
    inside = [solid.depth(IMAGE_X_MM, IMAGE_Y_MM, z) < -2 for z in IMAGE_Z_MM.tolist()]
    assert low_hu < np.median(case.hu[np.stack(inside)]) < high_hu


def test_the_hottest_voxel_lies_in_the_target_and_none_in_the_air(case):
    dose = case.dose.dose_gy
    k, j, i = np.unravel_index(dose.argmax(), dose.shape)
    x_mm, y_mm = case.dose.x_mm[[i]], case.dose.y_mm[[j]]
    assert IDEA.ptv.depth(x_mm, y_mm, float(case.dose.z_mm[k])) < 0
    assert 1.1 * IDEA.prescription_gy < dose.max() < 1.4 * IDEA.prescription_gy
    assert dose[:, 0, 0].max() == 0


def test_the_plan_is_consistent(case):
    plan = case.plan
    per_fraction = sum(b.dose_gy for b in plan.beams)
    (isocentre,) = {b.isocentres_mm[0] for b in plan.beams}
    there = dose_at_gy(case.dose, isocentre)
    assert per_fraction * IDEA.fractions == pytest.approx(there, rel=0.01)
    assert len(plan.beams) >= 9
    assert len({b.isocentres_mm for b in plan.beams}) == 1
    assert min(b.meterset for b in plan.beams) > 0


def test_the_image_is_the_same_every_time(case):
    assert (image_hu(IDEA) == case.hu).all()


def test_texture_has_no_offset_and_modest_width():
    noise = texture((12, 40, 40))
    assert abs(noise.mean()) < 0.5
    assert 5 < noise.std() < 15
