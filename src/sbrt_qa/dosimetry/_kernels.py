"""Compiled loops of the integration: spans x dose -> histogram. No checks: callers check.

The dose is the trilinear interpolant of ``dose[z, y, x]``. Along a scan line it is linear between
two columns, so a stretch of line from dose a to dose b holds every dose between them equally. Its
share of "volume below d" is a ramp from the lower to the higher dose, which is two entries in an
array of second differences. At a joint of two stretches the ramps share one entry.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sbrt_qa.geometry.compiling._kernels import cached

compiled = cached(nogil=True, error_model="numpy")
"""One place for the compile options; no fastmath, so that NaN and rounding stay what they are."""

inner = njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""For what only kernels call: compiled into them, in a fifth less time than with a way in from
Python and a file of its own in the cache."""

FLAT = 1e-3
"""A stretch whose doses differ by less than this part of a bin counts as uniform."""


@inner
def locate(axis, value):
    """Return cell index and fraction of `value` on an ascending axis; index -1 outside its ends."""
    n = axis.size
    if n < 2 or not (axis[0] <= value <= axis[n - 1]):
        return -1, 0.0
    low, high = 0, n - 1
    while high - low > 1:
        middle = (low + high) // 2
        if axis[middle] <= value:
            low = middle
        else:
            high = middle
    return low, (value - axis[low]) / (axis[low + 1] - axis[low])


@inner
def _fill_row(dose, iz, fz, iy, fy, first, last, row):
    """Fill ``row[first:last]`` with the dose along x at one place between four grid rows."""
    w00, w01 = (1.0 - fz) * (1.0 - fy), (1.0 - fz) * fy
    w10, w11 = fz * (1.0 - fy), fz * fy
    # Over slices counted from 0, so that the loop is vectorised.
    a, b = dose[iz, iy, first:last], dose[iz, iy + 1, first:last]
    c, d = dose[iz + 1, iy, first:last], dose[iz + 1, iy + 1, first:last]
    here = row[first:last]
    for i in range(here.size):
        here[i] = w00 * a[i] + w01 * b[i] + w10 * c[i] + w11 * d[i]


@inner
def _kink(ramps, position, change):
    """Let the slope of "volume below d" change by `change` (mm3 per bin) at a place in bins."""
    k = int(position)
    # Slope changes between two edges are shared out so that the double sum is exact at every edge.
    part = change * (position - k)
    ramps[k + 1] += change - part
    ramps[k + 2] += part


@inner
def _deposit_span(row, u0, u1, volume_per_column, low, per_bin, ramps, lumps):
    """Deposit the stretch ``u0 <= u <= u1`` of a row, u in columns.

    Returns volume times dose, and the lowest and highest dose met.
    """
    i = min(int(u0), row.size - 2)
    left = row[i] + (u0 - i) * (row[i + 1] - row[i])
    lowest = highest = left
    u = u0
    slope_before = 0.0
    total = 0.0
    while u < u1:
        stop = min(float(i + 1), u1)
        right = row[i + 1] if stop == i + 1 else row[i] + (stop - i) * (row[i + 1] - row[i])
        # One stretch between two dose columns: its volume is spread evenly over its doses, slope
        # volume/rise (mm3 per bin). A stretch of nearly one dose would have a slope beyond all
        # bounds, so it is a step instead.
        volume = (stop - u) * volume_per_column
        rise = (right - left) * per_bin
        position = (left - low) * per_bin
        slope = 0.0
        if abs(rise) > FLAT:
            slope = volume / rise
        else:
            lumps[int(position)] += volume
        # Where two stretches join, the ramp of one ends and that of the next begins: one change of
        # slope.
        if slope != slope_before:
            _kink(ramps, position, slope - slope_before)
        total += volume * (left + right)
        lowest = min(lowest, right)
        highest = max(highest, right)
        slope_before = slope
        left = right
        u = stop
        i += 1
    if slope_before != 0.0:
        _kink(ramps, (left - low) * per_bin, -slope_before)
    return 0.5 * total, lowest, highest


