"""What must not change a histogram: turning everything, the order of contours, more vertices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbrt_qa.dosimetry.dvh import DVH
from sbrt_qa.dosimetry.integrate import integrate
from sbrt_qa.geometry.regions import region_of
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.structure import Contour, Structure

AXIS = np.arange(-30.0, 31.0, 2.0)


def blob(seed):
    """Return contours of a wavy body, some with a hole or a second part."""
    random = np.random.default_rng(seed)
    phase, size = random.uniform(0, 6, 3), random.uniform(6, 14)
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    contours = []
    for z in np.arange(-8.0, 9.0, 2.0) + 0.37:
        r = size * (1 + 0.15 * np.sin(3 * angle + phase[0]) + 0.05 * np.cos(5 * angle + phase[1]))
        r *= np.sqrt(1 - (z / 11) ** 2)
        outline = np.column_stack([2 + r * np.cos(angle), -1 + r * np.sin(angle)])
        contours.append(Contour(float(z), outline))
        if abs(z) < 4:
            contours.append(Contour(float(z), 0.35 * outline))
    return contours


def bumpy_dose(seed):
    random = np.random.default_rng(seed)
    x0, y0, z0 = random.uniform(-8, 8, 3)
    z, y, x = np.meshgrid(AXIS, AXIS, AXIS, indexing="ij")
    dose = 50 * np.exp(-((x - x0) ** 2 + (y - y0) ** 2 + (z - z0) ** 2) / 500) + 0.2 * (x + 30)
    return DoseGrid(dose, AXIS, AXIS, AXIS)


def dvh_of(contours, dose) -> DVH:
    found = integrate(region_of(Structure(1, "blob", tuple(contours))), dose)
    assert isinstance(found, DVH)
    return found


def same(a: DVH, b: DVH, *, volume, dose_gy):
    assert a.volume_cc == pytest.approx(b.volume_cc, rel=volume)
    assert a.mean_gy == pytest.approx(b.mean_gy, abs=dose_gy)
    for part in (0.02, 0.1, 0.5, 0.9, 0.98):
        ours, other = (d.dose_at_volume_gy(part * d.inside_grid_cc) for d in (a, b))
        assert ours == pytest.approx(other, abs=dose_gy)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), turns=st.integers(1, 3))
def test_quarter_turns_of_contours_and_dose_together(seed, turns):
    contours, dose = blob(seed), bumpy_dose(seed)
    turn = np.linalg.matrix_power(np.array([[0.0, -1.0], [1.0, 0.0]]), turns)
    turned = [Contour(c.z_mm, c.xy_mm @ turn.T) for c in contours]
    values = np.rot90(dose.dose_gy, -turns, axes=(1, 2))
    grid = DoseGrid(np.ascontiguousarray(values), AXIS, AXIS, AXIS)
    same(dvh_of(turned, grid), dvh_of(contours, dose), volume=1e-3, dose_gy=0.05)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), degrees=st.floats(0, 360))
def test_volume_under_any_turn_about_the_long_axis(seed, degrees):
    contours, dose = blob(seed), bumpy_dose(seed)
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned = [Contour(one.z_mm, one.xy_mm @ np.array([[c, s], [-s, c]])) for one in contours]
    volume = dvh_of(contours, dose).volume_cc
    assert dvh_of(turned, dose).volume_cc == pytest.approx(volume, rel=3e-3)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), order=st.randoms(use_true_random=False))
def test_the_order_of_contours(seed, order):
    contours, dose = blob(seed), bumpy_dose(seed)
    shuffled = list(contours)
    order.shuffle(shuffled)
    same(dvh_of(shuffled, dose), dvh_of(contours, dose), volume=1e-9, dose_gy=1e-6)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), parts=st.integers(2, 5))
def test_vertices_added_along_the_edges(seed, parts):
    contours, dose = blob(seed), bumpy_dose(seed)
    finer = [Contour(c.z_mm, divided(c.xy_mm, parts)) for c in contours]
    same(dvh_of(finer, dose), dvh_of(contours, dose), volume=1e-6, dose_gy=1e-3)


def divided(loop, parts):
    step = (np.roll(loop, -1, axis=0) - loop) / parts
    return (loop[:, None] + step[:, None] * np.arange(parts)[:, None]).reshape(-1, 2)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), percent=st.floats(1, 99))
def test_cases_16_and_17__the_differential_form_tells_the_same(seed, percent):
    dvh = dvh_of(blob(seed), bumpy_dose(seed))
    edges, volumes = dvh.differential(0.01)
    assert volumes.sum() == pytest.approx(dvh.inside_grid_cc, rel=1e-9)
    middles = (edges[1:] + edges[:-1]) / 2
    assert (volumes * middles).sum() / volumes.sum() == pytest.approx(dvh.mean_gy, abs=0.01)
    dose = edges[np.searchsorted(edges, dvh.min_gy + percent / 100 * (dvh.max_gy - dvh.min_gy))]
    at_least = volumes[edges[:-1] >= dose - 1e-9].sum()
    assert at_least == pytest.approx(dvh.volume_at_dose_cc(float(dose)), abs=1e-9)
