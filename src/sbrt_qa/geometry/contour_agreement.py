"""How alike two drawings of one organ are: volumes, overlap, surfaces, and what must be redrawn.

The definitions stand in docs/comparing.md, because implementations that carry the same names differ
by tens of per cent (Gooding et al., Phys Imaging Radiat Oncol 2022). Surfaces are points with the
area that each stands for, see `sbrt_qa.geometry.surfaces`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.margins import volume_of_cc
from sbrt_qa.geometry.nearest import tree_of
from sbrt_qa.geometry.regions import Region, cells_of
from sbrt_qa.geometry.sections import section_contours
from sbrt_qa.geometry.surfaces import Surface
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.structure import Contour

TOLERANCES_MM: Final = (1.0, 2.0, 3.0)
"""Distances up to which surfaces count as the same in the surface Dice coefficient."""

ALONG_MM: Final = 0.5
"""Longest piece of an outline that is looked at as one."""

APART_MM: Final = 1.0
"""Distance in the plane beyond which a piece of an outline must be redrawn."""


@dataclass(frozen=True, slots=True)
class ContourAgreement:
    """Two drawings of one organ side by side; volumes in cc, lengths in mm.

    Parameters
    ----------
    volume_cc, reference_cc
        Of the drawing that is looked at, and of the reference.
    dice
        Twice the common volume over the sum of both, 0 to 1.
    surface_dice
        By the tolerance as text (``1``, ``2``, ``3``): area of both surfaces that lies within the
        tolerance of the other one, over the area of both.
    hausdorff95_mm
        The larger of both directions' 95th percentiles of the distance, by area.
    hausdorff_mm
        The largest distance of either direction, as far as points were taken.
    mean_mm
        Mean distance over both surfaces, by area.
    added_path_mm
        Length of the reference's outlines, on its own planes, that lies farther than 1 mm from any
        outline of the drawing in the same plane.
    path_mm
        Length of all outlines of the reference.
    """

    volume_cc: float
    reference_cc: float
    dice: float
    surface_dice: dict[str, float]
    hausdorff95_mm: float
    hausdorff_mm: float
    mean_mm: float
    added_path_mm: float
    path_mm: float


def contour_agreement(drawn: Region, reference: Region, planes_mm: FloatArray) -> ContourAgreement:
    """Return how alike two drawings are.

    Parameters
    ----------
    planes_mm
        Heights of the planes on which the reference is drawn.

    Raises
    ------
    GeometryError
        The contours cannot be scanned safely, or a structure is too thin to be measured.
    """
    one, other = volume_of_cc(drawn), volume_of_cc(reference)
    if one <= 0 or other <= 0:
        raise GeometryError("a structure without a volume cannot be compared")
    a, b = Surface.of(cells_of(drawn)), Surface.of(cells_of(reference))
    from_a, from_b = b.distance_mm(a.points_mm[a.selected]), a.distance_mm(b.points_mm[b.selected])
    area_a, area_b = a.area_mm2(a.selected), b.area_mm2(b.selected)
    total = float(area_a.sum() + area_b.sum())
    near = {
        f"{t:g}": float(area_a[from_a <= t].sum() + area_b[from_b <= t].sum()) / total
        for t in TOLERANCES_MM
    }
    added, path = _added_path(drawn, reference, planes_mm)
    return ContourAgreement(
        volume_cc=one,
        reference_cc=other,
        dice=min(2 * volume_of_cc(drawn & reference) / (one + other), 1.0),
        surface_dice=near,
        hausdorff95_mm=max(_percentile(from_a, area_a), _percentile(from_b, area_b)),
        hausdorff_mm=float(max(from_a.max(), from_b.max())),
        mean_mm=float((from_a @ area_a + from_b @ area_b) / total),
        added_path_mm=added,
        path_mm=path,
    )


def _percentile(distance_mm: FloatArray, area_mm2: FloatArray) -> float:
    order = np.argsort(distance_mm)
    reached = np.cumsum(area_mm2[order])
    return float(distance_mm[order][np.searchsorted(reached, 0.95 * reached[-1])])


def _added_path(drawn: Region, reference: Region, planes_mm: FloatArray) -> tuple[float, float]:
    """Return the length of the reference's outlines that is not drawn, and of all of them."""
    added = total = 0.0
    theirs = _by_plane(section_contours(reference, planes_mm))
    ours = _by_plane(section_contours(drawn, np.array(sorted(theirs))))
    for z, loops in theirs.items():
        middle, length = _pieces(loops)
        total += float(length.sum())
        if z not in ours:
            added += float(length.sum())
            continue
        distance, _ = tree_of(_pieces(ours[z])[0]).query(middle)
        added += float(length[distance > APART_MM].sum())
    return added, total


def _by_plane(contours: tuple[Contour, ...]) -> dict[float, list[FloatArray]]:
    found: dict[float, list[FloatArray]] = {}
    for one in contours:
        found.setdefault(one.z_mm, []).append(one.xy_mm)
    return found


def _pieces(loops: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Return the middles of short pieces of closed outlines, and their lengths."""
    middles, lengths = [], []
    for loop in loops:
        ends = np.roll(loop, -1, axis=0)
        for start, end in zip(loop, ends, strict=True):
            length = float(np.hypot(*(end - start)))
            parts = max(int(np.ceil(length / ALONG_MM)), 1)
            step = (np.arange(parts) + 0.5)[:, None] / parts
            middles.append(start + step * (end - start))
            lengths.append(np.full(parts, length / parts))
    return np.concatenate(middles), np.concatenate(lengths)
