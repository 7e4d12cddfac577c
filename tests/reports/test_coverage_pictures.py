"""Three planes through a target: outlines of balls and shells are circles in every plane."""

from __future__ import annotations

import re

import numpy as np
import pytest

from sbrt_qa.evidence.evidence import Evidence
from sbrt_qa.i18n.words import Words
from sbrt_qa.model.structure import Contour, Structure
from sbrt_qa.reports.figures.coverage_pictures import coverage_drawings
from sbrt_qa.reports.figures.cut_planes import CORONAL, SAGITTAL, cut_picture
from sbrt_qa.reports.figures.palette import LIMIT_ISODOSE, OTHER_ISODOSE
from sbrt_qa.reports.figures.slice_svg import LIMIT_DASH, OTHER_DASH, OTHER_DOTS, slice_svg
from sbrt_qa.reports.figures.slices import DrawnIsodose, Frame, Outline, SlicePicture
from sbrt_qa.reports.registry import render_report

from .samples import sample

CENTRE = (12.0, -30.0, 45.0)
TURN = np.linspace(0, 2 * np.pi, 120, endpoint=False)


def rings(radius_mm: float, slice_mm: float) -> list[Contour]:
    """Contours of a ball around the centre, one on its middle slice."""
    offsets = np.arange(-(radius_mm // slice_mm), radius_mm // slice_mm + 1) * slice_mm
    made = []
    for dz in offsets:
        r = float(np.sqrt(max(radius_mm**2 - dz**2, 0.04)))
        x, y = CENTRE[0] + r * np.cos(TURN), CENTRE[1] + r * np.sin(TURN)
        made.append(Contour(CENTRE[2] + float(dz), np.column_stack([x, y])))
    return made


def evidence_of(contours: list[Contour]) -> Evidence:
    """Evidence of one structure, without dose and image."""
    ball = Structure(name="PTV", roi_number=1, contours=tuple(contours))
    return Evidence({"PTV": ball}, None, None, np.zeros(0), {})


@pytest.mark.parametrize("axis", [CORONAL, SAGITTAL])
@pytest.mark.parametrize("slice_mm", [1.0, 3.0])
def test_a_ball_is_a_circle(axis: int, slice_mm: float) -> None:
    picture = cut_picture(evidence_of(rings(20.0, slice_mm)), axis, CENTRE, ["PTV"], 50.0)
    (outline,) = picture.outlines
    (line,) = outline.polygons
    radii = np.hypot(line[:, 0] - CENTRE[axis], line[:, 1] + CENTRE[2])
    assert abs(radii - 20.0).max() <= 0.5 * slice_mm + 0.01  # the end slices reach half a gap
    assert picture.sides == (("R", "L", "H", "F") if axis == CORONAL else ("A", "P", "H", "F"))


def test_a_shell_has_two_outlines() -> None:
    picture = cut_picture(
        evidence_of(rings(20.0, 1.0) + rings(10.0, 1.0)), CORONAL, CENTRE, ["PTV"], 50.0
    )
    (outline,) = picture.outlines
    radii = sorted(
        float(np.hypot(line[:, 0] - CENTRE[0], line[:, 1] + CENTRE[2]).mean())
        for line in outline.polygons
    )
    assert radii == pytest.approx([10.0, 20.0], abs=0.3)


def test_a_missing_slice_parts_an_outline() -> None:
    kept = [c for c in rings(20.0, 2.0) if abs(c.z_mm - CENTRE[2]) > 3.0]
    picture = cut_picture(evidence_of(kept), CORONAL, CENTRE, ["PTV"], 50.0)
    assert len(picture.outlines[0].polygons) == 2


def test_every_lesion_is_shown_in_three_planes() -> None:
    drawn = coverage_drawings(sample("two_lesions"), {}, Words("en"))
    assert len(drawn) == 2
    for one in drawn:
        assert all(svg.startswith("<svg") and one.title in svg for svg in (*one.planes, one.curve))
        assert "gets the prescription" in one.caption


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_compliant_plan_shows_its_coverage_before_its_limits(language: str) -> None:
    page = render_report("html", sample("compliant"), language).decode()
    title = Words(language)("Coverage of the targets")
    assert page.index(title) < page.index('id="h-limits"')
    assert page.count('<article class="coverage">') == 1


def test_isodoses_have_dashes_that_no_outline_has() -> None:
    """In grey, a line is told by its dash and its weight alone."""
    outlines = {"", OTHER_DASH}
    assert len({LIMIT_DASH, OTHER_DOTS, *outlines}) == 4
    drawn = slice_svg(picture_with_isodoses(), {"PTV": "#e0006e"}, "", 50.0, "x")
    strokes = re.findall(r'<path [^>]*stroke="(#[^"]+)"[^>]*stroke-width="([^"]+)"'
                         r'(?: stroke-dasharray="([^"]*)")?', drawn)  # fmt: skip
    limit = {(width, dash) for colour, width, dash in strokes if colour == LIMIT_ISODOSE}
    other = {(width, dash) for colour, width, dash in strokes if colour == OTHER_ISODOSE}
    target = {(width, dash) for colour, width, dash in strokes if colour == "#e0006e"}
    assert len(limit) == len(other) == len(target) == 1
    assert len(limit | other | target) == 3


def picture_with_isodoses() -> SlicePicture:
    frame = Frame(-72.0, 72.0, -50.0, 50.0)
    square = np.array([[-10.0, -10.0], [10.0, -10.0], [10.0, 10.0], [-10.0, 10.0]])
    return SlicePicture(
        frame, 0.0, None, None, (Outline("PTV", (square,)),),
        (DrawnIsodose(50.0, (square * 1.2,)), DrawnIsodose(25.0, (square * 2,))), within=("PTV",),
    )  # fmt: skip
