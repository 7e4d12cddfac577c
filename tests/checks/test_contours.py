"""Copies, crossings, planes and gaps of the contours that limits use (cases 102, 105, 106, 109)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sbrt_qa.checks.context import CheckContext
from sbrt_qa.checks.registry import CHECKS
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Severity
from sbrt_qa.model.structure import Contour, ContourKind, SetAside, Structure

from .cases import LIVER, SOUND, box, case, image, outcomes, severity_of, told

STOMACH = box(20, "Stomach", ((20, 80), (-30, 30), (-20, 20)))


def extra(*added: Structure) -> Case:
    return case(*SOUND, *added)


def with_more(structure: Structure, *more: Contour) -> Structure:
    return replace(structure, contours=(*structure.contours, *more))


def again(structure: Structure, grow_mm: float = 0.0, off_mm: float = 0.0) -> Structure:
    """Draw every contour a second time, larger all around or moved along z."""
    made = []
    for c in structure.contours:
        outwards = np.sign(c.xy_mm - c.xy_mm.mean(axis=0))
        made.append(replace(c, z_mm=c.z_mm + off_mm, xy_mm=c.xy_mm + grow_mm * outwards))
    return with_more(structure, *made)


def crossed(structure: Structure) -> Structure:
    beside = [replace(c, xy_mm=c.xy_mm + np.array([45.0, 0.0])) for c in structure.contours]
    return with_more(structure, *beside)


def beside_its_plane(structure: Structure) -> Structure:
    holes = [
        Contour(c.z_mm + 0.1, c.xy_mm.mean(axis=0) + (c.xy_mm - c.xy_mm.mean(axis=0)) / 2)
        for c in structure.contours
    ]
    return with_more(structure, *holes)


def without(structure: Structure, *planes_mm: float) -> Structure:
    left = [c for c in structure.contours if c.z_mm not in planes_mm]
    return replace(structure, contours=tuple(left))


TABLE = [
    ("CONTOUR_TWICE", case(), "pass"),
    ("CONTOUR_TWICE", extra(again(STOMACH)), "find"),
    ("CONTOUR_TWICE", extra(again(STOMACH, 0.1)), "find"),
    ("CONTOUR_TWICE", extra(again(STOMACH, 1.0)), "pass"),
    ("CONTOUR_NEARLY_TWICE", extra(again(STOMACH)), "nothing"),
    ("CONTOUR_NEARLY_TWICE", extra(again(STOMACH, 0.3)), "find"),
    ("CONTOUR_NEARLY_TWICE", extra(again(STOMACH, 1.0)), "nothing"),
    ("WALL_THIN", extra(again(STOMACH)), "nothing"),
    ("WALL_THIN", extra(again(STOMACH, 1.0)), "find"),
    ("WALL_THIN", extra(again(STOMACH, 4.0)), "nothing"),
    ("CONTOURS_CROSS", extra(STOMACH), "nothing"),
    ("CONTOURS_CROSS", extra(crossed(STOMACH)), "find"),
    ("PLANES_JOINED", case(*SOUND, STOMACH, image=None), "nothing"),
    ("PLANES_JOINED", case(*SOUND, beside_its_plane(STOMACH), image=None), "find"),
    ("GAP_BRIDGED", extra(STOMACH), "nothing"),
    ("GAP_BRIDGED", extra(without(STOMACH, 1.0)), "find"),
    ("GAP_LEFT_OPEN", extra(without(STOMACH, 1.0)), "nothing"),
    ("GAP_LEFT_OPEN", extra(without(STOMACH, 1.0, 3.0)), "find"),
]


@pytest.mark.parametrize(("code", "tried", "word"), TABLE, ids=[f"{c}-{w}" for c, _, w in TABLE])
def test_what_each_check_says(code: str, tried: Case, word: str) -> None:
    assert told(code, tried) == word


@pytest.mark.parametrize(("limited", "severity"), [(True, Severity.MINOR), (False, Severity.INFO)])
def test_case_105__a_copy_is_minor_where_a_limit_uses_it_else_information(
    limited: bool, severity: Severity
) -> None:
    tried = extra(again(STOMACH))
    used = frozenset({STOMACH.roi_number} if limited else ())
    context = CheckContext(CaseDoses(tried), protocol=LIVER, evaluated=used)
    found, _ = CHECKS["CONTOUR_TWICE"].examine(context)
    assert found.where == "Stomach"
    assert severity_of("CONTOUR_TWICE", found) is severity
    assert "20 contours drawn or exported twice" in found.message


@pytest.mark.parametrize(
    ("code", "structure"),
    [
        ("CONTOUR_NEARLY_TWICE", again(STOMACH, 0.3)),
        ("CONTOURS_CROSS", crossed(STOMACH)),
        ("PLANES_JOINED", beside_its_plane(STOMACH)),
        ("GAP_LEFT_OPEN", without(STOMACH, 1.0, 3.0)),
    ],
)
def test_what_no_limit_uses_is_not_looked_at(code: str, structure: Structure) -> None:
    context = CheckContext(CaseDoses(extra(structure)), protocol=LIVER)
    assert not list(CHECKS[code].examine(context))


@pytest.mark.parametrize(("lost", "severity"), [(0, Severity.INFO), (3, Severity.MINOR)])
def test_contours_set_aside_that_may_have_held_volume_are_minor(lost, severity) -> None:
    aside = (SetAside(ContourKind.OPEN_PLANAR, 3, "no closed contour", lost),)
    (found,) = outcomes("CONTOURS_SET_ASIDE", extra(replace(STOMACH, set_aside=aside)))
    assert severity_of("CONTOURS_SET_ASIDE", found) is severity
    assert ("may have been part of the structure" in found.message) is bool(lost)


def test_case_106__a_crossing_is_told_with_plane_and_share() -> None:
    """Two squares of 60 mm, 45 mm apart: 15 mm by 60 mm of 105 mm by 60 mm lie in both."""
    (found,) = outcomes("CONTOURS_CROSS", extra(crossed(STOMACH)))
    assert severity_of("CONTOURS_CROSS", found) is Severity.MINOR
    assert "14.3 % of the area (900 mm2) at z = -19 mm; 20 planes in all" in found.message


def test_case_109__two_missing_slices_are_minor() -> None:
    (found,) = outcomes("GAP_LEFT_OPEN", extra(without(STOMACH, 1.0, 3.0)))
    assert severity_of("GAP_LEFT_OPEN", found) is Severity.MINOR
    assert "z = -1 mm" in found.message


@pytest.mark.parametrize(("share", "off_mm"), [(0.0, 0.0), (5e-7, 0.0), (0.01, 0.02), (0.4, 0.8)])
def test_contours_beside_the_slices_of_the_image_are_told(share: float, off_mm: float) -> None:
    """Contours lie every 2 mm at odd heights; the image has its slices there, or a share beside."""
    slices = np.arange(-61, 62, 2.0) + share * 2.0
    organs = (structure for structure in SOUND if structure.name != "PTV")  # at even heights
    found = outcomes("PLANES_JOINED", case(*organs, STOMACH, image=image(z_mm=slices)))
    if not off_mm:
        assert found == []
        return
    (one,) = found
    assert severity_of("PLANES_JOINED", one) is Severity.INFO
    assert one.where == "structure set"
    assert f"by at most {off_mm:g} mm; slices lie 2 mm apart" in one.message


@pytest.mark.parametrize(("off", "finds"), [(0, False), (3, True)])
def test_contours_that_name_a_slice_elsewhere_are_found(off: int, finds: bool) -> None:
    slices = np.arange(-61, 62, 2.0)
    uids = tuple(f"1.2.{i}" for i in range(slices.size))
    named = tuple((float(slices[k]), uids[k + off]) for k in (20, 30, 40))
    tried = case(
        *(s for s in SOUND if s.name != "PTV"), replace(STOMACH, slices_named=named),
        image=image(z_mm=slices, sop_instance_uids=uids),
    )  # fmt: skip
    found = outcomes("PLANES_JOINED", tried)
    assert bool(found) is finds
    if finds:
        (one,) = found
        assert severity_of("PLANES_JOINED", one) is Severity.MINOR
        assert "name an image slice that lies elsewhere, by at most 6 mm: Stomach" in one.message


def test_contours_beyond_the_scan_lie_beside_no_slice() -> None:
    ahead = np.arange(101, 141, 2.0)
    assert outcomes("PLANES_JOINED", case(*SOUND, STOMACH, image=image(z_mm=ahead))) == []
