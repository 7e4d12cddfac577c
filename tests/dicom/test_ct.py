"""CT series: geometry at once, pixels on demand, oddities noted."""

from __future__ import annotations

import builders as b
import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.errors import DicomError


def case_with(tmp_path, slices):
    for number, dataset in enumerate(slices):
        b.save(dataset, tmp_path / f"CT{number:03}.dcm")
    (case,) = load_cases(b.save_case(tmp_path))
    return case


def test_slices_are_sorted_by_position_and_pixels_come_on_demand(tmp_path):
    case = case_with(tmp_path, [b.ct_slice(z, value=int(10 * z)) for z in (4.0, 0.0, 2.0)])
    image = case.image
    assert image.z_mm.tolist() == [0.0, 2.0, 4.0]
    assert (image.origin_mm, image.spacing_mm, image.shape) == ((-20.0, -20.0), (3.0, 2.0), (4, 6))
    assert case.slice_spacing_mm == 2.0
    hu = image.load_hu()
    assert hu.dtype == np.int16
    assert hu[:, 1, 1].tolist() == [-1000, -980, -960]
    assert hu[0, 0, 0] == -999


@pytest.mark.parametrize("orientation", ["HFP", "FFS", "HFDL"])
def test_case_41_other_orientations_end_up_ascending(tmp_path, orientation):
    cosines = b.ORIENTATIONS[orientation]
    case = case_with(tmp_path, [b.ct_slice(z, orientation=cosines) for z in (0.0, 2.0)])
    image, row, column = case.image, np.array(cosines[:3]), np.array(cosines[3:])
    nx, ny = image.shape[1], image.shape[0]
    x_mm = image.origin_mm[0] + image.spacing_mm[0] * np.arange(nx)
    y_mm = image.origin_mm[1] + image.spacing_mm[1] * np.arange(ny)
    assert x_mm.max() - x_mm.min() == abs(15 * row[0] + 6 * column[0])
    assert y_mm.max() - y_mm.min() == abs(15 * row[1] + 6 * column[1])
    corner = image.load_hu()[0, np.argmin(abs(y_mm + 20)), np.argmin(abs(x_mm + 20))]
    assert corner == -999


def test_case_38_missing_slices_are_noted_with_positions(tmp_path):
    case = case_with(tmp_path, [b.ct_slice(z) for z in (0.0, 2.0, 6.0, 8.0)])
    assert "image slices missing between z = 2 and 6 mm (usual step 2 mm)" in case.provenance.notes


def test_pixels_that_may_be_no_hounsfield_units_are_noted(tmp_path):
    slices = [b.ct_slice(z) for z in (0.0, 2.0, 4.0)]
    for one in slices:
        one.RescaleType = "ED"
        one.PhotometricInterpretation = "MONOCHROME1"
    del slices[1].RescaleSlope
    notes = " ".join(case_with(tmp_path, slices).provenance.notes)
    assert "1 of 3 image slices state no rescale slope and intercept" in notes
    assert "stated as 'ED', not as Hounsfield units" in notes
    assert "MONOCHROME1" in notes


def test_a_plain_ct_is_not_noted(tmp_path):
    case = case_with(tmp_path, [b.ct_slice(z) for z in (0.0, 2.0, 4.0)])
    assert not any("Hounsfield" in note for note in case.provenance.notes)


def test_case_38_two_slices_at_one_place_are_noted_and_used_once(tmp_path):
    twice = b.ct_slice(2.0)
    twice.SOPInstanceUID = "1.2.3.77"
    case = case_with(tmp_path, [b.ct_slice(0.0), b.ct_slice(2.0), twice])
    assert case.image.z_mm.tolist() == [0.0, 2.0]
    assert any("several image slices at z = 2 mm" in n for n in case.provenance.notes)


def test_case_38_a_tilted_gantry_gives_no_image_but_a_note(tmp_path):
    tilted = (1, 0, 0, 0, 0.9848, 0.1736)
    case = case_with(tmp_path, [b.ct_slice(z, orientation=tilted) for z in (0.0, 2.0)])
    assert case.image is None
    assert any("oblique" in note for note in case.provenance.notes)


def test_slices_of_mixed_orientation_give_no_image_but_a_note(tmp_path):
    other = b.ct_slice(2.0, orientation=b.ORIENTATIONS["HFP"])
    case = case_with(tmp_path, [b.ct_slice(0.0), other])
    assert case.image is None
    assert any("differ in orientation" in note for note in case.provenance.notes)


@pytest.mark.parametrize("trailing", [False, True])
@pytest.mark.parametrize(("signed", "bits"), [(0, 12), (1, 12), (1, 16), (0, 15)])
def test_pixels_are_those_that_the_dicom_library_reads(tmp_path, signed, bits, trailing):
    slices, rng = [b.ct_slice(z) for z in (0.0, 2.0)], np.random.default_rng(bits)
    for one in slices:
        one.BitsStored, one.HighBit, one.PixelRepresentation = bits, bits - 1, signed
        one.RescaleIntercept = -7
        one.PixelData = rng.integers(0, 2**16, one.Rows * one.Columns, dtype=np.uint16).tobytes()
        if trailing:  # then the file is parsed once more
            one.DataSetTrailingPadding = bytes(8)
    image = case_with(tmp_path, slices).image
    for k, one in enumerate(slices):
        read = pydicom.dcmread(tmp_path / f"CT{k:03}.dcm")
        assert read.pixel_array.max() >= 2 ** (bits - 2)
        stored = np.asarray(read.pixel_array, dtype=float) * float(one.RescaleSlope) - 7
        np.testing.assert_array_equal(image.load_slice(k), np.clip(stored, -32768, 32767))
        np.testing.assert_array_equal(image.load_hu()[k], image.load_slice(k))


JUNK = (b"\x00", b"no picture at all", bytes(range(256)) * 4)
CODES = {
    "rle": RLELossless,
    "jpeg": JPEGLosslessSV1,
    "jpeg2000": JPEG2000,
    "jpeg_ls": JPEGLSLossless,
}


@pytest.mark.parametrize("junk", JUNK, ids=["zero", "words", "bytes"])
@pytest.mark.parametrize("syntax", CODES.values(), ids=CODES)
def test_pixels_that_no_decoder_reads_are_a_fault_of_the_file(tmp_path, syntax, junk):
    spoilt = b.ct_slice(2.0)
    spoilt.PixelData = encapsulate([junk])
    spoilt["PixelData"].is_undefined_length = True
    b.save(spoilt, tmp_path / "spoilt.dcm", syntax)
    case = case_with(tmp_path, [b.ct_slice(0.0), b.ct_slice(4.0)])
    with pytest.raises(DicomError, match="pixels cannot be read"):
        case.image.load_hu()
