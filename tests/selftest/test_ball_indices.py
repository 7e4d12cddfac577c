"""Indices of a spherical target with their uncertainty, beside closed forms and the page."""

import re
from pathlib import Path

import numpy as np
import pytest

from sbrt_qa.selftest.ball_indices import (
    FALLS,
    LARGE_WITHIN_PERCENT,
    Index,
    Normal,
    Plateau,
    indices_of,
    table,
    truths,
)

PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"


@pytest.mark.parametrize("fall", FALLS)
def test_the_dose_of_a_distance_is_at_that_distance(fall):
    for part in (0.9, 0.8, 0.4, 0.1):
        assert float(fall.part(np.array(fall.distance(part)))) == pytest.approx(part)
    assert fall.distance(0.8) == pytest.approx(1.0)


def test_case_131__every_index_is_near_the_closed_form_and_its_uncertainty_holds_it():
    found = list(indices_of(8.0, 3.0, Plateau(), (0.4, 0.2, 1.1)))
    assert [one.metric for one in found] == list(truths(8.0, Plateau()))
    for one in found:
        assert abs(one.error_percent) <= LARGE_WITHIN_PERCENT, one
        assert one.holds_truth, one
    (paddick,) = (one for one in found if one.metric == "PaddickCI")
    assert paddick.value <= 1.0
    assert paddick.high <= 1.0


def test_a_table_tells_the_largest_error_and_what_is_missed():
    rows = [Index("GI", r, 2.0, v, 2.0, 1.9, 2.1) for r, v in ((5.0, 2.2), (8.0, 1.98), (9.0, 2.0))]
    missed = Index("GI", 9.0, 2.0, 2.0, 2.0, 2.05, 2.1)
    last = table([*rows, missed]).splitlines()[-1]
    assert last.startswith("| GI | 4 | -1.00 | +10.00 | 75.0 |")


def test_the_truth_of_a_normal_curve():
    told = truths(10.0, Normal())
    assert told["D2cm[%]"] == pytest.approx(100 * 1.25 * 0.8**9)
    assert told["R50"] == pytest.approx((np.log(0.4) / np.log(0.8)) ** 1.5)


def test_the_page_tells_that_large_targets_are_within_what_was_asked_for():
    text = PAGE.read_text(encoding="utf-8").partition("## Indices of spherical targets")[2]
    rows = re.findall(r"^\| [\w\[\]%]+ \| \d+ \| ([-+.\d]+) \|", text.partition("\n## ")[0], re.M)
    assert len(rows) == len(truths(8.0, Normal()))
    assert max(abs(float(row)) for row in rows) <= LARGE_WITHIN_PERCENT
