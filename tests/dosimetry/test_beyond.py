"""Distance from a target, and the highest dose beyond it, against closed forms."""

import numpy as np
import pytest

from sbrt_qa.dosimetry.beyond import SAME_MM, SLIT_MM, DoseNear, highest_beyond_gy
from sbrt_qa.dosimetry.interpolation import GridBox, Interpolation, spline_around
from sbrt_qa.dosimetry.sampling import dose_at
from sbrt_qa.geometry.distance import Distance, contains
from sbrt_qa.geometry.regions import cells_of, region_of
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Contour, Structure
from sbrt_qa.testing.phantoms.closed_forms import contour
from sbrt_qa.testing.phantoms.shapes import Sphere

ANGLES = np.linspace(0, 2 * np.pi, 180, endpoint=False)
CIRCLE = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)


def ball(radius_mm, spacing_mm=2.0):
    z = np.arange(-radius_mm + spacing_mm / 2, radius_mm, spacing_mm)
    return Structure(
        1, "ball", tuple(Contour(float(h), CIRCLE * np.sqrt(radius_mm**2 - h**2)) for h in z)
    )


def box(half_mm, z_half_mm):
    corners = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]) * half_mm
    z = np.arange(-z_half_mm + 1.5, z_half_mm, 3.0)
    return Structure(2, "box", tuple(Contour(float(h), corners) for h in z))


def cells(structure):
    return cells_of(region_of(structure))


def falling(slope=0.5, spacing_mm=2.5, reach_mm=60.0, direction=(0.0, 0.0, 0.0)):
    """Dose that falls linearly with the distance from the origin, faster in some directions."""
    axis = np.arange(-reach_mm, reach_mm + spacing_mm / 2, spacing_mm)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    tilt = direction[0] * x + direction[1] * y + direction[2] * z
    dose = np.clip(60 - slope * np.sqrt(x**2 + y**2 + z**2) + tilt, 0, None)
    return DoseGrid(dose, axis, axis, axis)


def points_at(distance_mm):
    rng = np.random.default_rng(3)
    directions = rng.normal(size=(300, 3))
    return distance_mm * directions / np.linalg.norm(directions, axis=1)[:, None]


def test_distance_from_a_ball():
    """Contours every 2 mm describe the ball to 0.2 mm; the rest is the error of the distance."""
    found, _ = Distance(cells(ball(20.0))).nearest(points_at(40.0))
    assert abs(found - 20.0).max() < 0.5
    assert abs(np.median(found) - 20.0) < 0.1


def test_distance_from_the_faces_edges_and_corners_of_a_box():
    away = Distance(cells(box(15.0, 15.0)))
    points = np.array([[35.0, 3.3, 2.2], [1.1, -35.0, 4.0], [2.0, 3.0, 35.0], [27.0, 31.0, 0.1]])
    corner = np.array([[25.0, 25.0, 25.0]])
    found, _ = away.nearest(np.concatenate([points, corner]))
    assert found[:4] == pytest.approx(20.0, abs=0.05)
    assert found[4] == pytest.approx(10 * np.sqrt(3), abs=0.05)
    rough = away.bound_mm(points)
    assert (rough >= found[:4] - 0.1).all()
    assert (rough <= found[:4] + 4).all()


def test_slits_of_a_scribble_do_not_change_the_distance_from_afar():
    random = np.random.default_rng(5)
    loops = [random.uniform(-15, 15, (400, 2)) for _ in range(3)]
    scribble = cells(
        Structure(3, "scribble", tuple(Contour(2.0 * i, p) for i, p in enumerate(loops)))
    )
    every, some = Distance(scribble), Distance(scribble, SLIT_MM)
    points = points_at(45.0)
    exact, surface = every.nearest(points)
    found, near = some.nearest(points)
    assert exact.min() > 18
    assert np.abs(found - exact).max() < SAME_MM
    assert np.linalg.norm(points - near, axis=1) == pytest.approx(found)
    assert surface.shape == near.shape
    assert len(some._tree.data) < len(every._tree.data) / 3


def test_which_points_lie_inside():
    points = np.concatenate([points_at(19.0), points_at(21.0), [[0, 0, 500.0], [0, 0, -500.0]]])
    inside = contains(cells(ball(20.0)), points)
    assert inside[:300].all()
    assert not inside[300:].any()


@pytest.mark.parametrize("spacing_mm", [2.0, 2.5, 3.0])
def test_dose_that_falls_evenly_around_a_ball(spacing_mm):
    """60 Gy in the middle, 0.5 Gy per mm: 40 Gy at 20 mm from a ball of 20 mm radius."""
    dose = falling(spacing_mm=spacing_mm)
    found = highest_beyond_gy(cells(ball(20.0)), cells(box(55.0, 55.5)), dose, 20.0)
    assert found == pytest.approx(40.0, abs=0.35)  # 0.5 + 0.2 mm at 0.5 Gy per mm


def test_the_hottest_direction_counts():
    """Along +x the dose falls by 0.2 Gy per mm only: 52 Gy at 40 mm."""
    dose = falling(direction=(0.3, 0.0, 0.0))
    found = highest_beyond_gy(cells(ball(20.0)), cells(box(55.0, 55.5)), dose, 20.0)
    assert found == pytest.approx(52.0, abs=0.2)


