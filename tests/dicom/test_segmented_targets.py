"""A target or an organ in a structure set and in a segmentation: chosen by nobody but the user."""

from __future__ import annotations

import builders as b
import numpy as np
import pytest
import segmentations as sg

from sbrt_qa.deid.release import deidentify_files
from sbrt_qa.dicom.load import load_cases
from sbrt_qa.errors import UsageError
from sbrt_qa.model.outcome import ReasonCode, Verdict
from sbrt_qa.model.stated import UserStatements
from sbrt_qa.pipeline import check
from sbrt_qa.pipeline.exporting import export
from sbrt_qa.review.derived_structures import Wanted

pytestmark = pytest.mark.filterwarnings("ignore:The string:UserWarning")

HEIGHTS = tuple(np.arange(-8.0, 9.0, 2.0))
SQUARE = ((-10.0, -10.0), (10.0, -10.0), (10.0, 10.0), (-10.0, 10.0))


def drawn(*names):
    """Return a structure set with the same square of 20 mm under each name."""
    return b.structure_set(
        *(b.roi(n, name, b.stack(HEIGHTS, xy_mm=SQUARE), "") for n, name in enumerate(names, 1))
    )


def voxels(*names, grow=0, right=0, **more):
    """Return a segmentation of about that square, `grow` mm wider, or `right` mm aside."""
    masks = np.zeros((len(HEIGHTS), 60, 60, len(names)), np.uint8)
    low, high = 20 - grow, 40 + grow
    masks[:, low:high, low + right : high + right, :] = 1
    return sg.segmentation(masks, names, images=sg.source(HEIGHTS, 60), **more)


def case_of(folder, structures, segments, name="seg.dcm", **parts):
    b.save_case(folder, RS=structures, **parts)
    segments.save_as(folder / name)
    return folder


def reviewed(folder, mapping=None, **asked):
    (review,) = check([folder], mapping=mapping, bands=False, **asked)
    return review


def roles(review):
    return {one.name: one.role for one in review.targets}


def of_targets(review):
    asked = "V100%[%]", "V90%[%]", "D98%[%]"
    return [r for r in review.constraints if r.metric in asked and r.structure == "PTV"]


@pytest.mark.parametrize(("name", "grow"), [("PTV", 0), ("ptv", 1), ("PTV_5000", 1)])
def test_a_target_in_both_is_one_that_nobody_chose(tmp_path, name, grow):
    review = reviewed(case_of(tmp_path, drawn("PTV"), voxels(name, grow=grow)))
    assert set(roles(review).values()) == {"unclear"}
    assert len(roles(review)) == 2
    assert all(r.verdict is Verdict.NOT_EVALUABLE for r in of_targets(review))
    assert {r.reason.code for r in of_targets(review)} == {ReasonCode.STRUCTURE_AMBIGUOUS}
    assert review.verdict is Verdict.NOT_EVALUABLE
    found = [f for f in review.findings if f.code == "TARGET_UNJUDGED"]
    assert len(found) == 2
    assert all("nothing says which counts" in f.message for f in found)


def test_two_segmentations_of_one_target_are_no_two_lesions_either(tmp_path):
    folder = case_of(tmp_path, None, voxels("PTV"), "a.dcm")
    voxels("PTV", grow=2, uid="1.2.3.77").save_as(folder / "b.dcm")
    review = reviewed(folder)
    assert list(roles(review).values()) == ["unclear", "unclear"]


@pytest.mark.parametrize("meant", [0, 1])
def test_the_map_decides_which_is_meant_and_the_other_is_told(tmp_path, meant):
    folder = case_of(tmp_path, drawn("PTV"), voxels("PTV", grow=3))
    keys = list(roles(reviewed(folder)))
    review = reviewed(folder, {keys[meant]: "PTV"})
    assert roles(review) == {keys[meant]: "judged", keys[1 - meant]: "copy"}
    (row,) = [r for r in review.constraints if r.id == "TGT_V100"]
    assert row.value is not None
    (told,) = [f for f in review.findings if f.code == "TARGET_NOT_OF_ITS_OWN"]
    assert "is meant, in the user's word" in told.message


