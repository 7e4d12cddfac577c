"""Regions: solids and their Boolean combinations, cut into cells along z.

A solid is a stack of planes with the extent each plane fills. A region is a truth table over its
solids: entry ``mask`` says whether a point belongs that is inside exactly the solids whose bits are
set. Union, intersection and subtraction thus cost nothing until the region is scanned, and are
exact on every scan line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.planes import IntArray, PlaneStack, stack_planes
from sbrt_qa.geometry.slabs import DEFAULT_CONVENTION, Convention, Slabs, make_slabs
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.structure import Structure

MAX_SOLIDS = 8
"""Solids in one region; the truth table has two to this power entries."""

SAME_Z_MM = 1e-6
"""Slab edges closer than this are one edge."""


@dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """A stack of planes and what each of them fills."""

    stack: PlaneStack
    slabs: Slabs


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A Boolean combination of solids.

    Parameters
    ----------
    solids
        At most `MAX_SOLIDS`.
    table
        ``2 ** len(solids)`` truth values; entry 0, outside everything, is False.
    """

    solids: tuple[Solid, ...]
    table: tuple[bool, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.solids) <= MAX_SOLIDS:
            raise GeometryError(
                "a region combines a limited number of structures",
                got=str(len(self.solids)),
                expected=f"1 to {MAX_SOLIDS}",
            )
        if len(self.table) != 2 ** len(self.solids) or self.table[0]:
            raise GeometryError("a region's truth table must exclude the outside")

    def __sub__(self, other: Region) -> Region:
        """Return what is in this region and not in the other."""
        return _combine(self, other, lambda a, b: a and not b)

    def __or__(self, other: Region) -> Region:
        """Return what is in either region."""
        return _combine(self, other, lambda a, b: a or b)

    def __and__(self, other: Region) -> Region:
        """Return what is in both regions."""
        return _combine(self, other, lambda a, b: a and b)


def region_of(
    structure: Structure,
    convention: Convention = DEFAULT_CONVENTION,
    slice_spacing_mm: float | None = None,
) -> Region:
    """Return the region that a structure's contours describe under a convention.

    Raises
    ------
    GeometryError
        The structure has no closed contour.
    """
    stack = stack_planes(structure)
    return Region((Solid(stack, make_slabs(stack, convention, slice_spacing_mm)),), (False, True))


def _combine(a: Region, b: Region, rule: Callable[[bool, bool], bool]) -> Region:
    solids = a.solids + tuple(s for s in b.solids if all(s is not t for t in a.solids))
    if len(solids) > MAX_SOLIDS:
        raise GeometryError("too many structures in one expression", expected=f"<= {MAX_SOLIDS}")
    of_a = [_bit(solids, s) for s in a.solids]
    of_b = [_bit(solids, s) for s in b.solids]
    table = tuple(
        rule(a.table[_project(mask, of_a)], b.table[_project(mask, of_b)])
        for mask in range(2 ** len(solids))
    )
    return Region(solids, table)


def _bit(solids: tuple[Solid, ...], wanted: Solid) -> int:
    return next(i for i, s in enumerate(solids) if s is wanted)


def _project(mask: int, bits: list[int]) -> int:
    return sum(((mask >> bit) & 1) << i for i, bit in enumerate(bits))


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A region cut along z into intervals in which every solid shows one fixed set of polygons.

    Parameters
    ----------
    z_low_mm, z_high_mm, y_low_mm, y_high_mm
        Extent of each cell, shape ``(c,)``; y spans the polygons of all its solids.
    loop_start, loops
        Loops of cell ``i`` are ``loops[loop_start[i]:loop_start[i + 1]]``, as indices into
        `vertex_start`.
    xy_mm, vertex_start, solid_of_loop
        All polygons of all solids, flat.
    table
        The region's truth table as an array.
    """

    z_low_mm: FloatArray
    z_high_mm: FloatArray
    y_low_mm: FloatArray
    y_high_mm: FloatArray
    loop_start: IntArray
    loops: IntArray
    xy_mm: FloatArray
    vertex_start: IntArray
    solid_of_loop: IntArray
    table: npt.NDArray[np.bool_]


def cells_of(region: Region) -> Cells:
    """Cut a region into cells.

    Raises
    ------
    GeometryError
        No plane of the region has an extent in z.
    """
    edges = _edges(region)
    planes = np.stack([_plane_at(s.slabs, (edges[:-1] + edges[1:]) / 2) for s in region.solids])
    used = (planes >= 0).any(axis=0)
    planes, low, high = planes[:, used], edges[:-1][used], edges[1:][used]
    if low.size == 0:
        raise GeometryError("the structure encloses no volume under this convention")
    first_loop = np.concatenate(
        [[0], np.cumsum([s.stack.loop_start.size - 1 for s in region.solids])]
    )
    loops, loop_start = _loops_of_cells(region, planes, first_loop)
    y_low, y_high = (
        np.concatenate(v)
        for v in zip(*(s.stack.loop_low_high_y() for s in region.solids), strict=True)
    )
    return Cells(
        z_low_mm=low,
        z_high_mm=high,
        y_low_mm=np.minimum.reduceat(y_low[loops], loop_start[:-1]),
        y_high_mm=np.maximum.reduceat(y_high[loops], loop_start[:-1]),
        loop_start=loop_start,
        loops=loops,
        xy_mm=np.concatenate([s.stack.xy_mm for s in region.solids]),
        vertex_start=_joined_starts(region),
        solid_of_loop=np.repeat(np.arange(len(region.solids)), np.diff(first_loop)),
        table=np.array(region.table),
    )


def _edges(region: Region) -> FloatArray:
    values = np.unique(
        np.concatenate([e for s in region.solids for e in (s.slabs.low_mm, s.slabs.high_mm)])
    )
    keep: npt.NDArray[np.bool_] = np.concatenate([[True], np.diff(values) > SAME_Z_MM])
    return np.asarray(values[keep], dtype=np.float64)


def _plane_at(slabs: Slabs, z_mm: FloatArray) -> IntArray:
    """Return the plane whose slab holds each z, or -1."""
    plane = np.searchsorted(slabs.low_mm, z_mm, side="right") - 1
    inside = (plane >= 0) & (z_mm < slabs.high_mm[np.maximum(plane, 0)])
    return np.where(inside, plane, -1).astype(np.int64)


def _loops_of_cells(
    region: Region, planes: IntArray, first_loop: IntArray
) -> tuple[IntArray, IntArray]:
    loops: list[IntArray] = []
    counts: list[int] = []
    for cell in range(planes.shape[1]):
        count = 0
        for s, solid in enumerate(region.solids):
            plane = planes[s, cell]
            if plane >= 0:
                start, stop = solid.stack.plane_start[plane : plane + 2]
                loops.append(np.arange(start, stop) + first_loop[s])
                count += int(stop - start)
        counts.append(count)
    return np.concatenate(loops).astype(np.int64), np.concatenate([[0], np.cumsum(counts)]).astype(
        np.int64
    )


def _joined_starts(region: Region) -> IntArray:
    offset, parts = 0, []
    for solid in region.solids:
        parts.append(solid.stack.loop_start[:-1] + offset)
        offset += int(solid.stack.loop_start[-1])
    return np.concatenate([*parts, [offset]]).astype(np.int64)
