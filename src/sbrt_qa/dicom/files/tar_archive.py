"""Tar archives, gzipped or not, held against what zip archives are held against.

A gzipped archive cannot be entered in its middle, so what may be DICOM in it is kept in memory,
which is why it may be smaller than a zip archive. Bytes are counted as they come out.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import unicodedata
import zlib
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from sbrt_qa.dicom.files.archive_guards import (
    MAX_ENTRIES,
    MAX_ENTRY_BYTES,
    MAX_RATIO,
    SMALL_BYTES,
    ArchiveEntry,
    archive_kind,
    why_bad_name,
)
from sbrt_qa.dicom.files.dataset import HEAD_BYTES, looks_like_dicom
from sbrt_qa.errors import DicomError, quoted, visible

MAX_UNPACKED_BYTES: Final = 1024**3
"""Of the whole archive, counted while it is read."""

_PACK_AGAIN: Final = "Pack the exported files again, with plain names and no links"


class _Counted(io.RawIOBase):
    """Unpacks, and refuses to go on when far too much comes out.

    Parameters
    ----------
    stream
        What is unpacked.
    packed_bytes
        Size of the file it comes from.
    """

    def __init__(self, stream: BinaryIO, packed_bytes: int, where: str) -> None:
        self._stream, self._where = stream, where
        self._allowed = min(MAX_UNPACKED_BYTES, max(SMALL_BYTES, MAX_RATIO * packed_bytes))
        self._count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; never more than are allowed."""
        left = self._allowed - self._count
        data = self._stream.read(left + 1 if size < 0 else min(size, left + 1))
        self._count += len(data)
        if self._count > self._allowed:
            got = f"more than {self._allowed} bytes"
            raise DicomError("unpacks to more data than is allowed", where=self._where, got=got)
        return data


def tar_entries(path: Path, where: str) -> list[ArchiveEntry]:
    """Return the files of a tar archive in name order.

    Raises
    ------
    DicomError
        It is damaged, too large, or made to deceive: names that lead elsewhere or collide, links,
        devices.
    """
    found: dict[str, tuple[str, ArchiveEntry]] = {}
    count = 0
    try:
        with path.open("rb") as file:
            packed = file.seek(0, 2)
            file.seek(0)
            plain = file.read(2) != b"\x1f\x8b"
            file.seek(0)
            stream = file if plain else gzip.GzipFile(fileobj=file)
            counted = _Counted(stream, MAX_UNPACKED_BYTES if plain else packed, where)  # type: ignore[arg-type]
            with tarfile.open(fileobj=counted, mode="r|", errorlevel=2) as archive:
                for info in archive:
                    count += 1
                    if count > MAX_ENTRIES:
                        raise _refused(where, f"more than {MAX_ENTRIES} entries")
                    _add(archive, info, found, where)
    except (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile) as error:
        advice = "Make the archive again; it may have been cut off in transfer"
        raise DicomError("the archive is damaged", where=where, advice=advice) from error
    if not count:
        raise DicomError("the archive is damaged", where=where, got="no entries")
    return [entry for _, (_, entry) in sorted(found.items())]


def _add(
    archive: tarfile.TarFile,
    info: tarfile.TarInfo,
    found: dict[str, tuple[str, ArchiveEntry]],
    where: str,
) -> None:
    """Take in one entry, or refuse the archive for it."""
    name = info.name.removeprefix("./")
    if info.isdir() and name in ("", "."):
        return
    why = "a link or special file" if not (info.isreg() or info.isdir()) else why_bad_name(name)
    same = unicodedata.normalize("NFKC", name).casefold()
    if not why and not info.isdir() and same in found:
        why = f"the name of {quoted(found[same][0])} again"
    if why:
        raise _refused(where, f"{quoted(info.name)}: {why}")
    if info.isdir():
        return
    if info.size > MAX_ENTRY_BYTES:
        raise DicomError(
            "unpacks to more data than is allowed", where=where, got=f"{info.size} bytes"
        )
    place = visible(name.replace("\\", "/"))
    bare = place.rpartition("/")[2]
    found[same] = name, ArchiveEntry(bare, place, _reader(archive, info, bare))


def _reader(archive: tarfile.TarFile, info: tarfile.TarInfo, name: str) -> partial[bytes]:
    """Read an entry that may be DICOM; of anything else only the first bytes."""
    stream = archive.extractfile(info)
    head = b"" if stream is None else stream.read(HEAD_BYTES)
    kind = archive_kind(head)
    if stream is None or kind or not looks_like_dicom(head):
        return partial(_given, head, kind, name)
    return partial(_given, head + stream.read(), "", name)


def _given(data: bytes, kind: str, name: str) -> bytes:
    if kind:
        advice = "Pack its files themselves"
        raise DicomError(f"{kind} inside an archive is not opened", where=name, advice=advice)
    return data


def _refused(where: str, got: str) -> DicomError:
    return DicomError("the archive is refused", where=where, got=got, advice=_PACK_AGAIN)
