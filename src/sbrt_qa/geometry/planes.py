"""A structure's closed contours as flat arrays, plane by plane: the one rule of what a plane is.

Contours that have a point in common, seen from above, stand in one *column*; two lesions that lie
beside each other are two. Planes, spacing, gaps and ends are those of a column, so that each lesion
keeps its own, whatever the stacks that they were drawn on.

Within a column, contours lie in one plane when they name the same image slice, or else when they
are nearer than a tenth of the spacing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.overlaps.resolve import Plane, Unclear, resolve
from sbrt_qa.geometry.parts._kernels import join_seen_from_above
from sbrt_qa.geometry.shifted import shifted_copies
from sbrt_qa.geometry.slabs import Overlaps
from sbrt_qa.geometry.stacks import PlaneRole, interleaved, role_of
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.structure import Contour, Structure

IntArray = npt.NDArray[np.int64]

PLANE_SHARE: Final = 0.1
"""Part of the spacing within which contours lie in one plane."""

SLICE_SHARE: Final = 0.5
"""Part of the spacing within which contours that name the same image slice lie in one plane; those
farther apart name it wrongly."""

LEAST_TOLERANCE_MM: Final = 0.01
"""Contours closer than this in z lie in one plane: decimal strings of one slice differ by less."""

MOST_TOLERANCE_MM: Final = 0.5
"""A tenth of the widest spacing that is drawn."""

FEW_WIDE: Final = 4
"""Where fewer than one in so many steps along z is wide, the narrow ones are the spacing."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class PlaneStack:
    """Polygons sorted by column and plane.

    Parameters
    ----------
    xy_mm
        All vertices, shape ``(n, 2)``.
    loop_start
        Vertices of loop ``i`` are ``xy_mm[loop_start[i]:loop_start[i + 1]]``.
    plane_start
        Loops of plane ``p`` are ``plane_start[p]`` to ``plane_start[p + 1]``.
    z_mm
        Plane positions, strictly ascending within a column.
    column_start
        Planes of column ``c`` are ``column_start[c]`` to ``column_start[c + 1]``.
    body
        For each loop, the first loop of its body: loops of one body change together along z.
    duplicates
        Second copies of contours, left out: under the even-odd rule a copy would turn the region
        inside out.
    copied_mm
        z of the planes that held them.
    unclear
        Planes whose contours can be read in two ways.
    thin
        Planes with walls thinner than any that is drawn; they are read as walls.
    moved
        Contours that were moved onto the plane of others, and by how much at most, mm.
    parts, holes
        What was drawn between the planes of other contours that it overlaps, or that lie around
        it: stacks of their own, that belong to the structure or are cut out of it.
    """

    xy_mm: FloatArray
    loop_start: IntArray
    plane_start: IntArray
    z_mm: FloatArray
    column_start: IntArray
    body: IntArray
    duplicates: int = 0
    copied_mm: tuple[float, ...] = ()
    unclear: tuple[Unclear, ...] = ()
    thin: tuple[Unclear, ...] = ()
    moved: tuple[int, float] = (0, 0.0)
    parts: tuple[PlaneStack, ...] = ()
    holes: tuple[PlaneStack, ...] = ()

    @property
    def n_planes(self) -> int:
        """Number of planes; those of several columns at one height are one."""
        heights = np.sort(self.z_mm)
        steps = np.diff(heights)
        return 1 + int((steps > tolerance_mm(steps, None)).sum())


@dataclass(slots=True)
class _Stacking:
    """What is gathered while columns are laid down."""

    planes: list[Plane] = field(default_factory=list)
    z_mm: list[float] = field(default_factory=list)
    columns: list[int] = field(default_factory=lambda: [0])
    unclear: list[Unclear] = field(default_factory=list)
    thin: list[Unclear] = field(default_factory=list)
    copied_mm: list[float] = field(default_factory=list)
    moved: list[float] = field(default_factory=list)
    copies: int = 0


