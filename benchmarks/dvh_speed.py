"""One DVH of a liver-like organ of 1400 cc: 2 mm dose grid, 2 mm slices, one core, kernels warm.

Both tools start from files that are already read, and compute volume, curve and statistics with
their default settings; both are measured on one core, in this run.
"""

from __future__ import annotations

import argparse
import statistics

from bench_helpers import (
    SkippedError,
    machine,
    pin_to_one_thread,
    print_table,
    ratio,
    run_dicompyler,
    times,
    verdict,
)
from large_case import case_folder

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.integrate import integrate
from sbrt_qa.geometry.regions import region_of
from sbrt_qa.model.outcome import Reason

TARGET_MS, TARGET_RATIO = 25.0, 70.0


def main(repeats: int, peer_repeats: int) -> None:
    folder = case_folder("organ")
    (case,) = load_cases(folder)
    if isinstance(case.structures, Reason) or isinstance(case.dose, Reason):
        raise SystemExit("the generated case cannot be read")
    organ, dose = case.structures.structures[0], case.dose

    def compute() -> DVH | Reason:
        return integrate(region_of(organ), dose)

    result = compute()
    volume_cc = result.volume_cc if isinstance(result, DVH) else float("nan")
    ours = times(compute, repeats)
    rows = [_row("sbrt_qa", ours, volume_cc, "")]
    met = {f"at most {TARGET_MS:g} ms": 1000 * statistics.median(ours) <= TARGET_MS}
    try:
        _, peer = run_dicompyler(folder, str(organ.roi_number), str(peer_repeats))
    except SkippedError as why:
        print(f"skipped: {why}")
    else:
        middle, ours_middle = statistics.median(peer["seconds"]), statistics.median(ours)
        text = ratio(middle, ours_middle)
        rows.append(_row("dicompyler-core 0.5.6", peer["seconds"], peer["volume_cc"][0], text))
        met[f"at least {TARGET_RATIO:g}x"] = middle / ours_middle >= TARGET_RATIO
    header = ("tool", "median ms", "min ms", "volume cc", "we are faster")
    print_table(f"DVH of a 1400 cc organ, one core ({machine()})", header, rows)
    for what, reached in met.items():
        print(f"target {what}: {verdict(met=reached)}")


def _row(tool: str, seconds: list[float], volume_cc: float, faster: str) -> list[str]:
    middle, least = 1000 * statistics.median(seconds), 1000 * min(seconds)
    return [tool, f"{middle:.1f}", f"{least:.1f}", f"{volume_cc:.1f}", faster]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=101)
    parser.add_argument("--peer-repeats", type=int, default=5)
    given = parser.parse_args()
    pin_to_one_thread()
    main(given.repeats, given.peer_repeats)
