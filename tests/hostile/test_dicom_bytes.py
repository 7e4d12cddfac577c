"""ACCEPTANCE D3, DICOM bytes: files that are not what they claim, and those that claim too much."""

from __future__ import annotations

import shutil
import struct
import zlib
from pathlib import Path
from random import Random

import builders as b
import numpy as np
import pytest
from pydicom import uid

from sbrt_qa.dicom.files import guarded
from sbrt_qa.dicom.files.dataset import open_bytes
from sbrt_qa.dicom.load import inspect, load_cases
from sbrt_qa.errors import DicomError
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.plan import Plan
from sbrt_qa.model.structure import StructureSet

from .conftest import Command, bounded_check

PARTS = ("RP", "RS", "RD")


def whole(case: Case) -> bool:
    return (
        isinstance(case.plan, Plan)
        and isinstance(case.structures, StructureSet)
        and isinstance(case.dose, DoseGrid)
    )


def case_with(tmp_path: Path, sound: Path, **files: bytes) -> Path:
    """Copy the sound case and replace or add files."""
    folder = shutil.copytree(sound, tmp_path / "case", dirs_exist_ok=True)
    for name, data in files.items():
        (folder / f"{name}.dcm").write_bytes(data)
    return folder


def element(tag: tuple[int, int], vr: bytes, value: bytes, length: int | None = None) -> bytes:
    """An element in explicit VR little endian; `length` lies about it."""
    size = len(value) if length is None else length
    head = struct.pack("<HH2s", *tag, vr)
    if vr in (b"SQ", b"UN", b"OB", b"OW"):
        return head + struct.pack("<HL", 0, size & 0xFFFFFFFF) + value
    return head + struct.pack("<H", size & 0xFFFF) + value


def appended(sound: Path, part: str, data: bytes) -> bytes:
    return (sound / f"{part}.dcm").read_bytes() + data


def meta_end(data: bytes) -> int:
    return 144 + int.from_bytes(data[140:144], "little")


# --- preambles --------------------------------------------------------------------------------

PREAMBLES = {
    "PE": (b"MZ\x90\x00", "a Windows program"),
    "ELF": (b"\x7fELF\x02\x01", "a Linux program"),
    "Mach-O": (b"\xcf\xfa\xed\xfe\x07", "a macOS program"),
    "Mach-O, fat": (b"\xca\xfe\xba\xbe\x00", "a macOS or Java program"),
    "PDF": (b"%PDF-1.7\n", "a PDF document"),
    "HTML": (b"\n <html><script>", "a web page"),
    "zip": (b"PK\x03\x04\x14\x00", "a zip archive"),
    "script": (b"#!/bin/sh\n", "a script"),
}


@pytest.mark.parametrize(("start", "kind"), PREAMBLES.values(), ids=list(PREAMBLES))
def test_a_foreign_preamble_is_skipped_and_said(tmp_path, sound, start, kind):
    """CVE-2019-11687: DICOM and a program at once; only ever read as DICOM."""
    data = (sound / "RD.dcm").read_bytes()
    folder = case_with(tmp_path, sound, RD=start.ljust(128, b"\0") + data[128:])
    (case,) = load_cases(folder)
    assert whole(case)
    (repair,) = case.provenance.repairs
    assert repair.quirk == "foreign-preamble"
    assert repair.where == "RD.dcm"
    assert kind in repair.detail


@pytest.mark.parametrize("start", [b"II*\0", b"MM\0*", b"\0\0"], ids=["TIFF", "TIFF BE", "zeros"])
def test_a_preamble_that_dicom_foresees_is_no_finding(tmp_path, sound, start):
    data = (sound / "RD.dcm").read_bytes()
    folder = case_with(tmp_path, sound, RD=start.ljust(128, b"\0") + data[128:])
    (case,) = load_cases(folder)
    assert not case.provenance.repairs


def test_no_preamble(tmp_path):
    for name, dataset in {"RP": b.plan(), "RS": b.structure_set(), "RD": b.dose()}.items():
        b.save(dataset, tmp_path / f"{name}.dcm", meta=False)
    (case,) = load_cases(tmp_path)
    assert whole(case)
    assert {r.quirk for r in case.provenance.repairs} == {"no-preamble"}


# --- not DICOM at all -------------------------------------------------------------------------

