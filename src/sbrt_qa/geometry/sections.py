"""Contours of what is made from structures: sections of Boolean regions, shells around targets."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from sbrt_qa.geometry.lattice import coverage, inside
from sbrt_qa.geometry.outlines import level_loops, with_keyholes
from sbrt_qa.geometry.regions import Cells, Region, cells_of
from sbrt_qa.geometry.surfaces import Surface
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.structure import Contour

PIXEL_MM: Final = 0.5
"""Largest pixel of a plane on which a section is outlined."""

LEAST_PIXELS: Final = 60
"""Pixels along the shorter side of a small region's section, at least."""

FINEST_MM: Final = 0.1
"""Smallest pixel."""

SHELL_PIXEL_MM: Final = 1.5
"""Spacing at which the distance from a target is looked at; it changes evenly between."""


def section_contours(region: Region, z_mm: FloatArray) -> tuple[Contour, ...]:
    """Return the contours in which planes cut a region; none where they miss it.

    Each outline runs where half of a pixel is covered: straight edges stay where they are, corners
    are rounded by less than a pixel, and the area is kept.

    Raises
    ------
    GeometryError
        The contours cannot be scanned safely.
    """
    cells = cells_of(region)
    return tuple(
        Contour(float(z), loop) for z in z_mm for loop in with_keyholes(_section(cells, float(z)))
    )


def shell_contours(region: Region, outer_mm: float, z_mm: FloatArray) -> tuple[Contour, ...]:
    """Return the contours of a shell: everything within a distance of a region, but not in it.

    The distance is that in space, not in the plane. A plane above a region shows the section of the
    shell there.

    Raises
    ------
    GeometryError
        The contours cannot be scanned safely.
    """
    cells = cells_of(region)
    return tuple(
        Contour(float(z), loop)
        for z, loops in _shell(cells, outer_mm, z_mm)
        for loop in with_keyholes([*loops, *_section(cells, z)])
    )


def grown_contours(region: Region, margin_mm: float, z_mm: FloatArray) -> tuple[Contour, ...]:
    """Return the contours of everything within a distance of a region, the region included.

    As :func:`shell_contours`, without the hole.

    Raises
    ------
    GeometryError
        The contours cannot be scanned safely.
    """
    cells = cells_of(region)
    return tuple(
        Contour(float(z), loop)
        for z, loops in _shell(cells, margin_mm, z_mm)
        for loop in with_keyholes(loops)
    )


def _section(cells: Cells, z_mm: float) -> list[FloatArray]:
    """Return the loops in which a plane cuts a region."""
    if not cells.z_low_mm.min() <= z_mm <= cells.z_high_mm.max():
        return []
    y_low, y_high = float(cells.y_low_mm.min()), float(cells.y_high_mm.max())
    side = min(y_high - y_low, cells.x_high_mm - cells.x_low_mm)
    pixel = max(min(PIXEL_MM, side / LEAST_PIXELS), FINEST_MM)
    x, y = _axis(cells.x_low_mm, cells.x_high_mm, pixel), _axis(y_low, y_high, pixel)
    return level_loops(coverage(cells, x, y, z_mm), x, y, 0.5)


def _shell(
    cells: Cells, outer_mm: float, z_mm: FloatArray
) -> Iterator[tuple[float, list[FloatArray]]]:
    """Yield the planes within a distance of a region, and the loops of that distance."""
    surface = Surface.of(cells)
    reach = outer_mm + SHELL_PIXEL_MM
    x = _axis(cells.x_low_mm - reach, cells.x_high_mm + reach, SHELL_PIXEL_MM)
    y_low, y_high = float(cells.y_low_mm.min()), float(cells.y_high_mm.max())
    y = _axis(y_low - reach, y_high + reach, SHELL_PIXEL_MM)
    low, high = float(cells.z_low_mm.min()) - outer_mm, float(cells.z_high_mm.max()) + outer_mm
    for z in z_mm[(z_mm > low) & (z_mm < high)]:
        within = inside(cells, x, y, np.array([z]))[0]
        places = np.stack([*np.meshgrid(x, y), np.full((y.size, x.size), z)], axis=-1)
        distance = surface.distance_mm(places.reshape(-1, 3)).reshape(within.shape)
        yield float(z), level_loops(np.where(within, 0.0, -distance), x, y, -outer_mm)


def _axis(low_mm: float, high_mm: float, step_mm: float) -> FloatArray:
    """Return even positions that begin before and end after an interval."""
    steps = math.ceil((high_mm - low_mm) / step_mm) + 2
    start = (low_mm + high_mm - steps * step_mm) / 2
    return np.asarray(start + step_mm * np.arange(steps + 1))
