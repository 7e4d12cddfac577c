"""The expansion by its definition, point by point: slow, obvious, what the kernel is held to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sbrt_qa.geometry.expansion.grow import Margins


def grown_slowly(
    mask: npt.NDArray[np.bool_], step_mm: float, margins: Margins
) -> npt.NDArray[np.bool_]:
    """Return the voxels that lie within the margins of any voxel of a mask, shape ``(z, y, x)``."""
    result = np.zeros_like(mask)
    inside = np.argwhere(mask)
    ends = ((margins.inferior_mm, margins.superior_mm), (margins.anterior_mm, margins.posterior_mm),
            (margins.right_mm, margins.left_mm))  # fmt: skip
    for index in np.ndindex(mask.shape):
        away = (np.array(index) - inside) * step_mm
        reach = [np.where(away[:, a] > 0, high, low) for a, (low, high) in enumerate(ends)]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            parts = [np.where(away[:, a] == 0, 0.0, (away[:, a] / reach[a]) ** 2) for a in range(3)]
        result[index] = bool((np.sum(parts, axis=0) <= 1 + 1e-9).any())
    return result
