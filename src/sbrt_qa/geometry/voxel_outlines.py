"""Contours of the voxels of a mask, plane by plane, along their edges."""

from __future__ import annotations

import numpy as np

from sbrt_qa.geometry.pixel_outlines import Mask, pixel_outlines
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.structure import Contour


def voxel_contours(
    inside: Mask, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray
) -> tuple[Contour, ...]:
    """Return the contours of voxels ``[z, y, x]``, whose centres are given; axes ascend evenly.

    Raises
    ------
    GeometryError
        A plane has more corners than anything that is drawn.
    """
    steps = np.array([x_mm[1] - x_mm[0], y_mm[1] - y_mm[0]])
    found = []
    for k in np.flatnonzero(inside.any(axis=(1, 2))):
        rows = np.flatnonzero(inside[k].any(axis=1))
        columns = np.flatnonzero(inside[k].any(axis=0))
        box = inside[k, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        first = np.array([x_mm[columns[0]], y_mm[rows[0]]]) - steps / 2
        found += [Contour(float(z_mm[k]), loop * steps + first) for loop in pixel_outlines(box)]
    return tuple(found)
