"""DICOM SEG read as structures: places, volumes, what belongs together, and hostile files."""

from __future__ import annotations

import math

import builders as b
import numpy as np
import pytest
import segmentations as sg
from pydicom.uid import RLELossless

from sbrt_qa.dicom.load import inspect, load_cases
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.errors import DicomError
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.pipeline import check, dvh
from sbrt_qa.pipeline.untrusted import check_untrusted

pytestmark = pytest.mark.filterwarnings("ignore:The string:UserWarning")

HEIGHTS = tuple(np.arange(-24.0, 25.0, 2.0))


def saved(folder, dataset, name="seg.dcm"):
    dataset.save_as(folder / name)
    return folder


def one(folder):
    (case,) = load_cases(folder)
    return case


def small(names=("Liver",), **more):
    masks = np.zeros((3, 40, 40, len(names)), np.uint8)
    for k in range(len(names)):
        masks[:, 10 + 3 * k : 20 + 3 * k, 12:20, k] = 1
    return sg.segmentation(masks, names, **more)


def refused(folder, dataset):
    """Return why nothing of a segmentation is read, beside a plan."""
    structures = one(saved(b.save_case(folder, RS=None), dataset)).structures
    assert isinstance(structures, Reason)
    return structures.detail


# --- what is read -----------------------------------------------------------------------------


@pytest.mark.parametrize("spacing", [0.8, 1.0, 2.0])
def test_a_ball_on_voxels_has_the_volume_of_a_ball_within_its_uncertainty(tmp_path, spacing):
    masks = sg.ball(20.0, 64, HEIGHTS, spacing)
    case = one(saved(tmp_path, sg.segmentation(masks, images=sg.source(HEIGHTS, 64, spacing))))
    volume = CaseDoses(case).volume_cc(case["Liver"])
    assert volume == pytest.approx(4 / 3 * math.pi * 8.0, rel=0.01)
    assert case["Liver"].voxels.in_words == f"{spacing:g} × {spacing:g} × 2 mm"


def test_the_pixels_of_a_cylinder_are_read_to_the_last_one(tmp_path):
    masks = sg.cylinder(15.0, 20.0, 48, HEIGHTS, 1.0)
    case = one(saved(tmp_path, sg.segmentation(masks, images=sg.source(HEIGHTS, 48, 1.0))))
    volume = CaseDoses(case).volume_cc(case["Liver"])
    assert volume == pytest.approx(masks.sum() * 2.0 / 1000, rel=1e-3)
    xy = np.concatenate([c.xy_mm for c in case["Liver"].contours])
    assert (xy.min(), xy.max()) == (-15.5, 15.5)


@pytest.mark.parametrize("kind", [sg.Kind.BINARY, sg.Kind.LABELMAP])
@pytest.mark.parametrize("position", ["HFS", "HFP", "FFS", "FFP", "HFDL", "sagittal", "coronal"])
def test_masks_lie_where_another_program_puts_them(tmp_path, kind, position):
    import highdicom as hd

    rng = np.random.default_rng(3)
    images = sg.source((0.0, 2.0, 4.0, 6.0), 12, 1.5, (3.0, -8.0), b.ORIENTATIONS[position])
    cosines = np.array(b.ORIENTATIONS[position], float)
    normal = np.cross(cosines[:3], cosines[3:])
    for k, image in enumerate(images):
        image.ImagePositionPatient = list(np.array([3.0, -8.0, 5.0]) + 2.0 * k * normal)
    masks = (rng.random((4, 12, 12)) < 0.6).astype(np.uint8)
    folder = saved(tmp_path, sg.segmentation(masks, images=images, kind=kind))
    structure = one(folder)["Liver"]
    volume = hd.seg.segread(tmp_path / "seg.dcm").get_volume()
    inside = np.argwhere(volume.array > 0)[:, :3]
    centres = volume.map_indices_to_reference(inside)
    assert len(centres) == masks.sum()
    by_plane = {}
    for contour in structure.contours:
        by_plane.setdefault(round(contour.z_mm, 3), []).append(contour.xy_mm)
    area = sum(_area(xy) for loops in by_plane.values() for xy in loops)
    size = structure.voxels
    assert area == pytest.approx(masks.sum() * size.x_mm * size.y_mm)
    assert all(_holds(by_plane[round(z, 3)], x, y) for x, y, z in centres)


def _area(xy):
    x, y = xy.T
    return float(x @ np.roll(y, -1) - np.roll(x, -1) @ y) / 2


def _holds(loops, x, y):
    crossed = 0
    for loop in loops:
        for (x0, y0), (_, y1) in zip(loop, np.roll(loop, -1, axis=0), strict=True):
            crossed += x0 > x and min(y0, y1) < y < max(y0, y1)
    return crossed % 2 == 1


