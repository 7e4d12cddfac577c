"""Runs commands on hostile input; whatever comes of it, some things may never happen."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "dicom")]

import builders as b
import child_calls
import fuzz_targets

from sbrt_qa.cli.main import run
from sbrt_qa.pipeline import warm_up
from sbrt_qa.sandbox import Limits, run_isolated

CODES = (0, 1, 2, 10, 20, 30)


@dataclass(frozen=True)
class Ran:
    """What a command left: exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


Command = Callable[..., Ran]


def assert_harmless(ran: Ran) -> None:
    assert ran.code in CODES, ran.said
    assert "Traceback" not in ran.said
    assert "internal error" not in ran.said
    text = ran.said.replace("\r\n", "\n")  # lines of CSV end so
    odd = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co")} - {"\n"}
    assert not odd, f"control characters reached the terminal: {odd!r}"


@pytest.fixture(scope="session")
def small_protocol(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("protocol") / "small.yaml"
    path.write_bytes(fuzz_targets.PROTOCOL)
    return path


@pytest.fixture(scope="session")
def _compiled_kernels() -> None:
    """Compile before the first command: it would say so, and the next one would not."""
    warm_up()


@pytest.fixture
def sbrt_qa(
    small_protocol: Path,
    capsys: pytest.CaptureFixture[str],
    _compiled_kernels: None,
) -> Command:
    """Run a command in this process; ``check`` against a small protocol, as CSV."""

    def command(name: str, *arguments: object) -> Ran:
        extra = ["-p", str(small_protocol), "-f", "csv"] if name == "check" else []
        capsys.readouterr()
        code = run([name, *map(str, arguments), *extra])
        captured = capsys.readouterr()
        ran = Ran(code, captured.out, captured.err)
        assert_harmless(ran)
        return ran

    return command


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound case. Read only."""
    return b.save_case(tmp_path_factory.mktemp("sound"))


BOUNDS = Limits(seconds=900, cpu_seconds=60, memory_bytes=1500 * 1024**2)
"""Within these every answer to a bomb has to come: by the clock, a crowded machine has its time."""


def bounded_check(*paths: Path) -> str:
    """Load cases within bounds of time and memory; return the error, empty when there is none."""
    outcome = run_isolated(child_calls.load, tuple(str(p) for p in paths), BOUNDS)
    assert not outcome.failure, outcome.failure
    return str(outcome.error or "")
