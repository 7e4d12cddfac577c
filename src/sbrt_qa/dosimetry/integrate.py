"""Region x dose grid -> DVH.

Exact along rows; across rows a quadrature on scan lines that is refined until the curves of every
other line and of the lines between them differ by less than a stated amount.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sbrt_qa.dosimetry.accumulation import bin_edges, box_of, curve_on
from sbrt_qa.dosimetry.extremes import extremes
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.hot_lines import with_hot_lines, with_spline
from sbrt_qa.dosimetry.interpolation import (
    FieldPlace,
    Interpolation,
    field_at,
    field_place,
    refined,
    refinement,
)
from sbrt_qa.dosimetry.kept_steps import Kept
from sbrt_qa.dosimetry.rim import with_rim
from sbrt_qa.dosimetry.spline.dose_field import DoseField
from sbrt_qa.geometry.regions import Cells, Region, cells_of
from sbrt_qa.geometry.scanlines import Spans, lattice, scan, section_mm2
from sbrt_qa.geometry.slabs import DEFAULT_CONVENTION, Convention
from sbrt_qa.i18n.phrase import joined, say, stated
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason, ReasonCode


@dataclass(frozen=True, slots=True)
class IntegrationSettings:
    """How hard the quadrature tries.

    Parameters
    ----------
    bins
        Bins between the lowest and the highest voxel around the region.
    area_mm2
        Largest section of the region that one scan line may stand for.
    least_lines
        Lines that even the smallest structure gets.
    tolerance
        Largest difference between the curves of the two interleaved halves of the lines, as a
        fraction of the volume; above it the lines are made four times denser.
    most_lines
        Density at which refinement stops, whatever the difference.
    interpolation
        How dose between voxel centres is read.
    """

    bins: int = 5000
    area_mm2: float = 1.0
    least_lines: int = 4000
    tolerance: float = 2e-3
    most_lines: int = 1_000_000
    interpolation: Interpolation = Interpolation.CUBIC


DIRECT_LINES: Final = 6_000
"""Scan lines of the first pass up to which the spline is evaluated along each of them."""

DEFAULT_SETTINGS = IntegrationSettings()


def method_text(
    convention: Convention = DEFAULT_CONVENTION, settings: IntegrationSettings = DEFAULT_SETTINGS
) -> str:
    """Return the choices behind a DVH in words, for provenance and reports."""
    read = say("dose between voxels: {0}", stated(settings.interpolation))
    return joined("; ", (convention.in_words, read))


def integrate(
    region: Region,
    dose: DoseGrid,
    *,
    convention: Convention = DEFAULT_CONVENTION,
    settings: IntegrationSettings = DEFAULT_SETTINGS,
    kept: Kept | None = None,
) -> DVH | Reason:
    """Return the DVH of a region, or the Reason why there is none.

    Parameters
    ----------
    region
        What to integrate over.
    dose
        The dose; its domain is the hull of the voxel centres, and their outer halves where a
        structure needs no more, see :mod:`sbrt_qa.dosimetry.rim`.
    convention
        Recorded in the result; the region was built under it.
    settings
        Effort of the quadrature.
    kept
        Fine doses and scan lines of other readings of the same region, which are used again.

    Raises
    ------
    GeometryError
        The contours cannot be scanned safely.
    """
    cells = cells_of(region)
    if section_mm2(cells) <= 0:
        return Reason(ReasonCode.STRUCTURE_EMPTY, say("the contours enclose no area"))
    # 1. The dose as it is read: a spline, on a finer grid where that is small, else evaluated along
    #    the lines; the nearest value in the outer halves of the outer voxels. Of a very large
    #    structure the trilinear interpolant is integrated, and what the spline makes of it on fewer
    #    lines.
    kept = kept or Kept()
    near = fine_dose(dose, cells, settings, kept)
    finest = with_rim(near, dose, region, cells, kept=kept)
    area = area_mm2_of(cells, settings)
    field = dose_along_lines(dose, cells, settings, kept)
    is_finest = field is None or near is dose
    voxels = finest if is_finest else with_rim(dose, dose, region, cells, kept=kept)
    read: DoseGrid | DoseField = voxels
    if field is not None and field.is_whole and voxels is dose:
        read = field if section_mm2(cells) / area <= DIRECT_LINES else voxels
    # 2. Bins over the doses of the voxels around the region: every dose of it lies between them.
    edges = bin_edges(cells, voxels, settings.bins, reach=0 if field is None else 1)
    if edges is None:
        return _outside(say("lies entirely outside the dose grid"))
    # 3. Integrate; make the lines four times denser (twice in y and in z) until the curves of every
    #    other line and of the lines between agree. Their difference is larger than the error of the
    #    sum of both, so the tolerance is on the safe side.
    floor = section_mm2(cells) / settings.most_lines
    fine = curve_on(scanned(cells, area, kept), read, edges)
    while fine.spread > settings.tolerance and area / 4 >= floor:
        area /= 4
        fine = curve_on(scanned(cells, area, kept), read, edges)
    if field is not None and read is not field:
        fine = with_spline(fine, cells, field)
    if field is None or voxels is dose:
        fine = with_hot_lines(fine, cells, field or read, area)
    if fine.volume_cc <= 0:
        return Reason(ReasonCode.STRUCTURE_EMPTY, say("the contours enclose no volume"))
    if fine.inside_cc <= 0:
        return _outside(say("encloses no volume inside the dose grid"))
    # 4. Lines miss the very hottest place; the extremes are computed, not taken from them.
    low, high = extremes(cells, finest, fine.min_gy, fine.max_gy)
    return DVH(
        volume_cc=fine.volume_cc,
        outside_grid_cc=fine.volume_cc - fine.inside_cc,
        dose_gy=fine.edges_gy,
        cumulative_cc=fine.cumulative_cc,
        min_gy=low,
        mean_gy=min(max(fine.mean_gy, low), high),
        max_gy=high,
        quadrature_error=fine.spread,
        convention=convention,
    )


def fine_dose(dose: DoseGrid, cells: Cells, settings: IntegrationSettings, kept: Kept) -> DoseGrid:
    """Return the dose as it is read around a region."""
    box, how = box_of(cells), settings.interpolation
    return kept.of((dose, box, how), lambda: refined(dose, box, how))


def dose_along_lines(
    dose: DoseGrid, cells: Cells, settings: IntegrationSettings, kept: Kept
) -> DoseField | None:
    """Return the spline around a region too large for a finer grid; None for any other."""
    place = _place(dose, cells, settings, kept)
    if place is None:
        return None
    keep = kept.shared if place.is_shared else kept.of
    return keep((dose, place), lambda: field_at(dose, place))


def is_read_along_lines(
    dose: DoseGrid, cells: Cells, settings: IntegrationSettings, kept: Kept
) -> bool:
    """Tell whether a region is too large for a finer grid, so that `dose_along_lines` serves."""
    return _place(dose, cells, settings, kept) is not None


def _place(
    dose: DoseGrid, cells: Cells, settings: IntegrationSettings, kept: Kept
) -> FieldPlace | None:
    box, how = box_of(cells), settings.interpolation
    return kept.of((dose, box, how, "place"), lambda: field_place(dose, box, how))


def scanned(cells: Cells, area_mm2: float, kept: Kept) -> Spans:
    """Return what scan lines that stand for so much section each meet of a region."""
    return kept.of((cells, area_mm2), lambda: scan(cells, lattice(cells, area_mm2)))


def volume_cc(
    region: Region, *, settings: IntegrationSettings = DEFAULT_SETTINGS
) -> float | Reason:
    """Return the volume of a region, which needs no dose, or the Reason why it has none.

    Raises
    ------
    GeometryError
        The contours cannot be scanned safely.
    """
    cells = cells_of(region)
    if section_mm2(cells) <= 0:
        return Reason(ReasonCode.STRUCTURE_EMPTY, say("the contours enclose no area"))
    volume = scan(cells, lattice(cells, area_mm2_of(cells, settings))).volume_cc
    return volume or Reason(ReasonCode.STRUCTURE_EMPTY, say("the contours enclose no volume"))


def parts_of(region: Region, dose: DoseGrid, interpolation: Interpolation) -> int:
    """Return into how many parts an interpolation divides every voxel around a region."""
    return refinement(dose, box_of(cells_of(region)), interpolation)


def area_mm2_of(cells: Cells, settings: IntegrationSettings) -> float:
    """Return the section that one line stands for in the first pass."""
    section = section_mm2(cells)
    # 1 mm2 a line for large organs, at least `least_lines` for small ones, `most_lines` for huge
    # ones.
    usual = min(settings.area_mm2, section / settings.least_lines)
    return max(usual, section / settings.most_lines)


def _outside(what: str) -> Reason:
    return Reason(ReasonCode.OUTSIDE_DOSE_GRID, say("the structure {0}", what))
