"""Structures: there, whole, once; targets within each other; organs where organs are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sbrt_qa.checks.registry import Found
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Reason, ReasonCode, Severity
from sbrt_qa.model.structure import (
    Contour,
    ContourKind,
    DensityOverride,
    SetAside,
    Structure,
)

from .cases import (
    BODY,
    CTV,
    LIVER_ORGAN,
    NOTHING,
    PTV,
    SOUND,
    Box,
    box,
    case,
    outcomes,
    severity_of,
    told,
)

UNREADABLE = Reason(ReasonCode.STRUCTURE_UNREADABLE, "'nan' in contour 3")
NO_STRUCTURES = case(structures=NOTHING)


def ptv(sides: Box) -> Case:
    return case(BODY, box(2, "PTV", sides, "PTV"), CTV, LIVER_ORGAN)


def extra(*added: Structure) -> Case:
    return case(*SOUND, *added)


def organ(name: str, sides: Box, **changes: object) -> Structure:
    return replace(box(20, name, sides), **changes)


def ring(radius: float, number: int, name: str) -> Structure:
    """A cylinder along z, 100 mm long."""
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    xy = radius * np.column_stack([np.cos(angle), np.sin(angle)])
    return Structure(number, name, tuple(Contour(z, xy) for z in np.arange(-50, 51, 2.0)))


def shell(name: str, removed: Structure) -> Structure:
    """The liver with a hole where another structure is."""
    holes = [Contour(c.z_mm, c.xy_mm) for c in removed.contours]
    return replace(LIVER_ORGAN, roi_number=21, name=name, contours=(*LIVER_ORGAN.contours, *holes))


SPECK = Contour(1.0, np.array([[50.0, 50.0], [52.0, 50.0], [50.0, 52.0]]))
STOMACH = organ("Stomach", ((20, 80), (-30, 30), (-20, 20)))
HOLED = replace(STOMACH, contours=tuple(c for c in STOMACH.contours if c.z_mm != 1.0))
PARTED = replace(STOMACH, contours=tuple(c for c in STOMACH.contours if abs(c.z_mm) > 6))
SPECKED = replace(STOMACH, contours=(*STOMACH.contours, SPECK))
RIGHT, LEFT = ((-80, -50), (20, 50), (-20, 20)), ((50, 80), (20, 50), (-20, 20))
EVEN = ((-61, -29), (-16, 16), (-16, 16))
TABLE = [
    ("REQUIRED_MISSING", case(), "find"),
    ("REQUIRED_MISSING", NO_STRUCTURES, "nothing"),
    ("STRUCTURE_EMPTY", case(), "pass"),
    ("STRUCTURE_EMPTY", extra(Structure(9, "Stomach")), "find"),
    ("STRUCTURE_EMPTY", NO_STRUCTURES, "nothing"),
    ("ROI_UNREADABLE", case(), "nothing"),
    ("ROI_UNREADABLE", extra(Structure(9, "Stomach", problem=UNREADABLE)), "find"),
    ("CONTOURS_SET_ASIDE", case(), "nothing"),
    ("CONTOURS_SET_ASIDE",
     extra(replace(STOMACH, set_aside=(SetAside(ContourKind.POINT, 1, "x"),))), "find"),
    ("GAP_BRIDGED", extra(STOMACH), "nothing"),
    ("GAP_BRIDGED", extra(HOLED), "find"),
    ("GAP_LEFT_OPEN", extra(HOLED), "nothing"),
    ("GAP_LEFT_OPEN", extra(PARTED), "find"),
    ("NAME_DUPLICATE", case(), "pass"),
    ("NAME_DUPLICATE", extra(STOMACH, replace(STOMACH, roi_number=22)), "find"),
    ("NAME_DUPLICATE", extra(STOMACH, replace(STOMACH, roi_number=22, name="stomach")), "find"),
    ("NAME_DUPLICATE", NO_STRUCTURES, "nothing"),
    ("NAME_NOT_TG263", case(), "pass"),
    ("NAME_NOT_TG263", extra(replace(STOMACH, name="Left Kidney")), "find"),
    ("NAME_NOT_TG263", extra(replace(STOMACH, name="z Left Kidney")), "pass"),
    ("NAME_NOT_TG263", extra(replace(STOMACH, name="Stomach_old")), "find"),
    ("NAME_NOT_TG263", extra(replace(STOMACH, name="T1", interpreted_type="SUPPORT")), "pass"),
    ("NAME_NOT_TG263", NO_STRUCTURES, "nothing"),
    ("STRAY_PARTS", extra(STOMACH), "pass"),
    ("STRAY_PARTS", extra(SPECKED), "find"),
    ("STRAY_PARTS", extra(PARTED), "pass"),
    ("STRAY_PARTS", NO_STRUCTURES, "nothing"),
    ("TARGET_NESTING", case(), "pass"),
    ("TARGET_NESTING", ptv(((-50, -30), (-15, 15), (-15, 15))), "find"),
    ("TARGET_NESTING", case(BODY, PTV), "nothing"),
    ("TARGET_MARGIN", case(), "pass"),
    ("TARGET_MARGIN", ptv(((-56, -30), (-15, 15), (-15, 15))), "find"),
    ("TARGET_MARGIN", ptv(((-60, -10), (-15, 15), (-15, 15))), "find"),
    ("TARGET_MARGIN", case(BODY, PTV), "nothing"),
    ("PTV_EXPANSION", case(), "nothing"),
    ("LIVER_MINUS_TARGET", extra(shell("Liver-GTV", CTV)), "pass"),
    ("LIVER_MINUS_TARGET", extra(shell("Liver-GTV", PTV)), "find"),
    ("LIVER_MINUS_TARGET", case(), "nothing"),
    ("LATERALITY", extra(organ("Kidney_R", RIGHT)), "pass"),
    ("LATERALITY", extra(organ("Kidney_R", LEFT)), "find"),
    ("LATERALITY", extra(organ("Kidney_L", RIGHT)), "find"),
    ("LATERALITY", case(), "nothing"),
    ("LATERALITY", case(organ("Kidney_L", RIGHT)), "nothing"),
    ("PRV_MARGIN", extra(ring(6, 30, "SpinalCord"), ring(11, 31, "SpinalCord_PRV05")), "pass"),
    ("PRV_MARGIN", extra(ring(6, 30, "SpinalCord"), ring(13, 31, "SpinalCord_PRV05")), "find"),
    ("PRV_MARGIN", extra(ring(6, 30, "SpinalCord")), "nothing"),
    ("OUTSIDE_BODY", extra(STOMACH), "pass"),
    ("OUTSIDE_BODY", extra(organ("Stomach", ((60, 120), (-30, 30), (-20, 20)))), "find"),
    ("OUTSIDE_BODY", case(PTV, CTV), "nothing"),
    ("COUCH_IN_BODY", case(), "nothing"),
    ("COUCH_IN_BODY", extra(organ("Couch", ((-90, 90), (60, 80), (-40, 40)))), "pass"),
    ("COUCH_IN_BODY", extra(organ("Couch", ((-90, 90), (50, 80), (-40, 40)))), "find"),
    ("OAR_TARGET_OVERLAP", extra(STOMACH), "pass"),
    ("OAR_TARGET_OVERLAP", extra(organ("Stomach", ((-40, 80), (-30, 30), (-20, 20)))), "find"),
    ("OAR_TARGET_OVERLAP", case(BODY, CTV), "nothing"),
    ("ORGAN_VOLUME", extra(STOMACH), "find"),
    ("ORGAN_VOLUME", case(BODY, STOMACH), "pass"),
    ("ORGAN_VOLUME", extra(ring(6, 30, "SpinalCord")), "find"),
    ("ORGAN_VOLUME", case(ring(6, 30, "SpinalCord")), "pass"),
    ("ORGAN_VOLUME", case(ring(20, 30, "SpinalCord")), "find"),
    ("ORGAN_VOLUME", case(BODY), "nothing"),
    ("DENSITY_OVERRIDE", case(), "pass"),
    ("DENSITY_OVERRIDE",
     extra(replace(STOMACH, overrides=(DensityOverride("REL_ELEC_DENSITY", 1.0),))), "find"),
    ("DENSITY_OVERRIDE", NO_STRUCTURES, "nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "tried", "word"), TABLE, ids=[f"{c}-{w}" for c, _, w in TABLE])
def test_what_each_check_says(code: str, tried: Case, word: str) -> None:
    assert told(code, tried) == word


def test_all_that_is_required_and_missing_is_one_find() -> None:
    found, passed = outcomes("REQUIRED_MISSING", case())
    assert found.where == "Stomach, Duodenum, SpinalCord, Kidneys"
    assert passed.found == "PTV, Liver, Liver-GTV, External"


def test_a_gtv_outside_the_ptv_is_major_a_ctv_is_minor() -> None:
    gtv = box(9, "GTV", ((-75, -55), (-10, 10), (-10, 10)), "GTV")
    found = {f.where: f for f in outcomes("TARGET_NESTING", case(BODY, PTV, CTV, gtv))}
    assert severity_of("TARGET_NESTING", found["GTV in PTV"]) is Severity.MAJOR
    assert severity_of("TARGET_NESTING", found["GTV in CTV"]) is Severity.MINOR
    assert "6.00 cc (75.0 %) outside of 8.0 cc" in found["GTV in PTV"].message


def test_margins_are_told_for_six_sides() -> None:
    (passed,) = outcomes("TARGET_MARGIN", ptv(((-60, -29), (-18, 14), (-13, 15))))
    assert passed.found.startswith("R 5.0, L 6.0, A 8.0, P 4.0, I 3.0, S 5.0; least ")


@pytest.mark.parametrize(
    ("margins_mm", "word"),
    [
        ((5.0,), "pass"),
        ((8.0,), "find"),
        ((2.0,), "find"),
        ((5.0, 5.0, 5.0, 5.0, 5.0, 12.0), "find"),
        ((5.0, 5.0), "nothing"),
    ],
)
def test_the_ptv_is_compared_with_the_expansion_that_is_wanted(margins_mm, word: str) -> None:
    """The corners of a box that is grown are round, so that a box has a little too much there."""
    assert told("PTV_EXPANSION", case(), margins_mm=margins_mm, tolerance_percent=4.0) == word


def test_beyond_the_ends_of_the_outline_is_said() -> None:
    cord = box(9, "SpinalCord", ((-5, 5), (20, 30), (-100, 40)))
    (found, *_) = [f for f in outcomes("OUTSIDE_BODY", extra(cord)) if f.where == "SpinalCord"]
    assert found.message == "4.0 cc (29 %) lie outside External, beyond its first or last contour"


def test_an_override_of_the_couch_is_information() -> None:
    given = (DensityOverride("REL_MASS_DENSITY", 0.2), DensityOverride("EFFECTIVE_Z", 6.0))
    couch = organ("Couch", LEFT, interpreted_type="SUPPORT", overrides=given)
    (found,) = outcomes("DENSITY_OVERRIDE", extra(couch))
    assert (found.severity, found.found) == (Severity.INFO, "relative mass density 0.2")


def test_a_stray_part_is_placed() -> None:
    found = outcomes("STRAY_PARTS", extra(SPECKED))[0]
    assert found.message == "1 of 2 parts stray; the largest, 0.004 cc, at (51, 51, 1) mm"
    assert found.severity is None


def test_a_part_smaller_than_any_limit_sees_is_information() -> None:
    crumb = replace(SPECK, xy_mm=SPECK.xy_mm[0] + (SPECK.xy_mm - SPECK.xy_mm[0]) / 4)
    found = outcomes("STRAY_PARTS", extra(replace(STOMACH, contours=(*STOMACH.contours, crumb))))[0]
    assert found.message == "1 of 2 parts stray; the largest, below 0.001 cc, at (50, 50, 1) mm"
    assert (found.severity, found.found) == (Severity.INFO, "below 0.001 cc")


def test_names_outside_the_list_are_told_with_the_nearest() -> None:
    names = ("LIVER", "T1", "左肾")
    odd = [replace(STOMACH, roi_number=40 + i, name=n) for i, n in enumerate(names)]
    (found,) = outcomes("NAME_NOT_TG263", extra(*odd))

    assert isinstance(found, Found)
    assert found.message == (
        "not in the list of TG-263: 'LIVER' (nearest: Liver), 'T1', '左肾' (nearest: Kidney_L)"
    )
