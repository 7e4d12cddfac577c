"""One audit at a time on a folder; the second is told who is at work."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from sbrt_qa.errors import UsageError, quoted, quoted_name

LOCK: Final = "RUNNING"
"""File that says who audits. It stays; what counts is whether its lock is held."""

_MAX: Final = 2000


@contextmanager
def only_run(folder: Path, since: str, who: str) -> Iterator[None]:
    """Hold an audit's folder for one run; it is let go even when the process is killed.

    Raises
    ------
    UsageError
        Another run holds it.
    """
    path = folder / LOCK
    with path.open("a+", encoding="utf-8") as file:
        if not _locked_soon(file):
            raise UsageError(
                "another audit is at work in this folder",
                where=quoted_name(folder),
                got=_holder(path),
                advice="Wait for it, or end it; what it recorded stays.",
            )
        told = {"process": os.getpid(), "host": socket.gethostname(), "since": since, "who": who}
        file.seek(0)
        file.truncate()
        file.write(json.dumps(told) + "\n")
        file.flush()
        try:
            yield
        finally:
            file.seek(0)
            file.truncate()


def is_running(folder: Path) -> bool:
    """Tell whether a run holds an audit's folder now."""
    with contextlib.suppress(OSError), (folder / LOCK).open("r", encoding="utf-8") as file:
        return not _locked(file)
    return False


def _locked_soon(file: IO[str]) -> bool:
    """Take the lock; somebody who only looks has it for a moment."""
    for _ in range(3):
        if _locked(file):
            return True
        time.sleep(0.05)
    return False


def _locked(file: IO[str]) -> bool:
    """Take the lock of an open file, unless another has it."""
    try:
        import fcntl
    except ImportError:  # Windows has no such lock; the store's own keeps rows apart
        return True
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            told = json.loads(file.read(_MAX))
        return quoted(
            f"process {told['process']} on {told['host']}, since {told['since']}, {told['who']}"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return "a process that has not said who it is"
