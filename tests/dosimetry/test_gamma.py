"""Gamma against closed forms, its slow reference, and pymedphys."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbrt_qa.dosimetry.gamma import GammaCriteria, gamma
from sbrt_qa.dosimetry.gamma import reference as slow
from sbrt_qa.model.grid import DoseGrid

AXIS = np.arange(-30.0, 31.0, 2.5)


def grid(function, axis=AXIS, z=None) -> DoseGrid:
    heights = axis if z is None else z
    zz, yy, xx = np.meshgrid(heights, axis, axis, indexing="ij")
    return DoseGrid(np.maximum(function(zz, yy, xx), 0.0), axis, axis, heights)


def hill(x_mm=0.0, top=60.0, sigma=14.0):
    return lambda z, y, x: top * np.exp(-((x - x_mm) ** 2 + y**2 + z**2) / (2 * sigma**2))


def ramp(slope, shift=0.0):
    return lambda z, y, x: 50 + slope * (x - shift)


def test_equal_doses_have_gamma_zero() -> None:
    found = gamma(grid(hill()), grid(hill()))
    assert found.values.max() == 0.0
    assert found.values.size == found.candidates > 1000


@pytest.mark.parametrize("percent", [0.5, 1.5, 3.0, 4.0])
def test_a_uniform_dose_that_is_higher_differs_in_dose_alone(percent: float) -> None:
    flat, higher = grid(ramp(0.0)), grid(lambda z, y, x: 50 * (1 + percent / 100) + 0 * x)
    assert gamma(flat, higher).values == pytest.approx(percent / 3)


@pytest.mark.parametrize("slope", [0.05, 0.5, 2.0, 10.0])
def test_a_shifted_ramp_has_the_distance_of_point_and_line(slope: float) -> None:
    """Dose-distance space holds the line e = s (x - shift); gamma is the distance from it."""
    shift, criteria = 1.5, GammaCriteria()
    reference = grid(ramp(slope))
    unit = 0.03 * reference.max_gy
    expected = slope * shift / unit / np.hypot(1, slope * criteria.distance_mm / unit)
    found = gamma(reference, grid(ramp(slope, shift)))
    inner = np.abs(found.points_mm).max(axis=1) < 25
    away = reference.dose_gy.min() > 0  # the ramp does not touch zero
    values = found.values[inner] if away else found.values[inner & (found.points_mm[:, 2] > 0)]
    assert values == pytest.approx(expected, abs=0.02)
    assert values.min() >= expected - 1e-9  # a search finds no place that is not there


def test_gamma_is_cut_off() -> None:
    values = gamma(grid(ramp(0.0)), grid(lambda z, y, x: 80 + 0 * x)).values
    assert set(values) == {1.5}


def test_only_voxels_above_the_cutoff_and_inside_both_grids_count() -> None:
    reference = grid(hill())
    found = gamma(reference, grid(hill(), axis=np.arange(-10.0, 11.0, 2.5)))
    assert found.candidates == 9**3
    half = gamma(reference, reference, GammaCriteria(cutoff_percent=50))
    assert half.candidates == (reference.dose_gy >= 30).sum()
    assert gamma(reference, grid(hill(), axis=np.arange(50.0, 60.0, 2.5))).candidates == 0
    one_plane = DoseGrid(reference.dose_gy[:1], AXIS, AXIS, AXIS[:1])
    assert gamma(reference, one_plane).values.size == 0


def test_which_voxels_count_does_not_depend_on_the_criteria() -> None:
    reference, evaluated = grid(hill()), grid(hill(4.0, 70.0))
    strict, loose = (gamma(reference, evaluated, GammaCriteria(d, d)) for d in (0.5, 5.0))
    assert np.array_equal(strict.points_mm, loose.points_mm)
    assert (strict.values >= loose.values - 1e-12).all()
    assert np.isfinite(strict.values).all()


def test_of_very_many_voxels_an_even_selection_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    reference = grid(hill())
    every = gamma(reference, grid(hill(1.0)))
    monkeypatch.setattr("sbrt_qa.dosimetry.gamma.MOST_POINTS", 400)
    some = gamma(reference, grid(hill(1.0)))
    assert some.values.size == 400
    assert some.candidates == every.candidates == every.values.size
    assert some.values.mean() == pytest.approx(every.values.mean(), rel=0.1)


@settings(max_examples=25, deadline=None)
@given(
    shift=st.floats(-4, 4), top=st.floats(50, 70), dose=st.floats(1, 5), distance=st.floats(0.5, 5)
)
def test_the_kernel_equals_its_slow_reference(
    shift: float, top: float, dose: float, distance: float
) -> None:
    uneven = np.array([-20.0, -17.0, -12.0, -9.5, -4.0, 0.0, 2.0, 7.0, 13.0, 19.0])
    reference, evaluated = grid(hill()), grid(hill(shift, top), z=uneven)
    criteria = GammaCriteria(dose, distance)
    found = gamma(reference, evaluated, criteria)
    unit = dose / 100 * reference.max_gy
    for n in range(0, found.values.size, 211):
        point = found.points_mm[n]
        wanted = hill()(*point)
        assert found.values[n] == pytest.approx(
            slow.gamma_at(point, wanted, evaluated, unit, criteria), rel=1e-9, abs=1e-12
        )


@pytest.mark.parametrize(
    ("shift", "top", "criteria"),
    [
        (1.0, 61.5, GammaCriteria()),
        (2.0, 58.0, GammaCriteria()),
        (0.7, 60.0, GammaCriteria(2.0, 1.0)),
        (3.0, 63.0, GammaCriteria(5.0, 3.0, 20.0)),
    ],
)
def test_pymedphys_finds_the_same(shift: float, top: float, criteria: GammaCriteria) -> None:
    """Two searches on different lattices: each is at most a little too high."""
    pymedphys = pytest.importorskip("pymedphys", reason="the second gamma engine is not installed")
    reference, evaluated = grid(hill()), grid(hill(shift, top))
    axes = (AXIS, AXIS, AXIS)
    theirs = pymedphys.gamma(
        axes, reference.dose_gy, axes, evaluated.dose_gy, criteria.dose_percent,
        criteria.distance_mm, lower_percent_dose_cutoff=criteria.cutoff_percent,
        interp_fraction=10, max_gamma=criteria.cap,
    )  # fmt: skip
    found = gamma(reference, evaluated, criteria)
    index = tuple(np.searchsorted(AXIS, found.points_mm[:, n]) for n in range(3))
    other = theirs[index]
    assert np.isfinite(other).all()
    # on the outermost voxels half the places to look at lie beyond the grid, for both
    assert np.abs(found.values - other).max() < 0.06
    assert np.mean(found.values) == pytest.approx(np.mean(other), abs=0.01)
    ours, peers = np.mean(found.values <= 1), np.mean(other <= 1)
    assert ours == pytest.approx(peers, abs=0.01)


@pytest.mark.parametrize("bad", [{"dose_percent": 0}, {"distance_mm": -1}, {"cap": 1.0}])
def test_criteria_that_are_none(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="gamma needs"):
        GammaCriteria(**bad)
