"""Where a landed file came from, kept with the file: what is left when rows are lost.

It is an extended attribute, so that it is as durable as the file, and costs no file of its own.
Where a system has none (Windows, macOS, some network disks) nothing is kept.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NAME: Final = "user.sbrt_qa.source"
_REST: Final = re.compile(r"[0-9a-f]{62}")
_FIRST: Final = re.compile(r"[0-9a-f]{2}")


def keep_source(handle: int, door: str, site: str, peer: str) -> None:
    """Keep with an open file where it comes from, if the system can."""
    told = json.dumps([door, site, peer]).encode()
    with contextlib.suppress(AttributeError, OSError):
        os.setxattr(handle, NAME, told)


def kept_source(path: Path) -> tuple[str, str, str] | None:
    """Return the door, site and peer that a file came from; None where that was not kept."""
    with contextlib.suppress(AttributeError, OSError, ValueError, TypeError):
        door, site, peer = json.loads(os.getxattr(path, NAME))
        if all(isinstance(one, str) for one in (door, site, peer)):
            return door, site, peer
    return None


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A file that lies where things land; `links` are the names that it has, `at` when it came.

    `source` is its door, site and peer, None where they are not known any more.
    """

    sha256: str
    size_bytes: int
    at: float
    links: int
    source: tuple[str, str, str] | None


def landed_files(landing: Path) -> Iterator[LandedFile]:
    """Yield everything that landed and is there, whatever rows tell of it."""
    for folder in sorted(landing.glob("??")):
        for path in sorted(folder.iterdir() if _FIRST.fullmatch(folder.name) else ()):
            with contextlib.suppress(FileNotFoundError):
                found = path.stat()
                if _REST.fullmatch(path.name) and path.is_file():
                    digest = folder.name + path.name
                    size, at, links = found.st_size, found.st_mtime, found.st_nlink
                    yield LandedFile(digest, size, at, links, kept_source(path))
