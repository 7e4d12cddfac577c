"""Compiled rows of a spline through a dose grid, and spans integrated along them.

No checks: callers check. A *field* is ``(coef, values, kind, bz, by, bx)``: coefficients ``(nz + 2,
ny + 2, nx + 2)``, voxels ``(nz, ny, nx)``, how each cell between voxels is read (`SPLINE`, `PLAIN`
or `BESIDE_NOTHING`), and per axis the basis ``(cells, 4, 4)``: of each cell the four polynomials,
lowest power first.
"""

from __future__ import annotations

import numpy as np

from sbrt_qa.dosimetry._kernels import _deposit_span, compiled, locate

SPLINE = 0
"""A cell that is read by the spline, held within the 4 x 4 x 4 voxels around it."""
PLAIN = 1
"""A cell that is read linearly: noise, or a voxel without any dose at a corner."""
BESIDE_NOTHING = 2
"""A cell near voxels without dose: by the spline, held within its own eight corners."""


@compiled
def solve_rows(rows, lower, middle, upper):
    """Solve the tridiagonal system of each row of ``rows (m, n)`` in place."""
    m, n = rows.shape
    ahead = np.empty(n)
    pivot = np.empty(n)
    pivot[0] = middle[0]
    for i in range(1, n):
        ahead[i - 1] = upper[i - 1] / pivot[i - 1]
        pivot[i] = middle[i] - lower[i] * ahead[i - 1]
    for r in range(m):
        row = rows[r]
        row[0] = row[0] / pivot[0]
        for i in range(1, n):
            row[i] = (row[i] - lower[i] * row[i - 1]) / pivot[i]
        for i in range(n - 2, -1, -1):
            row[i] -= ahead[i] * row[i + 1]
    return rows


@compiled
def _weights(basis, t, found):
    for j in range(4):
        found[j] = ((basis[j, 3] * t + basis[j, 2]) * t + basis[j, 1]) * t + basis[j, 0]


@compiled
def _range_around(values, iz, iy, ix):
    """Lowest and highest of the 4 x 4 x 4 voxels around a cell."""
    nz, ny, nx = values.shape
    low, high = np.inf, -np.inf
    for k in range(max(iz - 1, 0), min(iz + 3, nz)):
        for j in range(max(iy - 1, 0), min(iy + 3, ny)):
            for i in range(max(ix - 1, 0), min(ix + 3, nx)):
                value = values[k, j, i]
                low, high = min(low, value), max(high, value)
    return low, high


@compiled
def _bend(values, k, j, i, axis, sign):
    """How much a curve through a voxel bends away from `sign` times up, there and beside it, least.

    Along one axis; negative where it bends the other way at one of three voxels in a row.
    """
    a, b, c = int(axis == 0), int(axis == 1), int(axis == 2)
    nz, ny, nx = values.shape
    least = np.inf
    for n in range(-1, 2):
        z, y, x = k + n * a, j + n * b, i + n * c
        if z < a or y < b or x < c or z + a >= nz or y + b >= ny or x + c >= nx:
            return -1.0
        mean = (values[z - a, y - b, x - c] + values[z + a, y + b, x + c]) / 2.0
        least = min(least, sign * (values[z, y, x] - mean))
    return least


@compiled
def _room(values, iz, iy, ix, sign):
    """How far beyond its voxels a smooth top (`sign` 1) or hollow (-1) in a cell may reach.

    Between two voxels a parabola rises by a quarter of what each lies above the mean of its
    neighbours, and may by twice as much here. Only where all is bent alike around one corner of the
    cell: at an edge and in noise it is not, and a spline that goes beyond the voxels there rings.
    """
    room = 0.0
    for k in range(iz, iz + 2):
        for j in range(iy, iy + 2):
            for i in range(ix, ix + 2):
                room = max(room, _room_at(values, k, j, i, sign))
    return room


@compiled
def _room_at(values, k, j, i, sign):
    """Tell the same of one voxel."""
    found = 0.0
    for axis in range(3):
        bend = _bend(values, k, j, i, axis, sign)
        if bend < -1e-9 * values[k, j, i]:
            return 0.0
        found += bend
    return found / 2.0


@compiled
def room_of_tops(values, least):
    """How far beyond its voxels a spline may reach at most where a voxel has `least` or more."""
    room = 0.0
    nz, ny, nx = values.shape
    for k in range(nz):
        for j in range(ny):
            for i in range(nx):
                if values[k, j, i] >= least:
                    room = max(room, _room_at(values, k, j, i, 1.0))
    return room


