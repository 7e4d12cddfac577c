"""Compiled rows of a spline through a dose grid, and spans integrated along them.

No checks: callers check. A *field* is ``(coef, values, kind, bz, by, bx)``: coefficients ``(nz + 2,
ny + 2, nx + 2)``, voxels ``(nz, ny, nx)``, how each cell between voxels is read (`SPLINE`, `PLAIN`
or `BESIDE_NOTHING`), and per axis the basis ``(cells, 4, 4)``: of each cell the four polynomials,
lowest power first.
"""

from __future__ import annotations

import numpy as np

from sbrt_qa.dosimetry._kernels import _deposit_span, compiled, inner, locate

SPLINE = 0
"""A cell that is read by the spline, held within the 4 x 4 x 4 voxels around it."""
PLAIN = 1
"""A cell that is read linearly: noise, or a voxel without any dose at a corner."""
BESIDE_NOTHING = 2
"""A cell near voxels without dose: by the spline, held within its own eight corners."""


@compiled
def solve(blocks, system, ends):
    """Turn voxels into coefficients along the second axis of ``blocks (a, n + 2, b)``, in place.

    The voxels lie inside, from 1 to n. The system is its lower, middle and upper diagonal; the
    outermost coefficients follow from the next two by what ``ends`` says of the second derivative
    there. All columns of a block are solved at once, so that the loops are vectorised.
    """
    lower, middle, upper = system
    low, high = ends
    n = middle.size
    ahead, pivot = np.zeros(n), np.empty(n)
    pivot[0] = middle[0]
    for i in range(1, n):
        ahead[i - 1] = upper[i - 1] / pivot[i - 1]
        pivot[i] = middle[i] - lower[i] * ahead[i - 1]
    for block in range(blocks.shape[0]):
        planes = blocks[block]
        for i in range(n):
            here, before = planes[i + 1], planes[i]
            for c in range(here.size):
                taken = lower[i] * before[c] if i > 0 else 0.0
                here[c] = (here[c] - taken) / pivot[i]
        for i in range(n - 2, -1, -1):
            here, before = planes[i + 1], planes[i + 2]
            for c in range(here.size):
                here[c] -= ahead[i] * before[c]
        for c in range(planes.shape[1]):
            planes[0, c] = -(low[1] * planes[1, c] + low[2] * planes[2, c]) / low[0]
            last = high[0] * planes[n - 1, c] + high[1] * planes[n, c]
            planes[n + 1, c] = -last / high[2]


@inner
def _weights(basis, t, found):
    for j in range(4):
        found[j] = ((basis[j, 3] * t + basis[j, 2]) * t + basis[j, 1]) * t + basis[j, 0]


@inner
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


@inner
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


@inner
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


@inner
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


@inner
def room_to_work(nx, factor):
    """Arrays for what `field_row` has on the way, of a row of so many voxels."""
    three = np.empty(nx + 2), np.empty(nx), np.empty(nx)
    return (np.empty(4), np.empty(4), *three, np.empty(nx), np.arange(factor + 1) / factor)


@inner
def _columns(coef, weights, place, first, last, found):
    """Fill ``found[:last + 3 - first]`` with the coefficients along x at one place in y and z."""
    # One sum of four rows at a time, over slices counted from 0: so the loop is vectorised.
    wz, wy = weights
    iz, iy = place
    for k in range(4):
        a, b = coef[iz + k, iy, first : last + 3], coef[iz + k, iy + 1, first : last + 3]
        c, d = coef[iz + k, iy + 2, first : last + 3], coef[iz + k, iy + 3, first : last + 3]
        w0, w1, w2, w3 = wz[k] * wy[0], wz[k] * wy[1], wz[k] * wy[2], wz[k] * wy[3]
        for i in range(a.size):
            before = found[i] if k > 0 else 0.0
            found[i] = before + w0 * a[i] + w1 * b[i] + w2 * c[i] + w3 * d[i]


