"""A case without a dose that can be read: exit code 1, a message, and no number."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pydicom import dcmread

from .conftest import Command


@pytest.mark.parametrize("command", ["check", "dvh"])
@pytest.mark.parametrize("damage", ["missing", "cut", "other frame"])
def test_without_a_readable_dose_the_code_is_1_and_no_number_is_printed(
    sbrt_qa: Command, case: Path, tmp_path: Path, command: str, damage: str
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(case, broken)
    (dose,) = broken.glob("*RTDOSE*")
    if damage == "missing":
        dose.unlink()
    elif damage == "cut":
        dose.write_bytes(dose.read_bytes()[:-1000])
    else:
        data = dcmread(dose)
        data.FrameOfReferenceUID = "1.2.3"
        data.save_as(dose)
    ran = sbrt_qa(command, broken, "-f", "json")
    assert ran.code == 1
    assert "Export the plan again with its dose" in ran.err
    assert "Traceback" not in ran.err
    assert '"mean_gy": null' in ran.out
    assert '"mean_gy": 2' not in ran.out
