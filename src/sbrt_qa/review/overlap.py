"""How near organs lie to the planning targets: the overlap-volume histogram, as information.

By organ, what part of its volume lies within a distance of the targets, 0 mm being what they share
(Wu 2009, Med Phys 36:5497). It needs no dose, and says which plans of a trial can be compared.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.distance import contains, surface_points
from sbrt_qa.geometry.nearest import tree_of
from sbrt_qa.geometry.regions import Cells, cells_of
from sbrt_qa.model.body_outline import TYPE, is_outline_name
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.structure import Structure
from sbrt_qa.model.target_kind import is_target
from sbrt_qa.protocol.whole_organs import outer_targets
from sbrt_qa.review.case_review import CaseReview, StructureSummary
from sbrt_qa.review.information import Told

WITHIN_MM: Final = (0.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 60.0)
"""Distances of the histogram."""

FAR_MM: Final = 2 * WITHIN_MM[-1]
"""Whether a point lies farther away than this is all that is asked of it."""

POINTS: Final = 4_000
"""About how many points of an organ are asked for their distance."""

SURFACE_MM: Final = 1.0
"""Spacing of the points of the targets' surface: distance is right to about 0.5 mm."""

NAMES: Final = tuple(f"within {mm:g} mm" for mm in WITHIN_MM)


def overlaps_of(doses: CaseDoses, structures: Sequence[StructureSummary]) -> dict[str, Told]:
    """Return ``ORGAN within 5 mm`` and so on, in % of the organ's volume.

    Organs are those that stand for one of the protocol; without planning targets there are none.

    Parameters
    ----------
    structures
        As the review names them.
    """
    target = outer_targets(doses)
    if isinstance(target, Reason):
        return {}
    cells, there = cells_of(target), structures_of(doses.case)
    surface = surface_points(cells, SURFACE_MM, SURFACE_MM)
    if surface.shape[0] == 0:
        return {}
    tree = tree_of(surface, quickly_built=True)
    found: dict[str, Told] = {}
    for one in structures:
        drawn = there.get(one.key)
        if drawn is None or not one.matched or is_target(drawn) or _is_outline(drawn):
            continue
        region = doses.region(drawn)
        if isinstance(region, Reason):
            continue
        try:
            points = _points_in(cells_of(region))
        except GeometryError:
            continue
        if points.shape[0] == 0:
            continue
        distance_mm = np.zeros(points.shape[0])
        outside = ~contains(cells, points)
        distance_mm[outside] = tree.query(points[outside], distance_upper_bound=FAR_MM)[0]
        found |= {
            f"{one.matched[0]} {name}": Told(round(100 * float(np.mean(distance_mm <= mm)), 2), "%")
            for name, mm in zip(NAMES, WITHIN_MM, strict=True)
        }
    return found


def with_overlaps(review: CaseReview, doses: CaseDoses) -> CaseReview:
    """Return a review that tells the histograms as the block ``overlap`` of its information."""
    found = {"overlap": overlaps_of(doses, review.structures)}
    return replace(review, information={**review.information, **found})


def histogram_in(information: Mapping[str, object], organ: str) -> tuple[float, ...]:
    """Return the stored histogram of an organ, in %; empty where there is none.

    Parameters
    ----------
    information
        The block ``overlap`` of the JSON of a review.
    """
    found = [information.get(f"{organ} {name}") for name in NAMES]
    values = [one.get("value") for one in found if isinstance(one, Mapping)]
    known = [float(v) for v in values if isinstance(v, int | float)]
    return tuple(known) if len(known) == len(NAMES) else ()


def _is_outline(structure: Structure) -> bool:
    return structure.interpreted_type == TYPE or is_outline_name(structure.name)


def _points_in(cells: Cells) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return points of an even lattice (x, y, z) that lie in a region."""
    low = np.array([cells.x_low_mm, cells.y_low_mm.min(), cells.z_low_mm.min()])
    high = np.array([cells.x_high_mm, cells.y_high_mm.max(), cells.z_high_mm.max()])
    step = max(float(np.prod(high - low) / POINTS) ** (1 / 3), 0.1)
    axes = [
        a + (np.arange(max(math.ceil((b - a) / step), 1)) + 0.5) * (b - a)
        / max(math.ceil((b - a) / step), 1)
        for a, b in zip(low, high, strict=True)
    ]  # fmt: skip
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.asarray(grid[contains(cells, grid)])
