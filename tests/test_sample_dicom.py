"""sample_dicom/ is what the program writes, and its findings hold by a count of voxels.

The values here come from plain voxel counting on the files, independent of the DVH engine; they
are checked against bounds that leave room for its coarseness.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import pydicom
import pytest

from sbrt_qa.testing.sample import EXPECTED, MANIFEST, README, expected_json, manifest, write_sample

FOLDER = Path(__file__).parents[1] / "sample_dicom"
LIMIT_BYTES = 20e6


def test_the_files_are_those_of_the_manifest():
    assert manifest(FOLDER) == (FOLDER / MANIFEST).read_text(encoding="utf-8")


def test_the_sample_stays_small():
    assert sum(p.stat().st_size for p in FOLDER.rglob("*") if p.is_file()) <= LIMIT_BYTES


def test_texts_are_those_the_program_writes():
    assert (FOLDER / EXPECTED).read_text(encoding="utf-8") == expected_json()
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == README


def test_writing_a_case_again_gives_the_same_bytes(tmp_path):
    for path in write_sample("minor", tmp_path):
        stored = FOLDER / "minor" / path.relative_to(tmp_path)
        digests = [hashlib.sha256(p.read_bytes()).hexdigest() for p in (path, stored)]
        assert digests[0] == digests[1], path.name


@cache
def read(case):
    """Return dose (Gy), voxel volume (cc) and a mask by structure name."""
    dose = pydicom.dcmread(FOLDER / case / "RTDOSE.dcm")
    dose_gy = dose.pixel_array * float(dose.DoseGridScaling)
    step_y, step_x = (float(v) for v in dose.PixelSpacing)
    x0, y0, z0 = (float(v) for v in dose.ImagePositionPatient)
    offsets = np.array(dose.GridFrameOffsetVector, dtype=float)
    z = offsets - offsets[0] + z0
    x = x0 + step_x * np.arange(dose.Columns)
    y = y0 + step_y * np.arange(dose.Rows) + 1e-6  # never on a vertex
    plan = pydicom.dcmread(FOLDER / case / "RTSTRUCT.dcm")
    names = {r.ROINumber: r.ROIName for r in plan.StructureSetROISequence}
    rois = {names[r.ReferencedROINumber]: r for r in plan.ROIContourSequence}
    return dose_gy, step_x * step_y * (z[1] - z[0]) / 1000, rois, (x, y, z)


@cache
def inside(case, name):
    """Voxels whose centre lies in a structure, each plane reaching half a slice up and down."""
    dose_gy, _, rois, (x, y, z) = read(case)
    mask = np.zeros(dose_gy.shape, dtype=bool)
    for contour in rois[name].ContourSequence:
        points = np.array(contour.ContourData, dtype=float).reshape(-1, 3)
        near = np.nonzero((z >= points[0, 2] - 1.5) & (z < points[0, 2] + 1.5))[0]
        filled = even_odd(points[:, :2], x, y)
        for k in near:
            mask[k] ^= filled
    return mask


def even_odd(polygon, x, y):
    filled = np.zeros((y.size, x.size), dtype=bool)
    for (xa, ya), (xb, yb) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        rows = np.nonzero((ya <= y) != (yb <= y))[0]
        cuts = xa + (y[rows] - ya) * (xb - xa) / (yb - ya) if rows.size else rows
        filled[rows] ^= x[None, :] > np.asarray(cuts)[:, None]
    return filled


def doses(case, *names, but=None):
    dose_gy, voxel_cc, _, _ = read(case)
    mask = np.any([inside(case, n) for n in names], axis=0)
    if but:
        mask &= ~inside(case, but)
    return np.sort(dose_gy[mask])[::-1], voxel_cc


def hottest(case, name, volume_cc):
    values, voxel_cc = doses(case, name)
    return values[round(volume_cc / voxel_cc) - 1]


@pytest.mark.parametrize(
    ("case", "low", "high"),
    [
        ("compliant", 95.2, 98),
        ("minor", 90.5, 94.5),
        ("major", 95.2, 98),
        ("missing_organ", 95.2, 98),
    ],
)
def test_coverage_of_the_ptv(case, low, high):
    values, _ = doses(case, "PTV")
    assert low < 100 * np.mean(values >= 50) < high
    assert np.mean(values >= 45) > 0.985
    assert 1.1 < values[0] / 50 < 1.4
    assert values[0] == read(case)[0].max()  # the global maximum lies in the PTV


@pytest.mark.parametrize(
    ("case", "volume_cc", "low", "high"),
    [
        pytest.param("compliant", 0.5, 0, 28, id="clear of the duodenum"),
        pytest.param("minor", 0.1, 32.5, 35.5, id="D0.1cc is a minor deviation"),
        pytest.param("minor", 0.5, 0, 28, id="D0.5cc is not"),
        pytest.param("major", 0.5, 36, 60, id="D0.5cc is a major deviation"),
    ],
)
def test_dose_to_the_duodenum(case, volume_cc, low, high):
    assert low < hottest(case, "Duodenum", volume_cc) < high


@pytest.mark.parametrize(
    ("case", "low", "high"), [("compliant", 4, 12), ("minor", 4, 12), ("major", 15.3, 20)]
)
def test_mean_dose_to_the_liver_without_the_bed(case, low, high):
    values, voxel_cc = doses(case, "Liver", but="CTV")
    assert low < values.mean() < high
    assert values.size * voxel_cc > 800  # so that the coldest 700 cc can be evaluated


@pytest.mark.parametrize(("case", "low", "high"), [("compliant", 0, 14), ("major", 25, 50)])
def test_dose_to_the_coldest_700_cc_of_the_liver(case, low, high):
    values, voxel_cc = doses(case, "Liver", but="CTV")
    assert low < values[::-1][round(700 / voxel_cc)] < high


@pytest.mark.parametrize(("case", "low", "high"), [("compliant", 0, 9.5), ("major", 12.5, 20)])
def test_mean_dose_to_the_kidneys(case, low, high):
    values, _ = doses(case, "Kidney_L", "Kidney_R")
    assert low < values.mean() < high


def test_the_missing_organ_is_missing():
    assert "Duodenum" in read("compliant")[2]
    assert "Duodenum" not in read("missing_organ")[2]
    assert read("compliant")[0] == pytest.approx(read("missing_organ")[0], abs=0.0051)


def test_subjects_share_no_object():
    files = sorted(FOLDER.rglob("*.dcm"))
    uids = {pydicom.dcmread(p, stop_before_pixels=True).SOPInstanceUID for p in files}
    assert len(uids) == len(files)
