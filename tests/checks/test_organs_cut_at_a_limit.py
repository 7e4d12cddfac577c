"""Organs that were cut, moved or exchanged so that a limit is met as drawn are asked about."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sbrt_qa import load_cases, load_protocol, review_case
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Reason, Verdict
from sbrt_qa.model.structure import Contour

SAMPLE = Path(__file__).resolve().parents[2] / "sample_dicom"


@cache
def case_of(name: str) -> Case:
    (case,) = load_cases(SAMPLE / name)
    return case


def with_contours(case: Case, organ: str, change) -> Case:
    assert not isinstance(case.structures, Reason)
    changed = tuple(
        replace(s, contours=tuple(c for one in s.contours for c in change(one)))
        if s.name == organ
        else s
        for s in case.structures.structures
    )
    return replace(case, structures=replace(case.structures, structures=changed))


def kept(axis: int, sign: int, at_mm: float):
    """Keep what lies on one side of a plane along x (0) or y (1), with the edge that it leaves."""

    def change(contour: Contour):
        points: list[np.ndarray] = []
        for p, q in zip(contour.xy_mm, np.roll(contour.xy_mm, -1, axis=0), strict=True):
            inside, next_inside = (sign * v[axis] <= sign * at_mm for v in (p, q))
            points += [p] if inside else []
            if inside != next_inside:
                points.append(p + (at_mm - p[axis]) / (q[axis] - p[axis]) * (q - p))
        if len(points) >= 3 and np.ptp(points, axis=0).min() > 2:
            yield Contour(contour.z_mm, np.array(points))

    return change


def moved(x_mm: float):
    return lambda c: [Contour(c.z_mm, c.xy_mm + np.array([x_mm, 0.0]))]


def seen(case: Case, code: str, organ: str):
    review = review_case(case, load_protocol("liver_sbrt"), bands=False)
    return [f for f in review.findings if f.code == code and organ in f.where.split(", ")]


@pytest.mark.parametrize(
    ("organ", "change"),
    [
        ("Bowel_Large", kept(0, -1, 0.0)),
        ("Bowel_Large", kept(1, 1, -20.0)),
        ("Duodenum", kept(0, -1, -22.0)),
        ("Duodenum", kept(0, -1, -18.0)),
    ],
)
def test_an_organ_cut_along_a_plane_where_a_limit_rests_on_it(organ, change):
    (found,) = seen(with_contours(case_of("major"), organ, change), "ORGAN_END", organ)
    assert found.verdict is Verdict.MINOR
    assert "straight edge" in found.message
    assert "might not be met" in found.message


def test_the_whole_organs_raise_nothing_on_the_same_dose():
    for name in ("compliant", "minor", "major"):
        review = review_case(case_of(name), load_protocol("liver_sbrt"), bands=False)
        assert [f for f in review.findings if f.group == "contours"] == []


def test_a_small_contour_below_a_cut_does_not_hide_it():
    case = case_of("major")

    def change(contour: Contour):
        if contour.z_mm >= -10:
            yield contour
        elif contour.z_mm >= -13.5:
            middle = contour.xy_mm.mean(axis=0)
            yield Contour(contour.z_mm, middle + 0.1 * (contour.xy_mm - middle))

    (found,) = seen(with_contours(case, "Liver", change), "ORGAN_END", "Liver")
    assert found.verdict is Verdict.MINOR


def test_a_duodenum_30_mm_aside_lies_on_nothing():
    (found,) = seen(
        with_contours(case_of("major"), "Duodenum", moved(30.0)), "ORGAN_OUTLINE", "Duodenum"
    )
    assert "does not show it where it is drawn" in found.message


def test_duodenum_and_small_bowel_exchanged_by_name():
    case = case_of("major")
    assert not isinstance(case.structures, Reason)
    names = {"Duodenum": "Bowel_Small", "Bowel_Small": "Duodenum"}
    changed = tuple(replace(s, name=names.get(s.name, s.name)) for s in case.structures.structures)
    exchanged = replace(case, structures=replace(case.structures, structures=changed))
    (found,) = seen(exchanged, "ORGANS_SWAPPED", "Duodenum")
    assert "would not be met" in found.message
