"""``sbrt-qa deidentify``: what it writes, says and exits with, in a process of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom import dcmread

SAMPLE = Path(__file__).parents[2] / "sample_dicom" / "beams"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sbrt_qa.cli", "deidentify", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_sound_case_is_released_and_says_what_was_done(tmp_path: Path) -> None:
    out, key = tmp_path / "out", tmp_path / "trial.key"
    done = run(SAMPLE, "-o", out, "--key", key, "--subject", "SUB-1", "--site", "S1", "-f", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["subject"] == "SUB-1"
    assert told["protocols"] == [{"id": "liver_sbrt", "version": "0.2"}]
    account = json.loads((out / "deidentified.json").read_text())
    assert account["dates_shifted"] is True
    assert {row["name"] for row in account["files"]} == {p.name for p in out.glob("*.dcm")}
    original = dcmread(next(SAMPLE.glob("*.dcm")))
    assert str(original.PatientID) not in done.stdout + done.stderr
    assert key.stat().st_mode & 0o077 == 0
    assert (tmp_path / "trial.key.crosswalk").stat().st_mode & 0o077 == 0


def test_what_a_person_must_see_is_ten(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    shutil.copytree(SAMPLE, folder)
    plan = dcmread(next(folder.glob("*PLAN*.dcm")))
    plan.SOPClassUID = plan.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    plan.SOPInstanceUID = plan.file_meta.MediaStorageSOPInstanceUID = f"{plan.SOPInstanceUID}.1"
    plan.save_as(folder / "document.dcm")
    done = run(folder, "-o", tmp_path / "out", "--key", tmp_path / "k", "--subject", "SUB-1")
    assert done.returncode == 10, done.stderr
    assert "an encapsulated document" in done.stdout


def test_nothing_is_written_where_nothing_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "notes.txt").write_text("nothing")
    done = run(tmp_path / "case", "-o", tmp_path / "out", "--key", tmp_path / "k", "--subject", "S")
    assert done.returncode == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "wrong", [("--subject", "Some Body"), ("--subject", "S/1"), ("--site", "S 1"), ("-f", "xml")]
)
def test_wrong_usage_is_two(tmp_path: Path, wrong: tuple[str, str]) -> None:
    done = run(SAMPLE, "-o", tmp_path / "out", "--key", tmp_path / "k", *wrong)
    assert done.returncode == 2, done.stdout + done.stderr
    assert not (tmp_path / "out").exists()