RANDOM = Random(1)  # noqa: S311 - repeatable on purpose
NOT_DICOM = {
    "random bytes after DICM": bytes(128) + b"DICM" + RANDOM.randbytes(4000),
    "random bytes": RANDOM.randbytes(4000),
    "text that force would read": b"\x08\x00 this is a text of some length\n" * 30,
    "text after DICM": bytes(128) + b"DICM" + b"hello world " * 40,
    "nothing after DICM": bytes(128) + b"DICM",
    "zeros": bytes(4000),
    "zeros after DICM": bytes(128) + b"DICM" + bytes(4000),
    "only a group length": bytes(128) + b"DICM\x02\x00\x00\x00UL\x04\x00\xff\xff\xff\xff",
    "HTML": b"<html>" * 100,
    "JSON": b'{"00080060": 1}' * 50,
}


@pytest.mark.parametrize("data", NOT_DICOM.values(), ids=list(NOT_DICOM))
def test_what_is_not_dicom_is_refused_alone_and_listed_in_a_folder(
    sbrt_qa: Command, tmp_path, sound, data
):
    folder = case_with(tmp_path, sound, x=data)
    assert sbrt_qa("check", folder / "x.dcm").code == 1
    inventory = inspect(folder)
    assert whole(inventory.cases[0])
    assert [i.name for i in inventory.ignored] == ["x.dcm"]


# --- cut off ----------------------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
def test_truncated_at_every_kilobyte(tmp_path, part):
    """A larger file of each kind, so that there are kilobytes to cut at."""
    numbers = range(1, 30)
    rois = [b.roi(i, f"ROI {i}", b.stack(range(-10, 11, 2))) for i in range(1, 12)]
    b.save_case(
        tmp_path,
        RS=b.structure_set(*rois),
        RP=b.plan(beams=list(map(b.beam, numbers)), groups=[b.fraction_group(beams=numbers)]),
        RD=b.dose(offsets=range(40), values=np.full((40, 11, 9), 500, np.uint16)),
    )
    path = tmp_path / f"{part}.dcm"
    data = path.read_bytes()
    assert len(data) > 5000
    for cut in range(0, len(data), 1024):
        path.write_bytes(data[:cut])
        try:
            cases = load_cases(tmp_path)
        except DicomError:
            continue
        for case in cases:
            read = {"RP": case.plan, "RS": case.structures, "RD": case.dose}[part]
            assert isinstance(read, Reason) or not whole_part(part, read, cases)


def whole_part(part: str, read: object, cases: tuple[Case, ...]) -> bool:
    """Tell whether a part was read as if nothing were missing."""
    if part == "RS":
        return all(s.contours for s in read.structures) and len(read.structures) == 11
    return part == "RD" or len(read.beams) == 29


UNDEFINED = 0xFFFFFFFF
DAMAGED = {
    "value length beyond the file": element((0x300A, 0x0003), b"LO", b"short", 4000),
    "value length of 4 GB": element((0x300A, 0x9999), b"UN", b"short", 0xFFFFFFFE),
    "undefined length without delimiter": element((0x300A, 0x9999), b"OB", b"x" * 50, UNDEFINED),
    "undefined sequence without delimiter": element((0x300C, 0x9999), b"SQ", b"", UNDEFINED)
    + b"\xfe\xff\x00\xe0\xff\xff\xff\xff",
    "item longer than the file": element((0x300C, 0x0060), b"SQ", b"", UNDEFINED)
    + b"\xfe\xff\x00\xe0\x00\x00\x00\x7f",
}


@pytest.mark.parametrize("tail", DAMAGED.values(), ids=list(DAMAGED))
@pytest.mark.parametrize("part", PARTS)
def test_a_lying_length_at_the_end_stops_nothing_else(tmp_path, sound, part, tail):
    folder = case_with(tmp_path, sound, **{part: appended(sound, part, tail)})
    inventory = inspect(folder)
    said = [i.why for i in inventory.ignored if i.broken]
    for case in inventory.cases:
        said += [p.detail for p in (case.plan, case.structures, case.dose) if isinstance(p, Reason)]
        said += case.provenance.notes
    assert said or all(whole(case) for case in inventory.cases)


# --- too much ---------------------------------------------------------------------------------


def nested(levels: int, *, explicit: bool) -> bytes:
    """Sequences in one another, of undefined length."""
    head = struct.pack("<HH", 0x300A, 0x0010) + (b"SQ\0\0" if explicit else b"")
    opening = head + b"\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    closing = b"\xfe\xff\x0d\xe0\x00\x00\x00\x00" + b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
    return opening * levels + closing * levels


