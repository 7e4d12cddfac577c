"""Connected parts: the kernel equals its reference, and what hangs together is one part."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbrt_qa.geometry._kernels import loop_facts
from sbrt_qa.geometry.parts._kernels import join
from sbrt_qa.geometry.parts.find import parts_of
from sbrt_qa.geometry.parts.reference import owners_slowly
from sbrt_qa.geometry.planes import stack_planes
from sbrt_qa.geometry.regions import region_of
from sbrt_qa.model.structure import Contour, Structure

from .shapes import disc, prism, square


def parts(structure):
    return parts_of(region_of(structure).solids[0])


def owners(structure):
    """Return the smallest loop of each loop's part, by the kernel and by the reference."""
    stack, gaps = stack_planes(structure), region_of(structure).solids[0].gaps
    _, boxes, depth = loop_facts(stack.xy_mm, stack.loop_start, stack.plane_start)
    owner = np.arange(depth.size, dtype=np.int64)
    join(stack.xy_mm, stack.loop_start, stack.plane_start, gaps.joined, boxes, owner)
    smallest = [int(np.flatnonzero(owner == o)[0]) for o in owner]
    return smallest, owners_slowly(stack, gaps.joined.tolist())


polygons = st.tuples(
    st.floats(-20, 20), st.floats(-20, 20), st.floats(0.5, 9), st.integers(3, 9), st.integers(0, 4)
)


@settings(deadline=None, max_examples=60)
@given(st.lists(polygons, min_size=1, max_size=9))
def test_the_kernel_equals_its_reference(drawn) -> None:
    contours = tuple(Contour(2.0 * z, disc(r, x, y, n=n)) for x, y, r, n, z in drawn)
    fast, slow = owners(Structure(1, "ROI", contours))
    assert fast == slow


def test_a_cross_of_two_bars_is_one_part() -> None:
    """No vertex of one lies in the other."""
    flat = np.array([[-20.0, -2.0], [20.0, -2.0], [20.0, 2.0], [-20.0, 2.0]])
    fast, slow = owners(prism([flat, flat[:, ::-1].copy()], z=(0.0,)))
    assert fast == slow == [0, 0]


def test_a_prism_is_one_part_of_its_volume() -> None:
    (only,) = parts(prism(square(side=10.0)))
    assert only.volume_cc == pytest.approx(10 * 10 * 8 / 1000)
    assert (only.planes, only.centre_mm) == (4, (5.0, 5.0, 3.0))


def test_a_hole_belongs_to_what_is_around_it() -> None:
    (only,) = parts(prism([square(side=10.0), square(3, 3, 4.0)]))
    assert only.volume_cc == pytest.approx((100 - 16) * 8 / 1000)


def test_two_columns_that_meet_above_are_one_part() -> None:
    columns = prism([square(0, 0, 4), square(10, 0, 4)]).contours
    bridge = Contour(8.0, np.array([[0.0, 0.0], [14.0, 0.0], [14.0, 4.0], [0.0, 4.0]]))
    assert len(parts(Structure(1, "ROI", columns))) == 2
    assert len(parts(Structure(1, "ROI", (*columns, bridge)))) == 1


def test_a_wide_gap_parts() -> None:
    below, above = prism(square()), prism(square(), z=(30.0, 32.0, 34.0))
    found = parts(Structure(1, "ROI", (*below.contours, *above.contours)))
    assert [part.planes for part in found] == [4, 3]


def test_a_speck_is_the_smallest_part() -> None:
    speck = Contour(4.0, square(50, 50, 1.0))
    found = parts(Structure(1, "ROI", (*prism(square()).contours, speck)))
    assert [round(part.volume_cc, 4) for part in found] == [0.8, 0.002]
    assert found[1].centre_mm == (50.5, 50.5, 4.0)


def test_polygons_of_very_many_vertices_do_not_take_for_ever() -> None:
    """Two rings around each other, with boxes that overlap and no point in common."""
    outer, inner = disc(30.0, n=40_000), disc(28.0, n=40_000)
    crescent = np.concatenate([outer[:20_000], inner[:20_000][::-1]])
    far = np.concatenate([outer[20_000:], inner[20_000:][::-1]]) - [0.0, 3.0]
    assert len(parts(prism([crescent, far], z=(0.0, 2.0)))) == 2
