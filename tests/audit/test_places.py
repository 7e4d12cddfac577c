"""Every file and folder below the submissions ends as exactly one thing, whatever the tree."""

from __future__ import annotations

import os
import random
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from sbrt_qa.audit import entries
from sbrt_qa.audit.discovery import NESTED, NOT_TAKEN, SYSTEM, TAKEN, FoundPlace, Submission, survey
from sbrt_qa.audit.layout import Naming

DICOM = b"\0" * 128 + b"DICM"
SEEDS = 60
"""Random trees of this sample; `scripts/bench places` makes thousands."""

NAMES = [
    "受试者七".encode("gbk"), "Müller".encode("latin-1"), "Müller".encode(),
    "Mu\u0308ller".encode(), b"x" * 250, b"CON", b"nul.dcm", b"a b.", b"S01", b"s01",
    "Ｓ０１".encode(), b"S01-003", b"v1", b"V2", b"2", b"resubmission", b"CT", b"RTDOSE",
    b"1.2.840.10008.1.1", b".hidden", b"a.part", b"b.bak", b"c~", b".DS_Store", b"Thumbs.db",
    b"__MACOSX", b"desktop.ini", b"._x.dcm", b"x.7z", b"y.rar", b"z.tar.gz", b"q.tgz", b"p.zip",
    b"report.pdf", b"plan.dcm", b"dose", b"0001", b"new\nline", b"audit.json", b"-rf", b"$x",
]  # fmt: skip
CONTENTS = [b"", DICOM + b"x", b"%PDF", b"7z\xbc\xaf\x27\x1c", b"PK\x03\x04", b"Rar!\x1a\x07", b"t"]


def grow(folder: bytes, random_: random.Random, depth: int) -> None:
    """Fill a folder with files, folders, links, pipes and archives under awkward names."""
    for name in random_.sample(NAMES, random_.randint(0, 7)):
        path = folder + b"/" + name
        kind = random_.random()
        if kind < 0.4 and depth < 5:
            os.mkdir(path)  # noqa: PTH102 - names that are no UTF-8
            grow(path, random_, depth + 1)
        elif kind < 0.47:
            os.symlink(random_.choice([b".", b"..", b"/etc", b"nowhere", name]), path)  # noqa: PTH211
        elif kind < 0.5:
            os.mkfifo(path)
        elif kind < 0.55:
            with zipfile.ZipFile(os.fsdecode(path), "w") as pack:
                pack.writestr("a.dcm", DICOM)
        elif kind < 0.6:
            with tarfile.open(os.fsdecode(path), "w:gz") as pack:
                pack.addfile(tarfile.TarInfo("a.dcm"))
        else:
            with open(path, "wb") as file:  # noqa: PTH123
                file.write(random_.choice(CONTENTS))


def everything(root: bytes) -> set[str]:
    """Return every file and folder below a root, found by other means than the audit's."""
    return {
        os.fsdecode(os.path.relpath(os.path.join(folder, name), root))  # noqa: PTH118
        for folder, folders, files in os.walk(root)
        for name in folders + files
    }


def check(root: Path) -> None:
    there = everything(os.fsencode(root))
    found = list(survey(root))
    places = [one for one in found if isinstance(one, FoundPlace)]
    submissions = {one.key for one in found if isinstance(one, Submission)}
    assert len({one.parts for one in places}) == len(places)
    told = {one.key for one in places if one.parts}
    assert told <= there
    assert submissions - {""} <= told
    assert sum(one.entries for one in places) == len(there)
    assert {one.outcome for one in places} <= {TAKEN, NOT_TAKEN, SYSTEM}
    assert all(one.reason for one in places if one.outcome == NOT_TAKEN)
    whole = {one.parts for one in places if one.entries > bool(one.parts)}
    for path in there - told:  # what has no row of its own lies in what stands for it
        parts = tuple(path.split("/"))
        assert any(parts[:n] in whole for n in range(len(parts))), path
    for one in submissions:  # none within another
        assert not any(one != other and one.startswith(f"{other}/") for other in submissions)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_case_138__nothing_is_missing_from_the_sum(tmp_path, seed):
    grow(os.fsencode(tmp_path), random.Random(seed), 0)  # noqa: S311 - no secret
    check(tmp_path)


def put(root: Path, name: str, content: bytes = DICOM) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def told(root: Path) -> dict[str, tuple[str, str]]:
    return {
        one.key: (one.outcome, one.reason) for one in survey(root) if isinstance(one, FoundPlace)
    }


def test_case_138__each_kind_of_place_has_its_reason(tmp_path):
    put(tmp_path, "S1/001/v1/a.dcm")
    put(tmp_path, "S1/002/v1.7z", b"7z\xbc\xaf\x27\x1c")
    put(tmp_path, "S1/003/v1.rar", b"Rar!\x1a\x07")
    put(tmp_path, "S1/004/report.pdf", b"%PDF")
    (tmp_path / "S1/005/v1").mkdir(parents=True)
    (tmp_path / "S1/006").symlink_to(tmp_path / "S1/001")
    put(tmp_path, "S1/.git/config", b"x")
    put(tmp_path, "S1/007/v1.zip.part", b"PK\x03\x04")
    put(tmp_path, "S1/008/v1.zip.bak", b"PK\x03\x04")
    os.mkfifo(tmp_path / "S1/pipe")
    found = told(tmp_path)
    assert {key: found[key] for key in found if found[key][0] == NOT_TAKEN} == {
        "S1/002/v1.7z": (NOT_TAKEN, "a 7z archive, which is not opened"),
        "S1/003/v1.rar": (NOT_TAKEN, "a rar archive, which is not opened"),
        "S1/004/report.pdf": (NOT_TAKEN, entries.NOT_DICOM),
        "S1/005/v1": (NOT_TAKEN, entries.EMPTY),
        "S1/006": (NOT_TAKEN, entries.LINK),
        "S1/.git": (NOT_TAKEN, entries.HIDDEN),
        "S1/007/v1.zip.part": (NOT_TAKEN, entries.PARTIAL),
        "S1/008/v1.zip.bak": (NOT_TAKEN, entries.BACKUP),
        "S1/pipe": (NOT_TAKEN, entries.SPECIAL),
        **{f"S1/00{n}": (NOT_TAKEN, entries.NO_SUBMISSION) for n in (2, 3, 4, 5, 7, 8)},
    }


