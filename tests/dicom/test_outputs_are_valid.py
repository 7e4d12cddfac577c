"""Objects of the trial's sample, and what is released of a case, hold to the standard."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from sbrt_qa.deid.release import deidentify_files
from sbrt_qa.testing.outcomes.sample_outcomes import write_outcomes

SAMPLES = Path(__file__).parents[2] / "sample_dicom"
MOST_OF_A_KIND = 4


def faults(file: Path, folder: Path) -> list[str]:
    """Return what dciodvfy of dicom3tools, which cannot inflate, calls an error in a file."""
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy (Debian package dicom3tools) is not installed")
    dataset = pydicom.dcmread(file)
    if dataset.file_meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian:
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        file = folder / "inflated.dcm"
        dataset.save_as(file, enforce_file_format=True)
    ran = subprocess.run(
        [program, str(file)], capture_output=True, text=True, check=False, errors="replace"
    )
    assert "Information Object" not in ran.stderr, file
    return [line for line in ran.stderr.splitlines() if line.startswith("Error")]


def some_of_each(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the first files of every modality in a folder."""
    seen: dict[str, int] = {}
    for file in sorted(folder.rglob("*.dcm")):
        modality = str(pydicom.dcmread(file, stop_before_pixels=True).Modality)
        seen[modality] = seen.get(modality, 0) + 1
        if seen[modality] <= MOST_OF_A_KIND:
            yield modality, file


@pytest.mark.slow
def test_every_kind_of_object_of_the_trials_sample_is_valid(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_outcomes(out)
    wrong, kinds = {}, set()
    for modality, file in some_of_each(out):
        kinds.add(modality)
        if found := faults(file, tmp_path):
            wrong[file.relative_to(out).as_posix()] = found
    assert wrong == {}
    assert kinds == {"RTPLAN", "RTSTRUCT", "RTDOSE", "RTRECORD", "REG"}


def test_what_is_released_of_a_case_is_as_valid_as_it_came(tmp_path: Path) -> None:
    out = tmp_path / "out"
    deidentify_files([str(SAMPLES / "minor")], str(out), "5a" * 32, {}, {})
    kinds = set()
    for modality, file in some_of_each(out):
        kinds.add(modality)
        found = faults(file, tmp_path)
        assert [one for one in found if modality != "CT" or "Laterality" not in one] == []
    assert {"RTPLAN", "RTSTRUCT", "RTDOSE", "CT"} <= kinds
