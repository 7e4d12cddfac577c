"""One server at a time on a folder; a second is told that there is one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from sbrt_qa.errors import UsageError, quoted_name

LOCK: Final = "SERVING"
"""File that is locked while somebody serves a folder; that it is there means nothing."""

LOOK_AGAIN_SECONDS: Final = 0.1


@contextmanager
def only_server(folder: Path, what: str) -> Iterator[None]:
    """Hold a folder; it is let go even when the process is killed.

    Raises
    ------
    UsageError
        Another process holds it.
    """
    with (folder / LOCK).open("a", encoding="utf-8") as file:
        if not _locked(file):
            raise UsageError(
                f"another {what} is open on this folder",
                where=quoted_name(folder),
                advice="Use that one, or end it first",
            )
        yield


@contextmanager
def held_lock(path: Path) -> Iterator[None]:
    """Hold a lock of a file, after whoever has it; it is let go even when the process is killed."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        while not _locked(file):
            time.sleep(LOOK_AGAIN_SECONDS)
        yield


def _locked(file: IO[str]) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