@inner
def _between_voxels(values, place, first, last, found):
    """Fill linear doses, and the lowest and highest of four voxels, from `first` to `last`."""
    iz, tz, iy, ty = place
    line, lows, highs = found
    w00, w01 = (1.0 - tz) * (1.0 - ty), (1.0 - tz) * ty
    w10, w11 = tz * (1.0 - ty), tz * ty
    a, b = values[iz, iy, first : last + 1], values[iz, iy + 1, first : last + 1]
    c, d = values[iz + 1, iy, first : last + 1], values[iz + 1, iy + 1, first : last + 1]
    for i in range(a.size):
        line[i] = w00 * a[i] + w01 * b[i] + w10 * c[i] + w11 * d[i]
        p, q = a[i] if a[i] < b[i] else b[i], c[i] if c[i] < d[i] else d[i]
        lows[i] = p if p < q else q
        p, q = a[i] if a[i] > b[i] else b[i], c[i] if c[i] > d[i] else d[i]
        highs[i] = p if p > q else q


@inner
def field_row(field, place, first, last, factor, held, work, row):
    """Fill ``row``, of ``(last - first) * factor + 1``, with the dose along x at one place.

    ``place`` is (iz, tz, iy, ty); columns `first` to `last` of the voxels take part. ``work`` is
    what `room_to_work` makes.
    """
    coef, values, kind, bz, by, bx = field
    iz, tz, iy, ty = place
    wz, wy, columns, line, lows, highs, parts_of = work
    _weights(bz[iz], tz, wz)
    _weights(by[iy], ty, wy)
    _columns(coef, (wz, wy), (iz, iy), first, last, columns)
    _between_voxels(values, place, first, last, (line, lows, highs))
    kinds, basis = kind[iz, iy, first:last], bx[first:last]
    for i in range(kinds.size):
        here, at = kinds[i], i * factor
        parts = factor + 1 if i == kinds.size - 1 else factor  # the next cell says what it begins
        if here == PLAIN:
            for k in range(parts):
                row[at + k] = max(line[i] + (line[i + 1] - line[i]) * k / factor, 0.0)
            continue
        u, v, w, x = columns[i], columns[i + 1], columns[i + 2], columns[i + 3]
        p0 = u * basis[i, 0, 0] + v * basis[i, 1, 0] + w * basis[i, 2, 0] + x * basis[i, 3, 0]
        p1 = u * basis[i, 0, 1] + v * basis[i, 1, 1] + w * basis[i, 2, 1] + x * basis[i, 3, 1]
        p2 = u * basis[i, 0, 2] + v * basis[i, 1, 2] + w * basis[i, 2, 2] + x * basis[i, 3, 2]
        p3 = u * basis[i, 0, 3] + v * basis[i, 1, 3] + w * basis[i, 2, 3] + x * basis[i, 3, 3]
        low = lows[i] if lows[i] < lows[i + 1] else lows[i + 1]
        high = highs[i] if highs[i] > highs[i + 1] else highs[i + 1]
        known = here == BESIDE_NOTHING or not held
        for k in range(parts):
            t = parts_of[k]
            value = ((p3 * t + p2) * t + p1) * t + p0
            # Few values leave the corners of their cell; only then what is around is looked at.
            if not known and not low <= value <= high:
                low, high = _range_around(values, iz, iy, first + i)
                if value > high:
                    high += _room(values, iz, iy, first + i, 1.0)
                elif value < low:
                    low = max(low - _room(values, iz, iy, first + i, -1.0), 0.0)
                known = value > high or value < low
            row[at + k] = min(max(value, low), high) if held else max(value, 0.0)


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
    row, high = np.empty((nx - 1) * factor + 1), low + n_bins / per_bin
    work = room_to_work(nx, factor)
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
        here = row[first * factor : last * factor + 1]
        field_row(field, (iz, tz, iy, ty), first, last, factor, held, work, here)
        # Bins hold what the spline may reach; what a hollow goes below them counts in the lowest.
        for i in range(here.size):
            here[i] = min(max(here[i], low), high)
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
    z0, y0, x0 = box
    work = room_to_work(field[1].shape[2], factor)
    cells = (out.shape[2] - 1) // factor
    for k in range(out.shape[0]):
        iz = min(z0 + k // factor, field[1].shape[0] - 2)
        tz = k / factor - (iz - z0)
        for j in range(out.shape[1]):
            iy = min(y0 + j // factor, field[1].shape[1] - 2)
            place = (iz, tz, iy, j / factor - (iy - y0))
            field_row(field, place, x0, x0 + cells, factor, held, work, out[k, j])
