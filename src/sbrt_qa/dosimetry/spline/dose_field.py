"""A cubic spline through a whole dose grid, evaluated where it is needed.

What a fine grid would take gigabytes for: its coefficients are solved once around a structure, and
the rows of dose along scan lines come straight from them. So the size of a structure does not
decide how its dose is read, and a target and the body around it are read alike.

The reading is decided cell by cell. A cell beside voxels without any dose stays within its own
corners, and one that has such a corner is read linearly: a dose that ends at the skin does not ring
inwards. Where the noise of a block of voxels is strong, that block is read linearly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.dosimetry.spline._kernels import (
    BESIDE_NOTHING,
    PLAIN,
    SPLINE,
    deposit_field,
    fill_block,
    solve,
)
from sbrt_qa.geometry.planes import IntArray
from sbrt_qa.geometry.scanlines import Spans
from sbrt_qa.model.grid import DoseGrid, FloatArray

BLOCK: Final = 16
"""Voxels along each side of the blocks whose noise is estimated."""

FILLED: Final = 4
"""Layers of voxels without dose in which their neighbours go on, so that no step is seen."""

Kinds = npt.NDArray[np.uint8]
"""How each cell between voxels is read."""


@dataclass(frozen=True, slots=True, eq=False)
class DoseField:
    """Dose read between the voxels of a grid.

    Parameters
    ----------
    dose
        The voxels that take part; ``coef`` and ``kind`` are those of the kernels.
    factor
        Parts of a voxel along x between which the dose is linear.
    held
        Whether a value stays within the voxels around it.
    least_gy
        Where the dose in the region is lower, it may lie outside these voxels.
    """

    dose: DoseGrid
    coef: FloatArray
    kind: Kinds
    bases: tuple[FloatArray, FloatArray, FloatArray]
    factor: int
    held: bool
    least_gy: float = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether all of the region lies inside, as far as there are voxels."""
        return self.least_gy <= 0

    @property
    def packed(self) -> tuple[FloatArray, FloatArray, Kinds, FloatArray, FloatArray, FloatArray]:
        """What the kernels take."""
        return (self.coef, self.dose.dose_gy, self.kind, *self.bases)

    def deposit(
        self, spans: Spans, edges_gy: FloatArray, first_line: int
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Deposit every second line; see :func:`sbrt_qa.dosimetry._kernels.deposit`."""
        bins = edges_gy.size - 1
        lines = spans.lines
        found: tuple[FloatArray, FloatArray, FloatArray] = deposit_field(
            (lines.y_mm, lines.z_mm, lines.weight_mm2),
            (spans.start, spans.x_low_mm, spans.x_high_mm),
            self.packed, (self.dose.x_mm, self.dose.y_mm, self.dose.z_mm), self.factor, self.held,
            edges_gy[0], bins / (edges_gy[-1] - edges_gy[0]), bins, first_line,
        )  # fmt: skip
        return found

    def at(self, points_mm: FloatArray) -> FloatArray:
        """Return the dose at points, rows of (x, y, z); those outside get that of the nearest face.

        As along scan lines, but that a top or hollow never goes beyond the voxels around it.
        """
        axes = (self.dose.z_mm, self.dose.y_mm, self.dose.x_mm)
        cells, parts, weights = [], [], []
        for n, axis in enumerate(axes):
            at = np.clip(points_mm[:, 2 - n], axis[0], axis[-1])
            cell = np.clip(np.searchsorted(axis, at, side="right") - 1, 0, axis.size - 2)
            part = (at - axis[cell]) / (axis[cell + 1] - axis[cell])
            powers = np.vander(part, 4, increasing=True)
            cells.append(cell)
            parts.append(part)
            weights.append(np.einsum("njp,np->nj", self.bases[n][cell], powers))
        total = np.zeros(points_mm.shape[0])
        for k in range(4):
            for j in range(4):
                for i in range(4):
                    weight = weights[0][:, k] * weights[1][:, j] * weights[2][:, i]
                    total += weight * self.coef[cells[0] + k, cells[1] + j, cells[2] + i]
        return self._held(total, (cells[0], cells[1], cells[2]), parts)

    def _held(
        self, values: FloatArray, cell: tuple[IntArray, ...], parts: Sequence[FloatArray]
    ) -> FloatArray:
        """Return values of a spline in cells, held within the voxels around as each cell asks."""
        voxels, kind = self.dose.dose_gy, self.kind[cell]
        linear, low, high = np.zeros_like(values), values * 0 + np.inf, values * 0 - np.inf
        for corner in np.ndindex(2, 2, 2):
            there = voxels[tuple(c + n for c, n in zip(cell, corner, strict=True))]
            low, high = np.minimum(low, there), np.maximum(high, there)
            sides = [p if n else 1 - p for p, n in zip(parts, corner, strict=True)]
            linear += sides[0] * sides[1] * sides[2] * there
        beyond = np.flatnonzero((kind == SPLINE) & ((values < low) | (values > high)))
        if beyond.size:  # few leave the corners of their cell
            around = neighbours(voxels, tuple(c[beyond] for c in cell))
            low[beyond], high[beyond] = around.min(axis=1), around.max(axis=1)
        return np.where(kind == PLAIN, linear, np.clip(values, low, high))

    def block(self, first: tuple[int, int, int], last: tuple[int, int, int]) -> DoseGrid:
        """Return the field on a finer grid between two voxels (z, y, x), ends included."""
        axes = (self.dose.z_mm, self.dose.y_mm, self.dose.x_mm)
        cuts = [a[i : j + 1] for a, i, j in zip(axes, first, last, strict=True)]
        z, y, x = (divided(a, self.factor) for a in cuts)
        values = np.empty((z.size, y.size, x.size))
        fill_block(self.packed, self.factor, self.held, first, values)
        return DoseGrid(values, x, y, z)


def neighbours(voxels: FloatArray, cell: Sequence[IntArray]) -> FloatArray:
    """Return the 4 x 4 x 4 voxels around cells (z, y, x), ``(n, 64)``; the outermost go on."""
    n = np.arange(-1, 3)
    z, y, x = (
        np.clip(c[:, None] + n, 0, size - 1) for c, size in zip(cell, voxels.shape, strict=True)
    )
    found = voxels[z[:, :, None, None], y[:, None, :, None], x[:, None, None, :]]
    return np.asarray(found.reshape(found.shape[0], 64))


def field_of(
    dose: DoseGrid, factor: int, noisy: Kinds | None = None, *, held: bool = True
) -> DoseField:
    """Return the spline through all voxels of a grid that has at least two along every axis.

    Parameters
    ----------
    noisy
        1 for every cell between voxels that is read linearly because of its noise.
    """
    values = dose.dose_gy
    kind = kinds(values)
    if noisy is not None:
        kind = np.where(noisy == PLAIN, np.uint8(PLAIN), kind)
    bases = basis_of(dose.z_mm), basis_of(dose.y_mm), basis_of(dose.x_mm)
    coef = _coefficients(without_steps(values), bases)
    kind = np.ascontiguousarray(kind)  # one layout, so that kernels are compiled once
    return DoseField(dose, coef, kind, bases, factor, held)


def kinds(values: FloatArray) -> Kinds:
    """Return how cells are read by what is at their corners and around them."""
    nothing = values <= 0
    cells = tuple(n - 1 for n in values.shape)
    if not nothing.any():
        return np.full(cells, SPLINE, dtype=np.uint8)
    corner, around = nothing, nothing
    for axis in range(3):
        corner, around = _any(corner, axis, 1), _any(around, axis, 2)
    found = np.where(around, np.uint8(BESIDE_NOTHING), np.uint8(SPLINE))
    return np.where(corner, np.uint8(PLAIN), found).astype(np.uint8)


def _any(flags: npt.NDArray[np.bool_], axis: int, reach: int) -> npt.NDArray[np.bool_]:
    """Tell of each cell along an axis whether a voxel up to `reach` away on either side is set."""
    along = np.moveaxis(flags, axis, 0)
    cells = along.shape[0] - 1
    padded = np.concatenate([along[:1]] * (reach - 1) + [along] + [along[-1:]] * (reach - 1))
    return np.moveaxis(
        np.logical_or.reduce([padded[k : k + cells] for k in range(2 * reach)]), 0, axis
    )


def without_steps(values: FloatArray) -> FloatArray:
    """Return voxels in which those without dose go on with the slope of neighbours that have one.

    So a dose that is cut off reads as if it went on, and one that falls to nothing evenly as if it
    went below: both are straight where the file ends, and the spline does not ring.
    """
    nothing = values <= 0
    if not nothing.any() or nothing.all():
        return values
    filled = np.pad(values, 2)
    known = np.pad(~nothing, 2)
    outer = np.ones(filled.shape, dtype=bool)
    outer[2:-2, 2:-2, 2:-2] = False
    row, plane = filled.shape[2], filled.shape[1] * filled.shape[2]
    steps = (1, -1, row, -row, plane, -plane)
    flat, seen = filled.ravel(), known.ravel()
    for _ in range(FILLED):
        beside = np.logical_or.reduce([np.roll(known, n, axis) for axis in range(3)
                                       for n in (1, -1)])  # fmt: skip
        new = np.flatnonzero(beside & ~known & ~outer)
        if new.size == 0:
            break
        sums, count = np.zeros(new.size), np.zeros(new.size)
        for n in steps:
            near, slopes = seen[new + n], seen[new + n] & seen[new + 2 * n]
            value = flat[new + n]
            sums += np.where(slopes, 2 * value - flat[new + 2 * n], value) * near
            count += near
        flat[new] = sums / count
        seen[new] = True
    return np.ascontiguousarray(filled[2:-2, 2:-2, 2:-2])


def basis_of(knots_mm: FloatArray) -> FloatArray:
    """Return of each cell between knots the four B-splines on it, ``(cells, 4, 4)``.

    Polynomials of the place in the cell, 0 to 1, lowest power first; de Boor's recursion at four
    places says which. Beyond the ends the knots go on with the last spacing.
    """
    low, high = knots_mm[1] - knots_mm[0], knots_mm[-1] - knots_mm[-2]
    steps = np.arange(3, 0, -1)
    knots = np.concatenate([knots_mm[0] - steps * low, knots_mm, knots_mm[-1] + steps[::-1] * high])
    span = np.arange(knots_mm.size - 1) + 3
    places = np.array([0.0, 1 / 3, 2 / 3, 1.0])
    at = knots[span][:, None] + (knots[span + 1] - knots[span])[:, None] * places
    values = [np.ones_like(at)]
    for degree in range(1, 4):
        saved, raised = np.zeros_like(at), []
        for r in range(degree):
            right, left = knots[span + r + 1][:, None], knots[span + 1 - degree + r][:, None]
            part = values[r] / (right - left)
            raised.append(saved + (right - at) * part)
            saved = (at - left) * part
        values = [*raised, saved]
    powers = np.linalg.inv(np.vander(places, increasing=True))
    return np.ascontiguousarray(np.einsum("jcp,kp->cjk", np.stack(values), powers))


def _coefficients(
    values: FloatArray, bases: tuple[FloatArray, FloatArray, FloatArray]
) -> FloatArray:
    """Return the coefficients of the natural spline, two more along each axis than voxels."""
    coef = np.zeros(tuple(n + 2 for n in values.shape))
    coef[1:-1, 1:-1, 1:-1] = values
    nz, ny, nx = coef.shape
    along_z, along_y, along_x = (_system(basis) for basis in bases)
    solve(coef.reshape(1, nz, ny * nx), *along_z)
    solve(coef, *along_y)
    turned = np.ascontiguousarray(coef.reshape(1, nz * ny, nx).transpose(0, 2, 1))
    solve(turned, *along_x)
    return np.ascontiguousarray(turned[0].T).reshape(coef.shape)


def _system(basis: FloatArray) -> tuple[tuple[FloatArray, ...], tuple[FloatArray, FloatArray]]:
    """Return the diagonals of the system along one axis, and what holds at either end."""
    n = basis.shape[0] + 1
    first, last = basis[0], basis[-1].sum(axis=1)
    lower, middle, upper = np.zeros(n), np.zeros(n), np.zeros(n)
    lower[:-1], middle[:-1], upper[:-1] = basis[:, 0, 0], basis[:, 1, 0], basis[:, 2, 0]
    lower[-1], middle[-1], upper[-1] = last[1:]
    # Natural: no second derivative at the ends. That gives the outermost coefficient from the next
    # two, and with it the system has one row for each voxel.
    low = np.ascontiguousarray(first[:3, 2])
    high = (basis[-1, :, 2] + 3 * basis[-1, :, 3])[1:]
    middle[0] -= lower[0] * low[1] / low[0]
    upper[0] -= lower[0] * low[2] / low[0]
    middle[-1] -= upper[-1] * high[1] / high[2]
    lower[-1] -= upper[-1] * high[0] / high[2]
    return (lower, middle, upper), (low, high)


def divided(axis_mm: FloatArray, factor: int) -> FloatArray:
    """Return an axis with every gap divided into even parts."""
    part = np.arange(factor) / factor
    inner = axis_mm[:-1, None] + np.diff(axis_mm)[:, None] * part
    return np.append(inner.ravel(), axis_mm[-1])
