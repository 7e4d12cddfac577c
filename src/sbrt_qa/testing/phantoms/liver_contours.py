"""From solids to what a contourer draws: closed polygons on evenly spaced slices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.structure import Contour
from sbrt_qa.testing.phantoms.liver_solids import LiverSolid

RASTER_MM: Final = 1.0
"""Raster on which outlines are traced."""

DECIMALS: Final = 2
"""Vertices are rounded to this many decimals of a mm, which also hides the last float bits."""

CHORD_ERROR_MM: Final = 0.08
"""Largest distance of a vertex from the line between its neighbours at which it is left out."""

SMALLEST_MM2: Final = 6.0
"""Islands of a smaller area are not drawn."""

# Which cell sides an outline joins, by corners inside (1, 2, 4, 8 = corners in turn, starting at
# low x and low y); sides: 0 low y, 1 high x, 2 high y, 3 low x. The inside lies to the left.
_JOINS: Final = {
    1: [(0, 3)], 2: [(1, 0)], 3: [(1, 3)], 4: [(2, 1)], 5: [(0, 3), (2, 1)], 6: [(2, 0)],
    7: [(2, 3)], 8: [(3, 2)], 9: [(0, 2)], 10: [(1, 0), (3, 2)], 11: [(1, 2)], 12: [(3, 1)],
    13: [(0, 1)], 14: [(3, 0)],
}  # fmt: skip


def draw(
    solids: Mapping[str, LiverSolid], slices_z_mm: FloatArray, half_width_mm: tuple[float, float]
) -> dict[str, tuple[Contour, ...]]:
    """Outline solids on each slice, within ``|x|`` and ``|y|`` up to `half_width_mm`."""
    x_mm, y_mm = (_axis(w) for w in half_width_mm)
    drawn: dict[str, list[Contour]] = {name: [] for name in solids}
    for z_mm in slices_z_mm.tolist():
        for name, solid in solids.items():
            for loop in outlines(solid.depth(x_mm, y_mm, z_mm)):
                polygon = thinned(np.round(loop * RASTER_MM + (x_mm[0], y_mm[0]), DECIMALS))
                if polygon.shape[0] > 3 and abs(area_mm2(polygon)) >= SMALLEST_MM2:
                    drawn[name].append(Contour(z_mm, polygon))
    return {name: tuple(contours) for name, contours in drawn.items()}


def _axis(half_width_mm: float) -> FloatArray:
    steps = np.arange(int(2 * half_width_mm / RASTER_MM) + 1, dtype=np.float64)
    return steps * RASTER_MM - half_width_mm


def outlines(values: FloatArray) -> list[FloatArray]:
    """Trace the zero level of a sampled field by marching squares.

    Parameters
    ----------
    values
        Shape ``(ny, nx)``, negative inside; the border counts as outside.

    Returns
    -------
    list of FloatArray
        Closed loops as ``(n, 2)`` of (x, y) in raster steps, not repeating the first point.
        The inside is to the left, so holes run the other way round.
    """
    field = np.pad(values, 1, constant_values=1.0)
    field = np.where(field == 0, 1e-9, field)
    following = _joins(field < 0)
    edges = np.array(sorted(following), dtype=np.int64)
    points = dict(zip(edges.tolist(), _crossings(field, edges), strict=True))
    loops = []
    while following:
        start, edge = following.popitem()
        loop = [points[start]]
        while edge != start:
            loop.append(points[edge])
            edge = following.pop(edge)
        loops.append(np.array(loop) - 1.0)  # the padding
    return loops


def _joins(inside: npt.NDArray[np.bool_]) -> dict[int, int]:
    """For each crossed grid edge, the one that follows it along the outline.

    Edge ``2 k`` runs in x from node ``k``, edge ``2 k + 1`` in y.
    """
    nx = inside.shape[1]
    a = inside.astype(np.int8)
    code = a[:-1, :-1] + 2 * a[:-1, 1:] + 4 * a[1:, 1:] + 8 * a[1:, :-1]
    following: dict[int, int] = {}
    for corners, joins in _JOINS.items():
        row, column = np.nonzero(code == corners)
        node = row * nx + column
        sides = (2 * node, 2 * (node + 1) + 1, 2 * (node + nx), 2 * node + 1)
        for start, end in joins:
            following.update(zip(sides[start].tolist(), sides[end].tolist(), strict=True))
    return dict(sorted(following.items()))


def _crossings(field: FloatArray, edges: npt.NDArray[np.int64]) -> list[tuple[float, float]]:
    nx = field.shape[1]
    flat = field.ravel()
    node, along_y = edges // 2, edges % 2
    low, high = flat[node], flat[node + np.where(along_y == 1, nx, 1)]
    t = low / (low - high)
    x = node % nx + np.where(along_y == 1, 0.0, t)
    y = node // nx + np.where(along_y == 1, t, 0.0)
    return list(zip(x.tolist(), y.tolist(), strict=True))


def thinned(polygon: FloatArray, passes: int = 4) -> FloatArray:
    """Leave out vertices that are hardly off the line between their neighbours.

    Every second vertex is a candidate in each pass, so the outline moves by at most
    ``passes * CHORD_ERROR_MM``.
    """
    for _ in range(passes):
        candidates = np.arange(1, polygon.shape[0] - 1, 2)
        if candidates.size == 0 or polygon.shape[0] < 12:
            break
        here, before, after = (polygon[candidates + shift] for shift in (0, -1, 1))
        chord, arm = after - before, here - before
        cross = chord[:, 0] * arm[:, 1] - chord[:, 1] * arm[:, 0]
        length2 = chord[:, 0] ** 2 + chord[:, 1] ** 2
        flat = cross * cross <= CHORD_ERROR_MM**2 * length2
        polygon = np.delete(polygon, candidates[flat], axis=0)
    return polygon


def area_mm2(polygon: FloatArray) -> float:
    """Area of a polygon, positive when it runs counter-clockwise (x to y)."""
    x, y = polygon[:, 0], polygon[:, 1]
    return float(0.5 * (x * np.roll(y, -1) - y * np.roll(x, -1)).sum())
