"""Dose grid and image: fine, wide, complete, straight."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sbrt_qa.model.case import Case, Provenance
from sbrt_qa.model.grid import DoseGrid, DoseType, Summation
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.outcome import Severity

from .cases import (
    BODY,
    CTV,
    LIVER_ORGAN,
    NOTHING,
    PTV,
    SOUND,
    box,
    case,
    dose,
    image,
    outcomes,
    severity_of,
    told,
)


def grid(step: float, x: tuple[float, float] = (-104, 104), lost: int | None = None) -> Case:
    """Return a case with a flat dose of another spacing, extent, or a plane less."""
    x_mm = np.arange(x[0], x[1] + step / 2, step)
    y_mm, z_mm = np.arange(-64, 65, step), np.arange(-64, 65, step)
    z_mm = z_mm if lost is None else np.delete(z_mm, lost)
    return case(dose=DoseGrid(np.full((z_mm.size, y_mm.size, x_mm.size), 55.0), x_mm, y_mm, z_mm))


def seen(z_mm: np.ndarray) -> Case:
    return case(image=image(z_mm=z_mm))


EVERY_2 = np.arange(-61, 62, 2.0)
NO_DOSE, NO_IMAGE = case(dose=NOTHING), case(image=None)
LONG = box(9, "Stomach", ((0, 90), (-10, 10), (-60, 60)))
TABLE = [
    ("DOSE_GRID_SPACING", case(), "pass"),
    ("DOSE_GRID_SPACING", grid(2.5), "find"),
    ("DOSE_GRID_SPACING", NO_DOSE, "nothing"),
    ("DOSE_GRID_UNEVEN", case(), "pass"),
    ("DOSE_GRID_UNEVEN", grid(2.0, lost=5), "find"),
    ("DOSE_GRID_UNEVEN", NO_DOSE, "nothing"),
    ("DOSE_TYPE", case(), "pass"),
    ("DOSE_TYPE", case(dose=dose(dose_type=DoseType.EFFECTIVE)), "find"),
    ("DOSE_TYPE", case(dose=dose(summation=Summation.FRACTION)), "find"),
    ("DOSE_TYPE", case(dose=dose(summation=Summation.SUMMED_BEAMS)), "find"),
    ("DOSE_TYPE", case(dose=dose(spatial_transform="NON_RIGID")), "find"),
    ("DOSE_TYPE", case(dose=dose(spatial_transform="NONE")), "pass"),
    ("DOSE_TYPE", NO_DOSE, "nothing"),
    ("DOSE_UNUSED", case(), "pass"),
    ("DOSE_UNUSED", case(provenance=Provenance(unused_doses=("RD2.dcm",))), "find"),
    ("DOSE_UNUSED", NO_DOSE, "nothing"),
    ("HETEROGENEITY", case(), "pass"),
    ("HETEROGENEITY", case(dose=dose(heterogeneity=("WATER",))), "find"),
    ("HETEROGENEITY", case(dose=dose(heterogeneity=("IMAGE", "ROI_OVERRIDE"))), "find"),
    ("HETEROGENEITY", case(dose=dose(heterogeneity=())), "find"),
    ("HETEROGENEITY", case(dose=dose(heterogeneity=("IMAGE", "NONE"))), "find"),
    ("HETEROGENEITY", NO_DOSE, "nothing"),
    ("DOSE_GRID_MARGIN", case(), "pass"),
    ("DOSE_GRID_MARGIN", grid(2.0, x=(-80, 104)), "pass"),
    ("DOSE_GRID_MARGIN", grid(2.0, x=(-70, 104)), "find"),
    ("DOSE_GRID_MARGIN", grid(2.0, x=(-50, 104)), "find"),
    ("DOSE_GRID_MARGIN", case(BODY, CTV), "nothing"),
    ("DOSE_GRID_MARGIN", NO_DOSE, "nothing"),
    ("OUTSIDE_DOSE_GRID", case(), "pass"),
    ("OUTSIDE_DOSE_GRID", grid(2.0, x=(-50, 104)), "find"),
    ("OUTSIDE_DOSE_GRID", NO_DOSE, "nothing"),
    ("STORED_DVH_DIFFERS", case(), "nothing"),
    ("IMAGE_UNUSABLE", case(), "nothing"),
    ("IMAGE_UNUSABLE", case(image=None, image_problem="its slices are not axial"), "find"),
    ("IMAGE_SPACING", case(), "pass"),
    ("IMAGE_SPACING", seen(np.arange(-62, 63, 4.0)), "find"),
    ("IMAGE_SPACING", seen(np.array([0.0])), "nothing"),
    ("IMAGE_SPACING", NO_IMAGE, "nothing"),
    ("IMAGE_SLICES_MISSING", case(), "pass"),
    ("IMAGE_SLICES_MISSING", seen(np.delete(EVERY_2, 9)), "find"),
    ("IMAGE_SLICES_MISSING", NO_IMAGE, "nothing"),
    ("IMAGE_TILTED", case(), "nothing"),
    ("IMAGE_TILTED", case(image=image(gantry_tilt_deg=0.0)), "pass"),
    ("IMAGE_TILTED", case(image=image(gantry_tilt_deg=-3.0)), "find"),
    ("ORGAN_AT_SCAN_END", case(), "pass"),
    ("ORGAN_AT_SCAN_END", seen(np.arange(-29, 62, 2.0)), "find"),
    ("ORGAN_AT_SCAN_END", NO_IMAGE, "nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "tried", "word"), TABLE, ids=[f"{c}-{w}" for c, _, w in TABLE])
def test_what_each_check_says(code: str, tried: Case, word: str) -> None:
    assert told(code, tried) == word


@pytest.mark.parametrize(
    ("step", "severity"), [(2.5, Severity.MINOR), (3.0, Severity.MINOR), (3.2, Severity.MAJOR)]
)
def test_the_spacing_of_the_grid_decides(step: float, severity: Severity) -> None:
    (found,) = outcomes("DOSE_GRID_SPACING", grid(step))
    assert severity_of("DOSE_GRID_SPACING", found) is severity


@pytest.mark.parametrize(("step", "severity"), [(4.0, Severity.MINOR), (6.0, Severity.MAJOR)])
def test_the_spacing_of_the_slices_decides(step: float, severity: Severity) -> None:
    (found,) = outcomes("IMAGE_SPACING", seen(np.arange(-60, 61, step)))
    assert severity_of("IMAGE_SPACING", found) is severity


@pytest.mark.parametrize(("low_mm", "severity"), [(-70.0, Severity.MINOR), (-50.0, Severity.MAJOR)])
def test_a_grid_that_cuts_the_target_is_worse_than_one_that_cuts_the_margin(
    low_mm, severity
) -> None:
    (found,) = outcomes("DOSE_GRID_MARGIN", grid(2.0, x=(low_mm, 104)))
    assert severity_of("DOSE_GRID_MARGIN", found) is severity


def test_the_margin_of_the_grid_ends_with_the_body() -> None:
    """The PTV is 6 mm from the body's surface; the grid ends just outside it."""
    low = box(2, "PTV", ((-94, -64), (-15, 15), (-15, 15)), "PTV")
    assert (
        told("DOSE_GRID_MARGIN", replace(grid(2.0), structures=case(BODY, low).structures))
        == "pass"
    )
    assert told("DOSE_GRID_MARGIN", replace(grid(2.0), structures=case(low).structures)) == "find"


