"""Two drawings side by side: closed forms on balls, boxes and shells, and SimpleITK's filters."""

import math

import numpy as np
import pytest

from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.contour_agreement import contour_agreement
from sbrt_qa.geometry.lattice import inside
from sbrt_qa.geometry.regions import cells_of, region_of
from sbrt_qa.testing.phantoms.closed_forms import contour
from sbrt_qa.testing.phantoms.shapes import Box, Sphere


def drawn(shape, step=0.5):
    low, high = shape.extent(2)
    planes = np.arange(low + step / 2, high, step)
    return region_of(contour(shape, planes)), planes


def compared(one, other, step=0.5):
    reference, planes = drawn(other, step)
    return contour_agreement(drawn(one, step)[0], reference, planes)


def test_a_structure_beside_itself_agrees():
    ball = Sphere((0.0, 0.0, 0.0), 15.0)
    found = compared(ball, ball)
    assert found.dice == pytest.approx(1.0, abs=1e-6)
    assert found.surface_dice == pytest.approx({"1": 1.0, "2": 1.0, "3": 1.0})
    assert found.hausdorff_mm == pytest.approx(0.0, abs=1e-6)
    assert found.added_path_mm == 0.0


def test_balls_one_within_the_other():
    found = compared(Sphere((0.0, 0.0, 0.0), 15.0), Sphere((0.0, 0.0, 0.0), 17.5))
    small, large = 15.0**3, 17.5**3
    assert found.volume_cc == pytest.approx(4 / 3 * math.pi * small / 1000, rel=0.005)
    assert found.dice == pytest.approx(2 * small / (small + large), rel=0.005)
    assert found.mean_mm == pytest.approx(2.5, abs=0.1)
    assert found.hausdorff95_mm == pytest.approx(2.5, abs=0.15)
    assert found.hausdorff_mm == pytest.approx(2.5, abs=0.3)
    assert found.surface_dice["2"] == pytest.approx(0.0, abs=0.01)
    assert found.surface_dice["3"] == pytest.approx(1.0, abs=0.01)
    assert found.added_path_mm == pytest.approx(found.path_mm, rel=0.01)


def test_a_moved_ball():
    found = compared(Sphere((4.0, 0.0, 0.0), 15.0), Sphere((0.0, 0.0, 0.0), 15.0))
    part = 4.0 / 30.0  # distance over diameter: the common lens is (1 - part)^2 (1 + part / 2)
    assert found.dice == pytest.approx((1 - part) ** 2 * (1 + part / 2), rel=0.01)
    assert found.hausdorff_mm == pytest.approx(4.0, abs=0.3)
    # Points at an angle t from the shift lie 4 cos t away, to first order: mean 2, and a third of
    # the surface has |cos t| below 1/3.
    assert found.mean_mm == pytest.approx(2.0, abs=0.1)
    assert found.surface_dice["2"] == pytest.approx(0.5, abs=0.03)


def shell(inner, outer, step=0.5):
    """Return what lies between two spheres, and the planes it was drawn on."""
    whole, planes = drawn(Sphere((0.0, 0.0, 0.0), outer), step)
    return whole - drawn(Sphere((0.0, 0.0, 0.0), inner), step)[0], planes


def test_a_shell_beside_the_ball_that_it_lies_in():
    """The ball has one surface, the shell two: that of the hole is 6 mm from the ball's."""
    ball, planes = drawn(Sphere((0.0, 0.0, 0.0), 16.0))
    found = contour_agreement(shell(10.0, 16.0)[0], ball, planes)
    hole, outside = 10.0**2, 16.0**2
    volumes = 16.0**3 - 10.0**3, 16.0**3
    assert found.volume_cc == pytest.approx(4 / 3 * math.pi * volumes[0] / 1000, rel=0.01)
    assert found.dice == pytest.approx(2 * volumes[0] / sum(volumes), rel=0.005)
    whole = hole + 2 * outside
    assert found.surface_dice["3"] == pytest.approx(2 * outside / whole, abs=0.01)
    assert found.mean_mm == pytest.approx(6.0 * hole / whole, abs=0.05)
    assert found.hausdorff_mm == pytest.approx(6.0, abs=0.3)
    assert found.added_path_mm == pytest.approx(0.0, abs=0.02 * found.path_mm)


