"""What happens in the synthetic trial, before anybody writes it down.

Times are exponential with known hazards, so every estimator has a known truth. Nobody is real.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np

START: Final = dt.date(2021, 1, 11)
"""First day of accrual."""

CUT: Final = dt.date(2024, 6, 30)
"""The data cut, and the day up to which everything is written down."""

ACCRUAL_DAYS: Final = 730
YEAR: Final = 365.25
SCAN_DAYS: Final = 84
LOCAL_12, ELSEWHERE_12, DEATH_12 = 0.20, 0.20, 0.03
"""Probabilities of the control arm by 12 months, each as if it were the only cause."""
HR_LOCAL, HR_ELSEWHERE, HR_DEATH = 0.35, 0.8, 1.0
HR_MAJOR: Final = 3.0
"""Of a major deviation of the plan, for local recurrence."""
DEATH_AFTER: Final = 0.03 / 30.4375
"""Deaths per day after a recurrence."""
LOST_PER_YEAR: Final = 0.05
D50_GY, SLOPE_PER_GY = 18.0, 0.35
SITES: Final = (("A01", 0.4), ("B02", 0.3), ("C03", 0.2), ("D04", 0.1))
RECORDING_SITE: Final = "C03"
"""The site that sends treatment records; the form of others was filled in from them."""


def hazard(probability: float) -> float:
    """Return the hazard per day that gives a probability within a year."""
    return -math.log1p(-probability) / YEAR


@dataclass(frozen=True, slots=True)
class LatentSubject:
    """What happens to one subject; times in days from randomisation, infinite where never.

    Parameters
    ----------
    deviation
        Class of the plan: ``per_protocol``, ``minor``, ``major`` or ``not_evaluable``.
    lost
        When it is not heard of any more.
    """

    code: str
    site: str
    arm: str
    margin: str
    randomised: dt.date
    deviation: str
    mean_liver_gy: float
    local: float
    elsewhere: float
    death: float
    lost: float
    chemo: str
    age: int
    sex: str
    scan_days: tuple[int, ...] = ()
    hepatic: bool = False
    extra: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LatentTrial:
    """All subjects that were randomised, and the codes of those that failed screening."""

    seed: int
    subjects: tuple[LatentSubject, ...]
    failures: tuple[tuple[str, str, dt.date, str], ...]


def latent_trial(seed: int, size: int = 80, failures: int = 9) -> LatentTrial:
    """Return the trial of a seed: always the same for the same seed and size."""
    random = np.random.default_rng(seed)
    days = np.sort(random.uniform(0, ACCRUAL_DAYS, size)).astype(int)
    sites = random.choice([s for s, _ in SITES], size, p=[p for _, p in SITES])
    margins = random.choice(["R0", "R1"], size, p=[0.8, 0.2])
    arms = _blocks(random, margins)
    classes = _classes(random, arms)
    subjects = tuple(
        _subject(random, number, str(sites[number]), arms[number], str(margins[number]),
                 START + dt.timedelta(int(days[number])), classes[number])
        for number in range(size)
    )  # fmt: skip
    reasons = ("ecog", "labs", "liver_volume", "no_crlm", "consent")
    failed = tuple(
        (f"F{number + 1:03d}", str(random.choice([s for s, _ in SITES])),
         START + dt.timedelta(int(random.uniform(0, ACCRUAL_DAYS))), reasons[number % len(reasons)])
        for number in range(failures)
    )  # fmt: skip
    return LatentTrial(seed, subjects, failed)


def _blocks(random: np.random.Generator, margins: np.ndarray) -> list[str]:
    """Return arms of permuted blocks of four, by margin."""
    waiting: dict[str, list[str]] = {"R0": [], "R1": []}
    arms = []
    for margin in margins:
        block = waiting[str(margin)]
        if not block:
            block.extend(random.permutation(["SBRT", "SBRT", "CONTROL", "CONTROL"]).tolist())
        arms.append(str(block.pop()))
    return arms


def _classes(random: np.random.Generator, arms: list[str]) -> list[str]:
    """Return the class of each plan: of 40 eight are major, ten minor, two not evaluable."""
    treated = [i for i, arm in enumerate(arms) if arm == "SBRT"]
    order = random.permutation(len(treated))
    shares = (("major", 0.2), ("minor", 0.25), ("not_evaluable", 0.05))
    classes = [""] * len(arms)
    at = 0
    for name, share in shares:
        for _ in range(round(share * len(treated))):
            classes[treated[order[at]]] = name
            at += 1
    for index in order[at:]:
        classes[treated[index]] = "per_protocol"
    return classes


def _subject(
    random: np.random.Generator, number: int, site: str, arm: str, margin: str,
    randomised: dt.date, deviation: str,
) -> LatentSubject:  # fmt: skip
    treated = arm == "SBRT"
    local_hr = (HR_LOCAL if treated else 1.0) * (HR_MAJOR if deviation == "major" else 1.0)
    local = random.exponential(1 / (hazard(LOCAL_12) * local_hr))
    elsewhere = random.exponential(1 / (hazard(ELSEWHERE_12) * (HR_ELSEWHERE if treated else 1.0)))
    death = random.exponential(1 / hazard(DEATH_12))
    recurred = min(local, elsewhere)
    after = recurred + random.exponential(1 / DEATH_AFTER)
    death = min(death, after) if recurred < death else death
    dose = float(np.clip(random.normal(13.5, 3.0), 5, 24)) if treated else 0.0
    chance = 1 / (1 + math.exp(-SLOPE_PER_GY * (dose - D50_GY))) if treated else 0.02
    steps = random.integers(-7, 8, 16)
    return LatentSubject(
        code=f"{number + 1:03d}", site=site, arm=arm, margin=margin, randomised=randomised,
        deviation=deviation, mean_liver_gy=dose, local=local, elsewhere=elsewhere, death=death,
        lost=random.exponential(YEAR / LOST_PER_YEAR),
        chemo=str(random.choice(["XELOX", "FOLFOX", "FOLFIRI"], p=[0.5, 0.3, 0.2])),
        age=int(random.integers(35, 79)), sex=str(random.choice(["F", "M"])),
        scan_days=tuple(int(SCAN_DAYS * (k + 1) + step) for k, step in enumerate(steps)),
        hepatic=bool(random.uniform() < chance),
        extra={"u": float(random.uniform()), "v": float(random.uniform())},
    )  # fmt: skip
