"""Distances between surfaces, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.regions import Cells, cells_of, region_of
from sbrt_qa.geometry.surfaces import Surface, surface_distance
from sbrt_qa.model.structure import Contour, Structure
from sbrt_qa.testing.phantoms.shapes import Box, PhantomShape, Sphere


def cells(shape: PhantomShape, spacing_mm: float = 2.0) -> Cells:
    low, high = shape.extent(2)
    planes = np.arange(low + spacing_mm / 2, high, spacing_mm)
    drawn = tuple(Contour(z, loop) for z in planes for loop in shape.sections(float(z)))
    return cells_of(region_of(Structure(1, "ROI", drawn)))


@pytest.mark.parametrize("shift_mm", [0.4, 1.0, 2.0, 5.0])
def test_a_shifted_sphere(shift_mm: float) -> None:
    """A point of the one at angle t from the shift lies sqrt(r2 + d2 +- 2rd cos t) - r away.

    Its mean is d/2 to first order in d/r, its largest value d.
    """
    radius = 20.0
    found = surface_distance(
        cells(Sphere((0, 0, 0), radius)), cells(Sphere((0, 0, shift_mm), radius))
    )
    cosine = np.linspace(-1, 1, 20_001)
    apart = np.abs(np.sqrt(radius**2 + shift_mm**2 + 2 * radius * shift_mm * cosine) - radius)
    assert found.mean_mm == pytest.approx(apart.mean(), rel=0.02)
    assert found.p95_mm == pytest.approx(np.quantile(apart, 0.95), rel=0.02)
    assert found.max_mm == pytest.approx(shift_mm, abs=0.25)


@pytest.mark.parametrize(("small", "large"), [(10.0, 12.0), (30.0, 31.0), (60.0, 65.0)])
def test_concentric_spheres_are_as_far_apart_everywhere_as_their_radii(
    small: float, large: float
) -> None:
    found = surface_distance(cells(Sphere((3, 4, 5), small)), cells(Sphere((3, 4, 5), large)))
    assert found.mean_mm == pytest.approx(large - small, abs=0.05)
    assert found.p95_mm == pytest.approx(large - small, abs=0.1)
    assert found.max_mm == pytest.approx(large - small, abs=0.25)


def test_boxes_that_differ_on_one_face() -> None:
    """Faces count by area, and near an edge the side of the other box is closer than its face.

    From the face that moved: the integral of min(5, distance to the edge) is a frustum. From the
    strips beside it: 0 to 5 mm. From the other face: 5 mm.
    """
    one, other = Box((0, 0, 0), (40, 40, 40)), Box((0, 0, 0), (45, 40, 40))
    found = surface_distance(cells(one), cells(other))
    frustum, strips = (40**3 - 30**3) / 6, 4 * 40 * 5
    expected = (frustum + strips * 2.5 + 1600 * 5) / (12 * 1600 + strips)
    assert found.mean_mm == pytest.approx(expected, rel=0.02)
    assert found.p95_mm == pytest.approx(5.0, abs=0.3)
    assert found.max_mm == pytest.approx(5.0, abs=0.1)


def test_a_region_is_no_distance_from_itself() -> None:
    one = cells(Sphere((0, 0, 0), 15.0))
    found = surface_distance(one, one)
    assert max(found.mean_mm, found.p95_mm, found.max_mm) == pytest.approx(0.0, abs=1e-9)


@settings(max_examples=5, deadline=None)
@given(radius=st.floats(5, 30), other=st.floats(5, 30), shift=st.tuples(*[st.floats(-20, 20)] * 3))
def test_the_distance_is_the_same_both_ways(
    radius: float, other: float, shift: tuple[float, float, float]
) -> None:
    one, two = cells(Sphere((0, 0, 0), radius)), cells(Sphere(shift, other))
    assert surface_distance(one, two) == surface_distance(two, one)


def test_a_rind_is_not_mistaken_for_its_other_side() -> None:
    """Shells of 4 mm under spheres of 100 and 101 mm: each side moves by 1 mm."""

    def rind(radius: float) -> Cells:
        outer, inner = Sphere((0, 0, 0), radius), Sphere((0, 0, 0), radius - 4)
        planes = np.arange(-105.0, 106.0, 3.0)
        loops = [(z, loop) for z in planes for s in (outer, inner) for loop in s.sections(z)]
        drawn = tuple(Contour(float(z), loop) for z, loop in loops)
        return cells_of(region_of(Structure(1, "Skin", drawn)))

    found = surface_distance(rind(100.0), rind(101.0))
    assert found.mean_mm == pytest.approx(1.0, abs=0.15)
    assert found.max_mm < 3.5  # slices of 3 mm, and the ends of the hollow


def test_slivers_have_no_surface_to_measure() -> None:
    """Two threads that no line of the lattice happens to lie in."""
    thread = np.array([[0.0, 0.0], [300.0, 0.0], [300.0, 1e-5], [0.0, 1e-5]])
    other = thread + np.array([0.0, 7.123])
    sliver = cells_of(region_of(Structure(1, "ROI", (Contour(0.0, thread), Contour(0.0, other)))))
    with pytest.raises(GeometryError, match="too thin"):
        surface_distance(sliver, sliver)


def test_points_of_known_distance() -> None:
    surface = Surface.of(cells(Sphere((0, 0, 0), 20.0)))
    points = np.array([[30.0, 0, 0], [0, -25.0, 0], [0, 0, 18.0], [0, 12.0, 16.5]])
    expected = np.abs(np.linalg.norm(points, axis=1) - 20)
    assert surface.distance_mm(points) == pytest.approx(expected, abs=0.05)
