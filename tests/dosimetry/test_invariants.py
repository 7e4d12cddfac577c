"""What must not change a histogram: turning everything, the order of contours, more vertices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbrt_qa.dosimetry.histogram import DVH
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


def relative(a: float, b: float) -> float:
    return abs(a - b) / b


def largest_shift_gy(a: DVH, b: DVH) -> float:
    """Return how far the curves, and the means, lie apart in dose."""
    parts = (0.02, 0.1, 0.5, 0.9, 0.98)
    shifts = [
        abs(
            a.dose_at_volume_gy(part * a.inside_grid_cc)
            - b.dose_at_volume_gy(part * b.inside_grid_cc)
        )
        for part in parts
    ]
    return max(*shifts, abs(a.mean_gy - b.mean_gy))


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), turns=st.integers(1, 3))
def test_quarter_turns_of_contours_and_dose_together(seed, turns):
    contours, dose = blob(seed), bumpy_dose(seed)
    turn = np.linalg.matrix_power(np.array([[0.0, -1.0], [1.0, 0.0]]), turns)
    turned = [Contour(c.z_mm, c.xy_mm @ turn.T) for c in contours]
    values = np.rot90(dose.dose_gy, -turns, axes=(1, 2))
    grid = DoseGrid(np.ascontiguousarray(values), AXIS, AXIS, AXIS)
    found, usual = dvh_of(turned, grid), dvh_of(contours, dose)
    assert relative(found.volume_cc, usual.volume_cc) <= 1e-3
    assert largest_shift_gy(found, usual) <= 0.05


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), degrees=st.floats(0, 360))
def test_volume_under_any_turn_about_the_long_axis(seed, degrees):
    contours, dose = blob(seed), bumpy_dose(seed)
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned = [Contour(one.z_mm, one.xy_mm @ np.array([[c, s], [-s, c]])) for one in contours]
    found, usual = dvh_of(turned, dose), dvh_of(contours, dose)
    assert relative(found.volume_cc, usual.volume_cc) <= 3e-3


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), order=st.randoms(use_true_random=False))
def test_the_order_of_contours(seed, order):
    contours, dose = blob(seed), bumpy_dose(seed)
    shuffled = list(contours)
    order.shuffle(shuffled)
    found, usual = dvh_of(shuffled, dose), dvh_of(contours, dose)
    assert relative(found.volume_cc, usual.volume_cc) <= 1e-9
    assert largest_shift_gy(found, usual) <= 1e-6


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), parts=st.integers(2, 5))
def test_vertices_added_along_the_edges(seed, parts):
    contours, dose = blob(seed), bumpy_dose(seed)
    finer = [Contour(c.z_mm, divided(c.xy_mm, parts)) for c in contours]
    found, usual = dvh_of(finer, dose), dvh_of(contours, dose)
    assert relative(found.volume_cc, usual.volume_cc) <= 1e-6
    assert largest_shift_gy(found, usual) <= 1e-3


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
