"""How often intervals of the estimators hold the truth of the synthetic trial, over many seeds.

    python benchmarks/trial_coverage.py [--seeds 100]

What happened (not what was written down) is analysed: times are exponential with known hazards, so
the hazard ratios of arm and of a major deviation, the incidence of a local recurrence first and
the share free of any event at 12 months are known. Of 100 intervals of 95 % at least 87 hold the
truth, or something is wrong (the 0.1 % quantile of the binomial is 87).
"""

from __future__ import annotations

import argparse
import math
import sys

from sbrt_qa.model.outcome import Reason
from sbrt_qa.survival import cox, cumulative_incidence, kaplan_meier
from sbrt_qa.testing.outcomes.latent_trial import (
    DEATH_12,
    ELSEWHERE_12,
    HR_LOCAL,
    HR_MAJOR,
    LOCAL_12,
    YEAR,
    LatentSubject,
    hazard,
    latent_trial,
)

LEAST = 0.87
FOLLOWED = 3 * YEAR


def first(one: LatentSubject) -> tuple[float, int]:
    """Return when and by which cause the first event came: 1 local, 2 elsewhere, 3 death."""
    ends = [(one.local, 1), (one.elsewhere, 2), (one.death, 3), (min(one.lost, FOLLOWED), 0)]
    return min(ends)


def truths() -> dict[str, float]:
    """Return what the intervals must hold."""
    rates = [hazard(p) for p in (LOCAL_12, ELSEWHERE_12, DEATH_12)]
    total = sum(rates)
    free = math.exp(-total * YEAR)
    return {
        "hazard ratio of the arm, local": HR_LOCAL,
        "hazard ratio of a major deviation, local": HR_MAJOR,
        "incidence of local first at 12 months, control": rates[0] / total * (1 - free),
        "free of events at 12 months, control": free,
    }


def intervals(seed: int) -> dict[str, tuple[float, float] | Reason]:
    """Return the interval of each quantity in one trial."""
    subjects = latent_trial(seed).subjects
    ends = [first(one) for one in subjects]
    days = [end for end, _ in ends]
    arm = [float(one.arm == "SBRT") for one in subjects]
    major = [float(one.deviation == "major") for one in subjects]
    model = cox(days, [c == 1 for _, c in ends], list(zip(arm, major, strict=True)))
    control = [end for end, a in zip(ends, arm, strict=True) if not a]
    times, causes = [t for t, _ in control], [c for _, c in control]
    names = list(truths())
    return {
        names[0]: model.interval(0),
        names[1]: model.interval(1),
        names[2]: cumulative_incidence(times, causes).interval_at(1, YEAR),
        names[3]: kaplan_meier(times, [c > 0 for c in causes]).interval_at(YEAR),
    }


def covered(seeds: int) -> dict[str, tuple[int, int]]:
    """Return by quantity how many intervals hold the truth, and of how many there was one."""
    counts = dict.fromkeys(truths(), (0, 0))
    for seed in range(1, seeds + 1):
        for name, limits in intervals(seed).items():
            if not isinstance(limits, Reason):
                held, there = counts[name]
                truth = truths()[name]
                counts[name] = (held + (limits[0] <= truth <= limits[1]), there + 1)
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    found = covered(parser.parse_args().seeds)
    for name, (held, there) in found.items():
        print(f"{name}: {held} of {there}")
    return 0 if all(held >= LEAST * there for held, there in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
