"""Never text under a wrong name, and never an empty table of nothing."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from sbrt_qa.reports.registry import format_names, formats_offering, is_document

from .conftest import Command


@pytest.mark.parametrize("command", ["check", "dvh", "report"])
@pytest.mark.parametrize("suffix", ["ods", "docx", "xml", "html.txt.ods"])
def test_case_134__a_format_that_is_not_offered_is_refused_by_suffix(
    sbrt_qa: Command, case: Path, tmp_path: Path, command: str, suffix: str
) -> None:
    out = tmp_path / f"x.{suffix}"
    ran = sbrt_qa(command, case, "-o", out)
    assert (ran.code, out.exists()) == (2, False)
    assert "json" in ran.err


@pytest.mark.parametrize("arguments", [("-o", "x.html"), ("-f", "html", "-o", "x.html")])
def test_case_134__dvh_writes_no_html(
    sbrt_qa: Command, case: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    given = [tmp_path / a if a.startswith("x.") else a for a in arguments]
    ran = sbrt_qa("dvh", case, *given)
    assert (ran.code, list(tmp_path.iterdir())) == (2, [])
    assert "csv, json, table, xlsx" in ran.err


def test_case_134__a_stated_format_does_not_go_under_another_name(
    sbrt_qa: Command, case: Path, tmp_path: Path
) -> None:
    assert sbrt_qa("check", case, "-f", "json", "-o", tmp_path / "x.html").code == 2
    assert sbrt_qa("compare", case, case, "-o", tmp_path / "x.docx").code == 2
    assert sbrt_qa("dvh", case, "-f", "json", "-o", tmp_path / "x.json").code == 0
    assert sbrt_qa("dvh", case, "-o", tmp_path / "x.txt").code == 0
    assert sbrt_qa("dvh", case, "-f", "json", "-o", tmp_path / "values").code == 0


def test_a_pipe_is_written_into_and_a_link_keeps_its_place(
    sbrt_qa: Command, case: Path, tmp_path: Path
) -> None:
    pipe, link, file = (tmp_path / name for name in ("pipe", "link", "file"))
    os.mkfifo(pipe)
    link.symlink_to(file)
    reading = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    assert sbrt_qa("dvh", case, "-f", "json", "-o", pipe).code == 0
    through_pipe = os.read(reading, 1 << 16)
    os.close(reading)
    assert pipe.is_fifo()
    assert sbrt_qa("dvh", case, "-f", "json", "-o", link).code == 0
    assert link.is_symlink()
    assert file.read_bytes() == through_pipe == sbrt_qa("dvh", case, "-f", "json").out.encode()


def test_what_formats_offer_is_what_their_modules_have() -> None:
    import importlib

    for function in ("render_dvh", "render_reviews", "render_report"):
        for name in format_names():
            module = importlib.import_module(f"sbrt_qa.reports.as_{name}")
            assert (name in formats_offering(function)) == hasattr(module, function)
    assert is_document("html")


@pytest.mark.parametrize("kept", ["RTPLAN", "RTDOSE"])
@pytest.mark.parametrize("form", ["table", "json"])
def test_case_154__dvh_without_structures_says_why(
    sbrt_qa: Command, case: Path, tmp_path: Path, kept: str, form: str
) -> None:
    for file in case.glob(f"{kept}*"):
        shutil.copy(file, tmp_path)
    ran = sbrt_qa("dvh", tmp_path, "-f", form)
    assert (ran.code, ran.out) == (1, "")
    assert "no structure" in ran.err


def test_case_154__a_volume_needs_no_dose(sbrt_qa: Command, case: Path, tmp_path: Path) -> None:
    for file in case.glob("RTSTRUCT*"):
        shutil.copy(file, tmp_path)
    ran = sbrt_qa("dvh", tmp_path, "-m", "Volume[cc],Mean[Gy]", "-f", "json")
    row = json.loads(ran.out)["structures"]["PTV"]
    assert row["metrics"]["Volume[cc]"]["value"] == pytest.approx(row["volume_cc"])
    assert row["metrics"]["Mean[Gy]"]["value"] is None
    assert ran.code == 1
