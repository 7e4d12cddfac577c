"""Which image belongs to a structure set, and which slices of a series belong together."""

from __future__ import annotations

import builders as b
import pytest

from sbrt_qa.dicom.load import inspect, load_cases
from sbrt_qa.model.case import LinkKind

OTHER, FRAME_2 = "1.2.3.41", "1.2.3.200"


def slices(folder, heights, prefix="CT", **elements):
    series = elements.pop("series", b.SERIES_UID)
    for index, z in enumerate(heights):
        one = b.ct_slice(z, series=series, **{k: elements[k] for k in ("frame",) if k in elements})
        for keyword, value in elements.items():
            if keyword != "frame":
                setattr(one, keyword, value)
        one.SOPInstanceUID = f"{series}.{ord(prefix)}.{index}"
        b.save(one, folder / f"{prefix}{index}.dcm")


def naming(uids, **elements):
    """A structure set whose contours name image slices."""
    drawn = b.structure_set(**elements)
    contours = [c for roi in drawn.ROIContourSequence for c in roi.ContourSequence]
    for index, contour in enumerate(contours):
        uid = uids[index % len(uids)]
        contour.ContourImageSequence = b.Items([b.reference(uid)])
    return drawn


def uids_of(folder, prefix):
    import pydicom

    files = sorted(folder.glob(f"{prefix}*.dcm"))
    return [pydicom.dcmread(f).SOPInstanceUID for f in files]


def one(folder):
    (case,) = load_cases(folder)
    return case


def test_case_112__the_series_whose_slices_the_contours_name_is_the_image(tmp_path):
    slices(tmp_path, (0.0, 2.0, 4.0), "A")
    slices(tmp_path, (1.0, 3.0, 5.0), "B", series=OTHER)
    b.save_case(tmp_path, RS=naming(uids_of(tmp_path, "B")))
    case = one(tmp_path)
    assert case.image.z_mm.tolist() == [1.0, 3.0, 5.0]
    (link,) = [k for k in case.provenance.links if k.target == "CT"]
    assert link.kind is LinkKind.BY_UID
    assert "its contours name" in link.note


def test_case_112__two_series_that_nothing_tells_apart_are_no_image(tmp_path):
    slices(tmp_path, (0.0, 2.0, 4.0), "A", series=f"{OTHER}.1")
    slices(tmp_path, (1.0, 3.0, 5.0), "B", series=OTHER)
    b.save_case(tmp_path)
    case = one(tmp_path)
    assert case.image is None
    assert any("several image series share" in note for note in case.provenance.notes)


def test_case_112__the_series_in_the_frame_of_the_rois_comes_before_the_first_named(tmp_path):
    slices(tmp_path, (0.0, 2.0, 4.0), "A", series=OTHER, frame=FRAME_2)
    slices(tmp_path, (1.0, 3.0, 5.0), "B")
    drawn = b.structure_set()
    first = b.item(
        FrameOfReferenceUID=FRAME_2,
        RTReferencedStudySequence=b.Items(
            [b.item(RTReferencedSeriesSequence=b.Items([b.item(SeriesInstanceUID=OTHER)]))]
        ),
    )
    drawn.ReferencedFrameOfReferenceSequence.insert(0, first)
    b.save_case(tmp_path, RS=drawn)
    assert one(tmp_path).image.z_mm.tolist() == [1.0, 3.0, 5.0]


