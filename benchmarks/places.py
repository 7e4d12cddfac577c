"""Random trees of folders, files, links, pipes and archives under awkward names.

Of every tree the survey of the audit has to account for each file and folder exactly once. The
trees and what is held against them are those of `tests/audit/test_places.py`, which makes a sample.
``--trees N`` makes N of them, from seed ``--first``. Fails when a place of any is missing.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from bench_helpers import HERE, machine, print_table, verdict

from sbrt_qa.audit.discovery import Submission, survey

sys.path.append(str(HERE.parent / "tests" / "audit"))


def places(trees: int, first: int) -> int:
    """Make trees, hold what the survey tells of each against what is there, print the sum."""
    from test_places import check, everything, grow

    told: Counter[str] = Counter()
    there = submissions = deepest = 0
    wrong: list[int] = []
    start = time.process_time()
    for seed in range(first, first + trees):
        with tempfile.TemporaryDirectory() as name:
            grow(os.fsencode(name), random.Random(seed), 0)  # noqa: S311 - no secret
            try:
                check(Path(name))
            except Exception:  # noqa: BLE001 - the next tree is tried all the same
                traceback.print_exc(limit=3)
                wrong.append(seed)
                continue
            paths = everything(os.fsencode(name))
            there += len(paths)
            deepest = max([deepest, *(path.count("/") + 1 for path in paths)])
            for one in survey(Path(name)):
                if isinstance(one, Submission):
                    submissions += 1
                else:
                    told[one.outcome] += one.entries
    seconds = time.process_time() - start
    rows = [[outcome, str(number)] for outcome, number in sorted(told.items())]
    rows += [["files and folders", str(there)], ["submissions", str(submissions)]]
    rows.append(["deepest", str(deepest)])
    print_table(f"{trees} random trees ({machine()})", ("what", "number"), rows)
    sound = not wrong and sum(told.values()) == there
    print(f"processor time: {seconds:.0f} s; trees with a place missing: {wrong or 'none'}")
    print(f"every place accounted for once: {verdict(met=sound)}")
    return int(not sound)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", type=int, default=2000)
    parser.add_argument("--first", type=int, default=1000, help="seed of the first tree")
    arguments = parser.parse_args()
    sys.exit(places(arguments.trees, arguments.first))
