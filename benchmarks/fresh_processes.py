"""Fresh processes that read one structure set, two at a time: how many lose it to a race.

    scripts/bench fresh_processes [PROCESSES]

Each process reads the contours on several threads, with a cache of compiled code that is empty at
first and with one that is filled. A structure set that is not read as the others read it is lost.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from sbrt_qa.dicom.write.common import CaseIds
from sbrt_qa.dicom.write.linked_set import CaseContent, write_case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.structure import Contour, Structure, StructureSet

PROCESSES, AT_ONCE = 60, 2
ROIS, PLANES, POINTS = 17, 60, 180

READ = """
import sys
from sbrt_qa.dicom.load import load_cases
(case,) = load_cases(sys.argv[1])
print(sum(float(c.xy_mm.sum()) for s in case.structures.structures for c in s.contours))
"""


def structure_set() -> StructureSet:
    """Return cylinders whose contours have digits enough for about 3 MB of text."""
    turn = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    rois = []
    for number in range(1, ROIS + 1):
        radius = 10.123 + 3 * number
        xy = np.column_stack([radius * np.cos(turn) + 0.0137, radius * np.sin(turn) - 0.0219])
        contours = tuple(Contour(2.5 * k, xy + 0.001 * k) for k in range(PLANES))
        rois.append(Structure(number, f"ROI{number}", contours, "ORGAN"))
    return StructureSet(tuple(rois))


def one(folder: Path, cache: Path) -> str:
    """Return what a fresh process read, or what it said."""
    ran = subprocess.run(
        [sys.executable, "-c", READ, str(folder)],
        capture_output=True, text=True, check=False,
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
    )  # fmt: skip
    return ran.stdout.strip() or ran.stderr.strip().splitlines()[-1]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else PROCESSES
    axis_mm = np.array([-10.0, 0.0, 10.0])
    dose = DoseGrid(np.ones((3, 3, 3)), axis_mm, axis_mm, axis_mm)
    lost = 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "case"
        folder.mkdir()
        write_case(
            CaseContent(structures=structure_set(), dose=dose), folder, CaseIds(seed="fresh")
        )
        size = max(file.stat().st_size for file in folder.iterdir())
        print(f"a structure set of {size / 1e6:.1f} MB, {AT_ONCE} processes at a time")
        for what in ("an empty cache of compiled code", "a filled one"):
            with ThreadPoolExecutor(AT_ONCE) as pool:
                answers = list(pool.map(one, [folder] * count, [Path(place) / "cache"] * count))
            usual = max(set(answers), key=answers.count)
            wrong = [a for a in answers if a != usual or not a[:1].lstrip("-").isdigit()]
            lost += len(wrong)
            print(f"{count} processes from {what}: {len(wrong)} lost")
            for text in dict.fromkeys(wrong):
                print(f"    {text}")
    raise SystemExit(bool(lost))


if __name__ == "__main__":
    main()
