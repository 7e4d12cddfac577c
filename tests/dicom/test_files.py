"""Files and folders: what is walked, what is refused, and in which words."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from random import Random

import builders as b
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from sbrt_qa.dicom.files import guarded
from sbrt_qa.dicom.files.dataset import open_bytes
from sbrt_qa.dicom.load import inspect, load_cases
from sbrt_qa.errors import DicomError
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.plan import Plan
from sbrt_qa.model.structure import StructureSet


def assert_complete(case):
    assert isinstance(case.plan, Plan)
    assert isinstance(case.structures, StructureSet)
    assert isinstance(case.dose, DoseGrid)


def test_a_tree_of_files_without_extension_is_walked(tmp_path):
    b.save(b.plan(), tmp_path / "a" / "b" / "1")
    b.save(b.structure_set(), tmp_path / "a" / "2")
    b.save(b.dose(), tmp_path / "c" / "3")
    (tmp_path / "a" / "readme.txt").write_text("hello")
    (tmp_path / "c" / "empty.dcm").write_bytes(b"")
    inventory = inspect(tmp_path)
    assert_complete(inventory.cases[0])
    assert [(i.name, i.broken) for i in inventory.ignored] == [
        ("readme.txt", False),
        ("empty.dcm", True),
    ]


def test_single_files_form_a_case(tmp_path):
    b.save_case(tmp_path)
    (case,) = load_cases([tmp_path / "RP.dcm", str(tmp_path / "RS.dcm"), tmp_path / "RD.dcm"])
    assert_complete(case)


def test_input_is_not_modified(tmp_path):
    b.save_case(tmp_path)
    before = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.iterdir()}
    load_cases(tmp_path)
    assert before == {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.iterdir()}


@pytest.mark.parametrize("syntax", [b.ImplicitVRLittleEndian, b.ExplicitVRLittleEndian])
def test_case_70_files_without_preamble_and_meta_are_read_with_a_note(tmp_path, syntax):
    for name, dataset in {"RP": b.plan(), "RS": b.structure_set(), "RD": b.dose()}.items():
        b.save(dataset, tmp_path / name, syntax, meta=False)
    (case,) = load_cases(tmp_path)
    assert_complete(case)
    assert [r.quirk for r in case.provenance.repairs] == ["no-preamble"] * 3


def test_case_70_meta_information_without_transfer_syntax_is_read_with_a_note(tmp_path):
    data = b.save(b.dose(), tmp_path / "RD", b.ImplicitVRLittleEndian).read_bytes()
    start = data.index(b"\x02\x00\x10\x00UI")
    length = int.from_bytes(data[start + 6 : start + 8], "little")
    (tmp_path / "RD").write_bytes(data[:start] + data[start + 8 + length :])
    (case,) = load_cases(tmp_path)
    assert isinstance(case.dose, DoseGrid)
    assert [r.quirk for r in case.provenance.repairs] == ["no-transfer-syntax"]


def test_case_81_blank_dates_and_names_do_not_matter(tmp_path):
    plan = b.plan(RTPlanDate="", StudyDate="", PatientBirthDate="")
    assert_complete(load_cases(b.save_case(tmp_path, RP=plan))[0])


def test_case_82_odd_private_elements_are_skipped(tmp_path):
    dose = b.dose()
    dose.add_new(0x30090010, "LO", "VENDOR")
    dose.add_new(0x30091001, "UN", b"\x01\x02\x03")
    assert_complete(load_cases(b.save_case(tmp_path, RD=dose))[0])


# --- refusals ---------------------------------------------------------------------------------


def test_a_path_that_does_not_exist(tmp_path):
    with pytest.raises(DicomError, match="'nowhere': no such file or folder"):
        load_cases(tmp_path / "nowhere")


def test_an_empty_folder(tmp_path):
    with pytest.raises(DicomError, match=r"no DICOM plan.*got an empty folder"):
        load_cases(tmp_path)


def test_a_folder_without_dicom(tmp_path):
    (tmp_path / "a.txt").write_text("x" * 1000)
    with pytest.raises(DicomError, match=r"got 1 other file\."):
        load_cases(tmp_path)


def test_images_alone_are_no_case(tmp_path):
    b.save(b.ct_slice(0.0), tmp_path / "CT")
    with pytest.raises(DicomError, match="1 image only"):
        load_cases(tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"just some text\n" * 50, id="text"),
        pytest.param(b"PK\x03\x04" + bytes(600), id="zip"),
        pytest.param(b"\x08\x00\x05\x00" + b"not DICOM after all" * 20, id="false start"),
        pytest.param(bytes(128) + b"DICM" + bytes(range(256)), id="random after DICM"),
        pytest.param(bytes(128) + b"DICM", id="nothing after DICM"),
    ],
)
def test_a_single_file_that_is_not_dicom(tmp_path, data):
    (tmp_path / "x.dcm").write_bytes(data)
    with pytest.raises(DicomError, match=r"x\.dcm"):
        load_cases(tmp_path / "x.dcm")


@pytest.mark.parametrize("part", ["RP", "RS", "RD"])
def test_a_truncated_file_is_never_read_as_if_it_were_whole(tmp_path, part):
    """Cut at many places, also between two elements, where nothing but what is missing shows."""
    b.save_case(tmp_path)
    whole = (tmp_path / f"{part}.dcm").read_bytes()
    for cut in range(200, len(whole) - 1, max(1, len(whole) // 60)):
        (tmp_path / f"{part}.dcm").write_bytes(whole[:cut])
        for case in load_cases(tmp_path):
            if part == "RD":
                assert isinstance(case.dose, Reason)
            if part == "RS" and isinstance(case.structures, StructureSet):
                drawn = [len(s.contours) for s in case.structures.structures]
                assert set(drawn) <= {0, 3}, f"cut at {cut}"
            if part == "RP" and isinstance(case.plan, Plan):
                assert len(case.plan.beams) in (0, 2), f"cut at {cut}"


def test_case_68_truncated_pixel_data_is_refused_with_both_sizes(tmp_path):
    b.save_case(tmp_path)
    path = tmp_path / "RD.dcm"
    path.write_bytes(path.read_bytes()[:-100])
    (case,) = load_cases(tmp_path)
    assert case.dose.code is ReasonCode.DOSE_UNREADABLE
    assert "990 bytes declared, 890 present" in case.dose.detail
    assert isinstance(case.structures, StructureSet)


def test_case_68_a_truncated_file_given_by_name_is_an_error(tmp_path):
    path = b.save(b.dose(), tmp_path / "RD.dcm")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DicomError, match=r"RD\.dcm: the file is cut off inside element"):
        load_cases(path)


def test_a_damaged_file_is_listed_and_stops_nothing_else(tmp_path):
    b.save_case(tmp_path)
    (tmp_path / "bad.dcm").write_bytes(bytes(128) + b"DICM" + b"\x02\x00\x10\x00UI\xff\x00")
    inventory = inspect(tmp_path)
    assert_complete(inventory.cases[0])
    assert [i.name for i in inventory.ignored] == ["bad.dcm"]


def test_a_link_out_of_the_folder_a_pipe_and_an_unknown_object_are_not_read(tmp_path):
    outside = b.save(b.dose(uid="1.2.3.31"), tmp_path / "outside.dcm")
    folder = b.save_case(tmp_path / "case")
    (folder / "link.dcm").symlink_to(outside)
    (folder / "dangling.dcm").symlink_to(tmp_path / "nothing")
    os.mkfifo(folder / "pipe.dcm")
    other = b.plan(uid="1.2.3.12")
    other.SOPClassUID = "1.2.840.10008.5.1.4.1.1.66.1"
    b.raw(other, "Modality", b"REG ", "CS")
    b.save(other, folder / "registration.dcm")
    inventory = inspect(folder)
    assert_complete(inventory.cases[0])
    why = {i.name: i.why for i in inventory.ignored}
    assert "a link that leads out of the folder" in why["link.dcm"]
    assert set(why) == {"link.dcm", "dangling.dcm", "pipe.dcm", "registration.dcm"}
    assert "not a regular file" in why["pipe.dcm"]
    assert "'REG' (Spatial Registration), not used here" in why["registration.dcm"]


def test_a_link_within_the_folder_is_a_copy(tmp_path):
    folder = b.save_case(tmp_path)
    (folder / "link.dcm").symlink_to(folder / "RD.dcm")
    assert_complete(load_cases(folder)[0])


def nested(levels: int) -> bytes:
    """Sequences of undefined length, one in the other."""
    opening = b"\x0a\x30\x10\x00\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    closing = b"\xfe\xff\x0d\xe0\x00\x00\x00\x00" + b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
    return opening * levels + closing * levels


def test_sequences_nested_without_end_are_refused(tmp_path):
    data = b.save(b.plan(), tmp_path / "RP", meta=False).read_bytes() + nested(2000)
    with pytest.raises(DicomError, match="nested too deeply"):
        open_bytes(data, "RP")


def test_a_deflated_bomb_is_refused_before_it_is_inflated(tmp_path, monkeypatch):
    monkeypatch.setattr(guarded, "MAX_INFLATED_BYTES", 1_000_000)
    path = b.save(b.dose(), tmp_path / "RD", DeflatedExplicitVRLittleEndian)
    data = path.read_bytes()
    start = 144 + int.from_bytes(data[140:144], "little")
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    bomb = deflater.compress(bytes(2_000_000)) + deflater.flush()
    assert open_bytes(data, "RD").root.code("Modality") == "RTDOSE"
    with pytest.raises(DicomError, match="too large"):
        open_bytes(data[:start] + bomb, "RD")


def test_nothing_of_a_path_or_a_patient_is_in_messages(tmp_path):
    folder = tmp_path / "MUELLER_HANS"
    dataset = b.dose()
    dataset.PatientName = "MUELLER^HANS"
    b.save_case(folder, RD=dataset)
    (folder / "bad.dcm").write_bytes(bytes(128) + b"DICM\x02\x00")
    inventory = inspect(folder)
    assert "MUELLER" not in repr(inventory.ignored) + repr([c.provenance for c in inventory.cases])
    with pytest.raises(DicomError) as refused:
        load_cases(folder / "bad.dcm")
    assert "MUELLER" not in str(refused.value)


def test_reading_needs_no_write_permission_and_leaves_no_files(tmp_path):
    folder = b.save_case(tmp_path / "case")
    before = sorted(Path(tmp_path).rglob("*"))
    load_cases(folder)
    assert sorted(Path(tmp_path).rglob("*")) == before


# --- damage at random -------------------------------------------------------------------------


def damaged(data: bytes, random: Random) -> bytes:
    """Change, drop, insert or repeat a few bytes behind the preamble."""
    spoilt = bytearray(data)
    for _ in range(random.choice((1, 2, 10))):
        at = random.randrange(132, len(spoilt))
        size = random.randrange(1, 9)
        kind = random.randrange(4)
        if kind == 0:
            spoilt[at : at + size] = random.randbytes(size)
        elif kind == 1:
            del spoilt[at : at + size]
        elif kind == 2:
            spoilt[at : at + 4] = b"\xff\xff\xff\xff"
        else:
            spoilt[at:at] = spoilt[max(132, at - 8 * size) : at]
    return bytes(spoilt)


@pytest.mark.parametrize("name", ["RP", "RS", "RD", "CT", "RR"])
def test_damage_at_random_lets_only_our_own_errors_out(tmp_path, name):
    b.save(b.ct_slice(0.0), tmp_path / "CT.dcm")
    b.save(b.record(1, "20260112"), tmp_path / "RR.dcm")
    path = b.save_case(tmp_path) / f"{name}.dcm"
    whole, random = path.read_bytes(), Random(name)  # noqa: S311 - repeatable on purpose
    readable = 0
    for _ in range(60):
        path.write_bytes(damaged(whole, random))
        try:
            cases = load_cases(tmp_path)
            readable += len(cases)
            _ = [case.image.load_hu() for case in cases if case.image]
        except DicomError:
            continue
    assert readable


def test_a_meta_group_length_of_the_wrong_size_is_our_own_error(tmp_path):
    data = bytearray(b.save(b.plan(), tmp_path / "RP.dcm").read_bytes())
    data[136:144] = b"\xff\xff\x04\x04\x00\x00\x00\x00"
    with pytest.raises(DicomError, match=r"RP\.dcm"):
        open_bytes(bytes(data), "RP.dcm")
