"""The name of --out decides the format wherever tables are written; contradictions are refused."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from openpyxl import load_workbook

from .conftest import Command

COMMANDS = {
    "checks list": ("json", "csv"),
    "protocol list": ("json", "csv"),
    "checks show DOSE_STALE": ("json",),
    "protocol decisions liver_sbrt": ("json", "md"),
    "protocol diff liver_sbrt@0.1 liver_sbrt": ("json",),
}


@pytest.mark.parametrize(
    ("command", "suffix"),
    [(command, suffix) for command, suffixes in COMMANDS.items() for suffix in suffixes],
)
def test_the_suffix_chooses(sbrt_qa: Command, tmp_path: Path, command: str, suffix: str) -> None:
    out = tmp_path / f"x.{suffix}"
    assert sbrt_qa(*command.split(), "--out", out).code == 0
    with out.open(encoding="utf-8", newline="") as file:
        text = file.read()
    assert text == sbrt_qa(*command.split(), "--format", suffix).out
    assert suffix != "json" or json.loads(text)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_contradiction_is_refused(sbrt_qa: Command, tmp_path: Path, command: str) -> None:
    for named, given in (("table", "x.json"), ("json", "x.tsv")):
        ran = sbrt_qa(*command.split(), "--format", named, "--out", tmp_path / given)
        assert ran.code == 2
        assert "suffix names a format that is not written here" in ran.err
        assert not (tmp_path / given).exists()


def test_a_table_may_go_into_a_file_of_no_kind(sbrt_qa: Command, tmp_path: Path) -> None:
    assert sbrt_qa("checks", "list", "--out", tmp_path / "x.txt").code == 0
    assert sbrt_qa("checks", "list", "--out", tmp_path / "table").code == 0
    assert "DOSE_STALE" in (tmp_path / "table").read_text(encoding="utf-8")


def test_a_workbook_of_a_review_has_its_tables(
    sbrt_qa: Command, case: Path, tmp_path: Path
) -> None:
    out = tmp_path / "review.xlsx"
    ran = sbrt_qa("check", case, "--out", out)
    assert ran.code in (0, 10, 20, 30)
    book = load_workbook(io.BytesIO(out.read_bytes()))
    assert book.sheetnames == ["limits", "checks", "targets"]
    told = json.loads(sbrt_qa("check", case, "--format", "json").out)[0]["constraints"]
    heads, *rows = (tuple(c.value for c in row) for row in book["limits"].iter_rows())
    cells = [dict(zip(heads, row, strict=True)) for row in rows]
    assert [c["constraint"] for c in cells] == [t["id"] for t in told]
    values = [t["value"] for t in told]
    assert any(isinstance(value, float) for value in values)
    for cell, value in zip(cells, values, strict=True):
        assert cell["value"] == (value if value is None else pytest.approx(value, rel=5e-5))
        assert value is None or isinstance(cell["value"], int | float)


def test_a_workbook_of_a_dvh_is_a_file(sbrt_qa: Command, case: Path, tmp_path: Path) -> None:
    assert sbrt_qa("dvh", case, "--out", tmp_path / "d.xlsx").code == 0
    sheet = load_workbook(tmp_path / "d.xlsx")["dvh"]
    assert sheet["A1"].value == "plan"
    ran = sbrt_qa("dvh", case, "--format", "xlsx")
    assert ran.code == 2
    assert "this format is a file" in ran.err


ONE_FORMAT = ("protocol sheet tg101", "schema review")


@pytest.mark.parametrize("command", ["protocol show tg101", "checks list", "schema protocol"])
def test_a_hyphen_is_the_standard_output(
    sbrt_qa: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for hyphen in ("-", "./-"):
        ran = sbrt_qa(*command.split(), "--out", hyphen)
        assert ran.code == 0
        assert ran.out == sbrt_qa(*command.split()).out
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ONE_FORMAT)
def test_a_command_of_one_format_refuses_the_name_of_another(
    sbrt_qa: Command, tmp_path: Path, command: str
) -> None:
    out = tmp_path / ("x.csv" if command.startswith("schema") else "x.json")
    ran = sbrt_qa(*command.split(), "--out", out)
    assert ran.code == 2
    assert "suffix names a format that is not written here" in ran.err
    assert not out.exists()


def test_a_protocol_may_be_called_yml(sbrt_qa: Command, tmp_path: Path) -> None:
    out = tmp_path / "ours.yml"
    assert sbrt_qa("protocol", "new", "--from", "blank", "--out", out).code == 0
    assert sbrt_qa("protocol", "validate", out).code == 0
