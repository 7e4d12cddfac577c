"""File meta that names another object, and objects of several studies, are noted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pydicom
import pytest

from sbrt_qa import load_cases

SAMPLE = Path(__file__).resolve().parents[2] / "sample_dicom" / "small_remnant"


def notes(folder: Path) -> str:
    (case,) = load_cases(folder)
    return " | ".join(case.provenance.notes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path / "case"))


@pytest.mark.parametrize("name", ["RTDOSE.dcm", "RTSTRUCT.dcm", "RTPLAN.dcm"])
def test_file_meta_of_another_object(folder: Path, name: str) -> None:
    dataset = pydicom.dcmread(folder / name)
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.98"
    dataset.save_as(folder / name)
    assert f"{name}: its file meta names another SOP Instance UID" in notes(folder)


@pytest.mark.parametrize("name", ["RTDOSE.dcm", "RTSTRUCT.dcm", "RTPLAN.dcm"])
def test_an_object_of_another_study(folder: Path, name: str) -> None:
    dataset = pydicom.dcmread(folder / name)
    dataset.StudyInstanceUID = "1.2.3.99"
    dataset.save_as(folder / name)
    assert "of several studies" in notes(folder)


def test_sound_files_say_nothing(folder: Path) -> None:
    assert "file meta" not in notes(folder)
    assert "several studies" not in notes(folder)
