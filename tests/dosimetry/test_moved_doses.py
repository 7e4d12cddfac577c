"""The patient aside: directions, closed forms of moved fields, full integration as oracle."""

import dataclasses
import math

import numpy as np
import pytest

from sbrt_qa.dosimetry.blurring import blurred
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.moved_doses import LinesOfCase, MovedDoses
from sbrt_qa.dosimetry.shifts import DIRECTIONS, case_seen_from, shifts_of
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.testing.phantoms.closed_forms import Truth, contour
from sbrt_qa.testing.phantoms.dose_fields import Gaussian, Planar, Radial, Sigmoid, sample
from sbrt_qa.testing.phantoms.shapes import Sphere

NONE = Reason(ReasonCode.REFERENCE_MISSING, "none")
BALL = Sphere((1.0, -2.0, 3.0), 12.0)


def case_of(field, *, half_mm=60.0, step=2.0):
    axis = np.arange(-half_mm, half_mm + 0.1, step)
    planes = np.arange(BALL.extent(2)[0] + 0.4, BALL.extent(2)[1], 1.0)
    ball = contour(BALL, planes, number=1, name="ball")
    return Case("aside", NONE, StructureSet((ball,)), sample(field, axis, axis, axis)), ball


def moved(case, ball, shift, reach=5.0):
    lines = LinesOfCase(CaseDoses(case), reach)
    return MovedDoses(lines, shift, frozenset({frozenset({1})})).dvh(ball)


def test_directions_are_the_26_of_a_cube_on_a_sphere():
    lengths = [math.dist((0, 0, 0), shift) for shift in shifts_of(3.0)]
    assert len(set(DIRECTIONS)) == 26
    assert lengths == pytest.approx([3.0] * 26)
    assert sorted(DIRECTIONS[:6]) == sorted(
        tuple(float(s * (a == b)) for b in range(3)) for a in range(3) for s in (-1, 1)
    )


@pytest.mark.parametrize("shift", [(3.0, 0.0, 0.0), (0.0, -5.0, 0.0), (1.7, 1.7, -1.7)])
def test_a_gaussian_moved_is_the_same_field_with_another_centre(shift):
    centre, profile = (9.0, 4.0, -3.0), Gaussian(60.0, 0.0, 15.0)
    found = moved(*case_of(Radial(centre, profile)), shift)
    away = tuple(c - s for c, s in zip(centre, shift, strict=True))
    truth = Truth(BALL, Radial(away, profile))
    assert found.mean_gy == pytest.approx(truth.mean_gy, rel=0.005)
    assert found.max_gy == pytest.approx(truth.max_gy, rel=0.005)
    for volume in (0.1, 0.5, 3.0):
        expected = truth.dose_at_volume_gy(volume)
        assert found.dose_at_volume_gy(volume) == pytest.approx(expected, rel=0.005)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("by", [-5.0, 3.0])
def test_a_penumbra_moved_is_the_same_penumbra_elsewhere(axis, by):
    shift = tuple(by if a == axis else 0.0 for a in range(3))
    penumbra = Planar(axis, Sigmoid(50.0, 8.0, 4.0))
    found = moved(*case_of(penumbra, half_mm=30.0, step=1.0), shift)
    truth = Truth(BALL, Planar(axis, Sigmoid(50.0, 8.0 - by, 4.0)))
    assert found.mean_gy == pytest.approx(truth.mean_gy, rel=0.005)
    for volume in (0.1, 0.5):
        expected = truth.dose_at_volume_gy(volume)
        assert found.dose_at_volume_gy(volume) == pytest.approx(expected, rel=0.005)


def test_moved_lines_agree_with_a_whole_integration_of_the_moved_dose():
    case, ball = case_of(Radial((9.0, 4.0, -3.0), Gaussian(60.0, 0.0, 15.0)))
    for shift in shifts_of(4.0)[::7]:
        oracle = CaseDoses(case_seen_from(case, shift)).dvh(ball)
        found = moved(case, ball, shift)
        assert found.volume_cc == pytest.approx(oracle.volume_cc, rel=0.003)
        assert found.dose_at_volume_gy(0.1) == pytest.approx(
            oracle.dose_at_volume_gy(0.1), rel=2e-3
        )


def test_the_dose_is_not_copied():
    case, _ = case_of(Planar(0, Sigmoid(50.0, 8.0, 4.0)))
    assert np.shares_memory(case_seen_from(case, (1, 2, 3)).dose.dose_gy, case.dose.dose_gy)


