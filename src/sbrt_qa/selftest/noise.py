"""Phantoms with the noise of a Monte-Carlo dose."""

from __future__ import annotations

import dataclasses

import numpy as np

from sbrt_qa.testing.phantoms.suite import PRESCRIPTION_GY, PhantomPair


def noisy(pair: PhantomPair, percent: float, random: np.random.Generator) -> PhantomPair:
    """Return a pair with normal noise on every voxel, `percent` of the prescription strong."""
    dose = pair.dose
    noise_gy = random.normal(0.0, percent / 100 * PRESCRIPTION_GY, dose.dose_gy.shape)
    values = np.maximum(dose.dose_gy + noise_gy, 0.0)
    return dataclasses.replace(pair, dose=dataclasses.replace(dose, dose_gy=values))
