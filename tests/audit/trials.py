"""A trial on disk, and the command line in a process of its own."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sbrt_qa.testing.sample.trial import Planted

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


@functools.cache
def _warm() -> Path:
    """Start, once, the process that commands are forked from; return the folder of its socket."""
    folder = Path(tempfile.mkdtemp(prefix="warm-"))
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("warm.py")), str(folder / "socket")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_environment(),
    )  # fmt: skip
    assert server.stdout is not None
    assert server.stdout.readline() == "ready\n"

    def end() -> None:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return folder


def _environment() -> dict[str, str]:
    return {**os.environ, "COLUMNS": "120", "SBRT_QA_ACTOR": ACTOR}


def run(*arguments: object) -> Ran:
    """Run the command line in a process of its own, which need not import everything again."""
    warm = _warm()
    with tempfile.TemporaryDirectory(dir=warm) as name, socket.socket(socket.AF_UNIX) as asking:
        out, err = (Path(name) / stream for stream in ("out", "err"))
        out.touch()
        err.touch()
        asked = {
            "arguments": list(map(str, arguments)), "folder": str(Path.cwd()),
            "environment": _environment(), "out": str(out), "err": str(err),
        }  # fmt: skip
        asking.settimeout(600)
        asking.connect(str(warm / "socket"))
        with asking.makefile("rw") as stream:
            stream.write(json.dumps(asked) + "\n")
            stream.flush()
            code = int(stream.readline())
        return Ran(code, out.read_text("utf-8"), err.read_text("utf-8"))


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