@compiled
def deposit(
    y,
    z,
    weight,
    start,
    x_low,
    x_high,
    dose,
    x_axis,
    y_axis,
    z_axis,
    low,
    per_bin,
    n_bins,
    first_line,
):
    """Return ramps ``(n_bins + 3)``, lumps ``(n_bins + 1)`` and sums of every second line's spans.

    Lines `first_line`, `first_line` + 2, ... count. ``ramps`` are second and ``lumps`` first
    differences of the volume (mm3) below each bin edge ``low + k / per_bin``; ``sums`` are the
    volume inside the grid, the integral of dose over it, and the lowest and highest dose met.
    """
    ramps = np.zeros(n_bins + 3)
    lumps = np.zeros(n_bins + 1)
    sums = np.zeros(4)
    sums[2], sums[3] = np.inf, -np.inf
    nx = x_axis.size
    x0, dx = x_axis[0], (x_axis[nx - 1] - x_axis[0]) / (nx - 1)
    row = np.empty(nx)
    for line in range(first_line, y.size, 2):
        begin, end = start[line], start[line + 1]
        iy, fy = locate(y_axis, y[line])
        iz, fz = locate(z_axis, z[line])
        if begin == end or iy < 0 or iz < 0:
            continue
        u_first = (x_low[begin] - x0) / dx
        u_last = (x_high[end - 1] - x0) / dx
        if u_last <= 0.0 or u_first >= nx - 1:
            continue
        first = int(max(u_first, 0.0))
        last = int(min(u_last, nx - 2.0)) + 2
        _fill_row(dose, iz, fz, iy, fy, first, last, row)
        for s in range(begin, end):
            u0 = max((x_low[s] - x0) / dx, 0.0)
            u1 = min((x_high[s] - x0) / dx, nx - 1.0)
            if u1 > u0:
                per_column = weight[line] * dx
                found = _deposit_span(row, u0, u1, per_column, low, per_bin, ramps, lumps)
                sums[0] += (u1 - u0) * per_column
                sums[1] += found[0]
                sums[2] = min(sums[2], found[1])
                sums[3] = max(sums[3], found[2])
    return ramps, lumps, sums


@compiled
def extremes_on_nodes(y, z, start, x_low, x_high, dose, x_axis, y_axis, z_axis, low, high):
    """Return `low` and `high` widened by the dose at grid nodes inside spans on grid rows."""
    nx, ny = x_axis.size, y_axis.size
    x0, dx = x_axis[0], (x_axis[nx - 1] - x_axis[0]) / (nx - 1)
    y0, dy = y_axis[0], (y_axis[ny - 1] - y_axis[0]) / (ny - 1)
    for line in range(y.size):
        iy = int(np.rint((y[line] - y0) / dy))
        iz, fz = locate(z_axis, z[line])
        if iz < 0:
            continue
        for s in range(start[line], start[line + 1]):
            first = max(int(np.ceil((x_low[s] - x0) / dx)), 0)
            last = min(int(np.floor((x_high[s] - x0) / dx)), nx - 1)
            for ix in range(first, last + 1):
                below = dose[iz, iy, ix]
                value = below + fz * (dose[iz + 1, iy, ix] - below)
                if value < low:
                    low = value
                if value > high:
                    high = value
    return low, high


@inner
def _corners(dose, iz, fz, iv, iu):
    """Dose at the four corners of a grid cell at one height, y before x."""
    a = dose[iz, iv, iu] + fz * (dose[iz + 1, iv, iu] - dose[iz, iv, iu])
    b = dose[iz, iv, iu + 1] + fz * (dose[iz + 1, iv, iu + 1] - dose[iz, iv, iu + 1])
    c = dose[iz, iv + 1, iu] + fz * (dose[iz + 1, iv + 1, iu] - dose[iz, iv + 1, iu])
    d = dose[iz, iv + 1, iu + 1] + fz * (dose[iz + 1, iv + 1, iu + 1] - dose[iz, iv + 1, iu + 1])
    return a, b, c, d


@inner
def _bilinear(corners, fu, fv):
    a, b, c, d = corners
    return (1.0 - fv) * (a + fu * (b - a)) + fv * (c + fu * (d - c))


@inner
def _clip(start, along, limit, t0, t1):
    """Shorten the stretch ``t0..t1`` of ``start + t * along`` to what lies in ``0..limit``."""
    if along == 0.0:
        return (t0, t1) if 0.0 <= start <= limit else (1.0, 0.0)
    ta, tb = (0.0 - start) / along, (limit - start) / along
    return max(t0, min(ta, tb)), min(t1, max(ta, tb))


@inner
def _next_grid_line(start, along, t):
    """Parameter at which ``start + t * along`` next meets a whole number beyond `t`."""
    if along == 0.0:
        return np.inf
    here = start + t * along
    target = np.floor(here) + 1.0 if along > 0.0 else np.ceil(here) - 1.0
    ahead = (target - start) / along
    if ahead <= t:
        ahead = (target + (1.0 if along > 0.0 else -1.0) - start) / along
    return ahead


@inner
def _parabola_extremes(f0, fm, f1):
    """Lowest and highest value on 0..1 of the parabola through f(0), f(1/2), f(1)."""
    low, high = min(f0, f1), max(f0, f1)
    # f(t) = f0 + rise t + bend t^2, with its top at t = -rise / (2 bend).
    bend = 2.0 * (f0 + f1 - 2.0 * fm)
    rise = f1 - f0 - bend
    if bend != 0.0:
        at = -rise / (2.0 * bend)
        if 0.0 < at < 1.0:
            value = f0 - rise * rise / (4.0 * bend)
            low, high = min(low, value), max(high, value)
    return low, high


