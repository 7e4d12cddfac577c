"""The compiled scan equals the slow one, and Booleans are exact on its lines."""

from functools import reduce
from operator import or_

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry import reference, scanlines
from sbrt_qa.geometry.regions import MAX_SOLIDS, Region, cells_of, region_of
from sbrt_qa.geometry.scanlines import lattice, scan
from sbrt_qa.model.structure import Contour, Structure
from sbrt_qa.testing.phantoms.closed_forms import contour
from sbrt_qa.testing.phantoms.shapes import Cone, ShapePair, Shell, Sphere

CENTRE = (3.1, -7.7, 11.3)
SHAPES = {
    "ball": Sphere(CENTRE, 9.0),
    "shell": Shell(CENTRE, 9.0, 5.0),
    "keyhole": Shell(CENTRE, 9.0, 5.0, keyhole=True),
    "pair": ShapePair(Sphere((-8.0, 0.0, 0.0), 5.0), Sphere((7.0, 2.0, 3.0), 6.0)),
    "cone": Cone(CENTRE, 3.0, 9.0, 20.0, 0),
}


def drawn(shape, step=2.0):
    low, high = shape.extent(2)
    return contour(shape, np.arange(np.floor(low), high + step, step) + 0.31)


def spans_of(region, area=1.5):
    cells = cells_of(region)
    return cells, scan(cells, lattice(cells, area))


def assert_equal_spans(fast, slow):
    assert fast.start.tolist() == slow.start.tolist()
    np.testing.assert_allclose(fast.x_low_mm, slow.x_low_mm, rtol=0, atol=1e-9)
    np.testing.assert_allclose(fast.x_high_mm, slow.x_high_mm, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", SHAPES)
def test_fast_scan_equals_slow_scan(name):
    cells, fast = spans_of(region_of(drawn(SHAPES[name])))
    assert_equal_spans(fast, reference.scan(cells, fast.lines))


def test_fast_scan_equals_slow_scan_for_booleans():
    a, b = region_of(drawn(SHAPES["ball"])), region_of(drawn(SHAPES["shell"], 1.7))
    for region in (a - b, a | b, a & b):
        cells, fast = spans_of(region)
        assert_equal_spans(fast, reference.scan(cells, fast.lines))


coordinate = st.floats(-20, 20, allow_nan=False).map(lambda v: round(v, 2))
polygon = st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=40)


@given(st.lists(polygon, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_fast_scan_equals_slow_scan_for_any_scribble(polygons):
    contours = tuple(Contour(2.0 * (i // 2), np.array(p)) for i, p in enumerate(polygons))
    try:
        cells, fast = spans_of(region_of(Structure(1, "ROI", contours)), 8.0)
    except GeometryError:
        return
    slow = reference.scan(cells, fast.lines)
    assert fast.volume_cc == pytest.approx(slow.volume_cc, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("combined", [False, True], ids=["one structure", "two"])
def test_fast_scan_equals_slow_scan_where_a_contour_crosses_itself_a_hundred_times(combined):
    random = np.random.default_rng(4)
    wild, other = (
        region_of(
            Structure(
                n, "ROI", tuple(Contour(z, random.uniform(-20, 20, (300, 2))) for z in (0, 2))
            )
        )
        for n in (1, 2)
    )
    cells, fast = spans_of(wild - other if combined else wild, 20.0)
    assert np.diff(fast.start).max() > 50
    assert_equal_spans(fast, reference.scan(cells, fast.lines))


def test_boolean_volumes_add_up():
    a = region_of(drawn(Sphere((0.0, 0.0, 0.0), 10.0)))
    b = region_of(drawn(Sphere((6.0, 1.0, 2.0), 8.0)))
    volumes = {k: spans_of(r, 0.1)[1].volume_cc for k, r in
               {"a": a, "b": b, "a-b": a - b, "a&b": a & b, "a|b": a | b}.items()}  # fmt: skip
    assert volumes["a-b"] + volumes["a&b"] == pytest.approx(volumes["a"], rel=2e-3)
    assert volumes["a|b"] + volumes["a&b"] == pytest.approx(volumes["a"] + volumes["b"], rel=2e-3)


def test_twelve_structures_in_one_expression_add_up():
    balls = [region_of(drawn(Sphere((25.0 * n, 0.0, 0.0), 10.0))) for n in range(12)]
    each = [spans_of(one, 0.2)[1].volume_cc for one in balls]
    union = reduce(or_, balls)
    assert spans_of(union, 0.2)[1].volume_cc == pytest.approx(sum(each), rel=1e-6)
    assert spans_of(union - balls[3], 0.2)[1].volume_cc == pytest.approx(
        sum(each) - each[3], rel=1e-6
    )


def test_a_region_minus_itself_is_empty():
    a = region_of(drawn(SHAPES["ball"]))
    assert spans_of(a - a)[1].volume_cc == 0.0


def test_too_many_structures_in_one_expression_are_refused():
    regions = [region_of(drawn(SHAPES["ball"])) for _ in range(MAX_SOLIDS + 1)]
    most = reduce(or_, regions[:-1])
    with pytest.raises(GeometryError, match="too many structures"):
        most | regions[-1]


def test_a_region_must_exclude_the_outside():
    solid = region_of(drawn(SHAPES["ball"])).solids[0]
    with pytest.raises(GeometryError, match="exclude the outside"):
        Region((solid,), (True, True))


def test_a_zigzag_of_a_hundred_thousand_edges_is_scanned_or_refused(monkeypatch):
    n = 100_000
    y = np.where(np.arange(n) % 2, 40.0, 0.0)
    wild = Structure(1, "ROI", (Contour(0.0, np.column_stack([np.linspace(0, 40, n), y])),))
    cells = cells_of(region_of(wild))
    monkeypatch.setattr(scanlines, "MAX_CROSSINGS", 1_000_000)
    with pytest.raises(GeometryError, match="cross the scan lines too often"):
        scan(cells, lattice(cells, 0.1))


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_volume_does_not_depend_on_the_side_a_contour_is_seen_from(turn):
    shape = drawn(SHAPES["cone"])
    rotate = np.linalg.matrix_power(np.array([[0, -1], [1, 0]]), turn)
    turned = tuple(Contour(c.z_mm, c.xy_mm @ rotate.T) for c in shape.contours)
    volume = spans_of(region_of(Structure(1, "ROI", turned)), 0.05)[1].volume_cc
    assert volume == pytest.approx(spans_of(region_of(shape), 0.05)[1].volume_cc, rel=1e-3)


def test_order_direction_and_starting_point_do_not_matter():
    shape = drawn(SHAPES["shell"])
    changed = tuple(
        Contour(c.z_mm, np.roll(c.xy_mm[::-1], 5, axis=0)) for c in shape.contours[::-1]
    )
    again = spans_of(region_of(Structure(1, "ROI", changed)))[1].volume_cc
    assert again == pytest.approx(spans_of(region_of(shape))[1].volume_cc, rel=1e-9)


def test_extra_vertices_on_the_edges_do_not_matter():
    shape = drawn(SHAPES["ball"])
    fine = []
    for c in shape.contours:
        middle = (c.xy_mm + np.roll(c.xy_mm, -1, axis=0)) / 2
        fine.append(Contour(c.z_mm, np.stack([c.xy_mm, middle], axis=1).reshape(-1, 2)))
    again = spans_of(region_of(Structure(1, "ROI", tuple(fine))))[1].volume_cc
    assert again == pytest.approx(spans_of(region_of(shape))[1].volume_cc, rel=1e-9)
