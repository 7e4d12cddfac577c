"""One landing for every way in: bytes to a file that is named by their hash, and nothing else.

No name, path or UID from outside reaches the file system. A file stands under its name only when
all of it is on disk, so that whoever answers after :func:`land` has returned never promises what a
loss of power takes back.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal

from sbrt_qa.errors import InputError
from sbrt_qa.i18n.phrase import msg, say
from sbrt_qa.intake.landed_source import keep_source

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

Way = Literal["web", "submit", "c-store", "stow", "orthanc", "watch"]
"""How something came in."""

FOLDER: Final = "landing"
PARTS: Final = "parts"
FULL: Final = "full"
"""Names within the root: landed files, files on their way, and the mark of a full disk."""

READ_BYTES: Final = 1024**2
LOOK_EVERY_BYTES: Final = 64 * 1024**2
"""How many bytes are written before free space is looked at again."""

LEAST_FREE_BYTES: Final = 5 * 1024**3
LEAST_FREE_PART: Final = 0.10
AGAIN_PART: Final = 0.05
"""Nothing is taken below 5 GiB or 10 % of a disk, whichever is more; again with 5 % above that."""

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

AT_LEAST_ONE: Final = msg("at least one byte")


class LandingRefusedError(InputError):
    """Nothing was landed; the reason is told by the type."""


class TooLarge(LandingRefusedError):  # noqa: N818 - named by what it is
    """More bytes came than may come."""


class NoSpace(LandingRefusedError):  # noqa: N818 - named by what it is
    """The disk has no room, or less than is kept free."""


class Incomplete(LandingRefusedError):  # noqa: N818 - named by what it is
    """It broke off, was empty, or is not what was announced."""


def had_room(work: Callable[[], object]) -> bool:
    """Do something that writes, and tell whether the disk had room for it.

    Raises
    ------
    OSError
        It failed for another reason.
    """
    try:
        work()
    except OSError as error:
        if error.errno in NO_ROOM:
            return False
        raise
    return True


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """What a disk holds for us, and what of it is free, in bytes."""

    total: int
    free: int


def disk_space(folder: Path) -> DiskSpace:
    """Return the space of the disk that a folder is on, without what is reserved for root."""
    usage = shutil.disk_usage(folder)
    return DiskSpace(usage.used + usage.free, usage.free)


@dataclass(frozen=True, slots=True)
class Landing:
    """Where things land.

    Parameters
    ----------
    root
        Folder in which ``landing`` is made; only its owner may look into it.
    space
        Tells the space of the disk.
    least_free_bytes, least_free_part
        What stays free, whichever is more: bytes, and a part of the disk.
    """

    root: Path
    space: Callable[[Path], DiskSpace] = disk_space
    least_free_bytes: int = LEAST_FREE_BYTES
    least_free_part: float = LEAST_FREE_PART

    @property
    def folder(self) -> Path:
        """Folder of landed files."""
        return self.root / FOLDER

    def path(self, sha256: str) -> Path:
        """Return where the file of a hash is, or would be.

        Raises
        ------
        ValueError
            This is no SHA-256 in lower case hexadecimal.
        """
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            msg = "no SHA-256"
            raise ValueError(msg)
        return self.folder / sha256[:2] / sha256[2:]

    def floor(self, space: DiskSpace) -> int:
        """Return how many bytes of a disk are kept free."""
        return max(self.least_free_bytes, int(space.total * self.least_free_part))


@dataclass(frozen=True, slots=True)
class ArrivalSource:
    """Where something comes from, by what the sender proved to be.

    Parameters
    ----------
    door
        The way in.
    site
        Code of the site that the sender stands for; never read from what was sent.
    peer
        Account, token, AE title or folder: what the office knows the sender by.
    """

    door: Way
    site: str
    peer: str


@dataclass(frozen=True, slots=True)
class Landed:
    """What is on disk now, durably; `already_there` when the same bytes had landed before."""

    sha256: str
    size_bytes: int
    path: Path
    already_there: bool


def land(
    vault: Landing,
    source: ArrivalSource,
    stream: BinaryIO,
    *,
    max_bytes: int,
    expect_bytes: int | None = None,
    expect_sha256: str = "",
) -> Landed:
    """Write what a stream holds to a file named by its SHA-256, durably.

    Parameters
    ----------
    source
        Told in refusals, and kept with the file; it has no part in where the file goes.
    max_bytes
        Most bytes that are taken.
    expect_bytes, expect_sha256
        What was announced; anything else is refused.

    Raises
    ------
    TooLarge, NoSpace, Incomplete
        Nothing was landed, and nothing of it is left.
    """
    refuse_full(vault)
    with _part(vault) as (part, file):
        try:
            digest, size = _written(vault, file, stream, max_bytes, source)
            if size == 0 or (expect_bytes is not None and size != expect_bytes):
                raise Incomplete(
                    "what came is not what was announced", got=say("{0} bytes", size),
                    expected=say("{0} bytes", expect_bytes) if expect_bytes else AT_LEAST_ONE,
                )  # fmt: skip
            if expect_sha256 and digest != expect_sha256:
                raise Incomplete("what came has another hash than was announced")
            file.flush()
            keep_source(file.fileno(), source.door, source.site, source.peer)
            os.fsync(file.fileno())
            return _settled(vault, part, digest, size)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise NoSpace("the disk took no more") from None
            raise


def refuse_full(vault: Landing, need_bytes: int = 0) -> None:
    """Refuse while the disk has less free than is kept, and until it has clearly more again.

    Parameters
    ----------
    need_bytes
        What is about to come, if that is known.

    Raises
    ------
    NoSpace
        Nothing is taken now.
    """
    folder = _folder(vault.folder)
    space, mark = vault.space(folder), folder / FULL
    floor = vault.floor(space)
    stopped = mark.exists()
    least = floor + int(space.total * AGAIN_PART) if stopped else floor
    if space.free < floor and not stopped:
        with contextlib.suppress(OSError):  # a disk that is full to the last byte
            mark.touch()
    if space.free < least:
        raise NoSpace(
            "the disk is nearly full, so nothing is taken in",
            got=say("{0} GB", f"{space.free / 1e9:.1f}"),
            expected=say("{0} GB free", f"{least / 1e9:.1f}"),
            advice="Make room, then it goes on by itself",
        )  # fmt: skip
    mark.unlink(missing_ok=True)
    if space.free - need_bytes < floor:
        raise NoSpace(
            "the disk has no room for this much", got=say("{0} GB", f"{need_bytes / 1e9:.1f}")
        )


def is_stopped(vault: Landing) -> bool:
    """Tell whether nothing is taken because the disk is nearly full."""
    try:
        refuse_full(vault)
    except NoSpace:
        return True
    return False


def sweep(vault: Landing) -> int:
    """Remove files that a killed process left on their way; return how many.

    A file that a living process still writes is locked by it and stays.
    """
    gone = 0
    for part in (vault.folder / PARTS).glob("*"):
        with contextlib.suppress(OSError), part.open("r+b") as file:
            if _locked(file):
                part.unlink()
                gone += 1
    return gone


def forget(vault: Landing, sha256: str) -> bool:
    """Delete a landed file; False where there is none."""
    path = vault.path(sha256)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    _sync(path.parent)
    return True


@contextlib.contextmanager
def _part(vault: Landing) -> Iterator[tuple[Path, BinaryIO]]:
    path = _folder(vault.folder / PARTS) / secrets.token_hex(16)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0),
                         0o600)  # fmt: skip
    except OSError as error:
        if error.errno in NO_ROOM:
            raise NoSpace("the disk took no more") from None
        raise
    try:
        with os.fdopen(handle, "wb", buffering=0) as file:
            _locked(file)
            yield path, file
    finally:
        path.unlink(missing_ok=True)


def _written(
    vault: Landing, file: BinaryIO, stream: BinaryIO, max_bytes: int, source: ArrivalSource
) -> tuple[str, int]:
    digest, size, looked = hashlib.sha256(), 0, 0
    while True:
        try:
            block = stream.read(READ_BYTES)
        except (OSError, EOFError):
            raise Incomplete("it broke off", where=source.door) from None
        if not block:
            return digest.hexdigest(), size
        size += len(block)
        if size > max_bytes:
            raise TooLarge(
                "more bytes than are taken", expected=say("at most {0} bytes", max_bytes)
            )
        if size - looked > LOOK_EVERY_BYTES:
            refuse_full(vault)
            looked = size
        digest.update(block)
        view = memoryview(block)
        while view:
            view = view[file.write(view) :]


def _settled(vault: Landing, part: Path, digest: str, size: int) -> Landed:
    path = vault.path(digest)
    if path.is_file() and path.stat().st_size == size:
        _sync(path.parent)  # whoever landed it may have been killed before doing so
        return Landed(digest, size, path, already_there=True)
    if not path.parent.is_dir():
        _folder(path.parent)
        _sync(vault.folder)
    part.chmod(0o400)
    part.replace(path)
    _sync(path.parent)
    return Landed(digest, size, path, already_there=False)


def _folder(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _sync(folder: Path) -> None:
    """Make the names in a folder durable, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _locked(file: BinaryIO) -> bool:
    """Take the lock of a file, which its process keeps until it closes it or ends."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