def nested_defined(levels: int) -> bytes:
    """Sequences in one another, each with its length."""
    data = b""
    for _ in range(levels):
        item = b"\xfe\xff\x00\xe0" + struct.pack("<L", len(data)) + data
        data = element((0x300A, 0x0010), b"SQ", item)
    return data


@pytest.mark.parametrize("levels", [100, 300, 20_000])
@pytest.mark.parametrize("make", [lambda n: nested(n, explicit=True), nested_defined])
def test_deep_nesting_is_caught_and_the_rest_goes_on(tmp_path, sound, levels, make):
    if make is nested_defined:
        levels = min(levels, 2000)
    folder = case_with(tmp_path, sound, deep=appended(sound, "RP", make(levels)))
    inventory = inspect(folder)
    assert isinstance(inventory.cases[0].dose, DoseGrid)
    (why,) = [i.why for i in inventory.ignored]
    assert "deep.dcm" in why
    assert "nested too deeply" in why or "different content" in why


def deflated(dataset_bytes: bytes, sound: Path, *, syntax_first: bool = True) -> bytes:
    """A file whose dataset is deflated; the transfer syntax may stand where few look for it."""
    meta = element((0x0002, 0x0010), b"UI", b"1.2.840.10008.1.2.1.99")
    if not syntax_first:
        meta = element((0x0002, 0x0001), b"OB", bytes(100_000)) + meta
    deflater = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    packed = deflater.compress(dataset_bytes) + deflater.flush()
    length = element((0x0002, 0x0000), b"UL", struct.pack("<L", len(meta)))
    return bytes(128) + b"DICM" + length + meta + packed


def dataset_of(sound: Path, part: str) -> bytes:
    data = (sound / f"{part}.dcm").read_bytes()
    return data[meta_end(data) :]


def test_a_deflated_file_is_read(tmp_path, sound):
    folder = case_with(tmp_path, sound, RD=deflated(dataset_of(sound, "RD"), sound))
    assert whole(load_cases(folder)[0])


BOMBS = {
    "usual": {},
    "transfer syntax after 100 kB": {"syntax_first": False},
}


@pytest.mark.parametrize("how", BOMBS.values(), ids=list(BOMBS))
@pytest.mark.parametrize("megabytes", [200, 500])
def test_a_deflated_bomb_is_refused_within_bounds(tmp_path, sound, how, megabytes):
    """200 MB from 195 kB: also where the pixels would not be read."""
    huge = dataset_of(sound, "RD") + element((0x7FE0, 0x0010), b"OW", b"", megabytes * 1024**2)
    bomb = deflated(huge + bytes(megabytes * 1024**2), sound, **how)
    path = tmp_path / "bomb.dcm"
    path.write_bytes(bomb)
    assert "the deflated dataset is too large" in bounded_check(path)


def test_a_deflated_bomb_without_preamble_or_group_length_is_refused(tmp_path, sound):
    meta = element((0x0002, 0x0010), b"UI", b"1.2.840.10008.1.2.1.99")
    bomb = deflated(dataset_of(sound, "RD") + bytes(200 * 1024**2), sound)
    for head in (b"", bytes(128) + b"DICM"):
        path = tmp_path / "bomb.dcm"
        path.write_bytes(head + meta + bomb[meta_end(bomb) :])
        assert "the deflated dataset is too large" in bounded_check(path)


def flood(elements: int, start: int = 0x0011) -> bytes:
    """So many empty elements, each with a tag of its own."""
    tags = range(elements)
    return b"".join(
        struct.pack("<HH2sH", start + 2 * (i >> 16), i & 0xFFFF, b"LO", 0) for i in tags
    )


def test_a_flood_of_elements_is_refused(tmp_path, sound, monkeypatch):
    """Three million short elements, the real cap, take 1 GB and 10 s: here the cap is lower."""
    monkeypatch.setattr(guarded, "MAX_STEPS", 30_000)
    with pytest.raises(DicomError, match="too many elements"):
        open_bytes(appended(sound, "RP", flood(40_000)), "RP.dcm")