def stack_planes(
    structure: Structure,
    slice_spacing_mm: float | None = None,
    overlaps: Overlaps = Overlaps.EVEN_ODD,
) -> PlaneStack:
    """Sort a structure's contours into columns and planes, each outline once.

    Parameters
    ----------
    slice_spacing_mm
        Spacing of the image slices, where it is known: planes are not farther apart than that.
    overlaps
        How contours of one plane combine where that can be read in two ways; by default they stay
        as they are drawn.

    Raises
    ------
    GeometryError
        The structure has no closed contour.
    """
    if not structure.contours:
        raise GeometryError(
            "the structure has no closed contour", where=f"ROI {structure.roi_number}"
        )
    # 1. Arrays instead of objects: heights, vertices, boxes, and which slice names can be believed.
    outlines = _outlines(structure.contours, slice_spacing_mm)
    made, others = _Stacking(), []
    # 2. What hangs together seen from above is a column; all that follows looks at one of them.
    for whole in _columns(outlines):
        column = _without_shifted(made, outlines, whole)
        planes = list(_planes(outlines, column))
        # 3. Contours at one height form a plane; planes of two drawing sessions are told apart.
        first, *rest = interleaved(planes, outlines.z_mm, outlines.boxes, slice_spacing_mm)
        # 4. The stack with the largest section is the structure; copies and crossings of its planes
        #    are settled plane by plane.
        _lay(made, outlines, first, overlaps)
        # 5. Every other stack of the column repeats it, lies within it, or adds to it.
        for planes in rest:
            role, told = role_of(*(_read(outlines, stack) for stack in (first, planes)))
            if role is PlaneRole.COPY:
                made.copies += sum(len(plane) for plane in planes)
                made.copied_mm += [outlines.contours[plane[0]].z_mm for plane in planes]
                continue
            made.unclear += told
            # Under the even-odd rule it is one more column of the same solid: what lies in both
            # drops out by itself. Otherwise it is a solid of its own, united or subtracted by the
            # region.
            if role is PlaneRole.PART and overlaps is Overlaps.EVEN_ODD:
                _lay(made, outlines, planes, overlaps)
            else:
                beside = _Stacking()
                _lay(beside, outlines, planes, overlaps)
                others.append((role, _packed(beside)))
    return _packed(made, others)


def one_per_plane(structure: Structure, slice_spacing_mm: float | None = None) -> Structure:
    """Return a structure as it is read: contours on their planes, and no outline twice.

    What is unclear stays as it was drawn, for those who look at pictures.
    """
    if not structure.contours:
        return structure
    stack = stack_planes(structure, slice_spacing_mm, Overlaps.EVEN_ODD)
    if not stack.duplicates and not stack.moved[0]:
        return structure
    plane = np.repeat(np.arange(stack.z_mm.size), np.diff(stack.plane_start))
    contours = tuple(
        Contour(float(stack.z_mm[p]), stack.xy_mm[stack.loop_start[i] : stack.loop_start[i + 1]])
        for i, p in enumerate(plane.tolist())
    )
    return Structure(
        structure.roi_number, structure.name, contours, structure.interpreted_type,
        structure.set_aside, structure.problem, structure.raw_name, structure.overrides,
    )  # fmt: skip


def tolerance_mm(steps_mm: FloatArray, slice_spacing_mm: float | None) -> float:
    """Return how far contours of one plane may lie apart, from the steps between heights."""
    # The width of a plane follows the spacing: contours of 1 mm slices may not lie as far apart as
    # those of 5 mm slices. The 1e-6 lets a distance of exactly a tenth count as within.
    usual = spacing_mm(steps_mm)
    if usual is None:
        return LEAST_TOLERANCE_MM
    if slice_spacing_mm is not None and slice_spacing_mm > 0:
        usual = min(usual, slice_spacing_mm)
    return max(LEAST_TOLERANCE_MM, min(PLANE_SHARE * usual * (1 + 1e-6), MOST_TOLERANCE_MM))


