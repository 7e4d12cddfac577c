"""What a plane is, what a second copy is, and what gaps are: closed forms (cases 102 to 109)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbrt_qa.dosimetry.integrate import volume_cc as volume_of
from sbrt_qa.geometry.overlaps.pairs import ContourRelation, areas_mm2, pair_of
from sbrt_qa.geometry.overlaps.reference import areas_slowly
from sbrt_qa.geometry.overlaps.unions import union_of
from sbrt_qa.geometry.planes import one_per_plane, stack_planes
from sbrt_qa.geometry.regions import cells_of, region_of
from sbrt_qa.geometry.scanlines import lattice, scan
from sbrt_qa.geometry.slabs import Convention, Ends, Missing, Overlaps
from sbrt_qa.model.structure import Contour, Structure
from sbrt_qa.testing.phantoms.closed_forms import contour
from sbrt_qa.testing.phantoms.doubled import CHANGES, doubled
from sbrt_qa.testing.phantoms.shapes import Sphere

from .shapes import disc, square

PLANES = 13
FLAT = Convention(ends=Ends.HALF_SLICE)
BY_UNION = replace(FLAT, overlaps=Overlaps.UNION)
BY_PARITY = replace(FLAT, overlaps=Overlaps.EVEN_ODD)


def circle(radius: float, x: float = 0.0) -> np.ndarray:
    return disc(radius, x, n=180)


def drawn(*stacks: tuple[np.ndarray, np.ndarray]) -> Structure:
    """Return one structure of loops, each on heights of its own."""
    return Structure(1, "ROI", tuple(Contour(float(z), loop) for loop, hs in stacks for z in hs))


def volume_cc(
    structure: Structure, convention: Convention = FLAT, spacing_mm: float | None = None
) -> float:
    cells = cells_of(region_of(structure, convention, spacing_mm))
    return scan(cells, lattice(cells, 0.3)).volume_cc


def cylinder_cc(squares: float, length_mm: float) -> float:
    """Return the volume of a cylinder whose section is pi times `squares`, mm2."""
    return np.pi * squares * length_mm / 1000


@pytest.mark.parametrize(
    ("spacing_mm", "off_mm"),
    [(3, 0.005), (3, 0.02), (3, 0.1), (3, 0.3), (3, -0.3), (1, 0.1), (5, 0.5), (2.5, 0.25)],
)
def test_case_102__a_hole_beside_the_plane_of_its_outline_is_a_hole(spacing_mm, off_mm) -> None:
    z = np.arange(PLANES) * float(spacing_mm)
    hollow = drawn((circle(30), z), (circle(20), z + off_mm))
    assert volume_cc(hollow) == pytest.approx(cylinder_cc(500, PLANES * spacing_mm), rel=0.01)
    stack = stack_planes(hollow)
    assert stack.n_planes == PLANES
    assert stack.moved == (PLANES, pytest.approx(abs(off_mm)))


def lens_mm2(radius: float, apart: float) -> float:
    half = np.sqrt(4 * radius**2 - apart**2)
    return float(2 * radius**2 * np.arccos(apart / 2 / radius) - apart / 2 * half)


@pytest.mark.parametrize("off_mm", [0.0, 0.02, 0.1, 0.3, 0.5, 1.0, 1.5, 2.0])
def test_case_103__two_lobes_on_nearly_the_same_planes_are_both_whole(off_mm) -> None:
    z = np.arange(PLANES) * 3.0
    lobes = drawn((circle(10), z), (circle(10, 16), z + off_mm))
    both = lens_mm2(10, 16) * (PLANES * 3 - (off_mm if off_mm > 0.3 else 0.0)) / 1000
    assert volume_cc(lobes) == pytest.approx(2 * cylinder_cc(100, PLANES * 3) - both, rel=0.01)
    assert stack_planes(lobes, overlaps=Overlaps.LIKELY).unclear


@pytest.mark.parametrize("share", [0.0, 1 / 60, 0.1, 0.167, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.97])
@pytest.mark.parametrize("spacing_mm", [1.0, 3.0, 5.0])
def test_case_104__each_of_two_lesions_keeps_its_stack(spacing_mm, share) -> None:
    z = np.arange(7) * spacing_mm
    lesions = drawn((circle(7), z), (circle(7, 40), z + share * spacing_mm))
    solid = region_of(lesions).solids[0]
    assert volume_cc(lesions) == pytest.approx(2 * cylinder_cc(49, 7 * spacing_mm), rel=0.01)
    assert not solid.gaps.doubtful
    starts = pairwise(solid.stack.column_start.tolist())
    first, second = sorted(solid.stack.z_mm[a:b].tolist() for a, b in starts)
    assert np.allclose(first, z)
    assert np.allclose(second, z + share * spacing_mm)


def test_case_104__lesions_of_three_stacks_and_two_spacings_keep_theirs() -> None:
    thick, thin = np.arange(7) * 3.0, np.arange(21) * 1.0
    lesions = drawn((circle(7), thick), (circle(5, 40), thin + 0.4), (circle(6, 80), thick + 50.5))
    expected = cylinder_cc(49 + 36, 21) + cylinder_cc(25, 21)
    assert volume_cc(lesions) == pytest.approx(expected, rel=0.01)
    assert not region_of(lesions).solids[0].gaps.doubtful


@pytest.mark.parametrize("off_mm", [0.5, 1.0, 1.5, 2.0])
def test_what_is_drawn_between_the_planes_of_an_organ_is_cut_out_of_it(off_mm) -> None:
    z = np.arange(PLANES) * 3.0
    hollow = drawn((circle(30), z), (circle(20), z + off_mm))
    inside = cylinder_cc(400, PLANES * 3 - off_mm)
    expected = cylinder_cc(900, PLANES * 3) - inside
    assert volume_cc(hollow) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("off_mm", [0.1, 0.3, 0.5, 1.0, 1.5, 2.0])
def test_a_copy_that_lies_part_of_a_slice_off_adds_nothing(off_mm) -> None:
    z = np.arange(PLANES) * 3.0
    twice = drawn((circle(10), z), (circle(10), z + off_mm))
    assert volume_cc(twice, spacing_mm=3.0) == pytest.approx(cylinder_cc(100, 39), rel=0.01)


@pytest.mark.parametrize("wall_mm", [0.5, 1.0])
@pytest.mark.parametrize("convention", [FLAT, BY_UNION])
def test_a_thin_wall_stays_a_wall(wall_mm, convention) -> None:
    z = np.arange(PLANES) * 3.0
    thin = drawn((circle(10), z), (circle(10 - wall_mm), z))
    expected = cylinder_cc(100 - (10 - wall_mm) ** 2, PLANES * 3)
    assert volume_cc(thin, convention) == pytest.approx(expected, rel=0.01)
    assert not stack_planes(thin).unclear


@pytest.mark.parametrize("wall_mm", [0.32, 0.4])
def test_between_copy_and_wall_both_readings_are_there(wall_mm) -> None:
    z = np.arange(PLANES) * 3.0
    thin = drawn((circle(10), z), (circle(10 - wall_mm), z))
    wall = cylinder_cc(100 - (10 - wall_mm) ** 2, PLANES * 3)
    assert volume_cc(thin, BY_PARITY) == pytest.approx(wall, rel=0.01)
    assert volume_cc(thin, BY_UNION) == pytest.approx(cylinder_cc(100, PLANES * 3), rel=0.01)
    assert len(stack_planes(thin).unclear) == PLANES


def test_a_copy_with_a_spike_is_unclear() -> None:
    spiked = circle(10)
    spiked[0] = 16.0, 0.0
    assert pair_of(circle(10), spiked).relation is ContourRelation.UNCLEAR


@pytest.mark.parametrize("name", list(CHANGES))
@pytest.mark.parametrize("rings", [(12,), (12, 8), (12, 8, 4)])
def test_case_105__a_second_copy_is_dropped_in_any_form(name, rings) -> None:
    rng = np.random.default_rng(5)
    z = np.arange(7) * 3.0
    once = drawn(*((circle(r), z) for r in rings))
    again = tuple(CHANGES[name](c, rng) for c in once.contours)
    twice = replace(once, contours=(*once.contours, *again))
    assert volume_cc(twice) == pytest.approx(volume_cc(once), rel=0.005)
    assert stack_planes(twice).duplicates == len(again)
    assert len(one_per_plane(twice).contours) == len(once.contours)


@pytest.mark.parametrize("seed", range(8))
def test_case_105__mixtures_of_copies_change_nothing(seed) -> None:
    z = np.arange(7) * 3.0
    once = drawn((circle(12), z), (circle(7), z), (circle(4, 40), z))
    found = doubled(once, np.random.default_rng(seed))
    assert len(found.contours) > len(once.contours)
    assert volume_cc(found) == pytest.approx(volume_cc(once), rel=0.01)


def test_case_105__a_keyhole_contour_beside_outline_and_hole_is_a_copy() -> None:
    z = np.arange(7) * 3.0
    outer, inner = circle(10), circle(5)
    keyhole = np.concatenate([outer, outer[:1], inner[:1], inner[::-1], inner[:1]])
    twice = drawn((outer, z), (inner, z), (keyhole, z))
    assert volume_cc(twice) == pytest.approx(cylinder_cc(75, 21), rel=0.01)
    assert stack_planes(twice).duplicates == 7


def test_case_106__contours_that_cross_have_two_readings() -> None:
    z = np.arange(PLANES) * 3.0
    lens = lens_mm2(10, 12)
    crossed = drawn((circle(10), z), (circle(10, 12), z))
    whole, both = 2 * cylinder_cc(100, PLANES * 3), lens * PLANES * 3 / 1000
    assert volume_cc(crossed, BY_UNION) == pytest.approx(whole - both, rel=0.01)
    assert volume_cc(crossed, BY_PARITY) == pytest.approx(whole - 2 * both, rel=0.01)
    told = stack_planes(crossed).unclear[0]
    assert told.area_mm2 == pytest.approx(lens, rel=0.01)
    assert told.share == pytest.approx(lens / (2 * np.pi * 100 - lens), rel=0.01)


@pytest.mark.parametrize("slip_mm", [0.0, 0.04, -0.04])
def test_case_107__two_contours_with_a_shared_edge_are_one_body(slip_mm) -> None:
    """A cone, drawn in halves: each half alone would change about its own centre."""
    cone, halves = [], []
    for z in np.arange(10) * 3.0:
        r = 20 - z / 2
        whole = circle(r)
        cone.append(Contour(z, whole))
        for sign in (1.0, -1.0):
            side = whole[sign * whole[:, 0] >= -1e-9]
            side = side if sign < 0 else np.roll(side, -int(np.argmin(side[:, 1])), axis=0)
            halves.append(Contour(z, side + np.array([sign * slip_mm, 0.0])))
    one, two = Structure(1, "ROI", tuple(cone)), Structure(1, "ROI", tuple(halves))
    assert volume_cc(two, Convention()) == pytest.approx(volume_cc(one, Convention()), rel=0.01)
    assert not stack_planes(two).unclear
    assert np.unique(stack_planes(two).body).size == 10 or slip_mm > 0


@pytest.mark.parametrize(
    ("heights", "spacing_mm", "open_mm", "filled_mm"),
    [
        pytest.param([0, 3, 6, 15, 18, 21], None, 18, 24, id="two missing slices"),
        pytest.param([0, 3, 6, 18, 21, 24], None, 18, 27, id="three missing slices"),
        pytest.param([0, 3, 6, 12, 15, 18], None, 18, 21, id="one missing slice"),
        pytest.param([0, 10], 3, 6, 20, id="two planes 10 mm apart"),
        pytest.param([0, 10], None, 20, 20, id="two planes, spacing unknown"),
    ],
)
def test_case_109__a_gap_has_two_readings(heights, spacing_mm, open_mm, filled_mm) -> None:
    body = drawn((circle(10), np.array(heights, dtype=float)))
    assert region_of(body, FLAT, spacing_mm).solids[0].gaps.doubtful
    filled, left = (replace(FLAT, missing=m) for m in (Missing.FILLED, Missing.OPEN))
    assert volume_cc(body, filled, spacing_mm) == pytest.approx(
        cylinder_cc(100, filled_mm), rel=0.01
    )
    if open_mm != filled_mm:
        assert volume_cc(body, left, spacing_mm) == pytest.approx(
            cylinder_cc(100, open_mm), rel=0.01
        )


def test_case_109__a_slice_missing_in_one_of_two_lobes_is_a_gap() -> None:
    z = np.arange(9) * 3.0
    lobes = drawn((circle(10), z), (circle(6, 22), z[z != 12.0]), (circle(30, 11), z[:1] - 3.0))
    gaps = region_of(lobes).solids[0].gaps
    assert gaps.bridged_mm == (9.0,)


def test_two_lesions_above_each_other_beside_another_are_no_gap() -> None:
    z = np.arange(5) * 3.0
    apart = drawn((circle(7), z), (circle(7, 30), z + 60.5))
    assert not region_of(apart).solids[0].gaps.doubtful


def named(z_mm: float, loop: np.ndarray, uid: str) -> Contour:
    return Contour(z_mm, loop, uid)


def test_contours_that_name_one_slice_lie_in_one_plane() -> None:
    z = np.arange(7) * 3.0
    contours = [named(h, circle(30), f"1.{i}") for i, h in enumerate(z)]
    contours += [named(h + 1.0, circle(20), f"1.{i}") for i, h in enumerate(z)]
    hollow = Structure(1, "ROI", tuple(contours))
    assert volume_cc(hollow) == pytest.approx(cylinder_cc(500, 21), rel=0.01)


@pytest.mark.parametrize("uid", ["", "1.2.3"])
def test_a_slice_that_all_contours_name_says_nothing(uid) -> None:
    z = np.arange(7) * 3.0
    body = Structure(1, "ROI", tuple(named(h, circle(10), uid) for h in z))
    assert stack_planes(body).n_planes == 7
    assert volume_cc(body) == pytest.approx(cylinder_cc(100, 21), rel=0.01)


loops = st.tuples(st.floats(-9, 9), st.floats(-9, 9), st.floats(1, 9), st.integers(3, 12)).map(
    lambda t: disc(t[2], t[0], t[1], n=t[3])
)


@settings(deadline=None, max_examples=25)
@given(st.lists(loops, min_size=1, max_size=3), st.lists(loops, min_size=1, max_size=2))
def test_areas_are_those_of_the_reference(first, second) -> None:
    assert areas_mm2(first, second) == pytest.approx(areas_slowly(first, second), rel=0.02, abs=0.5)


@settings(deadline=None, max_examples=25)
@given(st.lists(loops, min_size=2, max_size=4))
def test_a_union_holds_each_and_no_more(drawn_loops) -> None:
    pieces = union_of(drawn_loops)
    whole = areas_mm2(pieces, [])[0]
    for loop in drawn_loops:
        own, _, both = areas_mm2([loop], pieces)
        assert both == pytest.approx(own, rel=1e-6, abs=1e-6)
    assert whole <= sum(areas_mm2([loop], [])[0] for loop in drawn_loops) + 1e-6


def test_a_square_and_its_neighbour_share_an_edge() -> None:
    assert pair_of(square(0), square(10)).relation is ContourRelation.EDGE
    assert pair_of(square(0), square(11)).relation is ContourRelation.SEPARATE


@pytest.mark.parametrize(
    ("beside_mm", "above_mm", "radius_mm", "offset_mm"),
    [(15.0, 1.0, 9.0, 0.8), (15.0, 1.0, 9.0, 1.9), (18.0, 0.0, 12.0, 0.9), (20.0, 4.0, 10.0, 1.4)],
)
@pytest.mark.parametrize("slice_mm", [None, 3.0])
def test_two_sessions_are_told_apart_where_sections_change_fast(
    beside_mm, above_mm, radius_mm, offset_mm, slice_mm
):
    """Two balls, each drawn every 3 mm: the volume is that of both together, in closed form."""
    first = Sphere((0.0, 0.0, 0.0), 14.0)
    second = Sphere((beside_mm, 0.0, above_mm), radius_mm)
    contours = (
        *contour(first, np.arange(-12.6, 14.0, 3.0)).contours,
        *contour(second, np.arange(-30.0, 30.0, 3.0) + offset_mm).contours,
    )
    both = 4 / 3 * np.pi * (first.radius_mm**3 + radius_mm**3)
    true_cc = (both - first.volume_within(second.centre, radius_mm)) / 1000
    region = region_of(Structure(1, "PTV", contours), slice_spacing_mm=slice_mm)
    assert volume_of(region) == pytest.approx(true_cc, rel=0.02)
