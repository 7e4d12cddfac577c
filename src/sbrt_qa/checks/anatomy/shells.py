"""Shells of a mask, a cell thick each, in the plane of the slices; arrays are ``(nz, ny, nx)``."""

from __future__ import annotations

import numpy as np

from sbrt_qa.geometry.rasters import BoolArray


def grown(mask: BoolArray) -> BoolArray:
    """Return a mask with the four neighbours of each cell in its plane; the border stays out."""
    out = mask.copy()
    out[:, 1:] |= mask[:, :-1]
    out[:, :-1] |= mask[:, 1:]
    out[:, :, 1:] |= mask[:, :, :-1]
    out[:, :, :-1] |= mask[:, :, 1:]
    return out


def shrunk(mask: BoolArray) -> BoolArray:
    """Return the cells whose four neighbours in the plane are inside; the border counts as out."""
    return ~grown(~mask)


def core_of(mask: BoolArray, times: int, least: int = 40) -> BoolArray:
    """Return a mask shrunk so often that `least` cells are left, at most `times`."""
    core = mask
    for _ in range(times):
        smaller = shrunk(core)
        if np.count_nonzero(smaller) < least:
            break
        core = smaller
    return core


def outer_shells(mask: BoolArray, count: int) -> list[BoolArray]:
    """Return shells outside a mask, from the nearest."""
    shells, here = [], mask
    for _ in range(count):
        larger = grown(here)
        shells.append(larger & ~here)
        here = larger
    return shells


def inner_shells(mask: BoolArray, count: int) -> list[BoolArray]:
    """Return shells inside a mask, from the outermost."""
    shells, here = [], mask
    for _ in range(count):
        smaller = shrunk(here)
        shells.append(here & ~smaller)
        here = smaller
    return shells


def thickness_cells(mask: BoolArray) -> int:
    """Return about how many cells a mask is thick where it is thickest in a plane."""
    here, times = mask, 0
    while here.any() and times < 50:
        here, times = shrunk(here), times + 1
    return max(2 * times - 1, 0)
