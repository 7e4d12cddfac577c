"""The compiled integration equals the slow one; extremes; what lies outside the dose grid."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sbrt_qa.dosimetry import reference
from sbrt_qa.dosimetry._kernels import FLAT
from sbrt_qa.dosimetry.accumulation import cumulative_cc_of, deposit_spans
from sbrt_qa.dosimetry.extremes import extremes
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.integrate import IntegrationSettings, integrate
from sbrt_qa.dosimetry.interpolation import Interpolation
from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.regions import cells_of, region_of
from sbrt_qa.geometry.scanlines import lattice, scan
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Contour, Structure
from sbrt_qa.testing.phantoms.closed_forms import contour
from sbrt_qa.testing.phantoms.shapes import Box, Sphere

LINEAR = IntegrationSettings(interpolation=Interpolation.LINEAR)
BALL = Sphere((0.5, -1.0, 2.0), 8.0)


def ball(shape=BALL, step=2.0):
    low, high = shape.extent(2)
    return contour(shape, np.arange(low + 0.4, high, step))


def both_halves(spans, grid, edges):
    """The curve (cc) and sums of all lines, deposited half by half as the engine does."""
    even, odd = (deposit_spans(spans, grid, edges, first) for first in (0, 1))
    low, high = min(even[2][2], odd[2][2]), max(even[2][3], odd[2][3])
    sums = (even[2][0] + odd[2][0], even[2][1] + odd[2][1], low, high)
    return cumulative_cc_of(*even) + cumulative_cc_of(*odd), sums


def rough_grid(seed=3, top_gy=60.0, n=(14, 15, 16), step=2.0):
    rng = np.random.default_rng(seed)
    z, y, x = ((np.arange(m) - m / 2) * step for m in n)
    return DoseGrid(rng.uniform(0, top_gy, n), x, y, z)


def flat_grid(dose_gy=20.0, n=15):
    axis = (np.arange(n) - n // 2) * 2.0
    return DoseGrid(np.full((n, n, n), dose_gy), axis, axis, axis)


@pytest.mark.parametrize("seed", range(4))
def test_fast_deposit_equals_slow_deposit(seed):
    grid = rough_grid(seed)
    cells = cells_of(region_of(ball()))
    spans = scan(cells, lattice(cells, 2.0))
    edges = np.linspace(0, 60, 301)
    curve, sums = both_halves(spans, grid, edges)
    slow = reference.cumulative_mm3(spans, grid, edges) / 1000
    np.testing.assert_allclose(curve, slow, rtol=0, atol=1e-9)
    volume, mean, low, high = reference.moments(spans, grid)
    assert sums[0] == pytest.approx(volume, rel=1e-12)
    assert sums[1] / sums[0] == pytest.approx(mean, rel=1e-12)
    assert (sums[2], sums[3]) == pytest.approx((low, high), rel=1e-12)


@given(seed=st.integers(0, 10_000), level=st.integers(0, 3))
@example(seed=5071, level=1)
@settings(max_examples=25, deadline=None)
def test_fast_deposit_equals_slow_deposit_on_stepped_dose(seed, level):
    rough = rough_grid(seed)
    grid = DoseGrid(np.round(rough.dose_gy, -level // 2), rough.x_mm, rough.y_mm, rough.z_mm)
    cells = cells_of(region_of(ball()))
    spans = scan(cells, lattice(cells, 6.0))
    edges = np.linspace(0, max(grid.max_gy, 1.0), 97)
    curve, _ = both_halves(spans, grid, edges)
    flat_gy = FLAT * (edges[1] - edges[0])  # what the fast one takes for uniform
    least, most = (
        reference.cumulative_mm3(spans, grid, edges + shift) / 1000 for shift in (flat_gy, -flat_gy)
    )
    assert (curve >= least - 1e-9).all()
    assert (curve <= most + 1e-9).all()


def test_a_uniform_dose_has_one_value_everywhere():
    dvh = integrate(region_of(ball()), flat_grid(20.0))
    assert (dvh.min_gy, dvh.max_gy) == pytest.approx((20.0, 20.0), abs=1e-9)
    assert dvh.mean_gy == pytest.approx(20.0)
    assert dvh.volume_at_dose_cc(20.0) == pytest.approx(dvh.volume_cc)
    assert dvh.volume_at_dose_cc(20.001) == 0.0
    assert dvh.dose_at_volume_gy(dvh.volume_cc / 2) == pytest.approx(20.0, abs=1e-6)


def test_no_dose_at_all_is_zero_gray_and_not_an_error():
    dvh = integrate(region_of(ball()), flat_grid(0.0))
    assert (dvh.min_gy, dvh.mean_gy, dvh.max_gy) == (0.0, 0.0, pytest.approx(0.0, abs=1e-8))


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_case_10__extremes_are_those_of_the_interpolant_not_of_a_bin(seed):
    grid = rough_grid(seed)
    z, y, x = np.meshgrid(grid.z_mm, grid.y_mm, grid.x_mm, indexing="ij")
    cx, cy, cz = BALL.centre
    inside = grid.dose_gy[(x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2 < BALL.radius_mm**2]
    dvh = integrate(region_of(ball()), grid, settings=LINEAR)
    assert dvh.max_gy == pytest.approx(inside.max(), abs=1e-9)
    assert dvh.min_gy == pytest.approx(inside.min(), abs=1e-9)
    few = IntegrationSettings(bins=50, interpolation=Interpolation.LINEAR)
    assert integrate(region_of(ball()), grid, settings=few).max_gy == dvh.max_gy


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_extremes_do_not_depend_on_which_rows_are_left_out(seed, monkeypatch):
    grid, cells = rough_grid(seed), cells_of(region_of(ball()))
    low, high = extremes(cells, grid, np.inf, -np.inf)
    assert low < high
    monkeypatch.setattr("sbrt_qa.dosimetry.extremes.MANY_ROWS", 0)
    assert extremes(cells, grid, np.inf, -np.inf) == (low, high)
    for met in (low, (low + high) / 2, high):
        assert extremes(cells, grid, met, met) == (low, high)


def test_case_10__between_nodes_the_extreme_lies_on_an_edge():
    axis = np.array([0.0, 10.0, 20.0])
    y, x = np.meshgrid(axis, axis, indexing="ij")
    grid = DoseGrid(np.broadcast_to(x * (20 - y) / 10, (3, 3, 3)), axis, axis, axis)
    slanted = np.array([[2.0, 2.0], [9.0, 9.0], [2.0, 9.0]])
    prism = Structure(1, "ROI", (Contour(5.0, slanted), Contour(7.0, slanted)))
    dvh = integrate(region_of(prism), grid, settings=LINEAR)
    assert dvh.max_gy == pytest.approx(9.0 * 11 / 10, abs=1e-9)
    assert dvh.min_gy == pytest.approx(2.0 * 11 / 10, abs=1e-9)
    falling = DoseGrid(np.broadcast_to((20 - x) * x / 10 + y / 10, (3, 3, 3)), axis, axis, axis)
    bowed = integrate(region_of(prism), falling, settings=LINEAR)
    t = np.linspace(2, 9, 20001)
    along = np.array([v * 1.0 for v in t]) + t / 10
    assert bowed.max_gy == pytest.approx(along.max(), abs=1e-6)


def test_the_hottest_voxel_inside_is_the_maximum():
    grid = flat_grid(1.0)
    values = grid.dose_gy.copy()
    values[7, 7, 7] = 50.0
    peak = DoseGrid(values, grid.x_mm, grid.y_mm, grid.z_mm)
    assert integrate(region_of(ball()), peak).max_gy == pytest.approx(50.0, abs=1e-9)


def test_derived_regions_find_their_extremes_on_the_cut():
    outer = region_of(ball(Sphere((0.0, 0.0, 0.0), 12.0), 1.0))
    inner = region_of(ball(Sphere((0.0, 0.0, 0.0), 6.0), 1.0))
    axis = np.arange(-20.0, 21.0, 2.0)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    falling = 60.0 - 2.0 * np.sqrt(x * x + y * y + z * z)
    grid = DoseGrid(np.maximum(falling, 0.0), axis, axis, axis)
    dvh = integrate(outer - inner, grid)
    assert dvh.max_gy == pytest.approx(60 - 2 * 6, abs=0.6)
    assert dvh.min_gy == pytest.approx(60 - 2 * 12, abs=0.6)


@pytest.mark.parametrize("axis", ["x_mm", "y_mm", "z_mm"])
def test_case_31__volume_outside_the_grid_is_kept_apart(axis):
    grid = flat_grid(30.0, n=25)
    keep = getattr(grid, axis) <= 2.0
    index = tuple(keep if name == axis else slice(None) for name in ("z_mm", "y_mm", "x_mm"))
    axes = {name: getattr(grid, name)[keep if name == axis else slice(None)]
            for name in ("x_mm", "y_mm", "z_mm")}  # fmt: skip
    dvh = integrate(
        region_of(ball(Sphere((0, 0, 0), 8.0), 1.0)), DoseGrid(grid.dose_gy[index], **axes)
    )
    cap = Sphere((0.0, 0.0, 0.0), 8.0).volume_beyond(0, 2.0) / 1000
    assert dvh.outside_grid_cc == pytest.approx(cap, rel=0.02)
    assert dvh.inside_grid_cc + dvh.outside_grid_cc == pytest.approx(dvh.volume_cc, rel=1e-9)
    assert dvh.volume_cc == pytest.approx(4 / 3 * np.pi * 512 / 1000, rel=2e-3)


def test_case_31__a_structure_entirely_outside_has_a_reason():
    far = ball(Sphere((500.0, 0.0, 0.0), 8.0))
    outcome = integrate(region_of(far), flat_grid())
    assert isinstance(outcome, Reason)
    assert outcome.code is ReasonCode.OUTSIDE_DOSE_GRID


def test_case_40__a_grid_of_one_plane_holds_no_volume():
    grid = flat_grid()
    flat = DoseGrid(grid.dose_gy[:1], grid.x_mm, grid.y_mm, grid.z_mm[:1])
    assert isinstance(integrate(region_of(ball()), flat), Reason)


def test_case_3_4__a_structure_within_one_voxel_has_its_volume():
    tiny = contour(Box((0.2, 0.2, 0.2), (1.4, 1.4, 1.4)), np.array([0.5, 0.9, 1.3]) - 0.1)
    dvh = integrate(region_of(tiny), flat_grid())
    assert dvh.volume_cc == pytest.approx(1.2**3 / 1000, rel=1e-9)


def test_case_3__contours_on_voxel_edges_keep_their_volume():
    box = contour(Box((-5.0, -5.0, -5.0), (5.0, 5.0, 5.0)), np.arange(-4.0, 5.0, 2.0))
    assert integrate(region_of(box), flat_grid()).volume_cc == pytest.approx(1.0, rel=1e-9)


def test_case_33__planes_between_dose_planes_are_interpolated():
    axis = np.arange(-20.0, 21.0, 4.0)
    dose = np.broadcast_to((axis + 30.0)[:, None, None], (11, 11, 11))
    grid = DoseGrid(dose, axis, axis, axis)
    box = contour(Box((-5.0, -5.0, 0.9), (5.0, 5.0, 1.1)), np.array([1.0]))
    dvh = integrate(region_of(box, slice_spacing_mm=0.2), grid)
    assert dvh.mean_gy == pytest.approx(31.0, abs=0.01)
    assert (dvh.min_gy, dvh.max_gy) == pytest.approx((30.9, 31.1), abs=1e-6)


def test_uneven_dose_planes_are_honoured():
    z = np.array([-20.0, -7.0, -1.0, 0.0, 6.0, 20.0])
    axis = np.arange(-20.0, 21.0, 2.0)
    dose = np.broadcast_to((z + 30.0)[:, None, None], (6, 21, 21))
    dvh = integrate(region_of(ball(Sphere((0, 0, 0), 8.0))), DoseGrid(dose, axis, axis, z))
    assert dvh.mean_gy == pytest.approx(30.0, abs=0.05)


@given(shift=st.floats(-3, 3), scale=st.floats(0.1, 10))
@settings(max_examples=20, deadline=None)
def test_moving_everything_changes_nothing_and_scaling_dose_scales_dose(shift, scale):
    grid, shape = rough_grid(5), ball()
    moved = Structure(
        1, "ROI", tuple(Contour(c.z_mm + shift, c.xy_mm + shift) for c in shape.contours)
    )
    there = DoseGrid(grid.dose_gy * scale, grid.x_mm + shift, grid.y_mm + shift, grid.z_mm + shift)
    a, b = integrate(region_of(shape), grid), integrate(region_of(moved), there)
    assert b.volume_cc == pytest.approx(a.volume_cc, rel=1e-6)
    assert b.mean_gy == pytest.approx(scale * a.mean_gy, rel=1e-4)
    assert b.max_gy == pytest.approx(scale * a.max_gy, rel=1e-6)


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_case_42__a_histogram_never_rises_and_holds_the_volume(seed):
    dvh = integrate(region_of(ball()), rough_grid(seed))
    assert (np.diff(dvh.cumulative_cc) <= 0).all()
    assert dvh.inside_grid_cc + dvh.outside_grid_cc == pytest.approx(dvh.volume_cc)
    edges, parts = dvh.differential(0.1)
    assert parts.sum() == pytest.approx(dvh.inside_grid_cc)
    middle = (edges[:-1] + edges[1:]) / 2
    assert (parts * middle).sum() / parts.sum() == pytest.approx(dvh.mean_gy, abs=0.05)


def test_quadrature_refines_until_the_tolerance_is_met():
    strict = integrate(
        region_of(ball()), rough_grid(2), settings=IntegrationSettings(tolerance=1e-4)
    )
    assert strict.quadrature_error <= 1e-4
    usual = integrate(region_of(ball()), rough_grid(2))
    gap = np.abs(strict.cumulative_cc - usual.cumulative_cc).max() / strict.volume_cc
    assert gap <= usual.quadrature_error + 1e-4


def test_input_is_never_written_to():
    grid, shape = rough_grid(1), ball()
    before = grid.dose_gy.copy()
    integrate(region_of(shape), grid)
    assert np.array_equal(before, grid.dose_gy)
    assert not grid.dose_gy.flags.writeable


def test_a_histogram_refuses_to_rise():
    with pytest.raises(ValueError, match="never rises"):
        DVH(1.0, 0.0, np.array([0.0, 1.0]), np.array([0.5, 1.0]), 0.0, 0.5, 1.0)


@pytest.mark.parametrize(
    "points",
    [[(0, 0), (5, 0), (9, 0)], [(0, 0), (0, 5), (0, 9)], [(1, 1)] * 3, [(0, 0), (4, 4), (2, 2)]],
)
def test_contours_without_area_have_a_reason(points):
    flat = Structure(1, "ROI", (Contour(0.0, np.array(points, dtype=float)),))
    outcome = integrate(region_of(flat), flat_grid())
    assert isinstance(outcome, Reason)
    assert outcome.code is ReasonCode.STRUCTURE_EMPTY


@pytest.mark.parametrize("far", [1e6, 1e150])
def test_coordinates_beyond_any_patient_are_refused(far):
    with pytest.raises(GeometryError, match="those of a patient"):
        Contour(0.0, np.array([[0.0, 0.0], [far, 0.0], [0.0, far]]))
    with pytest.raises(GeometryError, match="those of a patient"):
        Contour(-far, np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    with pytest.raises(GeometryError, match="of the origin"):
        DoseGrid(np.zeros((2, 2, 2)), *(np.array([0.0, far]) for _ in range(3)))
