"""What bands cost: the sample's and the large case's DVHs, and the whole command, with and without.

Processor seconds of one process in one run, so that the ratios hold on a busy machine as well.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from bench_helpers import machine, pin_to_one_thread, print_table, verdict
from large_case import case_folder

from sbrt_qa import load_cases, load_protocol, review_case
from sbrt_qa.dosimetry.bands import Views, subject_of
from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.model.case import Case

TARGET_DVH, TARGET_CHECK = 6.0, 3.0
SAMPLE = "sample_dicom/minor"


def dvhs(case: Case, *, bands: bool) -> None:
    """Compute the DVH of every structure, and in every view of it."""
    doses = CaseDoses(case)
    views = Views(doses)
    for structure in structures_of(case).values():
        doses.dvh(structure)
        if bands:
            views.of(subject_of(structure))


def seconds(call: Callable[[], object], repeats: int) -> float:
    """Return the median processor time of a call, the first one not counted."""
    call()
    found = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return statistics.median(found)


def main(repeats: int) -> None:
    """Print both costs of both cases."""
    results = [
        _measure(*one, repeats) for one in (("sample", SAMPLE), ("large", case_folder("large")))
    ]
    header = ("what", "without s", "with s", "ratio")
    rows = [row for found, _ in results for row in found]
    print_table(f"Cost of bands, processor time ({machine()})", header, rows)
    for _, met in results:
        for what, reached in met.items():
            print(f"target {what}: {verdict(met=reached)}")


def _measure(
    name: str, folder: str | Path, repeats: int
) -> tuple[list[list[str]], dict[str, bool]]:
    (case,) = load_cases(folder)
    protocol = load_protocol("liver_sbrt")
    reading = seconds(lambda: load_cases(folder), 1)
    plain, banded = (seconds(lambda b=b: dvhs(case, bands=b), repeats) for b in (False, True))
    review, reviewed = (
        reading + seconds(lambda b=b: review_case(case, protocol, bands=b), repeats)
        for b in (False, True)
    )
    rows = [
        [f"{name}: DVHs of all structures", *_cells(plain, banded)],
        [f"{name}: reading and review", *_cells(review, reviewed)],
    ]
    met = {f"{name}: DVHs with bands at most {TARGET_DVH:g}x": banded <= TARGET_DVH * plain}
    if name == "large":
        met[f"check with bands at most {TARGET_CHECK:g}x"] = reviewed <= TARGET_CHECK * review
    return rows, met


def _cells(plain: float, banded: float) -> list[str]:
    return [f"{plain:.2f}", f"{banded:.2f}", f"{banded / plain:.1f}x"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    pin_to_one_thread()
    main(given.repeats)