@compiled
def field_row(field, place, first, last, factor, held, work, row):
    """Fill ``row[first * factor : last * factor + 1]`` with the dose along x at one place.

    ``place`` is (iz, tz, iy, ty); columns `first` to `last` of the voxels take part. ``work``
    has room for ``nx + 2`` columns and 8 weights.
    """
    coef, values, kind, bz, by, bx = field
    iz, tz, iy, ty = place
    columns, wz, wy = work
    _weights(bz[iz], tz, wz)
    _weights(by[iy], ty, wy)
    for i in range(first, last + 3):
        columns[i] = 0.0
    for k in range(4):
        for j in range(4):
            weight, source = wz[k] * wy[j], coef[iz + k, iy + j]
            for i in range(first, last + 3):
                columns[i] += weight * source[i]
    w00, w01 = (1.0 - tz) * (1.0 - ty), (1.0 - tz) * ty
    w10, w11 = tz * (1.0 - ty), tz * ty
    a, b, c, d = values[iz, iy], values[iz, iy + 1], values[iz + 1, iy], values[iz + 1, iy + 1]
    for i in range(first, last):
        here = kind[iz, iy, i]
        parts = factor + 1 if i == last - 1 else factor  # the next cell says what its start is
        left = w00 * a[i] + w01 * b[i] + w10 * c[i] + w11 * d[i]
        right = w00 * a[i + 1] + w01 * b[i + 1] + w10 * c[i + 1] + w11 * d[i + 1]
        if here == PLAIN:
            for k in range(parts):
                row[i * factor + k] = max(left + (right - left) * k / factor, 0.0)
            continue
        p0 = p1 = p2 = p3 = 0.0
        for j in range(4):
            p0 += columns[i + j] * bx[i, j, 0]
            p1 += columns[i + j] * bx[i, j, 1]
            p2 += columns[i + j] * bx[i, j, 2]
            p3 += columns[i + j] * bx[i, j, 3]
        low = min(a[i], b[i], c[i], d[i], a[i + 1], b[i + 1], c[i + 1], d[i + 1])
        high = max(a[i], b[i], c[i], d[i], a[i + 1], b[i + 1], c[i + 1], d[i + 1])
        known = here == BESIDE_NOTHING
        for k in range(parts):
            t = k / factor
            value = ((p3 * t + p2) * t + p1) * t + p0
            # Few values leave the corners of their cell; only then what is around is looked at.
            if held and not known and not low <= value <= high:
                low, high = _range_around(values, iz, iy, i)
                if value > high:
                    high += _room(values, iz, iy, i, 1.0)
                elif value < low:
                    low = max(low - _room(values, iz, iy, i, -1.0), 0.0)
                known = value > high or value < low
            row[i * factor + k] = min(max(value, low), high) if held else max(value, 0.0)


@compiled
def deposit_field(lines, spans, field, axes, factor, held, low, per_bin, n_bins, first_line):
    """Deposit every second line on a field: see :func:`sbrt_qa.dosimetry._kernels.deposit`.

    ``lines`` are (y, z, weight), ``spans`` (start, x_low, x_high), ``axes`` (x, y, z) of the
    voxels; beyond these there is no dose.
    """
    y, z, weight = lines
    start, x_low, x_high = spans
    x_axis, y_axis, z_axis = axes
    ramps, lumps = np.zeros(n_bins + 3), np.zeros(n_bins + 1)
    sums = np.array([0.0, 0.0, np.inf, -np.inf])
    nx = x_axis.size
    x0, dx = x_axis[0], (x_axis[nx - 1] - x_axis[0]) / (nx - 1) / factor
    row = np.empty((nx - 1) * factor + 1)
    work = (np.empty(nx + 2), np.empty(4), np.empty(4))
    for line in range(first_line, y.size, 2):
        begin, end = start[line], start[line + 1]
        iy, ty = locate(y_axis, y[line])
        iz, tz = locate(z_axis, z[line])
        if begin == end or iy < 0 or iz < 0:
            continue
        u_first, u_last = (x_low[begin] - x0) / dx, (x_high[end - 1] - x0) / dx
        if u_last <= 0.0 or u_first >= row.size - 1:
            continue
        first = int(max(u_first, 0.0)) // factor
        last = min((int(min(u_last, row.size - 2.0)) + 1) // factor + 1, nx - 1)
        field_row(field, (iz, tz, iy, ty), first, last, factor, held, work, row)
        # Bins hold what the spline may reach; what a hollow goes below them counts in the lowest.
        for i in range(first * factor, last * factor + 1):
            row[i] = min(max(row[i], low), low + n_bins / per_bin)
        for s in range(begin, end):
            u0 = max((x_low[s] - x0) / dx, 0.0)
            u1 = min((x_high[s] - x0) / dx, row.size - 1.0)
            if u1 > u0:
                per_column = weight[line] * dx
                found = _deposit_span(row, u0, u1, per_column, low, per_bin, ramps, lumps)
                sums[0] += (u1 - u0) * per_column
                sums[1] += found[0]
                sums[2], sums[3] = min(sums[2], found[1]), max(sums[3], found[2])
    return ramps, lumps, sums


@compiled
def fill_block(field, factor, held, box, out):
    """Fill ``out`` with the field on every voxel of a block divided into `factor` parts.

    ``box`` is (first z, first y, first x) of the block's voxels; its shape follows from `out`.
    """
    nx = field[1].shape[2]
    z0, y0, x0 = box
    work = (np.empty(nx + 2), np.empty(4), np.empty(4))
    row = np.empty((nx - 1) * factor + 1)
    cells = (out.shape[2] - 1) // factor
    for k in range(out.shape[0]):
        iz = min(z0 + k // factor, field[1].shape[0] - 2)
        tz = k / factor - (iz - z0)
        for j in range(out.shape[1]):
            iy = min(y0 + j // factor, field[1].shape[1] - 2)
            place = (iz, tz, iy, j / factor - (iy - y0))
            field_row(field, place, x0, x0 + cells, factor, held, work, row)
            out[k, j] = row[x0 * factor : (x0 + cells) * factor + 1]


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


@compiled
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
        least = min(least, np.median(found[axis, : count[axis]]))
    return least / top if top > 0.0 else 0.0
