"""RTDOSE to grids: every orientation and encoding gives the same dose, the rest is refused."""

from __future__ import annotations

import builders as b
import numpy as np
import pytest
from pydicom.datadict import dictionary_VR
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless

from sbrt_qa.dicom.files.dataset import open_bytes
from sbrt_qa.dicom.read.rtdose import read_dose
from sbrt_qa.errors import DicomError
from sbrt_qa.model.grid import DoseType

SHAPE = (3, 4, 5)
OFFSETS = (0.0, 2.5, 6.0)
POSITION = (-7.0, 11.0, 30.0)


def read(dataset, tmp_path, syntax=None):
    path = b.save(dataset, tmp_path / "RD.dcm", syntax)
    return read_dose(open_bytes(path.read_bytes(), path.name))


def stored(dtype=np.uint16):
    return np.arange(60, dtype=dtype).reshape(SHAPE)


def at(grid, point):
    """Dose at one voxel centre given in patient coordinates."""
    index = [
        int(np.flatnonzero(np.isclose(axis, value, atol=1e-9)).item())
        for axis, value in zip((grid.z_mm, grid.y_mm, grid.x_mm), point[::-1], strict=True)
    ]
    return grid.dose_gy[tuple(index)]


@pytest.mark.parametrize("orientation", list(b.ORIENTATIONS.values()), ids=list(b.ORIENTATIONS))
def test_case_41_every_right_angled_orientation_puts_each_voxel_where_it_is(tmp_path, orientation):
    """Position of voxel (k, i, j) by the equation of PS3.3 C.7.6.2.1.1, written out here."""
    across = orientation[0:3] == (0, 1, 0) or abs(orientation[5]) == 1
    offsets = (0.0, 2.5, 5.0) if across else OFFSETS
    grid = read(
        b.dose(stored(), position=POSITION, orientation=orientation, offsets=offsets), tmp_path
    )
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    for k, i, j in np.ndindex(SHAPE):
        point = POSITION + 5.0 * j * row + 4.0 * i * column + offsets[k] * np.cross(row, column)
        assert at(grid, point) == pytest.approx(0.001 * stored()[k, i, j], abs=1e-12)
    assert grid.dose_gy.size == 60


@pytest.mark.parametrize(
    "offsets",
    [
        pytest.param((0.0, 2.5, 6.0), id="relative"),
        pytest.param((30.0, 32.5, 36.0), id="absolute"),
    ],
)
def test_case_35_relative_and_absolute_offsets_give_one_grid(tmp_path, offsets):
    grid = read(b.dose(stored(), position=POSITION, offsets=offsets), tmp_path)
    assert grid.z_mm.tolist() == [30.0, 32.5, 36.0]
    assert grid.dose_gy[2, 0, 0] == pytest.approx(0.040)


@pytest.mark.parametrize("offsets", [(0.0, -2.5, -6.0), (30.0, 27.5, 24.0)])
def test_case_35_descending_offsets_are_turned_over(tmp_path, offsets):
    grid = read(b.dose(stored(), position=POSITION, offsets=offsets), tmp_path)
    assert grid.z_mm.tolist() == [24.0, 27.5, 30.0]
    assert grid.dose_gy[:, 0, 0].tolist() == pytest.approx([0.040, 0.020, 0.0])


def test_unsorted_offsets_put_frames_in_order(tmp_path):
    grid = read(b.dose(stored(), offsets=(0.0, 6.0, 3.0)), tmp_path)
    assert grid.dose_gy[:, 0, 0].tolist() == pytest.approx([0.0, 0.040, 0.020])


def test_case_37_slice_location_and_slice_thickness_decide_nothing(tmp_path):
    dataset = b.dose(stored(), position=POSITION, offsets=OFFSETS)
    dataset.SliceLocation = "-99"
    dataset.SliceThickness = None
    assert read(dataset, tmp_path).z_mm.tolist() == [30.0, 32.5, 36.0]


def test_case_43_patient_position_that_contradicts_the_orientation_is_ignored(tmp_path):
    dataset = b.dose(stored(), position=POSITION, offsets=OFFSETS, PatientPosition="FFS")
    assert read(dataset, tmp_path).x_mm[0] == POSITION[0]


@pytest.mark.parametrize("offsets", [None, (0.0,), (0.0, 5.0, 10.0)])
def test_case_40_one_frame_of_one_row(tmp_path, offsets):
    grid = read(b.dose(np.full((1, 1, 5), 7, np.uint16), offsets=offsets), tmp_path)
    assert grid.dose_gy.shape == (1, 1, 5)
    assert grid.z_mm.tolist() == [-10.0]


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.uint32, np.int32])
def test_case_67_sample_sizes_and_signs(tmp_path, dtype):
    grid = read(b.dose(stored(dtype), offsets=OFFSETS), tmp_path)
    assert np.array_equal(grid.dose_gy, stored() * 0.001)


