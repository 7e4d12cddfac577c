"""RTSTRUCT to structures: what is read, what is set aside, what is refused."""

from __future__ import annotations

import builders as b
import numpy as np
import pytest

from sbrt_qa.dicom.files.dataset import open_bytes
from sbrt_qa.dicom.quirks import Log
from sbrt_qa.dicom.read.rtstruct import read_structure_set
from sbrt_qa.dicom.text.elements import Item
from sbrt_qa.model.outcome import ReasonCode
from sbrt_qa.model.structure import ContourKind


def read(dataset, tmp_path, syntax=None, **keywords):
    path = b.save(dataset, tmp_path / "RS.dcm", syntax, **keywords)
    opened = open_bytes(path.read_bytes(), path.name)
    return read_structure_set(opened.root), opened.root.log


def read_one(tmp_path, *contours):
    structures, log = read(b.structure_set(b.roi(1, "Liver", contours)), tmp_path)
    return structures.structures[0], log


@pytest.mark.parametrize("syntax", [b.ExplicitVRLittleEndian, b.ImplicitVRLittleEndian])
@pytest.mark.parametrize("undefined_length", [False, True])
def test_structures_are_read_from_any_encoding(tmp_path, syntax, undefined_length):
    dataset = b.structure_set(b.roi(4, "Liver", b.stack(), "organ"), b.roi(2, "PTV", b.stack()))
    if undefined_length:
        for sequence in (dataset["ROIContourSequence"], dataset["StructureSetROISequence"]):
            sequence.is_undefined_length = True
            for part in sequence.value:
                part.is_undefined_length_sequence_item = True
    structures, log = read(dataset, tmp_path, syntax)
    liver = structures.structures[0]
    assert [(s.roi_number, s.name) for s in structures.structures] == [(4, "Liver"), (2, "PTV")]
    assert liver.interpreted_type == "ORGAN"
    assert [c.z_mm for c in liver.contours] == [-2.0, 0.0, 2.0]
    assert np.array_equal(liver.contours[0].xy_mm, b.SQUARE)
    assert structures.frame_of_reference_uid == b.FRAME
    assert not log.repairs
    assert not log.notes


@pytest.mark.parametrize("vr", ["UN", "OB"])
def test_case_74_inline_binary_contour_data_is_read(tmp_path, vr):
    structure, _ = read_one(tmp_path, b.contour(0.0, vr=vr))
    assert np.array_equal(structure.contours[0].xy_mm, b.SQUARE)


def test_case_74_contour_data_above_64_kb_is_read(tmp_path):
    angles = np.linspace(0, 2 * np.pi, 5000, endpoint=False)
    circle = list(zip(50 * np.cos(angles), 50 * np.sin(angles), strict=True))
    structure, _ = read_one(tmp_path, b.contour(0.0, circle))
    assert structure.contours[0].xy_mm.shape == (5000, 2)


def test_case_71_decimals_longer_than_16_characters_are_read(tmp_path):
    text = b"1.23456789012345678\\0\\0\\10\\0\\0\\10\\10\\0"
    structure, _ = read_one(tmp_path, b.contour(0.0, text=text, points=3))
    assert structure.contours[0].xy_mm[0, 0] == float("1.23456789012345678")


def test_contour_data_that_pydicom_has_converted_already_is_read():
    contour = b.contour(0.0)
    assert len(contour.ContourData) == 12
    dataset = b.structure_set(b.roi(1, "Liver", [contour]))
    structures = read_structure_set(Item.root(dataset, "RS", Log()))
    assert np.array_equal(structures.structures[0].contours[0].xy_mm, b.SQUARE)


@pytest.mark.parametrize("kind", ["POINT", "OPEN_PLANAR", "OPEN_NONPLANAR"])
def test_case_24_points_and_open_contours_are_set_aside(tmp_path, kind):
    structure, _ = read_one(tmp_path, b.contour(0.0), b.contour(2.0, kind=kind))
    assert len(structure.contours) == 1
    assert structure.problem is None
    assert [(a.kind, a.count) for a in structure.set_aside] == [(ContourKind(kind), 1)]


def test_case_24_closed_contours_of_one_or_two_points_are_set_aside(tmp_path):
    structure, _ = read_one(
        tmp_path, b.contour(0.0), b.contour(2.0, b.SQUARE[:2]), b.contour(4.0, b.SQUARE[:1])
    )
    assert len(structure.contours) == 1
    assert [a.count for a in structure.set_aside] == [2]


@pytest.mark.parametrize(
    ("aside", "lost"),
    [
        ([b.contour(2.0, kind="OPEN_PLANAR")], 1),
        ([b.contour(z, kind="OPEN_NONPLANAR") for z in (0.0, 2.0)], 2),
        ([b.contour(z, kind="POINT") for z in (2.0, 4.0)], 0),
        ([b.contour(2.0, b.SQUARE[:2])], 0),
        ([b.contour(z, b.SQUARE[:2]) for z in (2.0, 4.0)], 2),
        ([b.contour(0.0, b.SQUARE[:2]) for _ in range(3)], 0),
    ],
    ids=["an open line", "two", "points", "one tip", "two planes", "beside a contour"],
)
def test_case_24_what_may_have_held_volume_is_counted(tmp_path, aside, lost):
    structure, _ = read_one(tmp_path, b.contour(0.0), *aside)
    assert sum(a.lost for a in structure.set_aside) == lost


