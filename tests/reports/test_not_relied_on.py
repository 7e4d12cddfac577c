"""Case 118: what a finding disowns is no deviation in any output, and is shown as not relied on."""

from __future__ import annotations

import json
import re
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from pydicom import dcmread

from sbrt_qa.compare.side_by_side import compare_cases
from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dicom.write.sr_read_back import read_structured_report
from sbrt_qa.evidence.evidence import Reviewed
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.pipeline import reporting
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.reports.registry import Page, render_report, render_reviews

SAMPLE = Path(__file__).parents[2] / "sample_dicom" / "major"
DEVIATES = (Verdict.MINOR, Verdict.MAJOR)


@cache
def folder() -> Path:
    """Return the plan with major deviations, its dose labelled a hundred times too high."""
    made = Path(mkdtemp()) / "plan"
    shutil.copytree(SAMPLE, made)
    dose = dcmread(made / "RTDOSE.dcm")
    dose.DoseGridScaling = float(dose.DoseGridScaling) * 100
    dose.save_as(made / "RTDOSE.dcm")
    return made


@cache
def reviewed() -> Reviewed:
    return reporting.report([folder()], bands=False)


def test_case_118__targets_give_no_value_of_a_disowned_dose():
    review = reviewed().review
    assert review.verdict is Verdict.NOT_EVALUABLE
    assert review.targets
    for target in review.targets:
        assert target.verdict not in DEVIATES
        assert target.volume_cc is not None
        assert (target.mean_gy, target.coverage_percent, target.hot_spot_percent) == (None,) * 3
        assert not target.conformity


@pytest.mark.parametrize("name", ["csv", "json", "targets_csv", "checks_csv"])
def test_case_118__rows_for_scripts_hold_no_deviation_by_dose(name):
    text = render_reviews(name, (reviewed().review,), Page(width=200))
    if name == "json":
        (review,) = json.loads(text)
        limits = [c for c in review["constraints"] if c["value"] is not None]
        assert {c["verdict"] for c in limits if c["reason"]} == {"not_evaluable"}
        assert all(c["reason"]["code"] == "not_relied_on" for c in limits if c["reason"])
    else:
        assert not re.search(r"\b(minor|major)\b(?=,[^\n]*not relied on)", text)


def test_case_118__the_structured_report_holds_none_either():
    back = read_structured_report(render_report("dcm", reviewed(), "en"))
    told = [limit for limit in back.limits if limit.reason_code == "not_relied_on"]
    assert len(told) > 5
    assert {limit.verdict for limit in told} == {Verdict.NOT_EVALUABLE}
    assert not any(limit.counts for limit in told)
    assert back.verdict is Verdict.NOT_EVALUABLE


@pytest.mark.parametrize("language", ["en", "zh"])
def test_case_118__the_page_says_not_relied_on(language):
    page = render_report("html", reviewed(), language).decode()
    assert ("not relied on" if language == "en" else "不予采信") in page


def test_case_118__a_comparison_tells_no_limit_as_broken():
    (before,), (after,) = load_cases(SAMPLE), load_cases(folder())
    told = compare_cases(before, after, load_protocol("liver_sbrt"), gamma=None)
    of_dose = [m for m in told.metrics if not m.metric.startswith("Volume") and m.after is not None]
    assert of_dose
    assert {m.after_verdict for m in of_dose} == {Verdict.NOT_EVALUABLE}