def spacing_mm(steps_mm: FloatArray) -> float | None:
    """Return the usual spacing of planes, from the steps between heights; None without a step.

    Steps within a plane, which are no longer than a tenth of the spacing, do not count.
    """
    steps = steps_mm[steps_mm > LEAST_TOLERANCE_MM]
    if steps.size == 0:
        return None
    # Steps within a plane must not drag the median down. Where next to nothing is wide, the planes
    # are truly that close, and half of a high step (the 90th percentile) tells steps within a plane
    # from steps between planes instead.
    wide = steps[steps > MOST_TOLERANCE_MM * (1 + 1e-6)]
    if wide.size * FEW_WIDE < steps.size or wide.size == 0:
        wide = steps[steps > 0.5 * np.sort(steps)[int(0.9 * (steps.size - 1))]]
    usual = float(np.sort(wide)[(wide.size - 1) // 2])
    # A step between planes runs from the last contour of one to the first of the next; the spacing
    # of the planes themselves is longer by what a plane is thick.
    within = steps[steps <= usual * PLANE_SHARE / (1 - PLANE_SHARE) * (1 + 1e-6)]
    return usual + (float(within.max()) if within.size else 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Outlines:
    """All contours of a structure, in the order of z.

    ``true_names`` are image slices that are named only by contours near each other.
    """

    contours: tuple[Contour, ...]
    z_mm: FloatArray
    xy_mm: FloatArray
    start: IntArray
    boxes: FloatArray
    true_names: frozenset[str]
    slice_spacing_mm: float | None


def _outlines(contours: tuple[Contour, ...], slice_spacing_mm: float | None) -> _Outlines:
    xy = np.concatenate([c.xy_mm for c in contours])
    start = _offsets([len(c.xy_mm) for c in contours])
    low, high = np.minimum.reduceat(xy, start[:-1]), np.maximum.reduceat(xy, start[:-1])
    z = np.array([c.z_mm for c in contours])
    names = _true_names(contours, slice_spacing_mm)
    return _Outlines(
        contours, z, xy, start, np.concatenate([low, high], axis=1), names, slice_spacing_mm
    )


def _true_names(contours: tuple[Contour, ...], slice_spacing_mm: float | None) -> frozenset[str]:
    if not any(c.image_uid for c in contours):
        return frozenset()
    low: dict[str, float] = {}
    high: dict[str, float] = {}
    for c in contours:
        low.setdefault(c.image_uid, c.z_mm)
        high[c.image_uid] = c.z_mm
    # A slice name that contours of very different heights share is a copy-and-paste of the export.
    # Names are believed where all contours of a name lie within half a slice of each other.
    steps = np.diff(np.sort([(low[uid] + high[uid]) / 2 for uid in low if uid]))
    near = SLICE_SHARE * (slice_spacing_mm or spacing_mm(steps) or 0.0)
    return frozenset(uid for uid in low if uid and 0 < high[uid] - low[uid] <= near)


def _columns(outlines: _Outlines) -> Iterator[list[int]]:
    """Yield what hangs together seen from above, each in the order of z."""
    owner = np.arange(len(outlines.contours), dtype=np.int64)
    join_seen_from_above(outlines.xy_mm, outlines.start, outlines.z_mm, outlines.boxes, owner)
    found: dict[int, list[int]] = {}
    for i, root in enumerate(owner.tolist()):
        found.setdefault(root, []).append(i)
    yield from found.values()


def _planes(outlines: _Outlines, column: list[int]) -> Iterator[list[int]]:
    """Yield the contours of each plane of a column."""
    z = outlines.z_mm[column]
    near = tolerance_mm(np.diff(z), outlines.slice_spacing_mm)
    plane: list[int] = []
    for i, z_mm in zip(column, z.tolist(), strict=True):
        # Compared with the first contour of the plane, not with the last: a ramp of many small
        # steps must not become one thick plane.
        if plane and z_mm - outlines.z_mm[plane[0]] > near and not _named_alike(outlines, plane, i):
            yield plane
            plane = []
        plane.append(i)
    yield plane


def _without_shifted(made: _Stacking, outlines: _Outlines, column: list[int]) -> list[int]:
    """Return a column without second copies of its outlines that lie part of a slice off."""
    loops = [c.xy_mm for c in outlines.contours]
    gone = shifted_copies(column, outlines.z_mm, outlines.boxes, loops, outlines.slice_spacing_mm)
    made.copies += len(gone)
    made.copied_mm += dict.fromkeys(outlines.contours[i].z_mm for i in gone)
    return [i for i in column if i not in gone] if gone else column


def _named_alike(outlines: _Outlines, plane: list[int], i: int) -> bool:
    uid = outlines.contours[i].image_uid
    return uid in outlines.true_names and any(outlines.contours[j].image_uid == uid for j in plane)


def _read(outlines: _Outlines, planes: list[list[int]]) -> list[tuple[float, list[FloatArray]]]:
    """Return z and loops of each plane."""
    return [
        (outlines.contours[plane[0]].z_mm, [outlines.contours[i].xy_mm for i in plane])
        for plane in planes
    ]


def _lay(made: _Stacking, outlines: _Outlines, planes: list[list[int]], overlaps: Overlaps) -> None:
    """Add the planes of one column; each lies where most of its area was drawn."""
    sizes = outlines.boxes[:, 2:] - outlines.boxes[:, :2]
    for indices in planes:
        contours = [outlines.contours[i] for i in indices]
        plane = resolve([c.xy_mm for c in contours], overlaps)
        z_mm = _height([c.z_mm for c in contours], sizes[indices].prod(axis=1))
        made.moved += [abs(c.z_mm - z_mm) for c in contours if c.z_mm != z_mm]
        made.unclear += [Unclear(z_mm, *told) for told in plane.unclear]
        made.thin += [Unclear(z_mm, *told) for told in plane.thin]
        made.copied_mm += [z_mm] if plane.copies else []
        made.copies += plane.copies
        made.planes.append(plane)
        made.z_mm.append(z_mm)
    made.columns.append(len(made.planes))


def _height(heights_mm: list[float], sizes_mm2: FloatArray) -> float:
    """Return the height at which most lies; of equal ones, that of the largest contour."""
    if len(set(heights_mm)) == 1:
        return heights_mm[0]
    # The height with the largest sum of sizes wins, so that little is moved onto much. Sizes are
    # those of boxes: the area of what may still turn out to be a copy is not needed.
    found: dict[float, tuple[float, float]] = {}
    for z, size in zip(heights_mm, sizes_mm2.tolist(), strict=True):
        total, largest = found.get(z, (0.0, 0.0))
        found[z] = total + size, max(largest, size)
    return max(found, key=lambda z: found[z])


def _packed(made: _Stacking, others: Sequence[tuple[PlaneRole, PlaneStack]] = ()) -> PlaneStack:
    loops = [loop for plane in made.planes for loop in plane.loops]
    plane_start = _offsets([len(plane.loops) for plane in made.planes])
    body = [b for plane in made.planes for b in plane.body]
    first = np.repeat(plane_start[:-1], np.diff(plane_start))
    return PlaneStack(
        xy_mm=np.concatenate(loops),
        loop_start=_offsets([len(loop) for loop in loops]),
        plane_start=plane_start,
        z_mm=np.array(made.z_mm),
        column_start=np.array(made.columns, dtype=np.int64),
        body=first + np.array(body, dtype=np.int64),
        duplicates=made.copies,
        copied_mm=tuple(made.copied_mm),
        unclear=tuple(made.unclear),
        thin=tuple(made.thin),
        moved=(len(made.moved), max(made.moved, default=0.0)),
        parts=tuple(stack for role, stack in others if role is PlaneRole.PART),
        holes=tuple(stack for role, stack in others if role is PlaneRole.HOLE),
    )


def _offsets(sizes: Sequence[int]) -> IntArray:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
