"""What it takes to answer ``sbrt-qa --help``, and which libraries that imports."""

from __future__ import annotations

import subprocess
import sys

from bench_helpers import machine, median_run, print_table, verdict

COMMAND = "sbrt_qa.cli"
FORBIDDEN = ("numba", "SimpleITK", "pydicom", "numpy", "scipy", "ruamel")
"""Libraries that help must not wait for."""

LIST_MODULES = """
import runpy, sys
sys.argv = ["sbrt-qa", "--help"]
try:
    runpy.run_module("sbrt_qa.cli", run_name="__main__")
except SystemExit:
    pass
print(" ".join(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def imported_packages() -> set[str]:
    """Return the top-level packages that are loaded once help has been printed."""
    done = subprocess.run(
        [sys.executable, "-c", LIST_MODULES], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


def main() -> None:
    bare = median_run([sys.executable, "-c", "pass"], 15)
    shown = median_run([sys.executable, "-m", COMMAND, "--help"], 15)
    rows = [
        [name, f"{1000 * r.seconds:.0f}", f"{r.peak_mb:.0f}"]
        for name, r in (("python alone", bare), ("sbrt-qa --help", shown))
    ]
    print_table(f"Start-up ({machine()})", ("process", "median ms", "peak MB"), rows)
    loaded = sorted(imported_packages() & set(FORBIDDEN))
    print(f"target imports none of {', '.join(FORBIDDEN)}: {verdict(met=not loaded)}")
    if loaded:
        print(f"imported: {', '.join(loaded)}")


if __name__ == "__main__":
    main()
