"""Fingerprints of submissions: of what a review reads, and of all bytes that it may look at."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sbrt_qa.audit.entries import files_to_read, is_partial
from sbrt_qa.dicom.files.archive import open_archive
from sbrt_qa.dicom.files.archive_guards import archive_kind_of
from sbrt_qa.dicom.files.dataset import HEAD_BYTES, looks_like_dicom
from sbrt_qa.dicom.files.readable import open_regular
from sbrt_qa.errors import DicomError, InputError

_CHUNK: Final = 1024**2


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody saw of a submission.

    Parameters
    ----------
    input_sha256
        Fingerprint of what a review reads: the contents of DICOM files, of those in archives, too,
        whatever they are called and wherever in the submission they lie.
    bytes_sha256
        Fingerprint of all bytes of the files that may be read, DICOM or not. Archives are not
        opened for it.
    contents
        SHA-256 of every such file and of DICOM in archives.
    """

    input_sha256: str
    bytes_sha256: str
    contents: frozenset[str]


def seen(path: Path) -> Seen:
    """Return the fingerprints of a submission, which is read for it once.

    Raises
    ------
    InputError
        A file or folder cannot be read.
    """
    whole: list[str] = []
    inputs: set[str] = set()
    inside: set[str] = set()
    for file in _files(path):
        digest, head = _content(file)
        whole.append(digest)
        if archive_kind_of(head)[1] and not looks_like_dicom(head):
            found = _in_archive(file)
            inside |= found
            inputs |= found or {digest}
        elif looks_like_dicom(head) or file.name.casefold().endswith(".dcm"):
            inputs.add(digest)
    return Seen(_joined(inputs), _joined(whole), frozenset(whole) | inside)


def bytes_fingerprint(path: Path) -> str:
    """Return the fingerprint of all bytes that a review may read; opens no archive.

    Raises
    ------
    InputError
        A file or folder cannot be read.
    """
    return _joined(_content(file)[0] for file in _files(path))


def _joined(digests: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def _files(path: Path) -> Iterator[Path]:
    try:
        if not path.exists():
            raise InputError("the submission cannot be found", advice="Check that it is mounted")
        yield from files_to_read(path)
    except OSError as error:
        raise InputError("a folder cannot be read", got=str(error.strerror)) from None


def _content(file: Path) -> tuple[str, bytes]:
    """Return the SHA-256 of a file, and its first bytes."""
    try:
        with open_regular(file) as stream:
            head = stream.read(HEAD_BYTES)
            digest = hashlib.sha256(head)
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
            return digest.hexdigest(), head
    except (OSError, DicomError) as error:
        why = str(getattr(error, "strerror", "") or "it is no regular file any more")
        raise InputError("a file cannot be read", got=why) from None


def _in_archive(file: Path) -> set[str]:
    """Return the SHA-256 of the DICOM files of an archive; none where it is refused."""
    found = set()
    try:
        for entry in open_archive(file):
            try:
                data = entry.read()
            except DicomError:
                return set()
            if looks_like_dicom(data[:HEAD_BYTES]):
                found.add(hashlib.sha256(data).hexdigest())
    except DicomError:
        return set()
    return found


# --- what is arriving ---------------------------------------------------------------------------


def signature(path: Path) -> tuple[int, int, int]:
    """Return number, total size and latest change (ns) of a submission's files, unread."""
    count = size = latest = 0
    try:
        for file in files_to_read(path):
            state = file.stat()
            count, size, latest = count + 1, size + state.st_size, max(latest, state.st_mtime_ns)
    except OSError:
        return -1, size, latest
    return count, size, latest


def is_arriving(path: Path) -> bool:
    """Tell whether a file of a submission is marked as sent in part only."""
    return any(is_partial(name) for _, _, names in os.walk(path) for name in names)


# --- as it was taken before ---------------------------------------------------------------------


def older_fingerprint(path: Path) -> str:
    """Return the fingerprint as version 0.1.0 took it: of names and contents of all regular files.

    Audits that were begun then know their submissions by it.

    Raises
    ------
    InputError
        A file cannot be read.
    """
    digest = hashlib.sha256()
    for name, file in _regular(path):
        text = name.encode("utf-8", "surrogateescape")
        digest.update(f"{len(text)} ".encode())
        digest.update(text)
        digest.update(bytes.fromhex(_content(file)[0]))
    return digest.hexdigest()


def _regular(path: Path) -> Iterator[tuple[str, Path]]:
    if not path.is_dir():
        yield path.name, path
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            if stat.S_ISREG(file.lstat().st_mode):
                yield file.relative_to(path).as_posix(), file
