"""Two versions of the program side by side: processor time and memory of whole commands.

The earlier one is a commit of this repository, installed beside (once, in benchmarks/.envs); where
it cannot be installed its source runs on the libraries of this environment. Both run in turn, each
command several times, and the least time of each counts: what else the machine does adds time only.

    scripts/bench versions [COMMIT] [--repeats 3] [--only "check"]
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench_helpers import (
    ENVIRONMENTS,
    HERE,
    ONE_THREAD,
    Run,
    adopt_orphans,
    machine,
    print_table,
    run,
)
from large_case import case_folder

BEFORE = "75b9fc1"
"""The commit before the second edition of the engine."""

ROOT = HERE.parent

TARGETS = {"check sample": 0.4, "large, without": 0.25, "audit, a submission": 0.4}
"""Ratios that are to be reached."""

COLD_SECONDS = 25
"""Processor time that a first `check` may take, with nothing in the cache of kernels."""

FEW, MORE = 2, 10
"""Submissions of two audits; the difference is what each further one costs."""

REVIEW = """
import gc, pathlib, sys, time
from sbrt_qa.dicom.load import load_cases
from sbrt_qa.protocol.protocol_files import load_family
from sbrt_qa.review.review import review_case
rules, best = load_family("liver_sbrt"), 1e9
for _ in range(3):
    (case,) = load_cases([pathlib.Path(sys.argv[1])])
    version = rules.of(case)
    gc.collect()
    start = time.process_time()
    review_case(case, version, bands=sys.argv[2] == "bands")
    best = min(best, time.process_time() - start)
