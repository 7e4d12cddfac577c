"""Case 150: what a structure has beyond the outer voxel centres, in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from sbrt_qa.dosimetry.bands import Views, subject_of
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.integrate import integrate
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import MetricContext
from sbrt_qa.dosimetry.metrics import evaluate
from sbrt_qa.geometry.regions import region_of
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Measured, Reason, ReasonCode
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.review.dvh_table import dvh
from sbrt_qa.units import apart_from

SQUARE = np.array([[-6.0, -6.0], [6.0, -6.0], [6.0, 6.0], [-6.0, 6.0]])
METRICS = ("Mean[Gy]", "Min[Gy]", "Max[Gy]", "D95%[Gy]", "V30Gy[%]")


def grid(end_mm: float, step_mm: float = 2.5, along: int = 0) -> DoseGrid:
    """40 Gy and 1 Gy per mm along one axis, which ends at the last voxel up to `end_mm`."""
    axis = np.arange(-30.0, 31.0, step_mm)
    axes = [axis[axis <= end_mm + 1e-9] if n == along else axis for n in range(3)]
    dose = 40.0 + np.meshgrid(*axes, indexing="ij")[along]
    return DoseGrid(dose, axes[2], axes[1], axes[0])


def prism(planes_mm: np.ndarray, shift_mm: float = 0.0) -> Structure:
    at = SQUARE + np.array([shift_mm, 0.0])
    return Structure(1, "PTV", tuple(Contour(float(z), at) for z in planes_mm), "PTV")


def case_of(structure: Structure, dose: DoseGrid) -> Case:
    no_plan = Reason(ReasonCode.NOT_APPLICABLE, "no plan")
    return Case("C", no_plan, StructureSet((structure,)), dose)


def of(structure: Structure, dose: DoseGrid) -> DVH:
    found = integrate(region_of(structure), dose)
    assert isinstance(found, DVH)
    return found


@pytest.mark.parametrize("step_mm", [1.0, 2.0, 3.0, 5.0])
@pytest.mark.parametrize("voxel_mm", [1.0, 2.5, 5.0])
def test_case_150__our_own_end_caps_are_no_structure_outside_the_grid(step_mm, voxel_mm):
    low = -4 * step_mm
    found = of(prism(np.arange(low, 0.1, step_mm)), grid(0.0, voxel_mm))
    assert found.outside_grid_cc == pytest.approx(0.0, abs=1e-9)
    inside, cap, length = step_mm / 2 - low, step_mm / 2, step_mm - low
    mean = ((40 + (low - step_mm / 2) / 2) * inside + 40 * cap) / length
    assert found.mean_gy == pytest.approx(mean, abs=0.01)
    assert found.max_gy == pytest.approx(40.0, abs=1e-6)
    for metric in METRICS:
        assert isinstance(evaluate(parse_metric(metric), found, MetricContext()), Measured)


@pytest.mark.parametrize("beyond_mm", [0.3, 1.0, 1.25])
def test_case_150__the_outer_half_of_a_voxel_has_a_dose(beyond_mm):
    shifted = prism(np.arange(-6.0, 7.0, 1.0), 30.0 - 6.0 + beyond_mm)
    found = of(shifted, grid(30.0, along=2))
    assert found.outside_grid_cc == pytest.approx(0.0, abs=1e-9)
    inside = 12.0 - beyond_mm
    mean = ((70 - inside / 2) * inside + 70 * beyond_mm) / 12
    assert found.mean_gy == pytest.approx(mean, abs=0.02)


@pytest.mark.parametrize("end_mm", [-2.5, -5.0, -10.0])
def test_case_150__contours_beyond_the_voxels_stay_outside(end_mm):
    planes = np.arange(-12.0, 0.1, 1.0)
    found = of(prism(planes), grid(end_mm))
    assert found.outside_grid_cc == pytest.approx(0.144 * (0.5 - end_mm), rel=0.01)
    outcome = evaluate(parse_metric("Mean[Gy]"), found, MetricContext())
    assert isinstance(outcome, Reason)
    assert outcome.code is ReasonCode.OUTSIDE_DOSE_GRID


def test_case_150__other_ends_are_read_alike():
    structure = prism(np.arange(-12.0, 0.1, 3.0))
    case = case_of(structure, grid(0.0))
    views = Views(CaseDoses(case)).of(subject_of(structure))
    ends = {name: view for name, view in views.items() if "end" in name}
    assert ends
    assert all(view.outside_grid_cc == pytest.approx(0.0, abs=1e-6) for view in ends.values())


@pytest.mark.parametrize(
    ("share", "printed"), [(0.0104, "1.04"), (0.01004, "1.004"), (0.3, "30.0")]
)
def test_case_150__a_share_just_beyond_is_printed_so_that_one_sees_it(share, printed):
    part = DVH(10.0, 10.0 * share, [0.0, 50.0], [10.0 * (1 - share), 0.0], 0.0, 25.0, 50.0)
    outcome = evaluate(parse_metric("Mean[Gy]"), part, MetricContext())
    assert isinstance(outcome, Reason)
    assert outcome.detail.startswith(f"{printed} % of the structure")
    assert ("of at most 1 %" in outcome.detail) == (share < 0.015)


def test_a_value_is_printed_on_its_side_of_a_bound():
    assert apart_from(1.04, 1.0, 1) == "1.04"
    assert apart_from(0.9996, 1.0, 1) == "0.9996"
    assert apart_from(1.0, 1.0, 1) == "1.0"
    assert apart_from(7.26, 1.0, 1) == "7.3"


def test_case_150__a_table_that_refuses_the_mean_gives_it_nowhere():
    structure = prism(np.arange(-12.0, 0.1, 1.0))
    case = case_of(structure, grid(-5.0))
    (row,) = dvh(case, metrics=["Mean[Gy]", "Volume[cc]"]).structures.values()
    assert row.metrics["Mean[Gy]"].value is None
    assert (row.min_gy, row.mean_gy, row.max_gy) == (None, None, None)
    assert row.volume_cc == pytest.approx(0.144 * 13, rel=1e-6)
    assert "outside the dose grid" in row.reason.detail
