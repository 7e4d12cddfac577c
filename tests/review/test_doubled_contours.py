"""A sample plan whose contours were exported twice: no value and no verdict moves unsaid (105)."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest

from sbrt_qa import load_cases
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.review import review_case
from sbrt_qa.testing.phantoms.doubled import doubled_case

MAJOR = Path(__file__).resolve().parents[2] / "sample_dicom" / "major"
PROTOCOL = load_protocol("liver_sbrt")
LEAST = 0.02
"""Smallest value that is held to 1 %: limits are read to two decimals."""


@pytest.fixture(scope="module")
def case() -> Case:
    (found,) = load_cases(MAJOR)
    return found


@pytest.fixture(scope="module")
def sound(case: Case) -> CaseReview:
    return review_case(case, PROTOCOL, bands=False)


def with_copies_of(name: str, folder: Path, digits: int) -> Path:
    """Write the plan with every contour of one structure a second time, rounded."""
    shutil.copytree(MAJOR, folder)
    for path in folder.rglob("*.dcm"):
        data = pydicom.dcmread(path)
        if data.Modality != "RTSTRUCT":
            continue
        (number,) = (r.ROINumber for r in data.StructureSetROISequence if r.ROIName == name)
        (roi,) = (r for r in data.ROIContourSequence if r.ReferencedROINumber == number)
        again = copy.deepcopy(list(roi.ContourSequence))
        for contour in again:
            contour.ContourData = [f"{v:.{digits}f}" for v in map(float, contour.ContourData)]
        roi.ContourSequence = [*roi.ContourSequence, *again]
        data.save_as(path)
    return folder


def test_case_105__a_rounded_copy_of_the_duodenum_stays_a_major_deviation(tmp_path, sound) -> None:
    (doubled,) = load_cases(with_copies_of("Duodenum", tmp_path / "plan", 1))
    found = review_case(doubled, PROTOCOL)
    limits = [c for c in sound.constraints if c.structure == "Duodenum" and c.value is not None]
    there = {c.id: c for c in found.constraints}
    assert max(c.value for c in limits if c.unit == "Gy") == pytest.approx(49.6, abs=0.05)
    for limit in limits:
        assert there[limit.id].value == pytest.approx(limit.value, rel=0.01)
        assert there[limit.id].verdict is limit.verdict
    assert found.verdict is Verdict.MAJOR
    (told,) = (f for f in found.findings if f.code == "CONTOUR_TWICE")
    assert told.where == "Duodenum"
    assert told.verdict is Verdict.MINOR


@pytest.mark.parametrize("seed", [3, 8, 17, 42, 99])
def test_case_105__a_mixture_of_copies_moves_no_value_and_betters_no_verdict(
    seed: int, case: Case, sound: CaseReview
) -> None:
    found = review_case(doubled_case(case, seed), PROTOCOL, bands=False)
    for known, there in zip(sound.constraints, found.constraints, strict=True):
        assert known.id == there.id
        if known.value is None:
            continue
        if there.value is None:
            assert there.reason is not None
        else:
            near = 0.01 * max(abs(known.value), LEAST)
            assert there.value == pytest.approx(known.value, rel=0, abs=near), known.id
    assert {f.code for f in found.findings} >= {"CONTOUR_TWICE"}
    assert found.verdict.rank >= sound.verdict.rank


def points_of(contour: pydicom.Dataset) -> np.ndarray:
    return np.array([float(v) for v in contour.ContourData]).reshape(-1, 3)


def drawn_again(contour: pydicom.Dataset, points: np.ndarray) -> pydicom.Dataset:
    made = copy.deepcopy(contour)
    made.ContourData = [f"{v:.2f}" for v in points.ravel()]
    made.NumberOfContourPoints = len(points)
    return made


def simplified(points: np.ndarray) -> np.ndarray:
    """Return every fifth vertex, and at least six."""
    return points[:: max(1, min(5, len(points) // 6))]


HOSTILE = {
    "1.5 mm off": lambda c: [c, drawn_again(c, points_of(c) + np.array([0, 0, 1.5]))],
    "2.9 mm off": lambda c: [c, drawn_again(c, points_of(c) + np.array([0, 0, 2.9]))],
    "simplified": lambda c: [c, drawn_again(c, simplified(points_of(c))[::-1])],
    "twice around": lambda c: [drawn_again(c, np.concatenate([points_of(c)] * 2))],
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_case_105__a_hostile_copy_in_the_file_moves_no_limit_of_the_duodenum(
    name: str, tmp_path: Path, sound: CaseReview
) -> None:
    folder = tmp_path / "plan"
    shutil.copytree(MAJOR, folder, ignore=shutil.ignore_patterns("CT"))
    data = pydicom.dcmread(folder / "RTSTRUCT.dcm")
    (number,) = (r.ROINumber for r in data.StructureSetROISequence if r.ROIName == "Duodenum")
    (roi,) = (r for r in data.ROIContourSequence if r.ReferencedROINumber == number)
    roi.ContourSequence = [made for c in roi.ContourSequence for made in HOSTILE[name](c)]
    data.save_as(folder / "RTSTRUCT.dcm")
    (tried,) = load_cases(folder)
    found = review_case(tried, PROTOCOL, bands=False)
    there = {c.id: c for c in found.constraints}
    for limit in sound.constraints:
        if limit.structure == "Duodenum" and limit.value is not None:
            assert there[limit.id].value == pytest.approx(limit.value, rel=0.01), limit.id
            assert there[limit.id].verdict is limit.verdict
    told = [f for f in found.findings if f.where == "Duodenum" and f.verdict is Verdict.MINOR]
    assert {f.code for f in told} & {"CONTOUR_TWICE", "CONTOUR_NEARLY_TWICE", "CONTOURS_CROSS"}
