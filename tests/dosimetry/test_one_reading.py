"""One reading of the dose for all that is compared: case 131, and dose that ends (119, 148)."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.integrate import IntegrationSettings, integrate, method_text
from sbrt_qa.dosimetry.interpolation import GridBox, Interpolation, field_at, field_place
from sbrt_qa.dosimetry.kept_steps import MOST_SHARED, Kept
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import MetricContext
from sbrt_qa.dosimetry.metrics import evaluate
from sbrt_qa.dosimetry.spline.dose_field import basis_of, field_of
from sbrt_qa.dosimetry.surroundings import Surroundings
from sbrt_qa.geometry.regions import Region, cells_of, region_of
from sbrt_qa.geometry.scanlines import between, lattice, scan
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Measured
from sbrt_qa.testing.phantoms.closed_forms import contour
from sbrt_qa.testing.phantoms.shapes import Sphere

RX_GY = 50.0
BODY_MM = 70.0


def ball(radius_mm: float, step_mm: float, centre=(0.0, 0.0, 0.0)) -> Region:
    heights = centre[2] + np.arange(-radius_mm + 0.4 * step_mm, radius_mm, step_mm)
    return region_of(contour(Sphere(centre, radius_mm), heights))


BODY = ball(BODY_MM, 2.0)


def grid(function, step_mm: float, reach_mm: float = 80.0, shift: float = 0.37) -> DoseGrid:
    n = int(2 * reach_mm / step_mm) + 1
    axis = (np.arange(n) - n // 2 + shift) * step_mm
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    return DoseGrid(function(x, y, z), axis, axis, axis)


def dvh(region: Region, dose: DoseGrid) -> DVH:
    found = integrate(region, dose)
    assert isinstance(found, DVH)
    return found


class Hill:
    """A smooth dose around a target, flat at its centre: its isodoses are spheres."""

    def __init__(self, radius_mm: float) -> None:
        self.top_gy, self.width2 = 1.25 * RX_GY, (1.15 * radius_mm) ** 2 / np.log(1.25)

    def __call__(self, x, y, z):
        return self.top_gy * np.exp(-(x * x + y * y + z * z) / self.width2)

    def radius_mm(self, dose_gy: float) -> float:
        return float(np.sqrt(self.width2 * np.log(self.top_gy / dose_gy)))


def index(text: str, target: DVH, body: DVH) -> float:
    around = Surroundings(body, 0.0, lambda _: 0.0)
    context = MetricContext(prescription_gy=RX_GY, surroundings=lambda: around)
    found = evaluate(parse_metric(text), target, context)
    assert isinstance(found, Measured)
    return found.value


@pytest.mark.parametrize(
    ("radius_mm", "step_mm"), [(8.0, 2.0), (8.0, 3.0), (12.0, 2.5), (25.0, 3.0)]
)
def test_case_131__indices_of_balls_are_those_of_the_closed_form(radius_mm, step_mm):
    hill = Hill(radius_mm)
    dose = grid(hill, step_mm)
    target, body = dvh(ball(radius_mm, step_mm), dose), dvh(BODY, dose)
    whole, rx, half = (4 / 3 * pi * r**3 for r in (radius_mm, hill.radius_mm(RX_GY),
                                                   hill.radius_mm(RX_GY / 2)))  # fmt: skip
    covered = min(whole, rx)
    truths = {
        "R100": rx / whole, "R50": half / whole, "GI": half / rx, "CI": rx / whole,
        "PaddickCI": covered**2 / (whole * rx),
    }  # fmt: skip
    for text, truth in truths.items():
        assert index(text, target, body) == pytest.approx(truth, rel=0.015), text


@pytest.mark.parametrize("seed", range(3))
def test_case_131__isodoses_unions_and_paddick_keep_their_order(seed):
    rng = np.random.default_rng(seed)
    centres = rng.uniform(-20, 20, (2, 3))
    radii = rng.uniform(4, 14, 2)
    wide = rng.uniform(8, 30, 2) ** 2
    tops = rng.uniform(45, 70, 2)

    def peaks(x, y, z):
        parts = [
            top * np.exp(-((x - c[0]) ** 2 + (y - c[1]) ** 2 + (z - c[2]) ** 2) / w)
            for c, top, w in zip(centres, tops, wide, strict=True)
        ]
        return sum(parts)

    dose = grid(peaks, 2.5)
    parts = [ball(r, 2.5, tuple(c)) for r, c in zip(radii, centres, strict=True)]
    union, body = dvh(parts[0] | parts[1], dose), dvh(BODY, dose)
    for part in parts:
        target = dvh(part, dose)
        for level in np.linspace(0.1, 0.9, 9) * target.max_gy:
            inside = target.volume_at_dose_cc(level)
            assert body.volume_at_dose_cc(level) >= inside * 0.99 - 0.003
        for text in ("Max[Gy]", "D0.03cc[Gy]", "D0.1cc[Gy]"):
            values = [evaluate(parse_metric(text), d, MetricContext()) for d in (union, target)]
            assert values[0].value >= values[1].value * 0.999
        if target.max_gy > RX_GY:
            assert index("PaddickCI", target, body) <= 1.0


def test_the_field_of_a_large_structure_is_the_fine_grid_of_a_small_one():
    dose = grid(Hill(10.0), 2.5)
    boxes = [GridBox((-r, r), (-r, r), (-r, r)) for r in (70, 0.5)]
    place, small = (field_place(dose, box, Interpolation.CUBIC) for box in boxes)
    assert place is not None
    assert small is None
    large = field_at(dose, place)
    middle = large.dose.dose_gy.shape[0] // 2
    first, last = (middle - 2,) * 3, (middle + 2,) * 3
    fine = large.block(first, last)
    z, y, x = np.meshgrid(fine.z_mm, fine.y_mm, fine.x_mm, indexing="ij")
    truth = Hill(10.0)(x, y, z)
    np.testing.assert_allclose(fine.dose_gy, truth, rtol=2e-3)


def test_basis_functions_add_up_to_one_and_are_never_negative():
    basis = basis_of(np.array([0.0, 1.0, 2.5, 3.0, 7.0]))
    at = np.linspace(0, 1, 11)
    values = np.einsum("cjp,tp->cjt", basis, np.vander(at, 4, increasing=True))
    np.testing.assert_allclose(values.sum(axis=1), 1.0, atol=1e-12)
    assert values.min() > -1e-12


@pytest.mark.parametrize("case", ["119", "148"])
def test_case_148__next_to_voxels_without_dose_a_value_stays_between_its_neighbours(case):
    rng = np.random.default_rng(int(case))
    values = rng.uniform(15, 20, (12, 12, 12))
    values[:, :, 7:] = 0.0
    axis = np.arange(12) * 2.5
    fine = field_of(DoseGrid(values, axis, axis, axis), 4).block((0, 0, 0), (11, 11, 11)).dose_gy
    for cell in (5, 6, 7):
        part = fine[:, :, 4 * cell : 4 * cell + 4]
        corners = values[:, :, cell : cell + 2]
        assert part.max() <= corners.max() + 1e-9
    assert fine[:, :, 4 * 7 :].max() == 0.0
    # Where the dose ends, what lies within is read as if it went on.
    smooth = np.broadcast_to(20.0 - 0.1 * axis, values.shape).copy()
    cut = np.where(np.arange(12) >= 7, 0.0, smooth)
    read = [field_of(DoseGrid(v, axis, axis, axis), 4).block((0, 0, 0), (11, 11, 11)).dose_gy
            for v in (smooth, cut)]  # fmt: skip
    np.testing.assert_allclose(read[1][:, :, : 4 * 6], read[0][:, :, : 4 * 6], atol=0.02)


def test_a_linear_reading_is_said():
    assert method_text(settings=IntegrationSettings(interpolation=Interpolation.LINEAR)).endswith(
        "dose between voxels: linear"
    )


def test_spans_between_two_places_are_those_of_a_region_that_is_cut_there():
    spans = scan(cells_of(BODY), lattice(cells_of(BODY), 4.0))
    parts = [between(spans, low, low + 20.0) for low in np.arange(-80.0, 80.0, 20.0)]
    assert sum(p.volume_cc for p in parts) == pytest.approx(spans.volume_cc, rel=1e-12)
    for part in parts[2:-2]:
        assert part.start[-1] == part.x_low_mm.size
        assert np.all(part.x_high_mm - part.x_low_mm <= 20.0)
    assert between(spans, -200.0, -100.0).x_low_mm.size == 0


def test_what_serves_many_structures_is_made_once_however_many_others_come_between():
    kept, made = Kept(), []
    for n in range(50):
        kept.shared("spline", lambda: made.append(1) or len(made))
        kept.of(n, int)
    assert made == [1]
    for n in range(MOST_SHARED):
        kept.shared(n, int)
    assert kept.shared("spline", lambda: "again") == "again"
    kept.forget()
    assert kept.shared("spline", lambda: "anew") == "anew"


def test_what_the_kernels_take_has_one_layout_whatever_the_dose_holds():
    """So that they are compiled once, and a container that is warm compiles nothing more."""
    axis = np.arange(12.0)
    values = np.ones((12, 12, 12))
    values[:2] = 0.0  # voxels without dose
    noisy = np.ones((11, 11, 11), dtype=np.uint8)
    for dose in (values, np.ones((12, 12, 12))):
        for given in (None, noisy):
            packed = field_of(DoseGrid(dose, axis, axis, axis), 2, given).packed
            assert all(array.flags.c_contiguous for array in packed)