def test_a_hot_spot_far_away_is_found_and_one_outside_the_body_is_not():
    dose = falling()
    values = dose.dose_gy.copy()
    values[24, 24, 45] = 70.0  # x 52.5 mm
    hot = DoseGrid(values, dose.x_mm, dose.y_mm, dose.z_mm)
    assert highest_beyond_gy(cells(ball(20.0)), cells(box(55.0, 55.5)), hot, 20.0) == 70.0
    found = highest_beyond_gy(cells(ball(20.0)), cells(box(48.0, 48.0)), hot, 20.0)
    assert found == pytest.approx(40.0, abs=0.35)


def test_the_inside_of_a_large_target_is_not_far_from_it():
    dose = falling()
    found = highest_beyond_gy(cells(ball(30.0)), cells(box(55.0, 55.5)), dose, 20.0)
    assert found == pytest.approx(35.0, abs=0.35)


def curved(top_gy=60.0, reach_mm=60.0, spacing_mm=3.0, width_mm=14.0, zero_beyond_mm=np.inf):
    """Dose that falls as a normal curve around a place off the voxels, and its grid."""
    axis = np.arange(-reach_mm, reach_mm + spacing_mm / 2, spacing_mm)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    away = (x - 0.7) ** 2 + (y + 0.4) ** 2 + (z - 1.1) ** 2
    dose = top_gy * np.exp(-away / (2 * width_mm**2))
    return DoseGrid(np.where(x > zero_beyond_mm, 0.0, dose), axis, axis, axis)


@pytest.mark.parametrize("spacing_mm", [2.0, 3.0])
def test_dose_between_voxels_is_read_by_the_spline(spacing_mm):
    """A trilinear dose lies above one that is bent upwards: 3 % too high on a grid of 3 mm."""
    target = region_of(contour(Sphere((0.7, -0.4, 1.1), 12.0), np.arange(-10.5, 13.0, 1.0)))
    dose = curved(spacing_mm=spacing_mm)
    truth = 60 * np.exp(-(32.0**2) / (2 * 14.0**2))
    body = cells(box(55.0, 55.5))
    found = highest_beyond_gy(cells_of(target), body, dose, 20.0)
    linear = highest_beyond_gy(cells_of(target), body, dose, 20.0, Interpolation.LINEAR)
    assert found == pytest.approx(truth, rel=0.012)
    assert linear > 1.005 * found


def test_no_reading_misses_a_hotter_place_than_those_looked_at():
    """The search against every point of a fine lattice that is far enough, on a rough dose."""
    random = np.random.default_rng(11)
    axis = np.arange(-51.0, 52.0, 3.0)
    smooth = curved(reach_mm=51.0).dose_gy
    dose = DoseGrid(smooth + random.uniform(0, 0.2, smooth.shape), axis, axis, axis)
    target, body = cells(ball(10.0)), cells(box(45.0, 45.5))
    found = highest_beyond_gy(target, body, dose, 20.0)
    lattice = np.arange(-45.0, 45.0, 0.9)
    z, y, x = np.meshgrid(lattice, lattice, lattice, indexing="ij")
    points = np.column_stack([x.ravel(), y.ravel(), z.ravel()])
    points = points[np.linalg.norm(points, axis=1) > 30.2]
    read = DoseNear.around(target, dose, 20.0, Interpolation.CUBIC)
    assert read.field is not None
    assert found >= 0.995 * float(read.at(points).max())


def test_at_points_the_spline_is_that_of_a_finer_grid():
    dose = curved(zero_beyond_mm=20.0)
    box_of_all = GridBox((-60.0, 60.0), (-60.0, 60.0), (-60.0, 60.0))
    field = spline_around(dose, box_of_all, Interpolation.CUBIC)
    assert field is not None
    first, last = (15, 15, 15), (30, 30, 30)
    fine = field.block(first, last)
    z, y, x = np.meshgrid(fine.z_mm, fine.y_mm, fine.x_mm, indexing="ij")
    points = np.column_stack([x.ravel(), y.ravel(), z.ravel()])
    tops = fine.dose_gy.ravel() > field.dose.max_gy  # a round top may rise above its voxels there
    found, known = field.at(points)[~tops], fine.dose_gy.ravel()[~tops]
    assert found == pytest.approx(known, abs=1e-9)


def test_nothing_is_that_far_away():
    outcome = highest_beyond_gy(
        cells(ball(20.0)), cells(box(30.0, 30.0)), falling(spacing_mm=5.0), 60.0
    )
    assert isinstance(outcome, Reason)
    assert outcome.code is ReasonCode.REFERENCE_MISSING


def test_a_flat_grid_has_a_reason():
    axis = np.arange(0.0, 10.0)
    flat = DoseGrid(np.ones((1, 10, 10)), axis, axis, np.zeros(1))
    outcome = highest_beyond_gy(cells(ball(20.0)), cells(box(30.0, 30.0)), flat, 20.0)
    assert isinstance(outcome, Reason)


def test_the_interpolant_at_points():
    axis = np.array([0.0, 2.0, 5.0])
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    grid = DoseGrid(1 + x + 2 * y + 3 * z, *(np.array([0.0, 2.0, 4.0]),) * 2, axis)
    exact = DoseGrid(np.broadcast_to(1 + 3 * z, (3, 3, 3)), grid.x_mm, grid.y_mm, axis)
    points = np.array([[0.5, 3.1, 1.0], [4.0, 4.0, 5.0], [1.0, 1.0, 3.5]])
    assert dose_at(exact, points) == pytest.approx(1 + 3 * points[:, 2])
