"""Folders into which the files of a site are copied by other means.

A file is taken when it did not change between two looks, and its name does not say that it is on
its way (``.part``, ``.tmp``, ``.filepart``, or a dot before it). What is taken stays where it is;
nothing in a folder is followed anywhere else, changed or deleted.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, cast

from sbrt_qa.errors import SbrtQaError, UsageError, quoted
from sbrt_qa.intake.first_elements import HEAD_BYTES, IMPLICIT, of_data_set, of_file
from sbrt_qa.intake.landing import LandingRefusedError, NoSpace
from sbrt_qa.network.peers import WatchedFolder
from sbrt_qa.network.storing import Storing

LOG: Final = logging.getLogger("sbrt_qa.network")

FOLDER: Final = "watched"
LOOK_SECONDS: Final = 5.0
ON_THE_WAY: Final = (".part", ".tmp", ".filepart", ".crdownload", ".partial")
MOST_FILES: Final = 100_000
MOST_DEPTH: Final = 12

Seen = tuple[int, int, int]
"""Size, time of the last change in ns, and number of a file."""


@dataclass(slots=True)
class FolderWatch:
    """One folder, what was seen in it, and what was taken.

    Parameters
    ----------
    source
        The folder, and whose it is.
    storing
        Where objects go.
    """

    source: WatchedFolder
    storing: Storing
    _seen: dict[str, Seen] = field(default_factory=dict)
    _done: dict[str, Seen] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not Path(self.source.folder).is_dir():
            raise UsageError("there is no such folder", got=quoted(self.source.folder))
        self._done = self._read_done()

    def look(self) -> int:
        """Look once, and take what has not changed since the look before; return how many.

        Raises
        ------
        NoSpace
            The disk is full; what was not taken is taken later.
        """
        now = dict(_files(Path(self.source.folder)))
        quiet = [
            name for name, state in now.items()
            if self._seen.get(name) == state and self._done.get(name) != state
        ]  # fmt: skip
        self._seen, taken = now, 0
        self._done = {name: state for name, state in self._done.items() if name in now}
        try:
            for name in quiet:
                if (took := self._take(name, now[name])) is not None:
                    self._done[name] = now[name]
                    taken += took
        finally:
            if quiet:
                self._keep_done()
        return taken

    def _take(self, name: str, state: Seen) -> bool | None:
        """Take a file; False where it is none of ours, None where it changed meanwhile."""
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        try:
            handle = os.open(Path(self.source.folder) / name, flags)
        except OSError:
            return None
        with os.fdopen(handle, "rb") as file:
            if _state(os.fstat(file.fileno())) != state:
                return None
            head = file.read(HEAD_BYTES)
            if of_file(head) is None and not of_data_set(head, IMPLICIT).sop_class:
                self.storing.counts["watch: left, no DICOM"] += 1
                return False
            file.seek(0)
            stream = cast("BinaryIO", _Unchanged(file, state))
            peer = Path(self.source.folder).name
            try:
                self.storing.take_file("watch", self.source.site, peer, stream)
            except NoSpace:
                raise
            except LandingRefusedError as error:
                LOG.warning("a file was not taken: %s", type(error).__name__)
                self.storing.counts["watch: not taken"] += 1
                return None if _state(os.fstat(file.fileno())) != state else False
        return True

    # --- what was taken ----------------------------------------------------------------------

    def _path(self) -> Path:
        named = hashlib.sha256(f"{self.source.site}\0{self.source.folder}".encode()).hexdigest()
        return self.storing.landing.root / FOLDER / f"{named[:32]}.json"

    def _read_done(self) -> dict[str, Seen]:
        try:
            kept = json.loads(self._path().read_text(encoding="utf-8"))
            return {str(name): (int(a), int(b), int(c)) for name, (a, b, c) in kept.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _keep_done(self) -> None:
        path = self._path()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(self._done), encoding="utf-8")
        part.replace(path)


class _Unchanged:
    """A file that is cut off where it turns out at its end that it changed."""

    def __init__(self, file: BinaryIO, state: Seen) -> None:
        self._file, self._state = file, state

    def read(self, size: int) -> bytes:
        """Return the next bytes; raise EOFError at the end of what changed meanwhile."""
        part = self._file.read(size)
        if not part and _state(os.fstat(self._file.fileno())) != self._state:
            raise EOFError
        return part


def _state(seen: os.stat_result) -> Seen:
    return seen.st_size, seen.st_mtime_ns, seen.st_ino


def _files(folder: Path) -> Iterator[tuple[str, Seen]]:
    """Yield plain files below a folder by their names in it; links are not followed."""
    found = 0
    for place, folders, names in os.walk(folder, followlinks=False):
        if len(Path(place).relative_to(folder).parts) >= MOST_DEPTH:
            folders.clear()
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(names):
            if name.startswith(".") or name.lower().endswith(ON_THE_WAY):
                continue
            path = Path(place) / name
            try:
                seen = path.lstat()
            except OSError:
                continue
            if stat.S_ISREG(seen.st_mode) and found < MOST_FILES:
                found += 1
                yield str(path.relative_to(folder)), _state(seen)


def watch_until(watch: FolderWatch, ended: threading.Event, seconds: float = LOOK_SECONDS) -> None:
    """Look again and again until an event is set; what goes wrong is told and tried again."""
    while not ended.is_set():
        try:
            watch.look()
        except (SbrtQaError, OSError) as error:
            LOG.warning("a folder cannot be taken from now: %s", type(error).__name__)
            watch.storing.counts["watch: could not be read"] += 1
        ended.wait(seconds)