@pytest.mark.parametrize("spread_mm", [0.02, 0.09])
def test_case_108_vertices_that_spread_a_little_in_z_are_one_plane_with_a_repair(
    tmp_path, spread_mm
):
    flat = [b.contour(z) for z in (0.0, 2.0, 4.0)]
    spread = []
    for z in (0.0, 2.0, 4.0):
        points = np.column_stack([b.SQUARE, [z, z + spread_mm, z, z + spread_mm / 2]])
        spread.append(b.contour(z, text=b.decimals(points.ravel()), points=4))
    as_it_is, _ = read_one(tmp_path / "flat", *flat)
    structure, log = read_one(tmp_path / "spread", *spread)
    assert structure.problem is None
    assert len(structure.contours) == 3
    steps = np.diff([c.z_mm for c in structure.contours])
    np.testing.assert_allclose(steps, 2.0, atol=1e-6)
    for mended, known in zip(structure.contours, as_it_is.contours, strict=True):
        np.testing.assert_array_equal(mended.xy_mm, known.xy_mm)
        assert abs(mended.z_mm - known.z_mm) <= spread_mm / 2 + 1e-9
    (repair,) = [r for r in log.repairs if r.quirk == "spread-in-contour"]
    assert "'Liver'" in repair.where


def test_case_108_vertices_that_spread_farther_are_refused_with_what_was_found(tmp_path):
    points = np.column_stack([b.SQUARE, [0.0, 0.5, 0.0, 0.25]])
    structure, _ = read_one(tmp_path, b.contour(0.0, text=b.decimals(points.ravel()), points=4))
    assert "its z runs from 0 to 0.5 mm" in structure.problem.detail


@pytest.mark.parametrize("kind", [None, "", "INTERPOLATED_PLANAR"])
def test_case_25_missing_or_odd_contour_type_counts_as_closed_planar(tmp_path, kind):
    structure, log = read_one(tmp_path, b.contour(0.0, kind=kind))
    assert len(structure.contours) == 1
    assert [r.quirk for r in log.repairs] == ["odd-contour-type"]
    assert "'Liver'" in log.repairs[0].where


def test_case_25_standard_contour_types_are_left_alone(tmp_path):
    structure, log = read_one(tmp_path, b.contour(0.0), b.contour(0.0, kind="CLOSEDPLANAR_XOR"))
    assert len(structure.contours) == 2
    assert not log.repairs


@pytest.mark.parametrize("contours", [None, []])
def test_case_26_roi_without_contours_is_listed_as_empty(tmp_path, contours):
    structures, _ = read(b.structure_set(b.roi(1, "Liver", contours)), tmp_path)
    assert structures.structures[0].contours == ()
    assert structures.structures[0].problem is None


def test_case_27_contours_on_tilted_planes_make_the_structure_unreadable(tmp_path):
    text = b.decimals([0, 0, 0, 10, 0, 0, 10, 10, 1.5, 0, 10, 1.5])
    structure, _ = read_one(tmp_path, b.contour(0.0), b.contour(0.0, text=text))
    assert structure.contours == ()
    assert structure.problem.code is ReasonCode.STRUCTURE_UNREADABLE
    assert "contour 2 is not axial" in structure.problem.detail


def test_case_28_and_39_rounding_of_z_is_snapped_to_one_plane(tmp_path):
    structures, log = read(
        b.structure_set(
            b.roi(1, "A", [b.contour(2.4991), b.contour(2.4992), b.contour(5.0)]),
            b.roi(2, "B", [b.contour(2.4993)]),
        ),
        tmp_path,
    )
    planes = {c.z_mm for s in structures.structures for c in s.contours}
    assert planes == {2.4991, 5.0}
    assert [r.quirk for r in log.repairs] == ["plane-noise"]


def test_case_28_planes_farther_apart_than_rounding_stay_apart(tmp_path):
    structure, log = read_one(tmp_path, b.contour(0.0), b.contour(0.02))
    assert [c.z_mm for c in structure.contours] == [0.0, 0.02]
    assert not log.repairs


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"0\\0\\0\\nan\\0\\0\\1\\1\\0", "contour 2, number 4 is 'nan'"),
        (b"0\\0\\0\\1\\1e999\\0\\1\\1\\0", "number 5 is '1e999'"),
        (b"0\\0\\0\\1,5\\0\\0\\1\\1\\0", "number 4 is '1,5'"),
        (b"0\\0\\0\\--5\\0\\0\\1\\1\\0", "number 4 is '--5'"),
        (b"0\\0\\0\\\\0\\0\\1\\1\\0", "number 4 is ''"),
    ],
)
def test_case_72_and_73_bad_numbers_refuse_that_roi_alone(tmp_path, text, found):
    bad = b.roi(1, "Bad", [b.contour(0.0), b.contour(2.0, text=text, points=3)])
    structures, _ = read(b.structure_set(bad, b.roi(2, "Good", b.stack())), tmp_path)
    refused, good = structures.structures
    assert refused.contours == ()
    assert refused.problem.code is ReasonCode.STRUCTURE_UNREADABLE
    assert "'Bad' (ROI 1)" in refused.problem.detail
    assert found in refused.problem.detail
    assert len(good.contours) == 3


