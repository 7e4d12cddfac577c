"""Compiled loop of the expansion. No checks: callers check."""

from __future__ import annotations

import numpy as np

from sbrt_qa.geometry._kernels import compiled


@compiled
def spread(rows, step, minus, plus, out):
    """Spread squared, scaled distances along the last axis of rows, ``(n, length)``, into out.

    ``out[k] = min over i of rows[i] + ((k - i) step / m)^2`` where m is `plus` for k above i and
    `minus` for k below; only sums up to 1 count, all others are infinite. A margin of 0 reaches
    nowhere.
    """
    up, down = int(plus / step + 1e-9), int(minus / step + 1e-9)
    cost_up, cost_down = np.empty(up + 1), np.empty(down + 1)
    cost_up[0] = cost_down[0] = 0.0
    for d in range(1, up + 1):
        cost_up[d] = (d * step / plus) ** 2
    for d in range(1, down + 1):
        cost_down[d] = (d * step / minus) ** 2
    length = rows.shape[1]
    for n in range(rows.shape[0]):
        for k in range(length):
            out[n, k] = np.inf
        for i in range(length):
            if not rows[n, i] <= 1.0:
                continue
            for d in range(min(up, length - 1 - i) + 1):
                total = rows[n, i] + cost_up[d]
                if total > 1.0 + 1e-9:
                    break
                out[n, i + d] = min(out[n, i + d], total)
            for d in range(1, min(down, i) + 1):
                total = rows[n, i] + cost_down[d]
                if total > 1.0 + 1e-9:
                    break
                out[n, i - d] = min(out[n, i - d], total)


@compiled
def reach(points, margins, reciprocal, axes, most, out):
    """Lower ``out[z, y, x]`` to how far each node lies from the nearest point, in margins, squared.

    `points` are ``(n, 3)``, x, y, z. `margins` are towards low x, high x, low y, high y, low z and
    high z, `reciprocal` one by each. `axes` are origin, step and number of nodes along x, y and z,
    ``(3, 3)``. Only values up to `most` squared are written.
    """
    limit = most * most
    for n in range(points.shape[0]):
        first, last = np.empty(3, np.int64), np.empty(3, np.int64)
        for a in range(3):
            origin, step, count = axes[a, 0], axes[a, 1], axes[a, 2]
            low = (points[n, a] - most * margins[2 * a] - origin) / step
            high = (points[n, a] + most * margins[2 * a + 1] - origin) / step
            first[a] = max(int(np.ceil(low)), 0)
            last[a] = min(int(np.floor(high)), int(count) - 1)
        for k in range(first[2], last[2] + 1):
            d = axes[2, 0] + k * axes[2, 1] - points[n, 2]
            part_z = d * reciprocal[5] if d > 0 else d * reciprocal[4]
            part_z *= part_z
            for j in range(first[1], last[1] + 1):
                d = axes[1, 0] + j * axes[1, 1] - points[n, 1]
                part_y = d * reciprocal[3] if d > 0 else d * reciprocal[2]
                part_y = part_z + part_y * part_y
                if part_y > limit:
                    continue
                for i in range(first[0], last[0] + 1):
                    d = axes[0, 0] + i * axes[0, 1] - points[n, 0]
                    total = d * reciprocal[1] if d > 0 else d * reciprocal[0]
                    total = part_y + total * total
                    if total < out[k, j, i]:
                        out[k, j, i] = total
