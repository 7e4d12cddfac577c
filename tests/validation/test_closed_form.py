"""The engine against closed forms: the promises of docs/accuracy.md."""

import re
from pathlib import Path

import numpy as np
import pytest

from sbrt_qa.selftest.banding import banded, rates
from sbrt_qa.selftest.scoring import score, within
from sbrt_qa.testing.phantoms.closed_forms import Truth
from sbrt_qa.testing.phantoms.harder import FAMILIES, harder_suite
from sbrt_qa.testing.phantoms.shapes import Box, Cone, Shell, Sphere, cylinder
from sbrt_qa.testing.phantoms.suite import closed_form_suite, fields_for, radial_field

PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"
CENTRE = (1.0, -2.0, 3.0)


@pytest.fixture(scope="module")
def scores():
    return [score(pair) for pair in closed_form_suite()]


@pytest.fixture(scope="module")
def errors(scores):
    return [e for s in scores if s.family != "leaving" for e in s.errors.values()]


def test_97_in_100_values_are_within_one_per_cent(errors):
    _, one, two, _ = within(errors)
    assert one >= 97
    assert two >= 98


def test_most_pairs_have_every_value_within_one_per_cent(scores):
    assert within([s.worst[1] for s in scores if s.family != "leaving"])[1] >= 85


def test_no_value_is_missing(errors):
    assert np.isfinite(errors).all()


@pytest.mark.parametrize("family", ["box", "hollow or parted", "uneven", "sphere"])
def test_each_family_on_its_own_keeps_the_promise(scores, family):
    found = [e for s in scores if s.family == family for e in s.errors.values()]
    _, one, two, _ = within(found)
    assert one >= 90
    assert two >= 97


def test_case_31__partial_coverage_is_always_reported_and_right(scores):
    leaving = [s for s in scores if s.family == "leaving"]
    assert len(leaving) == 3
    for s in leaving:
        assert s.errors["Volume"] < 1
        assert s.outside_error < 1


def test_boxes_on_voxel_edges_are_exact(scores):
    boxes = [s for s in scores if s.family == "box"]
    assert max(s.errors["Volume"] for s in boxes) < 1e-6
    assert max(e for s in boxes for e in s.errors.values()) < 0.6  # trilinear dose, curved field


def test_the_page_tells_today_s_figures(errors):
    row = re.search(r"\| all (\d+) values \| ([\d. |]+) \|", PAGE.read_text(encoding="utf-8"))
    assert row is not None
    assert int(row[1]) == len(errors)
    told = [float(v) for v in row[2].split("|")][:4]
    assert told == pytest.approx(within(errors), abs=0.15)


@pytest.fixture(scope="module")
def rows():
    return [r for p in closed_form_suite() if p.family != "leaving" for r in banded(p)]


def test_bands_hold_the_truth_of_98_in_100_values(rows, errors):
    found = rates(rows)
    assert found.values == len(errors)
    assert found.holding >= 98
    for row in rows:
        assert row.low <= 0 <= row.high


def test_bands_hold_lowest_and_highest_doses_and_thick_slices_as_well(rows):
    """Two that are hardest to know: what one place decides, and what is drawn on few planes."""
    assert rates(rows).holding >= 98.5
    assert rates([r for r in rows if r.metric in ("Min", "Max")]).holding >= 97
    assert rates([r for r in rows if "3 mm slices" in r.pair]).holding >= 97


def test_bands_are_no_wider_than_twenty_median_errors(rows):
    """Eight were wanted; `docs/accuracy.md` says what is out of reach."""
    assert rates(rows).ratio <= 20


def test_the_page_tells_today_s_bands(rows):
    text = PAGE.read_text(encoding="utf-8").partition("## Bands")[2]
    told = re.search(r"\| all (\d+) values \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", text)
    assert told is not None
    found = rates(rows)
    assert int(told[1]) == found.values
    assert float(told[2]) == pytest.approx(found.holding, abs=0.15)
    assert float(told[3]) == pytest.approx(found.pairs_holding, abs=1.0)
    assert float(told[4]) == pytest.approx(found.median_width, rel=0.02)


