"""What all plan checks cost on the large case, in processor time, next to the whole review.

Names of the case are mapped to those of the protocol, so that every check of structures has its
structures, however little sense they make there. At most 1.5 s is asked for.
"""

from __future__ import annotations

import statistics
import time

from bench_helpers import print_table
from large_case import case_folder

from sbrt_qa import load_cases, load_protocol, review_case
from sbrt_qa.checks import run_checks

NAMES = (
    "Stomach", "Duodenum", "Bowel_Small", "Bowel_Large", "Esophagus", "SpinalCord",
    "SpinalCord_PRV05", "Kidney_L", "Kidney_R", "Heart", "GreatVes", "BileDuct_Common",
    "Gallbladder", "Chestwall", "Rib", "Skin", "Spleen", "Lungs", "CTV", "GTV",
)  # fmt: skip
MAPPING = {"BODY": "External", "LIVER": "Liver"} | {
    f"ORGAN_{i:02d}": name for i, name in enumerate(NAMES, start=1)
}
TARGET_SECONDS, RUNS = 1.5, 3


def main() -> None:
    """Print the cost of each check that takes more than a hundredth of a second."""
    (case,) = load_cases(case_folder("large"))
    protocol = load_protocol("liver_sbrt")
    spent: dict[str, list[float]] = {}
    whole: list[float] = []
    plain = run_checks._findings  # noqa: SLF001 - what is measured is each check by itself

    def timed(one: run_checks.Configured, context: run_checks.CheckContext) -> list[object]:
        began = time.process_time()
        found = list(plain(one, context))
        spent.setdefault(one.check.code, []).append(time.process_time() - began)
        return found

    run_checks._findings = timed  # type: ignore[assignment]  # noqa: SLF001
    for _ in range(RUNS + 1):
        began = time.process_time()
        review_case(case, protocol, mapping=MAPPING, bands=False)
        whole.append(time.process_time() - began)
    cost = {code: statistics.median(times[1:]) for code, times in spent.items()}
    total = sum(cost.values())
    rows = [[code, f"{s:.3f}"] for code, s in sorted(cost.items(), key=lambda c: -c[1]) if s > 0.01]
    rows += [
        ["all checks", f"{total:.2f}"],
        ["review without bands", f"{statistics.median(whole[1:]):.2f}"],
    ]
    print_table("Plan checks on the large case, CPU seconds", ("check", "s"), rows)
    met = "met" if total <= TARGET_SECONDS else "MISSED"
    print(f"all checks: {total:.2f} s of {TARGET_SECONDS} s: {met}")


if __name__ == "__main__":
    main()
