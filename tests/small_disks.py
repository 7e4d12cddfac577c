"""A small disk: a file that is mounted, or memory; skips where nothing may be mounted."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

KINDS = ("ext4", "tmpfs")


@contextlib.contextmanager
def small_disk(folder: Path, kind: str, megabytes: int = 30) -> Iterator[Path]:
    """Give a disk that is full after some MB; it is gone afterwards."""
    place, image = folder / "disk", folder / "disk.img"
    place.mkdir()
    commands = [["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]]
    if kind == "ext4":
        with image.open("wb") as file:
            file.truncate(megabytes * 1024**2)
        commands = [["mkfs.ext4", "-q", "-m", "0", str(image)],
                    ["mount", "-o", "loop", str(image), str(place)]]  # fmt: skip
    for command in commands:
        done = shutil.which(command[0]) and subprocess.run(
            command, capture_output=True, check=False, timeout=600
        )
        if not done or done.returncode:
            pytest.skip(f"a small disk ({kind}) cannot be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True, timeout=600)


def fill(place: Path, keep_bytes: int = 0) -> Path:
    """Fill a disk but for some bytes; return the file that takes the room."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(64 * 1024))
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(512))
    with ballast.open("r+b") as file:
        file.truncate(max(0, ballast.stat().st_size - keep_bytes))
    return ballast