@pytest.mark.parametrize(
    "syntax", [DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, b.ImplicitVRLittleEndian]
)
def test_case_69_transfer_syntaxes_give_the_same_dose(tmp_path, syntax):
    values = stored(np.uint32) * 70000
    dataset = b.dose(values, offsets=OFFSETS)
    if syntax == ExplicitVRBigEndian:
        b.raw(dataset, "PixelData", values.astype(">u4").tobytes(), "OW")
    assert np.allclose(read(dataset, tmp_path, syntax).dose_gy, values * 0.001, rtol=1e-15)


def test_case_69_rle_is_decoded(tmp_path):
    dataset = b.dose(stored(), offsets=OFFSETS)
    path = b.save(dataset, tmp_path / "plain.dcm")
    from pydicom import dcmread

    compressed = dcmread(path)
    compressed.compress(RLELossless)
    compressed.save_as(tmp_path / "RD.dcm")
    grid = read_dose(open_bytes((tmp_path / "RD.dcm").read_bytes(), "RD.dcm"))
    assert np.array_equal(grid.dose_gy, stored() * 0.001)


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_rle_with_fewer_frames_than_stated_is_refused(tmp_path, kept):
    from pydicom import dcmread

    compressed = dcmread(b.save(b.dose(stored(), offsets=OFFSETS), tmp_path / "plain.dcm"))
    compressed.compress(RLELossless)
    frames = list(generate_frames(compressed.PixelData, number_of_frames=len(OFFSETS)))
    compressed.PixelData = encapsulate(frames[:kept] or [b"\x00"])
    compressed.save_as(tmp_path / "RD.dcm")
    with pytest.raises(DicomError, match="pixel data"):
        read_dose(open_bytes((tmp_path / "RD.dcm").read_bytes(), "RD.dcm"))


def test_case_65_cgy_is_converted_and_said(tmp_path):
    path = b.save(b.dose(units="cGy"), tmp_path / "RD.dcm")
    opened = open_bytes(path.read_bytes(), path.name)
    assert read_dose(opened).max_gy == pytest.approx(0.01)
    assert [r.quirk for r in opened.root.log.repairs] == ["dose-in-cgy"]


@pytest.mark.parametrize("units", ["GY", "Gy", "gy "])
def test_case_65_spellings_of_gy_need_no_repair(tmp_path, units):
    assert read(b.dose(units=units), tmp_path).max_gy == pytest.approx(1.0)


def test_case_64_effective_dose_keeps_its_type(tmp_path):
    dataset = b.dose()
    dataset.DoseType = "EFFECTIVE"
    assert read(dataset, tmp_path).dose_type is DoseType.EFFECTIVE


def test_pixel_data_longer_than_needed_is_fine(tmp_path):
    dataset = b.dose(stored(), offsets=OFFSETS)
    b.raw(dataset, "PixelData", stored().tobytes() + b"\0\0", "OW")
    assert read(dataset, tmp_path).dose_gy.shape == SHAPE


def spoil(**elements):
    def change(dataset):
        for keyword, value in elements.items():
            if value is None:
                delattr(dataset, keyword)
            elif isinstance(value, bytes):
                b.raw(dataset, keyword, value, dictionary_VR(keyword))
            else:
                setattr(dataset, keyword, value)

    return change


@pytest.mark.parametrize(("tail", "told"), [(0, 0), (2, 1), (38, 1)])
def test_a_tail_shorter_than_a_frame_is_told_and_not_used(tmp_path, tail, told):
    dataset = b.dose(stored(), offsets=OFFSETS)
    dataset.PixelData += b"\1" * tail
    opened = open_bytes(b.save(dataset, tmp_path / "RD.dcm").read_bytes(), "RD.dcm")
    assert read_dose(opened).max_gy == pytest.approx(0.059)
    assert len([n for n in opened.root.log.notes if "behind the last frame" in n]) == told


