"""The DVH of a region that differs from another only beyond its end planes.

Volume below a dose adds up over stretches of z, so only the stretches that differ are integrated:
the DVH of the one region, less its part there, plus the other's part there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from sbrt_qa.dosimetry.accumulation import CumulativeCurve, bin_edges, curve_of
from sbrt_qa.dosimetry.extremes import extremes
from sbrt_qa.dosimetry.histogram import DVH, dvh_of_sums
from sbrt_qa.dosimetry.integrate import (
    IntegrationSettings,
    area_mm2_of,
    fine_dose,
    is_read_along_lines,
)
from sbrt_qa.dosimetry.kept_steps import Kept
from sbrt_qa.dosimetry.rim import with_rim
from sbrt_qa.geometry.regions import Cells, Region, cells_of
from sbrt_qa.geometry.scanlines import lattice, scan
from sbrt_qa.geometry.slabs import Convention
from sbrt_qa.model.grid import DoseGrid, FloatArray

Stretch = tuple[float, float]
"""From a lower to a higher z, mm."""

BINS = 1000
"""Bins of the part that differs, which is small."""

LEAST_LINES = 1000
"""Its scan lines, at least."""


def with_other_ends(
    default: DVH,
    regions: tuple[Region, Region],
    dose: DoseGrid,
    convention: Convention,
    settings: IntegrationSettings,
    kept: Kept | None = None,
) -> DVH | None:
    """Return the DVH of the second of two regions from that of the first, `default`.

    Parameters
    ----------
    default
        DVH of ``regions[0]``.
    regions
        Of the same structures, combined alike; they differ in how far their ends reach.
    dose, settings
        As for `default`.
    convention
        How the second region reads the contours.
    kept
        Fine doses of other readings, which are used again.

    Returns
    -------
    DVH or None
        None where nothing is left inside the dose grid.

    Raises
    ------
    GeometryError
        The contours cannot be scanned safely.
    """
    # 1. Both regions are read on the very same dose: refined around the first, held beyond the rim
    #    as far as either reaches. Otherwise the difference would be one of interpolation.
    settings = dataclasses.replace(settings, least_lines=LEAST_LINES)
    all_cells = tuple(cells_of(region) for region in regions)
    kept = kept or Kept()
    rim = regions[0], all_cells[0], all_cells[1]
    near = fine_dose(dose, all_cells[0], settings, kept)
    finest = with_rim(near, dose, *rim, kept=kept)
    along = near is not dose and is_read_along_lines(dose, all_cells[0], settings, kept)
    read = with_rim(dose, dose, *rim, kept=kept) if along else finest
    # 2. Only where their pieces end at different heights do the two regions differ.
    stretches = _stretches(*regions)
    less, more = (_part(within(cells, stretches), read, settings) for cells in all_cells)
    # 3. V'(d) = V(d) - part(d) + other part(d), on all edges of the three histograms; volume and
    #    volume times mean dose add up in the same way.
    inside = default.inside_grid_cc - less.inside_cc + more.inside_cc
    if inside <= 0:
        return None
    low, high = _extremes(default, less, more, all_cells[1], finest)
    if low > high:  # what rounding leaves of a volume meets no scan line
        return None
    edges = np.unique(np.concatenate([default.dose_gy, less.edges_gy, more.edges_gy]))
    volumes = default.volumes_at_doses_cc(edges) + _volumes_cc(more, edges)
    curve = edges, volumes - _volumes_cc(less, edges)
    dosed = default.mean_gy * default.inside_grid_cc - less.mean_gy * less.inside_cc
    mean = (dosed + more.mean_gy * more.inside_cc) / inside
    volume = max(default.volume_cc - less.volume_cc + more.volume_cc, inside)
    return dvh_of_sums(
        volume, inside, curve, (low, mean, high), default.quadrature_error, convention
    )


def within(cells: Cells, stretches: Iterable[Stretch]) -> Cells | None:
    """Return the cells cut to stretches of z, which do not overlap; None when nothing is left."""
    lows, highs, picked = [], [], []
    for low, high in stretches:
        inside = np.flatnonzero((cells.z_high_mm > low) & (cells.z_low_mm < high))
        picked.append(inside)
        lows.append(np.maximum(cells.z_low_mm[inside], low))
        highs.append(np.minimum(cells.z_high_mm[inside], high))
    cell = np.concatenate(picked) if picked else np.zeros(0, dtype=np.int64)
    if cell.size == 0:
        return None
    members = [cells.members[cells.start[c] : cells.start[c + 1]] for c in cell]
    return dataclasses.replace(
        cells,
        z_low_mm=np.concatenate(lows),
        z_high_mm=np.concatenate(highs),
        y_low_mm=cells.y_low_mm[cell],
        y_high_mm=cells.y_high_mm[cell],
        start=np.cumsum([0, *(m.size for m in members)]).astype(np.int64),
        members=np.concatenate(members),
    )


def _stretches(a: Region, b: Region) -> list[Stretch]:
    """Return where two regions reach differently far, in order and without overlaps."""
    found: list[Stretch] = []
    for one, other in zip(a.solids, b.solids, strict=True):
        for x, y in ((one.low_mm, other.low_mm), (one.high_mm, other.high_mm)):
            pairs = np.column_stack([np.minimum(x, y), np.maximum(x, y)]).tolist()
            found += [(low, high) for low, high in pairs if low < high]
    merged: list[Stretch] = []
    for bottom, top in sorted(found):
        if merged and bottom <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(top, merged[-1][1]))
        else:
            merged.append((bottom, top))
    return merged


def _part(cells: Cells | None, dose: DoseGrid, settings: IntegrationSettings) -> CumulativeCurve:
    """Integrate a few cells; nothing, and what lies outside the grid, has no dose."""
    if cells is None:
        return _without_dose(0.0)
    edges, area_mm2 = bin_edges(cells, dose, BINS), area_mm2_of(cells, settings)
    if edges is None:
        return _without_dose(scan(cells, lattice(cells, area_mm2)).volume_cc)
    return curve_of(cells, dose, edges, area_mm2)


def _without_dose(volume_cc: float) -> CumulativeCurve:
    return CumulativeCurve(
        np.array([0.0, 1.0]), volume_cc, 0.0, np.zeros(2), 0.0, 0.0, np.inf, -np.inf
    )


def _extremes(
    default: DVH, less: CumulativeCurve, more: CumulativeCurve, cells: Cells, dose: DoseGrid
) -> tuple[float, float]:
    """Return lowest and highest dose; looked for only where the default's may have been cut off."""
    # An extreme does not add up. It is looked for again where what was cut off or put on comes
    # within 2 % of the range of it; elsewhere it stands in the part that both regions share.
    span = default.max_gy - default.min_gy
    near = 0.02 * span
    touched = less.min_gy <= default.min_gy + near or less.max_gy >= default.max_gy - near
    if touched or more.min_gy <= default.min_gy + near or more.max_gy >= default.max_gy - near:
        return extremes(cells, dose, np.inf, -np.inf)
    return default.min_gy, default.max_gy


def _volumes_cc(part: CumulativeCurve, doses_gy: FloatArray) -> FloatArray:
    return np.asarray(np.interp(doses_gy, part.edges_gy, part.cumulative_cc, right=0.0))
