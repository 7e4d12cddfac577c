"""``sbrt-qa export`` on the sample patient."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pydicom

from .conftest import Command

SAMPLE = Path(__file__).parents[2] / "sample_dicom" / "minor"


def test_what_was_written_is_told_and_reads_back(sbrt_qa: Command, tmp_path: Path) -> None:
    out = tmp_path / "rs.dcm"
    ran = sbrt_qa(
        "export", SAMPLE, "-s", "Liver-GTV", "--isodose", "50Gy", "--ring", "20mm", "-o", out
    )
    assert ran.code == 0
    told = dict(re.findall(r"^(\S+): (\d+\.\d\d) cc", ran.out, re.MULTILINE))
    assert list(told) == ["Liver-GTV", "Isodose_50Gy", "Ring_PTV_20mm"]
    assert "Liver - CTV (no GTV in the plan)" in ran.out
    names = [roi.ROIName for roi in pydicom.dcmread(out).StructureSetROISequence]
    assert names == list(told)
    again = sbrt_qa("dvh", out)
    for name, volume in told.items():
        found = re.search(rf"{re.escape(name)} +\d+ +(\d+\.\d\d|–)", again.out)
        assert found is not None
        assert found[1] in ("–", volume) or abs(float(found[1]) / float(volume) - 1) < 0.01


def test_a_case_without_images_and_an_input_as_output(sbrt_qa: Command, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("RTPLAN.dcm", "RTSTRUCT.dcm", "RTDOSE.dcm"):
        shutil.copy(SAMPLE / name, folder)
    assert sbrt_qa("export", folder, "-s", "PTV", "-o", tmp_path / "rs.dcm").code == 0
    before = (folder / "RTSTRUCT.dcm").read_bytes()
    ran = sbrt_qa("export", folder, "-s", "PTV", "-o", folder / "RTSTRUCT.dcm")
    assert ran.code == 2
    assert (folder / "RTSTRUCT.dcm").read_bytes() == before
    (folder / "RTSTRUCT.dcm").unlink()
    assert sbrt_qa("export", folder, "--isodose", "50Gy", "-o", tmp_path / "no.dcm").code == 1
    assert sbrt_qa("export", SAMPLE, "-o", tmp_path / "no.dcm").code == 2
    assert not (tmp_path / "no.dcm").exists()