def test_what_the_user_sets_apart_leaves_the_other(tmp_path):
    folder = case_of(tmp_path, drawn("PTV"), voxels("PTV", grow=3))
    first, second = roles(reviewed(folder))
    review = reviewed(folder, stated=UserStatements(not_targets=((second, "of a program"),)))
    assert roles(review) == {first: "judged", second: "set apart"}


def test_lesions_that_do_not_overlap_are_two(tmp_path):
    folder = case_of(tmp_path, drawn("PTV_1"), voxels("PTV_2", grow=-5, right=19))
    assert list(roles(reviewed(folder)).values()) == ["judged", "judged"]


def test_an_organ_is_not_chosen_because_the_other_file_calls_it_by_an_alias(tmp_path):
    folder = case_of(tmp_path, drawn("SpinalCord"), voxels("Spinal Cord"))
    review = reviewed(folder)
    rows = [r for r in review.constraints if r.structure == "SpinalCord"]
    assert {r.reason.code for r in rows} == {ReasonCode.STRUCTURE_AMBIGUOUS}
    rows = [
        r
        for r in reviewed(folder, {"SpinalCord": "SpinalCord"}).constraints
        if r.structure == "SpinalCord"
    ]
    assert all(r.reason is None or "could be" not in r.reason.detail for r in rows)


def test_what_a_plan_says_of_a_number_is_not_about_a_segment(tmp_path):
    """The plan prescribes to ROI 1 of a structure set that was not sent."""
    targets = [b.target(1, 50.0, ReferencedROINumber=1)]
    folder = case_of(tmp_path, None, voxels("Liver"), RP=b.plan(targets=targets))
    (case,) = load_cases(folder)
    assert case["Liver"].roi_number != 1
    assert case["Liver"].origin == 1
    assert not roles(reviewed(folder))


def test_no_segmentation_leaves_deidentification(tmp_path):
    segments = voxels("PTV^Secret")
    segments.PatientName = "Hidden^Person"
    folder = case_of(tmp_path / "in", drawn("PTV"), segments)
    asked = {"subject": "SUB-1"}
    report = deidentify_files([str(folder)], str(tmp_path / "out"), "5a" * 32, {}, asked)
    (held,) = report["held"]
    asked["accepted"] = [held["sha256"]]
    again = deidentify_files([str(folder)], str(tmp_path / "again"), "5a" * 32, {}, asked)
    assert len(again["held"]) == 1
    for out in (tmp_path / "out", tmp_path / "again"):
        written = b"".join(file.read_bytes() for file in out.rglob("*") if file.is_file())
        assert written
        assert b"Secret" not in written
        assert b"Hidden" not in written
        assert sg.Kind.BINARY.value.encode() not in written


def test_an_export_asks_which_of_two_is_meant(tmp_path):
    folder = case_of(tmp_path / "in", drawn("PTV"), voxels("PTV", grow=3))
    wanted = Wanted(("PTV",), (), ())
    with pytest.raises(UsageError, match="say which with --map"):
        export([folder], wanted, tmp_path / "out.dcm")
    first, second = roles(reviewed(folder))
    sides = []
    for number, key in enumerate((first, second)):
        made = export([folder], wanted, tmp_path / f"{number}.dcm", mapping={key: "PTV"}).made
        sides.append(made[0].volume_cc ** 0.5)
    assert sides[1] > 1.1 * sides[0]


def test_a_second_engine_says_that_it_reads_no_segmentations(tmp_path):
    pytest.importorskip("dicompylercore")
    folder = case_of(tmp_path, drawn("Liver"), voxels("PTV"))
    rows = reviewed(folder, cross_check=True).cross_check
    assert any("reads no segmentations" in r.reason.detail for r in rows if r.structure == "PTV")
    assert all(r.other is None for r in rows if r.structure == "PTV")
    assert {r.structure for r in rows} > {"PTV"}
