"""Regions grown and shrunk by margins, as regions that everything else can be asked of.

A point belongs to the grown region when an ellipsoid octant around it, whose half axes are the
margins, meets the region; it belongs to the shrunk region when the same octants around it lie
within the region. That is the rule of planning systems, and with one margin the distance in space.

The surface is taken as points, the distance of an even lattice from it in units of the margin is
laid on planes, and where it is 1 the outline runs. The planes stand half a step inside the exact
ends, so that flat ends are as exact as outlines are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.distance import WITHIN_MM
from sbrt_qa.geometry.expansion._kernels import reach
from sbrt_qa.geometry.expansion.grow import Margins
from sbrt_qa.geometry.lattice import inside, scan_rows
from sbrt_qa.geometry.margins import Extent, extent_of
from sbrt_qa.geometry.outlines import level_loops
from sbrt_qa.geometry.planes import stack_planes
from sbrt_qa.geometry.regions import Cells, Region, cells_of, region_of_planes
from sbrt_qa.geometry.slabs import Convention, Ends, Missing, Overlaps
from sbrt_qa.geometry.surfaces import axes_around, crossings
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.structure import Contour, Structure

NO_MARGIN_MM: Final = 0.03
"""What a margin of 0 is taken for. Along such an axis the points of the surface stand on the nodes,
so that it moves no outline."""

NO_STEP_MM: Final = 0.1
"""Spacing of nodes along an axis without a margin."""

BULGE_MM: Final = 0.01
"""Distances come out too large by about this at most, because the surface is points."""

FINEST_MM: Final = 0.2
COARSEST_MM: Final = 1.5
"""Ends of the spacing of nodes and points."""

EDGE_MM: Final = 0.25
"""How near to an edge a point of the surface stands, at most."""

NODES_ACROSS: Final = 40
"""Nodes across what is made, at least, where it is smaller than the margin asks for."""

LEAST_STEP_MM: Final = 0.05
"""Spacing of nodes of the smallest result."""

MOST_NODES: Final = 4_000_000
MOST_POINTS: Final = 400_000
"""Nodes of a lattice and points of a surface at most; a larger region has fewer per millimetre."""

BEYOND: Final = 1.8
"""Steps beyond the outline up to which distances are known."""

AS_MADE: Final = Convention(ends=Ends.HALF_SLICE, overlaps=Overlaps.EVEN_ODD, missing=Missing.OPEN)
"""How the planes are read: they stand where this is exact."""


def grown_region(region: Region, margins: Margins) -> Region:
    """Return everything within margins of a region, the region included.

    Raises
    ------
    GeometryError
        The region is empty, too thin or too large for its surface to be measured.
    """
    made = _resized(cells_of(region), _reachable(margins), inwards=False)
    if made is None:
        raise GeometryError("the structure is too thin for a margin to be laid around it")
    return made | region


def shrunk_region(region: Region, margins: Margins) -> Region | None:
    """Return what lies deeper than margins within a region; None where nothing does.

    Raises
    ------
    GeometryError
        The region is empty, too thin or too large for its surface to be measured.
    """
    right, left, anterior, posterior, inferior, superior = margins.in_order
    opposite = Margins(left, right, posterior, anterior, superior, inferior)
    made = _resized(cells_of(region), _reachable(opposite), inwards=True)
    return None if made is None else made & region


def _reachable(margins: Margins) -> Margins:
    return Margins(*(max(m, NO_MARGIN_MM) for m in margins.in_order))


@dataclass(frozen=True, slots=True, eq=False)
class _Lattice:
    """Nodes at even steps: their axes, and the planes along z."""

    x_mm: FloatArray
    y_mm: FloatArray
    z_mm: FloatArray

    @property
    def axes(self) -> FloatArray:
        """Origin, step and number of nodes along x, y and z."""
        rows = [
            (a[0], a[1] - a[0] if a.size > 1 else 1.0, a.size)
            for a in (self.x_mm, self.y_mm, self.z_mm)
        ]
        return np.array(rows, dtype=np.float64)


def _resized(cells: Cells, margins: Margins, *, inwards: bool) -> Region | None:
    """Return the region on planes of its own; None where nothing is left."""
    # 1. How fine: the distance from a surface of points is too large by s^2 / (8 m) at most, and an
    #    outline of radius m bulges as much between nodes.
    extent = extent_of(cells)
    sides = np.array(margins.in_order)
    real = sides[sides > NO_MARGIN_MM]
    step = min(max(math.sqrt(8 * BULGE_MM * float(real.min())), FINEST_MM), COARSEST_MM)
    lattice = _lattice(extent, sides, step, inwards=inwards)
    if lattice is None:
        return None
    # 2. Distance of every node from the surface, in margins; negative on the other side.
    points = _surface_points(cells, extent, sides, lattice, step)
    if len(points) == 0:
        raise GeometryError("the structure is too thin for its surface to be measured")
    values = _in_margins(cells, points, sides, lattice, inwards=inwards)
    # 3. Where it is 1, the outline runs.
    contours = tuple(
        Contour(float(z), loop)
        for z, plane in zip(lattice.z_mm, values, strict=True)
        for loop in level_loops(plane, lattice.x_mm, lattice.y_mm, 0.0)
    )
    if not contours:
        return None
    made, spacing = Structure(0, "", contours), float(lattice.axes[2, 1])
    stack = stack_planes(made, spacing, Overlaps.EVEN_ODD)
    return region_of_planes(stack, AS_MADE, spacing)


def _lattice(
    extent: Extent, sides: FloatArray, step_mm: float, *, inwards: bool
) -> _Lattice | None:
    """Return nodes around what is made; None where nothing can be left."""
    low = np.array([extent.x_low, extent.y_low, extent.z_low])
    high = np.array([extent.x_high, extent.y_high, extent.z_high])
    # inwards the sides are those of the opposite direction: what lies low of a surface point
    low, high = (
        (low + sides[1::2], high - sides[::2])
        if inwards
        else (low - sides[::2], high + sides[1::2])
    )
    if not np.isfinite(low).all() or (high <= low).any():
        return None
    size = high - low
    step_mm = min(step_mm, max(float(size.min()) / NODES_ACROSS, LEAST_STEP_MM))
    step = max(step_mm, float(np.cbrt((size + 2 * step_mm).prod() / MOST_NODES)))
    # along an axis without a margin distances do not change evenly: nodes stand closer there
    none = sides.reshape(3, 2).max(axis=1) <= NO_MARGIN_MM
    x, y = (_axis(low[a], high[a], NO_STEP_MM if none[a] else step) for a in (0, 1))
    planes = max(math.ceil((high[2] - low[2]) / step), 3)
    z = low[2] + (np.arange(planes) + 0.5) * (high[2] - low[2]) / planes
    return _Lattice(x, y, z)


def _axis(low_mm: float, high_mm: float, step_mm: float) -> FloatArray:
    """Return even nodes that begin before and end after an interval."""
    steps = max(math.ceil((high_mm - low_mm) / step_mm), 1) + 2
    start = (low_mm + high_mm - steps * step_mm) / 2
    return np.asarray(start + step_mm * np.arange(steps + 1))


def _in_margins(
    cells: Cells, points: FloatArray, sides: FloatArray, lattice: _Lattice, *, inwards: bool
) -> FloatArray:
    """Return how far nodes lie within what is made, in margins; ``(z, y, x)``, negative outside."""
    axes = lattice.axes
    least = float(sides[sides > NO_MARGIN_MM].min())
    near = BEYOND * float(axes[:, 1].max()) / least
    squared = np.full((lattice.z_mm.size, lattice.y_mm.size, lattice.x_mm.size), (1 + near) ** 2)
    reach(points, sides, 1.0 / sides, axes, 1 + near, squared)
    within = inside(cells, lattice.x_mm, lattice.y_mm, lattice.z_mm)
    distance = np.where(within == inwards, np.sqrt(squared), -np.sqrt(squared))
    # Even on both sides of the outline, so that an edge along an axis without a margin, where the
    # distance leaps, runs midway between nodes.
    return np.asarray(np.clip(distance - 1 if inwards else 1 - distance, -near, near))


def _surface_points(
    cells: Cells, extent: Extent, sides: FloatArray, lattice: _Lattice, step_mm: float
) -> FloatArray:
    """Return points of a surface: all over it, close to each other where it may have an edge."""
    # Along an axis without a margin only points at the height of nodes reach any.
    spacing = max(step_mm, math.sqrt(extent.surface_mm2 / MOST_POINTS))
    around, nodes = axes_around(cells, spacing), (lattice.x_mm, lattice.y_mm, lattice.z_mm)
    none = sides.reshape(3, 2).max(axis=1) <= NO_MARGIN_MM
    x, y, z = (nodes[a] if none[a] else around[a] for a in range(3))
    all_over = crossings(cells, (x, y, z))
    # Edges along z: lines along x, close to each other in y. Those of flat ends: planes just there.
    ends = np.array([extent.z_low + WITHIN_MM, extent.z_high - WITHIN_MM])
    if not none[2]:
        z = np.sort(np.concatenate([z, ends]))
    fine = y if none[1] else axes_around(cells, min(EDGE_MM, spacing))[1]
    spans = scan_rows(cells, fine, z).spans
    line = np.repeat(np.arange(spans.lines.y_mm.size), np.diff(spans.start))
    along_z = [
        np.column_stack([at, spans.lines.y_mm[line], spans.lines.z_mm[line]])
        for at in (spans.x_low_mm, spans.x_high_mm)
    ]
    along_x = [] if none[2] else [crossings(cells, (x, y, ends))]
    return np.concatenate([all_over, *along_z, *along_x])