def test_a_shift_out_of_the_dose_is_a_reason_and_a_part_outside_is_told():
    case, ball = case_of(Planar(0, Sigmoid(50.0, 8.0, 4.0)), half_mm=16.0)
    partly = moved(case, ball, (8.0, 0.0, 0.0), reach=8.0)
    assert isinstance(partly, DVH)
    assert not partly.is_whole
    gone = moved(case, ball, (45.0, 0.0, 0.0), reach=45.0)
    assert isinstance(gone, Reason)
    assert gone.code is ReasonCode.OUTSIDE_DOSE_GRID


@pytest.mark.parametrize("sd", [0.8, 2.0, 5.0])
def test_a_blurred_gaussian_is_a_wider_one(sd):
    axis = np.arange(-60.0, 60.1, 2.0)
    point = Radial((0.0, 0.0, 0.0), Gaussian(1.0, 0.0, 8.0))
    grid = blurred(sample(point, axis, axis, axis), (sd, 0.0, 0.0))
    wide = math.hypot(8.0, sd)
    middle = axis.size // 2
    expected = 8.0 / wide * np.exp(-(axis**2) / (2 * wide**2))
    assert np.abs(grid.dose_gy[middle, middle] - expected).max() < 0.003


def test_blurring_keeps_an_even_dose_and_uneven_planes():
    z = np.array([0.0, 2.0, 4.0, 8.0, 12.0])
    axis = np.arange(0.0, 10.0, 2.0)
    even = DoseGrid(np.full((5, 5, 5), 7.0), axis, axis, z)
    assert blurred(even, (1.0, 3.0, 2.0)).dose_gy == pytest.approx(7.0)


def test_the_highest_dose_far_from_a_moved_target_is_that_of_the_exact_search():
    """Closed form where the dose is radial: the point at the distance on the line to its centre."""
    field = Radial((9.0, 4.0, -3.0), Gaussian(60.0, 0.0, 15.0))
    case, ball = case_of(field, half_mm=52.0)
    planes = np.arange(-45.0, 46.0, 2.0)
    body = contour(Sphere((0.0, 0.0, 0.0), 46.0), planes, number=2, name="body")
    structures = StructureSet((ball, body))
    still = CaseDoses(dataclasses.replace(case, structures=structures))
    lines, regions = LinesOfCase(still, 5.0), [still.region(s) for s in (ball, body)]
    for shift in ((0.0, 0.0, 0.0), *shifts_of(5.0)[::5]):
        found = MovedDoses(lines, shift).highest_beyond_gy(*regions, 20.0)
        other = CaseDoses(case_seen_from(still.case, shift))
        exact = other.highest_beyond_gy(*regions, 20.0)
        assert found == pytest.approx(exact, rel=0.004)
        apart = math.dist(np.add(BALL.centre, shift), (9.0, 4.0, -3.0))
        truth = 60.0 * math.exp(-((32.0 - apart) ** 2) / (2 * 15.0**2))
        assert found == pytest.approx(truth, rel=0.03)
    nowhere = MovedDoses(lines, (0.0, 0.0, 0.0)).highest_beyond_gy(*regions, 300.0)
    assert isinstance(nowhere, Reason)


def test_the_smallest_shift_changes_a_large_structure_by_little_and_none_by_nothing():
    """A ball with so many fine voxels that it is read along its lines when it lies as planned."""
    axis = np.arange(-66.0, 66.1, 3.0)
    large = Sphere((1.0, -2.0, 3.0), 45.0)
    planes = np.arange(large.extent(2)[0] + 0.4, large.extent(2)[1], 3.0)
    ball = contour(large, planes, number=1, name="ball")
    peak = sample(Radial((9.0, 4.0, -3.0), Gaussian(60.0, 0.0, 15.0)), axis, axis, axis)
    case = Case("aside", NONE, StructureSet((ball,)), peak)
    lines = LinesOfCase(CaseDoses(case), 5.0)
    planned = lines.still.dvh(ball)
    for exact in (frozenset(), frozenset({frozenset({1})})):
        same, near = (MovedDoses(lines, (x, 0.0, 0.0), exact).dvh(ball) for x in (0.0, 0.1))
        for value in ("volume_cc", "inside_grid_cc", "min_gy", "mean_gy", "max_gy"):
            assert getattr(same, value) == pytest.approx(getattr(planned, value), rel=1e-9)
            assert getattr(near, value) == pytest.approx(getattr(planned, value), rel=0.03)
        for dose in (5.0, 20.0, 40.0, 55.0, 59.0):
            at = planned.volume_at_dose_cc(dose)
            assert same.volume_at_dose_cc(dose) == pytest.approx(at, rel=1e-6)
            assert near.volume_at_dose_cc(dose) == pytest.approx(at, rel=0.01)
