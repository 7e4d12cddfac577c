"""A dose that is mirrored, as one of another plan, and one written long after its plan."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sbrt_qa import load_cases, load_protocol, review_case
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Verdict

SAMPLE = Path(__file__).resolve().parents[2] / "sample_dicom"
CODE = "DOSE_FAR_FROM_PRESCRIPTION"


@cache
def case_of(name: str) -> Case:
    (case,) = load_cases(SAMPLE / name)
    return case


def found(case: Case, code: str):
    review = review_case(case, load_protocol("liver_sbrt"), bands=False)
    return [f for f in review.findings if f.code == code]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_mirrored_dose_lies_beside_the_target(axis):
    case = case_of("major")
    assert isinstance(case.dose, DoseGrid)
    mirrored = replace(case.dose, dose_gy=np.flip(case.dose.dose_gy, axis))
    (one,) = found(replace(case, dose=mirrored), CODE)
    assert one.verdict is Verdict.MAJOR
    assert "beside the target" in one.message


@pytest.mark.parametrize("name", ["compliant", "minor", "major", "two_lesions"])
def test_a_dose_on_its_target_does_not(name):
    assert found(case_of(name), CODE) == []


def test_a_dose_written_a_year_after_its_plan_is_told():
    case = case_of("compliant")

    def later(header):
        if header.modality != "RTDOSE" or header.created_at is None:
            return header
        date = header.created_at.date
        return replace(
            header, created_at=replace(header.created_at, date=date.replace(date.year + 1))
        )

    headers = tuple(later(h) for h in case.provenance.headers)
    late = replace(case, provenance=replace(case.provenance, headers=headers))
    (one,) = [f for f in found(late, "DOSE_STALE") if "after the plan" in f.message]
    assert one.verdict is None
    assert [f for f in found(case, "DOSE_STALE") if "after the plan" in f.message] == []
