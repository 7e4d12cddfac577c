"""Archives: zip archives, read entry by entry into memory; nothing is ever written to disk.

What an archive says of itself is not believed: bytes are counted as they come. An archive made to
deceive (names that lead elsewhere or collide, links, overlapping entries, encryption) is refused as
a whole; an entry that is merely of no use is one ignored file.
"""

from __future__ import annotations

import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from sbrt_qa.dicom.files.archive_guards import (
    MAX_DIRECTORY_BYTES,
    MAX_ENTRIES,
    MAX_ENTRY_BYTES,
    MAX_RATIO,
    MAX_TOTAL_BYTES,
    SMALL_BYTES,
    TAR,
    ZIP,
    ArchiveEntry,
    archive_kind,
    archive_kind_of,
    why_bad_name,
)
from sbrt_qa.dicom.files.dataset import HEAD_BYTES, looks_like_dicom
from sbrt_qa.dicom.files.tar_archive import tar_entries
from sbrt_qa.errors import DicomError, quoted, visible

_END: Final = struct.Struct("<4s4H2LH")
_END_MARK: Final = b"PK\x05\x06"
_END64_MARK: Final = b"PK\x06\x07"
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LOCAL_HEADER_BYTES: Final = 30
_CHUNK: Final = 1024**2


@dataclass(slots=True)
class _Counter:
    """Bytes unpacked so far, of all entries."""

    total: int = 0


def open_archive(path: Path) -> Iterator[ArchiveEntry]:
    """List the files of a zip or tar archive in name order; a tar archive may be gzipped.

    Raises
    ------
    DicomError
        It is another kind of archive, damaged, encrypted, too large, or made to deceive.
    """
    where = visible(path.name)
    with _translated(where), path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if archive_kind_of(head) == (TAR, True):
        with _translated(where):
            found = tar_entries(path, where)
        yield from found
        return
    with _translated(where), path.open("rb") as stream:
        _require_zip(stream.read(HEAD_BYTES), where)
        _check_directory(stream, where)
        with zipfile.ZipFile(stream) as archive:
            infos = archive.infolist()
    _check_entries(infos, where)
    counter = _Counter()
    for info in sorted(infos, key=lambda i: i.filename):
        if not info.is_dir():
            place = visible(info.filename.replace("\\", "/"))
            name = place.rpartition("/")[2]
            yield ArchiveEntry(name, place, partial(_read, path, info, name, counter))


@contextmanager
def _translated(where: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error) as error:
        advice = "Make the archive again; it may have been cut off in transfer"
        got = quoted(error) if str(error) else ""
        raise DicomError("the archive is damaged", where=where, got=got, advice=advice) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise DicomError("the archive cannot be read", where=where, got=quoted(error)) from error


def _require_zip(head: bytes, where: str) -> None:
    kind = archive_kind(head)
    if kind != ZIP:
        advice = "Unpack it, or pack the files as zip"
        raise DicomError(f"{kind} is not opened", where=where, advice=advice)


def _check_directory(stream: BinaryIO, where: str) -> None:
    """Check how large the list of contents is before anything makes objects of it."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - _END.size - 0xFFFF - 20))
    tail = stream.read()
    at = tail.rfind(_END_MARK)
    if at < 0 or len(tail) < at + _END.size:
        raise zipfile.BadZipFile("no list of contents at its end")
    _, disk, first_disk, _, entries, listed, start, _ = _END.unpack_from(tail, at)
    if tail[max(0, at - 20) : at].startswith(_END64_MARK) or 0xFFFFFFFF in (listed, start):
        advice = "Pack less than 4 GB and 65535 files"
        raise DicomError("a zip64 archive is not opened", where=where, advice=advice)
    if disk or first_disk:
        raise DicomError("a part of a split archive is not opened", where=where)
    if entries > MAX_ENTRIES or listed > MAX_DIRECTORY_BYTES:
        raise _too_large(where, "entries", f"{entries}", f"at most {MAX_ENTRIES}")


def _too_large(where: str, of_what: str, got: str, expected: str) -> DicomError:
    what = f"the archive has too many {of_what}"
    return DicomError(what, where=where, got=got, expected=expected)


def _check_entries(infos: Sequence[zipfile.ZipInfo], where: str) -> None:
    if len(infos) > MAX_ENTRIES:
        raise _too_large(where, "entries", f"{len(infos)}", f"at most {MAX_ENTRIES}")
    seen: dict[str, str] = {}
    for info in infos:
        why = _why_refused(info)
        same = unicodedata.normalize("NFKC", info.filename.replace("\\", "/")).casefold()
        if not why and same in seen:
            why = f"the name of {quoted(seen[same])} again"
        seen[same] = info.orig_filename
        if why:
            got = f"{quoted(info.orig_filename)}: {why}"
            advice = "Pack the exported files again, with plain names and no password"
            raise DicomError("the archive is refused", where=where, got=got, advice=advice)
    _check_overlap(infos, where)


def _why_refused(info: zipfile.ZipInfo) -> str:
    """Why an entry makes its archive unacceptable; empty when it does not."""
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a link or special file"
    if info.flag_bits & _ENCRYPTED:
        return "encrypted"
    if info.compress_type not in _METHODS:
        return "packed by another method than deflate"
    return why_bad_name(info.orig_filename)


def _check_overlap(infos: Sequence[zipfile.ZipInfo], where: str) -> None:
    """Refuse entries that share packed bytes, which is how small archives become huge."""
    end = 0
    for info in sorted(infos, key=lambda i: i.header_offset):
        if info.header_offset < end:
            raise DicomError("the archive is refused", where=where, got="overlapping entries")
        end = info.header_offset + _LOCAL_HEADER_BYTES + info.compress_size


def _read(path: Path, info: zipfile.ZipInfo, name: str, counter: _Counter) -> bytes:
    """Unpack an entry that may be DICOM; of anything else only the first bytes."""
    with _translated(name), zipfile.ZipFile(path) as archive, archive.open(info) as stream:
        head = stream.read(HEAD_BYTES)
        kind = archive_kind(head)
        if kind:
            advice = "Pack its files themselves"
            raise DicomError(f"{kind} inside an archive is not opened", where=name, advice=advice)
        if not looks_like_dicom(head):
            return head
        return b"".join([head, *_chunks(stream.read, info, name, counter)])


def _chunks(
    read: Callable[[int], bytes], info: zipfile.ZipInfo, name: str, counter: _Counter
) -> Iterator[bytes]:
    """Unpack piece by piece, counting what really comes out."""
    size = HEAD_BYTES
    allowed = min(MAX_ENTRY_BYTES, max(SMALL_BYTES, MAX_RATIO * info.compress_size))
    while chunk := read(_CHUNK):
        size += len(chunk)
        counter.total += len(chunk)
        if size > allowed or counter.total > MAX_TOTAL_BYTES:
            got = f"more than {min(size, allowed)} bytes from {info.compress_size}"
            raise DicomError("unpacks to more data than is allowed", where=name, got=got)
        yield chunk
