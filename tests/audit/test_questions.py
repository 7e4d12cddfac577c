"""What an audit answers, by the command line."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter

import pytest
from trials import run

from sbrt_qa.audit.columns import COLUMNS, kinds
from sbrt_qa.audit.questions import ABOUT
from sbrt_qa.cli.query import EXPORTED
from sbrt_qa.testing.sample.trial import RESUBMITTED

KINDS = {"text": {str}, "count": {int}, "number": {int, float}, "flag": {bool}}

pyarrow = pytest.importorskip("pyarrow.parquet")


def asked(audit, *arguments) -> list[dict]:
    ran = run("query", audit, *arguments, "--format", "json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


@pytest.mark.parametrize("about", ABOUT)
def test_every_question_has_an_answer_in_every_format(audited, about):
    rows = asked(audited, about)
    assert all(list(row) == list(COLUMNS[about]) for row in rows)
    for row in rows:
        for name, kind in kinds(about).items():
            assert row[name] is None or type(row[name]) in KINDS[kind], (about, name)
    table = run("query", audited, about)
    assert table.code == 0
    text = run("query", audited, about, "--format", "csv").out
    assert next(csv.reader(io.StringIO(text))) == list(COLUMNS[about])
    assert len(list(csv.reader(io.StringIO(text)))) == len(rows) + 1


def test_rates_are_those_of_what_is_planted(trial, audited):
    rows = {row["site"]: row for row in asked(audited, "sites")}
    of, passed = Counter(), Counter()
    for one in trial.planted:
        of[one.site] += 1
        passed[one.site] += one.verdict == "per_protocol"
    assert {s: (r["passed"], r["submissions"]) for s, r in rows.items()} == {
        s: (passed[s], of[s]) for s in of
    }
    failed = Counter(limit for one in trial.planted for limit in one.limits)
    assert {r["limit"]: r["not_met"] for r in asked(audited, "limits")} == dict(failed)


def test_a_resubmission_shows_only_what_changed(trial, audited):
    rows = asked(audited, "changes")
    mended = {o.subject: o for o in trial.planted if o.version == 1 and o.kind in RESUBMITTED}
    for one in (o for o in trial.planted if o.version == 2):
        changed = [
            r for r in rows if r["after"] == one.code and r["verdict_before"] != "per_protocol"
        ]
        first = mended[one.subject]
        assert {r["limit"]: r["verdict_before"] for r in changed} == first.limits
        assert {r["verdict_after"] for r in changed} == {"per_protocol"}
    assert {r["subject"] for r in rows} <= set(mended)


def test_questions_can_be_narrowed(trial, audited):
    only = asked(audited, "submissions", "--site", "S08")
    assert {row["site"] for row in only} == {"S08"}
    last = asked(audited, "submissions", "--latest", "--site", "S08")
    assert len(last) < len(only)
    major = asked(audited, "deviations", "--verdict", "major")
    planted = [o for o in trial.planted if "major" in o.limits.values()]
    assert {row["code"] for row in major} == {one.code for one in planted}


def test_an_export_makes_its_folder_and_no_file_is_taken_for_one(audited, tmp_path):
    out = tmp_path / "new" / "ex"
    assert run("export", audited, "--format", "csv", "--out", out).code == 0
    assert (out / "columns.csv").is_file()
    ran = run("export", audited, "--format", "csv", "--out", out / "columns.csv")
    assert (ran.code, "--out is a file" in ran.err) == (2, True)


def test_exports_agree(audited, tmp_path):
    for kind in ("csv", "json", "parquet"):
        (tmp_path / kind).mkdir()
        assert run("export", audited, "--format", kind, "--out", tmp_path / kind).code == 0
    for name in EXPORTED:
        data = json.loads((tmp_path / f"json/{name}.json").read_text())
        parquet = pyarrow.read_table(tmp_path / f"parquet/{name}.parquet").to_pylist()
        assert parquet == data
        with (tmp_path / f"csv/{name}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [list(row) for row in rows] == [list(COLUMNS[name])] * len(data)
    with (tmp_path / "csv/columns.csv").open(newline="") as file:
        named = {(row["table"], row["column"]) for row in csv.DictReader(file)}
    assert named == {(name, column) for name in EXPORTED for column in COLUMNS[name]}


def test_sums_are_narrowed_by_what_they_sum_up(trial, audited):
    (only,) = asked(audited, "sites", "--site", "S08")
    assert only["submissions"] == sum(one.site == "S08" for one in trial.planted)
    of = {row["limit"]: row["of"] for row in asked(audited, "limits", "--site", "S08")}
    assert max(of.values()) <= only["submissions"]
    (last,) = asked(audited, "sites", "--site", "S08", "--latest")
    assert last["submissions"] == last["subjects"]


def test_rows_come_in_order_of_their_submissions(audited):
    for about in ("submissions", "metrics", "deviations", "completeness"):
        codes = [(r["site"], r["subject"], r["code"]) for r in asked(audited, about)]
        assert codes == sorted(codes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["query", "nonsense"], "unknown question"),
        (["query", "sites", "--format", "ods"], "unknown --format"),
        (["query", "sites", "--format", "xlsx"], "a workbook is a file"),
        (["query", "sites", "--verdict", "major"], "sites cannot be narrowed by --verdict"),
        (["query", "sites", "--protocol", "ff00"], "no protocol of this audit"),
        (["query", "sites", "--site", "S99"], "the audit knows no such site; got 'S99'; expected"),
        (["query", "metrics", "--subject", "S08-999"], "the audit knows no such subject"),
        (["query", "deviations", "--verdict", "majr"], "no such verdict"),
        (["export", "--format", "xlsx", "--out", "."], "unknown --format"),
        (["export", "--out", "tables"], "Say as which: --format csv, parquet, json or redcap"),
    ],
)
def test_wrong_questions_are_told(audited, arguments, message):
    command, *rest = arguments
    ran = run(command, audited, *rest)
    assert ran.code == 2
    assert message in ran.err
