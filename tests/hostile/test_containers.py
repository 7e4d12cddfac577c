"""ACCEPTANCE D3, containers: archives and folders made to deceive, and those merely odd."""

from __future__ import annotations

import io
import os
import shutil
import stat
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import builders as b
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from sbrt_qa import load_protocol
from sbrt_qa.dicom.files import archive
from sbrt_qa.dicom.files.readable import FoundFile, find_files
from sbrt_qa.dicom.load import inspect, load_cases
from sbrt_qa.errors import DicomError
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.review.review import review_case

from .conftest import Command, bounded_check

Make = Callable[[Path, Path], None]


def packed(case: Path, target: Path, *, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipFile:
    """Pack a sound case, and leave the archive open for what is wrong with it."""
    pack = zipfile.ZipFile(target, "w", method)
    for file in sorted(case.iterdir()):
        pack.write(file, f"export/{file.name}")
    return pack


def entry(name: str, data: bytes = b"x", **attributes: int) -> Make:
    """Return what adds one entry of this very name to a sound archive."""

    def make(case: Path, target: Path) -> None:
        with packed(case, target) as pack:
            info = zipfile.ZipInfo("placeholder")
            info.filename = name
            for key, value in attributes.items():
                setattr(info, key, value)
            pack.writestr(info, data)

    return make


def nul_in_name(case: Path, target: Path) -> None:
    entry("nulXdcm")(case, target)
    target.write_bytes(target.read_bytes().replace(b"nulXdcm", b"nul\0dcm"))


def duplicate(case: Path, target: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        entry("export/RP.dcm")(case, target)


def encrypted(case: Path, target: Path) -> None:
    entry("secret.dcm")(case, target)
    data = bytearray(target.read_bytes())
    at = data.rfind(b"PK\x01\x02")
    data[at + 8] |= 1
    target.write_bytes(data)


def other_method(case: Path, target: Path) -> None:
    with packed(case, target, method=zipfile.ZIP_LZMA):
        pass


def overlapping(case: Path, target: Path) -> None:
    """Two entries of the contents share one packed file."""
    entry("second.dcm")(case, target)
    data = bytearray(target.read_bytes())
    at = data.rfind(b"PK\x01\x02")
    first = data.find(b"PK\x01\x02")
    data[at + 42 : at + 46] = data[first + 42 : first + 46]
    target.write_bytes(data)


def truncated(case: Path, target: Path) -> None:
    with packed(case, target):
        pass
    target.write_bytes(target.read_bytes()[:-200])


def cut_in_the_middle_of_an_entry(case: Path, target: Path) -> None:
    """The list of contents is whole, what it lists is not."""
    with packed(case, target):
        pass
    data = target.read_bytes()
    start = data.find(b"PK\x01\x02")
    end = bytearray(data[start:])
    end[-6:-2] = struct.pack("<L", start - 300)
    target.write_bytes(data[: start - 300] + end)


def split(case: Path, target: Path) -> None:
    with packed(case, target):
        pass
    data = bytearray(target.read_bytes())
    data[-18:-16] = b"\x01\x00"
    target.write_bytes(data)


def zip64(case: Path, target: Path) -> None:
    with packed(case, target):
        pass
    data = target.read_bytes()
    target.write_bytes(data[:-22] + b"PK\x06\x07" + bytes(16) + data[-22:])


def a_million_entries(case: Path, target: Path) -> None:
    """A list of contents for a million empty entries, as far as it says."""
    record = b"PK\x01\x02" + bytes(24) + b"\x01\x00" + bytes(16) + b"a"
    listed = record * 1_000_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, len(listed), 0, 0)
    target.write_bytes(b"PK\x03\x04" + bytes(26) + listed + end)


def too_many_entries(case: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w") as pack:
        for i in range(archive.MAX_ENTRIES + 1):
            pack.writestr(f"{i}", b"")


def only_the_end(case: Path, target: Path) -> None:
    target.write_bytes(b"PK\x05\x06" + bytes(18))


def tar_with(name: str, mode: str = "w:gz", **attributes: object) -> Make:
    """Return what adds one entry of this very name to a sound tar archive."""

    def make(case: Path, target: Path) -> None:
        with tarfile.open(target, mode) as pack:
            pack.add(case, "export")
            info = tarfile.TarInfo(name)
            info.size = 1
            for key, value in attributes.items():
                setattr(info, key, value)
            pack.addfile(info, io.BytesIO(b"x"))

    return make


def tar_cut(case: Path, target: Path) -> None:
    with tarfile.open(target, "w:gz") as pack:
        pack.add(case, "export")
    target.write_bytes(target.read_bytes()[:-300])


def starting_with(magic: bytes) -> Make:
    return lambda case, target: target.write_bytes(magic + bytes(1000)) and None


LINK = (stat.S_IFLNK | 0o777) << 16
REFUSED: dict[str, tuple[Make, str]] = {
    "parent folder": (entry("../../evil.dcm"), "leads elsewhere"),
    "parent folder inside": (entry("a/../../evil.dcm"), "leads elsewhere"),
    "parent folder, backslashes": (entry("..\\..\\evil.dcm"), "leads elsewhere"),
    "absolute": (entry("/etc/passwd"), "absolute path"),
    "drive letter": (entry("C:\\Windows\\x.dcm"), "absolute path"),
    "drive letter, relative": (entry("C:x.dcm"), "absolute path"),
    "UNC": (entry("\\\\server\\share\\x.dcm"), "absolute path"),
    "empty part": (entry("a//x.dcm"), "leads elsewhere"),
    "symlink": (entry("link.dcm", b"/etc/passwd", external_attr=LINK), "a link or special file"),
    "FIFO": (entry("p", b"", external_attr=(stat.S_IFIFO | 0o644) << 16), "special file"),
    "device node": (entry("d", b"", external_attr=(stat.S_IFCHR | 0o644) << 16), "special file"),
    "CON": (entry("CON"), "name of a device"),
    "NUL with extension": (entry("a/nul.dcm"), "name of a device"),
    "COM1": (entry("com1.txt"), "name of a device"),
    "trailing dot": (entry("x.dcm."), "ends in a dot or blank"),
    "trailing blank": (entry("x.dcm "), "ends in a dot or blank"),
    "trailing dot of a folder": (entry("a./x.dcm"), "ends in a dot or blank"),
    "NUL byte": (nul_in_name, "NUL"),
    "case collision": (entry("EXPORT/rp.DCM"), "again"),
    "collision once normalised": (entry("ｅxport/RP.dcm"), "again"),
    "duplicate": (duplicate, "again"),
    "encrypted": (encrypted, "encrypted"),
    "LZMA": (other_method, "another method"),
    "overlapping entries": (overlapping, "overlapping entries"),
    "truncated": (truncated, "damaged"),
    "split": (split, "split"),
    "zip64": (zip64, "zip64"),
    "a million entries": (a_million_entries, "too many entries"),
    "too many real entries": (too_many_entries, "too many entries"),
    "nothing inside": (only_the_end, "no DICOM plan"),
    "tar, parent folder": (tar_with("a/../../evil.dcm"), "leads elsewhere"),
    "tar, absolute": (tar_with("/etc/passwd.dcm", "w"), "absolute path"),
    "tar, link": (
        tar_with("link.dcm", type=tarfile.SYMTYPE, linkname="/etc/passwd", size=0),
        "a link or special file",
    ),
    "tar, hard link": (
        tar_with("link.dcm", type=tarfile.LNKTYPE, linkname="export/RP.dcm", size=0),
        "a link or special file",
    ),
    "tar, device": (tar_with("null.dcm", type=tarfile.CHRTYPE, size=0), "a link or special file"),
    "tar, FIFO": (tar_with("pipe.dcm", type=tarfile.FIFOTYPE, size=0), "a link or special file"),
    "tar, case collision": (tar_with("EXPORT/rp.DCM"), "again"),
    "tar, name of a device": (tar_with("a/nul.dcm"), "name of a device"),
    "tar, cut off": (tar_cut, "damaged"),
    "gzip, no tar": (starting_with(b"\x1f\x8b"), "a gzip archive is not opened"),
    "7z": (starting_with(b"7z\xbc\xaf\x27\x1c"), "a 7z archive is not opened"),
    "rar": (starting_with(b"Rar!\x1a\x07\x01\x00"), "a rar archive is not opened"),
    "bzip2": (starting_with(b"BZh9"), "a bzip2 archive is not opened"),
    "xz": (starting_with(b"\xfd7zXZ\x00"), "a xz archive|an xz archive"),
}


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=list(REFUSED))
def test_an_archive_that_is_refused(sbrt_qa: Command, tmp_path, sound, make, message):
    target = tmp_path / "case.zip"
    make(sound, target)
    for command in ("check", "dvh", "inspect"):
        ran = sbrt_qa(command, target)
        assert ran.code == 1
        assert any(part in ran.err for part in message.split("|")), ran.err
        assert ran.out == ""
    assert sorted(tmp_path.iterdir()) == [target], "something was unpacked"


@pytest.mark.parametrize("name", ["case.zip", "case.dcm", "case"])
@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_a_zip_is_read_like_its_folder_whatever_its_extension(
    sbrt_qa: Command, tmp_path, sound, name, method
):
    target = tmp_path / name
    with packed(sound, target, method=method):
        pass
    for command in ("check", "dvh", "inspect"):
        assert sbrt_qa(command, target) == sbrt_qa(command, sound)
    assert sorted(tmp_path.iterdir()) == [target], "something was unpacked"


def test_a_zip_with_backslashes_for_folders_is_read(tmp_path, sound):
    """Old packers on Windows write them; pydicom never sees the name."""
    target = tmp_path / "case.zip"
    with zipfile.ZipFile(target, "w") as pack:
        for file in sound.iterdir():
            info = zipfile.ZipInfo("placeholder")
            info.filename = f"export\\{file.name}"
            pack.writestr(info, file.read_bytes())
    (case,) = load_cases(target)
    assert isinstance(case.dose, DoseGrid)
    assert {f.name for f in case.provenance.files} == {"RP.dcm", "RS.dcm", "RD.dcm"}


def test_images_in_a_zip_are_read_when_asked_for(tmp_path, sound):
    folder = shutil.copytree(sound, tmp_path / "case")
    for z_mm in (0.0, 2.0):
        b.save(b.ct_slice(z_mm, 1040), folder / f"CT{z_mm}.dcm")
    with packed(folder, tmp_path / "case.zip"):
        pass
    (case,) = load_cases(tmp_path / "case.zip")
    assert case.image.load_hu()[0, 1, 1] == 40


@pytest.mark.parametrize(
    ("inner", "kind"),
    [(b"PK\x03\x04" + bytes(300), "a zip archive"), (b"7z\xbc\xaf\x27\x1c" + bytes(300), "a 7z")],
)
def test_an_archive_inside_an_archive_is_not_opened(tmp_path, sound, inner, kind):
    entry("inner.dcm", inner)(sound, tmp_path / "case.zip")
    inventory = inspect(tmp_path / "case.zip")
    assert len(inventory.cases) == 1
    (ignored,) = inventory.ignored
    assert ignored.why.startswith(f"inner.dcm: {kind}")
    assert "inside an archive is not opened" in ignored.why


@pytest.mark.parametrize("name", ["export.zip", "export.tar", "export.tar.gz", "export.tgz"])
def test_an_archive_inside_a_folder_is_opened(tmp_path, sound, name):
    folder = tmp_path / "case"
    folder.mkdir()
    if name.endswith("zip"):
        with packed(sound, folder / name):
            pass
    else:
        with tarfile.open(folder / name, "w" if name.endswith("tar") else "w:gz") as pack:
            pack.add(sound, "./export")
    (case,) = load_cases(folder)
    assert isinstance(case.dose, DoseGrid)
    assert {f.name for f in case.provenance.files} == {"RP.dcm", "RS.dcm", "RD.dcm"}


def test_an_archive_inside_a_folder_that_is_refused_is_one_file_that_cannot_be_used(
    tmp_path, sound
):
    folder = shutil.copytree(sound, tmp_path / "case")
    encrypted(sound, folder / "secret.zip")
    (folder / "export.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(100))
    inventory = inspect(folder)
    assert len(inventory.cases) == 1
    whys = {one.name: one.why for one in inventory.ignored}
    assert "encrypted" in whys["secret.zip"]
    assert "a 7z archive is not opened" in whys["export.7z"]
    assert all(one.broken for one in inventory.ignored)


def test_an_archive_inside_a_tar_archive_is_not_opened(tmp_path, sound):
    with packed(sound, tmp_path / "inner.zip"):
        pass
    with tarfile.open(tmp_path / "case.tgz", "w:gz") as pack:
        pack.add(sound, "export")
        pack.add(tmp_path / "inner.zip", "inner.zip")
    inventory = inspect(tmp_path / "case.tgz")
    assert len(inventory.cases) == 1
    assert "a zip archive inside an archive is not opened" in inventory.ignored[0].why


# --- bombs ------------------------------------------------------------------------------------


def bomb(target: Path, megabytes: int, copies: int = 1, level: int = 6) -> None:
    """DICOM heads followed by zeros: hundreds of times larger than packed."""
    head, zeros = bytes(128) + b"DICM", bytes(1024**2)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as pack:
        for i in range(copies):
            with pack.open(f"{i}.dcm", "w") as out:
                out.write(head)
                for _ in range(megabytes):
                    out.write(zeros)


def test_a_flat_bomb_is_refused_within_bounds(tmp_path):
    bomb(tmp_path / "bomb.zip", 1500, level=1)
    assert "unpacks to more data than is allowed" in bounded_check(tmp_path / "bomb.zip")


def test_a_nested_bomb_is_not_unpacked_further(tmp_path, sound):
    """Archives in an archive, which would grow a thousandfold at each level."""
    bomb(tmp_path / "inner.zip", 300)
    inner = (tmp_path / "inner.zip").read_bytes()
    with packed(sound, tmp_path / "case.zip") as pack:
        for i in range(100):
            pack.writestr(f"inner{i}.zip", inner)
    assert bounded_check(tmp_path / "case.zip") == ""
    inventory = inspect(tmp_path / "case.zip")
    assert len(inventory.cases) == 1
    assert all("inside an archive is not opened" in i.why for i in inventory.ignored)
    assert len(inventory.ignored) == 100


def test_a_tar_bomb_is_refused_within_bounds(tmp_path):
    with tarfile.open(tmp_path / "bomb.tgz", "w:gz", compresslevel=1) as pack:
        info = tarfile.TarInfo("0.dcm")
        info.size = 900 * 1024**2
        with tempfile.TemporaryFile() as zeros:
            zeros.write(bytes(128) + b"DICM")
            zeros.truncate(info.size)
            zeros.seek(0)
            pack.addfile(info, zeros)
    assert "unpacks to more data than is allowed" in bounded_check(tmp_path / "bomb.tgz")


def test_a_bomb_of_many_small_entries_is_refused_by_the_total(tmp_path, monkeypatch):
    bomb(tmp_path / "bomb.zip", 2, copies=6)
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 9 * 1024**2)
    found = list(find_files(tmp_path / "bomb.zip"))
    read = [f.read for f in found]
    for one in read[:4]:
        assert len(one()) > 2 * 1024**2
    for one in read[4:]:
        with pytest.raises(DicomError, match="unpacks to more data than is allowed"):
            one()


@pytest.mark.parametrize("lie", [10, 0x7FFFFFFF], ids=["smaller", "larger"])
def test_a_size_that_lies_changes_nothing(tmp_path, sound, lie):
    """The size that the contents declare is not what is counted."""
    with packed(sound, tmp_path / "case.zip"):
        pass
    data = bytearray((tmp_path / "case.zip").read_bytes())
    at = data.find(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<L", lie)
    (tmp_path / "case.zip").write_bytes(data)
    inventory = inspect(tmp_path / "case.zip")
    names = {f.name for f in inventory.files}
    assert "RD.dcm" not in names or lie > 10


def test_a_damaged_entry_is_one_ignored_file(tmp_path, sound):
    with packed(sound, tmp_path / "case.zip"):
        pass
    data = bytearray((tmp_path / "case.zip").read_bytes())
    data[300] ^= 0xFF
    (tmp_path / "case.zip").write_bytes(data)
    inventory = inspect(tmp_path / "case.zip")
    (ignored,) = inventory.ignored
    assert ignored.broken
    assert "the archive is damaged" in ignored.why


def test_contents_that_list_more_than_there_is(
    sbrt_qa: Command, tmp_path, sound, small_protocol: Path
):
    """The cut structure set is told as damaged, no limit is met, and what the rest says counts."""
    cut_in_the_middle_of_an_entry(sound, tmp_path / "case.zip")
    (case,) = load_cases(tmp_path / "case.zip")
    review = review_case(case, load_protocol(small_protocol))
    assert {c.verdict for c in review.constraints} == {Verdict.NOT_EVALUABLE}
    told = {f.code: (f.verdict, f.message) for f in review.findings}
    verdict, damaged = told["FILE_UNREAD"]
    assert verdict is Verdict.MINOR
    assert damaged.startswith("RS.dcm: the archive is damaged")
    assert damaged.endswith("Make the archive again; it may have been cut off in transfer")
    assert told["PART_MISSING"][0] is Verdict.NOT_EVALUABLE
    majors = {code for code, (verdict, _) in told.items() if verdict is Verdict.MAJOR}
    assert majors == {"DOSE_GRID_SPACING"}
    assert sbrt_qa("check", tmp_path / "case.zip").code == 30


# --- folders ----------------------------------------------------------------------------------


def a_directory_file(folder: Path, referenced: list[str]) -> None:
    """A DICOMDIR that refers to other files."""
    record = Dataset()
    record.OffsetOfTheNextDirectoryRecord = 0
    b.raw(record, "ReferencedFileID", "\\".join(referenced).encode(), "CS")
    record.DirectoryRecordType = "IMAGE"
    dataset = Dataset()
    dataset.FileSetID = "SET"
    dataset.DirectoryRecordSequence = [record, record]
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.99"
    dataset.save_as(folder / "DICOMDIR", enforce_file_format=True)


@pytest.mark.parametrize(
    "referenced",
    [["..", "outside", "RD2"], ["MISSING"], ["DICOMDIR"]],
    ids=["outside", "missing", "itself"],
)
def test_a_dicomdir_is_not_followed(tmp_path, referenced):
    folder = b.save_case(tmp_path / "case", RD=None)
    b.save(b.dose(), tmp_path / "outside" / "RD2")
    a_directory_file(folder, referenced)
    inventory = inspect(folder)
    assert {f.name for f in inventory.files} == {"RP.dcm", "RS.dcm"}
    (ignored,) = inventory.ignored
    assert "a DICOMDIR, whose references are not followed" in ignored.why


def empty_file(folder: Path) -> None:
    (folder / "x.dcm").touch()


def directory_named_like_a_file(folder: Path) -> None:
    (folder / "x.dcm").mkdir()


def fifo(folder: Path) -> None:
    os.mkfifo(folder / "x.dcm")


def link_to_a_device(folder: Path) -> None:
    (folder / "x.dcm").symlink_to("/dev/zero")


def link_loop(folder: Path) -> None:
    (folder / "x.dcm").symlink_to(folder / "y.dcm")
    (folder / "y.dcm").symlink_to(folder / "x.dcm")


def link_to_the_folder_itself(folder: Path) -> None:
    (folder / "x.dcm").symlink_to(folder)


@pytest.mark.parametrize(
    "make",
    [empty_file, directory_named_like_a_file, fifo, link_to_a_device, link_loop,
     link_to_the_folder_itself],
)  # fmt: skip
def test_what_is_no_file_disturbs_nothing(sbrt_qa: Command, tmp_path, sound, make):
    folder = shutil.copytree(sound, tmp_path / "case")
    usual = sbrt_qa("dvh", folder)
    make(folder)
    assert sbrt_qa("dvh", folder) == usual
    alone = sbrt_qa("check", folder / "x.dcm")
    if make is link_to_the_folder_itself:
        assert alone.code != 1  # a link given by name is what the user means
    else:
        assert alone.code == 1


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("x.dcm", b"", "x.dcm: the file is empty"),
        ("X.DCM", b"<html>not found</html>" * 20, "X.DCM: "),
        ("._RD.dcm", b"\0\5\x16\7" * 40, None),
        ("notes.txt", b"", None),
    ],
)
def test_an_empty_or_foreign_file_named_dcm_is_found(tmp_path, sound, name, content, told):
    """What failed in transfer may have been anything; a companion of macOS is nothing."""
    folder = shutil.copytree(sound, tmp_path / "case")
    (folder / name).write_bytes(content)
    (case,) = load_cases(folder)
    unread = case.provenance.unread_files
    assert len(unread) == (told is not None)
    assert all(why.startswith(told) for why in unread)


