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
