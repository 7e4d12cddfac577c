"""Every export of a real planning system gets a sensible answer."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sbrt_qa.review.case_review import CaseReview

from .conftest import Command

ROOT = Path(os.environ.get("SBRT_QA_CASES", Path(__file__).parents[3] / "shared" / "cases"))
CASES = sorted(p for p in ROOT.iterdir() if p.is_dir()) if ROOT.is_dir() else []

pytestmark = [
    pytest.mark.real_exports,
    pytest.mark.skipif(not CASES, reason="no real exports here; SBRT_QA_CASES names their folder"),
]


@pytest.mark.parametrize("folder", CASES, ids=lambda p: p.name)
def test_check_answers_for_every_export(sbrt_qa: Command, folder: Path) -> None:
    ran = sbrt_qa("check", folder, "-f", "json")
    assert ran.code in (1, 10, 20, 30)  # none of them is a compliant liver SBRT plan
    assert ("dose" in ran.err) == (ran.code == 1)
    assert ran.err.count("\n") == (ran.code == 1)
    for data in json.loads(ran.out):
        review = CaseReview.from_json(json.dumps(data))
        assert review.constraints
        assert all(c.value is not None or c.reason is not None for c in review.constraints)
        assert not any(str(ROOT) in f.message for f in review.findings)
