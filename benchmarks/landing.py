"""Landing killed at many moments: what was told to have landed is there, whole.

scripts/bench landing [MOMENTS]: each time a process lands files one after the other, is killed with
SIGKILL after a random time, and what it told is held against what is on disk.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from sbrt_qa.intake.landing import DiskSpace, Landing, sweep

CHILD = Path(__file__).parents[1] / "tests" / "intake" / "landing_child.py"
LONGEST_SECONDS = 0.6


def main() -> int:
    """Kill, look, and tell; 1 where something was lost or torn."""
    moments = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    chance, told, lost, torn, left = np.random.default_rng(21), 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        vault = Landing(Path(folder), lambda _: DiskSpace(10**12, 10**12))
        for moment in range(moments):
            acknowledged = killed(Path(folder), moment, chance.uniform(0, LONGEST_SECONDS))
            told += len(acknowledged)
            lost += sum(not vault.path(one).is_file() for one in acknowledged)
            torn += sum(hash_of(vault.path(one)) != one for one in acknowledged)
            left += sweep(vault)
        for path in vault.folder.glob("??/*"):
            torn += hash_of(path) != path.parent.name + path.name
    print(f"{moments} kills, {told} told to have landed: {lost} lost, {torn} torn; {left} swept up")
    return int(bool(lost or torn))


def killed(folder: Path, seed: int, seconds: float) -> list[str]:
    """Return what a process told before it was killed, some time after its first file."""
    command = [sys.executable, str(CHILD), str(folder), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        first = child.stdout.readline() if child.stdout else ""
        time.sleep(seconds)
        child.kill()
        rest = child.stdout.read() if child.stdout else ""
    return [line for line in (first + rest).split("\n")[:-1] if len(line) == 64]


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file, empty where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
