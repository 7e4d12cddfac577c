"""Planes of a dose that were lost or copied, and doses that end within the body."""

from __future__ import annotations

import numpy as np
import pytest

from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Severity

from .cases import case, outcomes, severity_of, told

AXIS = np.arange(-64.0, 65.0, 2.0)
X_MM = np.arange(-104.0, 105.0, 2.0)
DEEP = 32
"""Plane in the middle of the dose."""


def ball() -> np.ndarray:
    """Return a dose that falls off from the middle, differently along each axis; [z, y, x]."""
    z, y, x = np.meshgrid(AXIS, AXIS, X_MM, indexing="ij")
    return 55.0 * np.exp(-(x**2 + 1.1 * y**2 + 0.9 * (z - 0.3) ** 2) / 2500.0)


def with_dose(change):
    dose_gy = ball()
    change(dose_gy)
    return case(dose=DoseGrid(dose_gy, X_MM, AXIS, AXIS))


def lose(dose_gy):
    dose_gy[DEEP] = 0


def lose_the_ends(dose_gy):
    dose_gy[:4] = dose_gy[-4:] = 0


def copy(dose_gy):
    dose_gy[DEEP + 1] = dose_gy[DEEP]


def copy_twice(dose_gy):
    dose_gy[DEEP + 1] = dose_gy[DEEP + 2] = dose_gy[DEEP]


def mirror(dose_gy):
    """As made by hand on a grid whose middle lies between two planes."""
    dose_gy[DEEP : 2 * DEEP] = dose_gy[DEEP - 1 :: -1]


def make_alike(dose_gy):
    dose_gy[:] = dose_gy[DEEP]


def copy_a_low_plane(dose_gy):
    dose_gy[1] = dose_gy[0]


def cut_beside_the_middle(dose_gy):
    dose_gy[:, :, 60:] = 0


def cut_a_small_hole(dose_gy):
    dose_gy[DEEP : DEEP + 4, 30:34, 50:54] = 0


@pytest.mark.parametrize(
    ("change", "severity", "words"),
    [
        (lose, Severity.BLOCK, "1 plane of zeros between planes with dose, at z = 0 mm"),
        (copy, Severity.MINOR, "1 plane the same as the plane below, voxel by voxel, at z = 2 mm"),
        (copy_twice, Severity.MINOR, "2 planes the same as the plane below, voxel by voxel, at z"),
        (cut_beside_the_middle, Severity.MINOR, "the dose steps to zero within the body, over"),
    ],
)
def test_a_dose_with_a_gap_is_found_at_its_place(change, severity, words):
    (found,) = outcomes("DOSE_IMPLAUSIBLE", with_dose(change))
    assert severity_of("DOSE_IMPLAUSIBLE", found) is severity
    assert words in found.message


@pytest.mark.parametrize(
    "change",
    [lambda dose: None, lose_the_ends, make_alike, mirror, copy_a_low_plane, cut_a_small_hole],
)
def test_zeros_at_the_ends_doses_alike_along_z_and_small_holes_are_no_gap(change):
    assert told("DOSE_IMPLAUSIBLE", with_dose(change)) == "pass"
