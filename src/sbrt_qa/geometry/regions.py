"""Regions: solids and their Boolean combinations, cut into cells along z.

A region is a truth table over its solids: entry ``mask`` says whether a point belongs that is
inside exactly the solids whose bits are set. Union, intersection and subtraction thus cost nothing
until the region is scanned, and are exact on every scan line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry._kernels import index_edges
from sbrt_qa.geometry.planes import IntArray, PlaneStack, stack_planes
from sbrt_qa.geometry.slabs import DEFAULT_CONVENTION, Convention
from sbrt_qa.geometry.solids import Solid, make_solid
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.remembered import remembered
from sbrt_qa.model.structure import Structure

MAX_SOLIDS = 16
"""Solids in one region; the truth table has two to this power entries."""

BoolArray = npt.NDArray[np.bool_]

SAME_Z_MM = 1e-6
"""Ends of pieces closer than this are one."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
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
        return _combine(self, other, lambda a, b: a & ~b)

    def __or__(self, other: Region) -> Region:
        """Return what is in either region."""
        return _combine(self, other, np.logical_or)

    def __and__(self, other: Region) -> Region:
        """Return what is in both regions."""
        return _combine(self, other, np.logical_and)


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
    stack = stack_planes(structure, slice_spacing_mm, convention.overlaps)
    return region_of_planes(stack, convention, slice_spacing_mm)


def region_of_planes(
    stack: PlaneStack, convention: Convention, slice_spacing_mm: float | None
) -> Region:
    """Return the region that planes of contours describe under a convention.

    Raises
    ------
    GeometryError
        The planes make more solids than a region may combine.
    """
    region = _region(stack, convention, slice_spacing_mm)
    for part in stack.parts:
        region = region | _region(part, convention, slice_spacing_mm)
    for hole in stack.holes:
        region = region - _region(hole, convention, slice_spacing_mm)
    return region


def _region(stack: PlaneStack, convention: Convention, slice_spacing_mm: float | None) -> Region:
    return Region((make_solid(stack, convention, slice_spacing_mm),), (False, True))


def _combine(a: Region, b: Region, rule: Callable[[BoolArray, BoolArray], BoolArray]) -> Region:
    solids = a.solids + tuple(s for s in b.solids if all(s is not t for t in a.solids))
    if len(solids) > MAX_SOLIDS:
        raise GeometryError("too many structures in one expression", expected=f"<= {MAX_SOLIDS}")
    of_a = [_bit(solids, s) for s in a.solids]
    of_b = [_bit(solids, s) for s in b.solids]
    masks = np.arange(2 ** len(solids))
    found = rule(np.array(a.table)[_project(masks, of_a)], np.array(b.table)[_project(masks, of_b)])
    return Region(solids, tuple(found.tolist()))


def _bit(solids: tuple[Solid, ...], wanted: Solid) -> int:
    return next(i for i, s in enumerate(solids) if s is wanted)


def _project(masks: npt.NDArray[np.intp], bits: list[int]) -> npt.NDArray[np.intp]:
    """Return, for each set of solids, the set of those of one region among them."""
    found = np.zeros_like(masks)
    for i, bit in enumerate(bits):
        found |= ((masks >> bit) & 1) << i
    return found


Pieces = tuple[FloatArray, IntArray, IntArray, FloatArray, FloatArray, IntArray]
"""What the compiled loops read: xy, loop_start, loop, plane, law, solid."""

Strips = tuple[FloatArray, FloatArray, IntArray, IntArray, IntArray]
"""Edges sorted by y, as :func:`sbrt_qa.geometry._kernels.index_edges` returns them."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A region cut along z into intervals in which one fixed set of pieces counts.

    Parameters
    ----------
    z_low_mm, z_high_mm, y_low_mm, y_high_mm
        Extent of each cell; y holds all its pieces, x (`x_low_mm`, `x_high_mm`) is of them all.
    start, members
        Pieces of cell ``c`` are ``members[start[c]:start[c + 1]]``.
    pieces, strips
        Geometry for the compiled loops.
    table
        The region's truth table as an array.
    """

    z_low_mm: FloatArray
    z_high_mm: FloatArray
    y_low_mm: FloatArray
    y_high_mm: FloatArray
    x_low_mm: float
    x_high_mm: float
    start: IntArray
    members: IntArray
    pieces: Pieces
    strips: Strips
    table: npt.NDArray[np.bool_]


@remembered
def cells_of(region: Region) -> Cells:
    """Cut a region into cells; once as long as the region lives.

    Raises
    ------
    GeometryError
        The region has no extent in z.
    """
    pieces = _pieces(region)
    low = np.concatenate([s.low_mm for s in region.solids])
    high = np.concatenate([s.high_mm for s in region.solids])
    z_low, z_high, start, members = _cut(low, high)
    cell = np.repeat(np.arange(z_low.size), np.diff(start))
    extents = _joined([_loop_extents(s.stack) for s in region.solids])
    boxes = _boxes(pieces, extents, cell, members, z_low, z_high)
    return Cells(
        z_low_mm=z_low,
        z_high_mm=z_high,
        y_low_mm=np.minimum.reduceat(boxes[:, 1], start[:-1]),
        y_high_mm=np.maximum.reduceat(boxes[:, 3], start[:-1]),
        x_low_mm=float(boxes[:, 0].min()),
        x_high_mm=float(boxes[:, 2].max()),
        start=start,
        members=members,
        pieces=pieces,
        strips=_strips(region, pieces),
        table=np.array(region.table),
    )


