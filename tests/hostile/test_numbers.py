"""ACCEPTANCE D3, numbers: no number in a file may break off a review or become a value unseen."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import builders as b
import child_calls
import numpy as np
import pytest

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dicom.read import rtstruct
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.plan import Plan
from sbrt_qa.sandbox import run_isolated

from .conftest import BOUNDS, Command, Ran, bounded_check

SHAPE = (5, 11, 9)


def text(keyword: str, value: bytes, vr: str = "DS") -> dict[str, tuple[bytes, str]]:
    return {keyword: (value, vr)}


def short(keyword: str, value: int) -> dict[str, tuple[bytes, str]]:
    return {keyword: (value.to_bytes(2, "little"), "US")}


REFUSED_DOSES = {
    "65535 cubed": text("NumberOfFrames", b"65535 ", "IS")
    | short("Rows", 65535)
    | short("Columns", 65535),
    "rows 0": short("Rows", 0),
    "columns 0": short("Columns", 0),
    "frames 0": text("NumberOfFrames", b"0 ", "IS"),
    "frames negative": text("NumberOfFrames", b"-5", "IS"),
    "frames a fraction": text("NumberOfFrames", b"5.5 ", "IS"),
    "frames 1e30": text("NumberOfFrames", b"1e30", "IS"),
    "pixels too few": text("NumberOfFrames", b"6 ", "IS"),
    "pixels empty": text("PixelData", b"", "OW"),
    "8 bits": short("BitsAllocated", 8) | short("BitsStored", 8),
    "64 bits": short("BitsAllocated", 64) | short("BitsStored", 64),
    "0 bits": short("BitsAllocated", 0),
    "bits of bits": short("BitsStored", 12),
    "3 samples": short("SamplesPerPixel", 3),
    "scaling 0": text("DoseGridScaling", b"0 "),
    "scaling negative": text("DoseGridScaling", b"-0.001"),
    "scaling nan": text("DoseGridScaling", b"nan "),
    "scaling inf": text("DoseGridScaling", b"inf "),
    "scaling 1e999": text("DoseGridScaling", b"1e999 "),
    "scaling empty": text("DoseGridScaling", b""),
    "two scalings": text("DoseGridScaling", b"0.001\\0.002 "),
    "spacing 0": text("PixelSpacing", b"0\\0 "),
    "spacing negative": text("PixelSpacing", b"-4\\5"),
    "spacing nan": text("PixelSpacing", b"nan\\nan "),
    "one spacing": text("PixelSpacing", b"4 "),
    "orientation zeros": text("ImageOrientationPatient", b"0\\0\\0\\0\\0\\0 "),
    "orientation nan": text("ImageOrientationPatient", b"nan\\0\\0\\0\\1\\0 "),
    "orientation not orthogonal": text("ImageOrientationPatient", b"1\\0\\0\\1\\0\\0 "),
    "orientation too short": text("ImageOrientationPatient", b"1\\0\\0 "),
    "position nan": text("ImagePositionPatient", b"0\\nan\\0 "),
    "position empty": text("ImagePositionPatient", b""),
    "offsets too few": text("GridFrameOffsetVector", b"0\\5 "),
    "offsets too many": text("GridFrameOffsetVector", b"0\\1\\2\\3\\4\\5 "),
    "offsets repeated": text("GridFrameOffsetVector", b"0\\5\\5\\10\\15 "),
    "offsets all zero": text("GridFrameOffsetVector", b"0\\0\\0\\0\\0 "),
    "offsets from elsewhere": text("GridFrameOffsetVector", b"20\\15\\10\\5\\0 "),
    "offsets nan": text("GridFrameOffsetVector", b"0\\nan\\1\\2\\3 "),
    "offsets 1e300": text("GridFrameOffsetVector", b"0\\1e300\\2e300\\3e300\\1e308 "),
}  # fmt: skip


def spoilt_dose(elements: dict[str, tuple[bytes, str]]) -> b.Dataset:
    dose = b.dose()
    for keyword, (value, vr) in elements.items():
        b.raw(dose, keyword, value, vr)
    return dose


@pytest.mark.parametrize("elements", REFUSED_DOSES.values(), ids=list(REFUSED_DOSES))
def test_a_dose_without_a_safe_meaning_is_refused_with_a_reason(
    sbrt_qa: Command, tmp_path, elements
):
    folder = b.save_case(tmp_path, RD=spoilt_dose(elements))
    (case,) = load_cases(folder)
    assert isinstance(case.dose, Reason)
    assert case.dose.detail.startswith("RD.dcm: ")
    assert sbrt_qa("check", folder).code in (1, 30)


@pytest.mark.parametrize(
    "keyword",
    ["DoseGridScaling", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing",
     "GridFrameOffsetVector", "PixelData", "Rows", "BitsAllocated", "DoseUnits"],
)  # fmt: skip
def test_a_dose_that_lacks_what_it_needs_is_refused_with_a_reason(
    sbrt_qa: Command, tmp_path, keyword
):
    dose = b.dose()
    del dose[keyword]
    folder = b.save_case(tmp_path, RD=dose)
    (case,) = load_cases(folder)
    assert isinstance(case.dose, Reason)
    assert sbrt_qa("check", folder).code in (1, 30)


def test_a_lying_size_allocates_nothing(tmp_path):
    """65535 cubed voxels, within 1.5 GB."""
    elements = REFUSED_DOSES["65535 cubed"]
    assert bounded_check(b.save_case(tmp_path, RD=spoilt_dose(elements))) == ""


def dose_values(tmp_path: Path, **changes: object) -> DoseGrid | Reason:
    (case,) = load_cases(b.save_case(tmp_path, RD=b.dose(**changes)))
    return case.dose


def longer_dose(tmp_path: Path, more: int) -> DoseGrid | Reason:
    dose = b.dose()
    pixels = np.full(math.prod(SHAPE) + more, 1000, np.uint16)
    b.raw(dose, "PixelData", pixels.tobytes(), "OW")
    (case,) = load_cases(b.save_case(tmp_path, RD=dose))
    return case.dose


def test_a_few_bytes_behind_the_last_frame_are_left_alone(tmp_path):
    read = longer_dose(tmp_path, math.prod(SHAPE[1:]) - 1)
    assert read.max_gy == pytest.approx(1.0)
    assert read.dose_gy.shape == SHAPE


@pytest.mark.parametrize("frames", [1, SHAPE[0]])
def test_more_frames_than_stated_are_refused(tmp_path, frames):
    read = longer_dose(tmp_path, frames * math.prod(SHAPE[1:]))
    assert isinstance(read, Reason)
    assert "more frames" in str(read)


def test_signed_pixels_with_high_bits_are_no_huge_dose(tmp_path):
    """0xFFFF is -1, not 65.5 Gy; negative dose is refused."""
    read = dose_values(tmp_path, values=np.full(SHAPE, -1, np.int16))
    assert isinstance(read, Reason)


def test_a_scaling_of_1e30_is_refused(sbrt_qa: Command, tmp_path):
    read = dose_values(tmp_path / "read", scaling="1e30")
    assert isinstance(read, Reason)
    assert "no plan gives such a dose" in read.detail
    assert sbrt_qa("check", tmp_path / "read").code == 1


def test_a_scaling_that_overflows_is_refused(tmp_path):
    assert isinstance(dose_values(tmp_path, scaling="1e308"), Reason)


@pytest.mark.parametrize(
    "offsets", [(0, 10, 5, 15, 20), (0, -5, -10, -15, -20)], ids=["mixed", "down"]
)
def test_unsorted_offsets_put_each_frame_in_its_place(tmp_path, offsets):
    steps = np.array(offsets) - min(offsets)
    values = np.zeros(SHAPE, np.uint16)
    values[:] = (steps + 1)[:, None, None]
    read = dose_values(tmp_path, values=values, offsets=offsets)
    assert isinstance(read, DoseGrid)
    np.testing.assert_allclose(read.dose_gy[:, 0, 0], 0.001 * (read.z_mm - read.z_mm[0] + 1))


# --- contours ---------------------------------------------------------------------------------

SQUARE = b.SQUARE
BOW_TIE = ((-10, -10), (10, 10), (10, -10), (-10, 10))
LINE = ((-10, 0), (10, 0), (0, 0))
REPEATED = tuple(p for p in SQUARE for _ in range(50))


def drawn(xy: object = SQUARE, **keywords: object) -> list[b.Dataset]:
    return b.stack(xy_mm=xy, **keywords)


UNREADABLE_CONTOURS = {
    "nan": drawn(text=b"nan\\0\\0\\1\\0\\0\\1\\1\\0 ", points=3),
    "inf": drawn(text=b"0\\inf\\0\\1\\0\\0\\1\\1\\0 ", points=3),
    "1e999": drawn(text=b"0\\1e999\\0\\1\\0\\0\\1\\1\\0", points=3),
    "comma": drawn(text=b"0,5\\0\\0\\1\\0\\0\\1\\1\\0", points=3),
    "two numbers": drawn(text=b"0\\0 ", points=1),
    "z of nanometres": drawn(text=b"0\\0\\0\\9\\0\\0\\9\\9\\2000000", points=3),
    "all z in nanometres": b.stack((-2e6, 0.0, 2e6)),
    "more points declared": drawn(points=5),
}


def one_roi(contours: list[b.Dataset]) -> b.Dataset:
    sound = b.roi(2, "GTV", b.stack((-2.0, 0.0, 2.0)))
    return b.structure_set(b.roi(1, "Liver", contours), sound)


def liver_values(ran: Ran) -> set[str]:
    """Values of all limits of the liver."""
    rows = csv.DictReader(io.StringIO(ran.out))
    return {row["value"] for row in rows if row["structure"].startswith("Liver")}


def volumes(case: Case) -> list[float | Reason]:
    doses = CaseDoses(case)
    return [doses.volume_cc(s) for s in case.structures.structures]


@pytest.mark.parametrize("contours", UNREADABLE_CONTOURS.values(), ids=list(UNREADABLE_CONTOURS))
def test_a_contour_that_cannot_be_read_makes_its_structure_unreadable(
    sbrt_qa: Command, tmp_path, contours
):
    folder = b.save_case(tmp_path, RS=one_roi(contours))
    (case,) = load_cases(folder)
    bad, sound = case.structures.structures
    assert bad.problem
    assert not sound.problem
    assert liver_values(sbrt_qa("check", folder)) == {""}


@pytest.mark.parametrize(
    "contours",
    [
        pytest.param(drawn(LINE), id="zero area"),
        pytest.param(drawn(SQUARE[:2]), id="two points"),
        pytest.param(drawn(SQUARE[:1]), id="one point"),
        pytest.param(drawn(((0, 0),) * 5), id="one place"),
        pytest.param([], id="no contours"),
    ],
)
def test_what_encloses_nothing_has_no_volume(sbrt_qa: Command, tmp_path, contours):
    folder = b.save_case(tmp_path, RS=one_roi(contours))
    (case,) = load_cases(folder)
    nothing, sound = volumes(case)
    assert isinstance(nothing, Reason)
    assert sound == pytest.approx(2.4, rel=0.2)
    # what is not drawn gets at most the highest dose of the grid, which meets a limit of a maximum
    assert liver_values(sbrt_qa("check", folder)) <= {"", "10.0"}


@pytest.mark.parametrize(
    "contours",
    [
        pytest.param(drawn(REPEATED), id="repeated points"),
        pytest.param(drawn(SQUARE[::-1]), id="clockwise"),
        pytest.param(
            [*b.stack((-2.0, 2.0)), *b.stack((0.0,), xy_mm=SQUARE[::-1])], id="mixed turns"
        ),
        pytest.param(b.stack((-2.0, 1e-6, 2.0)), id="z off by 1e-6"),
    ],
)
def test_what_only_looks_odd_has_its_usual_volume(tmp_path, contours):
    (case,) = load_cases(b.save_case(tmp_path, RS=one_roi(contours)))
    odd, sound = volumes(case)
    assert odd == pytest.approx(sound, rel=1e-5)


def test_the_same_contour_twice_counts_once(tmp_path):
    (case,) = load_cases(b.save_case(tmp_path, RS=one_roi([*drawn(), *drawn()])))
    twice, sound = volumes(case)
    assert twice == pytest.approx(sound, rel=1e-9)


@pytest.mark.parametrize(
    "contours",
    [
        pytest.param(drawn(BOW_TIE), id="self-crossing"),
        pytest.param([*drawn(), *drawn()], id="same contour twice"),
        pytest.param(drawn(tuple((1e300 * x, 1e300 * y) for x, y in SQUARE)), id="1e300"),
        pytest.param(drawn(tuple((1e150 * x, 1e150 * y) for x, y in SQUARE)), id="1e150"),
        pytest.param(drawn(tuple((1e9 * x, 1e9 * y) for x, y in SQUARE)), id="1e9"),
        pytest.param(drawn(tuple((1e-300 * x, y) for x, y in SQUARE)), id="1e-300"),
        pytest.param(b.stack((-1e300, 0.0, 1e300)), id="z of 1e300"),
        pytest.param(b.stack(np.arange(-50, 50, 0.005).tolist()), id="20,000 planes"),
    ],
)
def test_a_strange_contour_gives_a_finite_value_or_a_reason(sbrt_qa: Command, tmp_path, contours):
    folder = b.save_case(tmp_path, RS=one_roi(contours))
    (case,) = load_cases(folder)
    for volume in volumes(case):
        assert isinstance(volume, Reason) or (math.isfinite(volume) and volume >= 0)
    for row in csv.DictReader(io.StringIO(sbrt_qa("check", folder).out)):
        assert row["value"] == "" or math.isfinite(float(row["value"]))


TEN_MILLION = 10_000_000


def crowded(contours: int) -> b.Dataset:
    """A structure set of ten million points in so many contours."""
    each = TEN_MILLION // contours
    texts = (b"10.1234\\-20.123\\%d.0\\" % z * each for z in range(contours))
    return one_roi([b.contour(0.0, text=text[:-1], points=each) for text in texts])


@pytest.mark.parametrize(("contours", "said"), [(1, "10,000,000 points"), (100, "")])
def test_ten_million_points_are_refused_or_read_within_bounds(tmp_path, contours, said):
    """No contour has so many; a structure may. The file has 200 MB."""
    folder = b.save_case(tmp_path, RS=crowded(contours))
    outcome = run_isolated(child_calls.problems, (str(folder),), BOUNDS)
    assert not outcome.failure
    first, sound = outcome.value
    assert said in first
    assert bool(first) is bool(said)
    assert sound == ""


def test_a_crowded_contour_is_counted_exactly(tmp_path, monkeypatch):
    monkeypatch.setattr(rtstruct, "MAX_VERTICES", 4)
    contours = b.stack(xy_mm=SQUARE)
    (case,) = load_cases(b.save_case(tmp_path / "four", RS=one_roi(contours)))
    assert case.structures.structures[0].problem is None
    contours = b.stack(xy_mm=(*SQUARE, (-11, 0)))
    (case,) = load_cases(b.save_case(tmp_path / "five", RS=one_roi(contours)))
    assert "has 5 points" in case.structures.structures[0].problem.detail


# --- plan -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fractions", [b"0 ", b"-5", b"1000000000", b"nan ", b"5.5 ", b"1e300 "])
def test_an_impossible_number_of_fractions_is_not_known(sbrt_qa: Command, tmp_path, fractions):
    group = b.raw(b.fraction_group(), "NumberOfFractionsPlanned", fractions, "IS")
    folder = b.save_case(tmp_path, RP=b.plan(groups=[group]))
    (case,) = load_cases(folder)
    assert isinstance(case.plan, Plan)
    assert isinstance(case.plan.fractions, Reason)
    assert sbrt_qa("check", folder).code in (20, 30)


@pytest.mark.parametrize("keyword", ["BeamMeterset", "BeamDose"])
@pytest.mark.parametrize("value", [b"-100", b"nan ", b"1e300 ", b"1e999 ", b"x "])
def test_a_hostile_meterset_breaks_nothing_off(sbrt_qa: Command, tmp_path, keyword, value):
    group = b.fraction_group()
    b.raw(group.ReferencedBeamSequence[0], keyword, value, "DS")
    folder = b.save_case(tmp_path, RP=b.plan(groups=[group]))
    for command in ("check", "inspect"):
        assert sbrt_qa(command, folder).code in (0, 20, 30)


@pytest.mark.parametrize("keyword", ["BeamMeterset", "BeamDose"])
@pytest.mark.parametrize(("value", "said"), [(b"-100", True), (b"1e300 ", True), (b"0 ", False)])
def test_a_meterset_that_cannot_be_is_not_known(tmp_path, keyword, value, said):
    group = b.fraction_group()
    b.raw(group.ReferencedBeamSequence[0], keyword, value, "DS")
    (case,) = load_cases(b.save_case(tmp_path, RP=b.plan(groups=[group])))
    beam = case.plan.beams[0]
    assert (beam.meterset if keyword == "BeamMeterset" else beam.dose_gy) == (None if said else 0)
    assert any("is impossible" in note for note in case.provenance.notes) is said


@pytest.mark.parametrize("value", [b"0 ", b"-50 ", b"nan ", b"1e300 ", b"1e999 ", b"5000"])
def test_a_hostile_prescription_breaks_nothing_off(sbrt_qa: Command, tmp_path, value):
    target = b.raw(b.target(1, 50.0), "TargetPrescriptionDose", value, "DS")
    assert sbrt_qa("check", b.save_case(tmp_path, RP=b.plan(targets=[target]))).code in (20, 30)
