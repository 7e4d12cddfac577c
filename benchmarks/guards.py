"""What hostile input costs the sound: reading a large structure set, and checking the large case.

The structure set has 40 MB and 200 ROIs. Reading it counts elements, contours and points, checks
every number and every link; the peer, ``np.array(contour.ContourData, float)``, checks nothing.
``--untrusted`` adds a process of its own with caps. The large case is measured from the start of
the process to the printed result: all DVHs, plain and isolated, which have a target, and ``sbrt-qa
check``, which does more (limits, bands, checks).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench_helpers import (
    Run,
    adopt_orphans,
    machine,
    median_run,
    print_table,
    ratio,
    verdict,
)
from large_case import case_folder
from rtstruct_load import with_pydicom, with_sbrt_qa

from sbrt_qa.pipeline import warm_up
from sbrt_qa.sandbox import run_isolated

TARGET_SECONDS = 2.0
TARGET_CASE_SECONDS, TARGET_CASE_MB = 2.5, 600.0


def count_contours(file: str) -> int:
    """Read a structure set and say how many contours it has: what a process of its own does."""
    return len(with_sbrt_qa(Path(file)))


def isolated(file: Path) -> None:
    """Read the file in a process of its own, with the caps of ``--untrusted``."""
    outcome = run_isolated(count_contours, (str(file),), prepare=warm_up)
    if not outcome.value:
        raise SystemExit(f"not read: {outcome.failure or outcome.error}")


def both_times(call: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Return median seconds, and median processor seconds of this process."""
    call()
    wall, cpu = [], []
    for _ in range(repeats):
        start, cpu_start = time.perf_counter(), time.process_time()
        call()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - cpu_start)
    return statistics.median(wall), statistics.median(cpu)


def structure_set(repeats: int) -> dict[str, bool]:
    """Show how long the structure set takes; return its target."""
    file = case_folder("rois") / "RTSTRUCT.dcm"
    circumstances = machine()
    warm_up()
    ours, ours_cpu = both_times(lambda: with_sbrt_qa(file), repeats)
    apart, _ = both_times(lambda: isolated(file), repeats)
    start, cpu_start = time.perf_counter(), time.process_time()
    contours = with_pydicom(file)
    peer, peer_cpu = time.perf_counter() - start, time.process_time() - cpu_start
    points = sum(len(contour) for contour in contours)
    rows = [
        ["sbrt_qa", f"{ours:.2f}", f"{ours_cpu:.2f}", ""],
        ["sbrt_qa, process of its own", f"{apart:.2f}", "", ""],
        ["pydicom, ContourData", f"{peer:.2f}", f"{peer_cpu:.2f}", ratio(peer_cpu, ours_cpu)],
    ]
    size_mb = file.stat().st_size / 1e6
    title = f"{size_mb:.0f} MB, 200 ROIs, {len(contours)} contours, {points} points"
    header = ("reader", "seconds", "CPU seconds", "we are faster")
    print_table(f"{title} ({circumstances})", header, rows)
    return {f"{size_mb:.0f} MB in less than {TARGET_SECONDS:g} s": ours_cpu < TARGET_SECONDS}


def large_case(repeats: int) -> dict[str, bool]:
    """Show what the large case takes, plain and isolated; return its targets."""
    case = case_folder("large")
    program = [sys.executable, "-m", "sbrt_qa.cli"]
    isolated_dvh = [sys.executable, Path(__file__).with_name("isolated_dvh.py"), case]
    commands = {
        "dvh": [*program, "dvh", case, "--format", "json"],
        "dvh in a process of its own": isolated_dvh,
        "check --no-bands": [*program, "check", case, "--no-bands", "--format", "json"],
        "check": [*program, "check", case, "--format", "json"],
        "check --untrusted": [*program, "check", "--untrusted", case, "--format", "json"],
    }
    circumstances = machine()
    measured = {
        name: median_run(command, repeats, accept=(0, 10, 20, 30))
        for name, command in commands.items()
    }
    rows = [_row(name, run) for name, run in measured.items()]
    header = ("command", "seconds", "CPU seconds", "peak MB")
    print_table(f"Large case, start to printed result ({circumstances})", header, rows)
    bounds = f"at most {TARGET_CASE_SECONDS:g} s and {TARGET_CASE_MB:g} MB"
    return {
        f"large case, {name}: {bounds}": (
            run.seconds <= TARGET_CASE_SECONDS and run.peak_mb <= TARGET_CASE_MB
        )
        for name, run in measured.items()
        if name.startswith("dvh")
    }


def _row(name: str, run: Run) -> list[str]:
    return [name, f"{run.seconds:.2f}", f"{run.cpu_seconds:.2f}", f"{run.peak_mb:.0f}"]


def main(repeats: int) -> None:
    targets = large_case(repeats)  # first: it waits for all children, and the other starts a server
    targets |= structure_set(repeats)
    for what, reached in targets.items():
        print(f"target {what}: {verdict(met=reached)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args().repeats
    adopt_orphans()
    main(chosen)
