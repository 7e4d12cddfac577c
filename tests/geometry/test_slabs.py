"""What contours mean between and beyond their planes."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.planes import stack_planes
from sbrt_qa.geometry.regions import cells_of, region_of
from sbrt_qa.geometry.scanlines import lattice, scan
from sbrt_qa.geometry.slabs import Between, Convention, Ends, gaps_between
from sbrt_qa.model.structure import Contour, Structure

_spec = importlib.util.spec_from_file_location("shapes", Path(__file__).with_name("shapes.py"))
shapes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(shapes)

SLAB = Convention(Between.SLAB, Ends.HALF_SLICE)


def volume_cc(structure, convention=SLAB, slice_spacing_mm=None, area=0.25):
    cells = cells_of(region_of(structure, convention, slice_spacing_mm))
    return scan(cells, lattice(cells, area)).volume_cc


@pytest.mark.parametrize(
    ("convention", "length_mm"),
    [
        (Convention(Between.SLAB, Ends.HALF_SLICE), 8.0),
        (Convention(Between.SLAB, Ends.NONE), 6.0),
        (Convention(Between.SLAB, Ends.TAPERED), 8.0),
        (Convention(Between.MORPH, Ends.TAPERED), 8.0),
    ],
)
def test_case_11__end_caps_are_a_stated_choice(convention, length_mm):
    box = shapes.prism(shapes.square(side=10))
    assert volume_cc(box, convention) == pytest.approx(length_mm * 100 / 1000, rel=1e-12)
    assert str(convention.ends) in str(convention)


@pytest.mark.parametrize(("known", "thickness"), [(2.5, 2.5), (None, 3.0), (0.0, 3.0)])
def test_case_9__a_lone_plane_is_as_thick_as_an_image_slice(known, thickness):
    lone = shapes.prism(shapes.square(side=10), z=(5.0,))
    assert volume_cc(lone, slice_spacing_mm=known) == pytest.approx(thickness / 10, rel=1e-12)


@pytest.mark.parametrize(
    ("convention", "slices"),
    [
        pytest.param(Convention(ends=Ends.NONE), 0.5, id="nothing beyond"),
        pytest.param(Convention(flat_low=0.0), 0.75, id="nothing below"),
        pytest.param(Convention(flat_low=0.0, flat_high=0.0), 0.5, id="no reach"),
        pytest.param(Convention(flat_low=1.0, flat_high=1.0), 2.0, id="to the next planes"),
    ],
)
@pytest.mark.parametrize(
    "others", [(), (-1.0, 2.0, 5.0, 8.0, 11.0)], ids=["alone", "beside a body"]
)
def test_what_is_drawn_on_one_slice_fills_at_least_half_of_it(convention, slices, others):
    lone = shapes.prism(shapes.square(side=10), z=(5.0,))
    beside = shapes.prism(shapes.square(x=60, side=10), z=others)
    both = Structure(1, "ROI", (*lone.contours, *beside.contours))
    without = volume_cc(beside, convention, slice_spacing_mm=3.0) if others else 0.0
    found = volume_cc(both, convention, slice_spacing_mm=3.0) - without
    assert found == pytest.approx(slices * 3.0 * 100 / 1000, rel=1e-9)


def test_a_missing_slice_is_bridged_and_reported():
    gaps = gaps_between(np.array([0.0, 2, 4, 8, 10]))
    assert gaps.bridged_mm == (4.0,)
    assert gaps.parted_mm == ()
    bridged = shapes.prism(shapes.square(), z=(0.0, 2, 4, 8, 10))
    assert volume_cc(bridged) == pytest.approx(1.2, rel=1e-12)


def test_case_23__bodies_far_apart_are_not_bridged():
    parted = shapes.prism(shapes.square(), z=(0.0, 2, 4, 30, 32, 34))
    assert gaps_between(np.array([0.0, 2, 4, 30, 32, 34])).parted_mm == (4.0,)
    assert volume_cc(parted) == pytest.approx(1.2, rel=1e-12)


def test_two_planes_far_apart_belong_together_only_when_no_slice_lies_between():
    two = shapes.prism(shapes.square(), z=(0.0, 20.0))
    assert volume_cc(two, slice_spacing_mm=2.0) == pytest.approx(0.4, rel=1e-12)
    assert volume_cc(two) == pytest.approx(4.0, rel=1e-12)


def test_case_28__spacing_noise_is_no_gap_and_a_doubled_gap_is():
    noisy = np.cumsum([0, 2.4991, 2.4992, 2.4991, 2.4992])
    assert gaps_between(noisy).bridged_mm == ()
    doubled = np.cumsum([0, 2.4991, 2.4992, 4.9983, 2.4992])
    assert len(gaps_between(doubled).bridged_mm) == 1


def kinked(low_edges, side, spacing=3.0):
    """Rectangles with one edge that follows `low_edges` from plane to plane and the other at 40."""
    return Structure(
        1,
        "ROI",
        tuple(
            Contour(spacing * i, np.array([[x, 0.0], [40.0, 0.0], [40.0, side], [x, side]]))
            for i, x in enumerate(low_edges)
        ),
    )


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_flat_side_with_a_kink_does_not_bulge_between_its_planes(axis, mirrored):
    """A parabola through 0, 0 and 12 mm dips 1.5 mm below 0 on its way."""
    sections = kinked((0.0, 0.0, 0.0, 12.0, 24.0), 15.0)
    sign = -1.0 if mirrored else 1.0
    turned = Structure(
        1,
        "ROI",
        tuple(Contour(c.z_mm, sign * np.roll(c.xy_mm, axis, 1)) for c in sections.contours),
    )
    cells = cells_of(region_of(turned, Convention()))
    spans = scan(cells, lattice(cells, 0.2))
    if axis == 0:
        lowest = (sign * (spans.x_high_mm if mirrored else spans.x_low_mm)).min()
    else:
        filled = np.diff(spans.start) > 0
        lowest = (sign * spans.lines.y_mm[filled]).min()
    assert lowest == pytest.approx(0.0, abs=0.05)


def test_a_ball_still_bulges_between_the_planes_on_both_sides_of_its_middle():
    z = np.array([-4.5, -1.5, 1.5, 4.5])
    ball = Structure(1, "ROI", tuple(Contour(h, shapes.disc(np.sqrt(36 - h * h))) for h in z))
    cells = cells_of(region_of(ball, Convention()))
    spans = scan(cells, lattice(cells, 0.2))
    assert spans.x_high_mm.max() == pytest.approx(6.0, abs=0.02)


def test_contours_a_hair_apart_lie_in_one_plane():
    loops = (Contour(0.0, shapes.square()), Contour(0.004, shapes.square(x=20)))
    assert stack_planes(Structure(1, "ROI", loops)).n_planes == 1


def test_an_identical_copy_of_a_contour_does_not_turn_it_inside_out():
    twice = shapes.prism([shapes.square(), shapes.square()])
    assert stack_planes(twice).duplicates == 4
    assert volume_cc(twice) == pytest.approx(0.8, rel=1e-12)


def test_no_contour_is_refused():
    with pytest.raises(GeometryError, match="no closed contour"):
        stack_planes(Structure(7, "EMPTY"))


@pytest.mark.parametrize("reverse", [False, True])
def test_case_20_22__nested_and_keyhole_contours_are_hollow(reverse):
    outer, inner = shapes.disc(10), shapes.disc(4)
    inner = inner[::-1] if reverse else inner
    nested = volume_cc(shapes.prism([outer, inner]))
    keyhole = np.concatenate([outer, outer[:1], inner[:1], inner[::-1], inner[:1]])
    assert volume_cc(shapes.prism(keyhole)) == pytest.approx(nested, rel=2e-3)
    assert nested == pytest.approx(8 * np.pi * (100 - 16) / 1000, rel=5e-3)


def test_case_21__many_nested_contours_alternate():
    radii = [12, 10, 8, 6, 4, 2]
    rings = volume_cc(shapes.prism([shapes.disc(r) for r in radii]))
    area = np.pi * sum((-1) ** i * r * r for i, r in enumerate(radii))
    assert rings == pytest.approx(8 * area / 1000, rel=5e-3)


def test_a_branch_does_not_deform_its_neighbours():
    trunk = [Contour(z, shapes.disc(10)) for z in (0.0, 2.0, 4.0)]
    legs = [Contour(z, shapes.disc(4, x=x)) for z in (6.0, 8.0, 10.0) for x in (-6.0, 6.0)]
    both = volume_cc(Structure(1, "ROI", (*trunk, *legs)), Convention())
    assert both == pytest.approx(6 * np.pi * (100 + 2 * 16) / 1000, rel=5e-3)


@pytest.mark.parametrize(("reach", "length_mm"), [(0.0, 6.0), (0.5, 8.0), (1.0, 10.0)])
def test_how_far_a_flat_end_reaches_is_a_stated_choice(reach, length_mm):
    box = shapes.prism(shapes.square(side=10))
    convention = Convention(flat_low=reach, flat_high=reach)
    assert volume_cc(box, convention) == pytest.approx(length_mm * 100 / 1000, rel=1e-12)
    assert (f"{reach:g} of a gap" in str(convention)) == (reach != 0.5)


@pytest.mark.parametrize("reach", [-0.1, 1.1, float("nan")])
def test_an_end_cannot_reach_beyond_the_next_plane(reach):
    with pytest.raises(ValueError, match="from 0 to 1 gaps"):
        Convention(flat_high=reach)
