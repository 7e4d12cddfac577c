"""Where submissions lie."""

from __future__ import annotations

import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from sbrt_qa.audit.discovery import discover
from sbrt_qa.audit.fingerprints import bytes_fingerprint, older_fingerprint, seen, signature
from sbrt_qa.audit.layout import Naming
from sbrt_qa.errors import InputError, UsageError

DICOM = b"\0" * 128 + b"DICM"


def tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir()
        else:
            path.write_bytes(DICOM + name.encode())
    return root


def found(root: Path) -> list[str]:
    return [one.key for one in discover(root)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["S1/001/v1/a.dcm", "S1/001/v2/a.dcm", "S2/003/v1/CT/1.dcm"],
         ["S1/001/v1", "S1/001/v2", "S2/003/v1"]),
        (["S1/001/a.dcm", "S1/001/CT/1.dcm", "S1/002/RS/1", "S1/002/RD/1"], ["S1/001", "S1/002"]),
        (["001/RTPLAN.dcm", "002/CT/1.dcm", "readme.txt"], ["001", "002"]),
        (["S1/001/v1.zip", "S1/002.zip", "003.zip"], ["003.zip", "S1/001/v1.zip", "S1/002.zip"]),
        (["S1/001/v1/deep/er/a.dcm"], ["S1/001/v1"]),
        (["S1/001/v1/"], []),
        (["S1/001/v1.tgz", "S1/001/v2.tar.gz"], ["S1/001/v1.tgz", "S1/001/v2.tar.gz"]),
        (["a.dcm", "001/a.dcm", "S1/002/v1/a.dcm"], ["001", "S1/002/v1"]),
        (["S1/a.dcm", "S1/b.dcm", "S1/001/a.dcm", "S1/002/v1/a.dcm"], ["S1/001", "S1/002/v1"]),
        (["S1/001/a.dcm", "S1/001/v2/a.dcm"], ["S1/001/v2"]),
        (["S1/001/a.dcm", "S1/001/axial 2mm/1.dcm"], ["S1/001"]),
        (["S1/001/CT/1.dcm", "S1/001/v1/a.dcm"], ["S1/001/v1"]),
        (["S1/001/v1/a.dcm", "S1/001/V2/a.dcm", "S1/001/resubmission/a.dcm"],
         ["S1/001/V2", "S1/001/resubmission", "S1/001/v1"]),
        (["S1/all.zip", "S1/001/v1/a.dcm"], ["S1/001/v1", "S1/all.zip"]),
        (["S1/001/1.2.840.1.1.1/1.dcm"], ["S1/001"]),
        (["001/v1/a.dcm", "001/stray.dcm"], ["001/v1"]),
        (["S1/001/v1/notes.txt"], ["S1/001/v1"]),
        (["a.dcm", "b.dcm"], [""]),
        (["1.2.840.113", "CT/1"], [""]),
        (["README", "S1/001/v1/a"], ["S1/001/v1", ""][:1]),
        ([".hidden/001/v1/a.dcm", "S1/001/v1/a.dcm"], ["S1/001/v1"]),
    ],
)  # fmt: skip
def test_conventions(tmp_path, names, expected):
    tree(tmp_path, *names)
    if (tmp_path / "README").exists():
        (tmp_path / "README").write_text("not DICOM")
    assert found(tmp_path) == expected


def test_a_folder_that_holds_an_audit_is_passed_by_and_told(tmp_path):
    tree(tmp_path, "S1/001/v1/a.dcm", "S1/AUDIT/cases/S1/001/v1/a.dcm", "S1/002/v1/a.dcm")
    (tmp_path / "S1/AUDIT/audit.json").write_text('{"schema": "sbrt_qa.audit/1"}')
    (tmp_path / "S1/002/v1/audit.json").write_text('{"by": "a site"}')
    told: list[Path] = []
    keys = [one.key for one in discover(tmp_path, passed_by=told.append)]
    assert (keys, told) == (["S1/001/v1", "S1/002/v1"], [tmp_path / "S1/AUDIT"])


