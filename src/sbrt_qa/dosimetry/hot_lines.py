"""What the curve of a large structure takes beside its scan lines: the spline, and its hot end.

The spline moves a curve by little, so what it makes of the trilinear curve is known well enough
from fewer lines, both integrated on the very same ones.

One line a square millimetre is plenty for an organ, and few for the isodose of a small target in
the body around it: what lies above a dose depends only on where that dose is reached, so the upper
part of the curve is integrated once more on lines that go through that box alone.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.accumulation import CumulativeCurve, box_of, curve_of, curve_on
from sbrt_qa.dosimetry.spline.dose_field import DoseField
from sbrt_qa.geometry.planes import IntArray
from sbrt_qa.geometry.regions import Cells
from sbrt_qa.geometry.scanlines import between, lattice, scan, section_mm2
from sbrt_qa.model.grid import DoseGrid, FloatArray

LEAST_LINES: Final = 5_000
"""Lines through the box of a dose, from which on its volume is known well enough."""

MANY_LINES: Final = 6_000
"""Of a structure with no more lines these are dense enough."""

SHRINKS: Final = 8.0
"""From one box to the next the volume above its dose falls so many times."""

SMALLEST_CC: Final = 0.02
"""Volume at the dose of the last box."""


SPLINE_LINES: Final = 3_000
"""Lines on which the spline is told from the trilinear interpolant."""


def with_spline(curve: CumulativeCurve, cells: Cells, field: DoseField) -> CumulativeCurve:
    """Return the curve of a trilinear dose as that of the spline through the same voxels."""
    part = _cut(cells, _ends(field.dose.z_mm), _ends(field.dose.y_mm))
    if part is None:
        return curve
    area = section_mm2(part) / SPLINE_LINES
    new, old = (curve_of(part, read, curve.edges_gy, area) for read in (field, field.dose))
    volumes = curve.cumulative_cc + new.cumulative_cc - old.cumulative_cc
    volumes = np.clip(volumes, 0.0, curve.inside_cc)
    volumes[0] = curve.inside_cc
    dosed = new.mean_gy * new.inside_cc - old.mean_gy * old.inside_cc
    return dataclasses.replace(
        curve,
        cumulative_cc=np.minimum.accumulate(volumes),
        mean_gy=curve.mean_gy + dosed / curve.inside_cc if curve.inside_cc > 0 else 0.0,
    )


def with_hot_lines(
    curve: CumulativeCurve, cells: Cells, read: DoseGrid | DoseField, area_mm2: float
) -> CumulativeCurve:
    """Return a curve whose upper part stems from lines through where it is reached.

    Parameters
    ----------
    curve
        Of the whole structure on lines that stand for `area_mm2` each; one whose lines are few for
        its size, as those of a small structure are not, is changed.
    """
    if section_mm2(cells) / area_mm2 <= MANY_LINES or curve.inside_cc <= 0:
        return curve
    tops = _Tops.around(cells, read.dose if isinstance(read, DoseField) else read)
    volume_cc = curve.inside_cc / SHRINKS
    volumes, high, area = curve.cumulative_cc.copy(), curve.max_gy, area_mm2
    while volume_cc > SMALLEST_CC:
        # The lowest edge above which there is no more than this volume.
        first = int(np.searchsorted(-volumes, -volume_cc))
        volume_cc /= SHRINKS
        if first >= volumes.size:
            break
        dose_gy = float(curve.edges_gy[first])
        if isinstance(read, DoseField) and dose_gy < read.least_gy:
            continue
        box = tops.box(dose_gy)
        part = None if box is None else _cut(cells, box[0], box[1])
        if box is None or part is None:
            break
        denser = section_mm2(part) / LEAST_LINES
        if denser > area / 2:
            continue
        area = denser
        found = curve_on(between(scan(part, lattice(part, area)), *box[2]), read, curve.edges_gy)
        # Below, the curve stays; where both meet, it does not rise.
        volumes[first:] = found.cumulative_cc[first:]
        volumes[:first] = np.maximum(volumes[:first], volumes[first])
        high = max(high, found.max_gy)
    return dataclasses.replace(
        curve, cumulative_cc=np.minimum(volumes, curve.inside_cc), max_gy=high
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Tops:
    """The highest dose in each plane of voxels across z, y and x, in the box of a region."""

    axes_mm: tuple[FloatArray, ...]
    highest_gy: tuple[FloatArray, ...]

    @classmethod
    def around(cls, cells: Cells, dose: DoseGrid) -> _Tops:
        """Of the region's box, and two voxels more on every side."""
        box = box_of(cells)
        axes, spans = (dose.z_mm, dose.y_mm, dose.x_mm), (box.z_mm, box.y_mm, box.x_mm)
        cuts = tuple(
            slice(*np.clip(np.searchsorted(axis, span) + np.array([-2, 2]), 0, axis.size))
            for axis, span in zip(axes, spans, strict=True)
        )
        values = dose.dose_gy[cuts]
        by_line = values.max(axis=2)
        highest = (by_line.max(axis=1), by_line.max(axis=0), values.max(axis=(0, 1)))
        return cls(tuple(a[cut] for a, cut in zip(axes, cuts, strict=True)), highest)

    def box(self, dose_gy: float) -> tuple[tuple[float, float], ...] | None:
        """Return where a dose is reached, along z, y and x; two voxels more on every side."""
        hot = [np.flatnonzero(highest >= dose_gy) for highest in self.highest_gy]
        if hot[0].size == 0:
            return None
        return tuple(_span(axis, n) for axis, n in zip(self.axes_mm, hot, strict=True))


def _cut(cells: Cells, z: tuple[float, float], y: tuple[float, float]) -> Cells | None:
    """Return cells cut to a box along z and y; None when nothing is left."""
    z_low, z_high = np.maximum(cells.z_low_mm, z[0]), np.minimum(cells.z_high_mm, z[1])
    y_low, y_high = np.maximum(cells.y_low_mm, y[0]), np.minimum(cells.y_high_mm, y[1])
    kept = np.flatnonzero((z_low < z_high) & (y_low < y_high))
    if kept.size == 0:
        return None
    members = [cells.members[cells.start[c] : cells.start[c + 1]] for c in kept]
    return dataclasses.replace(
        cells,
        z_low_mm=z_low[kept],
        z_high_mm=z_high[kept],
        y_low_mm=y_low[kept],
        y_high_mm=y_high[kept],
        start=np.cumsum([0, *(m.size for m in members)]).astype(np.int64),
        members=np.concatenate(members),
    )


def _span(axis_mm: FloatArray, hot: IntArray) -> tuple[float, float]:
    first, last = max(int(hot[0]) - 2, 0), min(int(hot[-1]) + 2, axis_mm.size - 1)
    return float(axis_mm[first]), float(axis_mm[last])


def _ends(axis_mm: FloatArray) -> tuple[float, float]:
    return float(axis_mm[0]), float(axis_mm[-1])