def test_packed_and_plain_pixels_are_the_same(tmp_path):
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    plain.mkdir(), packed.mkdir()
    masks = sg.ball(10.0, 24, HEIGHTS, 1.0)
    images = sg.source(HEIGHTS, 24)
    saved(plain, sg.segmentation(masks, images=images, kind=sg.Kind.LABELMAP))
    saved(
        packed,
        sg.segmentation(
            masks, images=images, kind=sg.Kind.LABELMAP, transfer_syntax_uid=RLELossless
        ),
    )
    first, second = (one(p)["Liver"].contours for p in (plain, packed))
    assert len(first) == len(second) > 5
    assert all(np.array_equal(p.xy_mm, q.xy_mm) for p, q in zip(first, second, strict=True))


def test_segments_that_overlap_are_both_whole(tmp_path):
    case = one(saved(tmp_path, small(("Liver", "Stomach"))))
    assert case.names == ["Liver", "Stomach"]
    volumes = [CaseDoses(case).volume_cc(case[name]) for name in case.names]
    assert volumes == pytest.approx([10 * 8 * 3 * 2 / 1000] * 2, rel=0.35)
    assert volumes[0] == pytest.approx(volumes[1])


# --- what the grid leaves open ----------------------------------------------------------------


@pytest.mark.parametrize("rule_mm", [-1.0, 0.0, 1.0], ids=["whole", "centre", "touched"])
def test_the_uncertainty_holds_the_ball_whatever_rule_made_its_voxels(tmp_path, rule_mm):
    """Voxels of 2 mm that lie within a ball as a whole, with their centres, or in a part."""
    spacing, radius = 2.0, 20.4
    masks = sg.ball(radius, 48, HEIGHTS, spacing, rule_mm)
    folder = b.save_case(tmp_path, RS=None, RD=_rising_dose())
    saved(folder, sg.segmentation(masks, images=sg.source(HEIGHTS, 48, spacing)))
    table = dvh([folder], metrics=["Volume[cc]", "Max[Gy]", "Mean[Gy]"], bands=True)
    volume, highest, mean = table["Liver"].metrics.values()
    assert volume.band.low <= 4 / 3 * math.pi * radius**3 / 1000 <= volume.band.high
    assert highest.band.low - 0.01 <= (radius + 60.0) / 4 <= highest.band.high + 0.01
    assert str(volume.band.driver) == str(highest.band.driver) == "voxels"
    assert mean.value == pytest.approx(15.0, abs=0.02)


def _rising_dose():
    """A dose of (x + 60) / 4 Gy, x in mm."""
    values = np.broadcast_to(1000 * np.arange(30), (25, 30, 30)).astype(np.uint16)
    return b.dose(
        values, position=(-60, -60, -30), spacing=(4, 4), offsets=[2.5 * k for k in range(25)]
    )


def test_inspect_names_the_segmentation_and_the_limits_of_its_grid(tmp_path):
    saved(b.save_case(tmp_path, RS=None), small())
    (case,) = inspect(tmp_path).cases
    assert [f.modality for f in case.provenance.files].count("SEG") == 1
    assert any("voxels of 1 × 1 × 2 mm" in note for note in case.provenance.notes)
    (link,) = [k for k in case.provenance.links if k.target == "seg.dcm"]
    assert "a guess" in link.note


# --- who belongs together ---------------------------------------------------------------------


def test_case_113__a_segmentation_in_place_of_the_structure_set_is_read(tmp_path):
    case = one(saved(b.save_case(tmp_path, RS=None), small()))
    assert case.names == ["Liver"]
    assert case["Liver"].contours


def test_case_113__a_case_may_have_both(tmp_path):
    case = one(saved(b.save_case(tmp_path), small(("Stomach",))))
    assert case.names == ["Liver", "Stomach"]
    assert [case[name].voxels is None for name in case.names] == [True, False]
    assert case["Liver"].roi_number != case["Stomach"].roi_number


def test_case_113__an_organ_in_both_is_chosen_by_nobody(tmp_path):
    folder = saved(b.save_case(tmp_path), small(("liver",)))
    case = one(folder)
    (note,) = [n for n in case.provenance.notes if "one organ stands in" in n]
    assert "seg.dcm" in note
    assert "RS.dcm" in note
    (review,) = check([folder], bands=False)
    reasons = [r.reason for r in review.constraints if r.structure.startswith("Liver")]
    assert any(r is not None and r.code is ReasonCode.STRUCTURE_AMBIGUOUS for r in reasons)


def test_segmentations_of_one_organ_each_are_one_structure_set(tmp_path):
    saved(b.save_case(tmp_path, RS=None), small(("Liver",), uid="1.2.3.12"), "a.dcm")
    saved(tmp_path, small(("Stomach",), uid="1.2.3.13"), "b.dcm")
    case = one(tmp_path)
    assert case.names == ["Liver", "Stomach"]
    assert len({case[name].roi_number for name in case.names}) == 2


def test_a_segmentation_elsewhere_is_left_out_and_said(tmp_path):
    other = small()
    other.FrameOfReferenceUID = "1.2.3.999"
    case = one(saved(b.save_case(tmp_path), other))
    assert case.names == ["Liver"]
    assert case["Liver"].voxels is None
    assert any("another patient or frame of reference" in n for n in case.provenance.notes)