def forget_cells(region: Region) -> None:
    """Let go of the cells of a region, which are made again for who asks: 40 bytes an edge."""
    cells_of.forget(region)
    for solid in region.solids:
        _strips_of_stack.forget(solid.stack)


def _pieces(region: Region) -> Pieces:
    stacks = [s.stack for s in region.solids]
    vertices = np.cumsum([0, *(s.xy_mm.shape[0] for s in stacks)])
    loops = np.cumsum([0, *(s.loop_start.size - 1 for s in stacks)])
    starts = [s.loop_start[:-1] + v for s, v in zip(stacks, vertices[:-1], strict=True)]
    return (
        _joined([s.xy_mm for s in stacks]),
        np.concatenate([*starts, vertices[-1:]]).astype(np.int64),
        np.concatenate([s.loop + m for s, m in zip(region.solids, loops[:-1], strict=True)]),
        _joined([s.plane_mm for s in region.solids]),
        _joined([s.law for s in region.solids]),
        np.repeat(np.arange(len(stacks)), [s.loop.size for s in region.solids]),
    )


def _joined(parts: list[FloatArray]) -> FloatArray:
    """Return arrays one after the other; one alone is not copied where that will do."""
    one = parts[0]
    if len(parts) == 1 and one.flags.c_contiguous and one.flags.writeable:
        return one
    return np.concatenate(parts)


def _strips(region: Region, pieces: Pieces) -> Strips:
    """Return the edges of a region sorted by y; those of one stack serve all its readings."""
    if len(region.solids) == 1:
        return _strips_of_stack(region.solids[0].stack)
    strips: Strips = index_edges(pieces[0], pieces[1])
    return strips


@remembered
def _strips_of_stack(stack: PlaneStack) -> Strips:
    starts = np.append(stack.loop_start[:-1], stack.xy_mm.shape[0]).astype(np.int64)
    strips: Strips = index_edges(_joined([stack.xy_mm]), starts)
    return strips


@remembered
def _loop_extents(stack: PlaneStack) -> FloatArray:
    """Return the lowest and the highest (x, y) of every loop, ``(m, 2, 2)``."""
    first = stack.loop_start[:-1]
    sides = [pick.reduceat(stack.xy_mm, first) for pick in (np.minimum, np.maximum)]
    return np.stack(sides, axis=1)


def _cut(low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray, IntArray, IntArray]:
    """Return cells' ends and members: between two neighbouring ends of pieces nothing changes."""
    ends = np.unique(np.concatenate([low, high]))
    ends = ends[np.concatenate([[True], np.diff(ends) > SAME_Z_MM])]
    first = np.searchsorted(ends, low - SAME_Z_MM, side="left")
    last = np.searchsorted(ends, high - SAME_Z_MM, side="left")
    spread = np.maximum(last - first, 0)
    if spread.sum() == 0:
        raise GeometryError("the structure encloses no volume under this convention")
    piece = np.repeat(np.arange(low.size), spread)
    cell = np.repeat(first, spread) + ramp(spread)
    order = np.lexsort((piece, cell))
    used, start = np.unique(cell[order], return_index=True)
    start = np.concatenate([start, [piece.size]]).astype(np.int64)
    return ends[used], ends[used + 1], start, piece[order]


def ramp(count: IntArray) -> IntArray:
    """Return 0, 1, ... within each group of the given sizes."""
    ends = np.cumsum(count)
    return np.arange(int(count.sum())) - np.repeat(ends - count, count)


def _boxes(
    pieces: Pieces,
    extents: FloatArray,
    cell: IntArray,
    members: IntArray,
    z_low: FloatArray,
    z_high: FloatArray,
) -> FloatArray:
    """Return the box (x, y low, x, y high) of every member within its cell, a little too large."""
    _, _, loop, plane, law, _ = pieces
    low, high = extents[loop[members], 0], extents[loop[members], 1]
    own, result = law[members], []
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        d = z_low[cell] + part * (z_high - z_low)[cell] - plane[members]
        for axis in (0, 1):
            a, b = own[:, 2 + 2 * axis : 4 + 2 * axis], own[:, 6 + 2 * axis : 8 + 2 * axis]
            scale = np.sqrt(np.maximum(1 + d * (b[:, 0] + d * b[:, 1]), 0.0))
            shift = d * (a[:, 0] + d * a[:, 1])
            centre = own[:, axis]
            result.append(centre + shift + scale * (low[:, axis] - centre))
            result.append(centre + shift + scale * (high[:, axis] - centre))
    shaped = np.stack(result).reshape(5, 2, 2, -1)
    lowest, highest = shaped[:, :, 0].min(axis=0), shaped[:, :, 1].max(axis=0)
    slack = np.where((own[:, 2:] != 0).any(axis=1), 0.002, 0.0) * (highest - lowest)
    return np.concatenate([lowest - slack, highest + slack]).T