@inner
def _adds_nothing(u0, v0, u1, v1, iz, fz, dose, low, high):
    """Whether a short edge inside the grid meets only cells whose corners are within low..high."""
    ny, nx = dose.shape[1], dose.shape[2]
    left, right, bottom, top = min(u0, u1), max(u0, u1), min(v0, v1), max(v0, v1)
    if left < 0.0 or bottom < 0.0 or right > nx - 1.0 or top > ny - 1.0:
        return False
    first_u, last_u = min(int(left), nx - 2), min(int(right), nx - 2)
    first_v, last_v = min(int(bottom), ny - 2), min(int(top), ny - 2)
    if last_u - first_u > 3 or last_v - first_v > 3:
        return False
    for v in range(first_v, last_v + 2):
        for u in range(first_u, last_u + 2):
            here = dose[iz, v, u]
            value = here + fz * (dose[iz + 1, v, u] - here)
            if value > high or value < low:
                return False
    return True


@inner
def extremes_on_edge(u0, v0, du, dv, iz, fz, dose, low, high, found):
    """Fill ``found`` with ``(low, high, u, v)`` rows of pieces of an edge that widen low or high.

    The edge runs from (u0, v0) by (du, dv) in columns and rows of the grid. Returns how many rows.
    """
    ny, nx = dose.shape[1], dose.shape[2]
    if _adds_nothing(u0, v0, u0 + du, v0 + dv, iz, fz, dose, low, high):
        return 0
    t, t_end = _clip(u0, du, nx - 1.0, 0.0, 1.0)
    t, t_end = _clip(v0, dv, ny - 1.0, t, t_end)
    count = 0
    while t < t_end and count < found.shape[0]:
        stop = min(_next_grid_line(u0, du, t), _next_grid_line(v0, dv, t), t_end)
        middle = 0.5 * (t + stop)
        um, vm = u0 + middle * du, v0 + middle * dv
        iu, iv = min(max(int(um), 0), nx - 2), min(max(int(vm), 0), ny - 2)
        corners = _corners(dose, iz, fz, iv, iu)
        if max(corners) > high or min(corners) < low:
            piece_low, piece_high = _parabola_extremes(
                _bilinear(corners, u0 + t * du - iu, v0 + t * dv - iv),
                _bilinear(corners, um - iu, vm - iv),
                _bilinear(corners, u0 + stop * du - iu, v0 + stop * dv - iv),
            )
            if piece_low < low or piece_high > high:
                found[count, 0], found[count, 1] = piece_low, piece_high
                found[count, 2], found[count, 3] = um, vm
                count += 1
        if stop <= t:
            break
        t = stop
    return count


@compiled
def refine_rows(values, knots, factor):
    """Return natural cubic splines through the rows of ``values (m, n)``, ``(m, (n-1)*factor+1)``.

    Every gap between knots is divided into `factor` even parts.
    """
    m, n = values.shape
    result = np.empty((m, (n - 1) * factor + 1))
    gap = np.empty(n - 1)
    for i in range(n - 1):
        gap[i] = knots[i + 1] - knots[i]
    upper, bend, rest = np.zeros(n), np.zeros(n), np.zeros(n)
    # Second derivatives M of a natural spline (M = 0 at both ends) solve h[i-1] M[i-1] + 2 (h[i-1]
    # + h[i]) M[i] + h[i] M[i+1] = 6 (slope[i] - slope[i-1]); tridiagonal, so one sweep up (factors
    # shared by all rows) and one down.
    for i in range(1, n - 1):
        upper[i] = gap[i] / (2.0 * (gap[i - 1] + gap[i]) - gap[i - 1] * upper[i - 1])
    for r in range(m):
        row = values[r]
        for i in range(1, n - 1):
            turn = (row[i + 1] - row[i]) / gap[i] - (row[i] - row[i - 1]) / gap[i - 1]
            below = 2.0 * (gap[i - 1] + gap[i]) - gap[i - 1] * upper[i - 1]
            rest[i] = (6.0 * turn - gap[i - 1] * rest[i - 1]) / below
        for i in range(n - 2, 0, -1):
            bend[i] = rest[i] - upper[i] * bend[i + 1]
        for i in range(n - 1):
            square = gap[i] * gap[i] / 6.0
            for k in range(factor):
                b = k / factor
                a = 1.0 - b
                # Between knots: the chord, bent by the two second derivatives.
                cubic = (a * a * a - a) * bend[i] + (b * b * b - b) * bend[i + 1]
                result[r, i * factor + k] = a * row[i] + b * row[i + 1] + cubic * square
        result[r, (n - 1) * factor] = row[n - 1]
    return result
