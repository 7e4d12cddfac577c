"""Whether the outline of an organ lies where the image changes: too wide, too tight, or aside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.checks.anatomy.organ_view import OrganView
from sbrt_qa.checks.anatomy.shells import inner_shells, outer_shells
from sbrt_qa.geometry.rasters import BoolArray

SHELLS: Final = 5
"""Shells on each side of the outline, a cell thick each."""

LEAST_CELLS: Final = 150
"""Of an organ whose outline is looked at."""

SAMPLE: Final = 500
"""Cells of each side that are tried elsewhere."""

COARSE: Final = 3
"""Cells between the places of the coarse search."""

REACH_CELLS, REACH_PLANES = 10, 5
"""How far an organ is tried aside."""

Shift = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class OutlineFit:
    """What the image says of an outline.

    Parameters
    ----------
    inside, outside
        Share of the cells of each shell that look like the organ, from the outline inwards and
        outwards; cells of other organs and targets are left out of the outer ones.
    core
        The same share in the middle of the organ.
    shift_mm, best_mm
        The shift (x, y, z) at which the outline fits best, and its length.
    sides
        Share of the cells 2 to 5 outwards that look like the organ, by eighths of the directions
        in the plane, from the left of the patient towards the back.
    fit, best_fit
        Share alike within less that without, where it is drawn and where it fits best.
    """

    inside: tuple[float, ...]
    outside: tuple[float, ...]
    core: float
    best_mm: float
    shift_mm: tuple[float, float, float]
    fit: float
    best_fit: float
    sides: tuple[float, ...]


def outline_of(view: OrganView, others: BoolArray) -> OutlineFit | None:
    """Compare an outline with the image; None without one, or where the organ is too small.

    Parameters
    ----------
    others
        Cells of other organs and of targets within the window of the organ.
    """
    like = view.like
    if like is None or np.count_nonzero(view.mask) < LEAST_CELLS:
        return None
    free = ~others
    inner = inner_shells(view.mask, SHELLS)
    outer = outer_shells(view.mask, SHELLS)
    inside = tuple(_share(like, shell) for shell in inner)
    outside = tuple(_share(like, shell & free) for shell in outer)
    best, fit, best_fit = _search(like, inner[0] | inner[1], outer[0] | outer[1])
    cell, step = view.scene.raster.cell_mm, view.scene.raster.step_mm
    shift = (best[2] * cell[0], best[1] * cell[1], best[0] * step)
    return OutlineFit(
        inside, outside, _share(like, view.core), float(np.linalg.norm(shift)), shift, fit,
        best_fit, _sides(like, outer, free),
    )  # fmt: skip


def _share(like: BoolArray, where: BoolArray) -> float:
    """Return the share of cells alike; nan-free: 0 where there are none."""
    count = np.count_nonzero(where)
    return float(np.count_nonzero(like & where)) / count if count else 0.0


def _sides(like: BoolArray, outer: list[BoolArray], free: BoolArray) -> tuple[float, ...]:
    """Return the share alike by direction; 0 where too little is free to be looked at."""
    at = np.argwhere((outer[1] | outer[2] | outer[3]) & free)
    if at.shape[0] == 0:
        return (0.0,) * 8
    middle = np.argwhere(outer[0]).mean(axis=0)
    angle = np.arctan2(at[:, 1] - middle[1], at[:, 2] - middle[2])
    eighth = np.round(angle / (np.pi / 4)).astype(np.int64) % 8
    alike = like[at[:, 0], at[:, 1], at[:, 2]]
    total = np.bincount(eighth, minlength=8)
    found = np.bincount(eighth, weights=alike, minlength=8)
    enough = total >= max(20, at.shape[0] / 40)
    return tuple(np.where(enough, found / np.maximum(total, 1), 0.0).tolist())


def _search(like: BoolArray, inner: BoolArray, outer: BoolArray) -> tuple[Shift, float, float]:
    """Return the shift that fits best, and how well the outline fits unmoved and there."""
    pad = ((REACH_PLANES + 1,) * 2, (REACH_CELLS + 2,) * 2, (REACH_CELLS + 2,) * 2)
    padded = np.pad(like, pad)
    corner = np.array([REACH_PLANES + 1, REACH_CELLS + 2, REACH_CELLS + 2])
    strides = np.array([padded.shape[1] * padded.shape[2], padded.shape[2], 1])
    flat = padded.ravel()
    inside, outside = ((_sample(where) + corner) @ strides for where in (inner, outer))

    def fits(shifts: list[Shift]) -> list[float]:
        by = (np.array(shifts) @ strides)[:, None]
        within, without = (
            np.count_nonzero(flat[where + by], axis=1) / where.size for where in (inside, outside)
        )
        differences: list[float] = (within - without).tolist()
        return differences

    best: Shift = (0, 0, 0)
    start = best_fit = fits([best])[0]
    for tried in (_coarse(), None):
        shifts = tried or _fine(best)
        for shift, found in zip(shifts, fits(shifts), strict=True):
            if found > best_fit + 1e-9:
                best, best_fit = shift, found
    return best, start, best_fit


def _coarse() -> list[Shift]:
    in_plane = range(-REACH_CELLS + 1, REACH_CELLS, COARSE)
    return [(z, y, x) for z in range(-4, 5, 2) for y in in_plane for x in in_plane]


def _fine(centre: Shift) -> list[Shift]:
    z0, y0, x0 = centre
    near = range(-1, 2)
    return [(z0 + z, y0 + y, x0 + x) for z in near for y in near for x in near]


def _sample(where: BoolArray) -> npt.NDArray[np.int64]:
    at = np.argwhere(where)
    return at[:: max(1, at.shape[0] // SAMPLE)]
