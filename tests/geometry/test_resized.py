"""Regions with margins, against the closed forms of spheres, boxes and cylinders."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sbrt_qa.geometry.expansion._kernels import reach
from sbrt_qa.geometry.expansion.grow import Margins
from sbrt_qa.geometry.expansion.resized import grown_region, shrunk_region
from sbrt_qa.geometry.margins import volume_of_cc
from sbrt_qa.geometry.regions import cells_of, region_of
from sbrt_qa.geometry.scanlines import lattice, scan
from sbrt_qa.model.structure import Contour, Structure
from sbrt_qa.testing.phantoms.shapes import Box, Sphere, cylinder

X, Y = 3.3, -7.1
"""Where the shapes stand: off every grid."""

SIZE = np.array([30.0, 24.0, 30.0])
RADIUS = 15.0


def region(shape, spacing, first):
    """Return a shape as drawn on slices, the first at a height."""
    low, high = shape.extent(2)
    before, after = math.floor((low - first) / spacing), math.ceil((high - first) / spacing)
    heights = [first + spacing * k for k in range(before, after + 1)]
    return region_of(
        Structure(1, "ROI", tuple(Contour(z, loop) for z in heights for loop in shape.sections(z)))
    )


def ends(region):
    """Return where a region begins and ends along x, y and z, mm."""
    spans = scan(cells_of(region), lattice(cells_of(region), 0.06))
    used = np.repeat(np.arange(spans.lines.y_mm.size), np.diff(spans.start))
    y, z = spans.lines.y_mm[used], spans.lines.z_mm[used]
    low, high = spans.x_low_mm.min(), spans.x_high_mm.max()
    return np.array([low, high, y.min(), y.max(), z.min(), z.max()])


def held(made, volume_mm3, expected):
    assert volume_of_cc(made, 0.2) * 1000 == pytest.approx(volume_mm3, rel=0.01)
    assert np.abs(ends(made) - expected).max() < 0.3


def box(spacing):
    """Return a box whose ends lie half a slice beyond its planes, and its ends."""
    low = np.array([X, Y, 0.3]) - SIZE / 2
    drawn = region(Box(tuple(low), tuple(low + SIZE)), spacing, low[2] + spacing / 2)
    return drawn, np.column_stack([low, low + SIZE]).ravel()


def around(sides):
    """Return how far ends move outwards, by low and high x, y, z."""
    return np.array(sides) * [-1, 1, -1, 1, -1, 1]


@pytest.mark.parametrize("spacing", [1.0, 3.0, 5.0])
@pytest.mark.parametrize("margin", [6.0, -6.0])
def test_a_sphere_stays_a_sphere(spacing, margin):
    drawn, left = region(Sphere((X, Y, 0.7), 20.0), spacing, 0.0), 20.0 + margin
    change = shrunk_region if margin < 0 else grown_region
    made = change(drawn, Margins.even(abs(margin)))
    centre = np.repeat([X, Y, 0.7], 2)
    held(made, 4 / 3 * math.pi * left**3, centre + around([left] * 6))


@pytest.mark.parametrize(("spacing", "sides"), [(3.0, (6, 6, 6)), (5.0, (5, 5, 8))])
def test_a_box_grows_by_steiners_formula(spacing, sides):
    """In margins as units, an ellipsoid is a ball."""
    drawn, own = box(spacing)
    a, b, c = SIZE / sides
    units = a * b * c + 2 * (a * b + b * c + a * c) + math.pi * (a + b + c) + 4 / 3 * math.pi
    six = np.repeat(sides, 2)
    held(grown_region(drawn, Margins(*six)), units * np.prod(sides), own + around(six))


@pytest.mark.parametrize("sides", [(6,) * 6, (2, 2, 3, 4, 5, 6), (0, 0, 0, 0, 4, 4)])
def test_a_shrunk_box_is_a_box(sides):
    drawn, own = box(3.0)
    left = own - around(sides)
    held(shrunk_region(drawn, Margins(*sides)), np.prod(left[1::2] - left[::2]), left)


def test_a_margin_of_nothing_along_an_axis_moves_nothing_there():
    drawn, own = box(5.0)
    flat = SIZE[0] * SIZE[1] + 2 * 5 * (SIZE[0] + SIZE[1]) + 25 * math.pi
    sides = (5, 5, 5, 5, 0, 0)
    held(grown_region(drawn, Margins(*sides)), flat * SIZE[2], own + around(sides))
    sides = (0, 0, 0, 0, 5, 5)
    held(grown_region(drawn, Margins(*sides)), SIZE[0] * SIZE[1] * 40, own + around(sides))


@pytest.mark.parametrize("spacing", [3.0])
def test_a_cylinder_grows_and_shrinks(spacing):
    drawn = region(cylinder((X, Y, 0.3), RADIUS, 30.0, 2), spacing, 0.3 - 15 + spacing / 2)
    own = np.array([X - 15, X + 15, Y - 15, Y + 15, 0.3 - 15, 0.3 + 15])
    m, r, long = 6.0, RADIUS, 30.0
    grown = (
        math.pi * r * r * long
        + m * (2 * math.pi * r * long + 2 * math.pi * r * r)
        + m * m * (math.pi * long + math.pi**2 * r)
        + 4 / 3 * math.pi * m**3
    )
    held(grown_region(drawn, Margins.even(m)), grown, own + around([m] * 6))
    held(shrunk_region(drawn, Margins.even(12.0)), math.pi * 9 * 6, own - around([12.0] * 6))
    assert shrunk_region(drawn, Margins.even(15.5)) is None


def test_what_is_grown_holds_what_it_was_and_what_is_shrunk_lies_in_it():
    drawn, _ = box(5.0)
    assert volume_of_cc(drawn - grown_region(drawn, Margins.even(1.0))) == 0
    assert volume_of_cc(shrunk_region(drawn, Margins.even(1.0)) - drawn) == 0


def test_the_kernel_finds_the_nearest_point_by_its_definition():
    points = np.array([[0.2, 0.1, -0.3], [3.0, 1.0, 2.0], [-2.0, 4.5, 0.0]])
    margins = np.array([2.0, 3.0, 1.0, 4.0, 2.5, 1.5])
    axes = np.array([[-4.0, 0.7, 14], [-3.0, 0.9, 12], [-4.0, 1.1, 8]])
    found = np.full((8, 12, 14), 1.5**2)
    reach(points, margins, 1 / margins, axes, 1.5, found)
    for k, j, i in np.ndindex(found.shape):
        node = axes[:, 0] + axes[:, 1] * [i, j, k]
        apart = node - points
        half = np.where(apart > 0, margins[1::2], margins[::2])
        slow = ((apart / half) ** 2).sum(axis=1).min()
        assert found[k, j, i] == pytest.approx(min(slow, 1.5**2))
