"""What the benchmarks share: timing, processes with their peak memory, peers, and the tables."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
DATA = HERE / ".data"
ENVIRONMENTS = HERE / ".envs"

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}
"""Environment in which no numerical library starts threads of its own."""

_PR_SET_CHILD_SUBREAPER = 36

DICOMPYLER_NEEDS = ("dicompyler-core==0.5.6", "pydicom<3")
"""dicompyler-core 0.5.6 does not import with pydicom 3, so it gets an environment of its own."""


@dataclass(frozen=True)
class Run:
    """One finished process; memory is the largest resident set of any process in it.

    ``cpu_seconds`` is the processor time, user and system, of all its processes: it is less
    disturbed by a busy machine than ``seconds``. nan where it was not measured.
    """

    seconds: float
    peak_mb: float
    output: str
    cpu_seconds: float = math.nan


class SkippedError(Exception):
    """A peer cannot take part; the message says why."""


def pin_to_one_thread() -> None:
    """Start this script again with `ONE_THREAD`, which libraries read when they are imported."""
    if any(os.environ.get(key) != value for key, value in ONE_THREAD.items()):
        again = [sys.executable, *sys.argv]
        os.execve(again[0], again, {**os.environ, **ONE_THREAD})  # noqa: S606 - no shell wanted


def times(call: Callable[[], object], repeats: int, warmup: int = 1) -> list[float]:
    """Return the seconds of `repeats` calls, after `warmup` calls that do not count."""
    for _ in range(warmup):
        call()
    seconds = []
    gc.collect()
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return seconds


def run(
    command: Sequence[str | Path],
    environment: Mapping[str, str] | None = None,
    accept: Sequence[int] = (0,),
) -> Run:
    """Run a process to its end; a failure stops the benchmark and shows what it said.

    `accept` are the exit codes that are no failure.

    The peak is that of the process itself and of the children it waited for, as the kernel counts
    them, whichever is larger.
    """
    used = _children_cpu_seconds()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=out,
            stderr=err,
            env={**os.environ, **(environment or {})},
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode not in accept:
            sys.exit(f"{command[0]} failed ({process.returncode}):\n{err.read().decode()}")
        output = out.read().decode(errors="replace")
        orphans_mb = reap_orphans()
        peak_mb = max(usage.ru_maxrss / 1024, orphans_mb)
        return Run(seconds, peak_mb, output, _children_cpu_seconds() - used)


def _children_cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def adopt_orphans() -> None:
    """Become the parent of grandchildren whose own parent has gone, on Linux.

    Python's fork server outlives the program that started it by a moment; without this, what it
    and its children used is lost.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_orphans() -> float:
    """Wait for all adopted processes; return the largest resident set of any, in MB."""
    peak_mb = 0.0
    with contextlib.suppress(ChildProcessError):
        while True:
            _, _, usage = os.wait4(-1, 0)
            peak_mb = max(peak_mb, usage.ru_maxrss / 1024)
    return peak_mb


def median_run(
    command: Sequence[str | Path],
    repeats: int,
    environment: Mapping[str, str] | None = None,
    accept: Sequence[int] = (0,),
) -> Run:
    """Run a process once without counting it, then `repeats` times: median time, largest peak."""
    run(command, environment, accept)
    runs = [run(command, environment, accept) for _ in range(repeats)]
    middle = statistics.median(r.seconds for r in runs)
    cpu_seconds = statistics.median(r.cpu_seconds for r in runs)
    return Run(middle, max(r.peak_mb for r in runs), runs[-1].output, cpu_seconds)


def dicompyler() -> Path:
    """Return the Python of dicompyler-core's own environment, which is made when it is absent.

    Raises
    ------
    SkippedError
        It cannot be made here.
    """
    folder = ENVIRONMENTS / "dicompyler"
    python = folder / "bin" / "python"
    check = [str(python), "-c", "import dicompylercore.dvhcalc"]
    if python.exists() and subprocess.run(check, capture_output=True, check=False).returncode == 0:
        return python
    print("installing dicompyler-core into benchmarks/.envs (once)", file=sys.stderr)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for step in ([sys.executable, "-m", "venv", str(folder)], [*pip, *DICOMPYLER_NEEDS], check):
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise SkippedError(f"dicompyler-core not installed ({why})")
    return python


def run_dicompyler(*arguments: str | Path) -> tuple[Run, dict[str, list[float]]]:
    """Run ``peers/dicompyler_dvh.py`` in that environment; return the process and its own times."""
    done = run([dicompyler(), HERE / "peers" / "dicompyler_dvh.py", *arguments], ONE_THREAD)
    return done, json.loads(done.output)


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under a title, as wide as they need: text to the left, all else to the right."""
    widths = [max(len(line[i]) for line in (header, *rows)) for i in range(len(header))]
    print(f"\n{title}")
    for line in (header, ["-" * w for w in widths], *rows):
        first, *rest = (
            cell.ljust(w) if i == 0 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join([first, *rest]).rstrip())


def ratio(peer_seconds: float, our_seconds: float) -> str:
    """Return how many times faster we are."""
    return f"{peer_seconds / our_seconds:.1f}x"


def verdict(*, met: bool) -> str:
    """Return the word for a target."""
    return "met" if met else "MISSED"


def machine() -> str:
    """Describe the circumstances of a run, which figures mean nothing without."""
    busy = os.getloadavg()[0]
    python = ".".join(str(n) for n in sys.version_info[:3])
    return f"{os.cpu_count()} cores, load before the run {busy:.1f}, Python {python}"