def test_a_file_that_may_not_be_read():
    """Root may read everything, so this runs as nobody where it starts as root."""
    with tempfile.TemporaryDirectory() as name:
        folder = b.save_case(Path(name) / "case", RS=None)
        for part in (Path(name), folder):
            part.chmod(0o755)
        (folder / "RD.dcm").chmod(0)
        code = (
            "import os\n"
            "from sbrt_qa.dicom.load import inspect\n"
            "os.getuid() or (os.setgid(65534), os.setuid(65534))\n"
            f"print(*[i.why for i in inspect({str(folder)!r}).ignored])"
        )
        done = subprocess.run(
            [sys.executable, "-B", "-c", code], capture_output=True, text=True, check=False
        )
    assert done.stdout == "RD.dcm: the file cannot be read; got Permission denied\n", done.stderr


def _read_often(file: FoundFile) -> None:
    for _ in range(2000):
        file.read()


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, sound):
    """A writer keeps appending; what was read is either one of its states or refused."""
    path = tmp_path / "RD.dcm"
    data = (sound / "RD.dcm").read_bytes() + bytes(8_000_000)
    path.write_bytes(data)
    (found,) = find_files(path)
    stop = threading.Event()

    def keep_writing() -> None:
        with path.open("ab") as out:
            while not stop.is_set():
                out.write(b"\0")
                out.flush()

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        with pytest.raises(DicomError, match="changed while it was read"):
            _read_often(found)
    finally:
        stop.set()
        writer.join()


def test_an_image_that_changed_after_it_was_read_gives_no_pixels(tmp_path, sound):
    folder = shutil.copytree(sound, tmp_path / "case")
    b.save(b.ct_slice(0.0), folder / "CT0.dcm")
    b.save(b.ct_slice(2.0), folder / "CT1.dcm")
    (case,) = load_cases(folder)
    b.save(b.ct_slice(2.0, value=7), folder / "CT1.dcm")
    with pytest.raises(DicomError, match="changed after it was first read"):
        case.image.load_hu()
