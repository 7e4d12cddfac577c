"""What noise of the voxels, as of a Monte-Carlo dose, may have done to a DVH.

The truth is the dose without noise. How strong the noise is, the voxels themselves tell.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.accumulation import box_of
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.interpolation import noise_around_gy
from sbrt_qa.geometry.regions import Region, cells_of
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.units import cc_from_mm3

LEAST_NOISE: Final = 5e-4
"""Noise of voxels, as a part of the highest dose, below which it is none: a smooth dose has a
little of what it is told by, and a stored one is rounded."""

NOISE_SHARE: Final = 2.0
"""Largest error of the dose that one voxel decides, in standard deviations of its noise."""

NOISE_POWER: Final = 0.25
"""It falls with this power of the number of voxels: as the inverse root of their number in the
surface on which a dose is reached, which grows more slowly than that of those it encloses."""


def noise_views(dvh: DVH, region: Region, dose: DoseGrid) -> Iterator[tuple[str, DVH]]:
    """Return a DVH at both edges of what it may be without noise; none where there is no noise."""
    least_gy = LEAST_NOISE * dvh.max_gy
    noise_gy = noise_around_gy(dose, box_of(cells_of(region)), least_gy)
    if noise_gy <= least_gy:
        return
    sides = [float(np.median(np.diff(axis))) for axis in (dose.x_mm, dose.y_mm, dose.z_mm)]
    for name, sign in (("noise lower", -1.0), ("noise higher", 1.0)):
        yield name, without_noise(dvh, noise_gy, cc_from_mm3(math.prod(sides)), sign)


def without_noise(dvh: DVH, sd_gy: float, voxel_cc: float, sign: float) -> DVH:
    """Return the DVH at the edge (`sign` -1 or 1) of what it may be without noise of the voxels.

    Each dose moves by what the voxels that it divides, inside or outside, leave of the noise. The
    highest of many noisy voxels is too high, and the lowest too low, by some standard deviations.
    """
    inside = dvh.inside_grid_cc
    voxels = np.maximum(np.minimum(dvh.cumulative_cc, inside - dvh.cumulative_cc) / voxel_cc, 1.0)
    error = NOISE_SHARE * sd_gy * voxels**-NOISE_POWER
    whole = max(inside / voxel_cc, 2.0)
    # The expected highest of n standard normal variables is about the root of 2 ln n.
    bias = sd_gy * math.sqrt(2.0 * math.log(whole))
    low = max(dvh.min_gy + (bias if sign > 0 else -sd_gy), 0.0)
    high = max(dvh.max_gy + (sd_gy if sign > 0 else -bias), low)
    mean = dvh.mean_gy + sign * NOISE_SHARE * sd_gy * whole**-NOISE_POWER
    # Errors of neighbouring doses differ: edges must go on rising.
    edges = np.maximum.accumulate(np.maximum(dvh.dose_gy + sign * error, 0.0))
    edges += np.arange(edges.size) * (1e-12 * max(float(edges[-1]), 1.0))
    return dataclasses.replace(
        dvh, dose_gy=edges, min_gy=low, mean_gy=min(max(mean, low), high), max_gy=high
    )
