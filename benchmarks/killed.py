"""Kill an audit at 200 random points (or `scripts/bench killed N`): nothing is lost or doubled.

The test of the suite, with more kills than it has time for.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEST = "tests/audit/test_killed.py::test_killed_at_random_points_nothing_is_lost_or_doubled"


def main() -> int:
    kills = sys.argv[1] if len(sys.argv) > 1 else "200"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", TEST],
        cwd=ROOT, env=os.environ | {"SBRT_QA_KILLS": kills}, check=False,
    )  # fmt: skip
    print(f"{kills} kills: {'nothing lost or doubled' if done.returncode == 0 else 'FAILED'}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
