"""The whole large case, from the start of the process to the printed result, all 23 structures.

Everything counts: starting the interpreter, imports, reading DICOM, 23 DVHs, printing. plastimatch
rasterises on the dose grid, its coarsest sensible setting, which takes two processes; its own
default, a finer raster, is shown as well.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench_helpers import (
    Run,
    SkippedError,
    machine,
    median_run,
    print_table,
    ratio,
    run,
    run_dicompyler,
    verdict,
)
from large_case import case_folder

TARGET_SECONDS, TARGET_MB, TARGET_RATIO = 2.5, 600.0, 25.0


def plastimatch_on_dose_grid(case: Path, scratch: Path) -> list[list[str | Path]]:
    """Return the two commands: structures to a raster on the dose grid, raster to DVHs."""
    raster, names = scratch / "structures.mha", scratch / "structures.txt"
    convert = [
        "plastimatch", "convert", "--input", case / "RTSTRUCT.dcm", "--fixed", case / "RTDOSE.dcm",
        "--output-ss-img", raster, "--output-ss-list", names,
    ]  # fmt: skip
    dvh = [
        "plastimatch", "dvh", "--input-ss-img", raster, "--input-ss-list", names,
        "--input-dose", case / "RTDOSE.dcm", "--output-csv", scratch / "dvh.csv",
    ]  # fmt: skip
    return [convert, dvh]


def plastimatch_default(case: Path, scratch: Path) -> list[list[str | Path]]:
    """Return the one command that lets plastimatch choose the raster."""
    return [["plastimatch", "dvh", "--input", case, "--output-csv", scratch / "dvh.csv"]]


def chained(commands: Sequence[Sequence[str | Path]], repeats: int) -> Run:
    """Run commands one after the other, several times: median of the sums, largest peak."""
    every = [[run(command) for command in commands] for _ in range(repeats + 1)][1:]
    total = statistics.median(sum(r.seconds for r in one) for one in every)
    return Run(total, max(r.peak_mb for one in every for r in one), "")


def peers(case: Path, repeats: int) -> dict[str, Run]:
    """Measure every peer that is installed."""
    found: dict[str, Run] = {}
    if shutil.which("plastimatch"):
        with tempfile.TemporaryDirectory() as name:
            scratch = Path(name)
            commands = plastimatch_on_dose_grid(case, scratch)
            found["plastimatch, dose grid"] = chained(commands, repeats)
            found["plastimatch, default"] = chained(plastimatch_default(case, scratch), 1)
    else:
        print("skipped: plastimatch not installed (Debian package plastimatch)")
    try:
        found["dicompyler-core 0.5.6"] = run_dicompyler(case)[0]
    except SkippedError as why:
        print(f"skipped: {why}")
    return found


def main(repeats: int) -> None:
    case = case_folder("large")
    command = [sys.executable, "-m", "sbrt_qa.cli", "dvh", case]
    circumstances = machine()
    ours = median_run([*command, "--format", "json"], repeats)
    table = median_run(command, repeats)
    others = peers(case, repeats)
    rows = [
        _row("sbrt_qa, JSON", ours, ""),
        _row("sbrt_qa, table", table, ""),
        *(_row(name, peer, ratio(peer.seconds, ours.seconds)) for name, peer in others.items()),
    ]
    header = ("tool", "seconds", "peak MB", "we are faster")
    print_table(f"Large case, start to printed result ({circumstances})", header, rows)
    peak_mb = max(ours.peak_mb, table.peak_mb)
    targets = {
        f"at most {TARGET_SECONDS:g} s": ours.seconds <= TARGET_SECONDS,
        f"at most {TARGET_MB:g} MB": peak_mb <= TARGET_MB,
    }
    for name, peer in others.items():
        if name.startswith("dicompyler"):
            targets[f"at least {TARGET_RATIO:g}x"] = peer.seconds / ours.seconds >= TARGET_RATIO
        elif name.endswith("dose grid"):
            targets["not slower than plastimatch on the dose grid"] = ours.seconds <= peer.seconds
    for what, reached in targets.items():
        print(f"target {what}: {verdict(met=reached)}")


def _row(name: str, measured: Run, faster: str) -> list[str]:
    return [name, f"{measured.seconds:.2f}", f"{measured.peak_mb:.0f}", faster]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    main(parser.parse_args().repeats)