def test_case_135__a_stray_file_makes_no_submission_of_what_is_above(tmp_path):
    for name in ("S1/001/v1/a.dcm", "S1/002/a.dcm", "S1/stray.dcm", "stray.dcm", "S2/001/v1/a"):
        put(tmp_path, name)
    found = list(survey(tmp_path))
    keys = [one.key for one in found if isinstance(one, Submission)]
    assert sorted(keys) == ["S1/001/v1", "S1/002", "S2/001/v1"]
    outcomes = told(tmp_path)
    assert outcomes["stray.dcm"] == outcomes["S1/stray.dcm"] == (NOT_TAKEN, entries.STRAY)


def test_what_a_manifest_does_not_list_is_told(tmp_path):
    for name in ("box/a.dcm", "other/b.dcm", "c.dcm", "d.txt"):
        put(tmp_path, name)
    found = list(survey(tmp_path, {"box": Naming("S1", "001", 1)}))
    outcomes = Counter(one.outcome for one in found if isinstance(one, FoundPlace))
    assert outcomes == {TAKEN: 1, NOT_TAKEN: 4}
    assert sum(one.entries for one in found if isinstance(one, FoundPlace)) == 6


def test_a_version_within_a_version_is_named(tmp_path):
    for name in ("S1/001/v1/a.dcm", "S1/001/v1/v2/b.dcm", "S1/001/v1/CT/c.dcm"):
        put(tmp_path, name)
    found = list(survey(tmp_path))
    assert [one.key for one in found if isinstance(one, Submission)] == ["S1/001/v1"]
    assert told(tmp_path)["S1/001/v1/v2"] == (TAKEN, NESTED)
    assert sum(one.entries for one in found if isinstance(one, FoundPlace)) == 8


@pytest.mark.parametrize("name", ["sbrt-qa.yaml", "SBRT-QA.YML"])
def test_settings_among_submissions_are_not_obeyed(tmp_path, name):
    places = f"S1/001/v1/{name}", f"S1/{name}", name
    put(tmp_path, "S1/001/v1/a.dcm")
    for place in places:
        put(tmp_path, place, b"rx: 50Gy/5\n")
    found = told(tmp_path)
    assert [found[one] for one in places] == [(NOT_TAKEN, entries.SETTINGS)] * 3


ECLIPSE = b"""Type : Cumulative Dose Volume Histogram
Plan: P1
Structure: Stomach
Volume [cm3]: 200.0
Dose [Gy]  Structure Volume [cm3]
0.0  200.0
40.0  0.0
"""
POINTS = b"NumberOfDimensions = 2;\nNumberOfPoints = 2;\nPoints[] ={\n0,200,\n4000,0,\n};\n"


def test_a_folder_of_dvh_texts_alone_is_not_taken_and_says_that(tmp_path):
    put(tmp_path, "S1/001/v1/dvh.txt", ECLIPSE)
    put(tmp_path, "S1/001/v2/a.dcm")
    put(tmp_path, "S1/001/v2/dvh.txt", ECLIPSE)
    put(tmp_path, "S1/002/stomach.txt", b"#RoiName:Stomach\n#Unit:Gy\n")
    put(tmp_path, "S1/003/v1/DoseInfo.csv", b"PrescriptionDose.cGy,NumberOfFractions\n1000,5\n")
    put(tmp_path, "S1/003/v1/PatInfo.csv", b"LastName,MedicalRecordNumber\nX,1\n")
    put(tmp_path, "S1/003/v1/Data/Info.csv", b"RegionOfInterestName,Filename,Volume.ccm\nA,a,1\n")
    put(tmp_path, "S1/003/v1/Data/a.csv", POINTS)
    put(tmp_path, "S1/003/v1/.DS_Store", b"x")
    put(tmp_path, "S1/004/v1/dvh.txt", ECLIPSE)
    put(tmp_path, "S1/004/v1/notes.txt", b"Structure: of this letter\n")
    places = told(tmp_path)
    for one in ("S1/001/v1", "S1/002", "S1/003/v1", "S1/003/v1/Data"):
        assert places[one] == (NOT_TAKEN, entries.ONLY_DVH_TEXT)
    assert places["S1/001/v1/dvh.txt"] == (NOT_TAKEN, entries.DVH_TEXT)
    assert places["S1/001/v2/dvh.txt"] == (NOT_TAKEN, entries.DVH_TEXT)
    found = {one.key for one in survey(tmp_path) if isinstance(one, Submission)}
    assert found == {"S1/001/v2", "S1/004/v1"}  # the last is open: somebody sent more than curves
    check(tmp_path)
