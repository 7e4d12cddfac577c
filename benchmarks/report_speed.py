"""How long the HTML report of the large case takes after its review, and whether memory stays flat.

    scripts/bench report_speed [REPORTS]        default 100 reports of the sample's major case

Processor seconds, in one process each. Memory is the resident set after every report.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise
from pathlib import Path

from bench_helpers import print_table, run
from large_case import case_folder

SAMPLE = Path(__file__).parents[1] / "sample_dicom" / "major"


def one(folder: Path) -> None:
    """Review one case and render it twice; print seconds of each step and the size."""
    from sbrt_qa.dicom.load import load_cases
    from sbrt_qa.dosimetry.case_doses import CaseDoses
    from sbrt_qa.protocol.load import load_protocol
    from sbrt_qa.reports.registry import render_report
    from sbrt_qa.review.evidence import Reviewed
    from sbrt_qa.review.gather import gather
    from sbrt_qa.review.review import review_case

    (case,), rules = load_cases([folder]), load_protocol("liver_sbrt")
    doses = CaseDoses(case)
    marks = [time.process_time()]
    review = review_case(case, rules, doses=doses)
    marks.append(time.process_time())
    evidence = gather(doses, rules, {}, review)
    marks.append(time.process_time())
    page = render_report("html", Reviewed(review, evidence), "en")
    marks.append(time.process_time())
    steps = [b - a for a, b in pairwise(marks)]
    print(json.dumps([*steps, len(page) / 1e6]))


def many(count: int) -> None:
    """Make many reports in one process; print the resident set (MB) after each."""
    from sbrt_qa.reports.registry import render_report
    from sbrt_qa.workflows import reporting

    sizes = []
    for _ in range(count):
        render_report("html", reporting.report([SAMPLE], bands=False), "en")
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        sizes.append(pages * 4096 / 1e6)
    print(json.dumps(sizes))


def main() -> None:
    count = sys.argv[1] if len(sys.argv) > 1 else "100"
    rows = []
    for name, folder in (("large", case_folder("large")), ("sample, major", SAMPLE)):
        done = run([sys.executable, __file__, "--one", folder])
        review, evidence, html, size = json.loads(done.output)
        seconds = (f"{s:.2f}" for s in (review, evidence, html))
        rows.append([name, *seconds, f"{size:.2f}", f"{done.peak_mb:.0f}"])
    header = ("case", "review s", "evidence s", "HTML s", "file MB", "peak MB")
    print_table("HTML report, processor seconds", header, rows)
    sizes = json.loads(run([sys.executable, __file__, "--many", count]).output)
    at = [i for i in (1, 10, 25, 50, 100) if i <= len(sizes)]
    print_table("Resident MB after so many reports in one process",
                tuple(map(str, at)), [[f"{sizes[i - 1]:.0f}" for i in at]])  # fmt: skip


if __name__ == "__main__":
    if "--one" in sys.argv:
        one(Path(sys.argv[-1]))
    elif "--many" in sys.argv:
        many(int(sys.argv[-1]))
    else:
        main()
