"""The implicit solids and the outlines drawn from them."""

import math

import numpy as np
import pytest

from sbrt_qa.testing.phantoms.liver_contours import area_mm2, draw, outlines, thinned
from sbrt_qa.testing.phantoms.liver_solids import (
    Carved,
    Ellipsoid,
    Grown,
    HalfSpace,
    Shared,
    Tube,
    Union,
    smooth_tube,
)

AXIS = np.arange(-30.0, 31.0)
BALL = Tube([[0, 0, 0], [0, 0, 0]], [10.0, 10.0])


def at(solid, x, y, z):
    return float(solid.depth(np.array([float(x)]), np.array([float(y)]), float(z))[0, 0])


@pytest.mark.parametrize(
    ("solid", "point", "depth"),
    [
        pytest.param(BALL, (13, 0, 0), 3.0, id="outside a ball"),
        pytest.param(BALL, (0, 3, -4), -5.0, id="inside a ball"),
        pytest.param(Tube([[0, 0, 0], [0, 0, 20]], [5.0, 5.0]), (0, 9, 12), 4.0, id="beside"),
        pytest.param(Tube([[0, 0, 0], [0, 0, 20]], [5.0, 5.0]), (0, 0, 27), 2.0, id="beyond"),
        pytest.param(Tube([[0, 0, 0], [0, 0, 20]], [4.0, 8.0]), (10, 0, 10), 4.0, id="conical"),
        pytest.param(Grown(BALL, 5.0), (13, 0, 0), -2.0, id="grown"),
        pytest.param(HalfSpace((0, 0, 1), (0, 0, 2)), (5, 5, 4), 3.0, id="half space"),
        pytest.param(
            Union((BALL, Tube([[20, 0, 0], [20, 0, 0]], [5.0, 5.0]))), (14, 0, 0), 1.0, id="union"
        ),
        pytest.param(
            Carved(BALL, within=(HalfSpace((0, 0, 0), (1, 0, 0)),), blend_mm=0),
            (4, 0, 0),
            4.0,
            id="kept within",
        ),
        pytest.param(
            Carved(BALL, without=((HalfSpace((0, 0, 0), (1, 0, 0)), 2.0),), blend_mm=0),
            (-4, 0, 0),
            6.0,
            id="kept clear of, with a gap",
        ),
    ],
)
def test_depths_by_hand(solid, point, depth):
    assert at(solid, *point) == pytest.approx(depth)


def test_an_ellipsoid_is_close_to_a_distance_near_its_surface():
    ball = Ellipsoid((1, 2, 3), (20, 20, 20))
    for r in (18, 19.5, 20.5, 22):
        assert at(ball, 1 + r, 2, 3) == pytest.approx(r - 20, abs=0.15)


def test_a_smooth_tube_passes_through_its_knots():
    knots = [(0, 0, 0, 5), (10, 5, 3, 6), (20, 0, 9, 4)]
    path = smooth_tube(knots)
    points = np.column_stack([path.points_mm, path.radii_mm])
    for knot in knots:
        assert np.abs(points - knot).sum(axis=1).min() == pytest.approx(0)


def test_a_shared_solid_follows_the_plane():
    shared = Shared(BALL)
    assert at(shared, 0, 0, 0) == pytest.approx(-10)
    assert at(shared, 0, 0, 4) == pytest.approx(-6)


def test_a_drawn_ball_has_the_sections_of_a_ball():
    z_mm = np.array([-12.0, -6.0, 0.0, 6.0])
    (drawn,) = draw({"ball": BALL}, z_mm, (30.0, 30.0)).values()
    assert [c.z_mm for c in drawn] == [-6.0, 0.0, 6.0]
    areas = [area_mm2(c.xy_mm) for c in drawn]
    assert areas == pytest.approx([math.pi * r * r for r in (8, 10, 8)], rel=0.01)


def test_a_ring_is_drawn_as_two_outlines_that_run_in_opposite_ways():
    r = np.hypot(AXIS[None, :], AXIS[:, None])
    loops = sorted(area_mm2(p) for p in outlines(np.abs(r - 15) - 5))
    assert loops == pytest.approx([-math.pi * 100, math.pi * 400], rel=0.01)


def test_touching_corners_stay_two_islands():
    values = np.ones((6, 6))
    values[1:3, 1:3] = values[3:5, 3:5] = -1
    assert len(outlines(values)) == 2


def test_what_reaches_the_border_is_closed_there():
    (loop,) = outlines(-np.ones((4, 5)))
    assert area_mm2(loop) == pytest.approx(4.0 * 5.0, abs=0.6)


def test_nothing_inside_draws_nothing():
    assert outlines(np.ones((5, 5))) == []


def test_thinning_keeps_the_shape():
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    circle = 50 * np.column_stack([np.cos(angle), np.sin(angle)])
    thin = thinned(circle)
    assert thin.shape[0] < 150
    assert area_mm2(thin) == pytest.approx(area_mm2(circle), rel=0.005)
    assert np.hypot(*thin.T) == pytest.approx(50)
