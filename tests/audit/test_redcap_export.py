"""An audit as a data import of REDCap, read back by the reader of the trial's REDCap exports."""

from __future__ import annotations

import csv
import json
import re

import pytest
from trials import run

from sbrt_qa.audit.audit_exports import audit_exports
from sbrt_qa.audit.redcap_export import DICTIONARY, PLAN_FORM, write_redcap
from sbrt_qa.trial.readers.csv_tables import read_csv_rows
from sbrt_qa.trial.readers.redcap_tables import is_redcap, read_redcap


@pytest.fixture(scope="module")
def exported(audited, tmp_path_factory):
    out = tmp_path_factory.mktemp("redcap") / "files"
    ran = run("export", audited, "--format", "redcap", "--out", out)
    assert ran.code == 0, ran.err
    return out


def rows_of(audit, about):
    return json.loads(run("query", audit, about, "--format", "json").out)


def test_every_value_verdict_and_reason_comes_back(audited, exported):
    content = (exported / "redcap.csv").read_bytes()
    assert is_redcap(content.decode().splitlines()[0])
    _, lines, problems = read_csv_rows(content, "redcap.csv")
    assert not problems
    plans = {
        (cells["qa_code"], cells["qa_plan"]): cells
        for _, cells in lines if cells["redcap_repeat_instrument"] == PLAN_FORM
    }  # fmt: skip
    metrics = rows_of(audited, "metrics")
    unknown = 0
    for row in metrics:
        cells = plans[row["code"], str(row["plan"])]
        name = f"qa_{row['limit'].lower()}"
        value = cells[f"{name}_value"]
        assert (float(value) if value else None) == row["value"]
        assert cells[f"{name}_verdict"] == (row["verdict"] or "")
        assert cells[f"{name}_reason"] == (row["reason"] or "")
        unknown += not value and bool(cells[f"{name}_reason"])
    assert len(metrics) > unknown
    submissions = rows_of(audited, "submissions")
    assert {code for code, _ in plans} == {row["code"] for row in submissions}
    for row in submissions:
        mine = [cells for (code, _), cells in plans.items() if code == row["code"]]
        assert {c["qa_verdict"] for c in mine} == {row["verdict"] or ""}
    (subjects,) = read_redcap(content, "redcap.csv")
    assert subjects.name == "subjects"
    assert {cells["subject"]: cells["site"] for _, cells in subjects.rows} == {
        row["subject"]: row["site"] for row in submissions
    }
    keys = [(c["record_id"], c["redcap_repeat_instance"]) for _, c in lines]
    assert len(keys) == len(set(keys))


def test_the_dictionary_explains_every_field_once_and_knows_no_identifier(exported):
    with (exported / "redcap_dictionary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == DICTIONARY
    names = [row["Variable / Field Name"] for row in rows]
    assert names[0] == "record_id"
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,99}", name) for name in names)
    with (exported / "redcap.csv").open(newline="") as file:
        header = next(csv.reader(file))
    own = {"redcap_repeat_instrument", "redcap_repeat_instance"}
    assert set(header) - own == set(names)
    assert not {"site_name", "qa_draft", "qa_course"} & set(header)
    assert all(not row["Identifier?"] for row in rows)


def test_no_number_stands_for_what_is_not_known_and_changed_limits_have_their_own_field():
    submission = {
        "code": "S1/001/v1", "site": "S1", "subject": "001", "version": 1, "revision": 1,
        "received": "2026-01-02T10:00:00Z", "latest": True, "outcome": "reviewed",
        "verdict": "not_evaluable", "minor": 0, "major": 0, "not_evaluable": 1,
    }  # fmt: skip
    limit = {
        "code": "S1/001/v1", "plan": 1, "limit": "A-1", "structure": "Liver",
        "metric": "Mean[Gy]", "unit": "Gy", "value": None, "verdict": "not_evaluable",
        "reason": "structure_absent", "protocol": "p 1",
    }  # fmt: skip
    other = limit | {"plan": 2, "unit": "cGy", "value": -12.5, "verdict": "minor", "reason": None}
    files = write_redcap([submission, submission | {"code": "S1/001/v2", "version": 2}],
                         [limit, other])  # fmt: skip
    rows = list(csv.DictReader(files["redcap.csv"].splitlines()))
    assert [row["redcap_repeat_instance"] for row in rows] == ["", "1", "2", "3"]
    assert (rows[1]["qa_a_1_value"], rows[1]["qa_a_1_reason"]) == ("", "structure_absent")
    assert (rows[2]["qa_a_1_2_value"], rows[2]["qa_a_1_value"]) == ("-12.5", "")
    assert rows[1]["qa_received"] == "2026-01-02"
    assert (rows[3]["qa_plan"], rows[3]["qa_a_1_verdict"]) == ("", "")  # of it nothing is known


def test_forms_are_registered_and_an_unknown_one_is_refused(audited, tmp_path):
    assert "redcap" in audit_exports()
    ran = run("export", audited, "--format", "sas", "--out", tmp_path / "x")
    assert ran.code == 2
    assert "redcap" in ran.err
