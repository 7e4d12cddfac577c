"""Compiled estimate of the noise in blocks of voxels. No checks: callers check."""

from __future__ import annotations

import numpy as np

from sbrt_qa.dosimetry._kernels import compiled, inner


@compiled
def noise_of_blocks(values, first, cells, side, every):
    """Noise of each block of voxels over its highest voxel, ``(blocks z, y, x)``.

    Blocks of `side` voxels stand on a lattice of the whole grid ``values``; those of the cells from
    ``first`` (z, y, x) on, ``cells`` along each axis, are looked at. As in
    :func:`sbrt_qa.dosimetry.interpolation.noise_gy`, on every `every`-th voxel.
    """
    low = (first[0] // side, first[1] // side, first[2] // side)
    shape = (
        (first[0] + cells[0] - 1) // side + 1 - low[0],
        (first[1] + cells[1] - 1) // side + 1 - low[1],
        (first[2] + cells[2] - 1) // side + 1 - low[2],
    )
    result = np.zeros(shape)
    found = np.empty((3, (side // every + 1) ** 3))
    for bz in range(shape[0]):
        for by in range(shape[1]):
            for bx in range(shape[2]):
                corner = ((low[0] + bz) * side, (low[1] + by) * side, (low[2] + bx) * side)
                result[bz, by, bx] = _noise_of_block(values, corner, side, every, found)
    return result


@inner
def _select(values, first, last, place):
    """Put the value that belongs at a place of ``values[first:last + 1]`` there, none lower after.

    Hoare's selection; numpy's median, compiled, would bring all of its array functions with it.
    """
    while first < last:
        middle = values[(first + last) // 2]
        i, j = first, last
        while i <= j:
            while values[i] < middle:
                i += 1
            while middle < values[j]:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if place <= j:
            last = j
        elif place >= i:
            first = i
        else:
            break
    return values[place]


@compiled
def _median(values, count):
    """Return the median of the first `count` values, one at least; their order is lost."""
    half = count // 2
    upper = _select(values, 0, count - 1, half)
    if count % 2 == 1:
        return upper
    lower = values[0]
    for i in range(1, half):
        lower = max(lower, values[i])
    return (lower + upper) / 2.0


@inner
def _noise_of_block(values, corner, side, every, found):
    nz, ny, nx = values.shape
    count = np.zeros(3, dtype=np.int64)
    top = 0.0
    for k in range(corner[0], min(corner[0] + side, nz), every):
        for j in range(corner[1], min(corner[1] + side, ny), every):
            for i in range(corner[2], min(corner[2] + side, nx), every):
                top = max(top, values[k, j, i])
                for axis in range(3):
                    a, b, c = int(axis == 0), int(axis == 1), int(axis == 2)
                    if k < 2 * a or j < 2 * b or i < 2 * c:
                        continue
                    if k + 2 * a >= nz or j + 2 * b >= ny or i + 2 * c >= nx:
                        continue
                    found[axis, count[axis]] = abs(
                        values[k - 2 * a, j - 2 * b, i - 2 * c]
                        + values[k + 2 * a, j + 2 * b, i + 2 * c]
                        - 4.0 * (values[k - a, j - b, i - c] + values[k + a, j + b, i + c])
                        + 6.0 * values[k, j, i]
                    )
                    count[axis] += 1
    least = np.inf
    for axis in range(3):
        if count[axis] == 0:
            return 0.0
        least = min(least, _median(found[axis], count[axis]))
    return least / top if top > 0.0 else 0.0
