"""What all archives are held against: how large they may be, what their entries may be called."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sbrt_qa.dicom.files.dataset import looks_like_dicom

_TAR_HEADER_BYTES: Final = 512
_TAR_MARK_AT: Final = 257

MAX_ENTRIES: Final = 20_000
MAX_DIRECTORY_BYTES: Final = 8 * 1024**2
"""Largest list of contents; entries take 46 bytes and their name."""

MAX_ENTRY_BYTES: Final = 1024**3
MAX_TOTAL_BYTES: Final = 4 * 1024**3
"""Of all entries together, counted while they are read."""

MAX_RATIO: Final = 100
"""Largest ratio of unpacked to packed bytes, beyond `SMALL_BYTES`."""

SMALL_BYTES: Final = 16 * 1024**2

OPENED_SUFFIXES: Final = (".zip", ".tar", ".tar.gz", ".tgz")
"""How names of archives that are opened end, in lower case."""

_GZIP: Final = "a gzip archive"
TAR: Final = "a tar archive"
ZIP: Final = "a zip archive"

_KINDS: Final = (
    (0, b"PK\x03\x04", ZIP),
    (0, b"PK\x05\x06", ZIP),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!\x1a\x07", "a rar archive"),
    (0, b"\x1f\x8b", _GZIP),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ\x00", "an xz archive"),
    (_TAR_MARK_AT, b"ustar", TAR),
)
"""Position and bytes by which archives are known, whatever their extension."""

_DEVICES: Final = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))]
)


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """A file in an archive: its bare name, its place, what reads it (see `files.FoundFile`)."""

    name: str
    place: str
    read: Callable[[], bytes]


def archive_kind(head: bytes) -> str:
    """Name the kind of archive that a file starts as; empty for anything else, DICOM too."""
    if looks_like_dicom(head):
        return ""
    return next((kind for at, magic, kind in _KINDS if head[at:].startswith(magic)), "")


def archive_kind_of(head: bytes) -> tuple[str, bool]:
    """Name the kind of archive that a file starts as, and tell whether it is one that is opened."""
    kind = archive_kind(head)
    if kind == _GZIP and _starts_tar(head):
        return TAR, True
    return kind, kind in (ZIP, TAR)


def _starts_tar(head: bytes) -> bool:
    """Tell whether the first bytes of a gzip archive unpack to the beginning of a tar archive."""
    try:
        start = zlib.decompressobj(wbits=31).decompress(head, _TAR_HEADER_BYTES)
    except zlib.error:
        return False
    return start[_TAR_MARK_AT:].startswith(b"ustar")


def why_bad_name(name: str) -> str:
    """Why the name of an entry makes its archive unacceptable; empty when it does not."""
    parts = name.replace("\\", "/").removesuffix("/").split("/")
    if "\0" in name or not name:
        return "an empty name, or one with a NUL"
    if parts[0] == "" or parts[0][1:2] == ":":
        return "an absolute path"
    if ".." in parts or "." in parts or "" in parts:
        return "a path that leads elsewhere"
    if any(part.partition(".")[0].strip().casefold() in _DEVICES for part in parts):
        return "the name of a device"
    if any(part != part.rstrip(". ") for part in parts):
        return "a name that ends in a dot or blank"
    return ""
