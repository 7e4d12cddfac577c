"""Intervals hold the truth of the synthetic trial; on 100 seeds: scripts/bench trial_coverage."""

from __future__ import annotations

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "trial_coverage.py"
specification = importlib.util.spec_from_file_location("trial_coverage", SCRIPT)
benchmark = importlib.util.module_from_spec(specification)
specification.loader.exec_module(benchmark)


def test_intervals_hold_the_truth():
    """Of 20 intervals of 95 % fewer than 15 hold it once in a thousand times."""
    for name, (held, there) in benchmark.covered(20).items():
        assert there >= 18, name
        assert held >= 0.75 * there, name
