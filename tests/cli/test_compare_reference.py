"""``compare CASE --reference RS2.dcm``: contours beside a second structure set, and verdicts."""

import csv
import dataclasses
import io
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image, ImageDraw
from typer.testing import CliRunner

from sbrt_qa.cli.main import application
from sbrt_qa.errors import UsageError
from sbrt_qa.model.outcome import ReasonCode
from sbrt_qa.pipeline.referencing import compare_reference
from sbrt_qa.reports.reference_table import render_reference

REPO = Path(__file__).parents[2]
CASE = REPO / "sample_dicom" / "compliant"


KEPT = ("Liver", "Duodenum", "Spleen", "PTV", "GTV")


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """The compliant sample with the few structures that are looked at here."""
    folder = tmp_path_factory.mktemp("case")
    for file in CASE.glob("*.dcm"):
        shutil.copy(file, folder)
    data = pydicom.dcmread(CASE / "RTSTRUCT.dcm")
    numbers = [r.ROINumber for r in data.StructureSetROISequence if r.ROIName in KEPT]
    for keyword, number in (
        ("StructureSetROISequence", "ROINumber"),
        ("ROIContourSequence", "ReferencedROINumber"),
        ("RTROIObservationsSequence", "ReferencedROINumber"),
    ):
        data[keyword].value = [item for item in data[keyword] if item[number].value in numbers]
    data.save_as(folder / "RTSTRUCT.dcm")
    return folder


@pytest.fixture(scope="module")
def reference(case, tmp_path_factory):
    """The structure set with the duodenum 8 mm nearer to the head, and without the spleen."""
    data = pydicom.dcmread(case / "RTSTRUCT.dcm")
    names = {roi.ROINumber: roi.ROIName for roi in data.StructureSetROISequence}
    kept = [r for r in data.ROIContourSequence if names[r.ReferencedROINumber] != "Spleen"]
    for roi in kept:
        for contour in roi.ContourSequence if names[roi.ReferencedROINumber] == "Duodenum" else ():
            values = [float(v) for v in contour.ContourData]
            values[2::3] = [z + 8.0 for z in values[2::3]]
            contour.ContourData = values
    data.ROIContourSequence = kept
    rois = [r for r in data.StructureSetROISequence if r.ROIName != "Spleen"]
    data.StructureSetROISequence = rois
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    file = tmp_path_factory.mktemp("reference") / "RS2.dcm"
    data.save_as(file)
    return file


@pytest.fixture(scope="module")
def answers(case, reference):
    """What the command writes, and the comparison that it wrote."""
    made = []

    def compared(*arguments, **named):
        made.append(compare_reference(*arguments, **named))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sbrt_qa.pipeline.referencing.compare_reference", compared)
        done = CliRunner().invoke(
            application(), ["compare", str(case), "--reference", str(reference), "-f", "json"]
        )
    return done, made[0]


@pytest.fixture(scope="module")
def found(answers):
    return answers[1]


def test_structures_that_are_the_same_agree(found):
    liver = next(row for row in found.rows if row.structure == "Liver").agreement
    assert liver.dice == pytest.approx(1.0, abs=1e-6)
    assert liver.added_path_mm == 0.0


def test_one_that_was_drawn_elsewhere_does_not(found):
    duodenum = next(row for row in found.rows if row.structure == "Duodenum").agreement
    assert duodenum.dice < 0.95
    assert duodenum.hausdorff_mm == pytest.approx(8.0, abs=1.0)
    assert duodenum.volume_cc == pytest.approx(duodenum.reference_cc, rel=0.01)


def test_verdicts_that_change_are_named_and_what_is_not_drawn_is_told(found):
    changed = {one.limit for one in found.limits if one.changes}
    assert "DUO5_D01" in changed
    assert not any(limit.startswith("LIV5") for limit in changed)
    assert found.only_drawn == ("Spleen",)


def test_the_command_writes_json(answers):
    done = answers[0]
    assert done.exit_code == 0
    data = json.loads(done.stdout)
    assert data["schema"] == "sbrt_qa.reference/1"
    row = next(r for r in data["rows"] if r["structure"] == "Duodenum")
    assert set(row["agreement"]["surface_dice"]) == {"1", "2", "3"}


def shown(found, output_format, language="en"):
    return render_reference(output_format, found, language)