def test_what_lies_outside_the_grid_is_graded_by_what_it_is() -> None:
    cut = replace(grid(2.0, x=(-50, 80)), structures=case(*SOUND, LONG).structures)
    found = {
        f.where: severity_of("OUTSIDE_DOSE_GRID", f)
        for f in outcomes("OUTSIDE_DOSE_GRID", cut)
        if hasattr(f, "severity")
    }
    assert found["PTV"] is Severity.MAJOR
    assert found["Stomach"] is Severity.MINOR
    assert found["External"] is Severity.INFO


def test_stored_values_that_differ_are_listed_and_cut() -> None:
    differences = tuple(f"S{i} Mean[Gy]: 1 stored, 2 ours" for i in range(9))
    (found,) = outcomes("STORED_DVH_DIFFERS", case(), site_differences=differences)
    assert found.message.startswith("9 values differ: S0 Mean")
    assert found.message.endswith("and 5 more")
    assert told("STORED_DVH_DIFFERS", case(), site_differences=()) == "pass"


def test_only_what_must_lie_within_the_scan_is_a_deviation() -> None:
    short: ImageSeries = image(z_mm=np.arange(-29, 62, 2.0))
    tried = case(BODY, PTV, LIVER_ORGAN, LONG, image=short)
    found = [f for f in outcomes("ORGAN_AT_SCAN_END", tried) if hasattr(f, "severity")]
    assert [(f.where, f.severity) for f in found] == [("Liver", None), ("Stomach", Severity.INFO)]
