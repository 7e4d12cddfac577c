"""Isodoses of several targets: where they are separate, and where neighbours share one.

Voxels of a dose and more hang together where they are corners of one cell of the dose grid.
Between voxels the dose is never above the highest corner of its cell, so what does not hang
together by this measure is separate for sure, and each cell with the dose is of one part alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.dosimetry.integrate import DEFAULT_SETTINGS, integrate
from sbrt_qa.dosimetry.interpolation import Interpolation
from sbrt_qa.dosimetry.sampling import dose_at
from sbrt_qa.geometry.distance import contains
from sbrt_qa.geometry.nearest import tree_of
from sbrt_qa.geometry.planes import IntArray
from sbrt_qa.geometry.regions import Cells, Region, cells_of
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.outcome import Reason, ReasonCode

MOST_POINTS: Final = 40_000
"""Points of the lattice in a target, about."""

FINEST_MM: Final = 1.0
"""Spacing of that lattice in targets of usual size."""

LEAST_STEPS: Final = 8
"""Steps of the lattice along the smallest side of a small target."""

LINEAR: Final = replace(DEFAULT_SETTINGS, interpolation=Interpolation.LINEAR)
"""Between voxels dose is read as the parts are told apart."""


@dataclass(frozen=True, slots=True)
class IsodosePart:
    """What one target, or several that share it, have of an isodose.

    Parameters
    ----------
    targets
        Places of the targets in the list that was given.
    share
        Part of the whole isodose volume in the body, 0 to 1. Parts in no target count with the
        target that is nearest to their hottest voxel.
    """

    targets: tuple[int, ...]
    share: float


def isodose_parts(
    targets: Sequence[Region], body: Region, dose: DoseGrid, level_gy: float
) -> tuple[IsodosePart, ...] | Reason:
    """Divide an isodose among targets; one that it does not reach is in no part.

    Parameters
    ----------
    targets, body
        Regions; the volumes are those in the body.
    level_gy
        Dose of the isodose, greater than 0.

    Raises
    ------
    GeometryError
        The contours cannot be scanned safely.
    """
    from scipy.ndimage import label  # only here: it takes long to load

    if 1 in dose.dose_gy.shape:
        return Reason(ReasonCode.DOSE_UNUSABLE, say("the dose grid has no extent along one axis"))
    labels, count = label(dose.dose_gy >= level_gy, structure=np.ones((3, 3, 3)))
    points = [_points_in(cells_of(region), dose) for region in targets]
    reached = [_labels_at(labels, dose, there, level_gy) for there in points]
    groups = _joined(reached)
    if not groups:
        return ()
    owner = _owners(groups, reached, labels, count, dose, points)
    if len(groups) == 1:
        return (IsodosePart(groups[0], 1.0),)
    whole = _volume_cc(body, dose, level_gy)
    if whole <= 0:
        return tuple(IsodosePart(group, 0.0) for group in groups)
    return tuple(
        IsodosePart(group, _volume_cc(body, _only(dose, labels, owner == n), level_gy) / whole)
        for n, group in enumerate(groups)
    )


def _points_in(cells: Cells, dose: DoseGrid) -> FloatArray:
    """Return points (x, y, z) of a lattice in a region, as far as the dose grid reaches."""
    low = np.array([cells.x_low_mm, cells.y_low_mm.min(), cells.z_low_mm.min()])
    high = np.array([cells.x_high_mm, cells.y_high_mm.max(), cells.z_high_mm.max()])
    axes = (dose.x_mm, dose.y_mm, dose.z_mm)
    low = np.maximum(low, [a[0] for a in axes])
    high = np.minimum(high, [a[-1] for a in axes])
    side = high - low
    if (side <= 0).any():
        return np.zeros((0, 3))
    step = max(
        min(FINEST_MM, float(side.min()) / LEAST_STEPS),
        float(np.prod(side) / MOST_POINTS) ** (1 / 3),
    )
    rows = [np.arange(a + step / 2, b, step) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*rows, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.asarray(grid[contains(cells, grid)])


def _labels_at(
    labels: IntArray, dose: DoseGrid, points_mm: FloatArray, level_gy: float
) -> frozenset[int]:
    """Return the parts that points with the dose lie in; all corners of a cell are of one part."""
    points = points_mm[dose_at(dose, points_mm) >= level_gy]
    cell = [
        np.clip(np.searchsorted(axis, points[:, 2 - n], side="right") - 1, 0, axis.size - 2)
        for n, axis in enumerate((dose.z_mm, dose.y_mm, dose.x_mm))
    ]
    found = np.zeros(points.shape[0], dtype=np.int64)
    for corner in range(8):
        at = tuple(c + (corner >> n & 1) for n, c in enumerate(cell))
        found = np.maximum(found, labels[at])
    return frozenset(np.unique(found[found > 0]).tolist())


def _joined(reached: Sequence[frozenset[int]]) -> list[tuple[int, ...]]:
    """Return the targets in groups: those that share a part, or are joined by a third."""
    groups: list[tuple[tuple[int, ...], frozenset[int]]] = []
    for n, parts in enumerate(reached):
        if not parts:
            continue
        together = [g for g in groups if g[1] & parts]
        groups = [g for g in groups if not g[1] & parts]
        members = sorted({n, *(m for g in together for m in g[0])})
        groups.append((tuple(members), parts.union(*(g[1] for g in together))))
    return sorted(group for group, _ in groups)


def _owners(
    groups: Sequence[tuple[int, ...]],
    reached: Sequence[frozenset[int]],
    labels: IntArray,
    count: int,
    dose: DoseGrid,
    points: Sequence[FloatArray],
) -> npt.NDArray[np.int64]:
    """Return the group of each part by its label; entry 0, no part, has none (-1)."""
    from scipy.ndimage import maximum_position  # only here: they take long to load

    owner = np.full(count + 1, -1)
    for n, group in enumerate(groups):
        for target in group:
            owner[list(reached[target])] = n
    alone = [k for k in range(1, count + 1) if owner[k] < 0]
    if alone and len(groups) > 1:
        at = np.array(maximum_position(dose.dose_gy, labels, alone), dtype=np.int64)
        hottest = np.stack([dose.x_mm[at[:, 2]], dose.y_mm[at[:, 1]], dose.z_mm[at[:, 0]]], axis=1)
        away = [
            tree_of(np.concatenate([points[t] for t in group])).query(hottest)[0]
            for group in groups
        ]
        owner[alone] = np.argmin(away, axis=0)
    return owner


def _only(dose: DoseGrid, labels: IntArray, mine: npt.NDArray[np.bool_]) -> DoseGrid:
    """Return the dose around some parts, without that of the others."""
    from scipy.ndimage import find_objects  # only here: it takes long to load

    kept = mine[labels]
    (box,) = find_objects(kept.astype(np.int8))
    cuts = tuple(
        slice(max(cut.start - 1, 0), min(cut.stop + 1, n))
        for cut, n in zip(box, labels.shape, strict=True)
    )
    values = np.where(kept[cuts] | (labels[cuts] == 0), dose.dose_gy[cuts], 0.0)
    z, y, x = (a[cut] for a, cut in zip((dose.z_mm, dose.y_mm, dose.x_mm), cuts, strict=True))
    return replace(dose, dose_gy=values, x_mm=x, y_mm=y, z_mm=z)


def _volume_cc(body: Region, dose: DoseGrid, level_gy: float) -> float:
    found = integrate(body, dose, settings=LINEAR)
    return 0.0 if isinstance(found, Reason) else found.volume_at_dose_cc(level_gy)