def test_two_shells_of_different_thickness():
    """Holes of 10 and 12.5 mm in balls of 16 mm: the holes lie 2.5 mm apart, the outsides none."""
    reference, planes = shell(12.5, 16.0)
    found = contour_agreement(shell(10.0, 16.0)[0], reference, planes)
    one, other, outside = 10.0**2, 12.5**2, 16.0**2
    first, second = 16.0**3 - 10.0**3, 16.0**3 - 12.5**3
    assert found.dice == pytest.approx(2 * second / (first + second), rel=0.01)
    apart = (one + other) / (one + other + 2 * outside)
    assert found.surface_dice["2"] == pytest.approx(1 - apart, abs=0.01)
    assert found.surface_dice["3"] == pytest.approx(1.0, abs=0.01)
    assert found.mean_mm == pytest.approx(2.5 * apart, abs=0.05)
    # Outlines: the hole's circles, all of which are new, beside those of the outside. A circle at z
    # has a radius of sqrt(r^2 - z^2): over all planes they are as long as pi^2 r^2 over the step.
    assert found.added_path_mm / found.path_mm == pytest.approx(other / (other + outside), abs=0.02)


BOX, LONGER = (
    Box((0.0, 0.0, 0.0), (40.0, 30.0, 20.0)),
    Box((0.0, 0.0, 0.0), (44.0, 30.0, 20.0)),
)


def test_boxes_that_differ_at_one_end():
    found = compared(BOX, LONGER)
    assert found.dice == pytest.approx(2 * 40 / 84, rel=0.01)
    assert found.hausdorff_mm == pytest.approx(4.0, abs=0.3)


def test_added_path_of_a_box():
    found = compared(BOX, LONGER, step=1.0)
    planes = 20
    assert found.path_mm == pytest.approx(planes * 2 * (44 + 30), rel=0.02)
    # The end of 30 mm lies 4 mm off, and so do two long sides beyond 1 mm from the drawn corner.
    assert found.added_path_mm == pytest.approx(planes * (30 + 2 * 3), rel=0.05)


def test_what_is_not_drawn_on_a_plane_is_added_whole():
    short = Box((0.0, 0.0, 0.0), (30.0, 30.0, 20.0))
    tall = Box((0.0, 0.0, 0.0), (30.0, 30.0, 30.0))
    found = compared(short, tall, step=1.0)
    assert found.added_path_mm == pytest.approx(10 * 120, rel=0.12)


def test_dice_and_hausdorff_agree_with_simpleitk():
    sitk = pytest.importorskip("SimpleITK")
    one, other = Sphere((2.0, 1.0, 0.0), 14.0), Sphere((0.0, 0.0, 0.0), 16.0)
    found = compared(one, other)
    axis = np.arange(-20.0, 20.1, 0.5)
    images = []
    for shape in (one, other):
        mask = inside(cells_of(drawn(shape)[0]), axis, axis, axis).astype(np.uint8)
        image = sitk.GetImageFromArray(mask)
        image.SetSpacing((0.5, 0.5, 0.5))
        images.append(image)
    overlap = sitk.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*images)
    assert found.dice == pytest.approx(overlap.GetDiceCoefficient(), abs=0.005)
    far = sitk.HausdorffDistanceImageFilter()
    far.Execute(*images)
    assert found.hausdorff_mm == pytest.approx(far.GetHausdorffDistance(), abs=0.5)


def test_a_structure_without_a_volume_is_refused():
    ball, planes = drawn(Sphere((0.0, 0.0, 0.0), 10.0))
    with pytest.raises(GeometryError):
        contour_agreement(ball - ball, ball, planes)
