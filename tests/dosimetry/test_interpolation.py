"""The cubic grid: a spline on smooth dose, harmless on edges and noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from sbrt_qa.dosimetry.integrate import IntegrationSettings, integrate
from sbrt_qa.dosimetry.interpolation import (
    MOST_VOXELS,
    GridBox,
    Interpolation,
    noise_gy,
    refined,
    refined_along,
    refinement,
)
from sbrt_qa.dosimetry.noise._kernels import _median
from sbrt_qa.geometry.regions import region_of
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.testing.phantoms.closed_forms import contour
from sbrt_qa.testing.phantoms.shapes import Sphere

LINEAR = IntegrationSettings(interpolation=Interpolation.LINEAR)
BALL = region_of(contour(Sphere((0.0, 0.0, 0.0), 6.0), np.arange(-5.5, 6.0, 1.0)))


def grid_of(function, n=13, step=2.5):
    axis = (np.arange(n) - n // 2) * step
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    return DoseGrid(function(x, y, z), axis, axis, axis)


def box(reach):
    return GridBox((-reach, reach), (-reach, reach), (-reach, reach))


def spline(knots, values, factor):
    """Places and values of the spline through one row."""
    fine = refined_along(np.asarray(values, dtype=float).reshape(1, 1, -1), 2, knots, factor)[0, 0]
    places = np.append(
        (knots[:-1, None] + np.diff(knots)[:, None] * np.arange(factor) / factor), knots[-1]
    )
    return places, fine


def test_a_spline_reproduces_straight_lines_and_its_knots():
    knots = np.array([0.0, 1.0, 2.5, 3.0, 7.0])
    places, line = spline(knots, 3 * knots + 1, 5)
    np.testing.assert_allclose(line, 3 * places + 1, atol=1e-12)
    values = np.array([3.0, -1.0, 4.0, 1.0, 5.0])
    np.testing.assert_allclose(spline(knots, values, 4)[1][::4], values, atol=1e-12)


@pytest.mark.parametrize("n", [2, 3, 4, 9, 40])
def test_the_spline_is_the_natural_spline_of_another_library(n):
    rng = np.random.default_rng(n)
    knots, values = np.cumsum(rng.uniform(0.5, 3.0, n)), rng.uniform(0, 60, n)
    places, fine = spline(knots, values, 3)
    kind = {"bc_type": "natural"} if n > 2 else {}
    expected = (
        CubicSpline(knots, values, **kind)(places) if n > 2 else np.interp(places, knots, values)
    )
    np.testing.assert_allclose(fine, expected, atol=1e-9)


def test_a_spline_follows_a_smooth_curve_far_better_than_a_polygon():
    knots = np.arange(-15, 16, 2.5)
    places, cubic = spline(knots, np.exp(-(knots**2) / (2 * 11**2)), 10)
    middle = np.abs(places) <= 5
    truth = np.exp(-(places**2) / (2 * 11**2))
    linear = np.interp(places, knots, np.exp(-(knots**2) / (2 * 11**2)))
    error = np.abs(cubic - truth)[middle].max()
    assert error < np.abs(linear - truth)[middle].max() / 50


def test_voxels_keep_their_values_and_the_frame_its_name():
    rng = np.random.default_rng(1)
    coarse = grid_of(lambda x, y, z: rng.uniform(0, 60, x.shape))
    fine = refined(coarse, box(6.0))
    kx = np.isin(np.round(fine.x_mm, 9), np.round(coarse.x_mm, 9))
    inside = np.isin(np.round(coarse.x_mm, 9), np.round(fine.x_mm, 9))
    assert inside.sum() >= 6
    np.testing.assert_allclose(
        fine.dose_gy[np.ix_(kx, kx, kx)], coarse.dose_gy[np.ix_(inside, inside, inside)], atol=1e-9
    )


def around(coarse, point):
    cells = [min(int((p - a[0]) / (a[1] - a[0])), a.size - 2) for p, a in
             zip(point, (coarse.z_mm, coarse.y_mm, coarse.x_mm), strict=True)]  # fmt: skip
    return coarse.dose_gy[tuple(slice(max(c - 1, 0), c + 3) for c in cells)]


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_noise_and_edges_never_overshoot_their_neighbours(seed):
    rng = np.random.default_rng(seed)
    edge = rng.uniform(-8, 8)
    coarse = grid_of(lambda x, y, z: 50.0 * (x > edge) + rng.gamma(2.0, 1.0, x.shape))
    fine = refined(coarse, box(6.0))
    for k, j, i in rng.integers(0, np.array(fine.dose_gy.shape), (60, 3)):
        near = around(coarse, (fine.z_mm[k], fine.y_mm[j], fine.x_mm[i]))
        assert near.min() - 1e-9 <= fine.dose_gy[k, j, i] <= near.max() + 1e-9


@pytest.mark.parametrize("noise", [0.01, 0.03])
def test_noisy_dose_gives_what_linear_interpolation_gives(noise):
    """Monte-Carlo noise of 1 and 3 %: the two readings differ by no more than the noise itself."""
    rng = np.random.default_rng(4)
    smooth = grid_of(lambda x, y, z: 60 * np.exp(-(x * x + y * y + z * z) / 800))
    rough = DoseGrid(
        smooth.dose_gy * (1 + noise * rng.standard_normal(smooth.dose_gy.shape)),
        smooth.x_mm, smooth.y_mm, smooth.z_mm,
    )  # fmt: skip
    cubic, linear = integrate(BALL, rough), integrate(BALL, rough, settings=LINEAR)
    assert cubic.mean_gy == pytest.approx(linear.mean_gy, rel=noise / 2)
    for part in (0.98, 0.5, 0.02):
        volume = part * cubic.volume_cc
        assert cubic.dose_at_volume_gy(volume) == pytest.approx(
            linear.dose_at_volume_gy(volume), abs=60 * 2 * noise
        )
    assert cubic.max_gy <= rough.max_gy + 1e-9


def test_large_structures_keep_the_grid_as_it_is():
    large = grid_of(lambda x, y, z: x * 0 + 1.0, n=101, step=2.0)
    assert refined(large, box(95.0)) is large
    small = refined(large, box(10.0))
    assert small.dose_gy.size <= MOST_VOXELS * 1.2


def test_outside_the_grid_there_is_nothing_to_refine():
    coarse = grid_of(lambda x, y, z: x * 0 + 1.0)
    assert refined(coarse, GridBox((500, 510), (0, 10), (0, 10))) is coarse


@pytest.mark.parametrize("percent", [1.0, 2.0, 4.0])
def test_noise_is_estimated_from_the_voxels(percent):
    smooth = grid_of(lambda x, y, z: 60 / (1 + np.exp((x + 0.3 * y) / 4.6)), n=17)
    random = np.random.default_rng(3)
    noise = random.normal(0, 0.6 * percent, smooth.dose_gy.shape)
    assert noise_gy(smooth.dose_gy) < 0.1 * 0.6
    assert noise_gy(smooth.dose_gy + noise) == pytest.approx(0.6 * percent, rel=0.1)


@pytest.mark.parametrize("kind", [Interpolation.CUBIC, Interpolation.UNHELD])
def test_noisy_dose_is_read_linearly(kind):
    smooth = grid_of(lambda x, y, z: 60 * np.exp(-(x**2 + y**2 + z**2) / 300))
    assert refinement(smooth, box(6.0), kind) > 1
    noise = np.random.default_rng(5).normal(0, 1.2, smooth.dose_gy.shape)
    noisy = DoseGrid(np.maximum(smooth.dose_gy + noise, 0), smooth.x_mm, smooth.y_mm, smooth.z_mm)
    assert refinement(noisy, box(6.0), kind) == 1
    assert refined(noisy, box(6.0), kind) is noisy


def test_a_steep_edge_is_no_noise():
    edge = grid_of(lambda x, y, z: np.where(x > 1.0, 60.0, 2.0))
    assert noise_gy(edge.dose_gy) == 0.0


def test_the_coarse_grid_has_every_second_voxel_and_covers_the_box():
    fine = grid_of(lambda x, y, z: x + y + z + 120, n=30)
    coarse = refined(fine, box(6.0), Interpolation.COARSE)
    for axis in (coarse.x_mm, coarse.y_mm, coarse.z_mm):
        np.testing.assert_allclose(np.diff(axis), 5.0)
        assert axis[0] <= -6.0
        assert axis[-1] >= 6.0


def test_the_spline_rises_above_voxels_at_round_tops_only_and_the_unheld_one_anywhere():
    peak = grid_of(lambda x, y, z: 60 * np.exp(-((x - 1.2) ** 2 + y**2 + z**2) / 120))
    held, free = (refined(peak, box(6.0), k) for k in (Interpolation.CUBIC, Interpolation.UNHELD))
    # A top that is round on all sides is followed; a plateau that ends is not.
    assert peak.max_gy < held.max_gy <= 60.0
    assert free.max_gy > peak.max_gy
    edge = grid_of(lambda x, y, z: np.where(x < 1.0, 60.0, 6.0))
    held, free = (refined(edge, box(6.0), k) for k in (Interpolation.CUBIC, Interpolation.UNHELD))
    assert held.max_gy == 60.0
    assert free.max_gy > 62.0
    dip = grid_of(lambda x, y, z: np.where(np.abs(x) < 1.0, 0.0, 60.0))
    assert refined(dip, box(6.0), Interpolation.UNHELD).dose_gy.min() == 0.0


@given(st.lists(st.floats(0, 9), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_the_compiled_median_is_that_of_numpy(values):
    assert _median(np.array(values), len(values)) == np.median(values)
