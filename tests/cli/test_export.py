"""``sbrt-qa export`` on the sample patient."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pydicom
import pytest

from .conftest import Command

SAMPLES = Path(__file__).parents[2] / "sample_dicom"
SAMPLE, LINKS = SAMPLES / "minor", SAMPLES / "links"


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


def test_parts_that_may_not_belong_together_are_told_loudly(
    sbrt_qa: Command, tmp_path: Path
) -> None:
    out = tmp_path / "rs.dcm"
    ran = sbrt_qa("export", LINKS, "--isodose", "50Gy", "-o", out)
    assert ran.code == 0
    codes = re.findall(r"^sbrt-qa: WARNING: (\w+): ", ran.err, re.MULTILINE)
    assert codes == ["FRAME_OF_REFERENCE", "LINK_DANGLING", "PATIENT_DIFFERS"]
    written = pydicom.dcmread(out)
    assert written.StructureSetLabel == "SBRT_QA_DOUBTED"
    (roi,) = written.StructureSetROISequence
    for text in (written.StructureSetDescription, roi.ROIDescription):
        assert text.startswith("DOUBTED, it may not belong together: ")
        assert "(FRAME_OF_REFERENCE)" in text
        assert ".dcm" not in text


def test_the_age_of_the_dose_is_nothing_to_structures(sbrt_qa: Command, tmp_path: Path) -> None:
    ran = sbrt_qa("export", LINKS, "-s", "PTV", "-o", tmp_path / "rs.dcm")
    codes = re.findall(r"^sbrt-qa: WARNING: (\w+): ", ran.err, re.MULTILINE)
    assert codes == ["FRAME_OF_REFERENCE", "PATIENT_DIFFERS"]


def test_what_belongs_together_is_not_doubted(sbrt_qa: Command, tmp_path: Path) -> None:
    out = tmp_path / "rs.dcm"
    ran = sbrt_qa("export", SAMPLE, "--isodose", "50Gy", "-o", out)
    assert "WARNING" not in ran.err
    assert pydicom.dcmread(out).StructureSetLabel == "SBRT_QA"
    assert "StructureSetDescription" not in pydicom.dcmread(out)


@pytest.mark.parametrize("part", ["RTSTRUCT.dcm", "CT"])
def test_another_frame_of_reference_is_refused(sbrt_qa: Command, tmp_path: Path, part: str) -> None:
    folder = tmp_path / "in"
    shutil.copytree(SAMPLE, folder)
    changed = folder / part
    for path in changed.iterdir() if changed.is_dir() else [changed]:
        dataset = pydicom.dcmread(path)
        dataset.FrameOfReferenceUID = "1.2.3.4.5"
        for roi in dataset.get("StructureSetROISequence", []):
            roi.ReferencedFrameOfReferenceUID = "1.2.3.4.5"
        dataset.save_as(path)
    out = tmp_path / "rs.dcm"
    ran = sbrt_qa("export", folder, "-s", "PTV", "-o", out)
    assert ran.code == 1
    assert "another frame of reference than the image" in ran.err
    assert not out.exists()
