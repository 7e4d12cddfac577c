"""Where an organ's doses rank among those of the body as far from the target, in the same plan.

No other plan is needed: what lies as far away and gets less shows what this plan could do. A rank
of 50 % is what distance alone makes of it; 10 % was spared on purpose. A hint: the side on which
beams enter ranks high.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sbrt_qa.geometry.distance import Distance, contains
from sbrt_qa.geometry.regions import Cells
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.outcome import Reason, ReasonCode

SHELL_MM: Final = 2.0
"""Distances within one shell count as equal."""

FEWEST_VOXELS: Final = 20
"""Voxels of an organ outside the target, and of the body in a shell, that tell something."""


def equal_distance_rank(organ: Cells, target: Cells, body: Cells, dose: DoseGrid) -> float | Reason:
    """Return the mean rank, in %, of an organ's voxels among the body's in the same shell.

    Voxels of equal dose share the middle of their ranks, so that a dose that only depends on the
    distance gives 50. The organ counts among the body; the target is left out of both.

    Parameters
    ----------
    organ, target, body
        Regions; of the organ what lies in the body counts.
    dose
        Its voxels are what is ranked.
    """
    points, values = _voxels(organ, body, dose)
    of_organ = contains(organ, points)
    if np.count_nonzero(of_organ) >= FEWEST_VOXELS:
        outside = ~contains(target, points)
        points, values, of_organ = points[outside], values[outside], of_organ[outside]
    if np.count_nonzero(of_organ) < FEWEST_VOXELS:
        text = say("fewer than {0} voxels of it lie in the body outside the target", FEWEST_VOXELS)
        return Reason(ReasonCode.NOT_APPLICABLE, text)
    distance_mm, _ = Distance(target).nearest(points)
    shell = np.floor(distance_mm / SHELL_MM).astype(np.int64)
    total, count = 0.0, 0
    for one in np.unique(shell[of_organ]):
        all_here = np.sort(values[shell == one])
        if all_here.size < FEWEST_VOXELS:
            continue
        mine = values[(shell == one) & of_organ]
        low = np.searchsorted(all_here, mine, side="left")
        high = np.searchsorted(all_here, mine, side="right")
        total += float((low + high).sum()) / (2 * all_here.size)
        count += mine.size
    if count < FEWEST_VOXELS:
        text = say("too little of the body lies as far from the target")
        return Reason(ReasonCode.NOT_APPLICABLE, text)
    return 100 * total / count


def _voxels(organ: Cells, body: Cells, dose: DoseGrid) -> tuple[FloatArray, FloatArray]:
    """Return centres (x, y, z) and doses of the voxels in the body."""
    z, y, x = np.meshgrid(dose.z_mm, dose.y_mm, dose.x_mm, indexing="ij")
    points = np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)
    inside = contains(body, points)
    if not contains(organ, points[inside]).any():
        return np.empty((0, 3)), np.empty(0)
    return points[inside], np.asarray(dose.dose_gy, dtype=float).ravel()[inside]
