"""Reading 600,000 contour points: our reader beside pydicom's numbers, in one process.

The peer is the usual way, ``np.array(contour.ContourData, float)`` for every contour.
"""

from __future__ import annotations

import statistics
from pathlib import Path

import numpy as np
from bench_helpers import machine, pin_to_one_thread, print_table, ratio, times, verdict
from large_case import case_folder
from pydicom import dcmread

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.model.outcome import Reason

TARGET_RATIO = 10.0

Contours = list[np.ndarray]


def with_sbrt_qa(file: Path) -> Contours:
    """Read the file as the program does: checked, hashed, linked, every contour a float64 array."""
    (case,) = load_cases(file)
    if isinstance(case.structures, Reason):
        raise SystemExit("the generated structure set cannot be read")
    return [
        np.column_stack([c.xy_mm, np.full(len(c.xy_mm), c.z_mm)])
        for s in case.structures.structures
        for c in s.contours
    ]


def with_pydicom(file: Path) -> Contours:
    """Read the file through pydicom's values."""
    dataset = dcmread(file)
    return [
        np.array(contour.ContourData, float).reshape(-1, 3)
        for roi in dataset.ROIContourSequence
        for contour in roi.ContourSequence
    ]


def main() -> None:
    file = case_folder("points") / "RTSTRUCT.dcm"
    ours = times(lambda: with_sbrt_qa(file), 7)
    peer = times(lambda: with_pydicom(file), 3, warmup=0)
    pairs = zip(with_sbrt_qa(file), with_pydicom(file), strict=True)
    if not all(np.array_equal(a, b) for a, b in pairs):
        raise SystemExit("the two readings differ")
    middle, peer_middle = statistics.median(ours), statistics.median(peer)
    rows = [
        ["sbrt_qa", f"{1000 * middle:.0f}", f"{1000 * min(ours):.0f}", ""],
        [
            "pydicom, ContourData", f"{1000 * peer_middle:.0f}", f"{1000 * min(peer):.0f}",
            ratio(peer_middle, middle),
        ],
    ]  # fmt: skip
    header = ("reader", "median ms", "min ms", "we are faster")
    print_table(f"RTSTRUCT of 600,000 points, equal to the last bit ({machine()})", header, rows)
    reached = peer_middle / middle >= TARGET_RATIO
    print(f"target at least {TARGET_RATIO:g}x: {verdict(met=reached)}")


if __name__ == "__main__":
    pin_to_one_thread()
    main()
