"""Where in a region a limit fails: the slice that shows most of it, and its worst point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.dosimetry.sampling import dose_at
from sbrt_qa.errors import GeometryError
from sbrt_qa.evidence.evidence import Point
from sbrt_qa.evidence.failing import Failing
from sbrt_qa.geometry.distance import Distance, contains
from sbrt_qa.geometry.regions import Cells, Region, cells_of
from sbrt_qa.model.grid import DoseGrid, FloatArray

MOST_POINTS: Final = 60_000
"""Points of the lattice that is looked at; a large region is looked at more coarsely."""

FINEST_MM: Final = 1.0


def find_place(
    failing: Failing,
    region: Region,
    target: Region,
    dose: DoseGrid,
    slices_mm: FloatArray,
    rivals: Sequence[Region] = (),
) -> tuple[Point, float] | None:
    """Return the worst point and its dose in Gy: of all, or on the slice that shows most.

    Parameters
    ----------
    failing
        What to look for.
    region
        Where to look.
    target
        What a distance is measured from.
    slices_mm
        Heights that can be shown.
    rivals
        Other targets: what lies nearer to one of them, or in it, is not looked at.

    Returns
    -------
    None when nothing of the region lies, wrongly, on a slice within the dose grid.
    """
    if 1 in dose.dose_gy.shape:
        return None
    try:
        cells = cells_of(region)
        points = _lattice(cells, dose, slices_mm)
        points, values = _wrong(points, failing, dose)
        inside = contains(cells, points)
        points, values = _far_enough(points[inside], values[inside], failing, target)
        own = _nearest(points, target, rivals)
        points, values = points[own], values[own]
    except GeometryError:
        return None
    if not points.size:
        return None
    if not failing.at_point:
        heights, counts = np.unique(points[:, 2], return_counts=True)
        on_slice = points[:, 2] == heights[counts.argmax()]
        points, values = points[on_slice], values[on_slice]
    worst = int(values.argmax() if failing.too_hot else values.argmin())
    x, y, z = (float(v) for v in points[worst])
    return (x, y, z), float(values[worst])


def _wrong(points: FloatArray, failing: Failing, dose: DoseGrid) -> tuple[FloatArray, FloatArray]:
    """Return the points on the wrong side of the level, and their doses."""
    values = dose_at(dose, points)
    wrong = values >= failing.level_gy if failing.too_hot else values < failing.level_gy
    return points[wrong], values[wrong]


def _lattice(cells: Cells, dose: DoseGrid, slices_mm: FloatArray) -> FloatArray:
    """Return points (x, y, z) on the slices within the region's box and the dose grid."""
    low = [cells.x_low_mm, float(cells.y_low_mm.min()), float(cells.z_low_mm.min())]
    high = [cells.x_high_mm, float(cells.y_high_mm.max()), float(cells.z_high_mm.max())]
    for n, axis in enumerate((dose.x_mm, dose.y_mm, dose.z_mm)):
        low[n], high[n] = max(low[n], float(axis[0])), min(high[n], float(axis[-1]))
    z = slices_mm[(slices_mm >= low[2]) & (slices_mm <= high[2])]
    area = max(high[0] - low[0], 0.0) * max(high[1] - low[1], 0.0)
    step = max(FINEST_MM, float(np.sqrt(area * z.size / MOST_POINTS)))
    x, y = (np.arange(low[n] + step / 2, high[n], step) for n in (0, 1))
    grid = np.meshgrid(z, y, x, indexing="ij")
    return np.column_stack([grid[2].ravel(), grid[1].ravel(), grid[0].ravel()])


def _nearest(points: FloatArray, target: Region, rivals: Sequence[Region]) -> npt.NDArray[np.bool_]:
    """Tell which points lie nearer to a target than to any other, and in no other."""
    own = np.ones(points.shape[0], dtype=np.bool_)
    if not rivals or not points.size:
        return own
    away = Distance(cells_of(target)).bound_mm(points)
    for rival in rivals:
        cells = cells_of(rival)
        own &= (away <= Distance(cells).bound_mm(points)) & ~contains(cells, points)
    return own


def _far_enough(
    points: FloatArray, values: FloatArray, failing: Failing, target: Region
) -> tuple[FloatArray, FloatArray]:
    """Return the points that are far enough from the target, and their doses."""
    if not failing.beyond_mm or not points.size:
        return points, values
    far = Distance(cells_of(target)).bound_mm(points) >= failing.beyond_mm
    return points[far], values[far]
