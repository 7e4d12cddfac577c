"""Small targets: the dose has the isodoses it is said to have, and the pages' tables follow."""

import re

import numpy as np
import pytest

from sbrt_qa.selftest.small_targets import (
    Hill,
    beside_trilinear,
    published_test,
    smallest_ball,
)


def test_a_hill_has_its_dose_on_the_surface_and_its_isodoses_where_it_says():
    hill = Hill.around(4.0, 20.0, 40.0)
    assert hill.radius_mm(20.0) == pytest.approx(4.0)
    dose = hill.on_grid(np.array([0.3, -0.2, 0.4]), 1.0, 12.0)
    z, y, x = np.meshgrid(dose.z_mm - 0.4, dose.y_mm + 0.2, dose.x_mm - 0.3, indexing="ij")
    inside = np.sqrt(x**2 + y**2 + z**2) <= hill.radius_mm(10.0)
    np.testing.assert_array_equal(dose.dose_gy >= 10.0, inside)


def test_a_trilinear_reading_is_lower_and_farther_from_the_truth_than_ours():
    row = beside_trilinear([5.0]).splitlines()[-1]
    _, _, ours, linear, apart = (float(v) for v in row.strip("|").split("|"))
    assert abs(ours) < abs(linear)
    assert linear < 0 < apart


def test_the_published_test_has_a_row_for_each_of_its_quantities():
    rows = published_test(places=1).splitlines()[2:]
    assert [row.split("|")[1].strip() for row in rows] == ["volume", "V20Gy", "V10Gy", "CI", "GI"]
    for row in rows[:3]:
        mean, low, high = (float(v) for v in re.findall(r"[-+][\d.]+", row.split("|")[2]))
        assert low - 0.06 <= mean <= high + 0.06  # the range has one decimal
        assert abs(mean) < 0.5


def test_two_contours_leave_the_volume_of_a_ball_open_and_ours_lies_between():
    rows = smallest_ball().splitlines()[2:]
    assert len(rows) == 10
    for row in rows:
        ours, shortest, longest = (float(v) for v in row.strip("|").split("|")[2:])
        assert shortest < ours < longest
        assert shortest < 0 < longest
        assert abs(ours) < 13
