"""One pass of the integration: cells x dose on given scan lines -> the sums of a histogram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sbrt_qa.dosimetry._kernels import deposit
from sbrt_qa.dosimetry.histogram import ROUNDING
from sbrt_qa.dosimetry.interpolation import GridBox
from sbrt_qa.dosimetry.spline._kernels import room_of_tops
from sbrt_qa.dosimetry.spline.dose_field import DoseField
from sbrt_qa.geometry.regions import Cells
from sbrt_qa.geometry.scanlines import Spans, lattice, scan
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.units import cc_from_mm3


@dataclass(frozen=True, slots=True, eq=False)
class CumulativeCurve:
    """A histogram as it is summed, before it is judged: see :class:`DVH` for most of it."""

    edges_gy: FloatArray
    volume_cc: float
    inside_cc: float
    cumulative_cc: FloatArray
    spread: float
    mean_gy: float
    min_gy: float
    max_gy: float


def bin_edges(cells: Cells, dose: DoseGrid, bins: int, reach: int = 0) -> FloatArray | None:
    """Return bin edges that hold every dose the region can meet; None when it can meet none.

    A spline stays within the voxels one `reach` further, but for smooth tops.
    """
    box = box_of(cells)
    spans = ((dose.z_mm, *box.z_mm), (dose.y_mm, *box.y_mm), (dose.x_mm, *box.x_mm))
    if any(axis.size < 2 or low >= axis[-1] or high <= axis[0] for axis, low, high in spans):
        return None
    around = dose.dose_gy[tuple(_cover(*span, reach) for span in spans)]
    low, high = float(around.min()), float(around.max())
    if reach > 0:
        high += room_of_tops(around, high / 2)
    high = max(high, low + max(1e-9, 1e-9 * low))
    return np.linspace(low, high, bins + 1)


def box_of(cells: Cells) -> GridBox:
    """Return the cuboid that holds all cells."""
    return GridBox(
        (cells.x_low_mm, cells.x_high_mm),
        (float(cells.y_low_mm.min()), float(cells.y_high_mm.max())),
        (float(cells.z_low_mm.min()), float(cells.z_high_mm.max())),
    )


def _cover(axis_mm: FloatArray, low_mm: float, high_mm: float, reach: int) -> slice:
    start = max(int(np.searchsorted(axis_mm, low_mm, side="right")) - 1 - reach, 0)
    return slice(start, int(np.searchsorted(axis_mm, high_mm, side="left")) + 1 + reach)


def curve_of(
    cells: Cells, dose: DoseGrid | DoseField, edges_gy: FloatArray, area_mm2: float
) -> CumulativeCurve:
    """Integrate cells once, with lines that stand for about `area_mm2` each."""
    return curve_on(scan(cells, lattice(cells, area_mm2)), dose, edges_gy)


def curve_on(spans: Spans, dose: DoseGrid | DoseField, edges_gy: FloatArray) -> CumulativeCurve:
    """Integrate along lines that have been scanned."""
    # Even and odd lines are two independent quadratures of the same integral: lines of either half
    # are spread over the whole region.
    halves = [deposit_spans(spans, dose, edges_gy, first) for first in (0, 1)]
    (_, _, even), (_, _, odd) = halves
    inside, dosed = even[0] + odd[0], even[1] + odd[1]
    one, other = (cumulative_cc_of(*half) for half in halves)
    volume_cc, inside_cc = spans.volume_cc, cc_from_mm3(inside)
    # Two sums of the same spans in another order: only rounding differs, and no volume of 1e-12 cc
    # is said to lie outside the grid.
    if abs(volume_cc - inside_cc) <= ROUNDING * volume_cc:
        volume_cc = inside_cc
    return CumulativeCurve(
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
    spans: Spans, dose: DoseGrid | DoseField, edges_gy: FloatArray, first_line: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Deposit every second line; see :func:`sbrt_qa.dosimetry._kernels.deposit` for the result."""
    if isinstance(dose, DoseField):
        return dose.deposit(spans, edges_gy, first_line)
    bins = edges_gy.size - 1
    per_bin = bins / (edges_gy[-1] - edges_gy[0])
    lines = spans.lines
    result: tuple[FloatArray, FloatArray, FloatArray] = deposit(
        lines.y_mm, lines.z_mm, lines.weight_mm2, spans.start, spans.x_low_mm, spans.x_high_mm,
        dose.dose_gy, dose.x_mm, dose.y_mm, dose.z_mm, edges_gy[0], per_bin, bins, first_line,
    )  # fmt: skip
    return result


def cumulative_cc_of(ramps: FloatArray, lumps: FloatArray, sums: FloatArray) -> FloatArray:
    """Turn differences of the volume below each edge into the volume at or above it."""
    bins, inside_mm3 = lumps.size - 1, float(sums[0])
    # A ramp is two entries in the second difference: summed twice it is the volume below each edge.
    # A stretch of uniform dose is a step: one entry in the first difference, summed once.
    below = np.cumsum(np.cumsum(ramps))[: bins + 1]
    below[1:] += np.cumsum(lumps)[:bins]
    # Rounding may leave 1e-13 of a rise, which a cumulative histogram never has.
    above = np.clip(inside_mm3 - below, 0.0, inside_mm3)
    above[0] = inside_mm3
    return cc_from_mm3(1.0) * np.minimum.accumulate(above)
