"""Metrics of contours that can be read in two ways: values and bands (cases 106, 107 and 109)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sbrt_qa.dosimetry.bands import Views, band_of, subject_of
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metrics import evaluate
from sbrt_qa.dosimetry.view_kinds import VIEWS
from sbrt_qa.geometry.slabs import DEFAULT_CONVENTION, Convention, Missing, Overlaps
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.outcome import Band, Driver, Measured, Reason, ReasonCode
from sbrt_qa.model.structure import Contour, Structure, StructureSet

NO_PLAN = Reason(ReasonCode.REFERENCE_MISSING, "none")
METRICS = ("Volume[cc]", "Mean[Gy]", "Min[Gy]", "Max[Gy]", "D95%[Gy]", "D0.1cc[Gy]", "V40Gy[cc]")
PLANES_MM = np.arange(13) * 3.0


def disc(radius: float, x: float = 0.0) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    return np.column_stack([x + radius * np.cos(angle), radius * np.sin(angle)])


def drawn(*stacks: tuple[np.ndarray, np.ndarray]) -> Structure:
    return Structure(1, "ROI", tuple(Contour(float(z), xy) for xy, zs in stacks for z in zs))


def doses_of(structure: Structure, convention: Convention = DEFAULT_CONVENTION) -> CaseDoses:
    """Return a structure in a dose that rises by 0.5 Gy/mm along x and by 0.3 Gy/mm along z."""
    axis, z = np.arange(-40.0, 61.0, 2.0), np.arange(-30.0, 80.0, 2.0)
    along_z, _, along_x = np.meshgrid(z, axis, axis, indexing="ij")
    dose = DoseGrid(40 + 0.5 * along_x + 0.3 * (along_z - 18), axis, axis, z)
    slices = ImageSeries(np.arange(-60.0, 100.0, 3.0), (-60, -60), (1, 1), (140, 140))
    case = Case("phantom", NO_PLAN, StructureSet((structure,)), dose, slices)
    return CaseDoses(case, convention)


def values_of(structure: Structure, convention: Convention) -> dict[str, float]:
    doses = doses_of(structure, convention)
    found = {
        m: evaluate(parse_metric(m), doses.dvh(structure), doses.metric_context) for m in METRICS
    }
    return {m: v.value for m, v in found.items()}


def bands_of(structure: Structure) -> dict[str, Band]:
    doses = doses_of(structure)
    views = Views(doses).of(subject_of(structure))
    bands = {}
    for text in METRICS:
        spec = parse_metric(text)
        seen = [(VIEWS[n], evaluate(spec, dvh, doses.metric_context)) for n, dvh in views.items()]
        others = [(view, o.value) for view, o in seen if isinstance(o, Measured)]
        value = evaluate(spec, doses.dvh(structure), doses.metric_context).value
        bands[text] = band_of(value, others)
    return bands


def assert_holds_both(structure: Structure, one: Convention, other: Convention) -> None:
    bands = bands_of(structure)
    for convention in (one, other):
        for metric, value in values_of(structure, convention).items():
            assert bands[metric].low - 1e-9 <= value <= bands[metric].high + 1e-9, metric


@pytest.mark.parametrize("apart_mm", [4.0, 12.0])
def test_case_106__the_band_of_contours_that_cross_holds_both_readings(apart_mm) -> None:
    crossed = drawn((disc(10), PLANES_MM), (disc(10, apart_mm), PLANES_MM))
    union, parity = (
        replace(DEFAULT_CONVENTION, overlaps=o) for o in (Overlaps.UNION, Overlaps.EVEN_ODD)
    )
    assert_holds_both(crossed, union, parity)
    assert bands_of(crossed)["Volume[cc]"].driver is Driver.OVERLAPS


@pytest.mark.parametrize("wall_mm", [0.35, 0.42])
def test_case_105__between_copy_and_wall_the_band_holds_both_readings(wall_mm) -> None:
    thin = drawn((disc(10), PLANES_MM), (disc(10 - wall_mm), PLANES_MM))
    union, parity = (
        replace(DEFAULT_CONVENTION, overlaps=o) for o in (Overlaps.UNION, Overlaps.EVEN_ODD)
    )
    assert_holds_both(thin, union, parity)
    assert bands_of(thin)["Mean[Gy]"].low < bands_of(thin)["Mean[Gy]"].high


@pytest.mark.parametrize(
    "heights",
    [
        pytest.param([0, 3, 6, 9, 12, 21, 24, 27, 30], id="two missing slices"),
        pytest.param([0, 3, 6, 9, 12, 24, 27, 30, 33], id="three missing slices"),
        pytest.param([0, 3, 6, 9, 15, 18, 21, 24], id="one missing slice"),
        pytest.param([10, 20], id="two planes 10 mm apart"),
    ],
)
def test_case_109__the_band_of_a_gap_holds_it_filled_and_left_open(heights) -> None:
    gap = drawn((disc(10), np.array(heights, dtype=float)))
    filled, left = (replace(DEFAULT_CONVENTION, missing=m) for m in (Missing.FILLED, Missing.OPEN))
    assert_holds_both(gap, filled, left)


@pytest.mark.parametrize("slip_mm", [0.0, 0.04, -0.04])
@pytest.mark.parametrize("along", [0, 1])
def test_case_107__two_contours_with_a_shared_edge_have_the_doses_of_one_body(
    slip_mm, along
) -> None:
    """A cone, drawn in halves that meet in a line across the dose or along it."""
    cone, halves = [], []
    for z in np.arange(12) * 3.0:
        whole = disc(20 - z / 2)
        cone.append(Contour(z, whole))
        slip = np.zeros(2)
        for sign in (1.0, -1.0):
            inside = sign * whole[:, along] >= -1e-9
            first = int(np.argmax(inside & ~np.roll(inside, 1)))
            side = np.roll(whole, -first, axis=0)[: int(inside.sum())]
            slip[along] = sign * slip_mm
            halves.append(Contour(z, side + slip))
    one, two = Structure(1, "ROI", tuple(cone)), Structure(1, "ROI", tuple(halves))
    expected, found = (values_of(s, DEFAULT_CONVENTION) for s in (one, two))
    assert found == pytest.approx(expected, rel=0.01)
