"""Where submissions lie: folders and archives under a root, found one by one."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Final

from sbrt_qa.audit.layout import Naming, is_version, naming
from sbrt_qa.errors import InputError, UsageError, quoted

DEEPEST: Final = 3
"""Folders below the root at which a submission begins at the latest: site, subject, version."""

MAX_PLACES: Final = 1_000_000

AUDIT_FILE: Final = "audit.json"
AUDIT_SCHEMA: Final = "sbrt_qa.audit/"
"""What the settings of an audit are called, and how the name of their schema begins."""

_SERIES: Final = re.compile(
    r"(?:ct|mr|mri|pet|pt|rs|rp|rd|rtstruct|rtplan|rtdose|rtss|dicom|dcm|plan|dose|struct\w*|"
    r"images?|series.*)(?:[ _.-]?\d*)",
    re.I,
)
"""Names of folders that hold a part of a submission."""

_DICOM_SUFFIXES: Final = (".dcm", ".dicom", ".dic", ".ima")
_HEAD_BYTES: Final = 132
_SETTINGS_BYTES: Final = 10_000
_FIRST_GROUPS: Final = (b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08")
_CHUNK: Final = 1024**2
_NO_WAITING: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Submission:
    """A place with a submission.

    Parameters
    ----------
    path
        Folder or archive.
    parts
        Names of folders down to it, below the root.
    named
        What they, or the manifest, say of it.
    """

    path: Path
    parts: tuple[str, ...]
    named: Naming

    @property
    def key(self) -> str:
        """The place as a text, the same on every machine."""
        return "/".join(self.parts)


def discover(
    root: Path,
    manifest: Mapping[str, Naming] | None = None,
    passed_by: Callable[[Path], object] = lambda _: None,
) -> Iterator[Submission]:
    """Find the submissions under a root, in name order; a root may be an archive itself.

    A folder that holds an audit is no submission, nor is anything in it.

    Parameters
    ----------
    root
        Folder, or zip archive.
    manifest
        Paths below the root and whose they are; then nothing else is looked for.
    passed_by
        Told of each folder that holds an audit.

    Raises
    ------
    UsageError
        The root, or a path of the manifest, does not exist or leads out of the root.
    """
    if manifest is not None:
        yield from _listed(root, manifest)
    elif root.is_dir():
        yield from _below(root, (), passed_by)
    elif root.is_file():
        yield Submission(root, (root.name,), naming((root.name,)))
    else:
        advice = "Check the spelling of the path"
        raise UsageError("no such folder or archive", got=quoted(root.name), advice=advice)


def _listed(root: Path, manifest: Mapping[str, Naming]) -> Iterator[Submission]:
    for text, named in manifest.items():
        parts = PurePosixPath(text).parts
        path = root.joinpath(*parts)
        if ".." in parts or PurePosixPath(text).is_absolute() or not path.exists():
            what = "a path of the manifest is not below the folder of submissions"
            raise UsageError(what, where=quoted(f"{named.site}/{named.subject}"))
        yield Submission(path, parts, named)


def _below(
    folder: Path, parts: tuple[str, ...], passed_by: Callable[[Path], object]
) -> Iterator[Submission]:
    folders, files = _entries(folder)
    if AUDIT_FILE in files and _is_audit(folder / AUDIT_FILE):
        passed_by(folder)
        return
    if _is_submission(folder, parts, folders, files):
        yield Submission(folder, parts, naming(parts))
        return
    names = [(name, True) for name in folders]
    names += [(name, False) for name in files if name.casefold().endswith(".zip")]
    for name, is_folder in sorted(names):
        below = (*parts, name)
        if is_folder:
            yield from _below(folder / name, below, passed_by)
        else:
            yield Submission(folder / name, below, naming(below))


def _entries(folder: Path) -> tuple[list[str], list[str]]:
    """Return folders and files, without hidden ones and without folders behind links."""
    folders, files = [], []
    try:
        with os.scandir(folder) as found:
            for entry in found:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                elif entry.is_file(follow_symlinks=False):
                    files.append(entry.name)
    except OSError:
        return [], []  # its review will say that it cannot be read
    return sorted(folders), sorted(files)


def _is_audit(settings: Path) -> bool:
    """Tell the settings of an audit from a file of the same name that a site sent."""
    try:
        with _opened(settings) as stream:
            return AUDIT_SCHEMA.encode() in stream.read(_SETTINGS_BYTES)
    except OSError:
        return False


def _is_submission(
    folder: Path, parts: tuple[str, ...], folders: list[str], files: list[str]
) -> bool:
    if any(_is_like_dicom(folder / name) for name in files):
        return True
    if not parts:
        return False
    if len(parts) >= DEEPEST or is_version(parts[-1]):
        return True
    return bool(folders) and all(_SERIES.fullmatch(name) for name in folders)


def _is_like_dicom(file: Path) -> bool:
    """Tell by a file's name, or where that says nothing by its first bytes."""
    suffix = file.suffix.casefold()
    if suffix in _DICOM_SUFFIXES:
        return True
    if suffix and not suffix[1:].isdigit():
        return False
    try:
        with _opened(file) as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError:
        return False
    return head[128:] == b"DICM" or head[:2] in _FIRST_GROUPS


# --- fingerprints -----------------------------------------------------------------------------


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of a submission: of names and contents of all its regular files.

    Raises
    ------
    InputError
        A file cannot be read.
    """
    digest = hashlib.sha256()
    for name, file in _regular(path):
        digest.update(f"{len(name.encode('utf-8', 'surrogateescape'))} ".encode())
        digest.update(name.encode("utf-8", "surrogateescape"))
        digest.update(_content(file))
    return digest.hexdigest()


def signature(path: Path) -> tuple[int, int, int]:
    """Return number, total size and latest change (ns) of a submission's files, unread."""
    count = size = latest = 0
    for _, file in _regular(path):
        try:
            state = file.stat()
        except OSError:
            continue
        count, size, latest = count + 1, size + state.st_size, max(latest, state.st_mtime_ns)
    return count, size, latest


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


def _opened(file: Path) -> BufferedReader:
    """Open a file without waiting, should it be a pipe."""
    return os.fdopen(os.open(file, os.O_RDONLY | _NO_WAITING), "rb")


def _content(file: Path) -> bytes:
    try:
        with _opened(file) as stream:
            digest = hashlib.sha256()
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
            return digest.digest()
    except OSError as error:
        raise InputError("a file cannot be read", got=str(error.strerror)) from None
