"""Outlines as bad exports leave them: simplified, shifted, lapped, or drawn again in part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sbrt_qa.geometry.overlaps.pairs import ContourRelation, pair_of
from sbrt_qa.geometry.planes import stack_planes
from sbrt_qa.geometry.regions import cells_of, region_of
from sbrt_qa.geometry.scanlines import lattice, scan
from sbrt_qa.geometry.slabs import DEFAULT_CONVENTION, Between, Convention, Ends, Overlaps
from sbrt_qa.model.structure import Contour, Structure

FLAT = Convention(Between.SLAB, Ends.HALF_SLICE)
SPACING_MM = 3.0
HEIGHTS = np.arange(15) * SPACING_MM
RADII = 12 + 6 * np.sin(HEIGHTS / 9)


def circle(radius: float, x: float = 0.0, points: int = 90) -> np.ndarray:
    angle = np.arange(points) * 2 * np.pi / points
    return np.column_stack([x + radius * np.cos(angle), radius * np.sin(angle)])


def drawn(*contours: tuple[float, np.ndarray]) -> Structure:
    return Structure(1, "Organ", tuple(Contour(float(z), xy) for z, xy in contours))


def organ() -> list[tuple[float, np.ndarray]]:
    return [(float(z), circle(r)) for z, r in zip(HEIGHTS, RADII, strict=True)]


def volume_cc(
    structure: Structure, convention: Convention = FLAT, spacing_mm: float | None = SPACING_MM
) -> float:
    cells = cells_of(region_of(structure, convention, spacing_mm))
    return scan(cells, lattice(cells, 0.3)).volume_cc


def reading(overlaps: Overlaps) -> Convention:
    return replace(FLAT, overlaps=overlaps)


@pytest.mark.parametrize("spacing_mm", [SPACING_MM, None], ids=["image", "no image"])
@pytest.mark.parametrize("off_mm", [0.9, 1.2, 1.5, 1.8, 2.1, 2.5, 2.9])
@pytest.mark.parametrize("convention", [FLAT, DEFAULT_CONVENTION], ids=["flat", "default"])
def test_case_104__copies_part_of_a_slice_off_are_told_and_change_nothing(
    off_mm, spacing_mm, convention
) -> None:
    twice = drawn(*organ(), *((z + off_mm, xy) for z, xy in organ()))
    once = volume_cc(drawn(*organ()), convention, spacing_mm)
    assert volume_cc(twice, convention, spacing_mm) == pytest.approx(once, rel=0.01)
    assert stack_planes(twice, spacing_mm).duplicates == len(HEIGHTS)


@pytest.mark.parametrize("off_mm", [0.9, 1.5, 2.9])
def test_case_105__copies_of_some_planes_part_of_a_slice_off_are_told(off_mm) -> None:
    some = organ()[1::3]
    twice = drawn(*organ(), *((z + off_mm, xy[::-1] + 0.05) for z, xy in some))
    assert volume_cc(twice) == pytest.approx(volume_cc(drawn(*organ())), rel=0.01)
    assert stack_planes(twice, SPACING_MM).duplicates == len(some)


@pytest.mark.parametrize(
    ("heights", "spacing_mm"),
    [
        (np.arange(20) * 1.5, 3.0),
        (np.arange(20) * 3.0, 3.0),
        (np.arange(20) * 1.5, None),
        (np.arange(20) * 1.0, 1.0),
    ],
)
def test_a_straight_tube_has_no_copies(heights, spacing_mm) -> None:
    assert stack_planes(drawn(*((z, circle(9)) for z in heights)), spacing_mm).duplicates == 0


def test_outlines_copied_to_the_next_slice_are_no_second_copies() -> None:
    pairs = [(float(z), circle(r)) for z, r in zip(HEIGHTS, np.repeat(RADII, 2), strict=False)]
    assert stack_planes(drawn(*pairs), SPACING_MM).duplicates == 0


@pytest.mark.parametrize("points", [6, 9, 15])
def test_case_105__a_simplified_copy_is_no_hole(points) -> None:
    coarse = [(z, circle(xy[0, 0], points=points)) for z, xy in organ()]
    twice = drawn(*organ(), *coarse)
    assert volume_cc(twice) == pytest.approx(volume_cc(drawn(*organ())), rel=0.01)
    stack = stack_planes(twice, SPACING_MM)
    assert stack.duplicates + len(stack.unclear) == len(HEIGHTS)


@pytest.mark.parametrize("wall_mm", [0.5, 1.0, 1.4])
def test_case_105__a_thin_wall_is_a_wall_and_has_another_reading(wall_mm) -> None:
    thin = drawn(*organ(), *((z, circle(xy[0, 0] - wall_mm)) for z, xy in organ()))
    full, inner = (sum(r**2 for r in radii) for radii in (RADII, RADII - wall_mm))
    share = 1 - inner / full
    whole = volume_cc(drawn(*organ()))
    assert volume_cc(thin) == pytest.approx(share * whole, rel=0.01)
    assert volume_cc(thin, reading(Overlaps.SOLID)) == pytest.approx(whole, rel=0.001)
    stack = stack_planes(thin, SPACING_MM)
    assert not stack.unclear
    assert len(stack.thin) == len(HEIGHTS)


def test_a_wall_that_is_drawn_is_not_doubted() -> None:
    wall = drawn(*organ(), *((z, circle(xy[0, 0] - 3)) for z, xy in organ()))
    assert not stack_planes(wall, SPACING_MM).thin


@pytest.mark.parametrize("second", [90, 37], ids=["the same points", "other points"])
def test_case_105__a_contour_that_runs_around_twice_encloses_its_area_once(second) -> None:
    laps = [(z, np.concatenate([xy, circle(xy[0, 0], points=second)])) for z, xy in organ()]
    twice = drawn(*laps)
    assert volume_cc(twice) == pytest.approx(volume_cc(drawn(*organ())), rel=0.01)
    stack = stack_planes(twice, SPACING_MM)
    assert len(stack.unclear) == len(HEIGHTS)
    assert min(u.share for u in stack.unclear) > 0.9
    assert volume_cc(twice, reading(Overlaps.EVEN_ODD)) < 0.1 * volume_cc(twice)


def keyhole(radius: float, hole: float, *, turned: bool) -> np.ndarray:
    inner = circle(hole)[::-1] if turned else circle(hole)
    outer = circle(radius)
    return np.concatenate([outer, outer[:1], inner, inner[:1]])


@pytest.mark.parametrize("turned", [True, False])
def test_a_hole_that_a_cut_leads_to_is_a_hole_whichever_way_it_runs(turned) -> None:
    cut = drawn(*((float(z), keyhole(12, 6, turned=turned)) for z in HEIGHTS))
    expected = np.pi * (12**2 - 6**2) * len(HEIGHTS) * SPACING_MM / 1000
    assert volume_cc(cut) == pytest.approx(expected, rel=0.01)


def test_case_106__points_in_disorder_are_told_with_both_readings() -> None:
    rng = np.random.default_rng(3)
    mixed = drawn(*((z, rng.permutation(xy)) for z, xy in organ()))
    assert len(stack_planes(mixed, SPACING_MM).unclear) >= 0.9 * len(HEIGHTS)
    parity, union = (volume_cc(mixed, reading(o)) for o in (Overlaps.EVEN_ODD, Overlaps.UNION))
    assert parity < 0.8 * union


def test_case_105__a_half_that_is_drawn_again_is_no_hole() -> None:
    halves = [(z, xy[xy[:, 0] >= 0]) for z, xy in organ()]
    again = drawn(*organ(), *halves)
    assert volume_cc(again) == pytest.approx(volume_cc(drawn(*organ())), rel=0.01)
    assert len(stack_planes(again, SPACING_MM).unclear) == len(HEIGHTS)


def test_a_hole_near_the_outline_stays_a_hole() -> None:
    assert pair_of(circle(20), circle(8, x=11)).relation is ContourRelation.SEPARATE


@pytest.mark.parametrize(
    ("step_mm", "spacing_mm", "told"),
    [(9.0, 3.0, 14), (6.0, 3.0, 0), (3.0, 1.0, 0), (9.0, None, 0)],
)
def test_case_109__planes_evenly_far_apart_on_fine_slices_are_gaps(
    step_mm, spacing_mm, told
) -> None:
    far = drawn(*((k * step_mm, circle(12)) for k in range(15)))
    region = region_of(far, FLAT, spacing_mm)
    assert sum(len(solid.gaps.bridged_mm) for solid in region.solids) == told


def eight(radius: float) -> np.ndarray:
    """The points of a circle, of which one half stands in the wrong order."""
    xy = circle(radius)
    half = len(xy) // 2
    return np.concatenate([xy[:half], xy[half:][::-1]])


def test_an_outline_that_crosses_itself_is_told_and_may_reach_as_far_as_its_hull() -> None:
    crossed = drawn(*((z, eight(xy[0, 0])) for z, xy in organ()))
    stack = stack_planes(crossed, SPACING_MM)
    assert len(stack.unclear) == len(HEIGHTS)
    widest = volume_cc(crossed, reading(Overlaps.UNION))
    assert widest == pytest.approx(volume_cc(drawn(*organ())), rel=0.001)
    assert volume_cc(crossed) < 0.99 * widest


def test_islands_on_a_bridge_and_slips_of_the_hand_are_no_eights() -> None:
    aside = np.array([8.0, 0.0])
    left, right = circle(5) - aside, circle(5)[::-1] + aside
    bridge = np.concatenate([left, left[:1], right, right[:1]])
    turned = circle(12)
    turned[[3, 4]] = turned[[4, 3]]
    for outline in (bridge, turned):
        assert not stack_planes(drawn(*((float(z), outline) for z in HEIGHTS)), SPACING_MM).unclear
