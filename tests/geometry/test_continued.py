"""Where a structure goes on through missing planes, and where two bodies end (case 109)."""

from __future__ import annotations

import numpy as np
import pytest

from sbrt_qa.geometry.regions import region_of
from sbrt_qa.geometry.slabs import Gaps
from sbrt_qa.model.structure import Contour, Structure

from .shapes import disc


def drawn(*contours: tuple[float, np.ndarray]) -> Structure:
    return Structure(1, "ROI", tuple(Contour(float(z), xy) for z, xy in contours))


def gaps_of(structure: Structure, spacing_mm: float | None = None) -> Gaps:
    return region_of(structure, slice_spacing_mm=spacing_mm).solids[0].gaps


def ball(radius: float, z: float, spacing: float, x: float = 0.0) -> list[tuple[float, np.ndarray]]:
    """Return the sections of a ball on the planes of a stack through 0."""
    planes = np.arange(np.ceil((z - radius) / spacing), np.floor((z + radius) / spacing) + 1)
    half = [(h, np.sqrt(max(radius**2 - (h - z) ** 2, 0.0))) for h in planes * spacing]
    return [(h, disc(r, x, n=90)) for h, r in half if r > 0.3]


def tube(first: int, last: int, spacing: float, radius: float = 8.0, lean: float = 0.0):
    return [(k * spacing, disc(radius, lean * k * spacing)) for k in range(first, last)]


@pytest.mark.parametrize("spacing", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("room", [0.5, 3.0, 7.3, 14.9, 33.0, 80.0])
@pytest.mark.parametrize("radii", [(8, 8), (6, 15), (15, 6)])
def test_two_balls_above_each_other_are_no_gap(spacing, room, radii) -> None:
    below, above = radii
    for phase in (0.0, 0.31, 0.77):
        first = ball(below, phase * spacing, spacing)
        second = ball(above, phase * spacing + below + room + above, spacing, x=2.0)
        if second[0][0] - first[-1][0] > 1.5 * spacing:
            assert not gaps_of(drawn(*first, *second), spacing).doubtful


@pytest.mark.parametrize("spacing", [1.0, 2.0, 3.0, 5.0])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("lean", [0.0, 0.4])
def test_case_109__missing_slices_of_a_tube_are_a_gap(spacing, count, lean) -> None:
    upper = tube(6 + count, 12 + count, spacing, lean=lean)
    gaps = gaps_of(drawn(*tube(0, 6, spacing, lean=lean), *upper), spacing)
    assert (*gaps.bridged_mm, *gaps.parted_mm) == (5 * spacing,)


@pytest.mark.parametrize("gone", [(2,), (2, 3), (3, 4), (6, 7), (5, 6, 7)])
def test_case_109__missing_slices_of_a_ball_are_a_gap(gone) -> None:
    sections = ball(15, 1.0, 3.0)
    left = [section for k, section in enumerate(sections) if k not in gone]
    assert gaps_of(drawn(*left), 3.0).doubtful


@pytest.mark.parametrize("spacing_mm", [2.0, 3.0, None])
def test_case_109__two_planes_10_mm_apart_are_a_gap(spacing_mm) -> None:
    assert gaps_of(drawn((0.0, disc(10)), (10.0, disc(10))), spacing_mm).doubtful


def test_bodies_farther_apart_than_any_gap_are_two() -> None:
    apart = gaps_of(drawn(*tube(0, 6, 3.0), *tube(30, 36, 3.0)), 3.0)
    assert not apart.doubtful
    assert not apart.joined[5]


def test_sections_that_hardly_lie_above_each_other_are_two_bodies() -> None:
    beside = [(z, xy + np.array([14.0, 0.0])) for z, xy in tube(9, 15, 3.0)]
    assert not gaps_of(drawn(*tube(0, 6, 3.0), *beside), 3.0).doubtful


def test_a_narrow_neck_that_was_not_drawn_is_a_gap() -> None:
    """Both sides shrink towards it, and neither to nothing."""
    below = [(k * 3.0, disc(14 - k)) for k in range(7)]
    above = [(24.0 + k * 3.0, disc(9 + k)) for k in range(6)]
    assert gaps_of(drawn(*below, *above), 3.0).doubtful


def test_two_small_balls_beside_a_tube_are_no_gap() -> None:
    wide = tube(0, 16, 3.0, radius=12.0)
    beside = [*ball(6.5, 10.0, 3.0, x=14.0), *ball(6.5, 31.0, 3.0, x=14.0)]
    assert not gaps_of(drawn(*wide, *beside), 3.0).doubtful
