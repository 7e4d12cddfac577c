"""Margins, extents and expansions against closed forms; the kernel against its reference."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.expansion.grow import Margins, Raster, grown, rasterise
from sbrt_qa.geometry.expansion.reference import grown_slowly
from sbrt_qa.geometry.margins import (
    centroid_mm,
    extent_of,
    gap_mm,
    margins_between,
    vertices,
    volume_of_cc,
)
from sbrt_qa.geometry.regions import cells_of, region_of
from sbrt_qa.testing.phantoms.closed_forms import contour
from sbrt_qa.testing.phantoms.shapes import Sphere

from .shapes import prism, square


def ball(radius: float, at: tuple[float, float, float] = (0.0, 0.0, 0.0)):
    shape = Sphere(at, radius)
    low, high = shape.extent(2)
    return region_of(contour(shape, np.arange(np.floor(low) + 0.5, high, 1.0)))


def block(side: float, height: float, x: float = 0.0):
    planes = np.arange(0.5, height, 1.0)
    return region_of(prism(square(x, 0.0, side), z=planes))


def test_the_extent_of_a_ball() -> None:
    box = extent_of(cells_of(ball(10.0, (3.0, -4.0, 5.0))))
    assert (box.x_low, box.x_high) == pytest.approx((-7.0, 13.0), abs=0.05)
    assert (box.y_low, box.y_high) == pytest.approx((-14.0, 6.0), abs=0.3)
    assert (box.z_low, box.z_high) == pytest.approx((-5.0, 15.0), abs=0.3)


def test_the_centroid_of_a_ball() -> None:
    assert centroid_mm(cells_of(ball(10.0, (3.0, -4.0, 5.0)))) == pytest.approx(
        (3, -4, 5), abs=0.05
    )


def test_margins_of_balls_that_are_not_concentric() -> None:
    found = margins_between(
        cells_of(ball(10.0, (2.0, 0.0, 0.0))), cells_of(ball(16.0, (0.0, 1.0, -2.0)))
    )
    expected = {"R": 8.0, "L": 4.0, "A": 5.0, "P": 7.0, "I": 8.0, "S": 4.0}
    assert found.by_side == pytest.approx(expected, abs=0.35)
    assert found.least_mm == pytest.approx(6.0 - 3.0, abs=0.6)


def test_a_margin_is_negative_where_the_inner_sticks_out() -> None:
    found = margins_between(cells_of(ball(10.0, (8.0, 0.0, 0.0))), cells_of(ball(15.0)))
    assert found.left_mm == pytest.approx(-3.0, abs=0.1)
    assert found.least_mm == pytest.approx(-3.0, abs=0.6)


@pytest.mark.parametrize(("apart_mm", "gap"), [(35.0, 15.0), (20.5, 0.5), (19.0, 0.0), (0.0, 0.0)])
def test_the_gap_between_two_balls(apart_mm: float, gap: float) -> None:
    one, shape = ball(10.0), Sphere((apart_mm, 0.0, 0.0), 10.0)
    organ = contour(shape, np.arange(-9.5, 10.0, 1.0))
    found = gap_mm(cells_of(one), cells_of(region_of(organ)), vertices(organ, 5000))
    assert found == pytest.approx(gap, abs=0.6)


def test_the_volume_of_a_difference_is_exact_and_may_be_nothing() -> None:
    assert volume_of_cc(block(20, 20) - block(10, 20)) == pytest.approx(6.0, rel=1e-3)
    assert volume_of_cc(block(10, 20) - block(20, 20)) == 0.0


def test_vertices_are_thinned_evenly() -> None:
    structure = prism(square(), z=np.arange(0.0, 100.0, 1.0))
    assert vertices(structure, 10_000).shape == (400, 3)
    assert vertices(structure, 200).shape == (200, 3)


masks = st.lists(st.booleans(), min_size=60, max_size=60)
margins = st.lists(st.floats(0, 5), min_size=6, max_size=6)


@settings(deadline=None, max_examples=60)
@given(masks, margins, st.sampled_from([0.7, 1.0, 2.0]))
def test_the_kernel_equals_its_reference(bits, sides, step_mm) -> None:
    mask = np.zeros((6, 7, 8), dtype=bool)
    mask[1:4, 1:5, 2:7] = np.array(bits).reshape(3, 4, 5)
    wanted = Margins(*sides)
    assert (grown(mask, step_mm, wanted) == grown_slowly(mask, step_mm, wanted)).all()


def test_a_ball_grown_evenly_is_a_larger_ball() -> None:
    inner = cells_of(ball(10.0))
    raster = Raster.around([inner], Margins.even(5.0), 0.5)
    found = raster.volume_cc(grown(rasterise(inner, raster), 0.5, Margins.even(5.0)))
    assert found == pytest.approx(4 / 3 * math.pi * 15**3 / 1000, rel=0.03)


def test_a_block_grows_on_the_sides_that_are_asked_for() -> None:
    """Towards the left 6 mm and towards the head 4 mm: two slabs and a quarter of an ellipse."""
    inner = cells_of(block(20, 20))
    sides = Margins(0, 6, 0, 0, 0, 4)
    raster = Raster.around([inner], sides, 0.5)
    mask = rasterise(inner, raster)
    assert raster.volume_cc(mask) == pytest.approx(8.0, rel=1e-6)
    grew = raster.volume_cc(grown(mask, 0.5, sides)) - 8.0
    expected = (20 * 20 * 6 + 20 * 20 * 4 + 20 * math.pi / 4 * 6 * 4) / 1000
    assert grew == pytest.approx(expected, rel=0.03)


def test_margins_are_sensible() -> None:
    with pytest.raises(GeometryError, match="margins are from 0 to 1000"):
        Margins.even(-1.0)
    with pytest.raises(GeometryError, match="too large to be grown"):
        Raster.around([cells_of(ball(10.0))], Margins.even(900.0))
