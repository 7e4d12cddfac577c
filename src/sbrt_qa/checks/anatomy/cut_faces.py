"""Faces at which the rest of an organ may have been cut off: ends of sections, straight edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.checks.anatomy.flat_sides import ALONG_MM, evenly
from sbrt_qa.checks.anatomy.organ_view import OrganView
from sbrt_qa.checks.anatomy.shells import shrunk
from sbrt_qa.geometry.outlines import signed_area
from sbrt_qa.geometry.rasters import BoolArray
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.structure import Contour

STRAIGHT_DEGREES: Final = 10.0
"""How far from its direction a straight edge may turn."""

CORNER_DEGREES: Final = 40.0
"""Turn at both ends of an edge that somebody cut: what is round turns slowly."""

LEAST_EDGE_MM: Final = 6.0
"""Length of such an edge, without what the corners take of it."""

FEWEST_EDGES: Final = 3
"""Planes on which edges lie in one plane."""

APART_MM: Final = 2.0
"""How far edges may lie beside the plane that they have in common."""

FAR_MM: Final = 100.0
"""How far from a face the rest of an organ is looked for."""

FEWEST_ROWS: Final = 3
"""Slices beyond an end that are looked at, at least."""

STEP_MM: Final = 2.0
"""Between the points beyond an edge."""


@dataclass(frozen=True, slots=True, eq=False)
class CutFace:
    """A face, and the places beyond it, row by row outwards.

    Parameters
    ----------
    degrees
        Where it looks to in the plane, from the left of the patient towards the back; None along z.
    up
        Along z, whether it looks to the head.
    z_mm
        Height of a slice that shows it.
    rows
        Places (z, y, x) in cells of the window, shape ``(rows, points, 3)``; those outside of the
        window repeat its border.
    cell_cc
        Volume that each place stands for.
    middle_mm, normal
        A place (x, y, z) on it, and where it looks to.
    """

    degrees: float | None
    up: bool
    z_mm: float
    rows: npt.NDArray[np.int64]
    cell_cc: float
    middle_mm: tuple[float, float, float]
    normal: tuple[float, float, float]

    def beyond(self, points_mm: FloatArray) -> BoolArray:
        """Tell which places (x, y, z) lie beyond its plane, within `FAR_MM` of its middle."""
        away = points_mm - np.array(self.middle_mm)
        near = np.linalg.norm(away, axis=1) <= FAR_MM
        return np.asarray(near & (away @ np.array(self.normal) > 0))


def end_faces(view: OrganView, reach_mm: float) -> Iterator[CutFace]:
    """Give for every plane and direction along z the part of a section that does not go on.

    A rim of a cell is left out: organs narrow from slice to slice.
    """
    raster = view.scene.raster
    step, inner = raster.step_mm, shrunk(view.mask)
    last = view.mask.shape[0] - 1
    steps = max(FEWEST_ROWS, round(reach_mm / step))
    for k in np.flatnonzero(inner.any(axis=(1, 2))).tolist():
        for way in (1, -1):
            if not 0 <= k + 2 * way <= last:
                continue
            at = np.argwhere(inner[k] & ~view.mask[k + way])
            if len(at) == 0:
                continue
            planes = [k + n * way for n in range(1, steps + 1) if 0 <= k + n * way <= last]
            rows = np.stack([np.insert(at, 0, plane, axis=1) for plane in planes])
            middle = np.array([k, *at.mean(axis=0)]) + [c.start for c in view.window.cut]
            x, y, z = raster.at(middle[None])[0].tolist()
            yield CutFace(
                None, way > 0, z, rows, raster.cell_cc, (x, y, z), (0.0, 0.0, float(way))
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Edge:
    z_mm: float
    degrees: float
    off_mm: float
    along_mm: float
    points: FloatArray
    normal: FloatArray


def edge_faces(view: OrganView, reach_mm: float) -> Iterator[CutFace]:
    """Give the faces that straight edges with corners make over several planes."""
    edges = [e for c in view.structure.contours for e in _edges(c)]
    steps = np.unique([c.z_mm for c in view.structure.contours])
    spacing = float(np.median(np.diff(steps))) if steps.size > 1 else 0.0
    while edges:
        first = edges[0]
        same = [e for e in edges if _one_plane(first, e)]
        edges = [e for e in edges if e not in same]
        if len({e.z_mm for e in same}) < FEWEST_EDGES:
            continue
        rows = [
            np.concatenate([
                np.insert(e.points + out * e.normal, 2, e.z_mm, axis=1) for e in same
            ])
            for out in np.arange(STEP_MM, reach_mm + 0.1, STEP_MM)
        ]  # fmt: skip
        middle = same[len(same) // 2]
        (x, y), (across, back) = middle.points.mean(axis=0).tolist(), middle.normal.tolist()
        yield CutFace(
            degrees=middle.degrees, up=False, z_mm=middle.z_mm,
            rows=_cells(view, np.stack(rows)), cell_cc=ALONG_MM * STEP_MM * spacing / 1000,
            middle_mm=(x, y, middle.z_mm), normal=(across, back, 0.0),
        )  # fmt: skip


def _one_plane(a: _Edge, b: _Edge) -> bool:
    turned = abs((a.degrees - b.degrees + 180) % 360 - 180)
    return (
        turned <= STRAIGHT_DEGREES
        and abs(a.off_mm - b.off_mm) <= APART_MM
        and abs(a.along_mm - b.along_mm) <= 30
    )


def _cells(view: OrganView, rows_mm: FloatArray) -> npt.NDArray[np.int64]:
    """Return the cells of the window in which places (x, y, z) lie."""
    raster, cut = view.scene.raster, view.window.cut
    z = np.abs(view.z_mm[:, None] - rows_mm[..., 2].ravel()).argmin(axis=0)
    found = [z.reshape(rows_mm.shape[:2])]
    for axis, window in ((1, cut[1]), (0, cut[2])):
        at = np.rint((rows_mm[..., axis] - raster.origin_mm[axis]) / raster.cell_mm[axis])
        found.append(np.clip(at.astype(np.int64) - window.start, 0, view.mask.shape[2 - axis] - 1))
    return np.stack(found, axis=-1)


def _edges(contour: Contour) -> Iterator[_Edge]:
    """Give the straight edges of an outline that have a corner at both ends."""
    xy = evenly(contour.xy_mm)
    if signed_area(xy) < 0:
        xy = xy[::-1]
    ahead = np.roll(xy, -1, axis=0) - xy
    heading = np.degrees(np.arctan2(ahead[:, 1], ahead[:, 0]))
    n = len(xy)
    turn = (np.roll(heading, -1) - heading + 180) % 360 - 180
    corners = np.flatnonzero(turn + np.roll(turn, -1) >= CORNER_DEGREES)
    for start, stop in zip(corners.tolist(), np.roll(corners, -1).tolist(), strict=True):
        count = (stop - start) % n
        run = [(start + 2 + i) % n for i in range(count - 2)]
        if len(run) * ALONG_MM < LEAST_EDGE_MM:
            continue
        mean = heading[run[len(run) // 2]]
        if np.abs((heading[run] - mean + 180) % 360 - 180).max() > STRAIGHT_DEGREES:
            continue
        out = np.radians(mean - 90.0)
        normal = np.array([np.cos(out), np.sin(out)])
        points = xy[run]
        middle = points.mean(axis=0)
        along = float(middle @ np.array([-normal[1], normal[0]]))
        yield _Edge(
            contour.z_mm, float((mean - 90.0) % 360), float(middle @ normal), along, points, normal
        )


def goes_on(
    face: CutFace, alike: BoolArray, free: BoolArray
) -> tuple[BoolArray, tuple[float, float]]:
    """Return which places beyond a face may belong to the organ, and how much of it goes on.

    Parameters
    ----------
    alike, free
        Cells of the window of the same tissue, and those that no other organ holds.

    Returns
    -------
    BoolArray, tuple of float
        Shape ``(rows, points)``: reached from the face through nothing else. Shares of the face
        from which the second and the last row are reached, 0 where others hold more than half.
    """
    at = tuple(np.moveaxis(face.rows, -1, 0))
    open_ = free[at]
    reached = np.logical_and.accumulate(alike[at] & open_, axis=0)
    near, far = (_share(reached[k], open_[k]) for k in (min(1, len(reached) - 1), -1))
    return reached, (near, far)


def _share(reached: BoolArray, free: BoolArray) -> float:
    count = np.count_nonzero(free)
    return float(np.count_nonzero(reached) / count) if 2 * count >= free.size else 0.0
