"""Run by tests in a process of its own: lands files, and tells each when it has landed."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np

from sbrt_qa.intake.landing import ArrivalSource, DiskSpace, Landing, NoSpace, land

SENDER = ArrivalSource("web", "S01", "account 3")


def vault_in(folder: Path) -> Landing:
    """Return a landing on a disk with room."""
    return Landing(folder, lambda _: DiskSpace(10**12, 10**12))


def land_for_ever(folder: Path, seed: int) -> None:
    """Land one file after the other."""
    rng, vault = np.random.default_rng(seed), vault_in(folder)
    while True:
        content = rng.bytes(int(rng.integers(1, 400_000)))
        print(land(vault, SENDER, io.BytesIO(content), max_bytes=10**6).sha256, flush=True)


def land_with_little_room(folder: Path) -> None:
    """Land what is larger than this process may write."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    try:
        land(vault_in(folder), SENDER, io.BytesIO(bytes(300_000)), max_bytes=10**6)
    except NoSpace:
        print("no space", flush=True)


if __name__ == "__main__":
    if sys.argv[2] == "little room":
        land_with_little_room(Path(sys.argv[1]))
    else:
        land_for_ever(Path(sys.argv[1]), int(sys.argv[2]))