def test_case_110__a_localizer_in_the_series_is_left_out_with_a_note(tmp_path):
    slices(tmp_path, (0.0, 2.0, 4.0), "A")
    slices(tmp_path, (9.0,), "L", ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    slices(tmp_path, (11.0,), "M", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    b.save_case(tmp_path, RS=b.structure_set())
    case = one(tmp_path)
    assert case.image.z_mm.tolist() == [0.0, 2.0, 4.0]
    assert not case.image_problem
    assert any("2 image slices left out: localizers" in n for n in case.provenance.notes)
    assert {f.name for f in case.provenance.files} & {"L0.dcm", "M0.dcm"} == set()


def test_case_110__a_localizer_series_of_the_same_frame_does_not_compete(tmp_path):
    slices(tmp_path, (0.0, 2.0, 4.0), "A", series=f"{OTHER}.1")
    slices(tmp_path, (9.0,), "L", series=OTHER, ImageOrientationPatient=[0, 1, 0, 0, 0, -1])
    b.save_case(tmp_path)
    assert one(tmp_path).image.z_mm.tolist() == [0.0, 2.0, 4.0]


def test_a_single_tilted_slice_is_left_out_and_a_tilted_series_is_refused(tmp_path):
    slices(tmp_path / "few", (0.0, 2.0, 4.0), "A")
    slices(tmp_path / "few", (9.0,), "T", ImageOrientationPatient=[1, 0, 0, 0, 0.9848, 0.1736])
    b.save_case(tmp_path / "few", RS=b.structure_set())
    case = one(tmp_path / "few")
    assert case.image.z_mm.size == 3
    assert any("oblique" in note for note in case.provenance.notes)


@pytest.mark.parametrize("named", [True, False])
def test_two_acquisitions_interleaved_are_never_mixed(tmp_path, named):
    slices(tmp_path, (0.0, 3.0, 6.0, 9.0), "A", AcquisitionNumber="1")
    slices(tmp_path, (1.0, 4.0, 7.0, 10.0), "B", AcquisitionNumber="2")
    drawn = b.structure_set()
    if named:
        drawn = naming(uids_of(tmp_path, "B"))
    b.save_case(tmp_path, RS=drawn)
    case = one(tmp_path)
    if named:
        assert case.image.z_mm.tolist() == [1.0, 4.0, 7.0, 10.0]
    else:
        assert case.image is None
        assert "nothing says which belong together" in case.image_problem


def test_acquisitions_one_after_the_other_are_one_image(tmp_path):
    slices(tmp_path, (0.0, 3.0, 6.0), "A", AcquisitionNumber="1")
    slices(tmp_path, (9.0, 12.0), "B", AcquisitionNumber="2")
    b.save_case(tmp_path, RS=b.structure_set())
    assert one(tmp_path).image.z_mm.size == 5


def test_two_slices_at_one_place_with_different_pixels_are_refused(tmp_path):
    b.save(b.ct_slice(0.0), tmp_path / "a.dcm")
    b.save(b.ct_slice(2.0), tmp_path / "b.dcm")
    other = b.ct_slice(2.0, value=40)
    other.SOPInstanceUID = "1.2.3.77"
    b.save(other, tmp_path / "c.dcm")
    b.save_case(tmp_path, RS=b.structure_set())
    assert "have the same position" in one(tmp_path).image_problem


def test_case_113__what_calls_itself_a_segmentation_and_holds_none_is_named(tmp_path):
    seg = b.plan(uid="1.2.3.12")
    seg.SOPClassUID, seg.Modality = "1.2.840.10008.5.1.4.1.1.66.4", "SEG"
    b.save(seg, tmp_path / "liver.dcm")
    case = one(b.save_case(tmp_path, RS=None))
    assert "describes no segment" in case.structures.detail
    assert "liver.dcm" in case.structures.detail


def test_case_111__sound_objects_of_other_kinds_are_listed_and_cost_nothing(tmp_path):
    kinds = {"REG": "66.1", "PT": "128", "MR": "4", "SR": "88.11", "DOC": "104.1"}
    for kind, class_uid in kinds.items():
        other = b.plan(uid=f"1.2.3.5.{class_uid}")
        other.SOPClassUID, other.Modality = f"1.2.840.10008.5.1.4.1.1.{class_uid}", kind
        b.save(other, tmp_path / f"{kind}.dcm")
    for name in ("values.xlsx", "letter.docx", "notes.txt"):
        (tmp_path / name).write_bytes(b"PK or text")
    b.save_case(tmp_path)
    inventory = inspect(tmp_path)
    assert not any(i.broken for i in inventory.ignored)
    (case,) = inventory.cases
    assert not case.provenance.unread_files
    (note,) = [n for n in case.provenance.notes if "not needed" in n]
    for kind in (*kinds, ".xlsx", ".docx", ".txt"):
        assert f"1 {kind}" in note


def test_case_155__a_structure_set_that_calls_itself_a_dose_is_no_dose(tmp_path):
    drawn = b.structure_set()
    b.raw(drawn, "Modality", b"RTDOSE", "CS")
    case = one(b.save_case(tmp_path, RS=drawn))
    assert [r.quirk for r in case.provenance.repairs] == ["modality-contradicts-class"]
    assert case.structures.structures
    assert not case.provenance.unused_doses


def test_case_155__files_of_one_name_are_told_by_their_folders(tmp_path):
    b.save_case(tmp_path / "one")
    other = b.dose(uid=b.DOSE_UID)
    other.DoseGridScaling = "0.5"
    b.save(other, tmp_path / "two" / "RD.dcm")
    (why,) = [i.why for i in inspect(tmp_path).ignored if i.broken]
    assert "'one/RD.dcm', 'two/RD.dcm' have the same SOP Instance UID" in why