def test_a_flood_of_elements_inside_a_sequence_of_stated_length_is_refused(
    tmp_path, sound, monkeypatch
):
    monkeypatch.setattr(guarded, "MAX_STEPS", 30_000)
    inside = flood(40_000)
    item = b"\xfe\xff\x00\xe0" + struct.pack("<L", len(inside)) + inside
    tail = element((0x300C, 0x0080), b"SQ", item)
    root = open_bytes(appended(sound, "RP", tail), "RP.dcm").root
    with pytest.raises(DicomError, match="too many elements"):
        root.items("ReferencedDoseSequence")


# --- odd encodings ----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 7, 100, 4096])
@pytest.mark.parametrize("part", PARTS)
def test_trailing_zeros_do_not_matter_or_are_said(tmp_path, sound, part, size):
    folder = case_with(tmp_path, sound, **{part: appended(sound, part, bytes(size))})
    assert whole(load_cases(folder)[0])


def test_big_endian_is_read(tmp_path):
    parts = {
        "RP": b.plan(),
        "RS": b.structure_set(),
        "RD": b.dose(np.full((5, 11, 9), 1000, ">u2")),
    }
    for name, dataset in parts.items():
        b.save(dataset, tmp_path / f"{name}.dcm", uid.ExplicitVRBigEndian)
    (case,) = load_cases(tmp_path)
    assert whole(case)
    assert case.dose.max_gy == pytest.approx(1.0)


def replaced(sound: Path, part: str, old: bytes, new: bytes) -> bytes:
    data = (sound / f"{part}.dcm").read_bytes()
    assert old in data
    return data.replace(old, new)


ODD = {
    "wrong VR of rows": ("RD", b"\x28\x00\x10\x00US", b"\x28\x00\x10\x00OB"),
    "wrong VR of scaling": ("RD", b"\x04\x30\x0e\x00DS", b"\x04\x30\x0e\x00FL"),
    "unknown VR": ("RP", b"\x0a\x30\x02\x00SH", b"\x0a\x30\x02\x00ZZ"),
    "VR of NULs": ("RP", b"\x0a\x30\x02\x00SH", b"\x0a\x30\x02\x00\0\0"),
    "odd length": ("RP", b"\x0a\x30\x02\x00SH\x04\x00plan", b"\x0a\x30\x02\x00SH\x03\x00pla"),
    "number as text": (
        "RD",
        b"\x28\x00\x10\x00US\x02\x00\x0b\x00",
        b"\x28\x00\x10\x00US\x02\x0011",
    ),
    "sequence as text": ("RP", b"\x0a\x30\x70\x00SQ", b"\x0a\x30\x70\x00UT"),
    "text as sequence": ("RP", b"\x0a\x30\x02\x00SH\x04\x00", b"\x0a\x30\x02\x00SQ\x00\x00"),
    "modality of another class": ("RD", b"CS\x06\x00RTDOSE", b"CS\x06\x00RTPLAN"),
    "group length lies": ("RP", b"\x02\x00\x00\x00UL\x04\x00", b"\x02\x00\x00\x00UL\x04\x01"),
}


@pytest.mark.parametrize(("part", "old", "new"), ODD.values(), ids=list(ODD))
def test_odd_elements_give_a_result_or_a_reason(sbrt_qa: Command, tmp_path, sound, part, old, new):
    folder = case_with(tmp_path, sound, **{part: replaced(sound, part, old, new)})
    assert sbrt_qa("inspect", folder).code == 0
    assert sbrt_qa("check", folder).code in (1, 10, 20, 30)


def test_a_wrong_meta_group_length_does_not_matter(tmp_path, sound):
    data = bytearray((sound / "RD.dcm").read_bytes())
    data[140:144] = struct.pack("<L", 0xFFFFFF)
    assert whole(load_cases(case_with(tmp_path, sound, RD=bytes(data)))[0])


def test_duplicate_tags_are_read_once(tmp_path, sound):
    second = element((0x7FE1, 0x0010), b"LO", b"A") + element((0x7FE1, 0x0010), b"LO", b"B")
    assert whole(load_cases(case_with(tmp_path, sound, RD=appended(sound, "RD", second)))[0])


def test_private_creator_abuse_does_not_matter(tmp_path, sound):
    private = b"".join(
        [
            element((0x7FE1, 0x0010), b"LO", b"A" * 200),
            element((0x7FE1, 0x0011), b"SQ", b""),
            element((0x7FE1, 0x00FF), b"LO", b"\\" * 100),
            element((0x7FE1, 0x1001), b"UN", b"\xfe\xff\x00\xe0\xff\xff\xff\xff"),
            element((0x7FE1, 0xFFFF), b"LO", b"x "),
        ]
    )
    assert whole(load_cases(case_with(tmp_path, sound, RD=appended(sound, "RD", private)))[0])


