"""Which content first came under a SOP Instance UID, so that another one is noticed.

An instance never changes under its UID. Where a site sends other content under a UID that it sent
before, both are kept, and everybody is told: whoever kept one silently might keep the old plan.
"""

from __future__ import annotations

import contextlib
import enum
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = "instances"


class Standing(enum.StrEnum):
    """What a content is to its UID."""

    NEW = "new"
    SAME = "same"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Content:
    """One content that came under a UID.

    Parameters
    ----------
    data_sha256
        SHA-256 of its data set, without file meta information, which differs by the way in.
    landed_sha256
        Of the landed file.
    door, peer
        How it came, and who sent it.
    at
        When, ISO 8601.
    """

    data_sha256: str
    landed_sha256: str
    door: str
    peer: str
    at: str


@dataclass(frozen=True, slots=True)
class FirstContents:
    """The contents of all instances of all sites, one small file for each instance.

    Parameters
    ----------
    root
        Folder in which ``instances`` is made. No name in it comes from outside.
    """

    root: Path

    def note(self, site: str, sop_instance: str, content: Content) -> Standing:
        """Note a content durably; tell what it is to the UID of its instance.

        Every other content is noted as well, once.
        """
        path = self._path(site, sop_instance)
        line = json.dumps(asdict(content)).encode() + b"\n"
        if not path.exists() and _first(path, line):
            return Standing.NEW
        known = {one.data_sha256: n for n, one in enumerate(_contents(path))}
        standing = Standing.CONFLICT
        if not known:  # a file without a whole line: nothing of it was ever answered for
            standing = Standing.NEW
        elif known.get(content.data_sha256) == 0:
            return Standing.SAME
        elif content.data_sha256 in known:
            return standing
        _more(path, line)
        return standing

    def of(self, site: str, sop_instance: str) -> tuple[Content, ...]:
        """Return what came under a UID, the first content first."""
        return tuple(_contents(self._path(site, sop_instance)))

    def conflicts(self) -> Iterator[tuple[Content, ...]]:
        """Yield the contents of every instance that has more than one."""
        for path in sorted((self.root / FOLDER).glob("*/*")):
            if "." not in path.name and len(found := tuple(_contents(path))) > 1:
                yield found

    def _path(self, site: str, sop_instance: str) -> Path:
        named = hashlib.sha256(f"{site}\0{sop_instance}".encode("utf-8", "replace")).hexdigest()
        return self.root / FOLDER / named[:2] / named[2:]


def _first(path: Path, line: bytes) -> bool:
    """Write a file that is not there yet, whole or not at all; False where it is there by now."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{secrets.token_hex(8)}.part")
    try:
        _more(part, line)
        os.link(part, path)
    except FileExistsError:
        return False
    finally:
        part.unlink(missing_ok=True)
    _sync(path.parent)
    return True


def _more(path: Path, line: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, line)
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync(folder: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _contents(path: Path) -> list[Content]:
    """Return the contents in a file; a line that was cut off by a loss of power is no content."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return []
    found: dict[str, Content] = {}
    for line in lines:
        with contextlib.suppress(ValueError, TypeError):
            one = Content(**json.loads(line))
            found.setdefault(one.data_sha256, one)
    return list(found.values())
