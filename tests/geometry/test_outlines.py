"""Contours made from fields and regions, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbrt_qa.dosimetry.integrate import volume_cc
from sbrt_qa.dosimetry.isodose import isodose_contours, leaves_grid
from sbrt_qa.geometry.lattice import coverage, inside
from sbrt_qa.geometry.outlines import holds, level_loops, signed_area, with_keyholes
from sbrt_qa.geometry.regions import Region, cells_of, region_of
from sbrt_qa.geometry.sections import section_contours, shell_contours
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.structure import Contour, Structure
from sbrt_qa.testing.phantoms.shapes import Box, PhantomShape, Sphere, circle

from .shapes import disc, prism, square

PLANES = np.arange(-80.0, 81.0, 2.0)


def drawn(shape: PhantomShape, number: int = 1) -> Structure:
    loops = tuple(Contour(z, loop) for z in PLANES for loop in shape.sections(float(z)))
    return Structure(number, "ROI", loops)


def region(shape: PhantomShape, number: int = 1) -> Region:
    return region_of(drawn(shape, number))


def volume(contours: tuple[Contour, ...]) -> float:
    return volume_cc(region_of(Structure(9, "out", contours)))


def ball_cc(radius_mm: float) -> float:
    return 4 / 3 * math.pi * radius_mm**3 / 1000


def test_coverage_counts_every_part_of_a_pixel() -> None:
    """A square from 0.25 to 9.75 on pixels of 1 mm: whole inside, three quarters at the edges."""
    cells = cells_of(region_of(prism(square(0.25, 0.25, 9.5))))
    axis = np.arange(-1.5, 12.0)
    found = coverage(cells, axis, axis, 2.0)
    assert found[5, 5] == 1.0
    assert found[5, 2] == pytest.approx(0.75)
    assert found[2, 2] == pytest.approx(0.75**2)
    assert found[0].max() == found[:, 0].max() == 0.0
    assert found.sum() == pytest.approx(9.5**2)


@settings(max_examples=30, deadline=None)
@given(x=st.floats(-3, 3), y=st.floats(-3, 3), radius=st.floats(2, 12))
def test_coverage_adds_up_to_the_area(x: float, y: float, radius: float) -> None:
    cells = cells_of(region_of(prism(disc(radius, x, y))))
    axis = np.arange(-20, 21) * 1.0
    area = abs(signed_area(disc(radius, x, y)))
    assert coverage(cells, axis, axis, 3.0, rows=32).sum() == pytest.approx(area, rel=2e-3)


def test_points_of_a_lattice() -> None:
    cells = cells_of(region(Sphere((1, 2, 3), 20)))
    axes = [np.arange(-30.0, 31, 3) + 0.123 for _ in range(3)]
    x, y, z = axes
    zz, yy, xx = np.meshgrid(z, y, x, indexing="ij")
    distance = np.sqrt((xx - 1) ** 2 + (yy - 2) ** 2 + (zz - 3) ** 2)
    found = inside(cells, x, y, z)
    sure = np.abs(distance - 20) > 0.1
    assert (found == (distance < 20))[sure].all()


def test_a_level_is_found_between_points() -> None:
    axis = np.arange(-12.0, 13.0)
    x, y = np.meshgrid(axis, axis)
    (loop,) = level_loops(-np.hypot(x, y), axis, axis, -9.5)
    assert np.hypot(*loop.T) == pytest.approx(9.5, abs=0.02)
    assert level_loops(-np.hypot(x, y), axis, axis, 1.0) == []


def test_what_reaches_the_edge_is_closed_there() -> None:
    axis = np.arange(5.0)
    (loop,) = level_loops(np.ones((5, 5)), axis, axis, 0.5)
    assert abs(signed_area(loop)) == pytest.approx(16.0, rel=1e-4)


def test_holes_are_joined_and_islands_stand_alone() -> None:
    loops = [square(0, 0, 100), square(10, 10, 30), square(60, 60, 30), square(20, 20, 5)]
    joined = with_keyholes(loops)
    assert len(joined) == 2
    big, island = joined
    for point, expected in (((5, 5), True), ((15, 35), False), ((75, 75), False), ((50, 50), True)):
        assert holds(big, np.array(point) + 0.1) is expected
    assert holds(island, np.array([22.0, 22.0]))
    axis = np.arange(-0.75, 101, 1.5)
    contours = tuple(Contour(z, loop) for z in (0.0, 2.0, 4.0) for loop in joined)
    cells = cells_of(region_of(Structure(1, "r", contours)))
    area = coverage(cells, axis, axis, 2.0, rows=16).sum() * 1.5**2
    assert area == pytest.approx(100**2 - 2 * 900 + 25, rel=1e-3)


@pytest.mark.parametrize("radius", [3.0, 6.0, 15.0, 40.0])
def test_the_section_of_a_sphere_reads_back_to_its_volume(radius: float) -> None:
    found = section_contours(region(Sphere((1.3, -2.1, 0.4), radius)), PLANES)
    once = volume_cc(region(Sphere((1.3, -2.1, 0.4), radius)))
    assert volume(found) == pytest.approx(once, rel=0.005)


def test_a_difference_of_spheres_reads_back_to_its_volume() -> None:
    """A ball with a hollow: keyholes in the middle, simple outlines at the ends."""
    outer, inner = Sphere((0, 0, 0), 40), Sphere((5, 3, 0), 18)
    found = section_contours(region(outer) - region(inner, 2), PLANES)
    assert volume(found) == pytest.approx(ball_cc(40) - ball_cc(18), rel=0.005)


@pytest.mark.parametrize(("radius", "outer"), [(10.0, 5.0), (15.0, 20.0), (25.0, 10.0)])
def test_a_shell_around_a_sphere(radius: float, outer: float) -> None:
    found = shell_contours(region(Sphere((0.7, 0, 0), radius)), outer, PLANES)
    expected = ball_cc(radius + outer) - ball_cc(radius)
    assert volume(found) == pytest.approx(expected, rel=0.01)
    heights = sorted({c.z_mm for c in found})
    assert heights[-1] == pytest.approx(radius + outer, abs=2.0)  # also above the target


def test_a_shell_around_a_box_has_rounded_edges() -> None:
    """Steiner: faces, quarter cylinders along the edges, and eighths of a ball at the corners."""
    a, r = 30.0, 10.0
    found = shell_contours(region(Box((-15, -15, -15), (15, 15, 15))), r, PLANES)
    expected = 6 * a * a * r + 3 * math.pi * r * r * a + 4 / 3 * math.pi * r**3
    assert volume(found) == pytest.approx(expected / 1000, rel=0.015)


@settings(max_examples=12, deadline=None)
@given(
    a=st.floats(12, 35),
    b=st.floats(6, 30),
    shift=st.tuples(*[st.floats(-20, 20)] * 3),
    sign=st.sampled_from("-+&"),
)
def test_whatever_spheres_are_combined_reads_back_to_its_volume(
    a: float, b: float, shift: tuple[float, float, float], sign: str
) -> None:
    """Within 1 % of the larger sphere: thin crescents are mostly edge."""
    one, other = region(Sphere((0, 0, 0), a)), region(Sphere(shift, b), 2)
    made = {"-": one - other, "+": one | other, "&": one & other}[sign]
    found = section_contours(made, PLANES)
    expected = volume_cc(made)
    if found and isinstance(expected, float):
        assert volume(found) == pytest.approx(expected, abs=0.01 * ball_cc(max(a, b)))


def radial(top: float, sigma: float, step: float = 2.5) -> DoseGrid:
    axis = np.arange(-60.0, 60.1, step)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    return DoseGrid(top * np.exp(-(x**2 + y**2 + z**2) / (2 * sigma**2)), axis, axis, axis)


@pytest.mark.parametrize("level", [10.0, 30.0, 50.0, 55.0])
def test_an_isodose_of_a_hill_is_a_ball(level: float) -> None:
    dose = radial(60.0, 18.0)
    radius = 18.0 * math.sqrt(2 * math.log(60 / level))
    found = isodose_contours(dose, level, PLANES)
    assert volume(found) == pytest.approx(ball_cc(radius), rel=0.01)
    middle = next(c for c in found if c.z_mm == 0)
    assert np.hypot(*middle.xy_mm.T) == pytest.approx(radius, abs=0.1)
    assert not leaves_grid(dose, level)


def test_an_isodose_with_a_cold_middle() -> None:
    axis = np.arange(-40.0, 41.0, 2.0)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    r = np.sqrt(x**2 + y**2 + z**2)
    dose = DoseGrid(60 * np.exp(-((r - 20) ** 2) / 50), axis, axis, axis)
    half = math.sqrt(50 * math.log(60 / 40))
    found = isodose_contours(dose, 40.0, PLANES)
    expected = ball_cc(20 + half) - ball_cc(20 - half)
    assert volume(found) == pytest.approx(expected, rel=0.02)


def test_isodoses_that_there_are_not() -> None:
    dose = radial(60.0, 18.0)
    assert isodose_contours(dose, 61.0, PLANES) == ()
    assert isodose_contours(dose, 30.0, np.array([200.0])) == ()
    assert leaves_grid(DoseGrid(np.full((3, 3, 3), 5.0), *[np.arange(3.0)] * 3), 4.0)


def test_loops_of_a_circle() -> None:
    assert abs(signed_area(circle(0, 0, 10.0))) == pytest.approx(math.pi * 100)