@pytest.mark.parametrize("slope", ["1", "0.001", b""])
def test_a_rescaling_that_says_what_dose_grid_scaling_says_is_no_second_one(tmp_path, slope):
    dataset = b.dose(stored(), offsets=OFFSETS)
    spoil(RescaleSlope=slope, RescaleIntercept="0")(dataset)
    assert read(dataset, tmp_path).max_gy == pytest.approx(0.059)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (spoil(DoseUnits="RELATIVE"), "relative"),
        (spoil(DoseUnits=""), "unknown Dose Units"),
        (spoil(DoseType="ERROR"), "dose errors"),
        (spoil(DoseGridScaling=None), "Dose Grid Scaling is unusable; got nothing"),
        (spoil(DoseGridScaling=b"0 "), "Dose Grid Scaling is unusable; got '0'"),
        (spoil(DoseGridScaling=b"-1"), "Dose Grid Scaling is unusable; got '-1'"),
        (spoil(DoseGridScaling=b"nan "), "Dose Grid Scaling is unusable; got 'nan'"),
        (spoil(DoseGridScaling=b"0,01"), "Dose Grid Scaling is unusable; got '0,01'"),
        (spoil(RescaleSlope="2"), "beside Dose Grid Scaling.*slope '2'"),
        (spoil(RescaleSlope="1", RescaleIntercept="-1000"), "intercept '-1000'"),
        (spoil(RescaleSlope=b"nan "), "beside Dose Grid Scaling"),
        (spoil(ModalityLUTSequence=b.Items([b.item(ModalityLUTType="US")])), "a table beside"),
        (spoil(PixelData=b"\0" * 118), "cut off; got 118 bytes; expected 120 bytes"),
        (spoil(PixelData=None), "no pixel data"),
        (spoil(PixelData=b"\0" * 160), "more frames than stated; got 160 bytes; expected 120"),
        (spoil(NumberOfFrames=2, GridFrameOffsetVector=[0, 1]), "more frames than stated"),
        (spoil(Rows=0), "at least 1"),
        (spoil(NumberOfFrames=0), "at least 1"),
        (spoil(Rows=65535, Columns=65535, NumberOfFrames=65535), "too large"),
        (spoil(BitsAllocated=8, BitsStored=8), "unsupported dose samples"),
        (spoil(BitsAllocated=64, BitsStored=64), "unsupported dose samples"),
        (spoil(BitsStored=12), "unsupported dose samples"),
        (spoil(PixelSpacing=b"0\\1 "), "Pixel Spacing"),
        (spoil(PixelSpacing=b"-1\\1"), "Pixel Spacing"),
        (spoil(PixelSpacing=b"1 "), "Pixel Spacing"),
        (spoil(ImagePositionPatient=None), "Image Position"),
        (spoil(ImagePositionPatient=b"0\\nan\\0 "), "Image Position"),
        (spoil(ImageOrientationPatient=b"0\\0\\0\\0\\0\\0 "), "not perpendicular unit"),
        (spoil(ImageOrientationPatient=b"1\\0\\0\\1\\0\\0 "), "not perpendicular"),
        (spoil(GridFrameOffsetVector=None), "missing or broken"),
        (spoil(GridFrameOffsetVector=b"0\\1 "), "2 offsets; expected 3"),
        (spoil(GridFrameOffsetVector=b"0\\1\\1 "), "same position"),
        (spoil(GridFrameOffsetVector=b"0\\0\\0 "), "same position"),
        (spoil(GridFrameOffsetVector=b"7\\8\\9 "), "neither relative nor absolute"),
        (spoil(GridFrameOffsetVector=b"0\\x\\2 "), "missing or broken"),
    ],
)
def test_case_68_and_others_what_has_no_safe_meaning_is_refused(tmp_path, change, message):
    dataset = b.dose(stored(), offsets=OFFSETS)
    change(dataset)
    with pytest.raises(DicomError, match=message) as refused:
        read(dataset, tmp_path)
    assert str(refused.value).startswith("RD.dcm: ")


def test_case_44_an_oblique_grid_of_one_frame_is_refused_with_its_direction(tmp_path):
    tilted = (0.9962, 0.0872, 0, -0.0872, 0.9962, 0)
    one = np.full((1, 4, 5), 7, np.uint16)
    with pytest.raises(DicomError, match=r"row direction is oblique.*got \(0.9962, 0.0872, 0\)"):
        read(b.dose(one, orientation=tilted, offsets=None), tmp_path)


def test_rounded_direction_cosines_are_not_oblique(tmp_path):
    grid = read(b.dose(orientation=(1, 1e-6, 0, -1e-6, 1, 0)), tmp_path)
    assert grid.max_gy == pytest.approx(1.0)


def test_negative_dose_is_refused(tmp_path):
    values = stored(np.int16) - 1
    with pytest.raises(DicomError, match="not negative"):
        read(b.dose(values, offsets=OFFSETS), tmp_path)
