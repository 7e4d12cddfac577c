"""Region x dose grid -> DVH.

Exact along rows; across rows a quadrature on scan lines that is refined until the curves of every
other line and of the lines between them differ by less than a stated amount.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sbrt_qa.dosimetry._kernels import deposit
from sbrt_qa.dosimetry.dvh import DVH, ROUNDING
from sbrt_qa.dosimetry.extremes import extremes
from sbrt_qa.dosimetry.interpolation import Box, Interpolation, refined, refinement
from sbrt_qa.geometry.regions import Cells, Region, cells_of
from sbrt_qa.geometry.scanlines import Spans, lattice, scan, section_mm2
from sbrt_qa.geometry.slabs import DEFAULT_CONVENTION, Convention
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.units import cc_from_mm3


@dataclass(frozen=True, slots=True)
class Settings:
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


DEFAULT_SETTINGS = Settings()


def method_text(
    convention: Convention = DEFAULT_CONVENTION, settings: Settings = DEFAULT_SETTINGS
) -> str:
    """Return the choices behind a DVH in words, for provenance and reports."""
    return f"{convention}; dose between voxels: {settings.interpolation}"


@dataclass(frozen=True, slots=True, eq=False)
class _Curve:
    edges_gy: FloatArray
    volume_cc: float
    inside_cc: float
    cumulative_cc: FloatArray
    spread: float
    mean_gy: float
    min_gy: float
    max_gy: float


def integrate(
    region: Region,
    dose: DoseGrid,
    *,
    convention: Convention = DEFAULT_CONVENTION,
    settings: Settings = DEFAULT_SETTINGS,
) -> DVH | Reason:
    """Return the DVH of a region, or the Reason why there is none.

    Parameters
    ----------
    region
        What to integrate over.
    dose
        The dose; its domain is the hull of the voxel centres.
    convention
        Recorded in the result; the region was built under it.
    settings
        Effort of the quadrature.

    Raises
    ------
    GeometryError
        The contours cannot be scanned safely.
    """
    cells = cells_of(region)
    if section_mm2(cells) <= 0:
        return Reason(ReasonCode.STRUCTURE_EMPTY, "the contours enclose no area")
    dose = refined(dose, _box(cells), settings.interpolation)
    edges = _bin_edges(cells, dose, settings.bins)
    if edges is None:
        return _outside("lies entirely outside the dose grid")
    area = _area_mm2(cells, settings)
    floor = section_mm2(cells) / settings.most_lines
    fine = _curve(cells, dose, edges, area)
    while fine.spread > settings.tolerance and area / 4 >= floor:
        area /= 4
        fine = _curve(cells, dose, edges, area)
    if fine.volume_cc <= 0:
        return Reason(ReasonCode.STRUCTURE_EMPTY, "the contours enclose no volume")
    if fine.inside_cc <= 0:
        return _outside("encloses no volume inside the dose grid")
    low, high = extremes(cells, dose, fine.min_gy, fine.max_gy)
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


def volume_cc(region: Region, *, settings: Settings = DEFAULT_SETTINGS) -> float | Reason:
    """Return the volume of a region, which needs no dose, or the Reason why it has none.

    Raises
    ------
    GeometryError
        The contours cannot be scanned safely.
    """
    cells = cells_of(region)
    if section_mm2(cells) <= 0:
        return Reason(ReasonCode.STRUCTURE_EMPTY, "the contours enclose no area")
    volume = scan(cells, lattice(cells, _area_mm2(cells, settings))).volume_cc
    return volume or Reason(ReasonCode.STRUCTURE_EMPTY, "the contours enclose no volume")


def parts_of(region: Region, dose: DoseGrid, interpolation: Interpolation) -> int:
    """Return into how many parts an interpolation divides every voxel around a region."""
    return refinement(dose, _box(cells_of(region)), interpolation)


def _area_mm2(cells: Cells, settings: Settings) -> float:
    section = section_mm2(cells)
    usual = min(settings.area_mm2, section / settings.least_lines)
    return max(usual, section / settings.most_lines)


def _outside(what: str) -> Reason:
    return Reason(ReasonCode.OUTSIDE_DOSE_GRID, f"the structure {what}")


def _bin_edges(cells: Cells, dose: DoseGrid, bins: int) -> FloatArray | None:
    """Return bin edges that hold every dose the region can meet; None when it can meet none."""
    box = _box(cells)
    spans = ((dose.z_mm, *box.z_mm), (dose.y_mm, *box.y_mm), (dose.x_mm, *box.x_mm))
    if any(axis.size < 2 or low >= axis[-1] or high <= axis[0] for axis, low, high in spans):
        return None
    around = dose.dose_gy[tuple(_cover(*span) for span in spans)]
    low, high = float(around.min()), float(around.max())
    high = max(high, low + max(1e-9, 1e-9 * low))
    return np.linspace(low, high, bins + 1)


def _box(cells: Cells) -> Box:
    return Box(
        (cells.x_low_mm, cells.x_high_mm),
        (float(cells.y_low_mm.min()), float(cells.y_high_mm.max())),
        (float(cells.z_low_mm.min()), float(cells.z_high_mm.max())),
    )


def _cover(axis_mm: FloatArray, low_mm: float, high_mm: float) -> slice:
    start = max(int(np.searchsorted(axis_mm, low_mm, side="right")) - 1, 0)
    return slice(start, int(np.searchsorted(axis_mm, high_mm, side="left")) + 1)


def _curve(cells: Cells, dose: DoseGrid, edges_gy: FloatArray, area_mm2: float) -> _Curve:
    spans = scan(cells, lattice(cells, area_mm2))
    halves = [deposit_spans(spans, dose, edges_gy, first) for first in (0, 1)]
    (_, _, even), (_, _, odd) = halves
    inside, dosed = even[0] + odd[0], even[1] + odd[1]
    one, other = (_cumulative_cc(*half) for half in halves)
    volume_cc, inside_cc = spans.volume_cc, cc_from_mm3(inside)
    if abs(volume_cc - inside_cc) <= ROUNDING * volume_cc:
        volume_cc = inside_cc
    return _Curve(
        edges_gy=edges_gy,
        volume_cc=volume_cc,
        inside_cc=inside_cc,
        cumulative_cc=one + other,
        spread=float(np.abs(one - other).max()) / volume_cc if volume_cc > 0 else 0.0,
        mean_gy=dosed / inside if inside > 0 else 0.0,
        min_gy=float(min(even[2], odd[2])),
        max_gy=float(max(even[3], odd[3])),
    )


def deposit_spans(
    spans: Spans, dose: DoseGrid, edges_gy: FloatArray, first_line: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Deposit every second line; see :func:`sbrt_qa.dosimetry._kernels.deposit` for the result."""
    bins = edges_gy.size - 1
    per_bin = bins / (edges_gy[-1] - edges_gy[0])
    lines = spans.lines
    result: tuple[FloatArray, FloatArray, FloatArray] = deposit(
        lines.y_mm, lines.z_mm, lines.weight_mm2, spans.start, spans.x_low_mm, spans.x_high_mm,
        dose.dose_gy, dose.x_mm, dose.y_mm, dose.z_mm, edges_gy[0], per_bin, bins, first_line,
    )  # fmt: skip
    return result


def _cumulative_cc(ramps: FloatArray, lumps: FloatArray, sums: FloatArray) -> FloatArray:
    """Turn differences of the volume below each edge into the volume at or above it."""
    bins, inside_mm3 = lumps.size - 1, float(sums[0])
    below = np.cumsum(np.cumsum(ramps))[: bins + 1]
    below[1:] += np.cumsum(lumps)[:bins]
    above = np.clip(inside_mm3 - below, 0.0, inside_mm3)
    above[0] = inside_mm3
    return cc_from_mm3(1.0) * np.minimum.accumulate(above)
