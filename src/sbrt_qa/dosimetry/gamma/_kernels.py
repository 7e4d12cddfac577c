"""Compiled loops of gamma. No checks: callers check.

Letters: p points, m places along one axis, n offsets. ``cell (3, m)`` and ``part (3, m)`` are the
voxel below each place and how far it lies on the way to the next, for z, y, x.
"""

from __future__ import annotations

import numpy as np

from sbrt_qa.geometry._kernels import compiled, inner


@inner
def _place(axis, start, step, cell, part):
    """Fill cell and part of even places along one axis; cell -1 where a place lies outside."""
    last = axis.size - 2
    k = 0
    for m in range(cell.size):
        value = start + m * step
        if value < axis[0] or value > axis[last + 1]:
            cell[m] = -1
            continue
        while k < last and axis[k + 1] <= value:
            k += 1
        cell[m] = k
        part[m] = (value - axis[k]) / (axis[k + 1] - axis[k])


@inner
def _dose(dose, cell, part, a, b, c):
    """Trilinear dose at places a (z), b (y), c (x); NaN outside."""
    k, j, i = cell[0, a], cell[1, b], cell[2, c]
    if k < 0 or j < 0 or i < 0:
        return np.nan
    w, v, u = part[0, a], part[1, b], part[2, c]
    low = (1 - v) * ((1 - u) * dose[k, j, i] + u * dose[k, j, i + 1])
    low += v * ((1 - u) * dose[k, j + 1, i] + u * dose[k, j + 1, i + 1])
    high = (1 - v) * ((1 - u) * dose[k + 1, j, i] + u * dose[k + 1, j, i + 1])
    high += v * ((1 - u) * dose[k + 1, j + 1, i] + u * dose[k + 1, j + 1, i + 1])
    return (1 - w) * low + w * high


@compiled
def gamma(points, wanted, dose, axes, offsets, squares, step, unit_gy, fine, cap):
    """Return gamma of every point, at most `cap`, ``(p)``.

    ``points (p, 3)`` and ``offsets (n, 3)``, whole steps by rising distance, are z, y, x;
    ``squares (n)`` are their squared distances, ``unit_gy (p)`` the dose differences that count 1;
    ``step`` is that of the offsets in mm and, squared, ``squares`` of one step. The best offset is
    then looked around in ``fine`` parts of a step.
    """
    reach = -offsets.min()
    most = max(2 * reach + 1, 2 * fine + 1)
    cell, part = np.empty((3, most), dtype=np.int64), np.zeros((3, most))
    result = np.empty(points.shape[0])
    per_step = squares[1]  # the second offset is one step away
    for p in range(points.shape[0]):
        best, at = cap * cap, -1
        for axis in range(3):
            _place(axes[axis], points[p, axis] - reach * step, step,
                   cell[axis, : 2 * reach + 1], part[axis, : 2 * reach + 1])  # fmt: skip
        for n in range(offsets.shape[0]):
            if squares[n] >= best:
                break
            a, b, c = offsets[n, 0] + reach, offsets[n, 1] + reach, offsets[n, 2] + reach
            off = (_dose(dose, cell, part, a, b, c) - wanted[p]) / unit_gy[p]
            if squares[n] + off * off < best:
                best, at = squares[n] + off * off, n
        if at >= 0 and best > 0:
            for axis in range(3):
                _place(axes[axis], points[p, axis] + (offsets[at, axis] - 1) * step, step / fine,
                       cell[axis, : 2 * fine + 1], part[axis, : 2 * fine + 1])  # fmt: skip
            for a in range(2 * fine + 1):
                z = (offsets[at, 0] + a / fine - 1) ** 2
                for b in range(2 * fine + 1):
                    zy = z + (offsets[at, 1] + b / fine - 1) ** 2
                    for c in range(2 * fine + 1):
                        square = (zy + (offsets[at, 2] + c / fine - 1) ** 2) * per_step
                        if square < best:
                            off = (_dose(dose, cell, part, a, b, c) - wanted[p]) / unit_gy[p]
                            if square + off * off < best:
                                best = square + off * off
        result[p] = np.sqrt(best)
    return result