# --- what is refused --------------------------------------------------------------------------


def test_fractions_of_voxels_are_refused_unless_they_are_none_and_all(tmp_path):
    masks = np.zeros((3, 40, 40), np.float32)
    masks[:, 10:20, 12:20] = 1.0
    whole = sg.segmentation(masks, kind=sg.Kind.FRACTIONAL)
    assert one(saved(tmp_path, whole))["Liver"].contours
    masks[1, 10, 12] = 0.4
    case = one(saved(tmp_path, sg.segmentation(masks, kind=sg.Kind.FRACTIONAL)))
    assert "is not in the file" in case["Liver"].problem.detail
    assert not case["Liver"].contours


def _oblique(dataset):
    tilted = np.cos(0.2), 0.0, np.sin(0.2), 0.0, 1.0, 0.0
    shared = dataset.SharedFunctionalGroupsSequence[0]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = list(tilted)


def _nowhere(dataset):
    del dataset.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence


def _no_spacing(dataset):
    del dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence


def _huge(dataset):
    dataset.Rows = dataset.Columns = 60000


def _many(dataset):
    dataset.NumberOfFrames = 2_000_000_000


def _short(dataset):
    dataset.PixelData = dataset.PixelData[:100]


def _no_segments(dataset):
    dataset.SegmentSequence = []


def _no_number(dataset):
    del dataset.PerFrameFunctionalGroupsSequence[0].SegmentIdentificationSequence


def _other_type(dataset):
    dataset.SegmentationType = "ODD"


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_oblique, "oblique"),
        (_nowhere, "does not say where its frames lie"),
        (_no_spacing, "does not say where its frames lie"),
        (_huge, "no size that is read"),
        (_many, "no size that is read"),
        (_short, "fewer pixels than it says"),
        (_no_segments, "describes no segment"),
        (_no_number, "which segment it shows"),
        (_other_type, "of a type that is not read"),
    ],
)
def test_what_cannot_be_read_is_refused_and_says_why(tmp_path, spoil, why):
    dataset = small(("Liver", "Stomach"))
    spoil(dataset)
    assert why in refused(tmp_path, dataset)


def test_two_frames_at_one_place_that_differ_are_a_problem_of_that_segment_only(tmp_path):
    dataset = small(("Liver", "Stomach"))
    frames = dataset.PerFrameFunctionalGroupsSequence
    numbers = [f.SegmentIdentificationSequence[0].ReferencedSegmentNumber for f in frames]
    first, second = [i for i, n in enumerate(numbers) if n == 2][:2]
    frames[second].PlanePositionSequence = frames[first].PlanePositionSequence
    pixels = bytearray(dataset.PixelData)
    pixels[second * 200 + 60] ^= 0xFF
    dataset.PixelData = bytes(pixels)
    case = one(saved(tmp_path, dataset))
    assert "two frames at one place differ" in case["Stomach"].problem.detail
    assert case["Liver"].contours


def test_noise_is_no_organ(tmp_path):
    masks = (np.indices((3, 256, 256)).sum(axis=0) % 2).astype(np.uint8)
    case = one(saved(tmp_path, sg.segmentation(masks, images=sg.source((0.0, 2.0, 4.0), 256))))
    assert case["Liver"].problem is not None


def test_pixels_of_a_segment_without_a_name_are_said(tmp_path):
    dataset = small(("Liver", "Stomach"))
    dataset.SegmentSequence = [dataset.SegmentSequence[0]]
    case = one(saved(tmp_path, dataset))
    assert case.names == ["Liver"]
    assert any("segment 2 has pixels and no name" in n for n in case.provenance.notes)


def test_a_file_that_lies_about_its_packed_pixels_is_refused(tmp_path):
    dataset = small(kind=sg.Kind.LABELMAP, transfer_syntax_uid=RLELossless)
    dataset.NumberOfFrames = len(dataset.PerFrameFunctionalGroupsSequence) + 1
    dataset.PerFrameFunctionalGroupsSequence.append(dataset.PerFrameFunctionalGroupsSequence[0])
    assert refused(tmp_path, dataset)


def test_a_segmentation_is_read_in_a_process_of_its_own(tmp_path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.mkdir(), bad.mkdir()
    saved(b.save_case(good, RS=None), small())
    spoiled = small()
    _huge(spoiled)
    saved(b.save_case(bad, RS=None), spoiled)
    (review,) = check_untrusted([good], bands=False)
    assert "Liver" in [s.name for s in review.structures]
    (review,) = check_untrusted([bad], bands=False)
    assert not review.structures
    assert str(review.verdict) == "not_evaluable"


def test_a_segmentation_given_alone_that_is_cut_off_raises(tmp_path):
    dataset = small()
    dataset.save_as(tmp_path / "seg.dcm")
    data = (tmp_path / "seg.dcm").read_bytes()
    (tmp_path / "seg.dcm").write_bytes(data[: len(data) // 2])
    with pytest.raises(DicomError):
        load_cases(tmp_path / "seg.dcm")
