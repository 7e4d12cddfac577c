"""A trial on disk, and the command line in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sbrt_qa.sample_trial import Planted

SUBMISSIONS = 44
"""Enough for every kind of deviation and every resubmission."""


ACTOR = "Test Office"
"""Who decides in tests."""


@dataclass(frozen=True)
class Ran:
    """What a command left."""

    code: int
    out: str
    err: str


Command = Callable[..., Ran]


def command_line(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "sbrt_qa.cli", *map(str, arguments)]


def run(*arguments: object) -> Ran:
    """Run the command line in a process of its own."""
    done = subprocess.run(
        command_line(*arguments),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={**os.environ, "COLUMNS": "120", "SBRT_QA_ACTOR": ACTOR},
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Trial:
    """A trial on disk and what is planted in it."""

    folder: Path
    planted: tuple[Planted, ...]

    @property
    def submissions(self) -> Path:
        return self.folder / "submissions"

    def protocol(self, version: int = 1) -> Path:
        return self.folder / f"protocol_v{version}.yaml"
