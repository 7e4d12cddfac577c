"""What the checks of contours add to a review: processor time and peak memory, in processes.

Each case is reviewed in fresh processes in turn with these checks and without them, everything else
the same. At most 20 % of time and 40 MB are asked for.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

from bench_helpers import HERE, ONE_THREAD, Run, print_table, run, verdict

MOST_PERCENT, MOST_MB, RUNS = 20.0, 40.0, 3
SAMPLES = HERE.parent / "sample_dicom"


def review(folder: Path, *, with_checks: bool) -> None:
    """Review one case twice, and print the processor time of reading and review the second time."""
    from checks_speed import MAPPING

    from sbrt_qa import load_cases, load_protocol, review_case
    from sbrt_qa.checks.registry import CHECKS, Group
    from sbrt_qa.protocol.protocol_rows import CheckRule

    protocol = load_protocol("liver_sbrt")
    if not with_checks:
        codes = [c.code for c in CHECKS.values() if c.group is Group.CONTOURS]
        off = {code: CheckRule(applies=False) for code in codes}
        protocol = protocol.model_copy(update={"checks": {**protocol.checks, **off}})
    for _ in range(2):
        began = time.process_time()
        (case,) = load_cases(folder)
        there = {s.name for s in case.structures.structures}  # type: ignore[union-attr]
        mapping = {a: b for a, b in MAPPING.items() if a in there and b not in there}
        review_case(case, protocol, mapping=mapping, bands=False)
        spent = time.process_time() - began
    print(spent)


def main() -> None:
    """Print the table; with a case and ``with`` or ``without``, review it."""
    if len(sys.argv) == 3:
        review(Path(sys.argv[1]), with_checks=sys.argv[2] == "with")
        return
    from large_case import case_folder

    rows = []
    for name, folder in (
        ("compliant sample", SAMPLES / "compliant"),
        ("large case with its image", case_folder("large_ct")),
    ):
        runs: dict[str, list[Run]] = {"without": [], "with": []}
        for _ in range(RUNS):
            for how, found in runs.items():
                found.append(run([sys.executable, __file__, folder, how], ONE_THREAD))
        spent = {h: statistics.median(float(r.output) for r in f) for h, f in runs.items()}
        peak = {how: min(r.peak_mb for r in found) for how, found in runs.items()}
        percent = 100 * (spent["with"] / spent["without"] - 1)
        more_mb = peak["with"] - peak["without"]
        rows.append([
            name, f"{spent['without']:.2f}", f"{spent['with']:.2f}", f"{percent:+.0f} %",
            verdict(met=percent <= MOST_PERCENT), f"{peak['without']:.0f}", f"{peak['with']:.0f}",
            f"{more_mb:+.0f}", verdict(met=more_mb <= MOST_MB),
        ])  # fmt: skip
    heads = (
        "case",
        "s without",
        "s with",
        "more",
        "20 %",
        "MB without",
        "MB with",
        "more",
        "40 MB",
    )
    print_table("Checks of contours: processor time and peak memory", heads, rows)


if __name__ == "__main__":
    main()
