"""Gamma: how far, in dose and place together, one dose is from another.

For every voxel of the reference dose, gamma is the smallest distance to the evaluated dose in a
space in which `dose_percent` of the reference maximum (global) or of the dose there (local) and
`distance_mm` both count 1 (Low, Harms, Mutic, Purdy. Med Phys 2002;25(5):656-661). The evaluated
dose is trilinear between its voxels and searched on a lattice of a quarter of the distance, then
around the best place in quarters of that.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.gamma._kernels import gamma as gamma_kernel
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.geometry.planes import IntArray
from sbrt_qa.model.grid import DoseGrid, FloatArray

COARSE: Final = 4
"""Steps of the first lattice within the distance criterion."""

FINE: Final = 4
"""Parts of such a step in the second look, around the best place of the first."""

MOST_POINTS: Final = 60_000
"""Voxels evaluated at most; of more, an even selection is."""


@dataclass(frozen=True, slots=True)
class GammaCriteria:
    """What counts 1, from which dose on, and where gamma is cut off.

    The defaults are the universal action limits of AAPM TG-218 (2018): 3 % of the maximum, 2 mm,
    above 10 % of the maximum.

    Parameters
    ----------
    dose_percent, cutoff_percent
        Per cent of the reference maximum; `dose_percent` of the dose at the point where `local`.
    distance_mm
        Distance to agreement.
    cap
        Gamma is not searched beyond.
    """

    dose_percent: float = 3.0
    distance_mm: float = 2.0
    cutoff_percent: float = 10.0
    cap: float = 1.5
    local: bool = False

    def __post_init__(self) -> None:
        if not (0 < self.dose_percent <= 100 and 0 < self.distance_mm <= 50):
            msg = f"gamma needs criteria like 3 %/2 mm, not {self}"
            raise ValueError(msg)
        if not (0 <= self.cutoff_percent < 100 and 1 < self.cap <= 5):
            msg = f"gamma needs a cutoff below 100 % and a cap from 1 to 5, not {self}"
            raise ValueError(msg)

    def __str__(self) -> str:
        return f"{self.dose_percent:g} %/{self.distance_mm:g} mm" + (" local" if self.local else "")


DEFAULT_CRITERIA = GammaCriteria()

_WRITTEN: Final = re.compile(r"(\d+(?:\.\d+)?) ?% ?/ ?(\d+(?:\.\d+)?) ?mm")


def parse_criteria(text: str) -> GammaCriteria | None:
    """Read criteria such as ``2%/1mm``; None for ``none``.

    Raises
    ------
    UsageError
        The text is neither, or its numbers are out of range.
    """
    if text.strip().casefold() == "none":
        return None
    found = _WRITTEN.fullmatch(text.strip())
    try:
        if found:
            return GammaCriteria(float(found[1]), float(found[2]))
    except ValueError:
        pass
    raise UsageError("not a gamma criterion", got=quoted(text), expected="such as 3%/2mm, or none")


@dataclass(frozen=True, slots=True, eq=False)
class GammaValues:
    """Gamma of selected voxels.

    Parameters
    ----------
    values
        One per point, at most the cap; empty where no voxel could be evaluated.
    points_mm
        Voxel centres, rows of (z, y, x).
    candidates
        Voxels above the cutoff and within both grids, from which points were selected.
    beyond
        Voxels above the cutoff that lie beyond the evaluated grid: of them nothing is known.
    """

    values: FloatArray
    points_mm: FloatArray
    candidates: int
    beyond: int = 0


def gamma(
    reference: DoseGrid, evaluated: DoseGrid, criteria: GammaCriteria = DEFAULT_CRITERIA
) -> GammaValues:
    """Return gamma of the evaluated dose at voxels of the reference dose.

    Voxels beyond the evaluated grid are left out, and where an axis of it has one voxel only, all;
    the result says how many.
    """
    points, wanted, candidates, beyond = _selected(reference, evaluated, criteria)
    if candidates == 0:
        return GammaValues(np.empty(0), points, 0, beyond)
    offsets, squares = search_order(criteria.cap)
    values = gamma_kernel(
        points, wanted, evaluated.dose_gy, (evaluated.z_mm, evaluated.y_mm, evaluated.x_mm),
        offsets, squares, criteria.distance_mm / COARSE,
        units_gy(wanted, reference.max_gy, criteria), FINE, criteria.cap,
    )  # fmt: skip
    return GammaValues(values, points, candidates, beyond)


def units_gy(wanted_gy: FloatArray, highest_gy: float, criteria: GammaCriteria) -> FloatArray:
    """Return the dose difference that counts 1 at every point."""
    share = criteria.dose_percent / 100
    return share * wanted_gy if criteria.local else np.full(wanted_gy.size, share * highest_gy)


def search_order(cap: float) -> tuple[IntArray, FloatArray]:
    """Return the offsets of the first lattice in steps, nearest first, and their squared gamma."""
    reach = math.ceil(cap * COARSE)
    steps = np.arange(-reach, reach + 1)
    offsets = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    squares = (offsets**2).sum(axis=1) / COARSE**2
    order = np.argsort(squares, kind="stable")
    order = order[squares[order] < cap**2]
    return offsets[order].astype(np.int64), squares[order]


def _selected(
    reference: DoseGrid, evaluated: DoseGrid, criteria: GammaCriteria
) -> tuple[FloatArray, FloatArray, int, int]:
    """Return points, their doses, how many there were to select from, and how many lie beyond."""
    axes = (reference.z_mm, reference.y_mm, reference.x_mm)
    others = (evaluated.z_mm, evaluated.y_mm, evaluated.x_mm)
    counted = reference.dose_gy >= max(criteria.cutoff_percent / 100 * reference.max_gy, 1e-9)
    wanted = int(np.count_nonzero(counted))
    for n, (axis, other) in enumerate(zip(axes, others, strict=True)):
        within = (axis >= other[0]) & (axis <= other[-1]) & (other.size > 1)
        counted &= np.expand_dims(within, [m for m in range(3) if m != n])
    index = np.flatnonzero(counted)
    candidates = int(index.size)
    if candidates > MOST_POINTS:
        index = index[np.linspace(0, candidates - 1, MOST_POINTS).astype(np.int64)]
    place = np.unravel_index(index, counted.shape)
    points = np.stack([axis[i] for axis, i in zip(axes, place, strict=True)], axis=1)
    return points, reference.dose_gy.ravel()[index], candidates, wanted - candidates