@pytest.mark.parametrize(
    ("offset", "refused"),
    [
        ([0, 0, 0], False),
        (["0.0", "0.0", "0.0"], False),
        ([0.004, 0, 0], False),
        ([20, 0, 0], True),
        ([0, 0, -3], True),
    ],
)
def test_a_contour_that_lies_beside_its_points_refuses_the_structure(tmp_path, offset, refused):
    contour = b.contour(0.0)
    contour.ContourOffsetVector = offset
    structure, _ = read_one(tmp_path, b.contour(2.0), contour)
    assert (structure.contours == ()) == refused
    if refused:
        assert "contour 2 states an offset of its points" in structure.problem.detail


@pytest.mark.parametrize(
    ("contour", "found"),
    [
        (b.contour(0.0, points=5), "contour 2 declares 5 points but has 4"),
        (b.contour(0.0, text=b"0\\0\\0\\1\\0\\0\\1\\1"), "contour 2 has 8 numbers"),
        (b.contour(0.0, text=b"", points=4), "contour 2 declares 4 points but has 0"),
    ],
)
def test_case_75_wrong_point_counts_refuse_the_structure(tmp_path, contour, found):
    structure, _ = read_one(tmp_path, b.contour(2.0), contour)
    assert structure.contours == ()
    assert found in structure.problem.detail


def test_case_75_absent_point_count_is_fine(tmp_path):
    structure, _ = read_one(tmp_path, b.contour(0.0, points=None))
    assert structure.problem is None
    assert len(structure.contours) == 1


def test_case_79_two_rois_of_one_name_are_both_kept(tmp_path):
    dataset = b.structure_set(b.roi(1, "PTV", b.stack()), b.roi(2, "PTV", b.stack((0.0,))))
    structures, _ = read(dataset, tmp_path)
    assert {k: len(s.contours) for k, s in structures.keys().items()} == {"PTV#1": 3, "PTV#2": 1}


def test_case_80_names_come_from_the_structure_set_roi_sequence(tmp_path):
    entry, drawn, observed = b.roi(1, " liver^1 ", b.stack())
    observed.ROIObservationLabel = "something else"
    structures, _ = read(b.structure_set((entry, drawn, observed)), tmp_path)
    assert structures.structures[0].name == "liver^1"


def test_repeated_roi_number_is_refused_and_both_names_are_given(tmp_path):
    dataset = b.structure_set(b.roi(1, "Liver", b.stack()), b.roi(1, "Heart", None))
    structures, _ = read(dataset, tmp_path)
    assert len(structures.structures) == 1
    assert "names 'Liver' and 'Heart'" in structures.structures[0].problem.detail


def test_case_52_roi_of_another_frame_of_reference_is_refused(tmp_path):
    other = b.roi(3, "Other", b.stack())
    other[0].ReferencedFrameOfReferenceUID = "1.2.9"
    rois = [b.roi(1, "A", b.stack()), b.roi(2, "B", b.stack()), other]
    structures, _ = read(b.structure_set(*rois), tmp_path)
    problems = [s.problem is not None for s in structures.structures]
    assert structures.frame_of_reference_uid == b.FRAME
    assert problems == [False, False, True]


def test_case_30_no_contour_image_sequence_is_needed(tmp_path):
    structure, _ = read_one(tmp_path, *b.stack())
    assert "ContourImageSequence" not in b.contour(0.0)
    assert len(structure.contours) == 3


@pytest.mark.parametrize(
    ("value", "colour"),
    [
        (b"255\\0\\16", "#ff0010"),
        (b" 1\\ 2 \\3 ", "#010203"),
        (b"256\\0\\0", ""),
        (b"-1\\0\\0", ""),
        (b"1\\2", ""),
        (b"red", ""),
        (b"9" * 6000 + b"\\0\\0", ""),
        (b"", ""),
    ],
)
def test_the_colour_of_a_structure_is_one_or_none_and_never_a_fault(tmp_path, value, colour):
    entry, drawn, observed = b.roi(1, "Liver", b.stack())
    b.raw(drawn, "ROIDisplayColor", value, "IS")
    structures, _ = read(b.structure_set((entry, drawn, observed)), tmp_path)
    (liver,) = structures.structures
    assert liver.colour == colour
    assert liver.problem is None