def test_what_is_farther_off_than_3_per_cent_is_not_in_the_file(rows):
    """All of them are volumes and doses at flat ends between slices."""
    far = [row for row in rows if abs(row.error) > 3]
    other = [r for r in far if not r.reach[0] <= r.error <= r.reach[1]]
    assert far
    assert [(r.pair, r.metric, r.error) for r in other] == []


@pytest.fixture(scope="module")
def harder_rows():
    return [r for p in harder_suite() for r in banded(p)]


@pytest.mark.parametrize("family", FAMILIES)
def test_what_files_leave_open_most_is_held(harder_rows, family):
    found = [r for r in harder_rows if r.family == family]
    assert rates(found).holding >= 98.5
    assert rates([r for r in found if r.metric in ("Min", "Max")]).holding >= 97


def test_the_page_tells_today_s_figures_of_what_files_leave_open_most(harder_rows):
    text = PAGE.read_text(encoding="utf-8")
    for family in FAMILIES:
        told = re.search(rf"\| {family} \| ([\d.]+) \|", text)
        assert told is not None
        holding = rates([r for r in harder_rows if r.family == family]).holding
        assert float(told[1]) == pytest.approx(holding, abs=0.3)


def test_halves_are_the_whole():
    """The area of both contours is that of the section they were cut from."""
    pairs = [p for p in harder_suite(pairs=40) if p.family == "two halves with a shared edge"]
    for pair in pairs:
        by_plane: dict[float, list[float]] = {}
        for c in pair.structure.contours:
            x, y = c.xy_mm[:, 0], c.xy_mm[:, 1]
            area = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
            by_plane.setdefault(c.z_mm, []).append(float(area))
        assert max(len(areas) for areas in by_plane.values()) == 2
        for z, areas in by_plane.items():
            (whole,) = pair.truth.shape.sections(z)
            x, y = whole[:, 0], whole[:, 1]
            area = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
            assert sum(areas) == pytest.approx(area)


SHAPES = {
    "sphere": Sphere(CENTRE, 7.0),
    "box": Box((0.0, 0.0, 0.0), (4.0, 6.0, 9.0)),
    "cylinder": cylinder(CENTRE, 5.0, 12.0, 1),
    "cone": Cone(CENTRE, 8.0, 2.0, 10.0, 2),
    "shell": Shell(CENTRE, 9.0, 4.0),
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_truth_agrees_with_counting_points(name):
    """The closed forms themselves, against two million points of a regular lattice."""
    shape = SHAPES[name]
    axes = []
    for axis in range(3):
        low, high = shape.extent(axis)
        axes.append(low + (np.arange(126) + 0.5) * (high - low) / 126)
    cell = np.prod([a[1] - a[0] for a in axes])
    z, y, x = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    inside = _inside(shape, x, y, z)
    fields = [f for _, f in fields_for(shape)]
    if isinstance(shape, Sphere | Shell):
        fields.append(radial_field(shape, CENTRE)[1])
    for field in fields:
        truth = Truth(shape, field)
        doses = field.dose_gy(x, y, z)[inside]
        assert truth.volume_cc == pytest.approx(doses.size * cell / 1000, rel=5e-3)
        assert truth.mean_gy == pytest.approx(doses.mean(), rel=5e-3)
        middle = float(np.median(doses))
        assert truth.dose_at_volume_gy(truth.volume_cc / 2) == pytest.approx(middle, rel=1e-2)
        assert truth.min_gy <= doses.min() + 1e-9
        assert truth.max_gy >= doses.max() - 1e-9


def _inside(shape, x, y, z):
    if isinstance(shape, Box):
        return np.ones(x.shape, dtype=bool)
    dx, dy, dz = x - CENTRE[0], y - CENTRE[1], z - CENTRE[2]
    if isinstance(shape, Cone):
        along = (dx, dy, dz)[shape.axis]
        part = along / shape.length_mm + 0.5
        radius = shape.radius_low_mm + part * (shape.radius_high_mm - shape.radius_low_mm)
        return dx**2 + dy**2 + dz**2 - along**2 <= radius**2
    r = np.sqrt(dx**2 + dy**2 + dz**2)
    if isinstance(shape, Shell):
        return (r <= shape.outer_mm) & (r >= shape.inner_mm)
    return r <= shape.radius_mm
