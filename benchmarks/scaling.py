"""How cost grows: contour points, voxels, structures, and the part of the body that is asked about.

Each row is one series in which a single size grows; the exponent is the slope of a line through the
logarithms of processor time. 1 is in proportion to the size; nothing should be above 1.1.

    scripts/bench scaling [--full]       --full goes to 10^7 points and 10^9 voxels (8 GB)
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Sequence

import numpy as np
from bench_helpers import machine, pin_to_one_thread, print_table, verdict
from large_case import SLICE_MM, organ

from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.integrate import integrate
from sbrt_qa.geometry.regions import region_of
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Contour, Structure, StructureSet

MOST = 1.1
"""Largest exponent that is allowed."""


def dose_of(voxels: float, half_mm: float = 200.0) -> DoseGrid:
    """Return a smooth dose of about so many voxels on a cube."""
    count = round(voxels ** (1 / 3))
    axis = np.linspace(-half_mm, half_mm, count)
    fall = np.exp(-(axis**2) / 2 / 60**2)
    return DoseGrid(50 * fall[:, None, None] * fall[None, :, None] * fall, axis, axis, axis)


def oval(number: int, points: int, radius_mm: float, planes: int = 100) -> Structure:
    """Return an upright oval column with so many points in all."""
    angle = np.linspace(0, 2 * math.pi, max(points // planes, 3), endpoint=False)
    outline = radius_mm * np.column_stack([np.cos(angle), 0.8 * np.sin(angle)])
    first = -planes * SLICE_MM / 2
    contours = tuple(Contour(first + SLICE_MM * i, outline) for i in range(planes))
    return Structure(number, f"ROI_{number}", contours)


def seconds(call: Callable[[], object]) -> float:
    """Return the least processor time of three calls, or of one that takes long."""
    least = math.inf
    for _ in range(3):
        start = time.process_time()
        call()
        least = min(least, time.process_time() - start)
        if least > 5:
            break
    return least


def slope(sizes: Sequence[float], times: Sequence[float]) -> float:
    """Return the exponent: the slope of a straight line through both logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def by_points(*, full: bool) -> tuple[list[float], list[float]]:
    """DVH of one structure with ever more contour points."""
    sizes = [1e4, 1e5, 1e6, *([1e7] if full else [])]
    dose = dose_of(1e6)
    shapes = [oval(1, int(n), 90.0) for n in sizes]
    return sizes, [seconds(lambda s=s: integrate(region_of(s), dose)) for s in shapes]


def by_voxels(*, full: bool) -> tuple[list[float], list[float]]:
    """DVH of one structure in ever finer doses."""
    sizes, times = [1e6, 8e6, 64e6, *([1e9] if full else [])], []
    column = oval(1, 20_000, 90.0)
    for n in sizes:
        dose = dose_of(n)
        times.append(seconds(lambda dose=dose: integrate(region_of(column), dose)))
    return sizes, times


def by_structures(*, full: bool) -> tuple[list[float], list[float]]:  # noqa: ARG001
    """DVHs of ever more structures of one case."""
    sizes, times, dose = [3.0, 30.0, 300.0], [], dose_of(1e6)
    no_plan = Reason(ReasonCode.REFERENCE_MISSING, say("none"))
    for n in sizes:
        rois = tuple(
            organ(
                i + 1, f"ROI_{i}", (-60.0 + 0.4 * i, -40.0 + 0.3 * i, 0.0), (20.0, 15.0, 40.0), 200
            )
            for i in range(int(n))
        )
        case = Case("scaling", no_plan, StructureSet(rois), dose)
        times.append(
            seconds(lambda case=case, rois=rois: [CaseDoses(case).dvh(one) for one in rois])
        )
    return sizes, times


def by_body(*, full: bool) -> tuple[list[float], list[float]]:  # noqa: ARG001
    """DVH of an ever larger part of the body, at one spacing of points."""
    parts, dose = [0.01, 0.05, 0.25, 1.0], dose_of(8e6)
    shapes = [oval(1, int(1e5 * math.sqrt(p)), 180 * math.sqrt(p), 200) for p in parts]
    return parts, [seconds(lambda s=s: integrate(region_of(s), dose)) for s in shapes]


SERIES = {
    "contour points": by_points,
    "voxels": by_voxels,
    "structures": by_structures,
    "part of the body": by_body,
}


def main() -> None:
    """Measure every series, and print exponents."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    full = parser.parse_args().full
    integrate(region_of(oval(1, 1000, 20.0)), dose_of(1e4))  # compiles
    rows, worst = [], 0.0
    for name, series in SERIES.items():
        sizes, times = series(full=full)
        found = slope(sizes, times)
        worst = max(worst, found)
        told = ", ".join(f"{s:g}: {t:.3f}" for s, t in zip(sizes, times, strict=True))
        rows.append([name, told, f"{found:.2f}"])
    print_table(f"Cost against size ({machine()})", ("size", "seconds", "exponent"), rows)
    print(f"target no exponent above {MOST}: {verdict(met=worst <= MOST)}")


if __name__ == "__main__":
    pin_to_one_thread()
    main()