def test_an_archive_may_be_given_by_itself(tmp_path):
    tree(tmp_path, "017_v2.zip")
    (one,) = discover(tmp_path / "017_v2.zip")
    assert one.named == Naming(None, "017", 2, weak=True)


def test_links_out_of_the_folder_are_not_followed(tmp_path):
    tree(tmp_path / "elsewhere", "001/v1/a.dcm")
    tree(tmp_path / "root", "S1/001/v1/a.dcm")
    (tmp_path / "root" / "S2").symlink_to(tmp_path / "elsewhere")
    assert found(tmp_path / "root") == ["S1/001/v1"]


def test_a_manifest_says_where_to_look(tmp_path):
    tree(tmp_path, "box/a.dcm", "other/b.dcm")
    manifest = {"box": Naming("S1", "001", 1)}
    assert [(o.key, o.named.subject) for o in discover(tmp_path, manifest)] == [("box", "001")]


@pytest.mark.parametrize("path", ["nowhere", "../x", "/etc"])
def test_a_manifest_cannot_lead_elsewhere(tmp_path, path):
    with pytest.raises(UsageError, match="not below the folder") as told:
        list(discover(tmp_path, {path: Naming("S1", "001")}))
    assert path not in str(told.value)


def test_a_root_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        list(discover(tmp_path / "none"))


def test_a_fingerprint_is_that_of_what_a_review_reads(tmp_path):
    base = seen(tree(tmp_path / "a", "x/1.dcm", "x/2.dcm"))
    other = tree(tmp_path / "b", "y/1.dcm", "2.dcm")
    (other / "y/1.dcm").write_bytes(DICOM + b"x/1.dcm")
    (other / "2.dcm").write_bytes(DICOM + b"x/2.dcm")
    assert seen(other) == base  # whatever they are called
    (other / "2.dcm").write_bytes(DICOM)
    assert seen(other).input_sha256 != base.input_sha256


@pytest.mark.parametrize(
    "name", [".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX/._1.dcm", "._1.dcm", ".git/a.dcm"]
)
def test_case_139__what_systems_leave_behind_changes_no_fingerprint(tmp_path, name):
    folder = tree(tmp_path / "a", "1.dcm")
    base, older = seen(folder), older_fingerprint(folder)
    tree(folder, name)
    assert seen(folder) == base
    assert older_fingerprint(folder) != older


def test_other_files_change_the_bytes_and_not_the_input(tmp_path):
    folder = tree(tmp_path / "a", "x/1.dcm")
    base = seen(folder)
    (folder / "notes.txt").write_text("hello")
    again = seen(folder)
    assert again.input_sha256 == base.input_sha256
    assert again.bytes_sha256 == bytes_fingerprint(folder) != base.bytes_sha256
    os.mkfifo(folder / "pipe")  # is not waited for
    (folder / "loop").symlink_to(folder)
    (folder / "away.dcm").symlink_to("/etc/passwd")
    assert seen(folder) == again


def test_an_archive_is_known_by_what_it_holds(tmp_path):
    folder = tree(tmp_path / "a", "1.dcm", "2.dcm")
    base = seen(folder).input_sha256
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as pack:
        for file in folder.iterdir():
            pack.write(file, f"export/{file.name}")
    assert seen(tmp_path / "b.zip").input_sha256 == base
    with tarfile.open(tmp_path / "b.tgz", "w:gz") as pack:
        pack.add(folder, "export")
    (tmp_path / "c").mkdir()
    (tmp_path / "b.tgz").rename(tmp_path / "c" / "b.tgz")
    assert seen(tmp_path / "c").input_sha256 == base
    (tmp_path / "b.zip").write_bytes((tmp_path / "b.zip").read_bytes()[:-40])
    assert seen(tmp_path / "b.zip").input_sha256 != base


def test_a_submission_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="cannot be found"):
        seen(tmp_path / "v1")


def test_a_signature_changes_with_time(tmp_path):
    tree(tmp_path, "a.dcm")
    before = signature(tmp_path)
    os.utime(tmp_path / "a.dcm", ns=(1, 1))
    assert signature(tmp_path) != before