SYNTAXES = {
    "unknown": b"1.2.3.4.5.6.7.8.9",
    "JPEG 2000": b"1.2.840.10008.1.2.4.90",
    "MPEG": b"1.2.840.10008.1.2.4.100",
    "implicit, though it is explicit": b"1.2.840.10008.1.2",
    "deflated, though it is not": b"1.2.840.10008.1.2.1.99",
    "big endian, though it is little": b"1.2.840.10008.1.2.2",
    "empty": b"",
    "text": b"JPEG",
}


@pytest.mark.parametrize("syntax", SYNTAXES.values(), ids=list(SYNTAXES))
def test_a_transfer_syntax_that_does_not_fit(sbrt_qa: Command, tmp_path, sound, syntax):
    data = (sound / "RD.dcm").read_bytes()
    meta = element((0x0002, 0x0010), b"UI", syntax + b"\0" * (len(syntax) % 2))
    folder = case_with(tmp_path, sound, RD=bytes(128) + b"DICM" + meta + data[meta_end(data) :])
    inventory = inspect(folder)
    for case in inventory.cases:
        assert isinstance(case.dose, Reason) or case.dose.max_gy == pytest.approx(1.0)
    assert sbrt_qa("check", folder).code in (1, 20, 30)


# --- UIDs -------------------------------------------------------------------------------------

UIDS = {
    "slash": "1.2/3",
    "parent folder": "../../etc/passwd",
    "5000 characters": "1." * 2500,
    "empty": "",
    "NUL and ANSI": "1.2\x1b[2J",
    "formula": "=cmd|' /C calc'!A0",
}


@pytest.mark.parametrize("name", UIDS.values(), ids=list(UIDS))
def test_a_hostile_uid_is_text_and_nothing_else(sbrt_qa: Command, tmp_path, name):
    """UIDs are never file names, and reach no terminal unescaped."""
    folder = b.save_case(tmp_path / "case", RD=None)
    data = b.save(b.dose(), tmp_path / "sound.dcm").read_bytes()
    value = name.encode() + b"\0" * (len(name) % 2)
    old = element((0x0008, 0x0018), b"UI", b"1.2.3.30")
    assert old in data
    (folder / "RD.dcm").write_bytes(data.replace(old, element((0x0008, 0x0018), b"UI", value)))
    before = sorted(p.name for p in tmp_path.rglob("*"))
    for command in ("inspect", "check", "dvh"):
        sbrt_qa(command, folder)
    assert sorted(p.name for p in tmp_path.rglob("*")) == before


def test_one_uid_with_two_contents_is_not_used(tmp_path, sound):
    folder = case_with(
        tmp_path, sound, RD2=b.save(b.dose(scaling="0.002"), tmp_path / "x").read_bytes()
    )
    (case,) = load_cases(folder)
    assert isinstance(case.dose, Reason)
    (why,) = case.provenance.unread_files
    assert "the same SOP Instance UID but different content: none is used" in why


def test_a_sop_class_that_does_not_match_its_modality(sbrt_qa: Command, tmp_path, sound):
    dose_class, plan_class = (b.CLASSES[k].encode() for k in ("RTDOSE", "RTPLAN"))
    folder = case_with(tmp_path, sound, RD=replaced(sound, "RD", dose_class, plan_class))
    assert sbrt_qa("check", folder).code in (1, 20, 30)


@pytest.mark.parametrize("percent", [5, 30, 50, 90, 99])
@pytest.mark.parametrize("name", ["RTDOSE.dcm", "RTSTRUCT.dcm"])
def test_a_deflated_file_that_is_cut_off_is_named_and_the_rest_is_read(
    name: str, percent: int, tmp_path: Path
) -> None:
    sample = Path(__file__).parents[2] / "sample_dicom" / "grid"
    for file in sample.glob("*.dcm"):
        data = file.read_bytes()
        cut = len(data) * percent // 100 if file.name == name else len(data)
        (tmp_path / file.name).write_bytes(data[:cut])
    (case,) = load_cases([tmp_path])
    assert case.label == "GRID" or not isinstance(case.plan, Reason)
    part = case.dose if name == "RTDOSE.dcm" else case.structures
    assert isinstance(part, Reason)
