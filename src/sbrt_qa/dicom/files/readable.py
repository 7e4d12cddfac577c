"""Paths to files that may be read: walked, checked, and read whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import Final, TypeAlias

from sbrt_qa.dicom.files.archive import open_archive
from sbrt_qa.dicom.files.archive_guards import archive_kind, archive_kind_of
from sbrt_qa.dicom.files.dataset import HEAD_BYTES, NotDicomError, looks_like_dicom
from sbrt_qa.errors import DicomError, quoted, visible

MAX_FILE_BYTES: Final = 1024**3
"""Larger files are listed, not read: no RT object comes near."""

MAX_FILES: Final = 100_000
"""Most files under one path; a case with images and registrations has a thousand."""


_NO_WAITING: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file in a folder or archive.

    Parameters
    ----------
    name
        Bare name, without its folders.
    place
        Name with its folders below the path that was given.
    alone
        Whether it was given by name, so that it has to be usable.
    read
        Returns all bytes of a file that may be DICOM, of anything else only the first. Raises
        DicomError when it cannot be read.
    """

    name: str
    alone: bool
    read: Callable[[], bytes]
    place: str = ""


Wanted: TypeAlias = Callable[[Path], bool]
"""Asked of files and folders whether to look at them."""


def every_one(_: Path) -> bool:
    """Want every file and folder."""
    return True


def find_files(path: Path, wanted: Callable[[Path], bool] = every_one) -> Iterator[FoundFile]:
    """Find the files of a path - a folder tree, an archive or one file - in name order.

    Archives in a folder are opened, too, those in an archive are not.

    Parameters
    ----------
    wanted
        Asked of every file and folder below a folder; others are not looked at.

    Raises
    ------
    DicomError
        The path does not exist, a folder cannot be listed, or an archive is not acceptable.
    """
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except (OSError, ValueError):
        is_folder = exists = False
    if not exists:
        advice = "Check the spelling of the path"
        raise DicomError("no such file or folder", where=quoted(path.name), advice=advice)
    if is_folder:
        yield from _in_folder(path, wanted)
    elif archive_kind(_first_bytes(path)):
        for entry in open_archive(path):
            yield FoundFile(entry.name, alone=False, read=entry.read, place=entry.place)
    else:
        yield FoundFile(visible(path.name), alone=True, read=partial(_read, path))


def _in_folder(path: Path, wanted: Callable[[Path], bool]) -> Iterator[FoundFile]:
    root, count = path.resolve(), 0
    for folder, folders, names in os.walk(path, onerror=_unreadable_folder):
        folders[:] = sorted(name for name in folders if wanted(Path(folder, name)))
        for name in sorted(names):
            count += 1
            if count > MAX_FILES:
                raise DicomError("too many files", expected=f"at most {MAX_FILES} in a folder")
            file = Path(folder, name)
            if wanted(file):
                yield from _one_or_inside(file, path, root)


def _one_or_inside(file: Path, path: Path, root: Path) -> Iterator[FoundFile]:
    """Give a file of a folder, or what the archive holds that it is."""
    name, place = visible(file.name), visible(file.relative_to(path).as_posix())
    if file.is_symlink() or not archive_kind_of(_first_bytes(file))[1]:
        yield FoundFile(name, alone=False, read=partial(_read_one, file, root), place=place)
        return
    try:
        entries = [*open_archive(file)]
    except DicomError as error:
        yield FoundFile(name, alone=False, read=partial(_refused, error), place=place)
        return
    for entry in entries:
        inside = f"{place}/{entry.place}"
        yield FoundFile(entry.name, alone=False, read=entry.read, place=inside)


def _refused(error: DicomError) -> bytes:
    raise error


def _unreadable_folder(error: OSError) -> None:
    name = Path(str(error.filename)).name
    raise DicomError("the folder cannot be read", where=quoted(name), got=str(error.strerror))


def _read_one(file: Path, root: Path) -> bytes:
    """Read a file in a folder; an archive of another kind is not opened."""
    data = _read(file, root)
    kind = archive_kind(data)
    if kind:
        raise DicomError(
            f"{kind} is not opened",
            where=quoted(file.name),
            advice="Unpack it, or pack the files as zip",
        )
    return data


def _first_bytes(path: Path) -> bytes:
    """Return the first bytes of a regular file; none of anything else."""
    try:
        with open_regular(path) as stream:
            return stream.read(HEAD_BYTES)
    except (OSError, DicomError):
        return b""


def _read(file: Path, root: Path | None = None) -> bytes:
    """Read a file, inside `root` where there is one; whole if it may be DICOM.

    Raises
    ------
    NotDicomError
        A link that leads out of `root` or nowhere, a pipe or device, or too large.
    DicomError
        It cannot be read, or changed while it was read.
    """
    where = visible(file.name)
    try:
        if root and file.is_symlink() and not file.resolve(strict=True).is_relative_to(root):
            raise NotDicomError("a link that leads out of the folder", where=where)
    except (OSError, RuntimeError):
        raise NotDicomError("a link that leads nowhere", where=where) from None
    try:
        with open_regular(file) as stream:
            return _whole(stream, where)
    except OSError as error:
        got = error.strerror or ""
        raise DicomError("the file cannot be read", where=where, got=got) from None


def open_regular(file: Path) -> BufferedReader:
    """Open a regular file; a pipe or device is neither waited for nor read.

    Raises
    ------
    NotDicomError
        It is none.
    OSError
        It cannot be opened.
    """
    if not stat.S_ISREG(file.stat().st_mode):
        raise NotDicomError("not a regular file", where=visible(file.name))
    handle = os.open(file, os.O_RDONLY | _NO_WAITING)
    if stat.S_ISREG(os.fstat(handle).st_mode):  # nobody put a pipe in its place meanwhile
        return os.fdopen(handle, "rb")
    os.close(handle)
    raise NotDicomError("not a regular file", where=visible(file.name))


def _whole(stream: BufferedReader, where: str) -> bytes:
    before = os.fstat(stream.fileno())
    head = stream.read(HEAD_BYTES)
    if not looks_like_dicom(head):
        return head
    if before.st_size > MAX_FILE_BYTES:
        raise NotDicomError(f"larger than {MAX_FILE_BYTES} bytes", where=where)
    stream.seek(0)  # again from the start: joining two parts would copy a large file
    data = stream.read(before.st_size + 1)  # one more byte tells that it grew
    after = os.fstat(stream.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or (
        len(data) != after.st_size
    ):
        advice = "Wait until the export is complete"
        raise DicomError("the file changed while it was read", where=where, advice=advice)
    return data
