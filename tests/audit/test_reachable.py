"""What the trial's other plans reached: careless plans are found, careful ones are not."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from trials import run

from sbrt_qa.audit.columns import COLUMNS
from sbrt_qa.audit.reachable import BETTER, FEWEST_PLANS, REACHED, TOO_FEW, OrganReached, judged
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.review.case_review import StructureSummary
from sbrt_qa.review.overlap import NAMES, WITHIN_MM, histogram_in, overlaps_of
from sbrt_qa.testing.sample.trial import write_trial

CARELESS = frozenset({7, 23, 41})


def plans(count, careless=CARELESS, seed=5):
    """Return means of organs 40 mm deep that begin 0 to 20 mm away; careless doses fall slowly."""
    random = np.random.default_rng(seed)
    depth_mm, found = 40.0, []
    for n in range(count):
        away_mm = float(random.uniform(0, 20))
        fall_mm = (35.0 if n in careless else 14.0) * float(random.uniform(0.95, 1.05))
        along = away_mm + depth_mm * (np.arange(400) + 0.5) / 400
        within = np.clip((np.array(WITHIN_MM) - away_mm) / depth_mm, 0, 1)
        found.append(
            OrganReached(
                f"S/{n:03d}/v1", "S", f"{n:03d}", 1, 1, "50 Gy in 5", "MEAN", "Duodenum",
                "Mean[Gy]", "Gy", float(np.mean(50 * np.exp(-along / fall_mm))),
                tuple(100 * within),
            )
        )  # fmt: skip
    return found


def test_careless_plans_are_found_and_careful_ones_are_not():
    told = {int(one.seen.subject): one for one in judged(plans(60))}
    named = {n for n, one in told.items() if one.judged == BETTER}
    assert named <= CARELESS
    judgeable = {n for n in CARELESS if told[n].judged != TOO_FEW}
    assert named == judgeable
    assert named
    for n in named:
        one = told[n]
        assert one.excess == pytest.approx(one.seen.value - one.reached)
        assert int(one.by.split("/")[1]) not in CARELESS
    errors = {one.error for one in told.values()}
    assert len(errors) == 1
    assert 0 < errors.pop() < 3.0


def test_careful_plans_alone_are_never_named():
    told = judged(plans(60, frozenset()))
    assert {one.judged for one in told} <= {REACHED, TOO_FEW}
    assert sum(one.judged == REACHED for one in told) >= 50


def test_too_few_plans_cannot_be_judged():
    told = judged(plans(FEWEST_PLANS - 1))
    assert {one.judged for one in told} == {TOO_FEW}
    assert all(one.reached is None and one.error is None for one in told)
    assert {one.plans for one in told} == {FEWEST_PLANS - 1}


def test_another_fractionation_and_a_missed_target_are_no_examples():
    rows = plans(40)
    best = {one.seen.code: one.by for one in judged(rows)}
    found = {best[row.code] for row in rows} - {""}
    kept = [replace_example(row, row.code not in found) for row in rows]
    assert found.isdisjoint(one.by for one in judged(kept))
    split = [row._replace(fractionation=f"{n % 4}") for n, row in enumerate(rows)]
    assert {one.judged for one in judged(split)} == {TOO_FEW}


def replace_example(row, example):
    return row._replace(example=example)


def test_versions_of_one_subject_are_no_examples_of_each_other():
    rows = plans(20, frozenset())
    again = rows[0]._replace(code="S/000/v2", version=2, value=0.01)
    told = {one.seen.code: one for one in judged([*rows, again])}
    assert told["S/000/v1"].by != "S/000/v2"


# --- the histogram --------------------------------------------------------------------------------


def box(number, name, x, kind):
    loop = np.array([[x[0], -20.0], [x[1], -20.0], [x[1], 20.0], [x[0], 20.0]])
    planes = tuple(Contour(float(z), loop) for z in np.arange(-19.0, 20.0, 2.0))
    return Structure(number, name, planes, kind)


def summary(key, *matched):
    return StructureSummary(key, key, 1, "", None, None, None, None, None, matched=matched)


def test_the_histogram_of_a_box_beside_a_box():
    """The organ shares 4 of its 40 mm with the target; each 10 mm hold a quarter more of it."""
    axis = np.arange(-60.0, 61.0, 10.0)
    drawn = StructureSet((
        box(1, "PTV", (-20.0, 0.0), "PTV"),
        box(2, "Duodenum", (-4.0, 36.0), "ORGAN"),
        box(3, "Helper", (20.0, 40.0), "ORGAN"),
    ))  # fmt: skip
    why = Reason(ReasonCode.REFERENCE_MISSING, "no plan")
    one = Case("P", why, drawn, DoseGrid(np.zeros((13, 13, 13)), axis, axis, axis))
    told = overlaps_of(CaseDoses(one), (summary("Duodenum", "Duodenum"), summary("Helper")))
    assert list(told) == [f"Duodenum {name}" for name in NAMES]
    block = {name: {"value": known.value, "unit": "%"} for name, known in told.items()}
    expected = [100 * min((4 + mm) / 40, 1) for mm in WITHIN_MM]
    assert histogram_in(block, "Duodenum") == pytest.approx(expected, abs=4.0)
    assert histogram_in(block, "Liver") == ()
    without = replace(one, structures=StructureSet(drawn.structures[1:]))
    assert overlaps_of(CaseDoses(without), (summary("Duodenum", "Duodenum"),)) == {}


def test_an_audit_keeps_the_histograms_and_says_that_it_cannot_judge_yet(tmp_path):
    write_trial(tmp_path / "trial", 1)
    audit = tmp_path / "AUDIT"
    rules = tmp_path / "trial/protocol_v1.yaml"
    ran = run(
        "audit", tmp_path / "trial/submissions", "-p", rules, "--out", audit, "--no-reports"
    )  # fmt: skip
    assert ran.code == 0, ran.err
    told = run("query", audit, "reachable", "--format", "json")
    assert told.code == 0, told.err
    rows = json.loads(told.out)
    assert rows
    assert all(list(row) == list(COLUMNS["reachable"]) for row in rows)
    assert {row["judged"] for row in rows} == {TOO_FEW}
    assert all(row["reached"] is None for row in rows)
    page = (audit / "index.html").read_text(encoding="utf-8")
    assert "What other plans of the trial reached" in page
    assert "cannot judge yet what could have been reached" in page