def test_rows_for_statistics_hold_the_same_numbers(found):
    rows = list(csv.DictReader(io.StringIO(shown(found, "csv"))))
    (duodenum,) = [r for r in rows if r["row"] == "structure" and r["reference"] == "Duodenum"]
    row = next(one for one in found.rows if one.structure == "Duodenum").agreement
    assert float(duodenum["surface_dice_2mm"]) == row.surface_dice["2"]
    assert float(duodenum["added_path_mm"]) == row.added_path_mm
    limits = {r["limit"] for r in rows if r["row"] == "limit" and r["changes"] == "true"}
    assert limits == {one.limit for one in found.limits if one.changes}


def test_a_page_and_a_table_in_chinese(found):
    page, table = shown(found, "html", "zh"), shown(found, "table", "zh")
    for text in (page, table):
        assert "Duodenum" in text
        assert "[en]" not in text
        assert "added path" not in text
    assert '<html lang="zh">' in page
    assert "DUO5_D01" in page


def test_names_of_a_reviewers_file_are_no_markup(found):
    rows = (dataclasses.replace(found.rows[0], reference="<script>=1"), *found.rows[1:])
    page = shown(dataclasses.replace(found, rows=rows), "html")
    assert "<script>" not in page
    evil = dataclasses.replace(found.rows[0], reference="=HYPERLINK(1)")
    text = shown(dataclasses.replace(found, rows=(evil,)), "csv")
    assert ",=HYPERLINK" not in text


def test_a_name_that_two_structures_have_is_compared_with_neither(case, reference, tmp_path):
    data = pydicom.dcmread(reference)
    for roi in data.StructureSetROISequence:
        if roi.ROIName == "Duodenum":
            roi.ROIName = "Liver"
    data.save_as(tmp_path / "RS.dcm")
    found = compare_reference([case], tmp_path / "RS.dcm")
    rows = [row for row in found.rows if row.reference == "Liver"]
    assert len(rows) == 2
    assert {row.agreement.code for row in rows} == {ReasonCode.STRUCTURE_AMBIGUOUS}


def test_a_reference_in_another_frame_is_refused(tmp_path):
    other = tmp_path / "RS.dcm"
    shutil.copy(REPO / "sample_dicom" / "minor" / "RTSTRUCT.dcm", other)
    with pytest.raises(UsageError, match="frame of reference"):
        compare_reference([CASE], other)


@pytest.mark.filterwarnings("ignore:The string:UserWarning")
def test_a_segmentation_is_a_reference_as_well(case, tmp_path):
    """A reader's program that knows voxels only: pixels of 2 mm of the case's own duodenum."""
    sys.path.append(str(REPO / "tests" / "dicom"))
    from segmentations import segmentation, source

    data = pydicom.dcmread(case / "RTSTRUCT.dcm")
    number = next(r.ROINumber for r in data.StructureSetROISequence if r.ROIName == "Duodenum")
    (drawn,) = [r for r in data.ROIContourSequence if r.ReferencedROINumber == number]
    outlines = [np.array(c.ContourData, float).reshape(-1, 3) for c in drawn.ContourSequence]
    heights = sorted({float(points[0, 2]) for points in outlines})
    side, low = 120, np.concatenate(outlines)[:, :2].min(axis=0) - 20.0
    images = source(heights, side, 2.0, position=low.tolist())
    masks = np.zeros((len(heights), side, side), np.uint8)
    for points in outlines:
        picture = Image.new("1", (side, side))
        places = np.rint((points[:, :2] - low) / 2.0)
        ImageDraw.Draw(picture).polygon([tuple(p) for p in places.tolist()], fill=1)
        masks[heights.index(float(points[0, 2]))] ^= np.asarray(picture, np.uint8)
    made = segmentation(masks, ("Duodenum",), images)
    frame = pydicom.dcmread(case / "RTDOSE.dcm", stop_before_pixels=True).FrameOfReferenceUID
    made.FrameOfReferenceUID = frame
    made.save_as(tmp_path / "SEG.dcm")
    found = compare_reference([case], tmp_path / "SEG.dcm")
    (row,) = found.rows
    assert row.structure == "Duodenum"
    assert row.agreement.dice > 0.85
    assert row.agreement.hausdorff95_mm < 4.0
    assert {"Liver", "Spleen", "PTV"} <= set(found.only_drawn)
    assert not any(one.changes for one in found.limits if one.limit.startswith("LIV5"))
