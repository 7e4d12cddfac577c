"""A cause of a difference is named only where computing it gives the other value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sbrt_qa.dosimetry.bands import Views, band_among, subject_of
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metrics import evaluate
from sbrt_qa.dosimetry.view_kinds import VIEWS
from sbrt_qa.model.case import Case, Provenance
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Measured
from sbrt_qa.model.plan import DoseReference, Plan, Prescription, PrescriptionSource
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.second_opinion.causes import with_tested_causes
from sbrt_qa.second_opinion.second_opinion import Comparison

END_MM, GRID_END_MM, FACE_MM = 15.0, 14.75, 14.875
CORNERS = np.array([[-15.0, -15.0], [15.0, -15.0], [15.0, 15.0], [-15.0, 15.0]])
BOX = Structure(1, "PTV", tuple(Contour(z, CORNERS) for z in np.arange(-14.9, 15.0, 0.2)), "PTV")


def doses(end_mm: float = GRID_END_MM) -> CaseDoses:
    """55 Gy up to z = 0, from there 3 Gy per mm less; the grid ends before the box does."""
    xy, z = np.arange(-30.0, 31.0, 2.0), np.append(np.arange(-30.0, end_mm, 0.5), end_mm)
    along = 55.0 - 3.0 * np.clip(z, 0.0, None)
    grid = DoseGrid(np.broadcast_to(along[:, None, None], (z.size, xy.size, xy.size)), xy, xy, z)
    plan = Plan(
        "1", "P", prescription=Prescription(50.0, PrescriptionSource.TARGET_PRESCRIPTION_DOSE),
        fractions=5,
        dose_references=(DoseReference(1, "SITE", "TARGET", target_prescription_gy=40.0),),
    )  # fmt: skip
    return CaseDoses(Case("P", plan, StructureSet((BOX,)), grid, provenance=Provenance()))


def row(case: CaseDoses, metric: str, other: float, allowed: float = 0.3) -> Comparison:
    spec = parse_metric(metric)
    ours = evaluate(spec, case.dvh(BOX), case.context_of(BOX))
    assert isinstance(ours, Measured)
    return Comparison("PTV", metric, spec.unit, ours.value, other, "site", allowed)


def cause(case: CaseDoses, one: Comparison) -> str:
    (found,) = with_tested_causes(case, BOX, [one])
    return found.cause


def inside_only_gy(percent: float) -> float:
    """D of a share of the part inside the grid, in closed form: the coldest lies at its end."""
    inside_mm = FACE_MM + END_MM
    return 55.0 - 3.0 * (FACE_MM - (1 - percent / 100) * inside_mm)


def test_case_149__what_lies_outside_the_grid_was_left_out() -> None:
    case = doses()
    one = row(case, "D98%[Gy]", inside_only_gy(98.0))
    assert one.agrees is False
    assert one.ours == pytest.approx(55.0 - 3.0 * (END_MM - 0.6), abs=0.1)
    assert "leaves out the 0." in cause(case, one)
    assert "outside the dose grid" in cause(case, one)


def test_another_prescription_is_named_where_it_gives_the_value() -> None:
    case = doses(18.25)
    ours = row(case, "D50%[%]", 0.0).ours
    assert ours is not None
    assert "in per cent of 40 Gy" in cause(case, row(case, "D50%[%]", ours * 50 / 40))


def test_case_149__what_no_candidate_gives_has_no_cause() -> None:
    case = doses()
    assert cause(case, row(case, "D98%[Gy]", 30.0)) == ""
    assert cause(case, replace(row(case, "D98%[Gy]", 30.0), cause="known")) == "known"
    near = row(case, "D98%[Gy]", 0.0)
    assert cause(case, replace(near, other=near.ours)) == ""


def test_case_149__the_band_holds_the_reading_that_leaves_it_out() -> None:
    case = doses()
    views = Views(case).of(subject_of(BOX))
    spec = parse_metric("D98%[Gy]")
    ours = evaluate(spec, case.dvh(BOX), case.context_of(BOX))
    seen = [
        (view, evaluate(spec, views.get(name, case.dvh(BOX)), case.context_of(BOX)))
        for name, view in VIEWS.items()
    ]
    band = band_among(spec, ours, seen)
    assert band is not None
    assert band.low <= ours.value < inside_only_gy(98.0) <= band.high + 0.02
    assert views["outside left out"].outside_grid_cc == 0.0
