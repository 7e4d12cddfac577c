"""Whether a side of an organ is one plane, as if the rest of it had been cut off."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.checks.anatomy.open_ends import OpenEnd
from sbrt_qa.checks.anatomy.organ_view import OrganView
from sbrt_qa.checks.anatomy.shells import outer_shells
from sbrt_qa.geometry.rasters import BoolArray
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.structure import Structure

STEP_DEGREES: Final = 3
"""Between the directions that are looked at, all around."""

ALONG_MM: Final = 2.0
"""Between the points of an outline that are looked at."""

FLAT_MM: Final = 1.2
"""How far from the outermost point of all planes a point may be to be on the flat side."""

LEAST_MM: Final = 25.0
"""Mean width across, below which every organ looks flat."""

FEWEST_PLANES: Final = 5

FEWEST_CELLS: Final = 20
"""Cells beyond a flat side from which on the image says what lies there."""

SAME_TISSUE: Final = 0.5
"""Share of them alike from which on the organ goes on."""

ALONE: Final = 1.5
"""So much flatter a side has to be where no image says what lies beyond it."""

RESECTED: Final = "Liver"
"""An organ that may end in a plane after a resection: without an image nothing is said of it."""

EIGHTHS: Final = (
    say("left"), say("left and back"), say("back"), say("right and back"), say("right"),
    say("right and front"), say("front"), say("left and front"),
)  # fmt: skip
"""Directions in the plane, from the left of the patient towards the back."""


@dataclass(frozen=True, slots=True)
class FlatSide:
    """The flattest side of an organ.

    Parameters
    ----------
    degrees
        Where it looks to, from the left of the patient towards the back.
    at_mm
        Distance of its plane from the origin along that direction.
    percent
        Its area, in per cent of all that is seen of the organ from there.
    """

    degrees: float
    at_mm: float
    percent: float


def flat_side(view: OrganView, others: BoolArray, flat_percent: float) -> OpenEnd | None:
    """Find a flat side of an organ beyond which it goes on, or, without an image, any.

    Parameters
    ----------
    others
        Cells of other organs and of targets within the window.
    flat_percent
        Area of the side, in per cent of all that is seen of the organ from there; half as much
        again without an image.
    """
    side = flattest(view.structure)
    if side is None or side.percent < flat_percent:
        return None
    alike = _beyond(view, others, side)
    if alike is None and (view.name == RESECTED or side.percent < ALONE * flat_percent):
        return None
    if alike is not None and alike < SAME_TISSUE:
        return None
    where = EIGHTHS[round(side.degrees / 45) % 8]
    text = say(
        "it ends in one plane towards the {0}, over {1} % of that side, as if it had been cut off",
        where, f"{side.percent:.0f}",
    )  # fmt: skip
    return OpenEnd(text, float(view.z_mm[int(view.areas.argmax())]))


def flattest(structure: Structure) -> FlatSide | None:
    """Return the flattest side of a structure; None of one that is thin, or of few planes."""
    planes = list(_outlines(structure))
    if len(planes) < FEWEST_PLANES:
        return None
    points = np.concatenate(planes)
    starts = np.cumsum([0, *(len(one) for one in planes[:-1])])
    best: FlatSide | None = None
    for degrees in range(0, 180, STEP_DEGREES):
        turn = math.radians(degrees)
        out, across = points @ _unit(turn), points @ _unit(turn + math.pi / 2)
        wide = np.maximum.reduceat(across, starts) - np.minimum.reduceat(across, starts)
        if float(wide.mean()) < LEAST_MM:
            continue
        for sign in (1, -1):
            outermost = float((sign * out).max())
            flat = np.count_nonzero(sign * out > outermost - FLAT_MM) * ALONG_MM
            percent = min(100 * flat / float(wide.sum()), 100.0)
            if best is None or percent > best.percent:
                best = FlatSide((degrees + (0 if sign > 0 else 180)) % 360, outermost, percent)
    return best


def _unit(turn: float) -> FloatArray:
    return np.array([math.cos(turn), math.sin(turn)])


def _outlines(structure: Structure) -> Iterator[FloatArray]:
    """Give for each plane points along its outlines, evenly."""
    by_height: dict[float, list[FloatArray]] = {}
    for contour in structure.contours:
        by_height.setdefault(contour.z_mm, []).append(evenly(contour.xy_mm))
    for parts in by_height.values():
        yield np.concatenate(parts)


def evenly(xy_mm: FloatArray) -> FloatArray:
    """Return points along a closed outline, every `ALONG_MM`, from its first vertex."""
    closed = np.vstack([xy_mm, xy_mm[:1]])
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    at = np.arange(0.0, max(float(way[-1]), ALONG_MM), ALONG_MM)
    return np.column_stack([np.interp(at, way, closed[:, axis]) for axis in (0, 1)])


def _beyond(view: OrganView, others: BoolArray, side: FlatSide) -> float | None:
    """Return the share alike of what lies beyond a side; None where the image does not say."""
    if view.like is None:
        return None
    near = np.logical_or.reduce(outer_shells(view.mask, 4)[1:]) & ~others
    at = np.argwhere(near)
    if at.shape[0] == 0:
        return None
    place = view.scene.raster.at(at + np.array([s.start for s in view.window.cut]))
    out = place[:, :2] @ _unit(math.radians(side.degrees))
    beyond = at[out > side.at_mm + 1.0]
    if beyond.shape[0] < FEWEST_CELLS:
        return None
    return float(view.like[beyond[:, 0], beyond[:, 1], beyond[:, 2]].mean())
