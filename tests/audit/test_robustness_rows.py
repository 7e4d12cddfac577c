"""What an audit tells of limits with the patient elsewhere."""

from __future__ import annotations

import json

import pytest
from trials import run

from sbrt_qa.audit.columns import COLUMNS
from sbrt_qa.audit.robustness_rows import towards
from sbrt_qa.testing.sample.trial import write_trial


@pytest.mark.parametrize(
    ("shift_mm", "words"),
    [
        ((3.0, 0.0, 0.0), "3 mm left"),
        ((-3.0, 0.0, 0.0), "3 mm right"),
        ((0.0, 3.0, 0.0), "3 mm back"),
        ((0.0, -2.1, 2.1), "2.1 mm front, 2.1 mm head"),
        ((0.0, 0.0, -5.0), "5 mm feet"),
        (None, ""),
    ],
)
def test_a_shift_is_said_by_sides_of_the_patient(shift_mm, words):
    assert towards(shift_mm) == words


def test_an_audit_under_a_protocol_with_shifts_keeps_and_tells_them(tmp_path):
    write_trial(tmp_path / "trial", 1)
    rules = tmp_path / "rules.yaml"
    text = (tmp_path / "trial/protocol_v1.yaml").read_text(encoding="utf-8")
    rules.write_text(f"{text}\nshifts: [3mm]\n", encoding="utf-8")
    audit = tmp_path / "AUDIT"
    ran = run(
        "audit", tmp_path / "trial/submissions", "-p", rules, "--out", audit, "--no-reports"
    )  # fmt: skip
    assert ran.code == 0, ran.err
    told = run("query", audit, "robustness", "--format", "json")
    assert told.code == 0, told.err
    rows = json.loads(told.out)
    assert all(list(row) == list(COLUMNS["robustness"]) for row in rows)
    assert {row["radius_mm"] for row in rows} == {3.0}
    assert all(row["structure"] and row["verdict_planned"] for row in rows)
    assert all((row["worst"] is None) == (row["towards"] == "") for row in rows)
    assert any(row["worst"] is not None and row["flips"] is not None for row in rows)
    assert all(row["reason"] for row in rows if row["worst"] is None)
    limit = rows[0]["limit"]
    one = json.loads(
        run("query", audit, "robustness", "--limit", limit, "--format", "json").out
    )  # fmt: skip
    assert {row["limit"] for row in one} == {limit}
