"""Intervals hold what they say: on simulated trials, they cover the truth often enough."""

from __future__ import annotations

import math

import numpy as np

from sbrt_qa import survival
from sbrt_qa.model.outcome import Reason

TRIALS = 100
LEAST = 87
"""Of 100 intervals of 95 %, fewer than this cover the truth in one of a thousand series."""


def test_intervals_cover_the_truth() -> None:
    rng = np.random.default_rng(20260101)
    hr, covered = 0.5, dict.fromkeys(("hr", "survival", "incidence", "rmst", "difference"), 0)
    for _ in range(TRIALS):
        arm = np.repeat([0, 1], 40)
        hazard = np.where(arm == 1, hr, 1.0) / 18.0
        latent = rng.exponential(1.0 / hazard)
        end = np.minimum(12.0, rng.exponential(1.0 / 0.005, 80))
        time, event = np.minimum(latent, end), latent <= end
        cause = event * np.where(rng.uniform(size=80) < 0.6, 1, 2)
        control = arm == 0
        truth = math.exp(-12.0 / 18.0)
        curve = survival.kaplan_meier(time[control], event[control])
        incidence = survival.cumulative_incidence(time[control], cause[control])
        t = float(time[control].max())
        means = survival.rmst_comparison(time, event, arm, 10.0)
        assert not isinstance(means, Reason)
        areas = [18.0 / r * (1.0 - math.exp(-10.0 * r / 18.0)) for r in (1.0, hr)]
        at_12 = [1.0 - math.exp(-12.0 * r / 18.0) for r in (hr, 1.0)]
        had = [int((latent[arm == a] <= 12.0).sum()) for a in (1, 0)]
        told = {
            "hr": (survival.cox(time, event, arm).interval(), hr),
            "survival": (curve.interval_at(t), math.exp(-t / 18.0) if t < 12.0 else truth),
            "incidence": (incidence.interval_at(1, t), 0.6 * (1.0 - math.exp(-t / 18.0))),
            "rmst": (means.difference.interval, areas[1] - areas[0]),
            "difference": (
                survival.newcombe(had[0], 40, had[1], 40).interval,
                at_12[0] - at_12[1],
            ),
        }
        for name, (interval, value) in told.items():
            assert not isinstance(interval, Reason)
            covered[name] += interval[0] <= value <= interval[1]
    assert min(covered.values()) >= LEAST, covered
