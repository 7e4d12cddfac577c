"""The dose for the viewer: whole steps of dose, their differences, deflated.

The browser undoes this exactly, so what it reads out is the trilinear dose of the file to within
half a step. A grid too large for the page is cut to where the dose is highest, never thinned.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.model.grid import DoseGrid, FloatArray

STEPS_GY: Final = (0.01, 0.02, 0.05, 0.1)
"""Steps of dose, of which the finest that fits is taken."""

PARTS: Final = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
"""Parts of the maximum: shown is the box of all voxels above the first of them that fits."""

MARGIN: Final = 3
"""Voxels around that box."""

MOST_VOXELS: Final = 3_000_000
"""Above this a step or a part is not even tried."""


@dataclass(frozen=True, slots=True, eq=False)
class DoseBlock:
    """Dose as the browser gets it.

    Parameters
    ----------
    x_mm, y_mm, z_mm
        Voxel centres.
    step_gy
        One unit of the numbers.
    axes, data
        See :func:`encoded`.
    """

    x_mm: FloatArray
    y_mm: FloatArray
    z_mm: FloatArray
    step_gy: float
    axes: int
    data: bytes


def dose_block(dose: DoseGrid, most_bytes: int) -> DoseBlock:
    """Return the dose, as fine and as wide as fits; the last resort is larger than asked for."""
    block = None
    for part in PARTS:
        cut = _box(dose, part * dose.max_gy)
        values = dose.dose_gy[cut]
        if values.size > MOST_VOXELS and part != PARTS[-1]:
            continue
        for step in STEPS_GY:
            units = np.rint(values / step)
            if units.max() > np.iinfo(np.uint16).max:
                continue
            axes = (dose.x_mm[cut[2]], dose.y_mm[cut[1]], dose.z_mm[cut[0]])
            block = DoseBlock(*axes, step, *encoded(units.astype(np.uint16)))
            if len(block.data) <= most_bytes:
                return block
            if len(block.data) > 2.2 * most_bytes and step < STEPS_GY[-1]:
                break
    if block is None:
        step = dose.max_gy / np.iinfo(np.uint16).max
        units = np.rint(dose.dose_gy / step).astype(np.uint16)
        block = DoseBlock(dose.x_mm, dose.y_mm, dose.z_mm, step, *encoded(units))
    return block


WHOLE_STEPS_GY: Final = (0.001, 0.002, 0.005, *STEPS_GY, 0.2, 0.5, 1.0)


def whole_dose_block(dose: DoseGrid) -> DoseBlock:
    """Return the dose with every voxel, in the finest steps that 16 bits hold."""
    most = np.iinfo(np.uint16).max
    step = next((s for s in WHOLE_STEPS_GY if dose.max_gy / s <= most), dose.max_gy / most)
    units = np.rint(dose.dose_gy / step).astype(np.uint16)
    return DoseBlock(dose.x_mm, dose.y_mm, dose.z_mm, step, *encoded(units))


def encoded(units: npt.NDArray[np.uint16]) -> tuple[int, bytes]:
    """Return along how many axes differences are taken, and zlib data of them.

    Differences along x only suit a noisy dose, along x, y and z a smooth one: the shorter is taken.
    They are modulo 2^16, turned so that small ones of either sign are small (zigzag), low bytes
    first, then high bytes.
    """
    return min(((n, _packed(units, n)) for n in (1, 3)), key=lambda found: len(found[1]))


def _packed(units: npt.NDArray[np.uint16], axes: int) -> bytes:
    change = units
    for axis in (2, 1, 0)[:axes]:
        change = np.diff(change, axis=axis, prepend=np.uint16(0))
    turned = ((change << 1) ^ -(change >> 15)).astype(np.uint16)
    return zlib.compress(np.stack([turned & 0xFF, turned >> 8]).astype(np.uint8).tobytes(), 6)


def _box(dose: DoseGrid, least_gy: float) -> tuple[slice, slice, slice]:
    hot = dose.dose_gy >= least_gy
    cuts = []
    for axis in range(3):
        along = np.flatnonzero(hot.any(axis=tuple(a for a in range(3) if a != axis)))
        first, last = max(int(along[0]) - MARGIN, 0), int(along[-1]) + MARGIN + 1
        cuts.append(slice(first, min(last, hot.shape[axis])))
    return cuts[0], cuts[1], cuts[2]