print(best)
"""
"""Seconds of a review alone, after loading and with all kernels in memory."""

WRITER = """
import pathlib, sys
from sbrt_qa.testing.sample.trial import write_trial
write_trial(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
"""
"""Each version writes the trial it audits: its protocol may name checks the other does not know."""


@dataclass(frozen=True)
class Version:
    """One installed version: its name, its Python, and where else to look for its source."""

    name: str
    python: Path
    source: Path | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {} if self.source is None else {"PYTHONPATH": str(self.source)}


def install(commit: str) -> Version:
    """Return a commit of this repository, installed beside; once."""
    folder = ENVIRONMENTS / f"commit-{commit}"
    source, python = folder / "repository", folder / "env" / "bin" / "python"
    if not source.is_dir():
        packed = subprocess.run(
            ["git", "archive", "--format=tar", commit], cwd=ROOT, capture_output=True, check=False
        )
        if packed.returncode != 0:
            sys.exit(f"no commit {commit} here:\n{packed.stderr.decode()}")
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
            archive.extractall(source, filter="data")
    if not (folder / "installed").exists():
        print(f"installing {commit} into benchmarks/.envs (once)", file=sys.stderr)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        steps = ([sys.executable, "-m", "venv", str(folder / "env")], [*pip, "-e", str(source)])
        if any(subprocess.run(step, capture_output=True, check=False).returncode for step in steps):
            print("not installable here: its source runs on the libraries of this environment")
            return Version(commit, Path(sys.executable), source / "src")
        (folder / "installed").touch()
    return Version(commit, python)


def measured(
    versions: Sequence[Version], arguments: Sequence[object], repeats: int
) -> dict[str, tuple[float, float]]:
    """Return the least processor seconds of each version, and the largest peak (MB)."""
    runs: dict[str, list[Run]] = {v.name: [] for v in versions}
    for turn in range(repeats + 1):
        for version in versions:
            one = run(
                [version.python, *map(str, arguments)],
                {**ONE_THREAD, **version.environment},
                accept=(0, 10, 20),
            )
            if turn > 0:  # the first fills the caches
                runs[version.name].append(one)
    return {
        name: (min(r.cpu_seconds for r in found), max(r.peak_mb for r in found))
        for name, found in runs.items()
    }


def alone(version: Version, folder: Path, how: str) -> float:
    """Return the processor seconds of one review after loading."""
    with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
        script.write(REVIEW)
        script.flush()
        return float(run([version.python, script.name, folder, how], version.environment).output)


def cold(version: Version) -> float:
    """Return the processor seconds of a first `check` of the sample, all kernels compiled."""
    arguments = ["-m", "sbrt_qa.cli", "check", ROOT / "sample_dicom" / "compliant", "-f", "json"]
    with tempfile.TemporaryDirectory() as cache:
        around = {**ONE_THREAD, **version.environment, "NUMBA_CACHE_DIR": cache}
        return run([version.python, *arguments], around, accept=(0, 10, 20)).cpu_seconds


def audited(version: Version) -> float:
    """Return the processor seconds of one more submission of an audit on one core."""
    adopt_orphans()
    took = []
    with tempfile.TemporaryDirectory() as scratch:
        for count in (FEW, MORE):
            trial = Path(scratch) / str(count)
            writer = [version.python, "-c", WRITER, trial, str(count)]
            run(writer, version.environment)
            arguments = ["-o", trial / "out", "-p", trial / "protocol_v1.yaml", "-j", "1"]
            command = [version.python, "-m", "sbrt_qa.cli", "audit", "--quiet", *arguments]
            around = {**ONE_THREAD, **version.environment}
            took.append(run([*command, trial / "submissions"], around, accept=(0, 10, 20, 30)))
    return (took[1].cpu_seconds - took[0].cpu_seconds) / (MORE - FEW)


def commands() -> dict[str, list[object]]:
    """Return the commands that are compared, by name."""
    sample = ROOT / "sample_dicom" / "compliant"
    cli = ["-m", "sbrt_qa.cli"]
    html = Path(tempfile.gettempdir()) / "sbrt_qa_bench.html"
    large, with_ct = case_folder("large"), case_folder("large_ct")
    return {
        "help": [*cli, "--help"],
        "inspect sample": [*cli, "inspect", sample],
        "dvh sample": [*cli, "dvh", sample, "-f", "json"],
        "check sample": [*cli, "check", sample, "-f", "json"],
        "check sample, no bands": [*cli, "check", sample, "-f", "json", "--no-bands"],
        "report sample": [*cli, "report", sample, "-o", html],
        "dvh large": [*cli, "dvh", large, "-f", "json"],
        "dvh large, CT beside": [*cli, "dvh", with_ct, "-f", "json"],
        "check large": [*cli, "check", large, "-f", "json"],
        "check large, no bands": [*cli, "check", large, "-f", "json", "--no-bands"],
    }


def main() -> None:
    """Measure both versions, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit", nargs="?", default=BEFORE)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="", help="commands whose name holds this")
    given = parser.parse_args()
    versions = [install(given.commit), Version("now", Path(sys.executable))]
    rows = []
    for name, arguments in commands().items():
        if given.only not in name:
            continue
        found = measured(versions, arguments, given.repeats)
        (before, peak_before), (now, peak_now) = (found[v.name] for v in versions)
        target = f"<= {TARGETS[name]:g}" if name in TARGETS else ""
        rows.append(
            [name, f"{before:.2f}", f"{now:.2f}", f"{now / before:.2f}", target,
             f"{peak_before:.0f}", f"{peak_now:.0f}"]
        )  # fmt: skip
    header = ("command", given.commit, "now", "ratio", "target", "MB before", "MB now")
    print_table(f"Whole processes, processor seconds ({machine()})", header, rows)
    if not given.only:
        print_parts(given.commit, versions)


def print_parts(commit: str, versions: Sequence[Version]) -> None:
    """Print what is not a whole command: reviews alone, a first run, a submission of an audit."""
    rows = []
    for what, folder in (
        ("sample", ROOT / "sample_dicom/compliant"),
        ("large", case_folder("large")),
    ):
        times = {how: [alone(v, folder, how) for v in versions] for how in ("without", "bands")}
        rows += [row(f"{what}, {how}", *both) for how, both in times.items()]
        before, now = (b / w for b, w in zip(times["bands"], times["without"], strict=True))
        rows.append([f"{what}, bands / without (<= 2)", f"{before:.2f}", f"{now:.2f}", "", ""])
    rows.append(row("audit, a submission", *map(audited, versions)))
    rows.append(row(f"cold start (<= {COLD_SECONDS} s)", *map(cold, versions)))
    header = ("part", commit, "now", "ratio", "target")
    print_table("Parts, processor seconds", header, rows)


def row(name: str, before: float, now: float) -> list[str]:
    """Return one row of the table of parts."""
    target = f"<= {TARGETS[name]:g}" if name in TARGETS else ""
    return [name, f"{before:.2f}", f"{now:.2f}", f"{now / before:.2f}", target]


if __name__ == "__main__":
    main()
