"""How long reports of the large case take after its review, and whether memory stays flat.

    scripts/bench report_speed [REPORTS] [FORMAT...]     default 100 reports in HTML, and 100 in PDF

The many reports are of the sample's major case, its dose a little higher each time, read and
reviewed anew, in one process for each format.

Processor seconds, in one process each. Memory is the resident set after every report; it is flat
when the last quarter of the reports needs no more than the second quarter, but for `SLACK_MB`.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from bench_helpers import print_table, run, verdict
from large_case import case_folder

FORMATS = ("html", "pdf", "dcm")

MANY = ("html", "pdf")
SLACK_MB = 30.0
MOST_MB = 600.0
MOST_SECONDS = {"html": 2.0, "pdf": 3.0}
"""After the review of the large case: the evidence and the file."""

SAMPLE = Path(__file__).parents[1] / "sample_dicom" / "major"


def one(folder: Path) -> None:
    """Review one case and render it; print seconds of each step and the sizes."""
    from sbrt_qa.dicom.load import load_cases
    from sbrt_qa.dosimetry.case_doses import CaseDoses
    from sbrt_qa.evidence.evidence import Reviewed
    from sbrt_qa.evidence.gather import gather
    from sbrt_qa.protocol.protocol_files import load_protocol
    from sbrt_qa.reports.registry import render_report
    from sbrt_qa.review.review import review_case

    (case,), rules = load_cases([folder]), load_protocol("liver_sbrt")
    doses = CaseDoses(case)
    marks = [time.process_time()]
    review = review_case(case, rules, doses=doses)
    marks.append(time.process_time())
    evidence = gather(doses, rules, {}, review)
    marks.append(time.process_time())
    sizes = []
    for form in FORMATS:
        sizes.append(len(render_report(form, Reviewed(review, evidence), "en")) / 1e6)
        marks.append(time.process_time())
    print(json.dumps([*(b - a for a, b in pairwise(marks)), *sizes]))


def many(count: int, form: str) -> None:
    """Make many reports in one process, no two alike; print the resident set (MB) after each."""
    from sbrt_qa.dicom.load import load_cases
    from sbrt_qa.pipeline.one_plan import Asked, review_and_gather
    from sbrt_qa.protocol.protocol_files import load_protocol
    from sbrt_qa.reports.registry import render_report

    rules, sizes = load_protocol("liver_sbrt"), []
    for number in range(count):
        (case,) = load_cases([SAMPLE])
        dose = replace(case.dose, dose_gy=case.dose.dose_gy * (1 + number / 1000))
        case = replace(case, dose=dose, subject=f"SAMPLE{number}")
        render_report(form, review_and_gather(case, rules, Asked(bands=False)), "en")
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        sizes.append(pages * 4096 / 1e6)
    print(json.dumps(sizes))


def speed() -> dict[str, bool]:
    """Show what one report takes; return the targets of the large case."""
    rows, targets = [], {}
    for name, folder in (("large", case_folder("large")), ("sample, major", SAMPLE)):
        done = run([sys.executable, __file__, "--one", folder])
        figures = json.loads(done.output)
        rows.append([name, *(f"{number:.2f}" for number in figures), f"{done.peak_mb:.0f}"])
        if name == "large":
            evidence, seconds = figures[1], dict(zip(FORMATS, figures[2:], strict=False))
            targets = {
                f"large case, {form} in {most:g} s after the review": evidence + seconds[form]
                <= most
                for form, most in MOST_SECONDS.items()
            }
            targets[f"large case in {MOST_MB:g} MB"] = done.peak_mb <= MOST_MB
    steps = ("review", "evidence", *FORMATS)
    header = ("case", *(f"{step} s" for step in steps), *(f"{f} MB" for f in FORMATS), "peak MB")
    print_table("Reports, processor seconds and size", header, rows)
    return targets


def memory(count: int, form: str) -> dict[str, bool]:
    """Show the resident set over many reports in one process; return the targets."""
    sizes = json.loads(run([sys.executable, __file__, "--many", str(count), form]).output)
    at = [i for i in (1, 10, 25, 50, 75, 100) if i <= len(sizes)]
    print_table(f"Resident MB after so many reports in one process ({form})",
                tuple(map(str, at)), [[f"{sizes[i - 1]:.0f}" for i in at]])  # fmt: skip
    quarter = max(len(sizes) // 4, 1)
    flat = max(sizes[-quarter:]) <= max(sizes[quarter : 2 * quarter] or sizes) + SLACK_MB
    return {
        f"{count} {form} reports: memory flat": flat,
        f"{count} {form} reports in {MOST_MB:g} MB": max(sizes) <= MOST_MB,
    }


def main() -> None:
    count, *forms = sys.argv[1:] or ["100"]
    targets = speed()
    for form in forms or MANY:
        targets |= memory(int(count), form)
    for what, reached in targets.items():
        print(f"target {what}: {verdict(met=reached)}")


if __name__ == "__main__":
    if "--one" in sys.argv:
        one(Path(sys.argv[-1]))
    elif "--many" in sys.argv:
        many(int(sys.argv[-2]), sys.argv[-1])
    else:
        main()
